#include "runtime/store/postgres/actor_rows.h"

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/postgres/binary_format.h"
#include "runtime/store/postgres/row_checksums.h"

namespace onager::store::postgres {

// Columns of every row: its kind, four numbers, the checksum, two fields of bytes.

const char* const kLoadSql = R"sql(
WITH a AS MATERIALIZED (SELECT * FROM onager.actors WHERE type = $1 AND key = $2)
SELECT 1, a.epoch, a.revision, a.commit, a.version * 4 + a.destroyed::int * 2 + a.ahead::int, a.checksum,
       NULL::bytea, NULL::bytea FROM a
UNION ALL SELECT 2, s.revision, s.version, 0, 0, s.checksum, s.state, NULL
  FROM a, LATERAL (SELECT * FROM onager.snapshots AS t WHERE t.actor = a.id ORDER BY t.revision DESC LIMIT 1) AS s
UNION ALL SELECT 3, l.revision, l.committed_at, 0, 0, l.checksum, l.patch, l.events
  FROM a JOIN onager.log AS l ON l.actor = a.id
UNION ALL SELECT 4, c.revision, c.ended_at, 0, 0, c.checksum, c.outcome, uuid_send(c.id)
  FROM a JOIN onager.calls AS c ON c.actor = a.id
UNION ALL SELECT 5, r.due, r.period, 0, 0, r.checksum, convert_to(r.name, 'UTF8'), r.id
  FROM a JOIN onager.reminders AS r ON r.actor = a.id
)sql";

const char* const kLoadPastSql = R"sql(
WITH a AS MATERIALIZED (SELECT * FROM onager.actors WHERE type = $1 AND key = $2)
SELECT 1, a.epoch, a.revision, a.commit, a.version * 4 + a.destroyed::int * 2 + a.ahead::int, a.checksum,
       NULL::bytea, NULL::bytea FROM a
UNION ALL SELECT 2, s.revision, s.version, 0, 0, s.checksum, s.state, NULL
  FROM a JOIN onager.snapshots AS s ON s.actor = a.id
UNION ALL SELECT 3, l.revision, l.committed_at, 0, 0, l.checksum, l.patch, l.events
  FROM a JOIN onager.log AS l ON l.actor = a.id
)sql";

const char* const kLoadStateSql = R"sql(
WITH a AS MATERIALIZED (SELECT * FROM onager.actors WHERE type = $1 AND key = $2),
s AS MATERIALIZED (
  SELECT t.* FROM a, onager.snapshots AS t WHERE t.actor = a.id ORDER BY t.revision DESC LIMIT 1),
l AS MATERIALIZED (
  SELECT t.revision, octet_length(t.patch) AS bytes FROM a, onager.log AS t
  WHERE t.actor = a.id AND t.revision > coalesce((SELECT revision FROM s), 0)),
size AS MATERIALIZED (
  SELECT coalesce((SELECT octet_length(state) FROM s), 0) + coalesce((SELECT sum(bytes) FROM l), 0)::bigint AS bytes)
SELECT 1, a.epoch, a.revision, a.commit, a.version * 4 + a.destroyed::int * 2 + a.ahead::int, a.checksum,
       NULL::bytea, NULL::bytea FROM a
UNION ALL SELECT 6, a.epoch, a.revision, size.bytes, 0, 0, NULL, NULL FROM a, size
UNION ALL SELECT 2, s.revision, s.version, 0, 0, s.checksum, s.state, NULL FROM s, size WHERE size.bytes <= $3::bigint
UNION ALL SELECT 3, t.revision, t.committed_at, 0, 0, t.checksum, t.patch, t.events
  FROM a, size, onager.log AS t
  WHERE size.bytes <= $3::bigint AND t.actor = a.id AND t.revision > coalesce((SELECT revision FROM s), 0)
)sql";

const char* const kScanSql =
    "SELECT type, key, epoch, revision, destroyed::int FROM onager.actors WHERE (type, key) > ($1, $2) "
    "ORDER BY type, key LIMIT $3";

const char* const kFindDueSql =
    "SELECT a.type, a.key, r.due FROM (SELECT actor, min(due) AS due FROM onager.reminders WHERE due <= $1 "
    "GROUP BY actor ORDER BY min(due), actor LIMIT $2) AS r JOIN onager.actors AS a ON a.id = r.actor "
    "ORDER BY r.due, r.actor";

