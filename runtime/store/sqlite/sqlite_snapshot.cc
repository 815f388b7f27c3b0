#include "runtime/store/sqlite/sqlite_snapshot.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/sqlite/actor_reader.h"
#include "runtime/store/sqlite/connection.h"
#include "runtime/store/sqlite/file_format.h"
#include "runtime/store/sqlite/log_check.h"
#include "runtime/store/sqlite/page_checksum_vfs.h"
#include "runtime/store/sqlite/raw_file.h"

namespace onager::store {
namespace {

class SqliteSnapshot final : public Store {
  // The answer is given under no lock.
  template <typename ReadIt>
  auto Read(ReadIt read_it) {
    MutexLock lock(mutex_);
    return read_it(*reader_);
  }

 public:
  absl::Status Open(const SqliteOptions& options) {
    ONAGER_ASSIGN_OR_RETURN(const std::string path, FullPath(options.path, options.vfs));
    {
      ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<RawFile> file,
                              RawFile::Open(path, RawFile::Kind::kDatabase, options.vfs));
      if (file == nullptr) return absl::NotFoundError("there is no such file");
      ONAGER_ASSIGN_OR_RETURN(const std::int64_t size, file->Size());
      if (size == 0) return absl::NotFoundError("the file is empty");
    }
    ONAGER_RETURN_IF_ERROR(CheckFirstPage(path, options.vfs));
    ONAGER_RETURN_IF_ERROR(CheckLog(path, options.vfs));
    ONAGER_ASSIGN_OR_RETURN(vfs_, PageChecksumVfs::Register(options.vfs));
    ConnectionSettings settings;
    settings.path = path;
    settings.vfs = vfs_->name();
    settings.busy_timeout = options.busy_timeout;
    settings.query_only = true;
    MutexLock lock(mutex_);
    ONAGER_ASSIGN_OR_RETURN(reader_, ActorReader::Open(settings));
    return reader_->Hold();
  }

  void Load(const ActorId& actor, LoadDone done) override {
    done(Read([&](ActorReader& reader) { return reader.Load(actor); }));
  }
  void Commit(CommitRecord /*record*/, CommitDone done) override {
    done(absl::FailedPreconditionError("a snapshot is not written"));
  }
  void LoadPast(const ActorId& actor, PastDone done) override {
    done(Read([&](ActorReader& reader) { return reader.LoadPast(actor); }));
  }
  void Scan(const ActorId& after, std::size_t limit, ScanDone done) override {
    done(Read([&](ActorReader& reader) { return reader.Scan(after, limit); }));
  }
  void FindDue(absl::Time until, std::size_t limit, DueDone done) override {
    done(Read([&](ActorReader& reader) { return reader.FindDue(until, limit); }));
  }

 private:
  std::unique_ptr<PageChecksumVfs> vfs_;  // Outlives the connection.
  Mutex mutex_;
  std::unique_ptr<ActorReader> reader_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteSnapshot(const SqliteOptions& options) {
  auto snapshot = std::make_unique<SqliteSnapshot>();
  if (absl::Status opened = snapshot->Open(options); !opened.ok()) {
    return absl::Status(opened.code(), absl::StrCat("the store ", options.path, ": ", opened.message()));
  }
  return snapshot;
}

}  // namespace onager::store
