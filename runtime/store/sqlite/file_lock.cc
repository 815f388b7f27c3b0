#include "runtime/store/sqlite/file_lock.h"

#include <sqlite3.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/store/sqlite/connection.h"

namespace onager::store {
namespace {

// Without links, so that a file has one lock whatever it is called.
absl::StatusOr<std::string> FullPath(const std::string& path, const std::string& vfs_name) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name.empty() ? nullptr : vfs_name.c_str());
  if (vfs == nullptr) return absl::InvalidArgumentError(absl::StrCat("there is no VFS ", vfs_name));
  std::vector<char> full(static_cast<std::size_t>(vfs->mxPathname) + 1);
  const int code = vfs->xFullPathname(vfs, path.c_str(), vfs->mxPathname, full.data());
  // A link is followed with another code of success.
  if (code != SQLITE_OK && code != SQLITE_OK_SYMLINK) return SqliteError(nullptr, code, path);
  return std::string(full.data());
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Take(const std::string& path, const std::string& vfs) {
  const absl::StatusOr<std::string> full = FullPath(path, vfs);
  if (!full.ok()) return full.status();
  const std::string lock_path = *full + "-lock";
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
        absl::StrCat(path, " is in use by another store (", lock_path, " is locked)"));
  }
  return SqliteError(lock->db_, code, absl::StrCat("locking ", lock_path));
}

FileLock::~FileLock() {
  if (db_ != nullptr) sqlite3_close_v2(db_);
}

}  // namespace onager::store
