#include "runtime/actor/turn_context.h"

#include <algorithm>
#include <coroutine>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/actor/turn_channel.h"

namespace onager::actor {

TurnContext::TurnContext(const Environment& environment, std::weak_ptr<TurnHost> host, ActorId actor,
                         std::uint64_t turn, const ActorCall& call)
    : environment_(environment),
      host_(std::move(host)),
      actor_(std::move(actor)),
      turn_(turn),
      principal_(call.principal),
      deadline_(call.deadline),
      now_(environment.clock.WallNow()),
      caller_(call.caller),
      unsure_(call.unsure),
      sent_at_(call.sent_at),
      id_(call.id) {}

TurnContext::~TurnContext() = default;

std::string TurnContext::NewId() { return absl::StrFormat("%016x%016x", NextRandom(), NextRandom()); }

absl::Time TurnContext::deadline() const {
  if (deadline_ == kNever) return absl::InfiniteFuture();
  return environment_.clock.WallNow() + absl::FromChrono(deadline_ - environment_.clock.Now());
}

bool TurnContext::cancelled() const {
  MutexLock lock(mutex_);
  return cancelled_ || environment_.clock.Now() >= deadline_;
}

/// Suspends until a timer, a cancellation or the turn's end resumes it, whichever comes first.
class TurnContext::SleepAwaiter {
 public:
  SleepAwaiter(TurnContext& turn, Time until) : turn_(turn), until_(until) {}

  bool await_ready() const noexcept { return false; }

  bool await_suspend(std::coroutine_handle<> sleeper) {
    const std::shared_ptr<TurnContext> turn = turn_.shared_from_this();
    {
      // The timer runs on the executor, which may be quicker than this function: under the lock it finds the
      // sleeper.
      MutexLock lock(turn_.mutex_);
      if (turn_.cancelled_ || turn_.over_) return false;
      const std::uint64_t id = ++turn_.last_sleeper_;
      Sleeper& entry = turn_.sleepers_[id];
      entry.wake = [sleeper] { sleeper.resume(); };
      ++turn_.parked_;
      entry.timer = turn_.environment_.timers.At(until_, [weak = turn_.weak_from_this(), id] {
        if (const auto self = weak.lock()) self->Wake(id);
      });
    }
    // The sleeper may go on, and this object may be gone.
    turn->TellParked();
    return true;
  }

  absl::Status await_resume() const {
    MutexLock lock(turn_.mutex_);
    return turn_.cancelled_ || turn_.over_ ? absl::CancelledError("the turn was cancelled while it slept")
                                           : absl::OkStatus();
  }

 private:
  TurnContext& turn_;
  const Time until_;
};

Task<> TurnContext::Sleep(absl::Duration duration) {
  if (duration <= absl::ZeroDuration()) co_return absl::OkStatus();
  const Time now = environment_.clock.Now();
  const Duration wait = absl::ToChronoNanoseconds(duration);
  co_return co_await SleepAwaiter(*this, wait < kNever - now ? now + wait : kNever);
}

void TurnContext::Wake(std::uint64_t sleeper) {
  Executor::Function wake;
  {
    MutexLock lock(mutex_);
    const auto found = sleepers_.find(sleeper);
    if (found == sleepers_.end()) return;  // It was woken otherwise.
    wake = std::move(found->second.wake);
    sleepers_.erase(found);
  }
  Resume(std::move(wake));
}

void TurnContext::WakeAll(bool over) {
  absl::flat_hash_map<std::uint64_t, Sleeper> sleepers;
  std::vector<std::shared_ptr<OutgoingCall>> calls;
  {
    MutexLock lock(mutex_);
    if (std::exchange(over ? over_ : cancelled_, true)) return;
    sleepers.swap(sleepers_);
    for (const auto& [key, call] : calls_) calls.push_back(call);
  }
  std::sort(calls.begin(), calls.end(),
            [](const auto& a, const auto& b) { return a->ordinal() < b->ordinal(); });
  std::vector<std::uint64_t> order;
  for (const auto& [id, sleeper] : sleepers) order.push_back(id);
  std::sort(order.begin(), order.end());
  for (const std::uint64_t id : order) {
    environment_.timers.Cancel(sleepers[id].timer);
    Resume(std::move(sleepers[id].wake));
  }
  std::sort(calls.begin(), calls.end(),
            [](const auto& a, const auto& b) { return a->ordinal() < b->ordinal(); });
  for (const std::shared_ptr<OutgoingCall>& call : calls) {
    if (over) {
      // The other actor goes on: a call that is not waited for runs unobserved.
      call->Complete(absl::CancelledError("the turn that made the call has ended"));
    } else {
      call->Cancel();
    }
  }
}

void TurnContext::Cancel() { WakeAll(false); }

void TurnContext::Finish() { WakeAll(true); }

bool TurnContext::parked() const {
  MutexLock lock(mutex_);
  return parked_ > 0;
}

bool TurnContext::settled() const {
  MutexLock lock(mutex_);
  return parked_ == 0 && resuming_ == 0;
}

void TurnContext::Park() {
  {
    MutexLock lock(mutex_);
    ++parked_;
  }
  TellParked();
}

// A coroutine that something else has resumed waits here again, on whatever thread that is.
void TurnContext::TellParked() {
  if (const auto host = host_.lock()) host->OnParked();
}

void TurnContext::Resume(Executor::Function continuation, bool parked) {
  {
    MutexLock lock(mutex_);
    ++resuming_;
  }
  const auto host = host_.lock();
  if (host == nullptr) return;
  host->Resume(turn_, [self = shared_from_this(), parked, continuation = std::move(continuation)]() mutable {
    {
      MutexLock lock(self->mutex_);
      --self->resuming_;
      if (parked) --self->parked_;
    }
    continuation();
  });
}

std::shared_ptr<generated::Channel> TurnContext::channel() {
  return std::make_shared<TurnChannel>(weak_from_this());
}

absl::Status TurnContext::Send(const std::shared_ptr<ActorCall>& call,
                               const std::shared_ptr<OutgoingCall>& outgoing) {
  {
    MutexLock lock(mutex_);
    if (over_) return absl::FailedPreconditionError("the turn that the call belongs to is over");
    if (cancelled_) return absl::CancelledError("the turn was cancelled before it made the call");
    if (link_ == nullptr) {
      auto link = std::make_shared<CallLink>();
      link->actor = actor_;
      link->turn = turn_;
      link->depth = caller_ == nullptr ? 1 : caller_->depth + 1;
      link->caller = caller_;
      link_ = std::move(link);
    }
    if (link_->depth > CallLink::kDepthMax) {
      return absl::FailedPreconditionError(
          absl::StrCat("a chain of more than ", CallLink::kDepthMax, " calls: ", DescribeChain(*link_)));
    }
    if (id_.empty()) id_ = {environment_.random.Next(), environment_.random.Next() | 1};
    call->id = id_.Derive(++calls_made_);
    call->caller = link_;
    outgoing->set_ordinal(calls_made_);
    calls_.emplace(outgoing.get(), outgoing);
  }
  call->principal = principal_;
  // What made this turn run may have made it run before, and then it made the same calls.
  call->unsure = unsure_;
  call->sent_at = sent_at_;
  if (const auto host = host_.lock()) host->Send(call);
  return absl::OkStatus();
}

void TurnContext::Forget(const OutgoingCall& call) {
  MutexLock lock(mutex_);
  calls_.erase(&call);
}

}  // namespace onager::actor
