#ifndef ONAGER_RUNTIME_TRANSPORT_TRANSPORT_H_
#define ONAGER_RUNTIME_TRANSPORT_TRANSPORT_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "onager/authenticator.h"
#include "runtime/base/shared_bytes.h"

namespace onager::transport {

/// One message to be sent: flat bytes in which ranges of shared bytes are spliced, so that a large
/// payload travels by reference and is never copied.
struct OutMessage {
  struct Splice {
    std::size_t position;  // Offset in `flat` before which the shared range stands; never decreasing.
    SharedBytes bytes;
    std::size_t offset = 0;
    std::size_t size = 0;
  };

  OutMessage() = default;

  std::string flat;
  std::vector<Splice> splices;

  std::size_t size() const;
  /// The message as one string; what a transport without scatter writes would send.
  std::string Join() const;
};

/// What a connection tells its user. Calls come one at a time, from any thread; none comes before
/// `Connection::Start` and none after `OnClosed`. An implementation may call a `Connection`'s methods from
/// inside.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  /// One whole message of the peer. `bytes` is valid during the call only.
  virtual void OnMessage(std::string_view bytes) = 0;
  /// The message given to `Write` has left this process's hands; the next one may be written.
  virtual void OnWriteDone() = 0;
  /// The connection is gone, exactly once, with the reason: OK only for a clean close by the peer.
  virtual void OnClosed(const absl::Status& reason) = 0;
};

/// A bidirectional stream of messages, in order until it breaks. At most one write is in flight.
/// Thread-safe. Destruction waits until no handler call is running (unless it happens inside one), after
/// which none will come, not even `OnClosed`, and closes it.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Begins the delivery of events to `handler`, which outlives the connection. Called once.
  virtual void Start(ConnectionHandler& handler) = 0;
  /// Sends one message. Called only after `Start` and when no write is in flight. After the connection
  /// broke it is a no-op: `OnClosed` tells. Never calls the handler from inside.
  virtual void Write(OutMessage message) = 0;
  /// Ends the connection with `reason`; a write that is in flight may be lost. `OnClosed(reason)` follows,
  /// unless it has come or the peer's end came first. Idempotent. The peer sees an end that is OK when
  /// `reason` is OK and nothing was in flight; else a client sees the server's reason or that the
  /// connection was lost, and a server sees CANCELLED or UNAVAILABLE, as gRPC has it.
  virtual void Close(const absl::Status& reason) = 0;
  /// What the peer presented when it connected; empty at the client.
  virtual const Credentials& credentials() const = 0;
};

/// The client's way to a server. Thread-safe.
class Connector {
 public:
  virtual ~Connector() = default;
  /// Returns a connection that is being established, and presents `metadata` to the server. Failure arrives
  /// as `OnClosed`; success is seen by the first message of the peer. Never blocks.
  virtual std::unique_ptr<Connection> Connect(const Metadata& metadata) = 0;
  std::unique_ptr<Connection> Connect() { return Connect(Metadata()); }
  /// The next `Connect` goes to another server than the one before, where there are several.
  virtual void GoElsewhere() {}
};

/// The server's side: accepts connections until it is stopped.
class Listener {
 public:
  using Accept = std::function<void(std::unique_ptr<Connection>)>;

  virtual ~Listener() = default;
  /// Begins to accept; `accept` is called from any thread for each new connection, and outlives the listener.
  virtual absl::Status Start(Accept accept) = 0;
  /// Accepts no more. Established connections go on until they are closed by their owners. Blocks until no
  /// `accept` is running.
  virtual void Stop() = 0;
  /// Where it listens, in the form a connector takes; with the port that was chosen.
  virtual std::string address() const = 0;
};

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_TRANSPORT_H_
