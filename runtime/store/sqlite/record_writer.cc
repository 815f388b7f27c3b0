#include "runtime/store/sqlite/record_writer.h"

#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/check_record.h"
#include "runtime/store/sqlite/actor_reader.h"
#include "runtime/store/sqlite/file_format.h"

namespace onager::store {

absl::StatusOr<std::unique_ptr<RecordWriter>> RecordWriter::Make(Connection& connection) {
  std::unique_ptr<RecordWriter> writer(new RecordWriter(connection));
  ONAGER_RETURN_IF_ERROR(writer->Prepare());
  return writer;
}

absl::Status RecordWriter::Prepare() {
  Connection& db = connection_;
  ONAGER_RETURN_IF_ERROR(
      find_.Prepare(db, absl::StrCat("SELECT ", kActorColumns, " FROM actors WHERE type = ? AND key = ?")));
  ONAGER_RETURN_IF_ERROR(last_id_.Prepare(db, "SELECT max(id) FROM actors"));
  ONAGER_RETURN_IF_ERROR(insert_actor_.Prepare(
      db,
      "INSERT INTO actors(epoch, revision, commit_id, version, flags, checksum, id, type, key) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  ONAGER_RETURN_IF_ERROR(update_actor_.Prepare(
      db,
      "UPDATE actors SET epoch = ?, revision = ?, commit_id = ?, version = ?, flags = ?, "
      "checksum = ? WHERE id = ?"));
  ONAGER_RETURN_IF_ERROR(insert_step_.Prepare(
      db,
      "INSERT INTO log(actor, revision, committed_at, checksum, patch, events) VALUES(?, ?, ?, ?, ?, ?)"));
  ONAGER_RETURN_IF_ERROR(drop_steps_.Prepare(db, "DELETE FROM log WHERE actor = ? AND revision <= ?"));
  ONAGER_RETURN_IF_ERROR(insert_snapshot_.Prepare(
      db,
      "INSERT OR REPLACE INTO snapshots(actor, revision, version, checksum, state) VALUES(?, ?, ?, ?, ?)"));
  ONAGER_RETURN_IF_ERROR(
      base_snapshot_.Prepare(db, "SELECT max(revision) FROM snapshots WHERE actor = ? AND revision <= ?"));
  ONAGER_RETURN_IF_ERROR(
      drop_snapshots_.Prepare(db, "DELETE FROM snapshots WHERE actor = ? AND revision < ?"));
  ONAGER_RETURN_IF_ERROR(set_call_.Prepare(
      db,
      "INSERT OR REPLACE INTO calls(actor, high, low, revision, ended_at, checksum, outcome) "
      "VALUES(?, ?, ?, ?, ?, ?, ?)"));
  ONAGER_RETURN_IF_ERROR(
      drop_call_.Prepare(db, "DELETE FROM calls WHERE actor = ? AND high = ? AND low = ?"));
  ONAGER_RETURN_IF_ERROR(drop_calls_.Prepare(db, "DELETE FROM calls WHERE actor = ?"));
  ONAGER_RETURN_IF_ERROR(set_reminder_.Prepare(
      db,
      "INSERT OR REPLACE INTO reminders(actor, name, id, due, period, checksum) VALUES(?, ?, ?, ?, ?, ?)"));
  ONAGER_RETURN_IF_ERROR(
      drop_reminder_.Prepare(db, "DELETE FROM reminders WHERE actor = ? AND name = ? AND id = ?"));
  return drop_reminders_.Prepare(db, "DELETE FROM reminders WHERE actor = ?");
}

absl::Status RecordWriter::Done(int code) {
  return code == SQLITE_OK ? absl::OkStatus() : connection_.Error(code, "writing");
}

void RecordWriter::Forget() {
  changed_.clear();
  rows_.Clear();
  last_id_given_ = 0;
}

absl::StatusOr<RowCache::Entry*> RecordWriter::FindRow(const ActorId& actor) {
  if (RowCache::Entry* entry = rows_.Find(actor)) return entry;
  StatementUse use(find_);
  const int code = find_.BindText(1, actor.type).BindText(2, actor.key).Step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    return connection_.Error(code, absl::StrCat("reading ", actor.ToString()));
  }
  CachedRow cached;
  cached.seed = RowChecksum::Seed(actor);
  cached.exists = cached.is_in_file = code == SQLITE_ROW;
  if (cached.exists) {
    ONAGER_ASSIGN_OR_RETURN(cached.row, ReadActorRow(actor, cached.seed, find_));
  }
  RowCache::Entry& entry = rows_.Insert(actor);
  entry.second = cached;
  return &entry;
}

