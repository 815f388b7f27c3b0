#ifndef ONAGER_RUNTIME_STORE_SQLITE_GROUP_WRITER_H_
#define ONAGER_RUNTIME_STORE_SQLITE_GROUP_WRITER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/store/sqlite/call_queue.h"
#include "runtime/store/sqlite/connection.h"
#include "runtime/store/sqlite/log_check.h"
#include "runtime/store/sqlite/page_checksum_vfs.h"
#include "runtime/store/sqlite/record_writer.h"

namespace onager::store {

/// Writes groups of commits, each in one transaction, and carries the write-ahead log into the database file.
/// Used by one thread at a time.
class GroupWriter {
 public:
  /// Opens the file, and makes it a store where it is empty. No other connection is open meanwhile.
  static absl::StatusOr<std::unique_ptr<GroupWriter>> Open(const ConnectionSettings& settings,
                                                           std::size_t log_bytes);
  /// Closes the file. Where no other connection is open, all of it is in the one file then.
  ~GroupWriter();

  /// Sets the status of each commit of the group that was not refused before. Returns when it is certain what
  /// became of them, as long as that takes; or `settings.closing` was set and it could not be made certain:
  /// `UNKNOWN`.
  void Write(absl::Span<const std::unique_ptr<PendingCommit>> group);

  /// Whether there is something in the log that `WriteBack` would carry on.
  bool has_log() const { return log_frames_ > written_back_frames_; }
  bool log_is_large() const { return log_frames_ >= write_back_at_; }
  void WriteBack();

 private:
  explicit GroupWriter(const ConnectionSettings& settings, std::size_t log_bytes)
      : settings_(settings),
        log_bytes_(log_bytes),
        log_frames_max_(static_cast<int>(log_bytes / kPageBytes)),
        mark_(settings.path, settings.vfs) {}

  /// A connection with what is prepared for it.
  struct Session {
    std::unique_ptr<Connection> connection;
    std::unique_ptr<RecordWriter> records;
    Statement begin;
    Statement commit;
    Statement data_version;
    std::int64_t seen_data_version = 0;
  };

  absl::StatusOr<std::unique_ptr<Session>> OpenSession(bool prepare_file);
  /// Takes another connection, where one can be had.
  void Renew();
  absl::Status TryToWrite(absl::Span<const std::unique_ptr<PendingCommit>> group);
  absl::Status WriteRecords(absl::Span<const std::unique_ptr<PendingCommit>> group, bool& wrote);
  /// After a COMMIT that failed: makes certain that nothing of it is ever found.
  absl::Status Undo();
  int TryToUndo();
  absl::Status ForgetWhatOthersWrote();
  static int OnLogGrown(void* self, sqlite3* db, const char* name, int frames);

  const ConnectionSettings settings_;
  const std::size_t log_bytes_;
  const int log_frames_max_;
  LogMark mark_;
  std::unique_ptr<Session> session_;
  bool is_suspect_ = false;  // The session has met an error of the disk.
  int log_frames_ = 0;
  int written_back_frames_ = 0;
  int write_back_at_ = 0;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_GROUP_WRITER_H_
