#ifndef ONAGER_GENERATED_PENDING_CALL_H_
#define ONAGER_GENERATED_PENDING_CALL_H_

#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "onager/generated/cancellable.h"

namespace onager::generated {

/// A call that is under way, with its result still encoded. Thread-safe. It ends exactly once,
/// whatever happens to the connection or the client.
class PendingCall : public Cancellable {
 public:
  using Result = absl::StatusOr<std::string>;

  /// Blocks until the call has ended. `FAILED_PRECONDITION` inside a callback of the same client, where it
  /// could never end.
  virtual Result Wait() = 0;
  /// Runs `done` on the client's callback executor when the call has ended. At most once for each call.
  virtual void Then(absl::AnyInvocable<void(Result)> done) = 0;
  /// As `Then`, for a coroutine that is suspended until `done` resumes it.
  virtual void ThenResume(absl::AnyInvocable<void(Result)> done) { Then(std::move(done)); }
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PENDING_CALL_H_
