#ifndef ONAGER_RUNTIME_DOOR_REQUEST_FIELDS_H_
#define ONAGER_RUNTIME_DOOR_REQUEST_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "onager/generated/actor_type.h"

// What the door itself reads of a request; the rest is the actor's. Nothing is believed: malformed bytes are
// `INVALID_ARGUMENT`.
namespace onager::door {

/// The key of the actor that the request is for. A part that cannot be empty and is missing is
/// `INVALID_ARGUMENT`, with a google.rpc.BadRequest that names its field.
absl::StatusOr<std::string> KeyOfRequest(const generated::ActorType& type, std::string_view request);

/// The item of the method's streamed parameter, as handlers get it; nothing when the message brings none.
absl::StatusOr<std::optional<std::string>> ItemOfRequest(const generated::MethodInfo& method,
                                                         std::string_view request);

/// A request to watch an actor, without its key. Views of it.
struct WatchRequest {
  std::string_view resume_token;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::string_view filter;
  std::string_view view;

  static absl::StatusOr<WatchRequest> Parse(std::string_view request);
};

}  // namespace onager::door

#endif  // ONAGER_RUNTIME_DOOR_REQUEST_FIELDS_H_
