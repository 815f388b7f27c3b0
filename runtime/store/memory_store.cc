#include "runtime/store/memory_store.h"

#include <algorithm>
#include <utility>

#include "runtime/store/check_record.h"

namespace onager::store {

void MemoryStore::Load(const ActorId& actor, LoadDone done) {
  std::optional<StoredActor> stored;
  {
    MutexLock lock(mutex_);
    if (const auto found = actors_.find(actor); found != actors_.end()) stored = found->second;
    if (const auto found = beside_.find(actor); found != beside_.end()) {
      for (const auto& [id, call] : found->second.calls) stored->calls.push_back(call);
      std::stable_sort(stored->calls.begin(), stored->calls.end(),
                       [](const StoredCall& a, const StoredCall& b) { return a.revision < b.revision; });
      for (const auto& [name, reminder] : found->second.reminders) stored->reminders.push_back(reminder);
    }
  }
  done(std::move(stored));
}

void MemoryStore::Commit(CommitRecord record, CommitDone done) { done(Apply(std::move(record))); }

absl::Status MemoryStore::Apply(CommitRecord record) {
  MutexLock lock(mutex_);
  auto found = actors_.find(record.actor);
  HeldPosition held;
  if (found != actors_.end()) {
    held.exists = true;
    held.destroyed = found->second.destroyed;
    held.epoch = found->second.epoch;
    held.revision = found->second.revision;
    held.commit = found->second.commit;
  }
  if (absl::Status fits = CheckRecord(record, held); !fits.ok()) return fits;
  if (!held.exists || held.destroyed) {
    found = actors_.insert_or_assign(record.actor, StoredActor{}).first;
    found->second.epoch = record.epoch;
  }
  StoredActor& stored = found->second;
  stored.commit = record.commit;
  if (record.destroy) {
    Bury(record.actor, stored);
    return absl::OkStatus();
  }
  for (LogStep& step : record.steps) stored.log.push_back(std::move(step));
  stored.revision = RevisionAfter(record);
  stored.version = record.version;
  if (record.ahead.has_value()) stored.ahead = *record.ahead;
  if (record.snapshot != nullptr) {
    if (stored.snapshot.state != nullptr) {
      beside_[record.actor].older.push_back(std::move(stored.snapshot));
    }
    stored.snapshot.revision = stored.revision;
    stored.snapshot.state = std::move(record.snapshot);
    stored.snapshot.version = record.version;
  }
  if (record.next_epoch != 0) {
    stored.epoch = record.next_epoch;
    Prune(record.actor, stored, stored.revision);
  } else if (record.log_floor > 0) {
    Prune(record.actor, stored, record.log_floor);
  }
  SetBeside(record);
  return absl::OkStatus();
}

void MemoryStore::SetBeside(CommitRecord& record) {
  if (record.calls.empty() && record.forgotten_calls.empty() && record.reminders.empty() &&
      record.cancelled_reminders.empty()) {
    return;
  }
  Beside& beside = beside_[record.actor];
  for (const StoredCallId& call : record.forgotten_calls) beside.calls.erase(call);
  for (StoredCall& call : record.calls) {
    const StoredCallId id = call.id;
    beside.calls.insert_or_assign(id, std::move(call));
  }
  for (const auto& name : record.cancelled_reminders) beside.reminders.erase(name);
  for (StoredReminder& reminder : record.reminders) {
    std::pair name(reminder.name, reminder.id);
    beside.reminders.insert_or_assign(std::move(name), std::move(reminder));
  }
  if (beside.empty()) beside_.erase(record.actor);
}

// Of the newest snapshot at or below the floor, what is older goes, and the steps that lead to it.
void MemoryStore::Prune(const ActorId& actor, StoredActor& stored, std::uint64_t floor) {
  std::uint64_t base = 0;
  const auto found = beside_.find(actor);
  if (stored.snapshot.state != nullptr && stored.snapshot.revision <= floor) {
    base = stored.snapshot.revision;
    if (found != beside_.end()) found->second.older.clear();
  } else if (found != beside_.end()) {
    std::vector<StoredSnapshot>& older = found->second.older;
    const auto after =
        std::partition_point(older.begin(), older.end(),
                             [floor](const StoredSnapshot& snapshot) { return snapshot.revision <= floor; });
    if (after != older.begin()) {
      base = std::prev(after)->revision;
      older.erase(older.begin(), std::prev(after));
    }
  }
  if (found != beside_.end() && found->second.empty()) beside_.erase(found);
  const auto kept = std::partition_point(stored.log.begin(), stored.log.end(),
                                         [base](const LogStep& step) { return step.revision <= base; });
  stored.log.erase(stored.log.begin(), kept);
  if (stored.log.empty()) stored.log = std::vector<LogStep>();  // With its room.
}

void MemoryStore::Bury(const ActorId& actor, StoredActor& stored) {
  StoredActor left;
  left.epoch = stored.epoch;
  left.revision = stored.revision;
  left.commit = stored.commit;
  left.destroyed = true;
  stored = std::move(left);
  beside_.erase(actor);
  destroyed_.push_back(actor);
  if (destroyed_.size() <= kDestroyedMax) return;
  const auto oldest = actors_.find(destroyed_.front());
  if (oldest != actors_.end() && oldest->second.destroyed) actors_.erase(oldest);
  destroyed_.pop_front();
}

void MemoryStore::LoadPast(const ActorId& actor, PastDone done) {
  std::optional<StoredPast> past;
  {
    MutexLock lock(mutex_);
    const auto found = actors_.find(actor);
    if (found != actors_.end() && !found->second.destroyed) {
      const StoredActor& stored = found->second;
      past.emplace();
      past->epoch = stored.epoch;
      past->revision = stored.revision;
      if (const auto beside = beside_.find(actor); beside != beside_.end()) {
        past->snapshots = beside->second.older;
      }
      if (stored.snapshot.state != nullptr) past->snapshots.push_back(stored.snapshot);
      past->log = stored.log;
    }
  }
  done(std::move(past));
}

void MemoryStore::Scan(const ActorId& after, std::size_t limit, ScanDone done) {
  std::vector<ActorHead> heads;
  {
    MutexLock lock(mutex_);
    for (const auto& [actor, stored] : actors_) {
      if (!(after < actor)) continue;
      ActorHead& head = heads.emplace_back();
      head.actor = actor;
      head.epoch = stored.epoch;
      head.revision = stored.revision;
      head.destroyed = stored.destroyed;
    }
  }
  std::sort(heads.begin(), heads.end(),
            [](const ActorHead& a, const ActorHead& b) { return a.actor < b.actor; });
  if (heads.size() > limit) heads.resize(limit);
  done(std::move(heads));
}

void MemoryStore::FindDue(absl::Time until, std::size_t limit, DueDone done) {
  std::vector<DueActor> due;
  {
    MutexLock lock(mutex_);
    for (const auto& [actor, beside] : beside_) {
      absl::Time next = absl::InfiniteFuture();
      for (const auto& [name, reminder] : beside.reminders) next = std::min(next, reminder.due);
      if (next > until || next == absl::InfiniteFuture()) continue;
      DueActor& entry = due.emplace_back();
      entry.actor = actor;
      entry.due = next;
    }
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const DueActor& a, const DueActor& b) { return a.due < b.due; });
  if (due.size() > limit) due.resize(limit);
  done(std::move(due));
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
    if (stored.snapshot.state != nullptr) bytes += stored.snapshot.state->size();
    for (const LogStep& step : stored.log) {
      bytes += sizeof(step) + step.patch->size() + (step.events == nullptr ? 0 : step.events->size());
    }
  }
  return bytes;
}

}  // namespace onager::store
