#ifndef ONAGER_RUNTIME_TRANSPORT_GRPC_TLS_FILES_H_
#define ONAGER_RUNTIME_TRANSPORT_GRPC_TLS_FILES_H_

#include "absl/status/statusor.h"
#include "onager/tls.h"

namespace onager::transport {

/// The same with every path replaced by what its file holds. gRPC says little about a certificate that it
/// cannot use, so mistakes are found here: `NOT_FOUND` for a file that cannot be read, `INVALID_ARGUMENT` for
/// what is no certificate or no key, and for a key that does not belong to its certificate.
absl::StatusOr<ServerTls> LoadTls(const ServerTls& tls);
absl::StatusOr<ClientTls> LoadTls(const ClientTls& tls);

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_GRPC_TLS_FILES_H_
