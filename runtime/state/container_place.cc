#include "onager/generated/container_place.h"

#include <algorithm>

namespace onager::generated {

std::vector<bool> LongestRising(absl::Span<const std::size_t> positions) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  // `ends[n]` is where the rising subsequence of length n + 1 with the smallest end ends.
  std::vector<std::size_t> ends;
  std::vector<std::size_t> previous(positions.size(), kNone);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto at =
        std::lower_bound(ends.begin(), ends.end(), positions[i],
                         [&](std::size_t end, std::size_t position) { return positions[end] < position; });
    if (at != ends.begin()) previous[i] = *std::prev(at);
    if (at == ends.end()) {
      ends.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<bool> stays(positions.size(), false);
  for (std::size_t i = ends.empty() ? kNone : ends.back(); i != kNone; i = previous[i]) stays[i] = true;
  return stays;
}

}  // namespace onager::generated
