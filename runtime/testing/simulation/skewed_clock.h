#ifndef ONAGER_RUNTIME_TESTING_SIMULATION_SKEWED_CLOCK_H_
#define ONAGER_RUNTIME_TESTING_SIMULATION_SKEWED_CLOCK_H_

#include <cstdint>
#include <map>

#include "absl/base/thread_annotations.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"

namespace onager::simulation {

/// The clock of one node of a simulated world, with its timers: it may leap ahead of the world's and run at
/// another speed, and never goes back. Outlives whoever uses it; the world outlives it. Thread-safe.
class SkewedClock final : public Clock, public Timers {
 public:
  explicit SkewedClock(const Environment& world);
  ~SkewedClock() override;

  /// The world as this node has it.
  Environment environment() {
    return {.clock = *this, .executor = world_.executor, .timers = *this, .random = world_.random};
  }

  Time Now() const override;
  /// Begins at one instant in every run.
  absl::Time WallNow() const override;
  Id At(Time when, Executor::Function function) override;
  bool Cancel(Id id) override;

  void Leap(Duration ahead);
  /// Thousandths of the world's speed; at least 1.
  void SetSpeed(std::int64_t permille);

 private:
  struct Waiting {
    Time when;
    Executor::Function function;
    Id world_timer;
  };

  Time NowLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Time ToWorld(Time when) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Id Arm(Id id, Time when) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ArmAllAgain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fire(Id id);

  const Environment world_;
  mutable Mutex mutex_;
  // What this clock showed when the world's showed that, and how fast it has run since.
  Time base_ ABSL_GUARDED_BY(mutex_);
  Time world_base_ ABSL_GUARDED_BY(mutex_);
  std::int64_t speed_permille_ ABSL_GUARDED_BY(mutex_) = 1000;
  Id last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<Id, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::simulation

#endif  // ONAGER_RUNTIME_TESTING_SIMULATION_SKEWED_CLOCK_H_
