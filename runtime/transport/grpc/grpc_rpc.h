#ifndef ONAGER_RUNTIME_TRANSPORT_GRPC_GRPC_RPC_H_
#define ONAGER_RUNTIME_TRANSPORT_GRPC_GRPC_RPC_H_

#include <grpcpp/generic/async_generic_service.h>

#include "runtime/transport/rpc.h"

// Private to this folder's sources, because it knows gRPC.
namespace onager::transport {

/// What the server knows of the client of a call.
Credentials CredentialsOf(const grpc::GenericCallbackServerContext& context);

/// Hands a call to `acceptor`. The reactor owns itself.
grpc::ServerGenericBidiReactor* AcceptRpc(grpc::GenericCallbackServerContext& context, RpcAcceptor& acceptor);

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_GRPC_GRPC_RPC_H_
