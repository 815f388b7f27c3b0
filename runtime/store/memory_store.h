#ifndef ONAGER_RUNTIME_STORE_MEMORY_STORE_H_
#define ONAGER_RUNTIME_STORE_MEMORY_STORE_H_

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

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
  void LoadPast(const ActorId& actor, PastDone done) override;
  void Scan(const ActorId& after, std::size_t limit, ScanDone done) override;
  void FindDue(absl::Time until, std::size_t limit, DueDone done) override;

  /// Actors that are held, destroyed ones among them, and about what their states take.
  std::size_t size() const;
  std::size_t bytes() const;

 private:
  /// What stands beside the state, of the few actors that have any of it.
  struct Beside {
    bool empty() const { return older.empty() && calls.empty() && reminders.empty(); }

    std::vector<StoredSnapshot> older;  // Than the newest snapshot, by rising revision.
    std::map<StoredCallId, StoredCall> calls;
    std::map<std::pair<std::string, std::string>, StoredReminder> reminders;
  };

  absl::Status Apply(CommitRecord record);
  void SetBeside(CommitRecord& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Prune(const ActorId& actor, StoredActor& stored, std::uint64_t floor)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Bury(const ActorId& actor, StoredActor& stored) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  absl::flat_hash_map<ActorId, StoredActor> actors_ ABSL_GUARDED_BY(mutex_);
  std::map<ActorId, Beside> beside_ ABSL_GUARDED_BY(mutex_);
  std::deque<ActorId> destroyed_ ABSL_GUARDED_BY(mutex_);  // The oldest first; some may live again.
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_MEMORY_STORE_H_
