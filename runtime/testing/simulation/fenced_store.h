#ifndef ONAGER_RUNTIME_TESTING_SIMULATION_FENCED_STORE_H_
#define ONAGER_RUNTIME_TESTING_SIMULATION_FENCED_STORE_H_

#include <utility>

#include "runtime/store/store.h"

namespace onager::simulation {

/// One server's way to a store that outlives it: what is left of a server that has crashed changes nothing
/// there. Used by one thread.
class FencedStore final : public store::Store {
 public:
  /// `store` outlives it.
  explicit FencedStore(store::Store& store) : store_(store) {}

  void Fence() { is_fenced_ = true; }

  void Load(const ActorId& actor, LoadDone done) override {
    if (is_fenced_) return done(Crashed());
    store_.Load(actor, std::move(done));
  }
  void Commit(store::CommitRecord record, CommitDone done) override {
    if (is_fenced_) return done(Crashed());
    store_.Commit(std::move(record), std::move(done));
  }
  void Compact(const ActorId& actor, std::uint64_t epoch, std::uint64_t revision,
               SharedBytes snapshot) override {
    if (!is_fenced_) store_.Compact(actor, epoch, revision, std::move(snapshot));
  }

 private:
  static absl::Status Crashed() { return absl::UnavailableError("the simulated server has crashed"); }

  store::Store& store_;
  bool is_fenced_ = false;
};

}  // namespace onager::simulation

#endif  // ONAGER_RUNTIME_TESTING_SIMULATION_FENCED_STORE_H_
