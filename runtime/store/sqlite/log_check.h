#ifndef ONAGER_RUNTIME_STORE_SQLITE_LOG_CHECK_H_
#define ONAGER_RUNTIME_STORE_SQLITE_LOG_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace onager::store {

/// Looks at the write-ahead log that a crash has left, before SQLite does: `DATA_LOSS` when a bit of it has
/// flipped. SQLite takes the first frame whose checksum is wrong for the end, as it is where the power failed
/// in the middle of a write, and would silently drop what was committed from there on. A frame, or the
/// header, that is right but for one bit was not left by any crash. `path` is that of the database file, and
/// full.
absl::Status CheckLog(const std::string& path, const std::string& vfs);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_LOG_CHECK_H_
