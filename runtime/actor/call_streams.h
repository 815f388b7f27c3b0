#ifndef ONAGER_RUNTIME_ACTOR_CALL_STREAMS_H_
#define ONAGER_RUNTIME_ACTOR_CALL_STREAMS_H_

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "onager/generated/call_streams.h"
#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/base/shared_bytes.h"
#include "runtime/session/stream_port.h"
#include "runtime/session/stream_receiver.h"
#include "runtime/session/stream_sender.h"

namespace onager::actor {

class TurnContext;

/// The streams of one call, between its handler, which is suspended while it must wait, and the sessions that
/// carry them. Shared by the call, by those sessions, and by the ledger until all items are taken.
/// Thread-safe.
class CallStreams final : public generated::CallStreams,
                          public session::StreamPort,
                          public std::enable_shared_from_this<CallStreams> {
 public:
  /// `environment`'s parts outlive the streams. A handler that waits for a client which has no session waits
  /// no longer than `absence_max`.
  CallStreams(const Environment& environment, Time deadline, Duration absence_max);

  /// Called, under no lock, when there is something to send. Set before the call runs.
  void set_on_changed(std::function<void()> on_changed) { on_changed_ = std::move(on_changed); }

  // generated::CallStreams, for the handler.
  Task<> Write(std::string item) override;
  Task<std::optional<std::string>> Read() override;

  // session::StreamPort
  SharedBytes Item(std::uint64_t sequence) const override;
  std::uint64_t last() const override;
  std::uint64_t taken() const override;
  std::size_t kept_bytes() const override;
  absl::Status OnCredit(std::uint64_t through) override;
  std::uint64_t credit() const override;
  absl::Status OnItem(std::uint64_t sequence, std::string_view item) override;
  absl::Status OnEnd(std::uint64_t items) override;

  /// Whether the client has a session.
  void SetAttached(bool attached);

  /// The turn that the handler runs in, and goes on in when it has waited. Set before the handler begins.
  void set_turn(std::shared_ptr<TurnContext> turn);

  // The output gate. What is held may not be seen before earlier turns are committed, or ever.
  void Hold();
  void Release();
  void DiscardHeld();

  /// The caller waits no more. Every read and write fails from now on.
  void Cancel();
  void Fail(absl::Status status);
  /// The handler has ended.
  void Finish();

 private:
  class RoomAwaiter;
  class ItemAwaiter;

  Task<> WriteWhenThereIsRoom(std::string item);
  Task<std::optional<std::string>> ReadWhenThere();
  /// Nothing when it must wait.
  std::optional<absl::Status> TryWrite(std::string& item);
  std::optional<absl::StatusOr<std::optional<std::string>>> TryRead();

  bool MayWriteLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayReadLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CheckDeadlineLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FailLocked(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeLocked(std::coroutine_handle<>& waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ArmTimerLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnTimer();

  const Environment environment_;
  const Time deadline_;
  const Duration absence_max_;
  std::function<void()> on_changed_;

  mutable Mutex mutex_;
  session::StreamSender out_ ABSL_GUARDED_BY(mutex_);
  session::StreamReceiver in_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> items_ ABSL_GUARDED_BY(mutex_);  // Received and not read.
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<TurnContext> turn_ ABSL_GUARDED_BY(mutex_);  // Until the handler has ended.
  std::coroutine_handle<> writer_ ABSL_GUARDED_BY(mutex_);     // Waits for room.
  std::coroutine_handle<> reader_ ABSL_GUARDED_BY(mutex_);     // Waits for an item.
  std::optional<Time> detached_at_ ABSL_GUARDED_BY(mutex_);
  Timers::Id timer_ ABSL_GUARDED_BY(mutex_) = 0;
  Time timer_at_ ABSL_GUARDED_BY(mutex_) = kNever;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_CALL_STREAMS_H_