// One more than the greatest: ids are not used again, since no row goes.
absl::StatusOr<std::int64_t> RecordWriter::NextId() {
  if (last_id_given_ == 0) {
    StatementUse use(last_id_);
    if (const int code = last_id_.Step(); code != SQLITE_ROW) return connection_.Error(code, "writing");
    last_id_given_ = last_id_.Integer(0).value_or(0);
  }
  return ++last_id_given_;
}

absl::Status RecordWriter::Write(const CommitRecord& record) {
  ONAGER_ASSIGN_OR_RETURN(RowCache::Entry * entry, FindRow(record.actor));
  CachedRow& cached = entry->second;
  HeldPosition held;
  held.exists = cached.exists;
  held.destroyed = (cached.row.flags & kDestroyedFlag) != 0;
  held.epoch = cached.row.epoch;
  held.revision = cached.row.revision;
  held.commit = cached.row.commit;
  ONAGER_RETURN_IF_ERROR(CheckRecord(record, held));
  const std::uint64_t revision = RevisionAfter(record);
  if (revision > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return absl::InvalidArgumentError(
        absl::StrCat("a commit of ", record.actor.ToString(), ": no such revision"));
  }

  ActorRow& row = cached.row;
  if (!held.exists) {
    ONAGER_ASSIGN_OR_RETURN(row.id, NextId());
    cached.exists = true;
  }
  if (!held.exists || held.destroyed) row.flags = 0;
  row.epoch = record.next_epoch != 0 ? record.next_epoch : record.epoch;
  row.revision = revision;
  row.commit = record.commit;
  row.version = record.version;
  if (record.ahead.has_value()) row.flags = *record.ahead ? kAheadFlag : 0;
  if (record.destroy) row.flags = kDestroyedFlag;
  if (!std::exchange(cached.is_changed, true)) changed_.push_back(entry);
  if (record.destroy) return Bury(row);

  ONAGER_RETURN_IF_ERROR(WriteSteps(record, cached.seed, row));
  if (record.snapshot != nullptr) ONAGER_RETURN_IF_ERROR(WriteSnapshot(record, cached.seed, row));
  if (record.next_epoch != 0) {
    ONAGER_RETURN_IF_ERROR(Prune(row, revision));
  } else if (record.log_floor > 0) {
    ONAGER_RETURN_IF_ERROR(Prune(row, record.log_floor));
  }
  return WriteBeside(record, cached.seed, row);
}

absl::Status RecordWriter::Finish() {
  for (RowCache::Entry* entry : changed_) {
    ONAGER_RETURN_IF_ERROR(WriteRow(*entry));
    entry->second.is_in_file = true;
    entry->second.is_changed = false;
  }
  changed_.clear();
  rows_.Age();
  return absl::OkStatus();
}

absl::Status RecordWriter::WriteRow(const RowCache::Entry& entry) {
  const auto& [actor, cached] = entry;
  const ActorRow& row = cached.row;
  Statement& statement = cached.is_in_file ? update_actor_ : insert_actor_;
  StatementUse use(statement);
  statement.Bind(1, row.epoch)
      .Bind(2, row.revision)
      .Bind(3, row.commit)
      .Bind(4, std::int64_t{row.version})
      .Bind(5, row.flags)
      .Bind(6, std::int64_t{ChecksumOf(cached.seed, row)})
      .Bind(7, row.id);
  if (!cached.is_in_file) statement.BindText(8, actor.type).BindText(9, actor.key);
  ONAGER_RETURN_IF_ERROR(Done(statement.Run()));
  if (cached.is_in_file && sqlite3_changes(connection_.handle()) != 1) {
    return Damaged(actor, "its row is gone");
  }
  return absl::OkStatus();
}

