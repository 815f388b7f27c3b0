#ifndef ONAGER_TESTS_STORE_SLOW_STORE_H_
#define ONAGER_TESTS_STORE_SLOW_STORE_H_

#include <deque>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "runtime/store/forwarding_store.h"
#include "runtime/store/memory_store.h"

namespace onager::store {

/// A memory store that does what it is asked when the test says so, in the order in which it was asked. Used
/// by one thread.
class SlowStore final : public ForwardingStore {
 public:
  SlowStore() : ForwardingStore(memory) {}

  void Load(const ActorId& actor, LoadDone done) override {
    Take([this, actor, done = std::move(done)](const absl::Status& error) mutable {
      if (!error.ok()) return done(error);
      memory.Load(actor, std::move(done));
    });
  }
  void LoadPast(const ActorId& actor, PastDone done) override {
    Take([this, actor, done = std::move(done)](const absl::Status& error) mutable {
      if (!error.ok()) return done(error);
      memory.LoadPast(actor, std::move(done));
    });
  }
  void Commit(CommitRecord record, CommitDone done) override {
    ++commits;
    last = record;
    Take([this, record = std::move(record), done = std::move(done)](const absl::Status& error) mutable {
      if (!error.ok()) return done(error);
      memory.Commit(std::move(record), std::move(done));
    });
  }

  /// Does the oldest of what it was asked, or fails it.
  void Complete(const absl::Status& error = absl::OkStatus()) {
    auto next = std::move(held.front());
    held.pop_front();
    next(error);
  }
  void CompleteAll(const absl::Status& error = absl::OkStatus()) {
    while (!held.empty()) Complete(error);
  }

  MemoryStore memory;
  bool hold = true;
  absl::Status fails;  // While it does not hold.
  int commits = 0;
  CommitRecord last;
  std::deque<absl::AnyInvocable<void(const absl::Status&)>> held;

 private:
  void Take(absl::AnyInvocable<void(const absl::Status&)> operation) {
    if (!hold) return operation(fails);
    held.push_back(std::move(operation));
  }
};

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_SLOW_STORE_H_
