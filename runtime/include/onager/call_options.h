#ifndef ONAGER_CALL_OPTIONS_H_
#define ONAGER_CALL_OPTIONS_H_

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "onager/cancellation.h"
#include "onager/offline_policy.h"

namespace onager {

/// What a caller may say of one call: `CallOptions().WithTimeout(absl::Seconds(1)).MayRunAgain(true)`.
class CallOptions {
 public:
  CallOptions() = default;

  /// Ends the call with `DEADLINE_EXCEEDED` after `timeout`, whatever else happens. Unset: the method's own,
  /// 30 s if it declares none. `absl::InfiniteDuration()` waits for ever.
  CallOptions&& WithTimeout(absl::Duration timeout) && {
    timeout_ = timeout;
    return std::move(*this);
  }
  /// As `WithTimeout`, at a time of the wall clock, looked at when the call is made. Of both the sooner
  /// counts.
  CallOptions&& WithDeadline(absl::Time deadline) && {
    deadline_ = deadline;
    return std::move(*this);
  }
  /// Instead of the client's own policy.
  CallOptions&& WhileOffline(OfflinePolicy policy) && {
    while_offline_ = policy;
    return std::move(*this);
  }
  /// Whether the call may be run a second time where nobody can tell any more if it has run. Unset: when the
  /// method is `[idempotent]`. A streamed call of which something was seen never is.
  CallOptions&& MayRunAgain(bool may) && {
    may_run_again_ = may;
    return std::move(*this);
  }
  /// `cancellation` can end the call.
  CallOptions&& CancelledBy(Cancellation cancellation) && {
    cancellation_ = std::move(cancellation);
    return std::move(*this);
  }

  std::optional<absl::Duration> timeout() const { return timeout_; }
  std::optional<absl::Time> deadline() const { return deadline_; }
  std::optional<OfflinePolicy> while_offline() const { return while_offline_; }
  std::optional<bool> may_run_again() const { return may_run_again_; }
  const std::optional<Cancellation>& cancellation() const { return cancellation_; }

 private:
  std::optional<absl::Duration> timeout_;
  std::optional<absl::Time> deadline_;
  std::optional<OfflinePolicy> while_offline_;
  std::optional<bool> may_run_again_;
  std::optional<Cancellation> cancellation_;
};

}  // namespace onager

#endif  // ONAGER_CALL_OPTIONS_H_
