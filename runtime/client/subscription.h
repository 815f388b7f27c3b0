#ifndef ONAGER_RUNTIME_CLIENT_SUBSCRIPTION_H_
#define ONAGER_RUNTIME_CLIENT_SUBSCRIPTION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "onager/generated/channel.h"
#include "runtime/base/mutex.h"
#include "runtime/client/callback_queue.h"
#include "runtime/session/state_feed.h"

namespace onager::client {

/// The client's end of a subscription: what has arrived waits here as bytes until the callback queue
/// applies it to the replica and tells the observer. So the connection is always drained, however slow the
/// callbacks are.
///
/// What waits is bounded: beyond `backlog_max` changes come as one, and beyond a budget of bytes they are
/// composed, which makes them no larger than what they change. Events cannot be composed; beyond a budget of
/// theirs those that come are dropped, and the observer is told how many. Thread-safe.
class Subscription final : public generated::SubscriptionHandle,
                           public std::enable_shared_from_this<Subscription> {
 public:
  /// What the owner does for it. Called under no lock.
  struct Owner {
    std::function<void(std::uint64_t id)> unsubscribe;
    std::function<void(std::uint64_t id, ResyncReason reason)> resync;
    std::function<void(std::uint64_t id, bool paused)> pause;
    std::function<void(std::uint64_t id, std::string filter, std::string view)> change;
    std::function<SubscriptionPhase(std::uint64_t id)> phase;
  };

  /// What is observed: a checkpoint names it.
  struct Selection {
    std::string filter;
    std::string view;
    std::string binding;  // The server's, for the resume token; empty until it is known.
  };

  Subscription(const generated::StateCodec& codec, std::shared_ptr<generated::Observer> observer,
               std::shared_ptr<CallbackQueue> callbacks, std::size_t backlog_max, Selection selection,
               Owner owner);

  // For the owner.
  // Before anything arrives.
  void set_id(std::uint64_t id) { id_ = id; }
  /// As in `wire::Subscribe`; checkpoints hold it.
  void set_when_slow(std::uint32_t when_slow) { when_slow_ = when_slow; }
  void OnBinding(std::string binding);
  /// What `selection` shows. `events` are told after it.
  void OnSnapshot(session::Position at, std::uint64_t previous_revision, ResyncReason reason,
                  std::string bytes, Selection selection, std::uint64_t events_dropped,
                  std::vector<std::string> events);
  void OnDelta(session::Position at, std::uint64_t base, bool replayed, std::string bytes,
               std::vector<std::string> events);
  /// `due`: some of what there is up to there only waits, and is not passed over by a resume token.
  void OnCovered(std::uint64_t revision, bool due);
  /// What a slice of the replica's hash is at that position. A replica of which it is another is given up.
  void OnBookmark(session::Position at, std::uint32_t slice, std::uint32_t slices, std::uint64_t hash);
  void OnEnd(const absl::Status& status);

  // generated::SubscriptionHandle
  std::string token() const override;
  std::string checkpoint() const override;
  std::uint64_t epoch() const override;
  std::uint64_t revision() const override;
  std::uint64_t covered() const override;
  void Read(absl::FunctionRef<void()> read) const override;
  void Resync() override;
  SubscriptionPhase phase() const override;
  std::optional<ResyncReason> last_resync() const override;
  void Pause() override { owner_.pause(id_, true); }
  void Resume() override { owner_.pause(id_, false); }
  absl::Status Change(std::optional<std::string> filter, std::optional<std::string> view) override;
  void Close() override;

 private:
  struct HashCheck {
    std::uint32_t slice = 0;
    std::uint32_t slices = 1;
    std::uint64_t hash = 0;
  };
  struct Arrival {
    generated::Delivery delivery;
    std::optional<HashCheck> check;           // Nothing else: of what is there at `delivery`'s position.
    std::string bytes;                        // Empty for a delta that only moves the position.
    Selection selection;                      // Of a snapshot.
    std::vector<std::string> earlier_events;  // Of deltas that this snapshot supersedes.
    std::uint64_t events_dropped = 0;
    std::vector<std::string> events;
  };
  /// What the observer is told at once.
  struct Step {
    std::optional<generated::Delivery> update;
    std::vector<std::string> earlier_events;
    std::uint64_t events_dropped = 0;
    std::vector<std::string> events;
    bool diverged = false;  // What the observer was told last is wrong.
  };

  void Enqueue(Arrival arrival);
  void ComposeBacklog() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ScheduleLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// On the callback queue: one step, and the next one posted if there is more.
  void RunStep();
  /// Applies and delivers one step.
  void DeliverOne();
  /// Applies it to the replica and adds it to the step. False when the replica cannot be used any more.
  bool Apply(Arrival& arrival, Step& step);
  /// Whether the replica is what a bookmark says, as far as that can be told.
  bool Agrees(const Arrival& bookmark);
  void Tell(Step step);
  /// Tells the observer of the first `count` events that wait in `untold_events_`.
  void TellEvents(std::size_t count);
  bool IsClosed() const;
  bool TakeArrivals(std::deque<Arrival>& taken, std::optional<absl::Status>& end);
  /// Whether something that changes the replica waits.
  bool IsBehind() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string TokenLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const generated::StateCodec& codec_;
  const std::shared_ptr<generated::Observer> observer_;
  const std::shared_ptr<CallbackQueue> callbacks_;
  const std::size_t backlog_max_;
  const Owner owner_;
  std::uint64_t id_ = 0;
  std::uint32_t when_slow_ = 0;

  // Held while the replica changes; taken before `mutex_`.
  mutable Mutex replica_mutex_;

  mutable Mutex mutex_;
  CondVar callback_ended_;
  std::deque<Arrival> arrivals_ ABSL_GUARDED_BY(mutex_);
  std::size_t arrivals_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // Of snapshots and patches.
  std::size_t events_bytes_ ABSL_GUARDED_BY(mutex_) = 0;    // Of all events that are not told yet.
  std::size_t composed_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // The size that the last composition came to.
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  Selection wanted_ ABSL_GUARDED_BY(mutex_);     // By the application; its binding is not used.
  Selection selection_ ABSL_GUARDED_BY(mutex_);  // Of the replica.
  std::optional<ResyncReason> last_resync_ ABSL_GUARDED_BY(mutex_);
  bool delivered_any_ ABSL_GUARDED_BY(mutex_) = false;
  session::Position delivered_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t covered_ ABSL_GUARDED_BY(mutex_) = 0;      // By a filter, as the server said last.
  std::uint64_t passed_over_ ABSL_GUARDED_BY(mutex_) = 0;  // As far as nothing of it is due.
  // The base of the next update, when the position has moved since the last one without any change.
  std::optional<std::uint64_t> update_base_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> untold_events_ ABSL_GUARDED_BY(mutex_);  // Of the step that is delivered.
  bool awaiting_snapshot_ ABSL_GUARDED_BY(mutex_) = false;         // The replica is unusable until one comes.
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  bool in_callback_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace onager::client

#endif  // ONAGER_RUNTIME_CLIENT_SUBSCRIPTION_H_
