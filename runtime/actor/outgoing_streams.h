#ifndef ONAGER_RUNTIME_ACTOR_OUTGOING_STREAMS_H_
#define ONAGER_RUNTIME_ACTOR_OUTGOING_STREAMS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "onager/generated/streaming_call.h"
#include "runtime/actor/actor_call.h"
#include "runtime/actor/turn_channel.h"
#include "runtime/base/mutex.h"

namespace onager::actor {

/// A call with streams that a turn has made of another actor of this server: the caller's end of the other
/// turn's `CallStreams`. Items go from hand to hand; what each side may have under way is bounded as between
/// a client and a server. Ends as an `OutgoingCall` does. Thread-safe.
class OutgoingStreams final : public generated::StreamingCall,
                              public std::enable_shared_from_this<OutgoingStreams> {
 public:
  explicit OutgoingStreams(std::weak_ptr<TurnContext> turn);

  /// Sends it; called once. A call that may not be made ends at once.
  void Start(const std::shared_ptr<ActorCall>& call);
  /// Instead of `Start`: the call has ended so.
  void Refuse(absl::Status status);

  // generated::StreamingCall. Callbacks run in the turn.
  std::optional<Item> TryRead() override;
  Item Read() override;
  void ThenRead(absl::AnyInvocable<void(Item)> done) override;
  absl::Status Write(std::string item) override;
  std::optional<absl::Status> TryWritten() override;
  absl::Status WaitWritten() override;
  void ThenWritten(absl::Status begun, absl::AnyInvocable<void(absl::Status)> done) override;
  void FinishWriting() override;
  std::shared_ptr<generated::PendingCall> reply() override { return reply_; }
  void Cancel() override;

 private:
  /// Has the call tell this object of its end, which it owns until then.
  void AwaitEnd();
  void OnEnded(const absl::Status& status);
  /// The other side has items, or room for them.
  void OnChanged();
  std::optional<Item> NextLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<absl::Status> WrittenLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Hands the item that waits over, if there is room for it.
  void PushLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::weak_ptr<TurnContext> turn_;
  const std::shared_ptr<OutgoingCall> reply_;
  // Of the call. Set by `Start`.
  std::weak_ptr<ActorCall> call_;
  std::shared_ptr<CallStreams> streams_;

  Mutex mutex_;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  // The result: how many of its items were read.
  std::uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  absl::AnyInvocable<void(Item)> read_ ABSL_GUARDED_BY(mutex_);
  // The parameter: the item that waits for room, how many were handed over, and the sizes of those that are
  // not known to be taken.
  std::optional<std::string> waiting_item_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t sent_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t credited_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::size_t> uncredited_ ABSL_GUARDED_BY(mutex_);
  std::size_t uncredited_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::AnyInvocable<void(absl::Status)> written_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_OUTGOING_STREAMS_H_
