#ifndef ONAGER_RUNTIME_TRANSPORT_RPC_H_
#define ONAGER_RUNTIME_TRANSPORT_RPC_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "onager/authenticator.h"
#include "runtime/base/clock.h"
#include "runtime/transport/transport.h"

// Plain RPCs: calls of other methods than the one that carries sessions.
namespace onager::transport {

/// How an RPC ends.
struct RpcEnd {
  RpcEnd() = default;
  explicit RpcEnd(absl::Status end_status) : status(std::move(end_status)) {}

  absl::Status status;
  std::string details;             // A google.rpc.Status, or nothing.
  std::optional<OutMessage> last;  // Goes before it; only when no write is in flight.
  Metadata trailers;               // Names in lower case.
};

/// One RPC at the server. Thread-safe; calls nothing of its user's from inside.
class Rpc {
 public:
  virtual ~Rpc() = default;
  /// Asks for the next message. One at a time, so that what the client may send is bounded.
  virtual void Read() = 0;
  /// Sends a message. One at a time.
  virtual void Write(OutMessage message) = 0;
  /// Ends the RPC, when the write in flight is done or given up. Nothing is called after this.
  virtual void Finish(RpcEnd end) = 0;
};

/// What an RPC tells. Calls come from any thread, and those of different names at the same time. Once the RPC
/// has been finished only `OnDone` counts for anything.
class RpcHandler {
 public:
  virtual ~RpcHandler() = default;
  /// The answers to `Rpc::Read`: a message, valid during the call only, or that there are no more.
  virtual void OnMessage(std::string_view bytes) = 0;
  virtual void OnReadsDone() = 0;
  /// The message has left this process's hands.
  virtual void OnWriteDone() = 0;
  /// The client waits no more: it has cancelled, its deadline has passed or it is gone. `Finish` is still to
  /// be called.
  virtual void OnCancelled() = 0;
  /// The last call of all, exactly one.
  virtual void OnDone() = 0;
};

/// What a client asks for.
struct RpcStart {
  std::string method;  // "/todo.v1.TodoList/Add"
  Credentials credentials;
  std::optional<Duration> timeout;  // What is left until the client's deadline.
};

/// Takes RPCs.
class RpcAcceptor {
 public:
  virtual ~RpcAcceptor() = default;
  /// Called from any thread; never returns null. `rpc` may be used at once; what it tells is told after this
  /// has returned.
  virtual std::shared_ptr<RpcHandler> Accept(RpcStart start, std::shared_ptr<Rpc> rpc) = 0;
};

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_RPC_H_
