#ifndef ONAGER_GENERATED_STATE_HASH_H_
#define ONAGER_GENERATED_STATE_HASH_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace onager::generated {

// A state's hash may be taken in slices, of which there are a power of two and at most this many: each is the
// sum over the elements whose place in the state hashes to it. The sum of all slices is the state's hash.
inline constexpr std::uint32_t kHashSlicesMax = 128;

/// The hash of what one view shows of a state; PATCH.md says what is hashed. A plain value.
struct StateHash {
  explicit StateHash(std::uint32_t slices = 1) : sums(slices) {}

  /// How many slices a state of that many hashed bytes is worth: each of about 64 KiB.
  static std::uint32_t SlicesFor(std::uint64_t bytes);
  /// The same hash in fewer slices.
  StateHash Folded(std::uint32_t slices) const;

  std::vector<std::uint64_t> sums;
  std::uint64_t bytes = 0;  // Encoded, of all leaves.

  friend bool operator==(const StateHash&, const StateHash&) = default;
};

/// What one turn adds to a `StateHash` of as many slices.
struct StateHashChange {
  void AddTo(StateHash& hash) const;

  std::vector<std::pair<std::uint32_t, std::uint64_t>> sums;  // By slice.
  std::uint64_t bytes = 0;                                    // Modulo 2^64: may be a decrease.
  std::size_t leaves = 0;                                     // That were hashed for it: what it cost.
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_STATE_HASH_H_
