#ifndef ONAGER_RUNTIME_TESTING_SIMULATION_TRACE_H_
#define ONAGER_RUNTIME_TESTING_SIMULATION_TRACE_H_

#include <cstdint>
#include <string_view>

namespace onager::simulation {

/// A hash over everything that happened, in its order, the same on every machine. Not for secrets. A value.
class Trace {
 public:
  /// One event: its kind, up to two numbers, and bytes.
  void Add(std::uint64_t kind, std::uint64_t first, std::uint64_t second, std::string_view bytes = {}) {
    ++length_;
    Mix(kind);
    Mix(first);
    Mix(second);
    Mix(bytes.size());
    while (!bytes.empty()) {
      std::uint64_t word = 0;
      const std::size_t size = bytes.size() < 8 ? bytes.size() : 8;
      for (std::size_t i = 0; i < size; ++i)
        word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
      Mix(word);
      bytes.remove_prefix(size);
    }
  }

  std::uint64_t hash() const { return hash_; }
  std::uint64_t length() const { return length_; }

 private:
  // The finalizer of MurmurHash3, over the sum of what came before and what comes.
  void Mix(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15u + 0x632BE59BD9B4E019u;
    hash_ = (hash_ ^ hash_ >> 33) * 0xFF51AFD7ED558CCDu;
    hash_ ^= hash_ >> 33;
  }

  std::uint64_t hash_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace onager::simulation

#endif  // ONAGER_RUNTIME_TESTING_SIMULATION_TRACE_H_
