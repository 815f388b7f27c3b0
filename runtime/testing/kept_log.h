#ifndef ONAGER_RUNTIME_TESTING_KEPT_LOG_H_
#define ONAGER_RUNTIME_TESTING_KEPT_LOG_H_

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "onager/log.h"
#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"

namespace onager {

/// A log that is kept, as lines of logfmt, for a test to look at or to wait for. Thread-safe.
class KeptLog final : public LogSink {
 public:
  void Write(const LogRecord& record) override {
    MutexLock lock(mutex_);
    lines_.push_back(ToLogfmt(record));
    changed_.NotifyAll();
  }

  std::vector<std::string> lines() const {
    MutexLock lock(mutex_);
    return lines_;
  }
  std::string text() const {
    std::string text;
    for (const std::string& line : lines()) text += line + "\n";
    return text;
  }
  /// How many lines have this in them.
  int Count(std::string_view text) const {
    MutexLock lock(mutex_);
    return CountLocked(text);
  }
  /// Until so many have; false: they do not come.
  bool AwaitCount(std::string_view text, int count, Duration patience = std::chrono::minutes(1)) {
    const auto until = std::chrono::steady_clock::now() + patience;
    MutexLock lock(mutex_);
    while (CountLocked(text) < count) {
      if (!changed_.WaitUntil(mutex_, until)) return CountLocked(text) >= count;
    }
    return true;
  }

 private:
  int CountLocked(std::string_view text) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return static_cast<int>(std::count_if(lines_.begin(), lines_.end(), [text](const std::string& line) {
      return line.find(text) != std::string::npos;
    }));
  }

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_TESTING_KEPT_LOG_H_
