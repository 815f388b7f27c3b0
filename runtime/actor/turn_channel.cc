#include "runtime/actor/turn_channel.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/call_streams.h"
#include "runtime/actor/outgoing_streams.h"
#include "runtime/actor/turn_context.h"

namespace onager::actor {
namespace {

/// A subscription that was refused.
class RefusedSubscription final : public generated::SubscriptionHandle {
 public:
  std::string token() const override { return std::string(); }
  std::string checkpoint() const override { return std::string(); }
  std::uint64_t epoch() const override { return 0; }
  std::uint64_t revision() const override { return 0; }
  std::uint64_t covered() const override { return 0; }
  void Read(absl::FunctionRef<void()> read) const override { read(); }
  void Resync() override {}
  void Close() override {}
};

}  // namespace

absl::StatusOr<std::shared_ptr<ActorCall>> TurnChannel::MakeCall(const generated::ActorType& type,
                                                                 const std::string& key, std::size_t method,
                                                                 std::string arguments,
                                                                 const CallOptions& options) const {
  const std::shared_ptr<TurnContext> turn = turn_.lock();
  if (turn == nullptr) return absl::FailedPreconditionError("the turn that the call belongs to is over");
  auto call = std::make_shared<ActorCall>();
  call->actor = {std::string(type.name), key};
  call->method = method;
  call->arguments = std::move(arguments);
  call->may_run_again = options.may_run_again().value_or(type.methods[method].idempotent);
  const absl::Duration timeout =
      std::max(options.timeout().value_or(type.methods[method].timeout), absl::ZeroDuration());
  const Time now = turn->environment().clock.Now();
  const Duration wait = absl::ToChronoNanoseconds(timeout);
  call->deadline = std::min(turn->deadline_time(), wait < kNever - now ? now + wait : kNever);
  if (type.methods[method].streamed()) {
    call->streams = std::make_shared<CallStreams>(turn->environment(), call->deadline, Duration::max());
  }
  return call;
}

std::shared_ptr<generated::PendingCall> TurnChannel::Call(const generated::ActorType& type,
                                                          const std::string& key, std::size_t method,
                                                          std::string arguments, const CallOptions& options) {
  auto outgoing = std::make_shared<OutgoingCall>(turn_);
  absl::StatusOr<std::shared_ptr<ActorCall>> call =
      MakeCall(type, key, method, std::move(arguments), options);
  if (call.ok()) {
    outgoing->Start(*std::move(call));
  } else {
    outgoing->Complete(call.status());
  }
  return outgoing;
}

std::shared_ptr<generated::PendingCall> TurnChannel::AskPast(const generated::ActorType& /*type*/,
                                                             const std::string& /*key*/,
                                                             std::string /*query*/,
                                                             const CallOptions& /*options*/) {
  auto outgoing = std::make_shared<OutgoingCall>(turn_);
  outgoing->Complete(absl::UnimplementedError("a turn does not ask what was before"));
  return outgoing;
}

std::shared_ptr<generated::StreamingCall> TurnChannel::CallWithStreams(const generated::ActorType& type,
                                                                       const std::string& key,
                                                                       std::size_t method,
                                                                       std::string arguments,
                                                                       const CallOptions& options) {
  auto outgoing = std::make_shared<OutgoingStreams>(turn_);
  const absl::StatusOr<std::shared_ptr<ActorCall>> call =
      MakeCall(type, key, method, std::move(arguments), options);
  if (call.ok()) {
    outgoing->Start(*call);
  } else {
    outgoing->Refuse(call.status());
  }
  return outgoing;
}

std::shared_ptr<generated::SubscriptionHandle> TurnChannel::Observe(
    const generated::ActorType&, generated::ObserveRequest, std::shared_ptr<generated::Observer> observer) {
  if (const auto turn = turn_.lock()) {
    turn->Resume(
        [observer = std::move(observer)] {
          observer->OnEnd(absl::UnimplementedError("a turn's channel carries no subscriptions"));
        },
        /*parked=*/false);
  }
  return std::make_shared<RefusedSubscription>();
}

ConnectionState TurnChannel::state() const {
  return turn_.expired() ? ConnectionState::kClosed : ConnectionState::kConnected;
}

void OutgoingCall::Start(std::shared_ptr<ActorCall> call) {
  const std::shared_ptr<TurnContext> turn = turn_.lock();
  if (turn == nullptr)
    return Complete(absl::FailedPreconditionError("the turn that the call belongs to is over"));
  call->done = [self = shared_from_this()](const session::SharedOutcome& outcome) {
    self->Complete(outcome->status.ok() ? Result(*outcome->result) : Result(outcome->status));
  };
  {
    MutexLock lock(mutex_);
    call_ = call;
    if (call->deadline != kNever) {
      timer_ = turn->environment().timers.At(call->deadline, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
          self->Complete(absl::DeadlineExceededError("the other actor did not answer in time"));
        }
      });
    }
  }
  if (absl::Status sent = turn->Send(call, shared_from_this()); !sent.ok()) {
    call->done = nullptr;  // It owns this object, and nobody will call it.
    Complete(std::move(sent));
  }
}

OutgoingCall::Result OutgoingCall::Wait() {
  return absl::FailedPreconditionError(
      "a handler cannot block on a call of another actor, which would hold up a thread: co_await it");
}

void OutgoingCall::Cancel() {
  std::shared_ptr<ActorCall> call;
  {
    MutexLock lock(mutex_);
    call = call_;
  }
  Complete(absl::CancelledError("the call was cancelled"));
  if (call != nullptr) call->Cancel();
}

void OutgoingCall::Complete(Result result) {
  absl::AnyInvocable<void(Result)> done;
  absl::AnyInvocable<void(const absl::Status&)> on_ended;
  const absl::Status status = result.status();
  std::shared_ptr<ActorCall> call;  // Freed after the lock: it may own this object.
  const std::shared_ptr<TurnContext> turn = turn_.lock();
  bool parked = false;
  {
    MutexLock lock(mutex_);
    if (std::exchange(ended_, true)) return;
    call.swap(call_);
    on_ended = std::exchange(on_ended_, nullptr);
    if (timer_ != 0 && turn != nullptr) turn->environment().timers.Cancel(std::exchange(timer_, 0));
    if (done_ == nullptr) {
      result_.emplace(std::move(result));
    } else {
      done = std::exchange(done_, nullptr);
      parked = parked_;
    }
  }
  if (on_ended) on_ended(status);
  if (turn == nullptr) return;
  if (done != nullptr) {
    turn->Resume([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); },
                 parked);
  }
  turn->Forget(*this);  // Perhaps the last owner: nothing is touched after it.
}

void OutgoingCall::GiveTo(absl::AnyInvocable<void(Result)> done, bool parked) {
  const std::shared_ptr<TurnContext> turn = turn_.lock();
  std::optional<Result> result;
  if (turn == nullptr) {
    // The turn is over, and with it this call.
    {
      MutexLock lock(mutex_);
      result.swap(result_);
    }
    return done(result.has_value() ? *std::move(result)
                                   : Result(absl::FailedPreconditionError("the call's turn is over")));
  }
  if (parked) turn->Park();
  {
    MutexLock lock(mutex_);
    result.swap(result_);
    if (!result.has_value()) {
      done_ = std::move(done);
      parked_ = parked;
    }
  }
  if (result.has_value()) {
    turn->Resume([done = std::move(done), result = *std::move(result)]() mutable { done(std::move(result)); },
                 parked);
  }
}

}  // namespace onager::actor
