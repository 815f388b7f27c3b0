#include "screen.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "proc_text.h"

namespace host_monitor {
namespace {

using v1::HostMonitorState;
using v1::Interface;
using v1::Process;

// The busiest first; among idle ones the largest.
std::vector<const Process*> Busiest(const HostMonitorState& state, std::size_t count) {
  std::vector<const Process*> processes;
  processes.reserve(state.processes.size());
  for (const Process& process : state.processes) processes.push_back(&process);
  count = std::min(count, processes.size());
  std::partial_sort(processes.begin(), processes.begin() + static_cast<std::ptrdiff_t>(count),
                    processes.end(), [](const Process* a, const Process* b) {
                      return std::tuple(b->cpu_percent, b->memory_bytes, a->pid) <
                             std::tuple(a->cpu_percent, a->memory_bytes, b->pid);
                    });
  processes.resize(count);
  return processes;
}

std::string MemoryText(const HostMonitorState& state) {
  const std::int64_t used = state.memory_total_bytes - state.memory_available_bytes;
  return absl::StrCat(FormatBytes(static_cast<double>(used)), " of ",
                      FormatBytes(static_cast<double>(state.memory_total_bytes)));
}

std::string UptimeText(const HostMonitorState& state) {
  if (state.sampled_at_unix_ms == 0) return "not sampled yet";
  const std::int64_t seconds =
      std::max<std::int64_t>(state.sampled_at_unix_ms / 1000 - state.booted_at_unix_s, 0);
  return absl::StrFormat("up %dd %02d:%02d:%02d", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
                         seconds % 60);
}

// Cut to the width, and harmless to a terminal: what a process calls itself comes from outside.
std::string Fit(std::string_view text, std::size_t columns) { return Printable(text.substr(0, columns)); }

}  // namespace

std::vector<InterfaceRate> RatesBetween(const HostMonitorState& earlier, const HostMonitorState& later) {
  const double seconds = static_cast<double>(later.sampled_at_unix_ms - earlier.sampled_at_unix_ms) / 1000;
  std::vector<InterfaceRate> rates;
  for (const Interface& interface : later.interfaces) {
    InterfaceRate rate{.name = interface.name};
    const Interface* before = earlier.interfaces.Find(interface.name);
    if (before != nullptr && seconds > 0) {
      const auto per_second = [seconds](std::int64_t from, std::int64_t to) {
        return to > from ? (static_cast<double>(to) - static_cast<double>(from)) / seconds : 0;
      };
      rate.received_bytes = per_second(before->received_bytes, interface.received_bytes);
      rate.sent_bytes = per_second(before->sent_bytes, interface.sent_bytes);
    }
    rates.push_back(std::move(rate));
  }
  return rates;
}

std::vector<std::string> RenderScreen(const HostMonitorState& state, const std::vector<InterfaceRate>& rates,
                                      const std::vector<std::string>& heading, ScreenSize size) {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view line) {
    if (lines.size() < size.rows) lines.push_back(Fit(line, size.columns));
  };
  for (const std::string& line : heading) add(line);
  add(absl::StrFormat("load %.2f %.2f %.2f   %s", state.load.over_1m, state.load.over_5m, state.load.over_15m,
                      UptimeText(state)));
  add(absl::StrFormat("cpu %.1f %% of %d   memory %s", state.cpu_percent, state.core_count,
                      MemoryText(state)));
  for (const InterfaceRate& rate : rates) {
    const Interface* interface = state.interfaces.Find(rate.name);
    if (interface == nullptr || (interface->received_bytes == 0 && interface->sent_bytes == 0)) continue;
    add(absl::StrFormat(
        "%-8s in %10s/s of %10s  out %10s/s of %10s", rate.name, FormatBytes(rate.received_bytes),
        FormatBytes(static_cast<double>(interface->received_bytes)), FormatBytes(rate.sent_bytes),
        FormatBytes(static_cast<double>(interface->sent_bytes))));
  }
  add("");
  add(absl::StrFormat("%8s %-10s %1s %6s %10s %7s  %s", "PID", "USER", "S", "CPU%", "MEMORY", "THREADS",
                      "COMMAND"));
  for (const Process* process : Busiest(state, size.rows - lines.size())) {
    add(absl::StrFormat("%8d %-10.10s %1.1s %6.1f %10s %7d  %s", process->pid, process->user, process->state,
                        process->cpu_percent, FormatBytes(static_cast<double>(process->memory_bytes)),
                        process->threads, process->command));
  }
  return lines;
}

std::string RenderLine(const HostMonitorState& state) {
  const std::vector<const Process*> busiest = Busiest(state, 1);
  return absl::StrFormat("load %.2f, cpu %.1f %%, memory %s, %d processes, busiest %s", state.load.over_1m,
                         state.cpu_percent, MemoryText(state), state.processes.size(),
                         busiest.empty()
                             ? "none"
                             : absl::StrFormat("%s (%.1f %%)", Printable(busiest.front()->command),
                                               busiest.front()->cpu_percent));
}

std::string FormatBytes(double bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? absl::StrFormat("%.0f B", bytes) : absl::StrFormat("%.1f %s", bytes, kUnits[unit]);
}

}  // namespace host_monitor
