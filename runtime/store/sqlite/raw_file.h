#ifndef ONAGER_RUNTIME_STORE_SQLITE_RAW_FILE_H_
#define ONAGER_RUNTIME_STORE_SQLITE_RAW_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

struct sqlite3_file;
struct sqlite3_vfs;

namespace onager::store {

/// A file of a database, by its bytes, over SQLite's file layer, which knows what locks a process has on
/// it.
class RawFile {
 public:
  enum class Kind { kDatabase, kJournal, kLog, kMark };

  /// Null where there is none. `path` is full; an empty `vfs` is the default one.
  static absl::StatusOr<std::unique_ptr<RawFile>> Open(const std::string& path, Kind kind,
                                                       const std::string& vfs);
  /// As `Open`, but makes it where there is none.
  static absl::StatusOr<std::unique_ptr<RawFile>> Make(const std::string& path, Kind kind,
                                                       const std::string& vfs);
  static absl::Status Remove(const std::string& path, const std::string& vfs);
  ~RawFile();
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  absl::StatusOr<std::int64_t> Size();
  /// `bytes` from `offset` on; fewer where the file ends.
  absl::StatusOr<std::string> Read(std::int64_t offset, std::int64_t bytes);
  /// Flushes nothing.
  absl::Status Write(std::int64_t offset, const std::string& bytes);

 private:
  RawFile(sqlite3_vfs& vfs, std::string path);
  static absl::StatusOr<std::unique_ptr<RawFile>> OpenWith(int flags, const std::string& path, Kind kind,
                                                           sqlite3_vfs& vfs);
  sqlite3_file* file();

  const std::string path_;
  const char* name_ = nullptr;  // As file layers want it, for as long as the file is open.
  // Where SQLite's layer keeps the open file, aligned for it.
  std::vector<std::uint64_t> storage_;
};

/// The path of a file without links and relative parts, as SQLite names it.
absl::StatusOr<std::string> FullPath(const std::string& path, const std::string& vfs);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_RAW_FILE_H_
