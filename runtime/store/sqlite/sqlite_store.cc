#include "runtime/store/sqlite/sqlite_store.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/sqlite/actor_reader.h"
#include "runtime/store/sqlite/answer_queue.h"
#include "runtime/store/sqlite/call_queue.h"
#include "runtime/store/sqlite/connection.h"
#include "runtime/store/sqlite/file_format.h"
#include "runtime/store/sqlite/file_lock.h"
#include "runtime/store/sqlite/group_writer.h"
#include "runtime/store/sqlite/log_check.h"
#include "runtime/store/sqlite/page_checksum_vfs.h"
#include "runtime/store/sqlite/raw_file.h"

namespace onager::store {
namespace {

// When nothing has been written for so long, the log is carried into the database file.
constexpr absl::Duration kIdleBeforeWriteBack = absl::Seconds(1);
constexpr int kWriterCacheKib = 32 << 10;
constexpr int kReaderCacheKib = 8 << 10;

absl::Status Closed() { return absl::UnavailableError("the store is closed"); }

CallLimits LimitsOf(const SqliteOptions& options) {
  CallLimits limits;
  limits.commits_max = options.queue_records_max;
  limits.commit_bytes_max = options.queue_bytes_max;
  limits.reads_max = options.reads_max;
  return limits;
}

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(SqliteOptions options) : options_(std::move(options)), calls_(LimitsOf(options_)) {}
  ~SqliteStore() override;

  absl::Status Start();

  void Load(const ActorId& actor, LoadDone done) override;
  void Commit(CommitRecord record, CommitDone done) override;
  void LoadRecent(const ActorId& actor, LoadDone done) override;
  void LoadPast(const ActorId& actor, PastDone done) override;
  void Scan(const ActorId& after, std::size_t limit, ScanDone done) override;
  void FindDue(absl::Time until, std::size_t limit, DueDone done) override;

 private:
  absl::Status OpenFile();
  ConnectionSettings SettingsOf(int cache_kib, bool query_only) const;
  void WriteCommits();
  void Read();
  void Answer(PendingRead& read, std::unique_ptr<ActorReader>& reader);

  const SqliteOptions options_;
  CallQueue calls_;
  AnswerQueue answers_{calls_};
  std::atomic<bool> closing_ = false;
  std::string path_;  // Without links.
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<PageChecksumVfs> vfs_;
  std::unique_ptr<GroupWriter> writer_;  // Of the writing thread.
  std::vector<std::thread> threads_;
};

absl::Status SqliteStore::Start() {
  if (options_.path.empty() || options_.path == ":memory:") {
    return absl::InvalidArgumentError("an SQLite store needs the path of a file");
  }
  if (absl::Status opened = OpenFile(); !opened.ok()) {
    return absl::Status(opened.code(), absl::StrCat("the store ", options_.path, ": ", opened.message()));
  }
  threads_.emplace_back([this] { WriteCommits(); });
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.readers); ++i) {
    threads_.emplace_back([this] { Read(); });
  }
  return absl::OkStatus();
}

absl::Status SqliteStore::OpenFile() {
  ONAGER_ASSIGN_OR_RETURN(path_, FullPath(options_.path, options_.vfs));
  ONAGER_ASSIGN_OR_RETURN(lock_, FileLock::Take(path_, options_.vfs));
  ONAGER_RETURN_IF_ERROR(CheckFirstPage(path_, options_.vfs));
  ONAGER_RETURN_IF_ERROR(CheckLog(path_, options_.vfs));
  ONAGER_ASSIGN_OR_RETURN(vfs_, PageChecksumVfs::Register(options_.vfs));
  ONAGER_ASSIGN_OR_RETURN(writer_, GroupWriter::Open(SettingsOf(kWriterCacheKib, false), options_.log_bytes));
  return absl::OkStatus();
}

SqliteStore::~SqliteStore() {
  closing_ = true;
  calls_.Close();
  for (std::thread& thread : threads_) thread.join();
  writer_.reset();
}

ConnectionSettings SqliteStore::SettingsOf(int cache_kib, bool query_only) const {
  ConnectionSettings settings;
  settings.path = path_;
  settings.vfs = vfs_->name();
  settings.busy_timeout = options_.busy_timeout;
  settings.cache_kib = cache_kib;
  settings.query_only = query_only;
  settings.closing = &closing_;
  return settings;
}

