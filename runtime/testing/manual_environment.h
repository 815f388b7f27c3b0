#ifndef ONAGER_RUNTIME_TESTING_MANUAL_ENVIRONMENT_H_
#define ONAGER_RUNTIME_TESTING_MANUAL_ENVIRONMENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "runtime/base/executor.h"

// Not named `testing`, so that tests inside namespace onager still find GoogleTest's names.
namespace onager::simulation {

/// How a `ManualEnvironment` begins and when it gives up.
struct ManualEnvironmentOptions {
  ManualEnvironmentOptions() = default;

  std::uint64_t seed = 1;
  Time start{std::chrono::seconds(1)};
  /// How many functions one call may run before it is taken for an endless loop.
  std::uint64_t steps_max = 10'000'000;
};

/// A world in one thread, for tests: virtual time, seeded randomness, and functions and timers that run
/// only when the test says so, in one order that depends on nothing but the seed.
///
/// Owned by the test; outlives everything that was given its `environment()`. The ports may be used from
/// any thread; the functions below are called by one thread, and not from inside a posted function.
/// A call that exceeds the step limit prints seed, virtual time and limit to stderr and aborts, so that
/// an endless loop is a failed test and never a hanging one. Destruction drops what has not run.
class ManualEnvironment {
 public:
  explicit ManualEnvironment(const ManualEnvironmentOptions& options = ManualEnvironmentOptions());
  ~ManualEnvironment();
  ManualEnvironment(const ManualEnvironment&) = delete;
  ManualEnvironment& operator=(const ManualEnvironment&) = delete;

  Environment environment();
  operator Environment() { return environment(); }  // NOLINT(google-explicit-constructor): it is one.

  Time Now() const;
  std::uint64_t seed() const;

  /// Runs the next posted function; without one, moves the clock to the next timer and runs that.
  /// Returns false when there was neither.
  bool RunNext();
  /// Runs everything that is posted, and what that posts, at the present time. Returns how many ran.
  std::size_t RunReady();
  /// Moves the clock by `duration`, from timer to timer: each runs at its time, with all that it posts.
  /// Returns how many functions ran.
  std::size_t Advance(Duration duration);
  /// Runs and moves the clock until `predicate` holds, which is asked before each step. Returns false when
  /// it does not within `limit` of virtual time; the clock then stands at that limit.
  [[nodiscard]] bool RunUntil(absl::FunctionRef<bool()> predicate, Duration limit);

  /// Functions that are posted and have not run; timers that wait.
  std::size_t ready_count() const;
  std::size_t timer_count() const;

 private:
  class World;
  std::unique_ptr<World> world_;
};

}  // namespace onager::simulation

#endif  // ONAGER_RUNTIME_TESTING_MANUAL_ENVIRONMENT_H_
