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
#include "runtime/store/sqlite/record_writer.h"

namespace onager::store {

/// Writes groups of commits, each in one transaction, and carries the write-ahead log into the database file.
/// Used by one thread at a time.
class GroupWriter {
 public:
  /// Opens the file, and makes it a store where it is empty. No other connection is open meanwhile.
  static absl::StatusOr<std::unique_ptr<GroupWriter>> Open(const ConnectionSettings& settings,
                                                           std::size_t log_bytes);

  /// Sets the status of each commit of the group that was not refused before. Returns when it is certain what
  /// became of them, or `settings.closing` was set and it could not be found out: `UNKNOWN`.
  void Write(absl::Span<PendingCommit> group);

  /// Whether there is something in the log that `WriteBack` would carry on.
  bool has_log() const { return log_frames_ > written_back_frames_; }
  bool log_is_large() const { return log_frames_ >= write_back_at_; }
  void WriteBack();

 private:
  explicit GroupWriter(const ConnectionSettings& settings, std::size_t log_bytes)
      : settings_(settings), log_frames_max_(static_cast<int>(log_bytes / 4096)) {}

  absl::Status TryToWrite(absl::Span<PendingCommit> group);
  absl::Status WriteRecords(absl::Span<PendingCommit> group, bool& wrote);
  /// After a COMMIT that failed: makes certain that nothing of it is ever found.
  absl::Status Undo();
  absl::Status ForgetWhatOthersWrote();
  static int OnLogGrown(void* self, sqlite3* db, const char* name, int frames);

  const ConnectionSettings settings_;
  const int log_frames_max_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<RecordWriter> records_;
  Statement begin_;
  Statement commit_;
  Statement data_version_;
  std::int64_t seen_data_version_ = 0;
  std::int64_t group_ = 0;  // The number of the last one.
  int log_frames_ = 0;
  int written_back_frames_ = 0;
  int write_back_at_ = 0;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_GROUP_WRITER_H_
