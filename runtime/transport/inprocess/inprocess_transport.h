#ifndef ONAGER_RUNTIME_TRANSPORT_INPROCESS_INPROCESS_TRANSPORT_H_
#define ONAGER_RUNTIME_TRANSPORT_INPROCESS_INPROCESS_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <string>

#include "runtime/base/executor.h"
#include "runtime/transport/transport.h"

namespace onager::transport {

/// How an `InProcessTransport` behaves.
struct InProcessOptions {
  InProcessOptions() = default;

  /// A write is done at once while the peer has no more than this many bytes to consume; beyond it, when
  /// the peer has caught up. One message of any size always fits.
  std::size_t window_bytes = 256 * 1024;
};

/// Client and server in one process, without sockets: what one end writes is handed to the other's
/// handler on the executor. Owns nothing but the names of its listeners; connectors, listeners and
/// connections may outlive it. Thread-safe. The executor outlives all of them.
class InProcessTransport {
 public:
  explicit InProcessTransport(Executor& executor, const InProcessOptions& options = InProcessOptions());
  ~InProcessTransport();
  InProcessTransport(const InProcessTransport&) = delete;
  InProcessTransport& operator=(const InProcessTransport&) = delete;

  /// Connects to the listener that is called `address` at the time of each `Connect`; with no such
  /// listener the connection closes with UNAVAILABLE.
  std::unique_ptr<Connector> MakeConnector(std::string address);
  /// Takes the name `address` while it is started; `Start` fails with ALREADY_EXISTS when another has it.
  /// May be started again after `Stop`.
  std::unique_ptr<Listener> MakeListener(std::string address);

 private:
  class Hub;
  class InProcessConnector;
  class InProcessListener;
  const std::shared_ptr<Hub> hub_;
};

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_INPROCESS_INPROCESS_TRANSPORT_H_
