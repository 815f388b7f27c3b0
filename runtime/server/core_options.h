#ifndef ONAGER_RUNTIME_SERVER_CORE_OPTIONS_H_
#define ONAGER_RUNTIME_SERVER_CORE_OPTIONS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "onager/server.h"
#include "runtime/server/server_core.h"

namespace onager::server {

/// The name of a key that signs resume tokens, which tokens bear: another key is known to be another.
std::uint32_t TokenKeyId(std::string_view key);

/// What of an application's options concerns the core. `server_instance` tells this run of the server from
/// all others; resume tokens are signed with `token_key`.
ServerCoreOptions CoreOptionsOf(const ServerOptions& options, std::uint64_t server_instance,
                                std::string token_key);

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_CORE_OPTIONS_H_
