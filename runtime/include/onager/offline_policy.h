#ifndef ONAGER_OFFLINE_POLICY_H_
#define ONAGER_OFFLINE_POLICY_H_

#include <cstddef>
#include <limits>

namespace onager {

/// What becomes of a call that is made while its client has no session with a server. A call that was sent
/// before the connection was lost is sent again in any case. A value; `Wait()` by default.
class OfflinePolicy {
 public:
  OfflinePolicy() = default;

  /// It waits for a session, until its deadline.
  static OfflinePolicy Wait() { return OfflinePolicy(); }
  /// It ends at once with `UNAVAILABLE`, and has not run.
  static OfflinePolicy FailFast() { return Queue(0); }
  /// It waits, unless so many calls of its client wait already: then it ends at once with
  /// `RESOURCE_EXHAUSTED`, and has not run. Zero is `FailFast()`.
  static OfflinePolicy Queue(std::size_t calls_max) {
    OfflinePolicy policy;
    policy.calls_max_ = calls_max;
    return policy;
  }

  /// How many calls may wait.
  std::size_t calls_max() const { return calls_max_; }

  friend bool operator==(const OfflinePolicy&, const OfflinePolicy&) = default;

 private:
  std::size_t calls_max_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace onager

#endif  // ONAGER_OFFLINE_POLICY_H_
