#ifndef ONAGER_RUNTIME_ACTOR_ACTOR_FEED_H_
#define ONAGER_RUNTIME_ACTOR_ACTOR_FEED_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "onager/generated/state_interface.h"
#include "runtime/base/mutex.h"
#include "runtime/session/replay_window.h"
#include "runtime/session/state_feed.h"

namespace onager::actor {

/// The committed history of one actor, between the actor, which publishes, and the sessions, which read. It
/// encodes nothing twice: patches are shared, and snapshots and composed patches are remembered as long as
/// they are of use. Thread-safe.
class ActorFeed final : public session::StateFeed {
 public:
  using Listener = absl::AnyInvocable<void()>;
  using ListenerId = std::uint64_t;

  /// `request_snapshot` is called, from any thread and under no lock, when a reader needs a snapshot that is
  /// not here; the answer is `PublishSnapshot`.
  ActorFeed(const generated::StateCodec& codec, session::ReplayLimits limits, session::Position head,
            absl::AnyInvocable<void() const> request_snapshot);

  // For the actor.
  void Publish(SharedBytes patch, Time now);
  void PublishSnapshot(std::uint64_t revision, SharedBytes snapshot);
  /// The history was replaced by another: every reader will get a snapshot.
  void Restart(session::Position head);
  /// The history ends here; every reader is told.
  void End(const absl::Status& status);

  // For sessions. The listener is called, from any thread and under no lock, when `Read` may say something
  // new; not after `RemoveListener` has returned, except a call that was running then.
  ListenerId AddListener(std::shared_ptr<Listener> listener);
  void RemoveListener(ListenerId id);
  std::size_t listener_count() const;

  session::FeedRead Read(const std::optional<session::Position>& from, std::size_t bytes_max,
                         Time now) override;
  session::FeedRead ReadSnapshot(const session::Position& at_least, Time now) override;
  session::Position head() const override;

 private:
  struct Composed {
    std::uint64_t base = 0;
    std::uint64_t revision = 0;
    SharedBytes patch;
  };

  /// A snapshot that a reader can begin with; `FindSnapshot` one of that revision or later.
  session::FeedRead FindCheapSnapshot(session::FeedRead::Why why, Time now, bool& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  session::FeedRead FindSnapshot(session::FeedRead::Why why, std::uint64_t revision_min, bool& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  session::FeedRead AwaitSnapshot(session::FeedRead::Why why, std::uint64_t revision_min, bool& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  session::FeedRead ReadSteps(std::uint64_t from, std::size_t bytes_max, bool& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NotifyListeners() ABSL_LOCKS_EXCLUDED(mutex_);

  const generated::StateCodec& codec_;
  const session::ReplayLimits limits_;
  const absl::AnyInvocable<void() const> request_snapshot_;

  mutable Mutex mutex_;
  std::uint64_t epoch_ ABSL_GUARDED_BY(mutex_);
  session::ReplayWindow window_ ABSL_GUARDED_BY(mutex_);
  SharedBytes snapshot_ ABSL_GUARDED_BY(mutex_);  // Null until one was needed.
  std::uint64_t snapshot_revision_ ABSL_GUARDED_BY(mutex_) = 0;
  bool snapshot_requested_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  std::optional<Composed> composed_ ABSL_GUARDED_BY(mutex_);
  ListenerId last_listener_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<ListenerId, std::shared_ptr<Listener>> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_FEED_H_
