#ifndef ONAGER_RUNTIME_ACTOR_TURN_HOST_H_
#define ONAGER_RUNTIME_ACTOR_TURN_HOST_H_

#include <cstdint>
#include <memory>

#include "runtime/base/executor.h"

namespace onager::actor {

class ActorCall;

/// Where the coroutines of a turn run, one at a time: its actor. Thread-safe.
class TurnHost {
 public:
  virtual ~TurnHost() = default;
  /// Runs what a coroutine of that turn waited for, when it is the turn's time.
  virtual void Resume(std::uint64_t turn, Executor::Function continuation) = 0;
  /// Sends a call of an open turn, when everything that it may tell of is committed.
  virtual void Send(std::shared_ptr<ActorCall> call) = 0;
  /// A coroutine of an open turn has begun to wait.
  virtual void OnParked() = 0;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_TURN_HOST_H_
