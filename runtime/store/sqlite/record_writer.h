#ifndef ONAGER_RUNTIME_STORE_SQLITE_RECORD_WRITER_H_
#define ONAGER_RUNTIME_STORE_SQLITE_RECORD_WRITER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/store/sqlite/actor_rows.h"
#include "runtime/store/sqlite/connection.h"
#include "runtime/store/sqlite/row_cache.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Writes records over one connection, inside of the transaction that is open there; the rows of their actors
/// in the end, each once, however many records it had. Used by one thread at a time.
class RecordWriter {
 public:
  /// `connection` outlives it.
  static absl::StatusOr<std::unique_ptr<RecordWriter>> Make(Connection& connection);

  /// `ABORTED` and `INVALID_ARGUMENT`: the record does not fit, and nothing of it was written. After any
  /// other error the transaction has to be rolled back.
  absl::Status Write(const CommitRecord& record);

  /// Ends what `Write` has begun, before the transaction is committed. After an error it has to be rolled
  /// back.
  absl::Status Finish();

  /// To be called when a transaction did not become permanent, or somebody else may have written.
  void Forget();

 private:
  explicit RecordWriter(Connection& connection) : connection_(connection) {}
  absl::Status Prepare();

  absl::StatusOr<RowCache::Entry*> FindRow(const ActorId& actor);
  absl::StatusOr<std::int64_t> NextId();
  absl::Status WriteRow(const RowCache::Entry& entry);
  absl::Status WriteSteps(const CommitRecord& record, std::uint32_t seed, const ActorRow& row);
  absl::Status WriteSnapshot(const CommitRecord& record, std::uint32_t seed, const ActorRow& row);
  absl::Status WriteBeside(const CommitRecord& record, std::uint32_t seed, const ActorRow& row);
  absl::Status Prune(const ActorRow& row, std::uint64_t floor);
  absl::Status Bury(const ActorRow& row);
  absl::Status Done(int code);

  Connection& connection_;
  RowCache rows_;
  std::vector<RowCache::Entry*> changed_;  // Of the transaction.
  std::int64_t last_id_given_ = 0;         // 0: not known.
  Statement find_;
  Statement last_id_;
  Statement insert_actor_;
  Statement update_actor_;
  Statement insert_step_;
  Statement drop_steps_;
  Statement insert_snapshot_;
  Statement base_snapshot_;
  Statement drop_snapshots_;
  Statement set_call_;
  Statement drop_call_;
  Statement drop_calls_;
  Statement set_reminder_;
  Statement drop_reminder_;
  Statement drop_reminders_;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_RECORD_WRITER_H_
