#include "runtime/store/transfer/backup.h"

#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "onager/version.h"
#include "runtime/base/mutex.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/coalesce.h"
#include "runtime/store/transfer/backup_file.h"

namespace onager::store {
namespace {

constexpr std::size_t kHeadsAtATime = 1'000;
constexpr std::size_t kLoadsAtATime = 8;
constexpr std::size_t kRecordBytes = std::size_t{1} << 20;
constexpr std::size_t kWrittenBytesMax = std::size_t{16} << 20;
constexpr std::size_t kWrittenRecordsMax = 1'024;

using Loaded = absl::StatusOr<std::optional<StoredActor>>;

absl::StatusOr<std::vector<ActorHead>> ScanFrom(Store& store, const ActorId& after, std::size_t limit) {
  std::promise<absl::StatusOr<std::vector<ActorHead>>> scanned;
  store.Scan(after, limit, [&scanned](auto heads) { scanned.set_value(std::move(heads)); });
  return scanned.get_future().get();
}

// Loads a few actors ahead of the one that is wanted. What it has asked for it waits for.
class LoadAhead {
 public:
  explicit LoadAhead(Store& store) : store_(store) {}
  ~LoadAhead() {
    for (auto& [actor, loaded] : loads_) loaded.wait();
  }

  bool is_full() const { return loads_.size() >= kLoadsAtATime; }
  bool empty() const { return loads_.empty(); }
  void Begin(const ActorId& actor) {
    auto promise = std::make_shared<std::promise<Loaded>>();
    loads_.emplace_back(actor, promise->get_future());
    store_.Load(actor, [promise](Loaded loaded) { promise->set_value(std::move(loaded)); });
  }
  std::pair<ActorId, Loaded> Take() {
    auto [actor, loaded] = std::move(loads_.front());
    loads_.pop_front();
    return {std::move(actor), loaded.get()};
  }

 private:
  Store& store_;
  std::deque<std::pair<ActorId, std::future<Loaded>>> loads_;
};

absl::Status WriteNext(LoadAhead& loads, BackupFileWriter& file) {
  const auto [actor, loaded] = loads.Take();
  if (!loaded.ok()) return loaded.status();
  if (!loaded->has_value()) return absl::OkStatus();  // It is gone meanwhile.
  return file.Add(actor, **loaded);
}

// Commits without waiting for each; remembers the first error.
class CommitAhead {
 public:
  explicit CommitAhead(Store& store) : store_(store) {}
  ~CommitAhead() { (void)Wait(); }

  /// Blocks while too much is under way.
  absl::Status Commit(CommitRecord record) {
    const std::size_t bytes = RecordBytes(record);
    {
      MutexLock lock(mutex_);
      while (records_ >= kWrittenRecordsMax || (records_ > 0 && bytes_ + bytes > kWrittenBytesMax)) {
        changed_.Wait(mutex_);
      }
      if (!status_.ok()) return status_;
      ++records_;
      bytes_ += bytes;
    }
    const ActorId actor = record.actor;
    store_.Commit(std::move(record), [this, actor, bytes](const absl::Status& status) {
      MutexLock lock(mutex_);
      --records_;
      bytes_ -= bytes;
      if (!status.ok() && status_.ok()) {
        status_ = absl::Status(status.code(),
                               absl::StrCat("cannot restore ", actor.ToString(), ": ", status.message()));
      }
      changed_.NotifyAll();
    });
    return absl::OkStatus();
  }
  absl::Status Wait() {
    MutexLock lock(mutex_);
    while (records_ > 0) changed_.Wait(mutex_);
    return status_;
  }

 private:
  Store& store_;
  Mutex mutex_;
  CondVar changed_;
  std::size_t records_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

/// The commits that make up one actor in a store that has nothing of it.
class RestoredActor {
 public:
  RestoredActor(const ActorId& actor, std::uint64_t epoch, CommitAhead& commits)
      : actor_(actor), epoch_(epoch), commits_(commits) {}

