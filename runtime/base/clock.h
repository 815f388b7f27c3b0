#ifndef ONAGER_RUNTIME_BASE_CLOCK_H_
#define ONAGER_RUNTIME_BASE_CLOCK_H_

#include <chrono>
#include <cstdint>

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
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_CLOCK_H_
