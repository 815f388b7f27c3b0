#ifndef ONAGER_CALL_OPTIONS_H_
#define ONAGER_CALL_OPTIONS_H_

#include <optional>
#include <utility>

#include "absl/time/time.h"

namespace onager {

/// What a caller may say of one call.
class CallOptions {
 public:
  CallOptions() = default;

  /// Ends the call with `DEADLINE_EXCEEDED` after `timeout`, whatever else happens. Unset: the method's own,
  /// 30 s if it declares none. `absl::InfiniteDuration()` waits for ever.
  CallOptions&& WithTimeout(absl::Duration timeout) && {
    timeout_ = timeout;
    return std::move(*this);
  }

  std::optional<absl::Duration> timeout() const { return timeout_; }

 private:
  std::optional<absl::Duration> timeout_;
};

}  // namespace onager

#endif  // ONAGER_CALL_OPTIONS_H_
