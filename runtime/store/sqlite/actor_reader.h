#ifndef ONAGER_RUNTIME_STORE_SQLITE_ACTOR_READER_H_
#define ONAGER_RUNTIME_STORE_SQLITE_ACTOR_READER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "runtime/store/sqlite/actor_rows.h"
#include "runtime/store/sqlite/connection.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Reads actors over one connection, each time from one snapshot of the file, and believes no row whose
/// checksum is not that of its content. Used by one thread at a time.
class ActorReader {
 public:
  static absl::StatusOr<std::unique_ptr<ActorReader>> Open(const ConnectionSettings& settings);

  /// From now on everything is read from one snapshot, that of this moment.
  absl::Status Hold();

  /// `recent`: as `Store::LoadRecent`.
  absl::StatusOr<std::optional<StoredActor>> Load(const ActorId& actor, bool recent = false);
  absl::StatusOr<std::optional<StoredPast>> LoadPast(const ActorId& actor);
  absl::StatusOr<std::vector<ActorHead>> Scan(const ActorId& after, std::size_t limit);
  absl::StatusOr<std::vector<DueActor>> FindDue(absl::Time until, std::size_t limit);

 private:
  explicit ActorReader(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
  absl::Status Prepare();

  template <typename Read>
  auto InTransaction(Read read) -> decltype(read());
  absl::StatusOr<std::optional<ActorRow>> FindRow(const ActorId& actor);
  absl::StatusOr<std::optional<StoredActor>> ReadActor(const ActorId& actor, bool recent);
  absl::StatusOr<std::optional<StoredPast>> ReadPast(const ActorId& actor);
  absl::StatusOr<std::vector<ActorHead>> ReadHeads(const ActorId& after, std::size_t limit);
  absl::StatusOr<std::vector<DueActor>> ReadDue(absl::Time until, std::size_t limit);

  /// The snapshots of `statement`, which selects `snapshots` of the actor.
  absl::Status ReadSnapshots(const ActorId& actor, const ActorRow& row, Statement& statement,
                             std::vector<StoredSnapshot>& snapshots);
  absl::Status ReadLog(const ActorId& actor, const ActorRow& row, std::uint64_t snapshot_revision,
                       bool recent, std::vector<LogStep>& log);
  absl::Status ReadEarlier(const ActorId& actor, const ActorRow& row, std::uint64_t through,
                           std::vector<EarlierStep>& earlier);
  absl::Status ReadCalls(const ActorId& actor, const ActorRow& row, std::vector<StoredCall>& calls);
  absl::Status ReadReminders(const ActorId& actor, const ActorRow& row,
                             std::vector<StoredReminder>& reminders);
  /// An error of SQLite while the actor was read.
  absl::Status Failed(const ActorId& actor, int code);

  const std::unique_ptr<Connection> connection_;
  bool holds_ = false;  // A transaction that stays open.
  Statement begin_;
  Statement end_;
  Statement actor_;
  Statement actor_by_id_;
  Statement newest_snapshot_;
  Statement snapshots_;
  Statement log_;
  Statement earlier_;
  Statement calls_;
  Statement reminders_;
  Statement heads_;
  Statement due_;
};

/// The row of `actors` that `statement` stands at, whose columns are those of `kActorColumns`.
absl::StatusOr<ActorRow> ReadActorRow(const ActorId& actor, std::uint32_t seed, Statement& statement);
inline constexpr char kActorColumns[] = "id, epoch, revision, commit_id, version, flags, checksum";

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_ACTOR_READER_H_
