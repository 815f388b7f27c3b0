#ifndef ONAGER_LOG_H_
#define ONAGER_LOG_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onager {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// "debug", "info", "warning", "error"
std::string_view LogLevelName(LogLevel level);

struct LogField {
  LogField(std::string_view field, std::string text) : name(field), value(std::move(text)) {}

  std::string_view name;  // A literal, in snake_case.
  std::string value;
};

/// Something that happened, once. No payload is ever in it, nor a credential.
struct LogRecord {
  LogRecord() = default;

  LogLevel level = LogLevel::kInfo;
  std::string_view message;  // A literal: what varies is in the fields.
  std::vector<LogField> fields;
};

/// Where a server's log goes. Called on any thread, by several at once; must not block for long, and must not
/// throw.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void Write(const LogRecord& record) = 0;
};

/// The record as one line of logfmt, without the line's end: `level=info msg="serving"
/// address=127.0.0.1:7000`. A value with spaces, quotes, `=` or control characters is quoted and escaped.
std::string ToLogfmt(const LogRecord& record);

/// Writes to stderr, each record of that level or above as one line with the time before it: `ts=…`.
std::shared_ptr<LogSink> StderrLog(LogLevel level_min = LogLevel::kInfo);

}  // namespace onager

#endif  // ONAGER_LOG_H_
