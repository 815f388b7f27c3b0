#ifndef ONAGER_RUNTIME_STORE_SQLITE_LOG_CHECK_H_
#define ONAGER_RUNTIME_STORE_SQLITE_LOG_CHECK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "runtime/store/sqlite/raw_file.h"

namespace onager::store {

/// Remembers, in a small file beside the log, up to where the log was flushed when a commit was answered.
///
/// SQLite takes the first frame of a log whose checksum is wrong for its end, as it is where the power failed
/// in the middle of a write, and silently drops what follows: also where a bit has flipped in what was
/// committed long ago. The mark tells the two apart. It is not flushed itself, so that after a power failure
/// it may be an older one, or gone; it never says too much. Used by one thread at a time.
class LogMark {
 public:
  /// `path` is that of the database file, and full.
  LogMark(std::string path, std::string vfs) : path_(std::move(path)), vfs_(std::move(vfs)) {}

  /// The log is flushed up to and with its `frame`th, from 1 on. What goes wrong is passed over: a mark is a
  /// help, and an older one is right too.
  void Set(std::int64_t frame);
  /// For the end of a store, after which the log stays where somebody reads it, or it could not be carried
  /// into the database file: so does the mark then.
  void RemoveIfLogIsGone();

 private:
  absl::Status TryToSet(std::int64_t frame);

  const std::string path_;
  const std::string vfs_;
  std::unique_ptr<RawFile> log_;
  std::unique_ptr<RawFile> mark_;
};

/// Looks at the log that a crash has left, before SQLite does: `DATA_LOSS` when it is damaged before the
/// mark, or in its header. A store may be writing the log.
absl::Status CheckLog(const std::string& path, const std::string& vfs);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_LOG_CHECK_H_
