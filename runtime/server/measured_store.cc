#include "runtime/server/measured_store.h"

#include <chrono>
#include <utility>
#include <vector>

namespace onager::server {
namespace {

// From what memory takes to what a store that is lost takes to say so.
std::vector<double> Bounds() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
          0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30};
}

/// `done`, which tells the histogram first.
template <typename Done>
Done Timed(Done done, const Clock& clock, MetricHistogram& seconds) {
  return [done = std::move(done), &clock, &seconds, asked_at = clock.Now()](auto answer) mutable {
    seconds.Observe(std::chrono::duration<double>(clock.Now() - asked_at).count());
    done(std::move(answer));
  };
}

}  // namespace

MeasuredStore::MeasuredStore(store::Store& store, const Clock& clock, Metrics& metrics)
    : ForwardingStore(store),
      clock_(clock),
      load_seconds_(metrics.Histogram("onager_server_store_load_duration_seconds",
                                      "From asking the store for an actor to its answer.", Bounds())),
      commit_seconds_(metrics.Histogram("onager_server_store_commit_duration_seconds",
                                        "From a commit to the store's answer.", Bounds())) {}

void MeasuredStore::Load(const ActorId& actor, LoadDone done) {
  inner().Load(actor, Timed(std::move(done), clock_, load_seconds_));
}

void MeasuredStore::LoadRecent(const ActorId& actor, LoadDone done) {
  inner().LoadRecent(actor, Timed(std::move(done), clock_, load_seconds_));
}

void MeasuredStore::Commit(store::CommitRecord record, CommitDone done) {
  inner().Commit(std::move(record), Timed(std::move(done), clock_, commit_seconds_));
}

}  // namespace onager::server
