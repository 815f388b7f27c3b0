#ifndef ONAGER_RUNTIME_TRANSPORT_GRPC_GRPC_TRANSPORT_H_
#define ONAGER_RUNTIME_TRANSPORT_GRPC_GRPC_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "onager/tls.h"
#include "runtime/base/clock.h"
#include "runtime/transport/rpc.h"
#include "runtime/transport/transport.h"

// No gRPC header is included here, so that nobody else pays for them.
namespace onager::transport {

/// The protocol's limit of 4 MiB, and room for its envelope.
inline constexpr std::size_t kGrpcMessageBytesMax = 4 * 1024 * 1024 + 64 * 1024;

/// How to reach a server.
struct GrpcConnectorOptions {
  GrpcConnectorOptions() = default;

  std::string address;
  std::optional<ClientTls> tls;  // None: plaintext.
  std::size_t message_bytes_max = kGrpcMessageBytesMax;
  Duration connect_timeout = std::chrono::seconds(5);
};

/// Where and how to serve.
struct GrpcListenerOptions {
  GrpcListenerOptions() = default;

  /// Port 0 lets the kernel choose; `Listener::address()` tells after `Start`.
  std::string address = "127.0.0.1:0";
  std::optional<ServerTls> tls;  // None: plaintext.
  std::size_t message_bytes_max = kGrpcMessageBytesMax;
  /// Takes the calls of all methods but the one that carries sessions; outlives the listener. Null: there are
  /// no such methods.
  RpcAcceptor* rpcs = nullptr;
  /// How long destruction lets connections that are being closed end by themselves.
  Duration shutdown_grace = std::chrono::milliseconds(500);
};

/// Of the gRPC that is linked: "1.51.1".
std::string GrpcVersion();

/// Each connection is a channel of its own with one bidirectional stream of already serialized messages.
/// gRPC neither retries nor backs off: a connection that fails has failed, and the next one tries anew. A
/// connector may be destroyed before its connections. Handlers are called on gRPC's threads. Metadata that
/// HTTP/2 cannot carry, or that gRPC has for itself, closes the connection with INVALID_ARGUMENT; so do
/// certificates that cannot be used (NOT_FOUND: that cannot be read).
std::unique_ptr<Connector> MakeGrpcConnector(GrpcConnectorOptions options);

/// A gRPC server. `Start` fails with UNAVAILABLE when the address cannot be listened at, and with the errors
/// of certificates that cannot be used; it may be called again after `Stop`; until then new streams are
/// answered UNAVAILABLE. Destruction, which must not happen inside a handler call, cancels the connections
/// that are left after the grace and waits until all have ended; their owners may keep the objects.
std::unique_ptr<Listener> MakeGrpcListener(GrpcListenerOptions options);

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_GRPC_GRPC_TRANSPORT_H_
