#include "runtime/server/local_past.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "onager/generated/past_messages.h"
#include "runtime/base/mutex.h"

namespace onager::server {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

class LocalCall final : public generated::PendingCall {
 public:
  Result Wait() override {
    MutexLock lock(mutex_);
    while (!ended_) changed_.Wait(mutex_);
    return Take();
  }

  void Then(absl::AnyInvocable<void(Result)> done) override {
    std::optional<Result> result;
    {
      MutexLock lock(mutex_);
      if (!ended_) {
        continuation_ = std::move(done);
        return;
      }
      result = Take();
    }
    done(*std::move(result));
  }

  void Cancel() override { End(absl::CancelledError("the call was cancelled")); }

  /// Only the first end counts.
  void End(Result result) {
    absl::AnyInvocable<void(Result)> continuation;
    {
      MutexLock lock(mutex_);
      if (std::exchange(ended_, true)) return;
      continuation = std::move(continuation_);
      continuation_ = nullptr;
      if (!continuation) result_ = std::move(result);
      changed_.NotifyAll();
    }
    if (continuation) continuation(std::move(result));
  }

 private:
  Result Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!result_.has_value()) return absl::FailedPreconditionError("the call's result was taken already");
    return *std::exchange(result_, std::nullopt);
  }

  Mutex mutex_;
  CondVar changed_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Result> result_ ABSL_GUARDED_BY(mutex_);  // Until somebody took it.
  absl::AnyInvocable<void(Result)> continuation_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<generated::PendingCall> AskPastLocally(actor::ActorRuntime& actors,
                                                       const Environment& environment, const ActorId& actor,
                                                       std::string query, const CallOptions& options) {
  absl::StatusOr<generated::PastQuery> asked = generated::DecodePast<generated::PastQuery>(query);
  if (!asked.ok()) return EndedCall(asked.status());
  auto call = std::make_shared<LocalCall>();
  absl::Duration timeout = options.timeout().value_or(kTimeout);
  if (options.deadline().has_value()) {
    timeout = std::min(timeout, *options.deadline() - environment.clock.WallNow());
  }
  Timers::Id timer = 0;
  if (timeout < absl::Hours(24 * 365)) {
    timer = environment.timers.At(
        environment.clock.Now() + absl::ToChronoNanoseconds(std::max(timeout, absl::ZeroDuration())),
        [weak = std::weak_ptr<LocalCall>(call)] {
          if (const auto late = weak.lock()) late->End(absl::DeadlineExceededError("the past was not read"));
        });
  }
  if (options.cancellation().has_value()) options.cancellation()->Add(call);
  actors.AskPast(actor, *std::move(asked),
                 [call, timer, &timers = environment.timers](absl::StatusOr<std::string> answer) {
                   if (timer != 0) timers.Cancel(timer);
                   call->End(std::move(answer));
                 });
  return call;
}

std::shared_ptr<generated::PendingCall> EndedCall(const absl::Status& status) {
  auto call = std::make_shared<LocalCall>();
  call->End(status);
  return call;
}

}  // namespace onager::server
