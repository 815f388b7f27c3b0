#include "runtime/store/postgres/json_states.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/store/postgres/actor_rows.h"

namespace onager::store::postgres {
namespace {

constexpr Duration kShowDelay = std::chrono::milliseconds(200);
constexpr Duration kTakeInterval = std::chrono::milliseconds(250);
constexpr Duration kSweepInterval = std::chrono::seconds(1);
constexpr Duration kHurryMax = std::chrono::milliseconds(500);
constexpr Duration kSweepPause = std::chrono::minutes(1);
constexpr std::size_t kShowingMax = 4;
constexpr std::size_t kDueMax = 100'000;
constexpr std::size_t kEditsMax = 16;
// An edit that is held for longer is somebody else's, 30 s after it was taken.
constexpr Duration kHoldMax = std::chrono::seconds(10);
constexpr Duration kRest = std::chrono::seconds(1);

constexpr const char* kRead = "read_state";
constexpr const char* kWrite = "write_json";
constexpr const char* kSweep = "sweep";
constexpr const char* kTake = "take_edits";
constexpr const char* kRefuse = "refuse_edit";
constexpr const char* kRelease = "release_edit";

ConnectionPlan WithStatements(ConnectionPlan plan) {
  plan.parameters = plan.parameters.With("application_name", "onager-json");
  plan.settings.emplace_back("synchronous_commit",
                             "off");  // What is lost is found to be missing, and made anew.
  plan.statements = {
      {kRead, kLoadStateSql},
      {kWrite,
       "INSERT INTO onager.state_json AS t (actor, epoch, revision, state, note, written_at) "
       "SELECT a.id, $3::bigint, $4::bigint, nullif($5::text, '')::jsonb, nullif($6::text, ''), "
       "clock_timestamp() "
       "FROM onager.actors AS a WHERE a.type = $1 AND a.key = $2 AND a.epoch = $3::bigint AND NOT "
       "a.destroyed "
       "ON CONFLICT (actor) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision, "
       "state = excluded.state, note = excluded.note, written_at = excluded.written_at "
       "WHERE t.epoch <> excluded.epoch OR t.revision <= excluded.revision"},
      {kSweep,
       "SELECT a.type, a.key, (NOT a.destroyed AND (j.actor IS NULL OR j.epoch <> a.epoch OR "
       "j.revision <> a.revision))::int FROM (SELECT * FROM onager.actors WHERE (type, key) > ($1, $2) "
       "ORDER BY type, key LIMIT 1000) AS a LEFT JOIN onager.state_json AS j ON j.actor = a.id "
       "ORDER BY a.type, a.key"},
      // Of each actor the edit that was asked for first. One whose process is gone is taken by another.
      {kTake,
       "UPDATE onager.edits SET taken_by = $1, taken_at = clock_timestamp() WHERE id = ANY (ARRAY("
       "SELECT e.id FROM onager.edits AS e WHERE e.ended_at IS NULL AND e.type = ANY ($2::text[]) AND "
       "(e.taken_at IS NULL OR e.taken_at < clock_timestamp() - interval '30 s') AND NOT EXISTS ("
       "SELECT FROM onager.edits AS b WHERE b.ended_at IS NULL AND b.type = e.type AND b.key = e.key AND "
       "b.id < e.id) "
       "ORDER BY e.id LIMIT 16 FOR UPDATE SKIP LOCKED)) "
       "RETURNING id, type, key, state::text, expected_revision, expected_epoch"},
      {kRefuse,
       "UPDATE onager.edits SET ended_at = clock_timestamp(), outcome = 'refused', message = $3 "
       "WHERE id = $1 AND taken_by = $2 AND ended_at IS NULL"},
      {kRelease,
       "UPDATE onager.edits SET taken_at = NULL, taken_by = NULL, message = $3 "
       "WHERE id = $1 AND taken_by = $2 AND ended_at IS NULL"},
  };
  plan.last_command = "LISTEN onager";
  return plan;
}

BackoffOptions Attempts() {
  BackoffOptions options;
  options.base = std::chrono::milliseconds(5);
  options.cap = std::chrono::milliseconds(500);
  return options;
}

// What becomes of it is not the edit's fault.
bool MayGoWellLater(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
         absl::IsDeadlineExceeded(status) || absl::IsCancelled(status);
}

}  // namespace

JsonStates::JsonStates(ConnectionPlan plan, const Uuid& writer, std::size_t state_bytes_max, StateJson& json,
                       Host& host, Xoshiro256& random, Logger& logger)
    : link_(WithStatements(std::move(plan)), random, logger),
      writer_(writer),
      state_bytes_max_(state_bytes_max),
      json_(json),
      host_(host),
      random_(random),
      types_array_(ArrayBuilder::Element::kText),
      converter_(1) {
  LearnTypes();
}

void JsonStates::LearnTypes() {
  const std::vector<std::string> types = json_.types();
  if (types.size() == types_.size()) return;
  types_ = {types.begin(), types.end()};
  types_array_ = ArrayBuilder(ArrayBuilder::Element::kText);
  for (const std::string& type : types_) types_array_.AddBytes(type);
  // What was passed over is to be shown as well.
  sweep_anew_ = sweeping_;
  swept_ = ActorId();
  next_sweep_ = Time{};
}

void JsonStates::NoteWritten(const ActorId& actor, Time now) {
  // Those that are too many are found by the sweep.
  if (!types_.contains(actor.type) || due_.size() >= kDueMax) return;
  if (waiting_.insert(actor).second) due_.push_back({actor, now + kShowDelay});
}

void JsonStates::Tick(Time now) {
  now_ = now;
  link_.Tick(now);
  if (link_.TakeOpened()) {
    link_.Succeeded();
    next_take_ = std::max(now, rests_until_);
  }
  NextEdit(now);
  if (!link_.is_ready()) return;
  if (connection().TakeNotified()) next_take_ = std::max(now, rests_until_);
  if (hurries_ && now >= hurry_end_) due_.clear();  // The next process finds them.
  while (!due_.empty() && showing_ < kShowingMax && (hurries_ || due_.front().at <= now)) {
    const ActorId actor = std::move(due_.front().actor);
    due_.pop_front();
    waiting_.erase(actor);
    Show(actor, now);
  }
  if (hurries_) return;
  if (may_take() && now >= next_take_) Take(now);
  if (!sweeping_ && now >= next_sweep_) Sweep(now);
}

Time JsonStates::deadline() const {
  Time deadline = std::min(link_.deadline(), next_edit_at());
  if (!link_.is_ready()) return deadline;
  if (!due_.empty() && showing_ < kShowingMax)
    deadline = std::min(deadline, hurries_ ? Time::min() : due_.front().at);
  if (hurries_) return now_ < hurry_end_ ? std::min(deadline, hurry_end_) : deadline;
  if (!sweeping_) deadline = std::min(deadline, next_sweep_);
  if (may_take()) deadline = std::min(deadline, next_take_);
  return deadline;
}

void JsonStates::Hurry(Time now) {
  hurries_ = true;
  hurry_end_ = now + kHurryMax;
}

bool JsonStates::is_idle() const {
  if (!link_.is_ready()) return true;  // What is not shown is found by the next process.
  const bool shown = due_.empty() && (showing_ == 0 || (hurries_ && now_ >= hurry_end_));
  return shown && edits_.empty() && link_.connection().waiting() == 0;
}

void JsonStates::Stop() {
  connection().Close(absl::CancelledError("the store is closed"));
  converter_.Shutdown();
}

// Showing.

void JsonStates::Show(const ActorId& actor, Time now) {
  ++showing_;
  connection().Send(kRead,
                    Parameters()
                        .AddBytes(actor.type)
                        .AddBytes(actor.key)
                        .AddBigint(static_cast<std::int64_t>(state_bytes_max_)),
                    now, [this, actor](const Answer& answer) { OnRead(actor, answer); });
}

void JsonStates::OnRead(const ActorId& actor, const Answer& answer) {
  if (answer.kind != Answer::Kind::kRows) return Shown(actor);
  const StateSize size = DecodeSize(answer.result.get());
  if (size.bytes > state_bytes_max_) {
    Write(actor, size.epoch, size.revision, "",
          absl::StrCat("the state has ", size.bytes, " bytes, more than are shown as JSON"));
    return;
  }
  absl::StatusOr<std::optional<StoredActor>> stored = DecodeActor(actor, answer.result.get());
  if (!stored.ok()) {
    return Write(actor, size.epoch, size.revision, "", std::string(stored.status().message()));
  }
  if (!stored->has_value() || (*stored)->destroyed) return Shown(actor);
  Convert(actor, **std::move(stored));
}

void JsonStates::Convert(const ActorId& actor, StoredActor stored) {
  converter_.Post([this, actor, stored = std::move(stored)]() mutable {
    absl::StatusOr<std::string> state = json_.ToJson(actor, stored);
    host_.Post([this, actor, epoch = stored.epoch, revision = stored.revision, state = std::move(state)] {
      if (state.ok()) {
        Write(actor, epoch, revision, *state, "");
      } else {
        Write(actor, epoch, revision, "", absl::StrCat("there is no JSON of it: ", state.status().message()));
      }
    });
  });
}

void JsonStates::Write(const ActorId& actor, std::uint64_t epoch, std::uint64_t revision,
                       const std::string& state, const std::string& note) {
  if (!link_.is_ready()) return Shown(actor);  // The sweep finds it.
  connection().Send(kWrite,
                    Parameters()
                        .AddBytes(actor.type)
                        .AddBytes(actor.key)
                        .AddBigint(static_cast<std::int64_t>(epoch))
                        .AddBigint(static_cast<std::int64_t>(revision))
                        .AddBytes(state)
                        .AddBytes(note),
                    now_, [this, actor, epoch, revision, state](const Answer& answer) {
                      // Not every JSON is one to PostgreSQL: none of its texts has a zero character.
                      if (answer.kind == Answer::Kind::kError && !state.empty()) {
                        return Write(actor, epoch, revision, "",
                                     absl::StrCat("there is no JSON of it: ", answer.status.message()));
                      }
                      Shown(actor);
                    });
}

void JsonStates::Shown(const ActorId& /*actor*/) { --showing_; }

void JsonStates::Sweep(Time now) {
  if (types_.empty()) {
    next_sweep_ = now + kSweepInterval;
    return;
  }
  sweeping_ = true;
  connection().Send(kSweep, Parameters().AddBytes(swept_.type).AddBytes(swept_.key), now,
                    [this](const Answer& answer) { OnSwept(answer); });
}

void JsonStates::OnSwept(const Answer& answer) {
  sweeping_ = false;
  if (std::exchange(sweep_anew_, false)) return;
  next_sweep_ = now_ + kSweepInterval;
  if (answer.kind != Answer::Kind::kRows) return;
  const PGresult* const rows = answer.result.get();
  for (int row = 0; row < PQntuples(rows); ++row) {
    swept_.type = std::string(ReadBytes(rows, row, 0));
    swept_.key = std::string(ReadBytes(rows, row, 1));
    if (ReadInteger(rows, row, 2) != 0) NoteWritten(swept_, now_);
  }
  if (PQntuples(rows) > 0) return;
  swept_ = ActorId();
  next_sweep_ = now_ + kSweepPause;
}

// Edits, one after the other. One that loses against commits of its actor waits while others are made.

void JsonStates::Take(Time now) {
  next_take_ = now + kTakeInterval;
  LearnTypes();
  if (types_.empty()) return;
  taking_ = true;
  connection().Send(kTake, Parameters().AddUuid(writer_).Add(types_array_), now,
                    [this](const Answer& answer) { OnTaken(answer); });
}

void JsonStates::OnTaken(const Answer& answer) {
  taking_ = false;
  if (answer.kind != Answer::Kind::kRows) return;
  const PGresult* const rows = answer.result.get();
  const auto number = [rows](int row, int column) -> std::optional<std::uint64_t> {
    if (IsNull(rows, row, column)) return std::nullopt;
    return static_cast<std::uint64_t>(ReadBigint(rows, row, column));
  };
  for (int row = 0; row < PQntuples(rows); ++row) {
    Edit& edit = edits_.emplace_back();
    edit.id = ReadBigint(rows, row, 0);
    edit.actor.type = std::string(ReadBytes(rows, row, 1));
    edit.actor.key = std::string(ReadBytes(rows, row, 2));
    if (!IsNull(rows, row, 3)) edit.state = std::string(ReadBytes(rows, row, 3));
    edit.expected_revision = number(row, 4);
    edit.expected_epoch = number(row, 5);
    edit.taken_at = now_;
    edit.backoff = Backoff(Attempts());
  }
}

bool JsonStates::may_take() const { return !taking_ && !making_ && edits_.size() < kEditsMax; }

Time JsonStates::next_edit_at() const {
  if (edits_.size() <= (making_ ? 1 : 0)) return kNever;
  if (hurries_) return Time::min();
  if (making_) return kNever;
  Time at = kNever;
  for (const Edit& edit : edits_) at = std::min(at, edit.not_before);
  return at;
}

void JsonStates::NextEdit(Time now) {
  for (; hurries_ && edits_.size() > (making_ ? 1 : 0); edits_.pop_back()) {
    Tell(kRelease, edits_.back(), "the process that had taken it was closed");
  }
  if (making_ || edits_.empty()) return;
  const auto next = std::min_element(
      edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) { return a.not_before < b.not_before; });
  if (now < next->not_before) return;
  std::iter_swap(edits_.begin(), next);
  if (now - edits_.front().taken_at > kHoldMax) return Release("its actor changes all the time");
  making_ = true;
  host_.LoadForEdit(edits_.front().actor, [this](absl::StatusOr<std::optional<StoredActor>> stored) {
    OnLoaded(std::move(stored));
  });
}