absl::Status RecordWriter::WriteSteps(const CommitRecord& record, std::uint32_t seed, const ActorRow& row) {
  StatementUse use(insert_step_);
  for (const LogStep& step : record.steps) {
    insert_step_.Bind(1, row.id)
        .Bind(2, step.revision)
        .Bind(3, ToColumn(step.committed_at))
        .Bind(4, std::int64_t{ChecksumOf(seed, row.epoch, step)})
        .BindBlob(5, *step.patch);
    if (step.events != nullptr) {
      insert_step_.BindBlob(6, *step.events);
    } else {
      insert_step_.BindNull(6);
    }
    ONAGER_RETURN_IF_ERROR(Done(insert_step_.Run()));
  }
  return absl::OkStatus();
}

absl::Status RecordWriter::WriteSnapshot(const CommitRecord& record, std::uint32_t seed,
                                         const ActorRow& row) {
  StoredSnapshot snapshot;
  snapshot.revision = row.revision;
  snapshot.version = record.version;
  snapshot.state = record.snapshot;
  StatementUse use(insert_snapshot_);
  return Done(insert_snapshot_.Bind(1, row.id)
                  .Bind(2, snapshot.revision)
                  .Bind(3, std::int64_t{snapshot.version})
                  .Bind(4, std::int64_t{ChecksumOf(seed, row.epoch, snapshot)})
                  .BindBlob(5, *snapshot.state)
                  .Run());
}

// Of the newest snapshot at or below the floor, what is older goes, and the steps that lead to it.
absl::Status RecordWriter::Prune(const ActorRow& row, std::uint64_t floor) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::optional<std::int64_t> base;
  {
    StatementUse use(base_snapshot_);
    const int code = base_snapshot_.Bind(1, row.id).Bind(2, std::min(floor, kMax)).Step();
    if (code != SQLITE_ROW) return connection_.Error(code, "writing");
    base = base_snapshot_.Integer(0);
  }
  if (!base.has_value()) return absl::OkStatus();
  ONAGER_RETURN_IF_ERROR(Done(drop_snapshots_.Bind(1, row.id).Bind(2, *base).Run()));
  return Done(drop_steps_.Bind(1, row.id).Bind(2, *base).Run());
}

absl::Status RecordWriter::WriteBeside(const CommitRecord& record, std::uint32_t seed, const ActorRow& row) {
  for (const StoredCallId& id : record.forgotten_calls) {
    ONAGER_RETURN_IF_ERROR(Done(drop_call_.Bind(1, row.id).Bind(2, id.high).Bind(3, id.low).Run()));
  }
  for (const StoredCall& call : record.calls) {
    ONAGER_RETURN_IF_ERROR(Done(set_call_.Bind(1, row.id)
                                    .Bind(2, call.id.high)
                                    .Bind(3, call.id.low)
                                    .Bind(4, call.revision)
                                    .Bind(5, ToColumn(call.ended_at))
                                    .Bind(6, std::int64_t{ChecksumOf(seed, call)})
                                    .BindBlob(7, *call.outcome)
                                    .Run()));
  }
  for (const auto& [name, id] : record.cancelled_reminders) {
    ONAGER_RETURN_IF_ERROR(Done(drop_reminder_.Bind(1, row.id).BindText(2, name).BindBlob(3, id).Run()));
  }
  for (const StoredReminder& reminder : record.reminders) {
    ONAGER_RETURN_IF_ERROR(Done(set_reminder_.Bind(1, row.id)
                                    .BindText(2, reminder.name)
                                    .BindBlob(3, reminder.id)
                                    .Bind(4, ToColumn(reminder.due))
                                    .Bind(5, ToColumn(reminder.period))
                                    .Bind(6, std::int64_t{ChecksumOf(seed, reminder)})
                                    .Run()));
  }
  return absl::OkStatus();
}

absl::Status RecordWriter::Bury(const ActorRow& row) {
  constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  ONAGER_RETURN_IF_ERROR(Done(drop_steps_.Bind(1, row.id).Bind(2, kAll).Run()));
  ONAGER_RETURN_IF_ERROR(Done(drop_snapshots_.Bind(1, row.id).Bind(2, kAll).Run()));
  ONAGER_RETURN_IF_ERROR(Done(drop_calls_.Bind(1, row.id).Run()));
  return Done(drop_reminders_.Bind(1, row.id).Run());
}

}  // namespace onager::store
