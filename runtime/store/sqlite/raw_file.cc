#include "runtime/store/sqlite/raw_file.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/sqlite/connection.h"

namespace onager::store {
namespace {

int FlagsOf(RawFile::Kind kind) {
  switch (kind) {
    case RawFile::Kind::kDatabase:
      return SQLITE_OPEN_MAIN_DB;
    case RawFile::Kind::kJournal:
    case RawFile::Kind::kMark:  // Made with the rights of the database file, as a journal is.
      return SQLITE_OPEN_MAIN_JOURNAL;
    case RawFile::Kind::kLog:
      return SQLITE_OPEN_WAL;
  }
  return 0;
}

absl::StatusOr<sqlite3_vfs*> FindVfs(const std::string& name) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(name.empty() ? nullptr : name.c_str());
  if (vfs == nullptr) return absl::InvalidArgumentError(absl::StrCat("SQLite has no file layer ", name));
  return vfs;
}

}  // namespace

absl::StatusOr<std::string> FullPath(const std::string& path, const std::string& vfs_name) {
  ONAGER_ASSIGN_OR_RETURN(sqlite3_vfs * vfs, FindVfs(vfs_name));
  std::vector<char> full(static_cast<std::size_t>(vfs->mxPathname) + 1);
  const int code = vfs->xFullPathname(vfs, path.c_str(), vfs->mxPathname, full.data());
  // Where a link was followed it is another code of success.
  if (code != SQLITE_OK && code != SQLITE_OK_SYMLINK) return SqliteError(nullptr, code, path);
  return std::string(full.data());
}

RawFile::RawFile(sqlite3_vfs& vfs, std::string path)
    : path_(std::move(path)), storage_(static_cast<std::size_t>(vfs.szOsFile) / 8 + 1) {}

sqlite3_file* RawFile::file() { return reinterpret_cast<sqlite3_file*>(storage_.data()); }

absl::StatusOr<std::unique_ptr<RawFile>> RawFile::Open(const std::string& path, Kind kind,
                                                       const std::string& vfs_name) {
  ONAGER_ASSIGN_OR_RETURN(sqlite3_vfs * vfs, FindVfs(vfs_name));
  int exists = 0;
  if (const int code = vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &exists); code != SQLITE_OK) {
    return SqliteError(nullptr, code, path);
  }
  if (exists == 0) return nullptr;
  return OpenWith(0, path, kind, *vfs);
}

absl::StatusOr<std::unique_ptr<RawFile>> RawFile::Make(const std::string& path, Kind kind,
                                                       const std::string& vfs_name) {
  ONAGER_ASSIGN_OR_RETURN(sqlite3_vfs * vfs, FindVfs(vfs_name));
  return OpenWith(SQLITE_OPEN_CREATE, path, kind, *vfs);
}

absl::Status RawFile::Remove(const std::string& path, const std::string& vfs_name) {
  ONAGER_ASSIGN_OR_RETURN(sqlite3_vfs * vfs, FindVfs(vfs_name));
  const int code = vfs->xDelete(vfs, path.c_str(), 0);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(nullptr, code, path);
}

absl::StatusOr<std::unique_ptr<RawFile>> RawFile::OpenWith(int flags, const std::string& path, Kind kind,
                                                           sqlite3_vfs& vfs) {
  std::unique_ptr<RawFile> file(new RawFile(vfs, path));
  // File layers read what is added to names; a name made this way has nothing added.
  file->name_ = sqlite3_create_filename(file->path_.c_str(), "", "", 0, nullptr);
  if (file->name_ == nullptr) return absl::ResourceExhaustedError("no memory");
  const int code =
      vfs.xOpen(&vfs, file->name_, file->file(), SQLITE_OPEN_READWRITE | FlagsOf(kind) | flags, nullptr);
  if (code != SQLITE_OK) return SqliteError(nullptr, code, absl::StrCat("opening ", path));
  return file;
}

RawFile::~RawFile() {
  if (file()->pMethods != nullptr) file()->pMethods->xClose(file());
  sqlite3_free_filename(name_);
}

absl::StatusOr<std::int64_t> RawFile::Size() {
  sqlite3_int64 size = 0;
  if (const int code = file()->pMethods->xFileSize(file(), &size); code != SQLITE_OK) {
    return SqliteError(nullptr, code, absl::StrCat("reading ", path_));
  }
  return size;
}

absl::StatusOr<std::string> RawFile::Read(std::int64_t offset, std::int64_t bytes) {
  ONAGER_ASSIGN_OR_RETURN(const std::int64_t size, Size());
  std::string read(static_cast<std::size_t>(std::clamp<std::int64_t>(size - offset, 0, bytes)), '\0');
  if (read.empty()) return read;
  const int code = file()->pMethods->xRead(file(), read.data(), static_cast<int>(read.size()), offset);
  if (code != SQLITE_OK) return SqliteError(nullptr, code, absl::StrCat("reading ", path_));
  return read;
}

absl::Status RawFile::Write(std::int64_t offset, const std::string& bytes) {
  const int code = file()->pMethods->xWrite(file(), bytes.data(), static_cast<int>(bytes.size()), offset);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(nullptr, code, absl::StrCat("writing ", path_));
}

}  // namespace onager::store
