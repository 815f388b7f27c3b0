#include "runtime/store/sqlite/actor_reader.h"

#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/sqlite/file_format.h"

namespace onager::store {
namespace {

constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();  // Revisions.
constexpr int kTypeColumn = 7;  // After `kActorColumns`; the key follows.

/// Whether the checksum in `column` is `checksum`.
bool IsChecksum(Statement& statement, int column, std::uint32_t checksum) {
  return statement.Integer(column) == std::int64_t{checksum};
}

std::int64_t LimitColumn(std::size_t limit) {
  constexpr std::size_t kMax = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(limit, kMax));
}

}  // namespace

absl::StatusOr<ActorRow> ReadActorRow(const ActorId& actor, std::uint32_t seed, Statement& statement) {
  const std::optional<std::int64_t> id = statement.Integer(0);
  const std::optional<std::int64_t> epoch = statement.Integer(1);
  const std::optional<std::int64_t> revision = statement.Integer(2);
  const std::optional<std::int64_t> commit = statement.Integer(3);
  const std::optional<std::int64_t> version = statement.Integer(4);
  const std::optional<std::int64_t> flags = statement.Integer(5);
  if (!id || !epoch || !revision || !commit || !version || !flags) {
    return Damaged(actor, "a column of its row is no number");
  }
  ActorRow row;
  row.id = *id;
  row.epoch = static_cast<std::uint64_t>(*epoch);
  row.revision = static_cast<std::uint64_t>(*revision);
  row.commit = static_cast<std::uint64_t>(*commit);
  row.version = static_cast<std::uint32_t>(*version);
  row.flags = *flags;
  if (!IsChecksum(statement, 6, ChecksumOf(seed, row))) return Damaged(actor, "the checksum of its row");
  return row;
}

absl::StatusOr<std::unique_ptr<ActorReader>> ActorReader::Open(const ConnectionSettings& settings) {
  ONAGER_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::Open(settings));
  std::unique_ptr<ActorReader> reader(new ActorReader(std::move(connection)));
  ONAGER_RETURN_IF_ERROR(reader->Prepare());
  return reader;
}

absl::Status ActorReader::Prepare() {
  Connection& db = *connection_;
  ONAGER_RETURN_IF_ERROR(begin_.Prepare(db, "BEGIN"));
  ONAGER_RETURN_IF_ERROR(end_.Prepare(db, "COMMIT"));
  ONAGER_RETURN_IF_ERROR(
      actor_.Prepare(db, absl::StrCat("SELECT ", kActorColumns, " FROM actors WHERE type = ? AND key = ?")));
  ONAGER_RETURN_IF_ERROR(actor_by_id_.Prepare(
      db, absl::StrCat("SELECT ", kActorColumns, ", type, key FROM actors WHERE id = ?")));
  ONAGER_RETURN_IF_ERROR(
      newest_snapshot_.Prepare(db,
                               "SELECT revision, version, checksum, state FROM snapshots WHERE actor = ? "
                               "ORDER BY revision DESC LIMIT 1"));
  ONAGER_RETURN_IF_ERROR(snapshots_.Prepare(
      db, "SELECT revision, version, checksum, state FROM snapshots WHERE actor = ? ORDER BY revision"));
  // To compare a row with where the actor's end, SQLite would read all of it, however long it is; the rows
  // are looked at here instead. The length of a patch is known from the beginning of its row.
  ONAGER_RETURN_IF_ERROR(
      log_.Prepare(db,
                   "SELECT revision, committed_at, checksum, patch, events, actor FROM log "
                   "WHERE (actor, revision) > (?, ?) ORDER BY actor, revision"));
  ONAGER_RETURN_IF_ERROR(
      earlier_.Prepare(db,
                       "SELECT revision, committed_at, length(patch), events, actor FROM log "
                       "WHERE (actor, revision) > (?, ?) ORDER BY actor, revision"));
  ONAGER_RETURN_IF_ERROR(calls_.Prepare(
      db, "SELECT high, low, revision, ended_at, checksum, outcome FROM calls WHERE actor = ?"));
  ONAGER_RETURN_IF_ERROR(reminders_.Prepare(
      db, "SELECT name, id, due, period, checksum FROM reminders WHERE actor = ? ORDER BY name, id"));
  ONAGER_RETURN_IF_ERROR(heads_.Prepare(db, absl::StrCat("SELECT ", kActorColumns,
                                                         ", type, key FROM actors WHERE (type, key) > (?, ?) "
                                                         "ORDER BY type, key LIMIT ?")));
  return due_.Prepare(db, "SELECT due, actor FROM reminders WHERE due <= ? ORDER BY due, actor");
}

