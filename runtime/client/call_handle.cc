#include "runtime/client/call_handle.h"

#include <utility>

namespace onager::client {

CallHandle::Result CallHandle::Wait() {
  MutexLock lock(mutex_);
  if (!has_ended_ && callbacks_->InCallback()) {
    return absl::FailedPreconditionError(
        "a call cannot be waited for inside a callback of its own client: use Then() or co_await");
  }
  while (!has_ended_) ended_.Wait(mutex_);
  if (!result_.has_value()) return absl::FailedPreconditionError("the call's result was taken already");
  return *std::exchange(result_, std::nullopt);
}

void CallHandle::Then(absl::AnyInvocable<void(Result)> done) {
  std::optional<Result> result;
  {
    MutexLock lock(mutex_);
    if (!has_ended_) {
      continuation_ = std::move(done);
      return;
    }
    result = std::exchange(result_, std::nullopt);
  }
  if (!result.has_value())
    result.emplace(absl::FailedPreconditionError("the call's result was taken already"));
  RunContinuation(std::move(done), *std::move(result));
}

void CallHandle::Cancel() {
  {
    MutexLock lock(mutex_);
    if (has_ended_) return;
  }
  cancel_(*this);
}

void CallHandle::End(Result result) {
  absl::AnyInvocable<void(Result)> continuation;
  {
    MutexLock lock(mutex_);
    if (std::exchange(has_ended_, true)) return;
    continuation = std::move(continuation_);
    if (!continuation) {
      result_ = std::move(result);
      ended_.NotifyAll();
      return;
    }
    ended_.NotifyAll();
  }
  RunContinuation(std::move(continuation), std::move(result));
}

void CallHandle::RunContinuation(absl::AnyInvocable<void(Result)> done, Result result) {
  // Shared, so that it can still be run here when the queue has stopped: a coroutine that awaits a call of a
  // closed client must end too.
  auto run = std::make_shared<absl::AnyInvocable<void()>>(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
  if (!callbacks_->Post([run] { (*run)(); })) (*run)();
}

}  // namespace onager::client
