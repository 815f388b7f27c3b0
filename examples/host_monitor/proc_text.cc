#include "proc_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"

namespace host_monitor {
namespace {

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();

// The non-empty parts of `text` between any of `separators`.
std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; (begin = text.find_first_not_of(separators, begin)) != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return parts;
}

std::vector<std::string_view> Words(std::string_view text) { return Split(text, " \t\n"); }
std::vector<std::string_view> Lines(std::string_view text) { return Split(text, "\n"); }

bool IsNumber(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), absl::ascii_isdigit);
}

// Digits only; what does not fit is the largest number.
std::optional<std::uint64_t> ParseCount(std::string_view word) {
  if (!IsNumber(word)) return std::nullopt;
  std::uint64_t value = 0;
  const bool fits = std::from_chars(word.data(), word.data() + word.size(), value).ec == std::errc();
  return fits ? value : std::numeric_limits<std::uint64_t>::max();
}

std::optional<std::int64_t> ParseSigned(std::string_view word) {
  const std::optional<std::uint64_t> count = ParseCount(word);
  if (!count.has_value()) return std::nullopt;
  return static_cast<std::int64_t>(std::min(*count, static_cast<std::uint64_t>(kInt64Max)));
}

std::int32_t ToInt32(std::uint64_t count) {
  constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
  return count > static_cast<std::uint64_t>(kMax) ? kMax : static_cast<std::int32_t>(count);
}

std::uint64_t SaturatingSum(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max()
                                                           : a + b;
}

std::optional<double> ParseLoad(std::string_view word) {
  double load = 0;
  const char* const end = word.data() + word.size();
  const auto [parsed_to, error] = std::from_chars(word.data(), end, load);
  if (error != std::errc() || parsed_to != end || !std::isfinite(load) || load < 0) return std::nullopt;
  return load;
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  // The name stands in parentheses and may hold spaces and parentheses itself, so it ends at the last one.
  const std::size_t open = text.find(" (");
  const std::size_t close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open + 2) return std::nullopt;

  // Counted from the state, which follows the name.
  constexpr std::size_t kState = 0;
  constexpr std::size_t kUserTicks = 11;
  constexpr std::size_t kSystemTicks = 12;
  constexpr std::size_t kThreads = 17;
  constexpr std::size_t kStartTicks = 19;
  constexpr std::size_t kResidentPages = 21;
  const std::vector<std::string_view> fields = Words(text.substr(close + 1));
  if (fields.size() <= kResidentPages || fields[kState].size() != 1) return std::nullopt;

  const std::optional<std::int64_t> pid = ParseSigned(text.substr(0, open));
  const std::optional<std::uint64_t> user_ticks = ParseCount(fields[kUserTicks]);
  const std::optional<std::uint64_t> system_ticks = ParseCount(fields[kSystemTicks]);
  const std::optional<std::uint64_t> threads = ParseCount(fields[kThreads]);
  const std::optional<std::uint64_t> start_ticks = ParseCount(fields[kStartTicks]);
  const std::optional<std::uint64_t> resident_pages = ParseCount(fields[kResidentPages]);
  if (!pid || !user_ticks || !system_ticks || !threads || !start_ticks || !resident_pages)
    return std::nullopt;

  ProcessStat stat;
  stat.pid = *pid;
  stat.command = Printable(text.substr(open + 2, close - open - 2));
  stat.state = Printable(fields[kState]).front();
  stat.cpu_ticks = SaturatingSum(*user_ticks, *system_ticks);
  stat.start_ticks = *start_ticks;
  stat.threads = ToInt32(*threads);
  stat.resident_pages = *resident_pages;
  return stat;
}

std::optional<CpuTotals> ParseCpuTotals(std::string_view text) {
  CpuTotals totals;
  bool has_totals = false;
  for (const std::string_view line : Lines(text)) {
    const std::vector<std::string_view> words = Words(line);
    if (words.size() < 2) continue;
    if (words[0] == "cpu") {
      // user nice system idle iowait irq softirq steal; what follows is counted in user and nice already.
      constexpr std::size_t kIdle = 4;
      constexpr std::size_t kIoWait = 5;
      constexpr std::size_t kSteal = 8;
      for (std::size_t column = 1; column <= kSteal && column < words.size(); ++column) {
        const std::optional<std::uint64_t> ticks = ParseCount(words[column]);
        if (!ticks.has_value()) return std::nullopt;
        totals.all_ticks = SaturatingSum(totals.all_ticks, *ticks);
        if (column == kIdle || column == kIoWait) continue;
        totals.busy_ticks = SaturatingSum(totals.busy_ticks, *ticks);
      }
      has_totals = true;
    } else if (words[0].starts_with("cpu") && IsNumber(words[0].substr(3))) {
      ++totals.core_count;
    } else if (words[0] == "btime") {
      totals.booted_at_unix_s = ParseSigned(words[1]).value_or(0);
    }
  }
  if (!has_totals) return std::nullopt;
  return totals;
}

std::optional<LoadAverage> ParseLoadAverage(std::string_view text) {
  const std::vector<std::string_view> words = Words(text);
  if (words.size() < 3) return std::nullopt;
  const std::optional<double> over_1m = ParseLoad(words[0]);
  const std::optional<double> over_5m = ParseLoad(words[1]);
  const std::optional<double> over_15m = ParseLoad(words[2]);
  if (!over_1m || !over_5m || !over_15m) return std::nullopt;
  return LoadAverage{*over_1m, *over_5m, *over_15m};
}

std::optional<Memory> ParseMemory(std::string_view text) {
  const auto find = [text](std::string_view name) -> std::optional<std::int64_t> {
    for (const std::string_view line : Lines(text)) {
      const std::vector<std::string_view> words = Words(line);
      if (words.size() != 3 || words[0] != name || words[2] != "kB") continue;
      const std::optional<std::int64_t> kibibytes = ParseSigned(words[1]);
      if (!kibibytes.has_value()) return std::nullopt;
      return *kibibytes > kInt64Max / 1024 ? kInt64Max : *kibibytes * 1024;
    }
    return std::nullopt;
  };
  const std::optional<std::int64_t> total = find("MemTotal:");
  const std::optional<std::int64_t> available = find("MemAvailable:");
  if (!total || !available) return std::nullopt;
  return Memory{*total, *available};
}

std::vector<InterfaceBytes> ParseInterfaces(std::string_view text) {
  std::vector<InterfaceBytes> interfaces;
  for (const std::string_view line : Lines(text)) {
    // The two heading lines have no colon. A name cannot hold one.
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const std::vector<std::string_view> counts = Words(line.substr(colon + 1));
    constexpr std::size_t kReceived = 0;
    constexpr std::size_t kSent = 8;
    if (counts.size() <= kSent) continue;
    const std::optional<std::int64_t> received = ParseSigned(counts[kReceived]);
    const std::optional<std::int64_t> sent = ParseSigned(counts[kSent]);
    const std::vector<std::string_view> name = Words(line.substr(0, colon));
    if (received && sent && name.size() == 1) {
      interfaces.push_back({Printable(name.front()), *received, *sent});
    }
  }
  return interfaces;
}

std::string Printable(std::string_view text) {
  std::string printable(text);
  for (char& byte : printable) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(byte))) byte = '?';
  }
  return printable;
}

}  // namespace host_monitor
