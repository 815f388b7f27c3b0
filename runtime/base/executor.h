#ifndef ONAGER_RUNTIME_BASE_EXECUTOR_H_
#define ONAGER_RUNTIME_BASE_EXECUTOR_H_

#include <cstdint>

#include "onager/executor.h"
#include "runtime/base/clock.h"

namespace onager {

/// Runs functions at a time. Thread-safe.
class Timers {
 public:
  using Id = std::uint64_t;

  virtual ~Timers() = default;
  /// Runs `function` on the environment's executor once `when` is reached. The id is never zero.
  virtual Id At(Time when, Executor::Function function) = 0;
  /// Returns true when the function will not run any more; false when it ran, runs or is about to.
  virtual bool Cancel(Id id) = 0;
};

/// Where randomness comes from: seeded in tests. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;
};

/// All that the runtime takes from the outside world besides transport and store. The parts are
/// owned by whoever made the environment and outlive everything that was given it. Its executor never runs
/// a function inside `Post`.
struct Environment {
  Clock& clock;
  Executor& executor;
  Timers& timers;
  Random& random;
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_EXECUTOR_H_
