#ifndef ONAGER_RUNTIME_STORE_FORWARDING_STORE_H_
#define ONAGER_RUNTIME_STORE_FORWARDING_STORE_H_

#include <cstddef>
#include <utility>

#include "runtime/store/store.h"

namespace onager::store {

/// Passes everything on to another store: a base for what stands between a store and its users.
class ForwardingStore : public Store {
 public:
  /// `store` outlives it.
  explicit ForwardingStore(Store& store) : store_(store) {}

  void Load(const ActorId& actor, LoadDone done) override { store_.Load(actor, std::move(done)); }
  void Commit(CommitRecord record, CommitDone done) override {
    store_.Commit(std::move(record), std::move(done));
  }
  void LoadPast(const ActorId& actor, PastDone done) override { store_.LoadPast(actor, std::move(done)); }
  void Scan(const ActorId& after, std::size_t limit, ScanDone done) override {
    store_.Scan(after, limit, std::move(done));
  }
  void FindDue(absl::Time until, std::size_t limit, DueDone done) override {
    store_.FindDue(until, limit, std::move(done));
  }
  void SetChangeListener(ChangeListener* listener) override { store_.SetChangeListener(listener); }

 protected:
  Store& inner() { return store_; }

 private:
  Store& store_;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_FORWARDING_STORE_H_
