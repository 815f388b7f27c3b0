#ifndef ONAGER_RUNTIME_STORE_SQLITE_SQLITE_STORE_H_
#define ONAGER_RUNTIME_STORE_SQLITE_SQLITE_STORE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "runtime/store/store.h"

namespace onager::store {

struct SqliteOptions {
  SqliteOptions() = default;
  explicit SqliteOptions(std::string file) : path(std::move(file)) {}

  // Of the database file, which is made where there is none; its folder exists. Beside it there are
  // `<path>-wal`, `<path>-shm` and `<path>-lock`. A file system of this machine: locks and shared memory of
  // those of a network cannot be relied on.
  std::string path;
  // How long a lock of another program, which reads or copies the file, is waited for.
  absl::Duration busy_timeout = absl::Seconds(5);

  // Commits that wait together are written together, so many and so many bytes at most.
  std::size_t group_records_max = 1'024;
  std::size_t group_bytes_max = 8u << 20;
  // Commits that are not answered. What comes beyond is refused with `RESOURCE_EXHAUSTED`.
  std::size_t queue_records_max = 65'536;
  std::size_t queue_bytes_max = 256u << 20;
  // Reads that are not answered, refused likewise; and how many go on at a time, each with its own
  // connection.
  std::size_t reads_max = 262'144;
  std::size_t readers = 2;
  // The write-ahead log is written into the database file when it is larger than this, or nothing else is to
  // be done. It is larger for a while when others read long.
  std::size_t log_bytes = 16u << 20;

  // SQLite's file layer, by the name under which it is registered. Empty: that of the system.
  std::string vfs;
};

/// Opens a store in an SQLite file, for this process alone: one thread writes, another answers, others read,
/// and many commits cost one flush of the disk. `docs/stores.md` says what it guarantees.
///
/// `UNAVAILABLE`: another store has the file, or it cannot be reached. `FAILED_PRECONDITION`: it is another
/// application's, or of a newer format. `DATA_LOSS`: it is damaged.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(SqliteOptions options);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_SQLITE_STORE_H_
