#ifndef ONAGER_RUNTIME_BASE_LOGGER_H_
#define ONAGER_RUNTIME_BASE_LOGGER_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "onager/log.h"
#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"

namespace onager {

/// How often one message may be logged.
struct LogRate {
  int records_max = 10;
  Duration interval = std::chrono::seconds(10);
};

/// Hands records to a sink, so many of one message in an interval at most: a flood of the same costs a line
/// now and then, which says how many were passed over. Thread-safe. Without a sink it does nothing.
class Logger {
 public:
  Logger(std::shared_ptr<LogSink> sink, const Clock& clock, LogRate rate = LogRate())
      : sink_(std::move(sink)), clock_(clock), rate_(rate) {}

  /// `message` is a literal; messages are told apart by their text.
  void Log(LogLevel level, std::string_view message, std::vector<LogField> fields = {});

 private:
  struct Recent {
    Time begin{};  // Of the interval.
    int records = 0;
    std::uint64_t suppressed = 0;
  };

  const std::shared_ptr<LogSink> sink_;
  const Clock& clock_;
  const LogRate rate_;
  Mutex mutex_;
  absl::flat_hash_map<std::string_view, Recent> recent_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_LOGGER_H_
