#ifndef ONAGER_RUNTIME_BASE_CLOCK_H_
#define ONAGER_RUNTIME_BASE_CLOCK_H_

#include <chrono>
#include <cstdint>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace onager {

/// Time as the protocol sees it: monotonic, nanoseconds since an arbitrary start. Virtual in tests.
using Duration = std::chrono::nanoseconds;
struct MonotonicTag {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = Duration;
};
using Time = std::chrono::time_point<MonotonicTag, Duration>;

/// A time that never comes.
inline constexpr Time kNever = Time::max();

/// Where the time comes from. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
  /// What a clock on the wall shows, for applications; the protocol does not look at it.
  virtual absl::Time WallNow() const { return absl::Now(); }
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_CLOCK_H_
