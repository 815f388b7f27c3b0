#include "runtime/server/actor_metrics.h"

#include <cstdint>
#include <string_view>
#include <utility>

namespace onager::server {

using actor::ActorRuntimeStats;

ActorMetrics::ActorMetrics(Metrics& metrics) {
  const auto gauge = [&](Stat stat, std::string_view name, std::string_view help) {
    gauges_.emplace_back(stat, &metrics.Gauge(name, help));
  };
  const auto counter = [&](Stat stat, std::string_view name, std::string_view help,
                           MetricLabels labels = {}) {
    counters_.emplace_back(stat, &metrics.Counter(name, help, std::move(labels)));
  };
  gauge(&ActorRuntimeStats::active, "onager_server_actors", "Actors that are active.");
  gauge(&ActorRuntimeStats::dormant, "onager_server_dormant_actors",
        "Actors that are not active and whose log is kept.");
  gauge(&ActorRuntimeStats::open_turns, "onager_server_open_turns", "Turns that have not ended.");
  gauge(&ActorRuntimeStats::waiting_calls, "onager_server_waiting_calls",
        "Calls in the mailboxes of actors.");
  gauge(&ActorRuntimeStats::loads, "onager_server_loads",
        "Persisted actors that are being read from the store.");
  gauge(&ActorRuntimeStats::waiting_loads, "onager_server_waiting_loads",
        "Persisted actors that wait until the store has read others.");

  gauge(&ActorRuntimeStats::unwritten_records, "onager_server_unwritten_records",
        "Turns that are written behind and are not written yet.");
  gauge(&ActorRuntimeStats::unwritten_bytes, "onager_server_unwritten_bytes",
        "Turns that are written behind and are not written yet.");
  gauge(&ActorRuntimeStats::oldest_unwritten_us, "onager_server_oldest_unwritten_microseconds",
        "How long the oldest turn that is not written yet has waited.");
  gauge(&ActorRuntimeStats::loss_window_us, "onager_server_loss_window_microseconds",
        "What a crash may lose of turns that are written behind, at the speed of the store.");

  constexpr char kActivations[] = "onager_server_activations_total";
  constexpr char kActivationsHelp[] = "Actors made ready for their first call.";
  counter(&ActorRuntimeStats::activations, kActivations, kActivationsHelp, {{"outcome", "active"}});
  counter(&ActorRuntimeStats::failed_activations, kActivations, kActivationsHelp, {{"outcome", "failed"}});
  counter(&ActorRuntimeStats::deactivations, "onager_server_deactivations_total",
          "Actors put aside because nobody used them.");
  counter(&ActorRuntimeStats::destroyed, "onager_server_actors_destroyed_total", "Actors ended for good.");

  constexpr char kTurns[] = "onager_server_turns_total";
  constexpr char kTurnsHelp[] = "Turns that ended, failed ones among them.";
  counter(&ActorRuntimeStats::turns, kTurns, kTurnsHelp, {{"kind", "call"}});
  counter(&ActorRuntimeStats::guest_turns, kTurns, kTurnsHelp, {{"kind", "readonly_guest"}});
  counter(&ActorRuntimeStats::timer_turns, kTurns, kTurnsHelp, {{"kind", "timer"}});
  counter(&ActorRuntimeStats::reminder_turns, kTurns, kTurnsHelp, {{"kind", "reminder"}});
  constexpr char kFailedTurns[] = "onager_server_failed_turns_total";
  constexpr char kFailedTurnsHelp[] = "Turns that were undone because they failed.";
  counter(&ActorRuntimeStats::failed_turns, kFailedTurns, kFailedTurnsHelp, {{"kind", "call"}});
  counter(&ActorRuntimeStats::failed_timer_turns, kFailedTurns, kFailedTurnsHelp, {{"kind", "timer"}});
  counter(&ActorRuntimeStats::failed_reminder_turns, kFailedTurns, kFailedTurnsHelp, {{"kind", "reminder"}});
  counter(&ActorRuntimeStats::failed_hooks, "onager_server_failed_hooks_total",
          "OnDeactivate and AfterCommit that threw.");
  counter(&ActorRuntimeStats::refused_calls, "onager_server_calls_refused_by_actors_total",
          "Calls that met a full mailbox or came back along their own chain.");
  counter(&ActorRuntimeStats::calls_between_actors, "onager_server_calls_between_actors_total",
          "Calls that actors made.");

  constexpr char kCommits[] = "onager_server_commits_total";
  constexpr char kCommitsHelp[] = "Writes that the store has answered.";
  counter(&ActorRuntimeStats::commits, kCommits, kCommitsHelp, {{"outcome", "done"}});
  counter(&ActorRuntimeStats::failed_commits, kCommits, kCommitsHelp, {{"outcome", "failed"}});
  counter(&ActorRuntimeStats::repeated_calls, "onager_server_repeated_calls_total",
          "Calls that persisted actors had answered before.");
  counter(&ActorRuntimeStats::outside_commits, "onager_server_outside_commits_total",
          "Revisions that other servers made of actors that are active here.");
  counter(&ActorRuntimeStats::lost_writes, "onager_server_lost_writes_total",
          "Times that what was told of could not be stored any more.");
  counter(&ActorRuntimeStats::repeated_writes, "onager_server_repeated_writes_total",
          "Writes of turns that are written behind, after the store had failed.");
  counter(&ActorRuntimeStats::view_evaluations, "onager_server_view_evaluations_total",
          "Times that a turn was looked at for one view with its parameters.");
}

void ActorMetrics::Refresh(const ActorRuntimeStats& stats) {
  MutexLock lock(mutex_);
  for (const auto& [stat, gauge] : gauges_) gauge->Set(stats.*stat);
  for (const auto& [stat, counter] : counters_) {
    // Two that refresh at the same time may come in the wrong order.
    if (stats.*stat <= told_.*stat) continue;
    counter->Add(static_cast<std::uint64_t>(stats.*stat - told_.*stat));
    told_.*stat = stats.*stat;
  }
}

}  // namespace onager::server
