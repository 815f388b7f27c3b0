#include "runtime/base/backoff.h"

#include <algorithm>

namespace onager {

Backoff::Backoff(const BackoffOptions& options)
    : base_(std::max(options.base, Duration(1))), cap_(std::max(options.cap, base_)), ceiling_(base_) {}

Duration Backoff::Next(std::uint64_t random) {
  const auto bound = static_cast<std::uint64_t>(ceiling_.count());
  // The bias of the remainder is below 2^-29 for every ceiling up to ten seconds.
  const Duration wait(static_cast<Duration::rep>(random % (bound + 1)));
  ceiling_ = ceiling_ > cap_ / 2 ? cap_ : ceiling_ * 2;
  return wait;
}

}  // namespace onager
