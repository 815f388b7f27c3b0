#include "runtime/base/system_environment.h"

#include <chrono>
#include <map>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "runtime/base/mutex.h"
#include "runtime/base/thread_pool.h"
#include "runtime/base/xoshiro.h"

namespace onager {
namespace {

using std::chrono::steady_clock;

class SteadyClock final : public Clock {
 public:
  Time Now() const override {
    return Time(std::chrono::duration_cast<Duration>(steady_clock::now().time_since_epoch()));
  }
};

class SystemRandom final : public Random {
 public:
  std::uint64_t Next() override {
    MutexLock lock(mutex_);
    return generator_.Next();
  }

 private:
  static std::uint64_t Seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }

  Mutex mutex_;
  Xoshiro256 generator_ ABSL_GUARDED_BY(mutex_){Seed()};
};

class TimerThread final : public Timers {
 public:
  explicit TimerThread(Executor& executor) : executor_(executor), thread_([this] { Work(); }) {}

  Id At(Time when, Executor::Function function) override {
    bool is_first = false;
    Id id = 0;
    {
      MutexLock lock(mutex_);
      id = ++last_id_;
      if (stopping_) return id;
      const auto entry = entries_.emplace(std::pair(when, id), std::move(function)).first;
      times_.emplace(id, when);
      is_first = entry == entries_.begin();
    }
    if (is_first) wake_.NotifyOne();
    return id;
  }

  bool Cancel(Id id) override {
    Executor::Function cancelled;  // Destroyed after the lock is gone: it may own something that cancels.
    MutexLock lock(mutex_);
    const auto time = times_.find(id);
    if (time == times_.end()) return false;
    const auto entry = entries_.find(std::pair(time->second, id));
    cancelled = std::move(entry->second);
    entries_.erase(entry);
    times_.erase(time);
    return true;
  }

  void Shutdown() {
    Entries dropped;
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      dropped.swap(entries_);
      times_.clear();
    }
    wake_.NotifyOne();
    thread_.join();
  }

 private:
  using Entries = std::map<std::pair<Time, Id>, Executor::Function>;

  void Work() {
    SteadyClock clock;
    std::vector<Executor::Function> due;
    while (true) {
      {
        MutexLock lock(mutex_);
        while (!stopping_ && !TakeDue(clock.Now(), due)) {
          if (entries_.empty() || entries_.begin()->first.first == kNever) {
            wake_.Wait(mutex_);
          } else {
            wake_.WaitUntil(mutex_,
                            steady_clock::time_point(entries_.begin()->first.first.time_since_epoch()));
          }
        }
        if (stopping_) return;
      }
      for (Executor::Function& function : due) executor_.Post(std::move(function));
      due.clear();
    }
  }

  bool TakeDue(Time now, std::vector<Executor::Function>& due) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (!entries_.empty() && entries_.begin()->first.first <= now) {
      due.push_back(std::move(entries_.begin()->second));
      times_.erase(entries_.begin()->first.second);
      entries_.erase(entries_.begin());
    }
    return !due.empty();
  }

  Executor& executor_;
  Mutex mutex_;
  CondVar wake_;
  // `times_` finds an entry by id; both hold the same timers.
  Entries entries_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Id, Time> times_ ABSL_GUARDED_BY(mutex_);
  Id last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace

struct SystemEnvironment::Parts {
  explicit Parts(const SystemEnvironmentOptions& options) : pool(options.thread_count), timers(pool) {}

  SteadyClock clock;
  SystemRandom random;
  ThreadPool pool;
  TimerThread timers;
};

SystemEnvironment::SystemEnvironment(const SystemEnvironmentOptions& options)
    : parts_(std::make_unique<Parts>(options)) {}

SystemEnvironment::~SystemEnvironment() {
  // The functions that the pool still finishes may use every part, so none is destroyed before.
  parts_->timers.Shutdown();
  parts_->pool.Shutdown();
}

Environment SystemEnvironment::environment() {
  return {
      .clock = parts_->clock, .executor = parts_->pool, .timers = parts_->timers, .random = parts_->random};
}

}  // namespace onager
