#ifndef ONAGER_TESTING_FAULT_H_
#define ONAGER_TESTING_FAULT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>

namespace onager::simulation {

/// What can go wrong in a simulation. Each is injected with a number, here `n`.
enum class Fault : std::uint8_t {
  // Of one client's connection.
  kCut,         // It breaks at once; what is under way is lost.
  kCutAtByte,   // It breaks when n / 2 more bytes have left the server (n odd) or the client.
  kHalfOpen,    // From now on bytes vanish both ways, and nobody is told.
  kPartition,   // For n milliseconds nothing arrives, also on new connections; then everything does.
  kLateFrames,  // As a partition of this connection only: past the client's `peer_timeout`, what it carries
                // arrives when another connection has taken its place.
  kSlowReader,  // For n milliseconds the client reads nothing.
  // Of one client's connection, and such as no honest network has: each has to be noticed. With n odd what
  // the
  // server writes is harmed, else what the client writes: the message that comes after n / 2 more.
  kLoss,
  kDuplication,
  kReorder,  // It arrives after the one that follows it.
  // Of one client's clock, which the server's does not follow.
  kClockLeap,   // It is n milliseconds ahead at once.
  kClockDrift,  // It runs at a speed between 1/2 (n % 16 == 0) and 2 (15) times the right one.
  // Of the server. It is started again after n milliseconds.
  kCrash,    // It is gone at once, and so is what it knew.
  kRestart,  // It is gone at once; what its store holds stays.
  kServerClockLeap,
  kServerClockDrift,
};

inline constexpr std::size_t kFaults = 15;
inline constexpr Fault FaultAt(std::size_t index) { return static_cast<Fault>(index); }

/// "cut", "cut at byte", …
std::string_view FaultName(Fault fault);
std::optional<Fault> FaultNamed(std::string_view name);

/// How often each fault took effect. A fault that was injected takes effect later or never: a connection that
/// is to break at a byte may end before it.
class FaultCounts {
 public:
  FaultCounts() = default;

  std::uint64_t operator[](Fault fault) const { return counts_[static_cast<std::size_t>(fault)]; }
  std::uint64_t& operator[](Fault fault) { return counts_[static_cast<std::size_t>(fault)]; }
  std::uint64_t total() const;
  FaultCounts& operator+=(const FaultCounts& other);

  friend bool operator==(const FaultCounts&, const FaultCounts&) = default;
  friend std::ostream& operator<<(std::ostream& out, const FaultCounts& counts);

 private:
  std::array<std::uint64_t, kFaults> counts_{};
};

}  // namespace onager::simulation

#endif  // ONAGER_TESTING_FAULT_H_
