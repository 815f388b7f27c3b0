#ifndef ONAGER_RUNTIME_STORE_MEMORY_STORE_H_
#define ONAGER_RUNTIME_STORE_MEMORY_STORE_H_

#include "absl/container/flat_hash_map.h"
#include "runtime/base/mutex.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Keeps states for the life of the process. Calls back inside the call.
class MemoryStore final : public Store {
 public:
  MemoryStore() = default;

  void Load(const ActorId& actor, LoadDone done) override;
  void Commit(CommitRecord record, CommitDone done) override;

 private:
  absl::Status Apply(CommitRecord record);

  Mutex mutex_;
  absl::flat_hash_map<ActorId, StoredActor> actors_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_MEMORY_STORE_H_
