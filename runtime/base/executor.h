#ifndef ONAGER_RUNTIME_BASE_EXECUTOR_H_
#define ONAGER_RUNTIME_BASE_EXECUTOR_H_

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "runtime/base/clock.h"

namespace onager {

/// Runs functions, after they were posted and never inside `Post`. Thread-safe. Functions are taken up
/// in the order of their posting, but those of a pool run in parallel and overtake each other: who
/// needs an order posts the next function from the one before. Posting never fails; an executor that
/// shuts down drops what it does not run.
class Executor {
 public:
  using Function = absl::AnyInvocable<void()>;

  virtual ~Executor() = default;
  virtual void Post(Function function) = 0;
};

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
/// owned by whoever made the environment and outlive everything that was given it.
struct Environment {
  Clock& clock;
  Executor& executor;
  Timers& timers;
  Random& random;
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_EXECUTOR_H_
