#ifndef ONAGER_RUNTIME_STORE_SQLITE_PAGE_CHECKSUM_VFS_H_
#define ONAGER_RUNTIME_STORE_SQLITE_PAGE_CHECKSUM_VFS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct sqlite3_vfs;

namespace onager::store {

/// Of every page of a store file, whose last bytes are its checksum.
inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::size_t kPageChecksumBytes = 4;

/// Whether a whole page is what was written as the `number`th, from 1 on. One without a checksum, four zero
/// bytes, counts as such: another program has written it.
bool IsIntactPage(std::string_view page, std::uint64_t number);

/// SQLite's file layer, with a checksum of each page of a database file that is set when the page is written
/// there and looked at when it is read: `SQLITE_IOERR_DATA` when it is not that of the page. What index and
/// tree pages say cannot be proved by checksums of rows: a flipped bit in one of them hides rows.
///
/// SQLite itself sees zeros in place of the checksum, so those are what the write-ahead log has, and what
/// another program writes that copies pages or carries the log into the file: such pages are read without a
/// proof. A file in the log is proved by the log's own checksums.
///
/// A resource: registered with SQLite for its lifetime, which is that of its connections and longer.
class PageChecksumVfs {
 public:
  /// Before the layer of that name; empty: the default one.
  static absl::StatusOr<std::unique_ptr<PageChecksumVfs>> Register(const std::string& base);
  ~PageChecksumVfs();
  PageChecksumVfs(const PageChecksumVfs&) = delete;
  PageChecksumVfs& operator=(const PageChecksumVfs&) = delete;

  const std::string& name() const { return name_; }

 private:
  explicit PageChecksumVfs(sqlite3_vfs& base);

  const std::string name_;
  const std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_PAGE_CHECKSUM_VFS_H_
