#include "runtime/testing/manual_environment.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "runtime/base/mutex.h"
#include "runtime/base/xoshiro.h"

namespace onager::simulation {

class ManualEnvironment::World final : public Clock, public Executor, public Timers, public Random {
 public:
  explicit World(const ManualEnvironmentOptions& options)
      : options_(options), now_(options.start), generator_(options.seed) {}

  ~World() override {
    // What is dropped may own something whose destructor posts or cancels, so it goes piece by piece
    // while everything else still stands.
    while (true) {
      Function dropped;  // Destroyed after the lock is gone.
      MutexLock lock(mutex_);
      is_ending_ = true;
      if (!ready_.empty()) {
        dropped = TakeReady();
      } else if (!timers_.empty()) {
        dropped = TakeTimer();
      } else {
        return;
      }
    }
  }

  Time Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }

  absl::Time WallNow() const override { return wall_begin_ + absl::FromChrono(Now() - options_.start); }

  void Post(Function function) override {
    MutexLock lock(mutex_);
    if (!is_ending_) ready_.push_back(std::move(function));
  }

  Id At(Time when, Function function) override {
    MutexLock lock(mutex_);
    const Id id = ++last_id_;
    if (is_ending_) return id;
    timers_.emplace(std::pair(when, id), std::move(function));
    times_.emplace(id, when);
    return id;
  }

  bool Cancel(Id id) override {
    Function cancelled;
    MutexLock lock(mutex_);
    const auto time = times_.find(id);
    if (time == times_.end()) return false;
    const auto timer = timers_.find(std::pair(time->second, id));
    cancelled = std::move(timer->second);
    timers_.erase(timer);
    times_.erase(time);
    return true;
  }

  std::uint64_t Next() override {
    MutexLock lock(mutex_);
    return generator_.Next();
  }

  /// Runs one function; the clock moves no further than to `limit`. False when nothing is left to do then.
  bool Step(Time limit) {
    Function function;
    {
      MutexLock lock(mutex_);
      if (ready_.empty()) {
        if (timers_.empty()) return false;
        const Time when = timers_.begin()->first.first;
        if (when > limit || when == kNever) return false;
        if (when > now_) now_ = when;
        // All timers of this moment become ready together, as they would in the real environment.
        while (!timers_.empty() && timers_.begin()->first.first <= now_) ready_.push_back(TakeTimer());
      }
      function = TakeReady();
    }
    function();
    return true;
  }

  void MoveClockTo(Time time) {
    MutexLock lock(mutex_);
    if (time > now_ && time != kNever) now_ = time;
  }

  std::size_t ready_count() const {
    MutexLock lock(mutex_);
    return ready_.size();
  }
  std::size_t timer_count() const {
    MutexLock lock(mutex_);
    return timers_.size();
  }
  const ManualEnvironmentOptions& options() const { return options_; }

 private:
  Function TakeReady() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Function function = std::move(ready_.front());
    ready_.pop_front();
    return function;
  }
  Function TakeTimer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto timer = timers_.begin();
    Function function = std::move(timer->second);
    times_.erase(timer->first.second);
    timers_.erase(timer);
    return function;
  }

  const ManualEnvironmentOptions options_;
  const absl::Time wall_begin_ = absl::Now();
  mutable Mutex mutex_;
  Time now_ ABSL_GUARDED_BY(mutex_);
  Xoshiro256 generator_ ABSL_GUARDED_BY(mutex_);
  std::deque<Function> ready_ ABSL_GUARDED_BY(mutex_);
  // `times_` finds a timer by id; both hold the same timers.
  std::map<std::pair<Time, Id>, Function> timers_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Id, Time> times_ ABSL_GUARDED_BY(mutex_);
  Id last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
};

namespace {

/// Counts the steps of one call and aborts when they are too many.
class StepLimit {
 public:
  StepLimit(const ManualEnvironmentOptions& options, const char* call) : options_(options), call_(call) {}

  void Take(Time now) {
    if (++count_ <= options_.steps_max) return;
    std::fprintf(stderr,
                 "ManualEnvironment::%s: gave up after %llu steps at virtual time %.9f s (seed %llu): "
                 "functions or timers post each other without end, or steps_max is too small\n",
                 call_, static_cast<unsigned long long>(options_.steps_max),
                 std::chrono::duration<double>(now.time_since_epoch()).count(),
                 static_cast<unsigned long long>(options_.seed));
    std::abort();
  }
  std::size_t count() const { return static_cast<std::size_t>(count_); }

 private:
  const ManualEnvironmentOptions& options_;
  const char* const call_;
  std::uint64_t count_ = 0;
};

Time Later(Time now, Duration duration) { return duration > kNever - now ? kNever : now + duration; }

}  // namespace

ManualEnvironment::ManualEnvironment(const ManualEnvironmentOptions& options)
    : world_(std::make_unique<World>(options)) {}

ManualEnvironment::~ManualEnvironment() = default;

Environment ManualEnvironment::environment() {
  return {.clock = *world_, .executor = *world_, .timers = *world_, .random = *world_};
}

Time ManualEnvironment::Now() const { return world_->Now(); }
std::uint64_t ManualEnvironment::seed() const { return world_->options().seed; }

bool ManualEnvironment::RunNext() { return world_->Step(kNever); }

std::size_t ManualEnvironment::RunReady() {
  StepLimit limit(world_->options(), "RunReady");
  while (world_->ready_count() > 0 && world_->Step(Now())) limit.Take(Now());
  return limit.count();
}

std::size_t ManualEnvironment::Advance(Duration duration) {
  StepLimit limit(world_->options(), "Advance");
  const Time end = Later(Now(), duration);
  while (world_->Step(end)) limit.Take(Now());
  world_->MoveClockTo(end);
  return limit.count();
}

bool ManualEnvironment::RunUntil(absl::FunctionRef<bool()> predicate, Duration limit) {
  StepLimit steps(world_->options(), "RunUntil");
  const Time end = Later(Now(), limit);
  while (!predicate()) {
    if (!world_->Step(end)) {
      world_->MoveClockTo(end);
      return predicate();
    }
    steps.Take(Now());
  }
  return true;
}

std::size_t ManualEnvironment::ready_count() const { return world_->ready_count(); }
std::size_t ManualEnvironment::timer_count() const { return world_->timer_count(); }

}  // namespace onager::simulation
