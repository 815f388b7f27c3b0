#ifndef ONAGER_RUNTIME_SERVER_SERVER_METRICS_H_
#define ONAGER_RUNTIME_SERVER_SERVER_METRICS_H_

#include <array>

#include "absl/status/status.h"
#include "onager/metrics.h"
#include "runtime/base/clock.h"
#include "runtime/session/server_actions.h"

namespace onager::server {

/// What a server counts, by name. The metrics outlive it.
class ServerMetrics {
 public:
  explicit ServerMetrics(Metrics& metrics);

  MetricGauge& sessions;
  MetricGauge& subscriptions;
  MetricCounter& calls_started;
  MetricHistogram& call_seconds;
  MetricCounter& received_bytes;
  MetricCounter& sent_bytes;
  MetricCounter& messages_received;
  MetricCounter& messages_sent;
  MetricCounter& deltas;
  MetricCounter& heartbeats_missed;
  MetricGauge& queue_bytes;
  MetricCounter& slow_sessions;
  MetricCounter& slow_subscriptions;

  /// A call that was run has ended, so long after it came.
  void OnCallEnded(absl::StatusCode code, Duration took);
  /// A call that was not run.
  void OnCallRefused(absl::StatusCode code);
  void OnConnectionRefused(absl::StatusCode code);
  /// What a session has done.
  void Add(const session::ServerSessionStats& stats);

 private:
  static constexpr std::size_t kCodes = 17;

  std::array<MetricCounter*, kCodes> calls_ended_{};
  std::array<MetricCounter*, kCodes> connections_refused_{};
  std::array<MetricCounter*, session::ServerSessionStats::kReasons> snapshots_{};
  MetricCounter& resumed_replayed_;
  MetricCounter& resumed_empty_;
};

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_SERVER_METRICS_H_
