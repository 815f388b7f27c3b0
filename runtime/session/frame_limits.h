#ifndef ONAGER_RUNTIME_SESSION_FRAME_LIMITS_H_
#define ONAGER_RUNTIME_SESSION_FRAME_LIMITS_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

namespace onager::session {

/// What a message holds besides one payload: the frame's own fields and what stands around it.
inline constexpr std::size_t kFrameOverheadMax = 4096;

/// Whether an actor's address is one that a frame may carry.
absl::Status CheckAddress(std::string_view type, std::string_view key);

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_FRAME_LIMITS_H_
