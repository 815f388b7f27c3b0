#include "proc_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace host_monitor {
namespace {

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();

// As Linux 6.1 writes it; the fields are pid, name, state, and from the 14th on utime and stime.
std::string StatLine(const std::string& name, const std::string& utime = "250",
                     const std::string& resident_pages = "3000") {
  return "4711 (" + name + ") S 1 4711 4711 0 -1 4194560 9000 0 12 0 " + utime +
         " 50 0 0 20 0 7 0 88000 170000000 " + resident_pages +
         " 18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

TEST(ProcTextTest, ReadsAProcess) {
  const auto stat = ParseProcessStat(StatLine("systemd"));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->pid, 4711);
  EXPECT_EQ(stat->command, "systemd");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->cpu_ticks, 300u);
  EXPECT_EQ(stat->threads, 7);
  EXPECT_EQ(stat->start_ticks, 88000u);
  EXPECT_EQ(stat->resident_pages, 3000u);
}

TEST(ProcTextTest, NamesMayHoldSpacesAndParentheses) {
  for (const char* name : {"tmux: server", "(sd-pam)", "a) R 1 2 3", "x (y) z", ")", "(", ""}) {
    const auto stat = ParseProcessStat(StatLine(name));
    ASSERT_TRUE(stat.has_value()) << name;
    EXPECT_EQ(stat->command, name);
    EXPECT_EQ(stat->state, 'S') << name;
    EXPECT_EQ(stat->cpu_ticks, 300u) << name;
  }
}

TEST(ProcTextTest, NamesAreHarmlessToATerminalAndValidText) {
  // A terminal escape, a line break, and a two-byte character cut in the middle by the kernel.
  const auto stat = ParseProcessStat(StatLine("\x1b[2Jevil\n\xc3"));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->command, "?[2Jevil??");
}

TEST(ProcTextTest, HugeNumbersSaturate) {
  const std::string huge = "99999999999999999999999999";
  const auto stat = ParseProcessStat(StatLine("huge", huge, huge));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->cpu_ticks, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(stat->resident_pages, std::numeric_limits<std::uint64_t>::max());

  const auto memory = ParseMemory("MemTotal: " + huge + " kB\nMemAvailable: 9007199254740993 kB\n");
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->total_bytes, kInt64Max);
  EXPECT_EQ(memory->available_bytes, kInt64Max);

  const auto interfaces = ParseInterfaces("eth0:" + huge + " 0 0 0 0 0 0 0 18446744073709551615 0\n");
  ASSERT_EQ(interfaces.size(), 1u);
  EXPECT_EQ(interfaces[0].received, kInt64Max);
  EXPECT_EQ(interfaces[0].sent, kInt64Max);
}

TEST(ProcTextTest, WhatIsNoProcessIsRefused) {
  EXPECT_FALSE(ParseProcessStat(""));  // The process ended between the opening and the reading.
  EXPECT_FALSE(ParseProcessStat("4711"));
  EXPECT_FALSE(ParseProcessStat("4711 (cut off"));
  EXPECT_FALSE(ParseProcessStat("4711 (cut off) S 1 4711"));
  EXPECT_FALSE(ParseProcessStat(") 4711 ("));
  EXPECT_FALSE(ParseProcessStat(StatLine("negative", "-250")));
  const std::string whole = StatLine("prefix");
  for (std::size_t size = 0; size < whole.find(" 3000"); ++size) {
    EXPECT_FALSE(ParseProcessStat(whole.substr(0, size))) << size;
  }
}

TEST(ProcTextTest, ReadsTheLoad) {
  const auto load = ParseLoadAverage("4.13 3.81 2.16 7/117 21329\n");
  ASSERT_TRUE(load.has_value());
  EXPECT_EQ(load->over_1m, 4.13);
  EXPECT_EQ(load->over_5m, 3.81);
  EXPECT_EQ(load->over_15m, 2.16);
  for (const char* text : {"", "1.0 2.0", "nan 1 1", "inf 1 1", "-1 1 1", "1,0 1 1"}) {
    EXPECT_FALSE(ParseLoadAverage(text)) << text;
  }
}

TEST(ProcTextTest, ReadsTheMemory) {
  const auto memory =
      ParseMemory("MemTotal:       24651416 kB\nMemFree:        21340124 kB\nMemAvailable:   23141524 kB\n");
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->total_bytes, 24651416ll * 1024);
  EXPECT_EQ(memory->available_bytes, 23141524ll * 1024);
  EXPECT_FALSE(ParseMemory("MemTotal: 24651416 kB\n"));
  EXPECT_FALSE(ParseMemory("MemTotal: much kB\nMemAvailable: 1 kB\n"));
}

TEST(ProcTextTest, ReadsTheInterfaces) {
  const auto interfaces = ParseInterfaces(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop\n"
      "    lo: 1148586394   87142    0    0    0     0          0         0 1148586395   87142    0    0\n"
      "  eth0:210369049    3926    0    0    0     0          0         0   163305    2162    0    0\n"
      " short: 1 2 3\n");
  ASSERT_EQ(interfaces.size(), 2u);
  EXPECT_EQ(interfaces[0].name, "lo");
  EXPECT_EQ(interfaces[0].received, 1148586394);
  EXPECT_EQ(interfaces[0].sent, 1148586395);
  EXPECT_EQ(interfaces[1].name, "eth0");
  EXPECT_EQ(interfaces[1].received, 210369049);
  EXPECT_EQ(interfaces[1].sent, 163305);
}

TEST(ProcTextTest, ReadsWhatTheProcessorsDid) {
  const auto cpu = ParseCpuTotals(
      "cpu  100 10 30 1000 50 0 5 1 7 8\n"
      "cpu0 50 5 15 500 25 0 3 1 0 0\n"
      "cpu1 50 5 15 500 25 0 2 0 0 0\n"
      "intr 12345 6 7\nctxt 99\nbtime 1700000000\nprocesses 4\n");
  ASSERT_TRUE(cpu.has_value());
  EXPECT_EQ(cpu->busy_ticks, 146u);  // All but idle, waiting, and what guests had, which is in user already.
  EXPECT_EQ(cpu->all_ticks, 1196u);
  EXPECT_EQ(cpu->core_count, 2);
  EXPECT_EQ(cpu->booted_at_unix_s, 1700000000);
  EXPECT_FALSE(ParseCpuTotals("btime 1700000000\n"));
  EXPECT_FALSE(ParseCpuTotals("cpu  1 2 many\n"));
}

}  // namespace
}  // namespace host_monitor
