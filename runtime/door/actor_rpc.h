#ifndef ONAGER_RUNTIME_DOOR_ACTOR_RPC_H_
#define ONAGER_RUNTIME_DOOR_ACTOR_RPC_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "onager/authenticator.h"
#include "onager/generated/actor_type.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/door/door_call.h"
#include "runtime/session/call_ledger.h"

namespace onager::door {

class Door;

/// A plain RPC of a method of an actor: one request and one result, or a stream of one of them.
///
/// A streamed parameter is read only as far as the handler's stream has room, and a streamed result is
/// written one item at a time, so that neither side can make the server hold more than a stream may.
class ActorRpc final : public DoorCall {
 public:
  /// `door` and `type` outlive the call. `timeout` is the client's; without one the method's counts.
  ActorRpc(Door& door, const generated::ActorType& type, std::size_t method, Identity identity,
           std::optional<Duration> timeout, std::shared_ptr<transport::Rpc> rpc);

  void OnMessage(std::string_view bytes) override;
  void OnReadsDone() override;
  void OnShutdown(const absl::Status& reason, bool now) override;

 private:
  const generated::MethodInfo& method() const { return type_.methods[method_]; }
  /// The first message: finds the actor and calls it.
  void Begin(std::string_view request);
  absl::StatusOr<std::shared_ptr<actor::ActorCall>> MakeCall(std::string_view request);
  void TakeItem(std::string_view request);
  void OnEnded(session::SharedOutcome outcome);
  void OnStreamChanged();
  void OnDeadline();

  void OnWrittenLocked() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnFinishingLocked() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddItemLocked(std::string_view item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Reads the next item when the stream has room for it.
  void ReadItemLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Writes the next item of the result, or ends when there is nothing more.
  void PumpLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Door& door_;
  const generated::ActorType& type_;
  const std::size_t method_;
  const Identity identity_;
  const std::optional<Duration> timeout_;

  Time began_ ABSL_GUARDED_BY(mutex_){};
  std::shared_ptr<actor::ActorCall> call_ ABSL_GUARDED_BY(mutex_);  // Null until the request is there.
  session::SharedOutcome outcome_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> shutdown_ ABSL_GUARDED_BY(mutex_);
  Timers::Id deadline_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  // The streamed parameter: items so far, how many of them are known to be taken, and the sizes of the
  // others.
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;
  bool reads_done_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t received_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t credited_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::size_t> uncredited_ ABSL_GUARDED_BY(mutex_);
  std::size_t uncredited_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // The streamed result: how many of its items were given to the RPC.
  std::uint64_t sent_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace onager::door

#endif  // ONAGER_RUNTIME_DOOR_ACTOR_RPC_H_
