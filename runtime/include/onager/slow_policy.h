#ifndef ONAGER_SLOW_POLICY_H_
#define ONAGER_SLOW_POLICY_H_

#include <cstdint>

namespace onager {

/// What becomes of a subscription whose client takes less than there is to be sent. The server keeps no queue
/// for it in any case, and nobody else notices. A value; `Conflate()` by default.
///
/// It is about what goes over the network. Callbacks that are slower than the network are another thing:
/// their changes are conflated at the client.
class SlowPolicy {
 public:
  SlowPolicy() = default;

  /// What was not sent in time comes as one change, and as a snapshot for the reason `LAGGED` once that costs
  /// less or the replay window has moved on. Events that the snapshot replaces are counted; see
  /// `OnEventsDropped`.
  static SlowPolicy Conflate() { return SlowPolicy(); }
  /// Every change is sent by itself, unless a filter says otherwise. Once one has left the replay window, or
  /// more than `ServerOptions::subscription_bytes_max` wait, the subscription ends with `RESOURCE_EXHAUSTED`.
  /// What was missed while there was no connection, or while it was paused, comes as it does otherwise.
  static SlowPolicy Disconnect() {
    SlowPolicy policy;
    policy.number_ = 1;
    return policy;
  }

  /// As it is on the wire.
  std::uint32_t number() const { return number_; }

  friend bool operator==(const SlowPolicy&, const SlowPolicy&) = default;

 private:
  std::uint32_t number_ = 0;
};

}  // namespace onager

#endif  // ONAGER_SLOW_POLICY_H_
