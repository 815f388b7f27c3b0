#include "runtime/store/sqlite/file_lock.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "runtime/store/sqlite/connection.h"

namespace onager::store {
absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Take(const std::string& path, const std::string& vfs) {
  const std::string lock_path = path + "-lock";
  std::unique_ptr<FileLock> lock(new FileLock());
  int code = sqlite3_open_v2(lock_path.c_str(), &lock->db_,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE,
                             vfs.empty() ? nullptr : vfs.c_str());
  // An empty database, in which nothing is ever written, and a transaction that never ends.
  if (code == SQLITE_OK) code = sqlite3_exec(lock->db_, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return lock;
  if ((code & 0xff) == SQLITE_BUSY) {
    return absl::UnavailableError(
        absl::StrCat("it is in use by another store, which has locked ", lock_path));
  }
  return SqliteError(lock->db_, code, absl::StrCat("locking ", lock_path));
}

FileLock::~FileLock() {
  if (db_ != nullptr) sqlite3_close_v2(db_);
}

}  // namespace onager::store
