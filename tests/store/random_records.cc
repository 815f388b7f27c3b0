#include "tests/store/random_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace onager::store {
namespace {

std::string Text(const SharedBytes& bytes) { return bytes == nullptr ? "null" : *bytes; }

std::string Describe(const std::vector<LogStep>& log) {
  std::string text;
  for (const LogStep& step : log) {
    absl::StrAppend(&text, " step ", step.revision, " ", Text(step.patch), " ", Text(step.events), " ",
                    absl::ToUnixMicros(step.committed_at));
  }
  return text;
}

std::string Describe(const StoredSnapshot& snapshot) {
  return absl::StrCat(" snapshot ", snapshot.revision, " ", snapshot.version, " ", Text(snapshot.state));
}

std::string Describe(const std::optional<StoredActor>& stored) {
  if (!stored.has_value()) return "nothing";
  std::string text = absl::StrCat(stored->epoch, ":", stored->revision, " by ", stored->commit);
  if (stored->destroyed) return text + " destroyed";
  absl::StrAppend(&text, " version ", stored->version, stored->ahead ? " ahead" : "",
                  Describe(stored->snapshot), Describe(stored->log));
  // Those of one revision come in any order.
  std::vector<StoredCall> calls = stored->calls;
  EXPECT_TRUE(std::is_sorted(calls.begin(), calls.end(), [](const StoredCall& a, const StoredCall& b) {
    return a.revision < b.revision;
  }));
  std::sort(calls.begin(), calls.end(), [](const StoredCall& a, const StoredCall& b) {
    return std::tie(a.revision, a.id) < std::tie(b.revision, b.id);
  });
  for (const StoredCall& call : calls) {
    absl::StrAppend(&text, " call ", call.id.high, ".", call.id.low, " ", call.revision, " ",
                    Text(call.outcome), " ", absl::ToUnixMicros(call.ended_at));
  }
  for (const StoredReminder& reminder : stored->reminders) {
    absl::StrAppend(&text, " reminder ", reminder.name, " ", reminder.id, " ",
                    absl::ToUnixMicros(reminder.due), " ", absl::ToInt64Microseconds(reminder.period));
  }
  return text;
}

std::string Describe(const std::optional<StoredPast>& past) {
  if (!past.has_value()) return "nothing";
  std::string text = absl::StrCat(past->epoch, ":", past->revision);
  for (const StoredSnapshot& snapshot : past->snapshots) text += Describe(snapshot);
  return text + Describe(past->log);
}

/// The answer of a call whose last argument is `done`.
template <typename Value, typename Call>
absl::StatusOr<Value> Ask(Call call) {
  std::promise<absl::StatusOr<Value>> answer;
  call([&answer](absl::StatusOr<Value> value) { answer.set_value(std::move(value)); });
  return answer.get_future().get();
}

}  // namespace

std::string DescribeActor(Store& store, const ActorId& actor) {
  const auto stored =
      Ask<std::optional<StoredActor>>([&](Store::LoadDone done) { store.Load(actor, std::move(done)); });
  if (!stored.ok()) return stored.status().ToString();
  const auto past =
      Ask<std::optional<StoredPast>>([&](Store::PastDone done) { store.LoadPast(actor, std::move(done)); });
  if (!past.ok()) return past.status().ToString();
  return absl::StrCat(Describe(*stored), "\n  past ", Describe(*past));
}