namespace {

enum RowKindColumn { kHead = 1, kSnapshot = 2, kStep = 3, kCall = 4, kReminder = 5, kSize = 6 };
enum Column { kKind, kFirst, kSecond, kThird, kFourth, kChecksum, kBytes, kMoreBytes };

absl::Status Damaged(const ActorId& actor, const std::string& what) {
  return absl::DataLossError(absl::StrCat("what is stored of ", actor.ToString(), " cannot be read: ", what));
}

std::uint64_t Unsigned(const PGresult* rows, int row, int column) {
  return static_cast<std::uint64_t>(ReadBigint(rows, row, column));
}

/// The rows of one actor, as they come.
struct ActorRows {
  StoredActor actor;
  bool found = false;
  std::vector<StoredSnapshot> snapshots;
};

// An actor's rows, each as its checksum says.
class RowReader {
 public:
  RowReader(const ActorId& actor, const PGresult* rows)
      : actor_(actor), rows_(rows), seed_(RowChecksum::Seed(actor)) {}

  absl::StatusOr<ActorRows> Read() {
    ActorRows read;
    for (int row = 0; row < PQntuples(rows_); ++row) ONAGER_RETURN_IF_ERROR(ReadRow(row, read));
    std::sort(read.snapshots.begin(), read.snapshots.end(),
              [](const StoredSnapshot& a, const StoredSnapshot& b) { return a.revision < b.revision; });
    std::sort(read.actor.log.begin(), read.actor.log.end(),
              [](const LogStep& a, const LogStep& b) { return a.revision < b.revision; });
    std::sort(read.actor.calls.begin(), read.actor.calls.end(),
              [](const StoredCall& a, const StoredCall& b) { return a.revision < b.revision; });
    std::sort(read.actor.reminders.begin(), read.actor.reminders.end(),
              [](const StoredReminder& a, const StoredReminder& b) {
                return std::tie(a.name, a.id) < std::tie(b.name, b.id);
              });
    if (read.found && !read.actor.destroyed) ONAGER_RETURN_IF_ERROR(CheckWhole(read));
    return read;
  }

 private:
  absl::Status ReadRow(int row, ActorRows& read) {
    switch (ReadInteger(rows_, row, kKind)) {
      case kHead:
        return ReadHead(row, read);
      case kSnapshot:
        return ReadSnapshot(row, read);
      case kStep:
        return ReadStep(row, read);
      case kCall:
        return ReadCall(row, read);
      case kReminder:
        return ReadReminder(row, read);
      case kSize:
        return absl::OkStatus();
      default:
        return Damaged(actor_, "a row of no known kind");
    }
  }

  absl::Status ReadHead(int row, ActorRows& read) {
    read.found = true;
    StoredActor& actor = read.actor;
    actor.epoch = Unsigned(rows_, row, kFirst);
    actor.revision = Unsigned(rows_, row, kSecond);
    actor.commit = Unsigned(rows_, row, kThird);
    const std::uint64_t fourth = Unsigned(rows_, row, kFourth);
    ONAGER_ASSIGN_OR_RETURN(actor.version, Version(fourth / 4));
    actor.destroyed = (fourth & 2) != 0;
    actor.ahead = (fourth & 1) != 0;
    HeldPosition position;
    position.epoch = actor.epoch;
    position.revision = actor.revision;
    position.commit = actor.commit;
    position.destroyed = actor.destroyed;
    const std::uint32_t checksum = HeadChecksum(seed_, position, actor.version);
    return Check(row, actor.ahead ? ~checksum : checksum, "its position");
  }

  absl::Status ReadSnapshot(int row, ActorRows& read) {
    StoredSnapshot& snapshot = read.snapshots.emplace_back();
    snapshot.revision = Unsigned(rows_, row, kFirst);
    ONAGER_ASSIGN_OR_RETURN(snapshot.version, Version(Unsigned(rows_, row, kSecond)));
    snapshot.state = ReadSharedBytes(rows_, row, kBytes);
    return Check(row, SnapshotChecksum(seed_, snapshot), "a snapshot");
  }

  absl::Status ReadStep(int row, ActorRows& read) {
    LogStep& step = read.actor.log.emplace_back();
    step.revision = Unsigned(rows_, row, kFirst);
    step.committed_at = absl::FromUnixMicros(ReadBigint(rows_, row, kSecond));
    step.patch = ReadSharedBytes(rows_, row, kBytes);
    step.events = ReadSharedBytes(rows_, row, kMoreBytes);
    return Check(row, StepChecksum(seed_, step), "a step of its log");
  }

  absl::Status ReadCall(int row, ActorRows& read) {
    StoredCall& call = read.actor.calls.emplace_back();
    call.revision = Unsigned(rows_, row, kFirst);
    call.ended_at = absl::FromUnixMicros(ReadBigint(rows_, row, kSecond));
    call.outcome = ReadSharedBytes(rows_, row, kBytes);
    const std::string_view id = ReadBytes(rows_, row, kMoreBytes);
    for (std::size_t i = 0; i < id.size(); ++i) {
      std::uint64_t& half = i < 8 ? call.id.high : call.id.low;
      half = half << 8 | static_cast<unsigned char>(id[i]);
    }
    return Check(row, CallChecksum(seed_, call), "a call");
  }

