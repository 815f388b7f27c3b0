#include "onager/log.h"

#include <cstdio>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace onager {
namespace {

bool NeedsQuotes(std::string_view value) {
  for (const char character : value) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte <= ' ' || byte == '"' || byte == '=' || byte == '\\' || byte == 0x7f) return true;
  }
  return value.empty();
}

void AppendField(std::string& line, std::string_view name, std::string_view value) {
  line += ' ';
  line += name;
  line += '=';
  if (NeedsQuotes(value)) {
    absl::StrAppend(&line, "\"", absl::Utf8SafeCEscape({value.data(), value.size()}), "\"");
  } else {
    line += value;
  }
}

class StderrSink final : public LogSink {
 public:
  explicit StderrSink(LogLevel level_min) : level_min_(level_min) {}

  void Write(const LogRecord& record) override {
    if (record.level < level_min_) return;
    // In one piece, so that the lines of several threads do not mix.
    const std::string line =
        absl::StrCat("ts=", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()), " ",
                     ToLogfmt(record), "\n");
    std::fwrite(line.data(), 1, line.size(), stderr);
  }

 private:
  const LogLevel level_min_;
};

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string ToLogfmt(const LogRecord& record) {
  std::string line = "level=";
  line += LogLevelName(record.level);
  AppendField(line, "msg", record.message);
  for (const LogField& field : record.fields) AppendField(line, field.name, field.value);
  return line;
}

std::shared_ptr<LogSink> StderrLog(LogLevel level_min) { return std::make_shared<StderrSink>(level_min); }

}  // namespace onager
