#ifndef ONAGER_EXAMPLES_HOST_MONITOR_PROC_TEXT_H_
#define ONAGER_EXAMPLES_HOST_MONITOR_PROC_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace host_monitor {

/// What the kernel says of one process, times in clock ticks.
struct ProcessStat {
  std::int64_t pid = 0;
  std::string command;
  char state = '?';
  std::uint64_t cpu_ticks = 0;    // In user and kernel mode, of all its threads.
  std::uint64_t start_ticks = 0;  // Since boot: tells a process from a later one with the same pid.
  std::int32_t threads = 0;
  std::uint64_t resident_pages = 0;
};

/// What all processors together have done since boot, in clock ticks.
struct CpuTotals {
  std::uint64_t busy_ticks = 0;
  std::uint64_t all_ticks = 0;  // Idle ones too.
  std::int32_t core_count = 0;
  std::int64_t booted_at_unix_s = 0;
};

struct LoadAverage {
  double over_1m = 0;
  double over_5m = 0;
  double over_15m = 0;

  friend bool operator==(const LoadAverage&, const LoadAverage&) = default;
};

struct Memory {
  std::int64_t total_bytes = 0;
  std::int64_t available_bytes = 0;
};

struct InterfaceBytes {
  std::string name;
  std::int64_t received = 0;
  std::int64_t sent = 0;
};

// Each parses the text of one file of /proc. Text that is not as the kernel writes it gives nothing; numbers
// too large for their field become the largest one.

/// /proc/<pid>/stat
std::optional<ProcessStat> ParseProcessStat(std::string_view text);
/// /proc/stat
std::optional<CpuTotals> ParseCpuTotals(std::string_view text);
/// /proc/loadavg
std::optional<LoadAverage> ParseLoadAverage(std::string_view text);
/// /proc/meminfo
std::optional<Memory> ParseMemory(std::string_view text);
/// /proc/net/dev. Lines that cannot be read are left out.
std::vector<InterfaceBytes> ParseInterfaces(std::string_view text);

/// `text` with every byte that is no printable ASCII replaced by '?'. A process may call itself what it
/// likes, terminal escapes and broken UTF-8 included.
std::string Printable(std::string_view text);

}  // namespace host_monitor

#endif  // ONAGER_EXAMPLES_HOST_MONITOR_PROC_TEXT_H_