void JsonStates::OnLoaded(absl::StatusOr<std::optional<StoredActor>> stored) {
  if (!stored.ok()) return Failed(stored.status(), "it cannot be loaded: ");
  const Edit& edit = edits_.front();
  const bool exists = stored->has_value() && !(*stored)->destroyed;
  if (std::optional<std::string> why = WhyNot(edit, exists ? &**stored : nullptr)) return Refuse(*why);
  if (!edit.state.has_value()) return CommitEdit(*stored, std::nullopt);
  converter_.Post([this, actor = edit.actor, json = *edit.state, held = *std::move(stored)]() mutable {
    absl::StatusOr<StoredSnapshot> state = json_.FromJson(actor, json);
    host_.Post([this, held = std::move(held), state = std::move(state)]() mutable {
      if (!state.ok()) return Refuse(std::string(state.status().message()));
      CommitEdit(held, *std::move(state));
    });
  });
}

// A revision of one epoch is another one than that of the next.
std::optional<std::string> JsonStates::WhyNot(const Edit& edit, const StoredActor* held) {
  const bool must_not_exist = edit.expected_revision == 0u && !edit.expected_epoch.has_value();
  if (held == nullptr) {
    const bool may_be_new =
        edit.state.has_value() && !edit.expected_epoch.has_value() && edit.expected_revision.value_or(0) == 0;
    return may_be_new ? std::nullopt : std::optional<std::string>("there is no such actor");
  }
  if (must_not_exist) return absl::StrCat("the actor exists, at revision ", held->revision);
  if (edit.expected_epoch.value_or(held->epoch) != held->epoch) return "the actor has begun another epoch";
  if (edit.expected_revision.value_or(held->revision) != held->revision) {
    return absl::StrCat("the actor is at revision ", held->revision, ", not ", *edit.expected_revision);
  }
  return std::nullopt;
}

