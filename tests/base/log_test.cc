#include "onager/log.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/logger.h"
#include "runtime/testing/kept_log.h"
#include "runtime/testing/manual_environment.h"

namespace onager {
namespace {

LogRecord RecordOf(std::string_view message, std::vector<LogField> fields) {
  LogRecord record;
  record.level = LogLevel::kWarning;
  record.message = message;
  record.fields = std::move(fields);
  return record;
}

TEST(LogTest, ARecordIsOneLineWhateverIsInIt) {
  EXPECT_EQ(ToLogfmt(RecordOf("drained", {{"sessions", "3"}, {"peer", "ipv4:127.0.0.1:1"}})),
            "level=warning msg=drained sessions=3 peer=ipv4:127.0.0.1:1");
  EXPECT_EQ(ToLogfmt(RecordOf("two words", {{"empty", ""},
                                            {"quoted", "say \"a=b\""},
                                            {"lines", "one\ntwo\r\t\x01"},
                                            {"utf8", "größe"},
                                            {"back", "a\\b"}})),
            "level=warning msg=\"two words\" empty=\"\" quoted=\"say \\\"a=b\\\"\" "
            "lines=\"one\\ntwo\\r\\t\\001\" utf8=größe back=\"a\\\\b\"");
}

TEST(LoggerTest, AFloodOfOneMessageIsALineNowAndThenThatSaysHowManyThereWere) {
  simulation::ManualEnvironment environment;
  const auto sink = std::make_shared<KeptLog>();
  LogRate rate;
  rate.records_max = 2;
  rate.interval = std::chrono::seconds(10);
  Logger logger(sink, environment.environment().clock, rate);
  for (int i = 0; i < 1000; ++i) logger.Log(LogLevel::kInfo, "flood", {{"i", std::to_string(i)}});
  logger.Log(LogLevel::kInfo, "something else");
  EXPECT_EQ(sink->lines(), (std::vector<std::string>{"level=info msg=flood i=0", "level=info msg=flood i=1",
                                                     "level=info msg=\"something else\""}));
  environment.Advance(std::chrono::seconds(10));
  logger.Log(LogLevel::kInfo, "flood", {{"i", "x"}});
  logger.Log(LogLevel::kInfo, "flood", {{"i", "y"}});
  EXPECT_EQ(sink->lines().at(3), "level=info msg=flood i=x suppressed=998");
  EXPECT_EQ(sink->lines().at(4), "level=info msg=flood i=y");
}

TEST(LoggerTest, WithoutASinkNothingHappens) {
  simulation::ManualEnvironment environment;
  Logger logger(nullptr, environment.environment().clock);
  logger.Log(LogLevel::kError, "nobody hears");
}

}  // namespace
}  // namespace onager
