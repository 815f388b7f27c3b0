#include "runtime/store/memory_store.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace onager::store {

void MemoryStore::Load(const ActorId& actor, LoadDone done) {
  std::optional<StoredActor> stored;
  {
    MutexLock lock(mutex_);
    if (const auto found = actors_.find(actor); found != actors_.end()) stored = found->second;
  }
  done(std::move(stored));
}

void MemoryStore::Commit(CommitRecord record, CommitDone done) { done(Apply(std::move(record))); }

absl::Status MemoryStore::Apply(CommitRecord record) {
  MutexLock lock(mutex_);
  auto found = actors_.find(record.actor);
  if (found == actors_.end()) {
    if (record.base_revision != 0) {
      return absl::AbortedError(absl::StrCat("the store does not hold ", record.actor.ToString()));
    }
    found = actors_.emplace(record.actor, StoredActor{}).first;
    found->second.epoch = record.epoch;
  }
  StoredActor& stored = found->second;
  if (stored.epoch != record.epoch || stored.revision != record.base_revision) {
    return absl::AbortedError(absl::StrCat(record.actor.ToString(), " is at revision ", stored.revision,
                                           " in the store, the commit expects ", record.base_revision));
  }
  ++stored.revision;
  stored.version = record.version;
  if (record.snapshot != nullptr) {
    stored.snapshot = std::move(record.snapshot);
    stored.snapshot_revision = stored.revision;
    stored.patches.clear();
  } else {
    stored.patches.push_back(std::move(record.patch));
  }
  return absl::OkStatus();
}

}  // namespace onager::store
