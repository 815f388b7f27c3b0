#include "runtime/server/server_metrics.h"

#include <chrono>
#include <cstddef>
#include <string>

#include "onager/resync_reason.h"

namespace onager::server {
namespace {

constexpr char kCallsEnded[] = "onager_server_calls_ended_total";
constexpr char kConnectionsRefused[] = "onager_server_connections_refused_total";
constexpr char kSnapshots[] = "onager_server_snapshots_total";
constexpr char kSlowEnds[] = "onager_server_slow_ends_total";
constexpr char kResumes[] = "onager_server_resumes_total";

MetricLabels CodeLabel(std::size_t code) {
  return {{"code", absl::StatusCodeToString(static_cast<absl::StatusCode>(code))}};
}

}  // namespace

ServerMetrics::ServerMetrics(Metrics& metrics)
    : sessions(metrics.Gauge("onager_server_sessions", "Sessions that are open.")),
      subscriptions(metrics.Gauge("onager_server_subscriptions", "Subscriptions that are open.")),
      calls_started(metrics.Counter("onager_server_calls_started_total", "Calls that came in.")),
      call_seconds(metrics.Histogram(
          "onager_server_call_duration_seconds", "From a call's arrival to its outcome.",
          {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})),
      received_bytes(metrics.Counter("onager_server_received_bytes_total",
                                     "Messages of sessions, without the transport's framing.")),
      sent_bytes(metrics.Counter("onager_server_sent_bytes_total",
                                 "Messages of sessions, without the transport's framing.")),
      messages_received(
          metrics.Counter("onager_server_messages_received_total", "Messages of sessions, a batch each.")),
      messages_sent(
          metrics.Counter("onager_server_messages_sent_total", "Messages of sessions, a batch each.")),
      deltas(metrics.Counter("onager_server_deltas_total", "Deltas delivered to subscriptions.")),
      heartbeats_missed(metrics.Counter("onager_server_heartbeats_missed_total",
                                        "Sessions that ended because nothing came from the client.")),
      queue_bytes(metrics.Gauge("onager_server_queue_bytes",
                                "What sessions hold for clients that have not read it.")),
      slow_sessions(metrics.Counter(kSlowEnds, "What ended because its client did not read fast enough.",
                                    {{"what", "session"}})),
      slow_subscriptions(metrics.Counter(kSlowEnds, "What ended because its client did not read fast enough.",
                                         {{"what", "subscription"}})),
      resumed_replayed_(metrics.Counter(kResumes, "Subscriptions that went on from a client's position.",
                                        {{"outcome", "replayed"}})),
      resumed_empty_(metrics.Counter(kResumes, "Subscriptions that went on from a client's position.",
                                     {{"outcome", "empty"}})) {
  for (std::size_t code = 0; code < kCodes; ++code) {
    calls_ended_[code] = &metrics.Counter(kCallsEnded, "Calls that have an outcome.", CodeLabel(code));
    connections_refused_[code] =
        &metrics.Counter(kConnectionsRefused, "Connections that got no session.", CodeLabel(code));
  }
  for (std::size_t reason = 0; reason < snapshots_.size(); ++reason) {
    const std::string name(ResyncReasonName(static_cast<ResyncReason>(reason)));
    snapshots_[reason] =
        &metrics.Counter(kSnapshots, "Snapshots delivered to subscriptions.", {{"reason", name}});
  }
}

void ServerMetrics::OnCallEnded(absl::StatusCode code, Duration took) {
  call_seconds.Observe(std::chrono::duration<double>(took).count());
  OnCallRefused(code);
}

void ServerMetrics::OnCallRefused(absl::StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  calls_ended_[index < kCodes ? index : static_cast<std::size_t>(absl::StatusCode::kUnknown)]->Add();
}

void ServerMetrics::OnConnectionRefused(absl::StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  connections_refused_[index < kCodes ? index : static_cast<std::size_t>(absl::StatusCode::kUnknown)]->Add();
}

void ServerMetrics::Add(const session::ServerSessionStats& stats) {
  // Most batches bring deltas and nothing else.
  if (stats.deltas > 0) deltas.Add(stats.deltas);
  if (stats.resumed_replayed > 0) resumed_replayed_.Add(stats.resumed_replayed);
  if (stats.resumed_empty > 0) resumed_empty_.Add(stats.resumed_empty);
  if (stats.silences > 0) heartbeats_missed.Add(stats.silences);
  if (stats.slow_subscriptions > 0) slow_subscriptions.Add(stats.slow_subscriptions);
  for (std::size_t reason = 0; reason < snapshots_.size(); ++reason) {
    if (stats.snapshots[reason] > 0) snapshots_[reason]->Add(stats.snapshots[reason]);
  }
}

}  // namespace onager::server
