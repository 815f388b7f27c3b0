#ifndef ONAGER_RUNTIME_SESSION_TOKEN_CHECK_H_
#define ONAGER_RUNTIME_SESSION_TOKEN_CHECK_H_

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "onager/resync_reason.h"
#include "runtime/base/actor_id.h"
#include "runtime/wire/resume_token.h"

namespace onager::session {

/// What a signed binding that is offered for `actor` binds. `PERMISSION_DENIED` where it was given to another
/// principal, `INVALID_ARGUMENT` where it is for another actor or was tampered with; these refuse whoever
/// offers it. `NOT_FOUND`: signed with a key that is not known any more, and worth nothing.
absl::StatusOr<wire::TokenBinding> CheckToken(const wire::TokenSigner& signer, std::string_view token,
                                              std::string_view tenant, std::string_view principal,
                                              const ActorId& actor);

/// Why the position that `offered` vouches for is not continued by what `binding` stands for; none: it is.
std::optional<ResyncReason> WhyBeginAnew(const wire::TokenBinding& offered,
                                         const wire::TokenBinding& binding);

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_TOKEN_CHECK_H_
