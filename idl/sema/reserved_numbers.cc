#include "idl/sema/reserved_numbers.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>

namespace onager::idl {

std::optional<int64_t> ToInt64(const ast::Integer& integer) {
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (integer.overflow || integer.magnitude > kMax) return std::nullopt;
  const auto magnitude = static_cast<int64_t>(integer.magnitude);
  return integer.negative ? -magnitude : magnitude;
}

void ReservedNumberSet::Add(const ast::ReservedNumbers& range, DiagnosticEmitter& emitter) {
  const std::optional<int64_t> first = ToInt64(range.first);
  const std::optional<int64_t> last = range.to_max ? max_ : ToInt64(range.last);
  const auto in_bounds = [&](const std::optional<int64_t>& n) {
    return n.has_value() && *n >= min_ && *n <= max_;
  };
  if (!in_bounds(first) || !in_bounds(last)) {
    const ast::Integer& wrong = in_bounds(first) ? range.last : range.first;
    if (min_ == kFieldNumberMin) {
      emitter.Emit(wrong.range, diag::NumberOutOfRange, wrong.text);
    } else {
      emitter.Emit(wrong.range, diag::EnumNumberOutOfRange, wrong.text);
    }
    return;
  }
  if (*first > *last) {
    emitter.Emit(range.range, diag::ReservedRangeBackwards, *first, *last);
    return;
  }
  // Ranges do not overlap, so only the last one that begins at or before `last` can reach into this.
  const auto after = ranges_.upper_bound(*last);
  if (after != ranges_.begin() && std::prev(after)->second.last >= *first) {
    const auto& [other_first, other] = *std::prev(after);
    const std::string text = "number " + std::to_string(std::max(*first, other_first));
    emitter.Emit(range.range, diag::ReservedTwice, text).Note(other.source, diag::FirstHere);
    return;
  }
  ranges_.emplace(*first, Range{*last, range.range});
}

const SourceRange* ReservedNumberSet::Find(int64_t number) const {
  const auto after = ranges_.upper_bound(number);
  if (after == ranges_.begin() || std::prev(after)->second.last < number) return nullptr;
  return &std::prev(after)->second.source;
}

std::vector<ReservedNumbers> ReservedNumberSet::ToModel() const {
  std::vector<ReservedNumbers> out;
  for (const auto& [first, range] : ranges_) {
    out.push_back(ReservedNumbers{static_cast<int32_t>(first), static_cast<int32_t>(range.last)});
  }
  return out;
}

}  // namespace onager::idl
