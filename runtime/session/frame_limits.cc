#include "runtime/session/frame_limits.h"

#include "absl/strings/str_cat.h"

namespace onager::session {
namespace {

constexpr std::size_t kActorTypeLengthMax = 256;
constexpr std::size_t kActorKeyLengthMax = 512;

}  // namespace

absl::Status CheckAddress(std::string_view type, std::string_view key) {
  if (type.empty() || type.size() > kActorTypeLengthMax) {
    return absl::InvalidArgumentError("the actor type is empty or too long");
  }
  if (key.size() > kActorKeyLengthMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the actor key is longer than ", kActorKeyLengthMax, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace onager::session
