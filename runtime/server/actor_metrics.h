#ifndef ONAGER_RUNTIME_SERVER_ACTOR_METRICS_H_
#define ONAGER_RUNTIME_SERVER_ACTOR_METRICS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "onager/metrics.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/mutex.h"

namespace onager::server {

/// What a server's actors have done, as metrics. The metrics outlive it.
class ActorMetrics {
 public:
  explicit ActorMetrics(Metrics& metrics);

  /// Brings the metrics up to `stats`. Thread-safe.
  void Refresh(const actor::ActorRuntimeStats& stats);

 private:
  using Stat = std::int64_t actor::ActorRuntimeStats::*;

  std::vector<std::pair<Stat, MetricGauge*>> gauges_;
  std::vector<std::pair<Stat, MetricCounter*>> counters_;
  Mutex mutex_;
  actor::ActorRuntimeStats told_ ABSL_GUARDED_BY(mutex_);  // What the counters hold of this server.
};

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_ACTOR_METRICS_H_
