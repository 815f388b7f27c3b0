#ifndef ONAGER_EXAMPLES_HOST_MONITOR_HOST_SAMPLER_H_
#define ONAGER_EXAMPLES_HOST_MONITOR_HOST_SAMPLER_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proc_text.h"

namespace host_monitor {

struct ProcessSample {
  ProcessStat stat;
  std::string user;
  double cpu_percent = 0;  // Rounded to 0.1.
  std::int64_t memory_bytes = 0;
};

struct HostSample {
  std::vector<ProcessSample> processes;  // By pid.
  std::vector<InterfaceBytes> interfaces;
  LoadAverage load;
  Memory memory;
  CpuTotals cpu;
  double cpu_percent = 0;  // Of all processors together. Rounded to 0.1.
};

/// Reads the state of the machine from /proc, and remembers from one sample to the next what it needs to tell
/// how busy each process was. Not thread-safe.
class HostSampler {
 public:
  using Clock = std::chrono::steady_clock;

  explicit HostSampler(std::filesystem::path proc = "/proc");

  /// What cannot be read is left out: processes end while they are looked at.
  HostSample Sample(Clock::time_point now = Clock::now());

 private:
  struct Usage {
    std::uint64_t start_ticks = 0;
    std::uint64_t cpu_ticks = 0;
  };

  std::vector<ProcessSample> SampleProcesses(double elapsed_seconds);
  // What the process used of one processor since the previous sample; 0 when it was not there then.
  double CpuPercent(const ProcessStat& stat, double elapsed_seconds) const;
  const std::string& UserName(std::uint32_t user_id);

  const std::filesystem::path proc_;
  const double ticks_per_second_;
  const std::uint64_t page_bytes_;
  Clock::time_point sampled_at_;
  CpuTotals cpu_;                                          // At `sampled_at_`.
  absl::flat_hash_map<std::int64_t, Usage> usage_by_pid_;  // At `sampled_at_`.
  absl::flat_hash_map<std::uint32_t, std::string> user_names_;
};

}  // namespace host_monitor

#endif  // ONAGER_EXAMPLES_HOST_MONITOR_HOST_SAMPLER_H_
