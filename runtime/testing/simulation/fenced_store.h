#ifndef ONAGER_RUNTIME_TESTING_SIMULATION_FENCED_STORE_H_
#define ONAGER_RUNTIME_TESTING_SIMULATION_FENCED_STORE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "runtime/base/executor.h"
#include "runtime/store/forwarding_store.h"

namespace onager::simulation {

/// One server's way to a store that outlives it: what is left of a server that has crashed changes nothing
/// there. With a delay, what is asked takes it, one after the other, and a crash finds some of it done and
/// some not, of which the server hears nothing. Used by one thread.
class FencedStore final : public store::ForwardingStore {
 public:
  using DrawDelay = std::function<Duration()>;

  /// What is given outlives it. `draw_delay` says how long the next thing takes; null: no time.
  FencedStore(store::Store& store, const Environment& environment, DrawDelay draw_delay)
      : ForwardingStore(store), environment_(environment), draw_delay_(std::move(draw_delay)) {}

  std::size_t pending() const { return queue_->size(); }

  /// The server has crashed; so many of the things that are pending, the oldest, were done.
  void Fence(std::size_t done) {
    is_fenced_ = true;
    std::deque<Work> left;
    left.swap(*queue_);
    for (Work& work : left) {
      work(done > 0 ? Fate::kDoneUnheard : Fate::kLost);
      if (done > 0) --done;
    }
  }

  void Load(const ActorId& actor, LoadDone done) override {
    Ask([this, actor, done = std::move(done)](Fate fate) mutable {
      if (fate != Fate::kDone) return done(Crashed());
      ForwardingStore::Load(actor, std::move(done));
    });
  }
  void Commit(store::CommitRecord record, CommitDone done) override {
    Ask([this, record = std::move(record), done = std::move(done)](Fate fate) mutable {
      if (fate == Fate::kDone) return ForwardingStore::Commit(std::move(record), std::move(done));
      if (fate == Fate::kDoneUnheard) ForwardingStore::Commit(std::move(record), [](const absl::Status&) {});
      done(Crashed());
    });
  }
  void LoadPast(const ActorId& actor, PastDone done) override {
    Ask([this, actor, done = std::move(done)](Fate fate) mutable {
      if (fate != Fate::kDone) return done(Crashed());
      ForwardingStore::LoadPast(actor, std::move(done));
    });
  }
  void FindDue(absl::Time until, std::size_t limit, DueDone done) override {
    Ask([this, until, limit, done = std::move(done)](Fate fate) mutable {
      if (fate != Fate::kDone) return done(Crashed());
      ForwardingStore::FindDue(until, limit, std::move(done));
    });
  }

 private:
  enum class Fate { kDone, kDoneUnheard, kLost };
  using Work = absl::AnyInvocable<void(Fate)>;

  static absl::Status Crashed() { return absl::UnavailableError("the simulated server has crashed"); }

  void Ask(Work work) {
    if (is_fenced_) return work(Fate::kLost);
    if (draw_delay_ == nullptr) return work(Fate::kDone);
    queue_->push_back(std::move(work));
    // In the order of asking, however short one's own time is.
    busy_until_ = std::max(busy_until_, environment_.clock.Now() + draw_delay_());
    environment_.timers.At(busy_until_, [weak = std::weak_ptr<std::deque<Work>>(queue_)] {
      const auto queue = weak.lock();
      if (queue == nullptr || queue->empty()) return;
      Work next = std::move(queue->front());
      queue->pop_front();
      next(Fate::kDone);
    });
  }

  const Environment environment_;
  const DrawDelay draw_delay_;
  const std::shared_ptr<std::deque<Work>> queue_ = std::make_shared<std::deque<Work>>();
  Time busy_until_{};
  bool is_fenced_ = false;
};

}  // namespace onager::simulation

#endif  // ONAGER_RUNTIME_TESTING_SIMULATION_FENCED_STORE_H_