std::map<ActorId, std::string> DescribeActors(Store& store, const std::vector<ActorId>& actors) {
  std::map<ActorId, std::string> described;
  for (const ActorId& actor : actors) described[actor] = DescribeActor(store, actor);
  const auto heads =
      Ask<std::vector<ActorHead>>([&](Store::ScanDone done) { store.Scan({}, 1'000, std::move(done)); });
  const auto due = Ask<std::vector<DueActor>>(
      [&](Store::DueDone done) { store.FindDue(absl::FromUnixMicros(1'000'000), 1'000, std::move(done)); });
  std::string& lists = described[ActorId{"", "lists"}];
  lists = heads.ok() ? "" : heads.status().ToString();
  if (heads.ok()) {
    for (const ActorHead& head : *heads) {
      absl::StrAppend(&lists, head.actor.ToString(), "@", head.epoch, ":", head.revision,
                      head.destroyed ? "! " : " ");
    }
  }
  if (!due.ok()) return lists += due.status().ToString(), described;
  // Those that are due at the same time come in any order.
  std::map<std::string, std::int64_t> by_actor;
  for (const DueActor& entry : *due) by_actor[entry.actor.ToString()] = absl::ToUnixMicros(entry.due);
  for (const auto& [actor, at] : by_actor) absl::StrAppend(&lists, "due ", actor, "@", at, " ");
  return described;
}

RandomRecords::RandomRecords(std::uint64_t seed) : random_(seed) {
  for (int i = 0; i < 6; ++i) {
    actors_.push_back({i % 2 == 0 ? "t.v1.Counter" : "t.v1.List", absl::StrCat("k", i)});
  }
}

// Letters that say where they come from.
std::string RandomRecords::Bytes(std::size_t max) {
  return std::string(random_.Between(0, max), static_cast<char>('a' + random_.Between(0, 25)));
}

CommitRecord RandomRecords::Next() {
  CommitRecord record;
  record.actor = actors_[random_.Between(0, actors_.size() - 1)];
  Held& held = held_[record.actor];
  if (held.epoch == 0 || held.destroyed) {
    held = Held();
    held.epoch = random_.Next() | 1;
  } else {
    record.base_commit = held.commit;
  }
  record.epoch = held.epoch;
  record.base_revision = held.revision;
  record.commit = held.commit = random_.Next() | 1;
  record.version = static_cast<std::uint32_t>(random_.Between(1, 3));
  const std::uint64_t kind = random_.Between(0, 39);
  if (kind == 0) {
    record.destroy = true;
    held.destroyed = true;
    return record;
  }
  if (kind == 1) {
    record.next_epoch = held.epoch = random_.Next() | 1;
    record.snapshot = ShareBytes(Bytes(3'000));
    record.ahead = false;
  } else if (kind > 5) {
    AddSteps(record);
    held.revision += record.steps.size();
  } else if (kind == 2) {
    record.ahead = true;
  }
  AddBeside(record, held);
  return record;
}

void RandomRecords::AddSteps(CommitRecord& record) {
  const std::uint64_t steps = random_.Between(0, 3) == 0 ? random_.Between(2, 5) : 1;
  for (std::uint64_t i = 1; i <= steps; ++i) {
    LogStep& step = record.steps.emplace_back();
    step.revision = record.base_revision + i;
    step.patch = ShareBytes(Bytes(random_.Between(0, 15) == 0 ? 6'000 : 120));
    if (random_.Between(0, 4) == 0) step.events = ShareBytes(Bytes(60));
    step.committed_at = absl::FromUnixMicros(static_cast<std::int64_t>(random_.Between(1, 1'000'000)));
  }
  if (random_.Between(0, 7) != 0) return;
  record.snapshot = ShareBytes(Bytes(random_.Between(0, 3) == 0 ? 20'000 : 600));
  const std::uint64_t after = record.base_revision + steps;
  record.log_floor = after - std::min<std::uint64_t>(after, random_.Between(0, 12));
}

void RandomRecords::AddBeside(CommitRecord& record, Held& held) {
  if (random_.Between(0, 1) == 0) {
    StoredCall& call = record.calls.emplace_back();
    call.id = {random_.Next(), random_.Next()};
    call.revision = held.revision;
    call.outcome = ShareBytes(Bytes(200));
    call.ended_at = absl::FromUnixMicros(static_cast<std::int64_t>(random_.Between(1, 1'000'000)));
    held.calls.push_back(call.id);
  }
  if (held.calls.size() > 5) {
    record.forgotten_calls.assign(held.calls.begin(), held.calls.begin() + 2);
    held.calls.erase(held.calls.begin(), held.calls.begin() + 2);
  }
  if (random_.Between(0, 3) == 0) {
    StoredReminder& reminder = record.reminders.emplace_back();
    reminder.name = random_.Between(0, 1) == 0 ? "Due" : "Again";
    reminder.id = Bytes(3);
    reminder.due = absl::FromUnixMicros(static_cast<std::int64_t>(random_.Between(1, 1'000'000)));
    reminder.period = absl::Microseconds(static_cast<std::int64_t>(random_.Between(0, 9)));
    held.reminders.emplace_back(reminder.name, reminder.id);
  } else if (!held.reminders.empty() && random_.Between(0, 5) == 0) {
    record.cancelled_reminders = {held.reminders.back()};
    held.reminders.pop_back();
  }
}

}  // namespace onager::store