  absl::Status Write(StoredActor stored) {
    if (stored.destroyed) return WriteDestroyed(stored.revision);
    if (stored.snapshot.state != nullptr) {
      CommitRecord begins = NewRecord(stored.snapshot.version);
      begins.base_revision = revision_ = stored.snapshot.revision;
      begins.begins = true;
      begins.snapshot = stored.snapshot.state;
      ONAGER_RETURN_IF_ERROR(commits_.Commit(std::move(begins)));
      const bool all = stored.log.empty() && stored.calls.empty() && stored.reminders.empty() &&
                       stored.snapshot.version == stored.version;
      if (all) return absl::OkStatus();
    }
    CommitRecord record = NewRecord(stored.version);
    std::size_t bytes = 0;
    for (LogStep& step : stored.log) {
      bytes += sizeof(step) + step.patch->size() + (step.events == nullptr ? 0 : step.events->size());
      record.steps.push_back(std::move(step));
      ++revision_;
      if (bytes < kRecordBytes) continue;
      ONAGER_RETURN_IF_ERROR(commits_.Commit(std::exchange(record, NewRecord(stored.version))));
      bytes = 0;
    }
    record.calls = std::move(stored.calls);
    record.reminders = std::move(stored.reminders);
    return commits_.Commit(std::move(record));
  }

 private:
  CommitRecord NewRecord(std::uint32_t version) const {
    CommitRecord record;
    record.actor = actor_;
    record.epoch = epoch_;
    record.base_revision = revision_;
    record.version = version;
    return record;
  }

  // In its own epoch, which is not to be given again.
  absl::Status WriteDestroyed(std::uint64_t revision) {
    CommitRecord begins = NewRecord(1);
    begins.base_revision = revision_ = revision;
    begins.begins = true;
    begins.snapshot = ShareBytes(std::string());
    ONAGER_RETURN_IF_ERROR(commits_.Commit(std::move(begins)));
    CommitRecord destroyed = NewRecord(1);
    destroyed.destroy = true;
    return commits_.Commit(std::move(destroyed));
  }

  const ActorId& actor_;
  const std::uint64_t epoch_;
  CommitAhead& commits_;
  std::uint64_t revision_ = 0;
};

std::uint64_t NewEpoch(std::uint64_t other_than, const DrawEpoch& draw) {
  std::uint64_t epoch = 0;
  do {
    epoch = draw() | 1;
  } while (epoch == other_than);
  return epoch;
}

}  // namespace

absl::StatusOr<BackupCounts> Backup(Store& store, const std::string& path, const BackupOptions& options) {
  BackupHeader header;
  header.began_at = options.now;
  header.store = options.store_name;
  header.writer = absl::StrCat(ONAGER_VERSION_MAJOR, ".", ONAGER_VERSION_MINOR, ".", ONAGER_VERSION_PATCH);
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<BackupFileWriter> file,
                          BackupFileWriter::Create(path, header, options.replace));
  LoadAhead loads(store);
  ActorId after;
  while (true) {
    ONAGER_ASSIGN_OR_RETURN(const std::vector<ActorHead> heads, ScanFrom(store, after, kHeadsAtATime));
    if (heads.empty()) break;
    for (const ActorHead& head : heads) {
      if (loads.is_full()) ONAGER_RETURN_IF_ERROR(WriteNext(loads, *file));
      loads.Begin(head.actor);
    }
    after = heads.back().actor;
  }
  while (!loads.empty()) ONAGER_RETURN_IF_ERROR(WriteNext(loads, *file));
  return file->Finish();
}

absl::StatusOr<BackupCounts> VerifyBackup(const std::string& path) {
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<BackupFileReader> file, BackupFileReader::Open(path));
  while (true) {
    ONAGER_ASSIGN_OR_RETURN(const std::optional<BackedUpActor> actor, file->Next());
    if (!actor.has_value()) return file->counts();
  }
}

absl::StatusOr<BackupCounts> Restore(const std::string& path, Store& store, const DrawEpoch& draw_epoch) {
  ONAGER_RETURN_IF_ERROR(VerifyBackup(path).status());
  ONAGER_ASSIGN_OR_RETURN(const std::vector<ActorHead> held, ScanFrom(store, ActorId(), 1));
  if (!held.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store is not empty: it has ", held[0].actor.ToString()));
  }
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<BackupFileReader> file, BackupFileReader::Open(path));
  CommitAhead commits(store);
  while (true) {
    ONAGER_ASSIGN_OR_RETURN(std::optional<BackedUpActor> actor, file->Next());
    if (!actor.has_value()) break;
    StoredActor& stored = actor->stored;
    const std::uint64_t epoch = stored.destroyed ? stored.epoch : NewEpoch(stored.epoch, draw_epoch);
    RestoredActor restored(actor->actor, epoch, commits);
    ONAGER_RETURN_IF_ERROR(restored.Write(std::move(stored)));
  }
  ONAGER_RETURN_IF_ERROR(commits.Wait());
  return file->counts();
}

}  // namespace onager::store
