#ifndef ONAGER_RUNTIME_STORE_SQLITE_SQLITE_SNAPSHOT_H_
#define ONAGER_RUNTIME_STORE_SQLITE_SQLITE_SNAPSHOT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "runtime/store/sqlite/sqlite_store.h"
#include "runtime/store/store.h"

namespace onager::store {

/// All that a store's file holds at this moment, to be read while its store, in this process or another, goes
/// on writing it: the write-ahead log grows for as long as this is open. Answers inside the call, over one
/// connection; commits are refused with `FAILED_PRECONDITION`. `NOT_FOUND` where there is no file, and the
/// errors of `OpenSqliteStore`. Of `options` it looks at `path`, `busy_timeout` and `vfs`.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteSnapshot(const SqliteOptions& options);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_SQLITE_SNAPSHOT_H_
