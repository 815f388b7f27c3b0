#ifndef ONAGER_CALL_H_
#define ONAGER_CALL_H_

#include <coroutine>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "onager/generated/pending_call.h"
#include "onager/task.h"

namespace onager {

/// A typed call under way. It was sent when it was made; take its result in one of three ways, once: `Wait()`
/// blocks, `Then()` calls back, `co_await` suspends. A call that is dropped runs on unobserved.
///
/// Every call ends: with its result, with the handler's error, or with `DEADLINE_EXCEEDED`, `UNAVAILABLE` or
/// `CANCELLED`.
template <typename T = void>
class [[nodiscard]] Call {
 public:
  using Result = TaskResult<T>;
  /// Decodes an encoded result.
  using Decode = Result (*)(std::string_view bytes);

  Call(std::shared_ptr<generated::PendingCall> pending, Decode decode)
      : pending_(std::move(pending)), decode_(decode) {}

  /// Blocks until the call has ended. Inside a callback of the same client: `FAILED_PRECONDITION`.
  Result Wait() { return Finish(pending_->Wait(), decode_); }

  /// Runs `done` with the result on the client's callback executor.
  void Then(absl::AnyInvocable<void(Result)> done) {
    pending_->Then([done = std::move(done), decode = decode_](generated::PendingCall::Result raw) mutable {
      done(Finish(std::move(raw), decode));
    });
  }

  /// Ends the call with `CANCELLED` unless it has ended. The server is told, and may have run it all the
  /// same.
  void Cancel() { pending_->Cancel(); }

  class Awaiter {
   public:
    explicit Awaiter(Call call) : call_(std::move(call)) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> continuation) {
      // The continuation may run, and destroy this awaiter, before `ThenResume` returns: nothing is touched
      // after it.
      std::shared_ptr<generated::PendingCall> pending = call_.pending_;
      pending->ThenResume([this, continuation](generated::PendingCall::Result raw) {
        raw_.emplace(std::move(raw));
        continuation.resume();
      });
    }
    Result await_resume() { return Finish(*std::move(raw_), call_.decode_); }

   private:
    Call call_;
    std::optional<generated::PendingCall::Result> raw_;
  };
  Awaiter operator co_await() && { return Awaiter(std::move(*this)); }
  Awaiter operator co_await() & { return Awaiter(*this); }

 private:
  static Result Finish(generated::PendingCall::Result raw, Decode decode) {
    if (!raw.ok()) return std::move(raw).status();
    return decode(*raw);
  }

  std::shared_ptr<generated::PendingCall> pending_;
  Decode decode_;
};

}  // namespace onager

#endif  // ONAGER_CALL_H_
