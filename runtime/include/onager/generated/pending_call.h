#ifndef ONAGER_GENERATED_PENDING_CALL_H_
#define ONAGER_GENERATED_PENDING_CALL_H_

#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace onager::generated {

/// A call that is under way, with its result still encoded. Thread-safe. It ends exactly once,
/// whatever happens to the connection or the client.
class PendingCall {
 public:
  using Result = absl::StatusOr<std::string>;

  virtual ~PendingCall() = default;
  /// Blocks until the call has ended. `FAILED_PRECONDITION` inside a callback of the same client, where it
  /// could never end.
  virtual Result Wait() = 0;
  /// Runs `done` on the client's callback executor when the call has ended. At most once for each call.
  virtual void Then(absl::AnyInvocable<void(Result)> done) = 0;
  /// As `Then`, for a coroutine that is suspended until `done` resumes it.
  virtual void ThenResume(absl::AnyInvocable<void(Result)> done) { Then(std::move(done)); }
  /// Ends the call with `CANCELLED` unless it has ended; the server is told, and may have run it.
  virtual void Cancel() = 0;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PENDING_CALL_H_
