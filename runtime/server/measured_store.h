#ifndef ONAGER_RUNTIME_SERVER_MEASURED_STORE_H_
#define ONAGER_RUNTIME_SERVER_MEASURED_STORE_H_

#include "onager/metrics.h"
#include "runtime/base/clock.h"
#include "runtime/store/forwarding_store.h"

namespace onager::server {

/// A store of which the metrics say how long it takes: from the question to the answer, what waits in between
/// for others' commits included. What fails counts as well.
class MeasuredStore final : public store::ForwardingStore {
 public:
  /// All of them outlive it, and the metrics the store's last answer.
  MeasuredStore(store::Store& store, const Clock& clock, Metrics& metrics);

  void Load(const ActorId& actor, LoadDone done) override;
  void LoadRecent(const ActorId& actor, LoadDone done) override;
  void Commit(store::CommitRecord record, CommitDone done) override;

 private:
  const Clock& clock_;
  MetricHistogram& load_seconds_;
  MetricHistogram& commit_seconds_;
};

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_MEASURED_STORE_H_
