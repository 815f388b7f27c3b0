#ifndef ONAGER_RUNTIME_STORE_MEMORY_STORE_H_
#define ONAGER_RUNTIME_STORE_MEMORY_STORE_H_

#include <cstddef>
#include <deque>

#include "absl/container/flat_hash_map.h"
#include "runtime/base/mutex.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Keeps states for the life of the process. Calls back inside the call.
class MemoryStore final : public Store {
 public:
  /// Destroyed actors whose epoch is remembered. Epochs are random: an older one is not met again.
  static constexpr std::size_t kDestroyedMax = 16'384;

  MemoryStore() = default;

  void Load(const ActorId& actor, LoadDone done) override;
  void Commit(CommitRecord record, CommitDone done) override;
  void Compact(const ActorId& actor, std::uint64_t epoch, std::uint64_t revision,
               SharedBytes snapshot) override;

  /// Actors that are held, destroyed ones among them, and about what their states take.
  std::size_t size() const;
  std::size_t bytes() const;

 private:
  absl::Status Apply(CommitRecord record);
  void Bury(const ActorId& actor, StoredActor& stored) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  absl::flat_hash_map<ActorId, StoredActor> actors_ ABSL_GUARDED_BY(mutex_);
  std::deque<ActorId> destroyed_ ABSL_GUARDED_BY(mutex_);  // The oldest first; some may live again.
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_MEMORY_STORE_H_