absl::Status ActorReader::Failed(const ActorId& actor, int code) {
  return connection_->Error(code, absl::StrCat("reading ", actor.ToString()));
}

// Each read is a transaction, so that it sees one moment of the file.
template <typename Read>
auto ActorReader::InTransaction(Read read) -> decltype(read()) {
  if (holds_) return read();
  if (const int code = begin_.Run(); code != SQLITE_OK) return connection_->Error(code, "reading");
  auto result = read();
  end_.Run();
  connection_->RollBack();  // Where an error kept it from ending.
  return result;
}

absl::Status ActorReader::Hold() {
  // Carrying the log into the file is left to whoever writes it.
  sqlite3_db_config(connection_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (const int code = begin_.Run(); code != SQLITE_OK) return connection_->Error(code, "reading");
  holds_ = true;
  return Scan(ActorId(), 1).status();  // A transaction sees the moment of its first look.
}

absl::StatusOr<std::optional<StoredActor>> ActorReader::Load(const ActorId& actor, bool recent) {
  return InTransaction([&] { return ReadActor(actor, recent); });
}

absl::StatusOr<std::optional<StoredPast>> ActorReader::LoadPast(const ActorId& actor) {
  return InTransaction([&] { return ReadPast(actor); });
}

absl::StatusOr<std::vector<ActorHead>> ActorReader::Scan(const ActorId& after, std::size_t limit) {
  return InTransaction([&] { return ReadHeads(after, limit); });
}

absl::StatusOr<std::vector<DueActor>> ActorReader::FindDue(absl::Time until, std::size_t limit) {
  return InTransaction([&] { return ReadDue(until, limit); });
}

absl::StatusOr<std::optional<ActorRow>> ActorReader::FindRow(const ActorId& actor) {
  StatementUse use(actor_);
  const int code = actor_.BindText(1, actor.type).BindText(2, actor.key).Step();
  if (code == SQLITE_DONE) return std::nullopt;
  if (code != SQLITE_ROW) return Failed(actor, code);
  return ReadActorRow(actor, RowChecksum::Seed(actor), actor_);
}

absl::StatusOr<std::optional<StoredActor>> ActorReader::ReadActor(const ActorId& actor, bool recent) {
  ONAGER_ASSIGN_OR_RETURN(const std::optional<ActorRow> found, FindRow(actor));
  if (!found.has_value()) return std::nullopt;
  const ActorRow& row = *found;
  std::optional<StoredActor> stored(std::in_place);
  stored->epoch = row.epoch;
  stored->revision = row.revision;
  stored->commit = row.commit;
  if ((row.flags & kDestroyedFlag) != 0) {
    stored->destroyed = true;
    return stored;
  }
  stored->version = row.version;
  stored->ahead = (row.flags & kAheadFlag) != 0;
  std::vector<StoredSnapshot> newest;
  ONAGER_RETURN_IF_ERROR(ReadSnapshots(actor, row, newest_snapshot_, newest));
  if (!newest.empty()) stored->snapshot = std::move(newest.front());
  const std::uint64_t snapshot = stored->snapshot.revision;
  ONAGER_RETURN_IF_ERROR(ReadLog(actor, row, snapshot, recent, stored->log));
  ONAGER_RETURN_IF_ERROR(ReadCalls(actor, row, stored->calls));
  ONAGER_RETURN_IF_ERROR(ReadReminders(actor, row, stored->reminders));
  if (!recent) return stored;
  std::vector<EarlierStep> earlier;
  ONAGER_RETURN_IF_ERROR(ReadEarlier(actor, row, snapshot, earlier));
  if (!earlier.empty()) stored->earlier = std::make_shared<std::vector<EarlierStep>>(std::move(earlier));
  return stored;
}

absl::StatusOr<std::optional<StoredPast>> ActorReader::ReadPast(const ActorId& actor) {
  ONAGER_ASSIGN_OR_RETURN(const std::optional<ActorRow> found, FindRow(actor));
  if (!found.has_value()) return std::nullopt;
  const ActorRow& row = *found;
  if ((row.flags & kDestroyedFlag) != 0) return std::nullopt;
  std::optional<StoredPast> past(std::in_place);
  past->epoch = row.epoch;
  past->revision = row.revision;
  ONAGER_RETURN_IF_ERROR(ReadSnapshots(actor, row, snapshots_, past->snapshots));
  const std::uint64_t newest = past->snapshots.empty() ? 0 : past->snapshots.back().revision;
  ONAGER_RETURN_IF_ERROR(ReadLog(actor, row, newest, /*recent=*/false, past->log));
  return past;
}

absl::Status ActorReader::ReadSnapshots(const ActorId& actor, const ActorRow& row, Statement& statement,
                                        std::vector<StoredSnapshot>& snapshots) {
  StatementUse use(statement);
  statement.Bind(1, row.id);
  int code = 0;
  while ((code = statement.Step()) == SQLITE_ROW) {
    const std::optional<std::int64_t> revision = statement.Integer(0);
    const std::optional<std::int64_t> version = statement.Integer(1);
    const std::optional<std::string_view> state = statement.Blob(3);
    if (!revision || !version || !state) return Damaged(actor, "a column of a snapshot");
    StoredSnapshot& snapshot = snapshots.emplace_back();
    snapshot.revision = static_cast<std::uint64_t>(*revision);
    snapshot.version = static_cast<std::uint32_t>(*version);
    snapshot.state = ShareBytes(std::string(*state));
    if (!IsChecksum(statement, 2, ChecksumOf(RowChecksum::Seed(actor), row.epoch, snapshot)) ||
        snapshot.revision > row.revision) {
      return Damaged(actor, absl::StrCat("the snapshot at revision ", snapshot.revision));
    }
  }
  return code == SQLITE_DONE ? absl::OkStatus() : Failed(actor, code);
}

// Of all that is kept, or of what is not in the snapshot. From the snapshot on, or from the beginning where
// there is none, to the revision nothing is missing.
absl::Status ActorReader::ReadLog(const ActorId& actor, const ActorRow& row, std::uint64_t snapshot_revision,
                                  bool recent, std::vector<LogStep>& log) {
  StatementUse use(log_);
  log_.Bind(1, row.id).Bind(2, recent ? static_cast<std::int64_t>(snapshot_revision) : kBeforeAll);
  const std::uint32_t seed = RowChecksum::Seed(actor);
  int code = 0;
  while ((code = log_.Step()) == SQLITE_ROW && log_.Integer(5) == row.id) {
    const std::optional<std::int64_t> revision = log_.Integer(0);
    const std::optional<std::int64_t> committed_at = log_.Integer(1);
    const std::optional<std::string_view> patch = log_.Blob(3);
    const std::optional<std::string_view> events = log_.Blob(4);
    if (!revision || !committed_at || !patch || (!events && !log_.IsNull(4))) {
      return Damaged(actor, "a column of its log");
    }
    LogStep step;
    step.revision = static_cast<std::uint64_t>(*revision);
    step.committed_at = TimeFromColumn(*committed_at);
    step.patch = ShareBytes(std::string(*patch));
    if (events.has_value()) step.events = ShareBytes(std::string(*events));
    if (!IsChecksum(log_, 2, ChecksumOf(seed, row.epoch, step))) {
      return Damaged(actor, absl::StrCat("the step to revision ", step.revision));
    }
    if (!log.empty() && step.revision != log.back().revision + 1) {
      return Damaged(actor, absl::StrCat("its log has a gap before revision ", step.revision));
    }
    log.push_back(std::move(step));
  }
  if (code != SQLITE_DONE && code != SQLITE_ROW) return Failed(actor, code);
  const std::uint64_t from = log.empty() ? row.revision : log.front().revision - 1;
  const std::uint64_t to = log.empty() ? row.revision : log.back().revision;
  if (to != row.revision || from > snapshot_revision) {
    return Damaged(actor, absl::StrCat("its log leads from revision ", from, " to ", to, ", and not from ",
                                       snapshot_revision, " to ", row.revision));
  }
  return absl::OkStatus();
}

// Their checksums are over what is not read, and whoever asks for the past has them checked.
absl::Status ActorReader::ReadEarlier(const ActorId& actor, const ActorRow& row, std::uint64_t through,
                                      std::vector<EarlierStep>& earlier) {
  StatementUse use(earlier_);
  earlier_.Bind(1, row.id).Bind(2, kBeforeAll);
  int code = 0;
  while ((code = earlier_.Step()) == SQLITE_ROW && earlier_.Integer(4) == row.id) {
    const std::optional<std::int64_t> revision = earlier_.Integer(0);
    if (revision > static_cast<std::int64_t>(through)) break;
    const std::optional<std::int64_t> committed_at = earlier_.Integer(1);
    const std::optional<std::int64_t> patch_bytes = earlier_.Integer(2);
    const std::optional<std::string_view> events = earlier_.Blob(3);
    if (!revision || !committed_at || !patch_bytes || (!events && !earlier_.IsNull(3))) {
      return Damaged(actor, "a column of its log");
    }
    EarlierStep step;
    step.revision = static_cast<std::uint64_t>(*revision);
    step.patch_bytes = static_cast<std::size_t>(*patch_bytes);
    step.committed_at = TimeFromColumn(*committed_at);
    if (events.has_value()) step.events = ShareBytes(std::string(*events));
    if (!earlier.empty() && step.revision != earlier.back().revision + 1) {
      return Damaged(actor, absl::StrCat("its log has a gap before revision ", step.revision));
    }
    earlier.push_back(std::move(step));
  }
  if (code != SQLITE_DONE && code != SQLITE_ROW) return Failed(actor, code);
  if (earlier.empty() || earlier.back().revision == through) return absl::OkStatus();
  return Damaged(actor, absl::StrCat("its log has a gap before revision ", through));
}

absl::Status ActorReader::ReadCalls(const ActorId& actor, const ActorRow& row,
                                    std::vector<StoredCall>& calls) {
  StatementUse use(calls_);
  calls_.Bind(1, row.id);
  const std::uint32_t seed = RowChecksum::Seed(actor);
  int code = 0;
  while ((code = calls_.Step()) == SQLITE_ROW) {
    const std::optional<std::int64_t> high = calls_.Integer(0);
    const std::optional<std::int64_t> low = calls_.Integer(1);
    const std::optional<std::int64_t> revision = calls_.Integer(2);
    const std::optional<std::int64_t> ended_at = calls_.Integer(3);
    const std::optional<std::string_view> outcome = calls_.Blob(5);
    if (!high || !low || !revision || !ended_at || !outcome) return Damaged(actor, "a column of a call");
    StoredCall& call = calls.emplace_back();
    call.id.high = static_cast<std::uint64_t>(*high);
    call.id.low = static_cast<std::uint64_t>(*low);
    call.revision = static_cast<std::uint64_t>(*revision);
    call.ended_at = TimeFromColumn(*ended_at);
    call.outcome = ShareBytes(std::string(*outcome));
    if (!IsChecksum(calls_, 4, ChecksumOf(seed, call))) return Damaged(actor, "a call");
  }
  if (code != SQLITE_DONE) return Failed(actor, code);
  std::stable_sort(calls.begin(), calls.end(),
                   [](const StoredCall& a, const StoredCall& b) { return a.revision < b.revision; });
  return absl::OkStatus();
}

absl::Status ActorReader::ReadReminders(const ActorId& actor, const ActorRow& row,
                                        std::vector<StoredReminder>& reminders) {
  StatementUse use(reminders_);
  reminders_.Bind(1, row.id);
  const std::uint32_t seed = RowChecksum::Seed(actor);
  int code = 0;
  while ((code = reminders_.Step()) == SQLITE_ROW) {
    const std::optional<std::string_view> name = reminders_.Text(0);
    const std::optional<std::string_view> id = reminders_.Blob(1);
    const std::optional<std::int64_t> due = reminders_.Integer(2);
    const std::optional<std::int64_t> period = reminders_.Integer(3);
    if (!name || !id || !due || !period) return Damaged(actor, "a column of a reminder");
    StoredReminder& reminder = reminders.emplace_back();
    reminder.name = std::string(*name);
    reminder.id = std::string(*id);
    reminder.due = TimeFromColumn(*due);
    reminder.period = DurationFromColumn(*period);
    if (!IsChecksum(reminders_, 4, ChecksumOf(seed, reminder))) return Damaged(actor, "a reminder");
  }
  return code == SQLITE_DONE ? absl::OkStatus() : Failed(actor, code);
}

absl::StatusOr<std::vector<ActorHead>> ActorReader::ReadHeads(const ActorId& after, std::size_t limit) {
  StatementUse use(heads_);
  heads_.BindText(1, after.type).BindText(2, after.key).Bind(3, LimitColumn(limit));
  std::vector<ActorHead> heads;
  int code = 0;
  while ((code = heads_.Step()) == SQLITE_ROW) {
    const std::optional<std::string_view> type = heads_.Text(kTypeColumn);
    const std::optional<std::string_view> key = heads_.Text(kTypeColumn + 1);
    if (!type || !key) return absl::DataLossError("an actor in the list of them has no name");
    ActorHead& head = heads.emplace_back();
    head.actor.type = std::string(*type);
    head.actor.key = std::string(*key);
    ONAGER_ASSIGN_OR_RETURN(const ActorRow row,
                            ReadActorRow(head.actor, RowChecksum::Seed(head.actor), heads_));
    head.epoch = row.epoch;
    head.revision = row.revision;
    head.destroyed = (row.flags & kDestroyedFlag) != 0;
  }
  if (code != SQLITE_DONE) return connection_->Error(code, "listing actors");
  return heads;
}

absl::StatusOr<std::vector<DueActor>> ActorReader::ReadDue(absl::Time until, std::size_t limit) {
  StatementUse use(due_);
  due_.Bind(1, ToColumn(until));
  std::vector<DueActor> found;
  absl::flat_hash_set<std::int64_t> seen;
  int code = SQLITE_DONE;
  while (found.size() < limit && (code = due_.Step()) == SQLITE_ROW) {
    const std::optional<std::int64_t> due = due_.Integer(0);
    const std::optional<std::int64_t> id = due_.Integer(1);
    if (!due || !id) return absl::DataLossError("a reminder in the list of what is due");
    if (*due == std::numeric_limits<std::int64_t>::max()) break;  // Never.
    if (!seen.insert(*id).second) continue;                       // A later one of the same actor.
    StatementUse use_actor(actor_by_id_);
    const int found_actor = actor_by_id_.Bind(1, *id).Step();
    if (found_actor != SQLITE_ROW) {
      return found_actor == SQLITE_DONE ? absl::DataLossError("a reminder belongs to no actor")
                                        : connection_->Error(found_actor, "looking for what is due");
    }
    const std::optional<std::string_view> type = actor_by_id_.Text(kTypeColumn);
    const std::optional<std::string_view> key = actor_by_id_.Text(kTypeColumn + 1);
    if (!type || !key) return absl::DataLossError("an actor with a reminder has no name");
    DueActor& entry = found.emplace_back();
    entry.actor.type = std::string(*type);
    entry.actor.key = std::string(*key);
    entry.due = TimeFromColumn(*due);
    const absl::StatusOr<ActorRow> row =
        ReadActorRow(entry.actor, RowChecksum::Seed(entry.actor), actor_by_id_);
    if (!row.ok()) return row.status();
  }
  if (code != SQLITE_DONE && code != SQLITE_ROW) return connection_->Error(code, "looking for what is due");
  return found;
}

}  // namespace onager::store
