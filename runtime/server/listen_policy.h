#ifndef ONAGER_RUNTIME_SERVER_LISTEN_POLICY_H_
#define ONAGER_RUNTIME_SERVER_LISTEN_POLICY_H_

#include <string_view>

#include "absl/status/status.h"

namespace onager::server {

/// Whether nobody outside of this machine can connect to a listener there: "127.0.0.1:7000", "[::1]:7000",
/// "localhost:7000", "unix:/run/a". What cannot be read is not.
bool IsLocalAddress(std::string_view address);

/// `FAILED_PRECONDITION` for plaintext that others could read; says what to do.
absl::Status CheckListenAddress(std::string_view address, bool has_tls, bool insecure);

/// Whether a gRPC of that version ("1.51.1") can be brought down by its clients (CVE-2023-1428, -33953,
/// -44487; mended in 1.59.2). What is no version is.
bool IsVulnerableGrpc(std::string_view version);

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_LISTEN_POLICY_H_
