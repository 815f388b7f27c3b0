#ifndef ONAGER_RUNTIME_SESSION_FRAME_STATUS_H_
#define ONAGER_RUNTIME_SESSION_FRAME_STATUS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/session/call_ledger.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/frame.h"

namespace onager::session {

/// The status that a code and a message of the wire stand for. An unknown code becomes `UNKNOWN`.
absl::Status StatusOf(std::uint32_t code, std::string_view message);
absl::Status StatusOf(const wire::Reply& reply);
absl::Status StatusOf(const wire::End& end);

/// What a status takes in a frame at the most: its message and all payloads.
inline constexpr std::size_t kStatusSizeMax = 36u << 10;

/// The status' message, cut to what a frame may carry.
std::string_view ShortMessage(const absl::Status& status);

/// Writes the reply to a call: its result, or its status with all payloads.
void AppendReply(wire::BatchWriter& writer, std::uint64_t number, const CallOutcome& outcome);

/// Writes the end of a subscription, with all payloads of its status.
void AppendEnd(wire::BatchWriter& writer, std::uint64_t id, const absl::Status& status);

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_FRAME_STATUS_H_
