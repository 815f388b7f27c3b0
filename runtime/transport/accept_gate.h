#ifndef ONAGER_RUNTIME_TRANSPORT_ACCEPT_GATE_H_
#define ONAGER_RUNTIME_TRANSPORT_ACCEPT_GATE_H_

#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/transport.h"

namespace onager::transport {

/// The rules of `Listener`, kept in one place for every transport: connections reach the accept function
/// only between `Open` and `Close`, and `Close` waits for those that are being accepted. Thread-safe.
class AcceptGate {
 public:
  /// Fails with FAILED_PRECONDITION when it is open. May be opened again after it was closed.
  absl::Status Open(Listener::Accept accept);
  /// Waits until no accept function is running, except one that called this itself. Idempotent.
  void Close();
  /// Hands `connection` over. Returns false, and leaves it with the caller, when the gate is closed.
  bool Accept(std::unique_ptr<Connection>& connection);
  bool is_open();

 private:
  Mutex mutex_;
  CondVar done_;
  // Shared with the calls that are running, so that none outlives the function it is in.
  std::shared_ptr<const Listener::Accept> accept_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread::id> running_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_ACCEPT_GATE_H_
