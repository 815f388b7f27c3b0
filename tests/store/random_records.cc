#include "tests/store/random_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/functional/any_invocable.h"
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

/// What was asked, and is waited for later: all questions are on their way at once.
template <typename Value>
class Answer {
 public:
  absl::AnyInvocable<void(absl::StatusOr<Value>)> Taker() {
    return [this](absl::StatusOr<Value> value) { answer_.set_value(std::move(value)); };
  }
  absl::StatusOr<Value> Wait() { return answer_.get_future().get(); }

 private:
  std::promise<absl::StatusOr<Value>> answer_;
};

struct ActorAnswers {
  std::string Describe() {
    const auto actor = stored.Wait();
    const auto its_past = past.Wait();
    if (!actor.ok()) return actor.status().ToString();
    if (!its_past.ok()) return its_past.status().ToString();
    return absl::StrCat(store::Describe(*actor), "\n  past ", store::Describe(*its_past));
  }

  Answer<std::optional<StoredActor>> stored;
  Answer<std::optional<StoredPast>> past;
};

std::string DescribeHeads(const absl::StatusOr<std::vector<ActorHead>>& heads) {
  if (!heads.ok()) return heads.status().ToString();
  std::string text;
  for (const ActorHead& head : *heads) {
    absl::StrAppend(&text, head.actor.ToString(), "@", head.epoch, ":", head.revision,
                    head.destroyed ? "! " : " ");
  }
  return text;
}

// Those that are due at the same time come in any order.
std::string DescribeDue(const absl::StatusOr<std::vector<DueActor>>& due) {
  if (!due.ok()) return due.status().ToString();
  std::map<std::string, std::int64_t> by_actor;
  for (const DueActor& entry : *due) by_actor[entry.actor.ToString()] = absl::ToUnixMicros(entry.due);
  std::string text;
  for (const auto& [actor, at] : by_actor) absl::StrAppend(&text, "due ", actor, "@", at, " ");
  return text;
}

}  // namespace

std::map<ActorId, std::string> DescribeActors(Store& store, const std::vector<ActorId>& actors) {
  std::map<ActorId, ActorAnswers> answers;
  Answer<std::vector<ActorHead>> heads;
  Answer<std::vector<DueActor>> due;
  for (const ActorId& actor : actors) {
    store.Load(actor, answers[actor].stored.Taker());
    store.LoadPast(actor, answers[actor].past.Taker());
  }
  store.Scan({}, 1'000, heads.Taker());
  store.FindDue(absl::FromUnixMicros(1'000'000), 1'000, due.Taker());
  std::map<ActorId, std::string> described;
  for (auto& [actor, answer] : answers) described[actor] = answer.Describe();
  described[ActorId{"", "lists"}] = DescribeHeads(heads.Wait()) + DescribeDue(due.Wait());
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
