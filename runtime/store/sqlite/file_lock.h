#ifndef ONAGER_RUNTIME_STORE_SQLITE_FILE_LOCK_H_
#define ONAGER_RUNTIME_STORE_SQLITE_FILE_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

struct sqlite3;

namespace onager::store {

/// Keeps a database file for one store, of this process or any other, for its own lifetime. The lock is that
/// of an empty file beside it, named `<path>-lock`, so that others may still read the database; it ends with
/// the process, whatever happens to that.
class FileLock {
 public:
  /// `UNAVAILABLE` when somebody has it. `path` is full, so that a file has one lock whatever it is called;
  /// an empty `vfs` is the default one.
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path, const std::string& vfs);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  FileLock() = default;

  sqlite3* db_ = nullptr;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_FILE_LOCK_H_
