#ifndef ONAGER_RUNTIME_TRANSPORT_HANDLER_GATE_H_
#define ONAGER_RUNTIME_TRANSPORT_HANDLER_GATE_H_

#include <deque>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/transport.h"

namespace onager::transport {

/// The rules of `ConnectionHandler`, kept in one place for every transport: events reach the handler
/// one at a time, in order, not before `Open`, not after `Close`'s, and not after `Detach`.
///
/// Shared by the connection, which detaches it, and by the transport's own machinery, which may live
/// longer. Thread-safe. The queue holds what its user puts in: transports bound that by not taking
/// the next message before the last was delivered, or by a window.
class HandlerGate : public std::enable_shared_from_this<HandlerGate> {
 public:
  using Event = absl::AnyInvocable<void(ConnectionHandler&)>;

  /// With an executor the events run there. Without one they run on the thread that delivers them, or
  /// on the one that is just running an event; then `Open` comes before the first event.
  explicit HandlerGate(Executor* executor) : executor_(executor) {}

  /// Begins delivery to `handler`.
  void Open(ConnectionHandler& handler);
  /// Queues `event` and has it run. No-op after `Close` or `Detach`.
  void Deliver(Event event);
  /// Queues the last event, `OnClosed(reason)`. Only the first call counts.
  void Close(absl::Status reason);
  /// As `Close`, but drops the events that are still queued.
  void Abort(absl::Status reason);
  /// Drops the handler. Waits until no event is running, unless called inside one.
  void Detach();

 private:
  void Run();
  /// Makes someone run the queue, if nobody is about to.
  void Wake();
  static Event Closed(absl::Status reason);

  Executor* const executor_;
  Mutex mutex_;
  CondVar idle_;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  ConnectionHandler* handler_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;   // The last event is queued or has run.
  bool is_awake_ ABSL_GUARDED_BY(mutex_) = false;    // A run is going on or has been posted.
  bool is_calling_ ABSL_GUARDED_BY(mutex_) = false;  // The handler is being called, by `caller_`.
  std::thread::id caller_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_HANDLER_GATE_H_
