#ifndef ONAGER_RUNTIME_BASE_XOSHIRO_H_
#define ONAGER_RUNTIME_BASE_XOSHIRO_H_

#include <array>
#include <cstdint>

namespace onager {

/// A fast generator of 64-bit numbers: xoshiro256** of Blackman and Vigna, its state filled by
/// splitmix64, so that every seed is a good one. The same seed gives the same numbers on every
/// machine. Not for secrets. A value; not thread-safe.
class Xoshiro256 {
 public:
  explicit Xoshiro256(std::uint64_t seed);

  std::uint64_t Next();
  /// Uniform in [low, high]; `low <= high`.
  std::uint64_t Between(std::uint64_t low, std::uint64_t high);

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_XOSHIRO_H_
