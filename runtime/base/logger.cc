#include "runtime/base/logger.h"

#include <string>
#include <utility>

namespace onager {

void Logger::Log(LogLevel level, std::string_view message, std::vector<LogField> fields) {
  if (sink_ == nullptr) return;
  const Time now = clock_.Now();
  std::uint64_t suppressed = 0;
  {
    MutexLock lock(mutex_);
    Recent& recent = recent_[message];
    if (recent.records > 0 && now - recent.begin >= rate_.interval) recent.records = 0;
    if (recent.records == 0) recent.begin = now;
    if (recent.records >= rate_.records_max) {
      ++recent.suppressed;
      return;
    }
    ++recent.records;
    suppressed = std::exchange(recent.suppressed, 0);
  }
  LogRecord record;
  record.level = level;
  record.message = message;
  record.fields = std::move(fields);
  if (suppressed > 0) record.fields.emplace_back("suppressed", std::to_string(suppressed));
  sink_->Write(record);
}

}  // namespace onager
