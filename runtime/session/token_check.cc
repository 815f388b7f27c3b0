#include "runtime/session/token_check.h"

#include "absl/status/status.h"
#include "runtime/wire/error_details.h"

namespace onager::session {

absl::StatusOr<wire::TokenBinding> CheckToken(const wire::TokenSigner& signer, std::string_view token,
                                              std::string_view tenant, std::string_view principal,
                                              const ActorId& actor) {
  absl::StatusOr<wire::TokenBinding> binding = signer.Verify(token);
  if (absl::IsNotFound(binding.status())) return binding;
  if (!binding.ok()) return wire::WithReason(binding.status(), "BAD_RESUME_TOKEN");
  if (binding->tenant != tenant || binding->principal != principal) {
    return wire::WithReason(absl::PermissionDeniedError("this resume token was given to another principal"),
                            "FOREIGN_RESUME_TOKEN");
  }
  if (binding->actor_type != actor.type || binding->key != actor.key) {
    return wire::WithReason(absl::InvalidArgumentError("this resume token belongs to another actor"),
                            "BAD_RESUME_TOKEN");
  }
  return binding;
}

std::optional<ResyncReason> WhyBeginAnew(const wire::TokenBinding& offered,
                                         const wire::TokenBinding& binding) {
  if (offered == binding) return std::nullopt;
  return offered.schema_fingerprint == binding.schema_fingerprint ? ResyncReason::kViewChanged
                                                                  : ResyncReason::kSchemaChanged;
}

}  // namespace onager::session