// Where a state comes from nobody knows: those who observe it are told that it is another epoch, and get it
// whole. It is another revision too, so that whoever has read the one before finds out.
void JsonStates::CommitEdit(const std::optional<StoredActor>& held, std::optional<StoredSnapshot> state) {
  const Edit& edit = edits_.front();
  CommitRecord record;
  record.actor = edit.actor;
  record.commit = random_.Next() | 1;
  const bool exists = held.has_value() && !held->destroyed;
  record.epoch = exists ? held->epoch : random_.Next() | 1;
  record.base_revision = exists ? held->revision : 0;
  record.base_commit = exists ? held->commit : 0;
  if (state.has_value()) {
    record.next_epoch = random_.Next() | 1;
    record.snapshot = std::move(state->state);
    record.version = state->version;
  } else {
    record.destroy = true;
    record.version = held->version;
  }
  host_.CommitEdit(std::move(record), edit.id, [this](const absl::Status& status) { OnCommitted(status); });
}

void JsonStates::OnCommitted(const absl::Status& status) {
  if (status.ok()) {
    host_.OnEdited(edits_.front().actor);
    return EndEdit();
  }
  if (!absl::IsAborted(status)) return Failed(status, "");
  // Somebody else was first: from what there is then, unless that is not wanted.
  Edit& edit = edits_.front();
  edit.not_before = now_ + edit.backoff.Next(random_.Next());
  making_ = false;
}

void JsonStates::Failed(const absl::Status& status, const std::string& why) {
  const std::string message = absl::StrCat(why, status.message());
  if (MayGoWellLater(status)) return Release(message);
  Refuse(message);
}

void JsonStates::Refuse(const std::string& why) {
  Tell(kRefuse, edits_.front(), why);
  EndEdit();
}

// Somebody takes it, who can make it: another process at once, or this one after a while. If this cannot be
// said, half a minute after it was taken.
void JsonStates::Release(const std::string& why) {
  Tell(kRelease, edits_.front(), why);
  rests_until_ = now_ + kRest;
  EndEdit();
}

void JsonStates::Tell(const char* statement, const Edit& edit, const std::string& why) {
  if (!link_.is_ready()) return;
  connection().Send(statement, Parameters().AddBigint(edit.id).AddUuid(writer_).AddBytes(why), now_,
                    [](const Answer&) {});
}

void JsonStates::EndEdit() {
  making_ = false;
  edits_.pop_front();
  next_take_ = std::max(now_, rests_until_);  // There may be more.
}

}  // namespace onager::store::postgres
