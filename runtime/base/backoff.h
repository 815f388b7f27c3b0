#ifndef ONAGER_RUNTIME_BASE_BACKOFF_H_
#define ONAGER_RUNTIME_BASE_BACKOFF_H_

#include <cstdint>

#include "runtime/base/clock.h"

namespace onager {

/// Between what bounds `Backoff` waits.
struct BackoffOptions {
  BackoffOptions() = default;

  Duration base = std::chrono::milliseconds(100);
  Duration cap = std::chrono::seconds(10);
};

/// How long to wait before the next attempt: exponential with full jitter, after "Exponential Backoff
/// And Jitter" of the AWS architecture blog: a uniform draw from [0, min(cap, base * 2^attempt)], which
/// spreads a crowd that lost its server at one moment evenly over the whole interval.
/// A value without clock or randomness of its own: the caller brings the random number. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(const BackoffOptions& options = BackoffOptions());

  /// The wait before the next attempt; the following one may be up to twice as long. `random` is a
  /// uniformly drawn number of 64 bits.
  [[nodiscard]] Duration Next(std::uint64_t random);
  /// The longest wait the next call may return.
  Duration ceiling() const { return ceiling_; }
  /// An attempt succeeded: begins at the base again.
  void Reset() { ceiling_ = base_; }

 private:
  Duration base_;
  Duration cap_;
  Duration ceiling_;  // base_ <= ceiling_ <= cap_
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_BACKOFF_H_