void SqliteStore::Commit(CommitRecord record, CommitDone done) {
  if (!calls_.Add(record, done)) done(Closed());
}

void SqliteStore::Load(const ActorId& actor, LoadDone done) {
  PendingRead read;
  read.call = LoadCall{actor, std::move(done), /*recent=*/false};
  if (!calls_.Add(read)) std::get<LoadCall>(read.call).done(Closed());
}

void SqliteStore::LoadRecent(const ActorId& actor, LoadDone done) {
  PendingRead read;
  read.call = LoadCall{actor, std::move(done), /*recent=*/true};
  if (!calls_.Add(read)) std::get<LoadCall>(read.call).done(Closed());
}

void SqliteStore::LoadPast(const ActorId& actor, PastDone done) {
  PendingRead read;
  read.call = PastCall{actor, std::move(done)};
  if (!calls_.Add(read)) std::get<PastCall>(read.call).done(Closed());
}

void SqliteStore::Scan(const ActorId& after, std::size_t limit, ScanDone done) {
  PendingRead read;
  read.call = ScanCall{after, limit, std::move(done)};
  if (!calls_.Add(read)) std::get<ScanCall>(read.call).done(Closed());
}

void SqliteStore::FindDue(absl::Time until, std::size_t limit, DueDone done) {
  PendingRead read;
  read.call = DueCall{until, limit, std::move(done)};
  if (!calls_.Add(read)) std::get<DueCall>(read.call).done(Closed());
}

void SqliteStore::WriteCommits() {
  while (true) {
    const absl::Time idle_at =
        writer_->has_log() ? absl::Now() + kIdleBeforeWriteBack : absl::InfiniteFuture();
    CommitGroup group = calls_.TakeCommits(options_.group_records_max, options_.group_bytes_max, idle_at);
    if (group.empty()) {
      if (calls_.drained()) return;
      writer_->WriteBack();
      continue;
    }
    writer_->Write(absl::MakeSpan(group));
    answers_.Answer(std::move(group), !calls_.HasCommits());
    if (writer_->log_is_large()) writer_->WriteBack();
  }
}

void SqliteStore::Read() {
  // Before the first one asks; when it fails, that one finds out why.
  std::unique_ptr<ActorReader> reader =
      ActorReader::Open(SettingsOf(kReaderCacheKib, true)).value_or(nullptr);
  while (std::optional<PendingRead> read = calls_.TakeRead()) {
    Answer(*read, reader);
    calls_.Answered(*read);
  }
}

// Opens the reader where there is none, and closes it after an error, so that the next one begins anew.
template <typename ReadIt>
auto WithReader(const absl::Status& refused, const ConnectionSettings& settings,
                std::unique_ptr<ActorReader>& reader, ReadIt read_it) -> decltype(read_it(*reader)) {
  if (!refused.ok()) return refused;
  if (reader == nullptr) {
    ONAGER_ASSIGN_OR_RETURN(reader, ActorReader::Open(settings));
  }
  auto result = read_it(*reader);
  if (!result.ok()) reader.reset();
  return result;
}

void SqliteStore::Answer(PendingRead& read, std::unique_ptr<ActorReader>& reader) {
  const ConnectionSettings settings = SettingsOf(kReaderCacheKib, true);
  if (auto* load = std::get_if<LoadCall>(&read.call)) {
    load->done(WithReader(read.status, settings, reader,
                          [load](ActorReader& from) { return from.Load(load->actor, load->recent); }));
    load->done = nullptr;
  } else if (auto* past = std::get_if<PastCall>(&read.call)) {
    past->done(WithReader(read.status, settings, reader,
                          [past](ActorReader& from) { return from.LoadPast(past->actor); }));
    past->done = nullptr;
  } else if (auto* scan = std::get_if<ScanCall>(&read.call)) {
    scan->done(WithReader(read.status, settings, reader,
                          [scan](ActorReader& from) { return from.Scan(scan->after, scan->limit); }));
  } else if (auto* due = std::get_if<DueCall>(&read.call)) {
    due->done(WithReader(read.status, settings, reader,
                         [due](ActorReader& from) { return from.FindDue(due->until, due->limit); }));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(SqliteOptions options) {
  auto store = std::make_unique<SqliteStore>(std::move(options));
  ONAGER_RETURN_IF_ERROR(store->Start());
  return store;
}

}  // namespace onager::store
