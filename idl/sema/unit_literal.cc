#include "idl/sema/unit_literal.h"

#include <span>
#include <string_view>
#include <utility>

namespace onager::idl {
namespace {

using Unit = std::pair<std::string_view, int64_t>;

struct Quantity {
  int64_t count = 0;
  int64_t unit = 0;
};

// The count is at most 2^40 times ten.
std::optional<Quantity> Read(const ast::Value& value, std::span<const Unit> units) {
  if (value.kind != ast::Value::Kind::kUnit) return std::nullopt;
  constexpr int64_t kCountMax = int64_t{1} << 40;
  int64_t count = 0;
  size_t digits = 0;
  while (digits < value.text.size() && value.text[digits] >= '0' && value.text[digits] <= '9') {
    if (count > kCountMax) return std::nullopt;
    count = count * 10 + (value.text[digits++] - '0');
  }
  for (const auto& [name, unit] : units) {
    if (value.text.substr(digits) == name) return Quantity{value.negative ? -count : count, unit};
  }
  return std::nullopt;
}

}  // namespace

std::optional<absl::Duration> ToDuration(const ast::Value& value) {
  constexpr Unit kUnits[] = {
      {"ns", 1},
      {"us", 1'000},
      {"ms", 1'000'000},
      {"s", 1'000'000'000},
      {"m", 60'000'000'000},
      {"h", 3'600'000'000'000},
      {"d", 86'400'000'000'000},
  };
  const std::optional<Quantity> quantity = Read(value, kUnits);
  if (!quantity.has_value()) return std::nullopt;
  const absl::Duration duration = absl::Nanoseconds(quantity->unit) * quantity->count;
  constexpr absl::Duration kMax = absl::Seconds(315'576'000'000);
  if (duration > kMax || duration < -kMax) return std::nullopt;
  return duration;
}

std::optional<absl::Duration> ToTimeout(const ast::Value& value) {
  const std::optional<absl::Duration> duration = ToDuration(value);
  if (!duration.has_value() || *duration <= absl::ZeroDuration() || *duration > absl::Hours(24 * 366)) {
    return std::nullopt;
  }
  return duration;
}

std::optional<uint64_t> ToByteCount(const ast::Value& value) {
  constexpr Unit kUnits[] = {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
  constexpr int64_t kMax = int64_t{1} << 40;
  const std::optional<Quantity> quantity = Read(value, kUnits);
  if (!quantity.has_value() || quantity->count <= 0 || quantity->count > kMax / quantity->unit) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(quantity->count * quantity->unit);
}

}  // namespace onager::idl
