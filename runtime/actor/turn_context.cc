#include "runtime/actor/turn_context.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_format.h"

namespace onager::actor {

TurnContext::TurnContext(const Environment& environment, std::string principal, Time deadline)
    : environment_(environment), principal_(std::move(principal)), deadline_(deadline), now_(absl::Now()) {}

std::string TurnContext::NewId() { return absl::StrFormat("%016x%016x", NextRandom(), NextRandom()); }

absl::Time TurnContext::deadline() const {
  if (deadline_ == kNever) return absl::InfiniteFuture();
  return absl::Now() + absl::FromChrono(deadline_ - environment_.clock.Now());
}

bool TurnContext::cancelled() const {
  MutexLock lock(mutex_);
  return cancelled_ || environment_.clock.Now() >= deadline_;
}

/// Suspends until a timer or a cancellation resumes it, whichever comes first.
class TurnContext::SleepAwaiter {
 public:
  SleepAwaiter(TurnContext& turn, Time until) : turn_(turn), until_(until) {}

  bool await_ready() const noexcept { return false; }

  bool await_suspend(std::coroutine_handle<> sleeper) {
    // The timer runs on the executor, which may be quicker than this function: under the lock it finds the
    // sleeper.
    MutexLock lock(turn_.mutex_);
    if (turn_.cancelled_) return false;
    turn_.sleeper_ = sleeper;
    turn_.sleep_timer_ = turn_.environment_.timers.At(until_, [&turn = turn_] { turn.WakeSleeper(); });
    return true;
  }

  absl::Status await_resume() const {
    MutexLock lock(turn_.mutex_);
    return turn_.cancelled_ ? absl::CancelledError("the turn was cancelled while it slept")
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

void TurnContext::WakeSleeper() {
  std::coroutine_handle<> sleeper;
  {
    MutexLock lock(mutex_);
    sleep_timer_ = 0;
    sleeper = std::exchange(sleeper_, nullptr);
  }
  if (sleeper) sleeper.resume();
}

void TurnContext::Cancel() {
  std::coroutine_handle<> sleeper;
  {
    MutexLock lock(mutex_);
    if (std::exchange(cancelled_, true)) return;
    // When the timer can no longer be stopped it is about to wake the sleeper itself.
    if (sleep_timer_ != 0 && environment_.timers.Cancel(sleep_timer_)) {
      sleep_timer_ = 0;
      sleeper = std::exchange(sleeper_, nullptr);
    }
  }
  if (sleeper) environment_.executor.Post([sleeper] { sleeper.resume(); });
}

}  // namespace onager::actor
