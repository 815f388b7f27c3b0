#ifndef ONAGER_RUNTIME_STORE_TRANSFER_BACKUP_RECORDS_H_
#define ONAGER_RUNTIME_STORE_TRANSFER_BACKUP_RECORDS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "runtime/base/actor_id.h"
#include "runtime/store/store.h"

// The records of backup.proto, which says what they mean.
namespace onager::store {

inline constexpr std::uint32_t kBackupFormat = 1;

struct BackupHeader {
  BackupHeader() = default;

  std::uint32_t format = kBackupFormat;
  absl::Time began_at;
  std::string store;
  std::string writer;
};

struct BackupActor {
  BackupActor() = default;

  ActorId actor;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint32_t version = 1;
  bool destroyed = false;
};

/// What is in a backup.
struct BackupCounts {
  BackupCounts() = default;

  std::uint64_t actors = 0;  // Destroyed ones among them.
  std::uint64_t destroyed = 0;
  std::uint64_t steps = 0;
  std::uint64_t calls = 0;
  std::uint64_t reminders = 0;

  friend bool operator==(const BackupCounts&, const BackupCounts&) = default;
};

struct BackupTrailer {
  BackupTrailer() = default;

  BackupCounts counts;
  std::string sha256;
};

using BackupRecord = std::variant<BackupHeader, BackupActor, StoredSnapshot, std::vector<LogStep>,
                                  std::vector<StoredCall>, std::vector<StoredReminder>, BackupTrailer>;

std::string EncodeRecord(const BackupRecord& record);
/// `DATA_LOSS` for what is no record; `FAILED_PRECONDITION` for a kind of a later version.
absl::StatusOr<BackupRecord> DecodeRecord(std::string_view bytes);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_TRANSFER_BACKUP_RECORDS_H_
