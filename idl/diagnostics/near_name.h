#ifndef ONAGER_IDL_DIAGNOSTICS_NEAR_NAME_H_
#define ONAGER_IDL_DIAGNOSTICS_NEAR_NAME_H_

#include <cstddef>
#include <span>
#include <string_view>

namespace onager::idl {

// The number of insertions, deletions, replacements and swaps of neighbours that make `b` of `a`, or
// `limit + 1` when there are more than `limit`. Costs O(limit * length).
[[nodiscard]] size_t EditDistance(std::string_view a, std::string_view b, size_t limit);

// The candidate that `name` is most probably a misspelling of; empty when none is near. Case counts for
// less than letters. Looks at the first 4,096 candidates at most, so that a suggestion is never dear.
[[nodiscard]] std::string_view NearestName(std::string_view name,
                                           std::span<const std::string_view> candidates);

}  // namespace onager::idl

#endif  // ONAGER_IDL_DIAGNOSTICS_NEAR_NAME_H_
