#include "runtime/testing/simulation/skewed_clock.h"

#include <utility>

namespace onager::simulation {
namespace {

// Later than that is never: it leaves room for the multiplication below.
constexpr Duration kFarthest = std::chrono::hours(24 * 90);
constexpr std::int64_t kWallBegin = 1'767'225'600;  // The beginning of 2026.

}  // namespace

SkewedClock::SkewedClock(const Environment& world)
    : world_(world), base_(world.clock.Now()), world_base_(world.clock.Now()) {}

SkewedClock::~SkewedClock() {
  // What is dropped may own something whose destructor cancels a timer, so it goes piece by piece.
  while (true) {
    Executor::Function dropped;  // Destroyed after the lock is gone.
    MutexLock lock(mutex_);
    if (waiting_.empty()) return;
    const auto first = waiting_.begin();
    world_.timers.Cancel(first->second.world_timer);
    dropped = std::move(first->second.function);
    waiting_.erase(first);
  }
}

Time SkewedClock::Now() const {
  MutexLock lock(mutex_);
  return NowLocked();
}

absl::Time SkewedClock::WallNow() const {
  return absl::FromUnixSeconds(kWallBegin) + absl::FromChrono(Now().time_since_epoch());
}

Time SkewedClock::NowLocked() const {
  return base_ + (world_.clock.Now() - world_base_) * speed_permille_ / 1000;
}

// Rounded up: a timer that fires has its time behind it.
Time SkewedClock::ToWorld(Time when) const {
  if (when == kNever || when - base_ > kFarthest) return kNever;
  if (when <= base_) return world_base_;
  return world_base_ + ((when - base_) * 1000 + Duration(speed_permille_ - 1)) / speed_permille_;
}

Timers::Id SkewedClock::Arm(Id id, Time when) {
  return world_.timers.At(ToWorld(when), [this, id] { Fire(id); });
}

Timers::Id SkewedClock::At(Time when, Executor::Function function) {
  MutexLock lock(mutex_);
  const Id id = ++last_id_;
  const Id world_timer = Arm(id, when);
  waiting_.emplace(id, Waiting{when, std::move(function), world_timer});
  return id;
}

bool SkewedClock::Cancel(Id id) {
  Executor::Function cancelled;  // Destroyed after the lock is gone.
  MutexLock lock(mutex_);
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return false;
  world_.timers.Cancel(found->second.world_timer);
  cancelled = std::move(found->second.function);
  waiting_.erase(found);
  return true;
}

void SkewedClock::Fire(Id id) {
  Executor::Function function;
  {
    MutexLock lock(mutex_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    function = std::move(found->second.function);
    waiting_.erase(found);
  }
  function();
}

void SkewedClock::Leap(Duration ahead) {
  MutexLock lock(mutex_);
  base_ = NowLocked() + ahead;
  world_base_ = world_.clock.Now();
  ArmAllAgain();
}

void SkewedClock::SetSpeed(std::int64_t permille) {
  MutexLock lock(mutex_);
  base_ = NowLocked();
  world_base_ = world_.clock.Now();
  speed_permille_ = permille;
  ArmAllAgain();
}

void SkewedClock::ArmAllAgain() {
  for (auto& [id, waiting] : waiting_) {
    // One that cannot be cancelled is about to fire.
    if (world_.timers.Cancel(waiting.world_timer)) waiting.world_timer = Arm(id, waiting.when);
  }
}

}  // namespace onager::simulation
