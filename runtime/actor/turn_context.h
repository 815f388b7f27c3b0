#ifndef ONAGER_RUNTIME_ACTOR_TURN_CONTEXT_H_
#define ONAGER_RUNTIME_ACTOR_TURN_CONTEXT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "onager/turn.h"
#include "runtime/actor/actor_call.h"
#include "runtime/actor/turn_host.h"
#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"

namespace onager::actor {

class OutgoingCall;

/// The runtime's side of a `Turn`: what its coroutines wait for, and where they go on. Owned by the open
/// turn; the functions of `Turn` are its handler's, the others may be called from any thread.
///
/// A coroutine that waits for the turn's time, for a call or for a stream is *parked*: it goes on nowhere but
/// through the host. When all of the turn's coroutines are, the actor may be lent to others meanwhile.
class TurnContext final : public Turn, public std::enable_shared_from_this<TurnContext> {
 public:
  /// `call.deadline` is on the environment's clock. `environment`'s parts and `host` outlive the open turn.
  TurnContext(const Environment& environment, std::weak_ptr<TurnHost> host, ActorId actor, std::uint64_t turn,
              const ActorCall& call);
  ~TurnContext() override;

  // Turn
  std::string NewId() override;
  std::uint64_t NextRandom() override { return environment_.random.Next(); }
  absl::Time now() const override { return now_; }
  absl::Time deadline() const override;
  bool cancelled() const override;
  const std::string& principal() const override { return principal_; }
  Task<> Sleep(absl::Duration duration) override;
  std::shared_ptr<generated::Channel> channel() override;
  void Destroy() override { destroys_ = true; }

  /// Tells the handler that nobody waits any more, wakes it if it sleeps and cancels the calls that it made.
  void Cancel();
  /// The handler has ended: what coroutines of the turn still wait for ends with `CANCELLED`, and they go on
  /// once more before the turn is over.
  void Finish();

  std::uint64_t turn() const { return turn_; }
  bool destroys() const { return destroys_; }
  /// Whether one of its coroutines is parked; whether none is, and none is about to go on.
  bool parked() const;
  bool settled() const;

  // For what coroutines wait for.
  void Park();
  /// Runs `continuation` in the turn; `parked` says that a parked coroutine goes on there.
  void Resume(Executor::Function continuation, bool parked = true);

  // For OutgoingCall.
  const Environment& environment() const { return environment_; }
  Time deadline_time() const { return deadline_; }
  /// Gives the call all that it has from this turn, and sends it. An error when it may not be made.
  absl::Status Send(const std::shared_ptr<ActorCall>& call, const std::shared_ptr<OutgoingCall>& outgoing);
  void Forget(const OutgoingCall& call);

 private:
  class SleepAwaiter;
  struct Sleeper {
    Executor::Function wake;
    Timers::Id timer = 0;
  };

  void Wake(std::uint64_t sleeper);
  void WakeAll(bool over);
  void TellParked();

  const Environment environment_;
  const std::weak_ptr<TurnHost> host_;
  const ActorId actor_;
  const std::uint64_t turn_;
  const std::string principal_;
  const Time deadline_;
  const absl::Time now_;
  const std::shared_ptr<const CallLink> caller_;
  const bool unsure_;
  const std::optional<absl::Time> sent_at_;
  bool destroys_ = false;  // The handler's.

  mutable Mutex mutex_;
  CallId id_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t last_sleeper_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::uint64_t, Sleeper> sleepers_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t calls_made_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const CallLink> link_ ABSL_GUARDED_BY(mutex_);  // Made with the first call.
  absl::flat_hash_map<const OutgoingCall*, std::shared_ptr<OutgoingCall>> calls_ ABSL_GUARDED_BY(mutex_);
  std::size_t parked_ ABSL_GUARDED_BY(mutex_) = 0;    // Coroutines that wait.
  std::size_t resuming_ ABSL_GUARDED_BY(mutex_) = 0;  // Continuations that are posted and have not run.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_TURN_CONTEXT_H_
