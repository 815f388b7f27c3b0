#ifndef ONAGER_RUNTIME_STORE_TRANSFER_BACKUP_H_
#define ONAGER_RUNTIME_STORE_TRANSFER_BACKUP_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "runtime/store/store.h"
#include "runtime/store/transfer/backup_records.h"

// All of a store in one file, and back into any store. Every function blocks. Not to be called where a store
// calls back.
namespace onager::store {

struct BackupOptions {
  BackupOptions() = default;

  std::string store_name;  // For the header: without a password.
  absl::Time now;
  bool replace = false;  // A file that is there already.
};

/// Writes all actors of the store to `path`, each as it is at one moment, while others go on writing; all as
/// they are at one moment, where `store` is a snapshot. No file, or no other file, is at `path` unless all
/// went well. What an actor was before its last stored snapshot is not in it.
absl::StatusOr<BackupCounts> Backup(Store& store, const std::string& path, const BackupOptions& options);

/// Reads all of the backup, and what its checksums say of it.
absl::StatusOr<BackupCounts> VerifyBackup(const std::string& path);

/// Where the epochs of restored actors come from: 64 random bits.
using DrawEpoch = std::function<std::uint64_t()>;

/// Puts all actors of the backup into a store that has none, with their calls and reminders, each in a new
/// epoch: who observed them before is told so, since what became of them after the backup is not known here.
/// The backup is verified before the first is written. `FAILED_PRECONDITION` when the store has something.
/// After any other error the store has a part of it, and is not to be used.
absl::StatusOr<BackupCounts> Restore(const std::string& path, Store& store, const DrawEpoch& draw_epoch);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_TRANSFER_BACKUP_H_
