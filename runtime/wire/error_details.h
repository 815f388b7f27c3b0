#ifndef ONAGER_RUNTIME_WIRE_ERROR_DETAILS_H_
#define ONAGER_RUNTIME_WIRE_ERROR_DETAILS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/base/clock.h"

// The details of google.rpc that our own errors carry, as payloads of the status. Debian does not package
// google/rpc/error_details.proto; the two messages are small and written here as they stand there.
namespace onager::wire {

inline constexpr std::string_view kErrorDomain = "onager";

/// The status with a google.rpc.ErrorInfo: `reason` in UPPER_SNAKE, which programs may compare.
absl::Status WithReason(absl::Status status, std::string_view reason);
/// Whether the status has an ErrorInfo of ours with that reason.
bool HasReason(const absl::Status& status, std::string_view reason);
/// The status with a google.rpc.RetryInfo: trying again after `delay` can help.
absl::Status WithRetryDelay(absl::Status status, Duration delay);

/// The call may or may not have run, and nobody can tell any more.
absl::Status OutcomeUnknown();
/// The call ran, and made that revision, and its result is not here any more.
absl::Status AlreadyExecuted(std::uint64_t revision);

/// The status with a google.rpc.BadRequest: what is wrong with one field of the request.
absl::Status WithFieldViolation(absl::Status status, std::string_view field, std::string_view description);
/// A google.rpc.Status with all payloads of `status`, as gRPC carries it in `grpc-status-details-bin`. Of a
/// message and of payloads that together are larger than `size_max` bytes only what fits is in it.
std::string EncodeStatus(const absl::Status& status, std::size_t size_max);

}  // namespace onager::wire

#endif  // ONAGER_RUNTIME_WIRE_ERROR_DETAILS_H_
