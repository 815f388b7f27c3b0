#ifndef ONAGER_RUNTIME_STORE_SQLITE_FILE_FORMAT_H_
#define ONAGER_RUNTIME_STORE_SQLITE_FILE_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "runtime/store/sqlite/connection.h"

namespace onager::store {

/// "Onag", in the header of every store file.
inline constexpr std::int64_t kApplicationId = 0x4f6e6167;
/// Of tables, columns and checksums. A file of a newer one is not touched.
inline constexpr std::int64_t kFormatVersion = 1;

/// Bits of `actors.flags`.
inline constexpr std::int64_t kDestroyedFlag = 1;
inline constexpr std::int64_t kAheadFlag = 2;

/// Looks at the first page of a file, before SQLite does and writes something: `FAILED_PRECONDITION` when it
/// is another application's or of a newer format, `DATA_LOSS` when it is damaged. `path` is full. A file that
/// is empty, or not there, is fine.
absl::Status CheckFirstPage(const std::string& path, const std::string& vfs);

/// Makes an empty file a store, and looks whether any other is one that this version reads.
/// `FAILED_PRECONDITION` when it is another application's or of a newer format, `DATA_LOSS` when it is
/// damaged. `connection` is its only one.
absl::Status PrepareFile(Connection& connection);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_FILE_FORMAT_H_
