#include "host_sampler.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace host_monitor {
namespace {

constexpr std::size_t kFileBytesMax = 1u << 20;

// Empty when there is no such file, or no longer.
std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 4096> buffer;
  while (text.size() < kFileBytesMax && (file.read(buffer.data(), buffer.size()) || file.gcount() > 0)) {
    text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  return text;
}

// The processes that there are, by their directories.
std::vector<std::int64_t> Pids(const std::filesystem::path& proc) {
  std::vector<std::int64_t> pids;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(proc, error), end; !error && entry != end;
       entry.increment(error)) {
    std::int64_t pid = 0;
    if (absl::SimpleAtoi(entry->path().filename().string(), &pid)) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

// Between two moments, in percent; 0 for the first sample, whose `earlier` is empty.
double Utilization(const CpuTotals& earlier, const CpuTotals& later) {
  if (earlier.all_ticks == 0 || later.all_ticks <= earlier.all_ticks ||
      later.busy_ticks < earlier.busy_ticks) {
    return 0;
  }
  const auto busy = static_cast<double>(later.busy_ticks - earlier.busy_ticks);
  const auto all = static_cast<double>(later.all_ticks - earlier.all_ticks);
  return std::round(busy / all * 1000) / 10;
}

}  // namespace

HostSampler::HostSampler(std::filesystem::path proc)
    : proc_(std::move(proc)),
      ticks_per_second_(static_cast<double>(std::max(sysconf(_SC_CLK_TCK), 1l))),
      page_bytes_(static_cast<std::uint64_t>(std::max(sysconf(_SC_PAGESIZE), 1l))) {}

HostSample HostSampler::Sample(Clock::time_point now) {
  HostSample sample;
  sample.processes = SampleProcesses(std::chrono::duration<double>(now - sampled_at_).count());
  sampled_at_ = now;
  usage_by_pid_.clear();
  for (const ProcessSample& process : sample.processes) {
    usage_by_pid_[process.stat.pid] = {process.stat.start_ticks, process.stat.cpu_ticks};
  }
  sample.interfaces = ParseInterfaces(ReadFile(proc_ / "net/dev"));
  sample.load = ParseLoadAverage(ReadFile(proc_ / "loadavg")).value_or(LoadAverage());
  sample.memory = ParseMemory(ReadFile(proc_ / "meminfo")).value_or(Memory());
  sample.cpu = ParseCpuTotals(ReadFile(proc_ / "stat")).value_or(CpuTotals());
  sample.cpu_percent = Utilization(cpu_, sample.cpu);
  cpu_ = sample.cpu;
  return sample;
}

std::vector<ProcessSample> HostSampler::SampleProcesses(double elapsed_seconds) {
  std::vector<ProcessSample> processes;
  for (const std::int64_t pid : Pids(proc_)) {
    const std::filesystem::path directory = proc_ / absl::StrCat(pid);
    struct stat owner{};
    std::optional<ProcessStat> stat = ParseProcessStat(ReadFile(directory / "stat"));
    if (!stat.has_value() || stat->pid != pid || ::stat(directory.c_str(), &owner) != 0) continue;

    ProcessSample process;
    process.user = UserName(owner.st_uid);
    process.cpu_percent = CpuPercent(*stat, elapsed_seconds);
    constexpr auto kBytesMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    process.memory_bytes =
        static_cast<std::int64_t>(std::min(stat->resident_pages, kBytesMax / page_bytes_) * page_bytes_);
    process.stat = *std::move(stat);
    processes.push_back(std::move(process));
  }
  return processes;
}

double HostSampler::CpuPercent(const ProcessStat& stat, double elapsed_seconds) const {
  const auto before = usage_by_pid_.find(stat.pid);
  if (before == usage_by_pid_.end() || before->second.start_ticks != stat.start_ticks ||
      before->second.cpu_ticks > stat.cpu_ticks || elapsed_seconds <= 0) {
    return 0;
  }
  const double busy_seconds =
      static_cast<double>(stat.cpu_ticks - before->second.cpu_ticks) / ticks_per_second_;
  return std::round(busy_seconds / elapsed_seconds * 1000) / 10;
}

const std::string& HostSampler::UserName(std::uint32_t user_id) {
  const auto [entry, is_new] = user_names_.try_emplace(user_id);
  if (is_new) {
    passwd user{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer;
    if (getpwuid_r(user_id, &user, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
      entry->second = Printable(found->pw_name);
    } else {
      entry->second = absl::StrCat(user_id);
    }
  }
  return entry->second;
}

}  // namespace host_monitor