  absl::Status ReadReminder(int row, ActorRows& read) {
    StoredReminder& reminder = read.actor.reminders.emplace_back();
    reminder.name = std::string(ReadBytes(rows_, row, kBytes));
    reminder.id = std::string(ReadBytes(rows_, row, kMoreBytes));
    reminder.due = absl::FromUnixMicros(ReadBigint(rows_, row, kFirst));
    reminder.period = absl::Microseconds(ReadBigint(rows_, row, kSecond));
    return Check(row, ReminderChecksum(seed_, reminder), "a reminder");
  }

  absl::Status Check(int row, std::uint32_t checksum, const char* what) const {
    if (static_cast<std::uint32_t>(ReadInteger(rows_, row, kChecksum)) == checksum) return absl::OkStatus();
    return Damaged(actor_, absl::StrCat(what, " has another checksum than its row says"));
  }

  absl::StatusOr<std::uint32_t> Version(std::uint64_t version) const {
    if (version > std::numeric_limits<std::uint32_t>::max()) return Damaged(actor_, "its version is none");
    return static_cast<std::uint32_t>(version);
  }

  // The log leads to the revision, from a snapshot or from the beginning.
  absl::Status CheckWhole(const ActorRows& read) const {
    const std::vector<LogStep>& log = read.actor.log;
    for (std::size_t i = 1; i < log.size(); ++i) {
      if (log[i].revision != log[i - 1].revision + 1) return Damaged(actor_, "its log has a gap");
    }
    const std::uint64_t base = read.snapshots.empty() ? 0 : read.snapshots.back().revision;
    const std::uint64_t last = log.empty() ? base : log.back().revision;
    if (last != read.actor.revision || (!log.empty() && log.front().revision > base + 1)) {
      return Damaged(actor_, "its log does not lead to its revision");
    }
    return absl::OkStatus();
  }

  const ActorId& actor_;
  const PGresult* const rows_;
  const std::uint32_t seed_;
};

}  // namespace

StateSize DecodeSize(const PGresult* rows) {
  StateSize size;
  for (int row = 0; row < PQntuples(rows); ++row) {
    if (ReadInteger(rows, row, kKind) != kSize) continue;
    size.epoch = Unsigned(rows, row, kFirst);
    size.revision = Unsigned(rows, row, kSecond);
    size.bytes = Unsigned(rows, row, kThird);
  }
  return size;
}

absl::StatusOr<std::optional<StoredActor>> DecodeActor(const ActorId& actor, const PGresult* rows) {
  ONAGER_ASSIGN_OR_RETURN(ActorRows read, RowReader(actor, rows).Read());
  if (!read.found) return std::nullopt;
  if (!read.snapshots.empty()) read.actor.snapshot = std::move(read.snapshots.back());
  return std::move(read.actor);
}

absl::StatusOr<std::optional<StoredPast>> DecodePast(const ActorId& actor, const PGresult* rows) {
  ONAGER_ASSIGN_OR_RETURN(ActorRows read, RowReader(actor, rows).Read());
  if (!read.found || read.actor.destroyed) return std::nullopt;
  StoredPast past;
  past.epoch = read.actor.epoch;
  past.revision = read.actor.revision;
  past.snapshots = std::move(read.snapshots);
  past.log = std::move(read.actor.log);
  return past;
}

std::vector<ActorHead> DecodeHeads(const PGresult* rows) {
  std::vector<ActorHead> heads;
  for (int row = 0; row < PQntuples(rows); ++row) {
    ActorHead& head = heads.emplace_back();
    head.actor.type = std::string(ReadBytes(rows, row, 0));
    head.actor.key = std::string(ReadBytes(rows, row, 1));
    head.epoch = Unsigned(rows, row, 2);
    head.revision = Unsigned(rows, row, 3);
    head.destroyed = ReadInteger(rows, row, 4) != 0;
  }
  return heads;
}

std::vector<DueActor> DecodeDue(const PGresult* rows) {
  std::vector<DueActor> due;
  for (int row = 0; row < PQntuples(rows); ++row) {
    DueActor& one = due.emplace_back();
    one.actor.type = std::string(ReadBytes(rows, row, 0));
    one.actor.key = std::string(ReadBytes(rows, row, 1));
    one.due = absl::FromUnixMicros(ReadBigint(rows, row, 2));
  }
  return due;
}

}  // namespace onager::store::postgres
