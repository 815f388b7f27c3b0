#ifndef ONAGER_RUNTIME_TESTING_SIMULATION_FENCED_STORE_H_
#define ONAGER_RUNTIME_TESTING_SIMULATION_FENCED_STORE_H_

#include <utility>

#include "runtime/store/forwarding_store.h"

namespace onager::simulation {

/// One server's way to a store that outlives it: what is left of a server that has crashed changes nothing
/// there. Used by one thread.
class FencedStore final : public store::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  void Fence() { is_fenced_ = true; }

  void Load(const ActorId& actor, LoadDone done) override {
    if (is_fenced_) return done(Crashed());
    ForwardingStore::Load(actor, std::move(done));
  }
  void Commit(store::CommitRecord record, CommitDone done) override {
    if (is_fenced_) return done(Crashed());
    ForwardingStore::Commit(std::move(record), std::move(done));
  }
  void FindDue(absl::Time until, std::size_t limit, DueDone done) override {
    if (is_fenced_) return done(Crashed());
    ForwardingStore::FindDue(until, limit, std::move(done));
  }

 private:
  static absl::Status Crashed() { return absl::UnavailableError("the simulated server has crashed"); }

  bool is_fenced_ = false;
};

}  // namespace onager::simulation

#endif  // ONAGER_RUNTIME_TESTING_SIMULATION_FENCED_STORE_H_
