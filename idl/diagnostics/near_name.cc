#include "idl/diagnostics/near_name.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"

namespace onager::idl {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr size_t kCandidatesMax = 4096;

std::string Lower(std::string_view name) {
  std::string lower(name);
  absl::AsciiStrToLower(&lower);
  return lower;
}

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b, size_t limit) {
  const size_t difference = a.size() < b.size() ? b.size() - a.size() : a.size() - b.size();
  if (difference > limit || a.size() > kNameBytesMax || b.size() > kNameBytesMax) return limit + 1;

  // Three rows of the usual matrix (optimal string alignment); the row before last serves swaps.
  std::array<std::array<size_t, kNameBytesMax + 1>, 3> rows = {};
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    const auto& above = rows[(i - 1) % 3];
    auto& row = rows[i % 3];
    row[0] = i;
    size_t best = row[0];
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
      }
      best = std::min(best, row[j]);
    }
    if (best > limit) return limit + 1;
  }
  return std::min(rows[a.size() % 3][b.size()], limit + 1);
}

std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates) {
  // One mistake in three letters is a misspelling, more is another word.
  size_t limit = std::max<size_t>(1, std::min<size_t>(3, name.size() / 3));
  if (name.size() < 2) return {};
  const std::string lower = Lower(name);
  std::string_view nearest;
  for (const std::string_view candidate : candidates.first(std::min(candidates.size(), kCandidatesMax))) {
    if (candidate == name || candidate.size() > kNameBytesMax) continue;
    const size_t distance = EditDistance(lower, Lower(candidate), limit);
    if (distance > limit) continue;
    nearest = candidate;
    if (distance == 0) return nearest;
    // Only a better one may replace it: the first of equals wins.
    limit = distance - 1;
  }
  return nearest;
}

}  // namespace onager::idl
