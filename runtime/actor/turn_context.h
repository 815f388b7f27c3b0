#ifndef ONAGER_RUNTIME_ACTOR_TURN_CONTEXT_H_
#define ONAGER_RUNTIME_ACTOR_TURN_CONTEXT_H_

#include <coroutine>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "onager/turn.h"
#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"

namespace onager::actor {

/// The runtime's side of a `Turn`. Owned by the call it serves; `Cancel` may come from any thread.
class TurnContext final : public Turn {
 public:
  /// `deadline` is on the environment's clock; `environment`'s parts outlive the turn.
  TurnContext(const Environment& environment, std::string principal, Time deadline);

  std::string NewId() override;
  std::uint64_t NextRandom() override { return environment_.random.Next(); }
  absl::Time now() const override { return now_; }
  absl::Time deadline() const override;
  bool cancelled() const override;
  const std::string& principal() const override { return principal_; }
  Task<> Sleep(absl::Duration duration) override;
  std::shared_ptr<generated::Channel> channel() override { return nullptr; }
  void Destroy() override {}

  /// Tells the handler that nobody waits any more, and wakes it if it sleeps.
  void Cancel();

 private:
  class SleepAwaiter;

  void WakeSleeper();

  const Environment environment_;
  const std::string principal_;
  const Time deadline_;
  const absl::Time now_;

  mutable Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  Timers::Id sleep_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  std::coroutine_handle<> sleeper_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_TURN_CONTEXT_H_
