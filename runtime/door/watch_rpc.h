#ifndef ONAGER_RUNTIME_DOOR_WATCH_RPC_H_
#define ONAGER_RUNTIME_DOOR_WATCH_RPC_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "onager/authenticator.h"
#include "onager/generated/actor_type.h"
#include "onager/resync_reason.h"
#include "runtime/actor/actor_feed.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/executor.h"
#include "runtime/door/door_call.h"
#include "runtime/session/feed_reading.h"
#include "runtime/session/state_feed.h"
#include "runtime/wire/resume_token.h"

namespace onager::door {

class Door;

/// A plain `Watch` of an actor: a snapshot, or what was missed since the position that the client names, then
/// each change. All that it costs while the client does not read is a position in the actor's history: one
/// update is in flight, and what has happened meanwhile is read, composed, when it has left.
class WatchRpc final : public DoorCall {
 public:
  /// `door` and `type` outlive the call.
  WatchRpc(Door& door, const generated::ActorType& type, Identity identity,
           std::shared_ptr<transport::Rpc> rpc);

  void OnMessage(std::string_view bytes) override;
  void OnReadsDone() override;
  void OnShutdown(const absl::Status& reason, bool now) override;

 private:
  absl::Status Begin(std::string_view request);
  absl::Status ExamineTokenLocked(std::string_view token) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// What the token of this watch binds.
  wire::TokenBinding BindingLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnFeedOpened(absl::StatusOr<std::shared_ptr<actor::ActorFeed>> feed);

  void OnWrittenLocked() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { PumpLocked(); }
  void OnFinishingLocked() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Writes the next update, if there is one and none is in flight.
  void PumpLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Returns whether there may be something to be read after it.
  bool TakeLocked(session::FeedRead read) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Whether it is too soon after the last update. What is there then waits.
  bool HoldBackLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  session::FeedRead ReadFeedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendStepLocked(const session::FeedStep& step) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendSnapshotLocked(const session::FeedRead& read) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteReasonLocked(session::FeedRead::Why why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string TakeTokenLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Door& door_;
  const generated::ActorType& type_;
  const Identity identity_;

  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  ActorId actor_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t filter_fingerprint_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t view_fingerprint_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<actor::ActorFeed> feed_ ABSL_GUARDED_BY(mutex_);  // Null until the actor is active.
  actor::ActorFeed::ListenerId listener_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string token_ ABSL_GUARDED_BY(mutex_);  // Goes with the first update.
  bool announced_ ABSL_GUARDED_BY(mutex_) = false;
  // What the feed is read from, and what the client was shown last; they differ by what shows nothing.
  std::optional<session::Position> position_ ABSL_GUARDED_BY(mutex_);
  std::optional<session::Position> shown_ ABSL_GUARDED_BY(mutex_);
  std::optional<session::Position> snapshot_wanted_ ABSL_GUARDED_BY(mutex_);
  // What lies between a snapshot that was kept and the head is delivered, whatever the filter says.
  std::uint64_t due_through_ ABSL_GUARDED_BY(mutex_) = 0;
  session::DeliveryPace pace_ ABSL_GUARDED_BY(mutex_);
  Timers::Id pace_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  ResyncReason reason_ ABSL_GUARDED_BY(mutex_) = ResyncReason::kInitial;
};

}  // namespace onager::door

#endif  // ONAGER_RUNTIME_DOOR_WATCH_RPC_H_
