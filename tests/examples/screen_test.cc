#include "screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace host_monitor {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

v1::HostMonitorState Busy() {
  v1::HostMonitorState state;
  for (int pid = 1; pid <= 100; ++pid) {
    state.processes.Append(v1::Process()
                               .with_pid(pid)
                               .with_command("command" + std::to_string(pid))
                               .with_user("root")
                               .with_cpu_percent(pid == 42 ? 99.5 : 0)
                               .with_memory_bytes(pid * 1024)
                               .with_state("S"));
  }
  state.sampled_at_unix_ms = 10'000;
  return state;
}

TEST(ScreenTest, ShowsTheBusiestThenTheLargest) {
  const auto lines = RenderScreen(Busy(), {}, {"heading"}, {.rows = 8, .columns = 80});
  ASSERT_THAT(lines, SizeIs(8));
  EXPECT_EQ(lines[0], "heading");
  EXPECT_THAT(lines[5], AllOf(HasSubstr("command42"), HasSubstr("99.5")));
  EXPECT_THAT(lines[6], HasSubstr("command100"));
  EXPECT_THAT(lines[7], HasSubstr("command99"));
}

TEST(ScreenTest, FitsAnyScreen) {
  for (std::size_t rows = 1; rows < 20; ++rows) {
    for (std::size_t columns = 1; columns < 120; columns += 7) {
      const auto lines = RenderScreen(Busy(), {}, {std::string(200, 'x')}, {rows, columns});
      EXPECT_LE(lines.size(), rows);
      for (const std::string& line : lines) EXPECT_LE(line.size(), columns);
    }
  }
}

TEST(ScreenTest, WhatAServerSaysCannotSteerTheTerminal) {
  v1::HostMonitorState state;
  state.processes.Append(
      v1::Process().with_pid(1).with_command("\x1b[31mred\r\n").with_user("\x07").with_state("\x1b"));
  state.interfaces.Append(v1::Interface().with_name("eth\x1b").with_received_bytes(1).with_sent_bytes(1));
  const auto lines = RenderScreen(state, RatesBetween(state, state), {"\x1b]0;title\x07"}, {});
  EXPECT_THAT(lines, Each(AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\x07")), Not(HasSubstr("\r")))));
  EXPECT_THAT(RenderLine(state), Not(HasSubstr("\x1b")));
}

TEST(ScreenTest, RatesArePerSecondAndNeverNegative) {
  v1::HostMonitorState earlier;
  earlier.sampled_at_unix_ms = 1'000;
  earlier.interfaces.Append(
      v1::Interface().with_name("eth0").with_received_bytes(1'000).with_sent_bytes(500));
  v1::HostMonitorState later;
  later.sampled_at_unix_ms = 3'000;
  later.interfaces.Append(
      v1::Interface().with_name("eth0").with_received_bytes(5'000).with_sent_bytes(0));  // Counted anew.
  later.interfaces.Append(v1::Interface().with_name("new0").with_received_bytes(9'000));

  const auto rates = RatesBetween(earlier, later);
  ASSERT_THAT(rates, SizeIs(2));
  EXPECT_EQ(rates[0].received_bytes, 2'000);
  EXPECT_EQ(rates[0].sent_bytes, 0);
  EXPECT_EQ(rates[1].received_bytes, 0);
  EXPECT_EQ(RatesBetween(later, later)[0].received_bytes, 0);
}

TEST(ScreenTest, BytesReadWell) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(24651416.0 * 1024), "23.5 GiB");
  EXPECT_EQ(FormatBytes(9.3e18), "8.1 EiB");
}

}  // namespace
}  // namespace host_monitor
