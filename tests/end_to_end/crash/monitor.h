#ifndef ONAGER_TESTS_CRASH_MONITOR_H_
#define ONAGER_TESTS_CRASH_MONITOR_H_

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "absl/time/time.h"
#include "runtime/base/mutex.h"

namespace onager::crash {

/// One lock for all that the callbacks of a test report, and a way to wait for what they do.
class Monitor {
 public:
  /// Runs `report` under the lock; whoever waits looks again.
  template <typename Report>
  auto Do(Report&& report) {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
    return std::forward<Report>(report)();
  }

  /// Waits until `predicate` holds, which is asked under the lock. False when it does not within `patience`.
  [[nodiscard]] bool Until(const std::function<bool()>& predicate, absl::Duration patience) {
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(patience);
    MutexLock lock(mutex_);
    while (!predicate()) {
      const auto now = std::chrono::steady_clock::now();
      if (now >= deadline) return false;
      // Not all that predicates look at is reported.
      (void)changed_.WaitUntil(mutex_, std::min(deadline, now + std::chrono::milliseconds(5)));
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
};

}  // namespace onager::crash

#endif  // ONAGER_TESTS_CRASH_MONITOR_H_
