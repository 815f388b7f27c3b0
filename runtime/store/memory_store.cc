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
  if (found == actors_.end() || found->second.destroyed) {
    const bool buried = found != actors_.end() && found->second.epoch == record.epoch;
    if (record.base_revision != 0 || buried) {
      return absl::AbortedError(absl::StrCat("the store does not hold ", record.actor.ToString()));
    }
    found = actors_.insert_or_assign(record.actor, StoredActor{}).first;
    found->second.epoch = record.epoch;
  }
  StoredActor& stored = found->second;
  if (stored.epoch != record.epoch || stored.revision != record.base_revision) {
    return absl::AbortedError(absl::StrCat(record.actor.ToString(), " is at revision ", stored.revision,
                                           " in the store, the commit expects ", record.base_revision));
  }
  if (record.destroy) {
    Bury(record.actor, stored);
    return absl::OkStatus();
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

void MemoryStore::Bury(const ActorId& actor, StoredActor& stored) {
  const std::uint64_t epoch = stored.epoch;
  stored = StoredActor{};
  stored.epoch = epoch;
  stored.destroyed = true;
  destroyed_.push_back(actor);
  if (destroyed_.size() <= kDestroyedMax) return;
  const auto oldest = actors_.find(destroyed_.front());
  if (oldest != actors_.end() && oldest->second.destroyed) actors_.erase(oldest);
  destroyed_.pop_front();
}

void MemoryStore::Compact(const ActorId& actor, std::uint64_t epoch, std::uint64_t revision,
                          SharedBytes snapshot) {
  MutexLock lock(mutex_);
  const auto found = actors_.find(actor);
  if (found == actors_.end()) return;
  StoredActor& stored = found->second;
  if (stored.destroyed || stored.epoch != epoch || stored.revision != revision) return;
  stored.snapshot = std::move(snapshot);
  stored.snapshot_revision = revision;
  stored.patches = std::vector<SharedBytes>();
}

std::size_t MemoryStore::size() const {
  MutexLock lock(mutex_);
  return actors_.size();
}

std::size_t MemoryStore::bytes() const {
  MutexLock lock(mutex_);
  std::size_t bytes = 0;
  for (const auto& [actor, stored] : actors_) {
    bytes += actor.type.size() + actor.key.size() + sizeof(stored);
    if (stored.snapshot != nullptr) bytes += stored.snapshot->size();
    for (const SharedBytes& patch : stored.patches) bytes += patch->size();
  }
  return bytes;
}

}  // namespace onager::store
