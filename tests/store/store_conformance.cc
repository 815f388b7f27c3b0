#include "tests/store/store_conformance.h"

#include <atomic>
#include <cstdlib>
#include <future>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

namespace onager::store {
namespace {

/// One step from `base` on.
CommitRecord Record(const ActorId& actor, std::uint64_t epoch, std::uint64_t base, std::string patch) {
  CommitRecord record;
  record.actor = actor;
  record.epoch = epoch;
  record.base_revision = base;
  LogStep& step = record.steps.emplace_back();
  step.revision = base + 1;
  step.patch = ShareBytes(std::move(patch));
  step.committed_at = absl::FromUnixMicros(1'000'000 + static_cast<std::int64_t>(base));
  return record;
}

CommitRecord WithSnapshot(CommitRecord record, std::string state, std::uint64_t log_floor) {
  record.snapshot = ShareBytes(std::move(state));
  record.log_floor = log_floor;
  return record;
}

/// A record without steps.
CommitRecord Beside(const ActorId& actor, std::uint64_t epoch, std::uint64_t revision) {
  CommitRecord record;
  record.actor = actor;
  record.epoch = epoch;
  record.base_revision = revision;
  return record;
}

StoredCall Call(StoredCallId id, std::uint64_t revision, std::string outcome) {
  StoredCall call;
  call.id = id;
  call.revision = revision;
  call.outcome = ShareBytes(std::move(outcome));
  call.ended_at = absl::FromUnixMicros(77);
  return call;
}

StoredReminder Reminder(std::string name, std::string id, std::int64_t due_us) {
  StoredReminder reminder;
  reminder.name = std::move(name);
  reminder.id = std::move(id);
  reminder.due = absl::FromUnixMicros(due_us);
  return reminder;
}

std::vector<std::uint64_t> Revisions(const std::vector<LogStep>& log) {
  std::vector<std::uint64_t> revisions;
  for (const LogStep& step : log) revisions.push_back(step.revision);
  return revisions;
}

const ActorId kA{"t.v1.Counter", "a"};
const ActorId kB{"t.v1.Counter", "b"};
constexpr absl::StatusCode kAborted = absl::StatusCode::kAborted;

}  // namespace

std::optional<StoredActor> StoreConformance::Load(const ActorId& actor) {
  std::promise<absl::StatusOr<std::optional<StoredActor>>> loaded;
  store_->Load(actor, [&loaded](absl::StatusOr<std::optional<StoredActor>> stored) {
    loaded.set_value(std::move(stored));
  });
  absl::StatusOr<std::optional<StoredActor>> stored = loaded.get_future().get();
  EXPECT_TRUE(stored.ok()) << stored.status();
  return stored.ok() ? *std::move(stored) : std::nullopt;
}

absl::Status StoreConformance::Commit(CommitRecord record) {
  std::promise<absl::Status> committed;
  store_->Commit(std::move(record),
                 [&committed](absl::Status status) { committed.set_value(std::move(status)); });
  return committed.get_future().get();
}

std::optional<StoredPast> StoreConformance::Past(const ActorId& actor) {
  std::promise<absl::StatusOr<std::optional<StoredPast>>> loaded;
  store_->LoadPast(actor, [&loaded](absl::StatusOr<std::optional<StoredPast>> past) {
    loaded.set_value(std::move(past));
  });
  absl::StatusOr<std::optional<StoredPast>> past = loaded.get_future().get();
  EXPECT_TRUE(past.ok()) << past.status();
  return past.ok() ? *std::move(past) : std::nullopt;
}

TEST_P(StoreConformance, WhatWasNeverCommittedIsNotThere) {
  EXPECT_FALSE(Load(kA).has_value());
  EXPECT_FALSE(Past(kA).has_value());
}

TEST_P(StoreConformance, StepsComeBackInOrderAsTheyWere) {
  for (std::uint64_t base = 0; base < 5; ++base) {
    CommitRecord record = Record(kA, 7, base, std::to_string(base));
    if (base == 3) record.steps[0].events = ShareBytes(std::string("e\0v", 3));
    ASSERT_TRUE(Commit(record).ok());
  }
  ASSERT_TRUE(Commit(Record(kB, 8, 0, "other")).ok());
  const std::optional<StoredActor> stored = Load(kA);
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->epoch, 7u);
  EXPECT_EQ(stored->revision, 5u);
  EXPECT_EQ(stored->snapshot.revision, 0u);
  EXPECT_EQ(stored->snapshot.state, nullptr);
  ASSERT_EQ(stored->log.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(stored->log[i].revision, i + 1);
    EXPECT_EQ(*stored->log[i].patch, std::to_string(i));
    EXPECT_EQ(stored->log[i].committed_at, absl::FromUnixMicros(1'000'000 + static_cast<std::int64_t>(i)));
    EXPECT_EQ(stored->log[i].events != nullptr, i == 3);
  }
  EXPECT_EQ(*stored->log[3].events, std::string("e\0v", 3));
}

TEST_P(StoreConformance, ManyStepsOfOneRecordAreTakenTogether) {
  CommitRecord record = Record(kA, 7, 0, "1");
  for (std::uint64_t revision = 2; revision <= 4; ++revision) {
    LogStep& step = record.steps.emplace_back();
    step.revision = revision;
    step.patch = ShareBytes(std::to_string(revision));
  }
  ASSERT_TRUE(Commit(record).ok());
  EXPECT_EQ(Revisions(Load(kA)->log), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(Load(kA)->revision, 4u);
}

TEST_P(StoreConformance, WhatIsNoRecordIsRefusedAndWritesNothing) {
  CommitRecord gap = Record(kA, 7, 0, "1");
  gap.steps[0].revision = 2;
  EXPECT_EQ(Commit(gap).code(), absl::StatusCode::kInvalidArgument);
  CommitRecord without_patch = Record(kA, 7, 0, "1");
  without_patch.steps[0].patch = nullptr;
  EXPECT_EQ(Commit(without_patch).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Commit(Record(kA, 0, 0, "1")).code(), absl::StatusCode::kInvalidArgument);
  CommitRecord next_epoch = Beside(kA, 7, 0);
  next_epoch.next_epoch = 8;
  EXPECT_EQ(Commit(next_epoch).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(Load(kA).has_value());
}

TEST_P(StoreConformance, TheVersionIsThatOfTheLastCommit) {
  CommitRecord record = Record(kA, 7, 0, "p1");
  record.version = 2;
  ASSERT_TRUE(Commit(record).ok());
  EXPECT_EQ(Load(kA)->version, 2u);
  record = Record(kA, 7, 1, "p2");
  record.version = 3;
  ASSERT_TRUE(Commit(record).ok());
  EXPECT_EQ(Load(kA)->version, 3u);
}

TEST_P(StoreConformance, ADestroyedActorLeavesItsPositionAndNothingElse) {
  CommitRecord first = Record(kA, 7, 0, "p1");
  first.calls = {Call({1, 1}, 1, "done")};
  first.reminders = {Reminder("Due", "x", 5)};
  ASSERT_TRUE(Commit(first).ok());
  CommitRecord destroy = Beside(kA, 7, 0);
  destroy.destroy = true;
  EXPECT_EQ(Commit(destroy).code(), kAborted);  // Not what it holds.
  destroy.base_revision = 1;
  ASSERT_TRUE(Commit(destroy).ok());
  std::optional<StoredActor> stored = Load(kA);
  ASSERT_TRUE(stored.has_value());
  EXPECT_TRUE(stored->destroyed);
  EXPECT_EQ(stored->epoch, 7u);
  EXPECT_EQ(stored->revision, 1u);
  EXPECT_EQ(stored->log.size(), 0u);
  EXPECT_EQ(stored->calls.size(), 0u);
  EXPECT_EQ(stored->reminders.size(), 0u);
  EXPECT_FALSE(Past(kA).has_value());
  // Nothing goes on from it, and its epoch does not begin again.
  EXPECT_EQ(Commit(destroy).code(), kAborted);
  EXPECT_EQ(Commit(Record(kA, 7, 1, "p2")).code(), kAborted);
  EXPECT_EQ(Commit(Record(kA, 7, 0, "p2")).code(), kAborted);
  EXPECT_EQ(Commit(Record(kA, 8, 1, "p2")).code(), kAborted);
  ASSERT_TRUE(Commit(Record(kA, 8, 0, "p1")).ok());
  stored = Load(kA);
  EXPECT_FALSE(stored->destroyed);
  EXPECT_EQ(stored->epoch, 8u);
  EXPECT_EQ(stored->revision, 1u);
  EXPECT_EQ(stored->reminders.size(), 0u);
  // Also one that was never committed.
  destroy.actor = kB;
  destroy.base_revision = 0;
  ASSERT_TRUE(Commit(destroy).ok());
  EXPECT_TRUE(Load(kB)->destroyed);
}

TEST_P(StoreConformance, ASnapshotWithoutStepsIsTheSameState) {
  ASSERT_TRUE(Commit(Record(kA, 7, 0, "p1")).ok());
  ASSERT_TRUE(Commit(Record(kA, 7, 1, "p2")).ok());
  EXPECT_EQ(Commit(WithSnapshot(Beside(kA, 7, 1), "stale", 1)).code(), kAborted);
  EXPECT_EQ(Commit(WithSnapshot(Beside(kA, 6, 2), "another's", 2)).code(), kAborted);
  EXPECT_EQ(Commit(WithSnapshot(Beside(kB, 7, 2), "nobody's", 2)).code(), kAborted);
  EXPECT_EQ(Revisions(Load(kA)->log), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_FALSE(Load(kB).has_value());
  ASSERT_TRUE(Commit(WithSnapshot(Beside(kA, 7, 2), "state", 2)).ok());
  const std::optional<StoredActor> stored = Load(kA);
  EXPECT_EQ(stored->revision, 2u);
  EXPECT_EQ(stored->snapshot.revision, 2u);
  EXPECT_EQ(*stored->snapshot.state, "state");
  EXPECT_EQ(stored->log.size(), 0u);
  ASSERT_TRUE(Commit(Record(kA, 7, 2, "p3")).ok());
  EXPECT_EQ(Load(kA)->revision, 3u);
}

TEST_P(StoreConformance, TheFloorDropsWhatLeadsToTheNewestSnapshotUpToIt) {
  const auto commit = [this](std::uint64_t revision, bool snapshot, std::uint64_t floor) {
    CommitRecord record = Record(kA, 7, revision - 1, "p");
    if (snapshot) record.snapshot = ShareBytes(std::string("s\0", 2) + std::to_string(revision));
    record.log_floor = floor;
    ASSERT_TRUE(Commit(std::move(record)).ok());
  };
  for (std::uint64_t revision = 1; revision <= 9; ++revision) commit(revision, revision % 3 == 0, 0);
  EXPECT_EQ(Load(kA)->snapshot.revision, 9u);
  EXPECT_EQ(Load(kA)->log.size(), 9u);  // Nothing was dropped, though a snapshot is there.
  EXPECT_EQ(Past(kA)->snapshots.size(), 3u);
  commit(10, false, 5);
  EXPECT_EQ(Revisions(Load(kA)->log), (std::vector<std::uint64_t>{4, 5, 6, 7, 8, 9, 10}));
  std::optional<StoredPast> past = Past(kA);
  ASSERT_EQ(past->snapshots.size(), 3u);
  EXPECT_EQ(past->snapshots[0].revision, 3u);
  EXPECT_EQ(*past->snapshots[0].state, std::string("s\0"
                                                   "3",
                                                   3));
  EXPECT_EQ(past->snapshots[2].revision, 9u);
  EXPECT_EQ(past->epoch, 7u);
  EXPECT_EQ(past->revision, 10u);
  EXPECT_EQ(Revisions(past->log), Revisions(Load(kA)->log));
  commit(11, true, 10);
  EXPECT_EQ(Revisions(Load(kA)->log), (std::vector<std::uint64_t>{10, 11}));
  EXPECT_EQ(Past(kA)->snapshots.size(), 2u);
  EXPECT_EQ(*Load(kA)->snapshot.state, std::string("s\0"
                                                   "11",
                                                   4));
  commit(12, true, 12);
  EXPECT_EQ(Load(kA)->log.size(), 0u);
  EXPECT_EQ(Past(kA)->snapshots.size(), 1u);
}

// With patches that are longer and shorter than what stores keep together, and with another actor on both
// sides.
TEST_P(StoreConformance, WhatIsLoadedRecentlyIsTheSameStateAndTellsOfTheStepsBefore) {
  const ActorId before{"t.v1.Counter", "0"};
  const ActorId after{"t.v1.Counter", "z"};
  for (const ActorId& actor : {before, kA, after}) {
    for (std::uint64_t base = 0; base < 12; ++base) {
      CommitRecord record = Record(actor, 7, base, std::string(base * 700, 'p') + actor.key);
      if (base % 3 == 0) record.steps[0].events = ShareBytes("events of " + std::to_string(base));
      if (base == 3 || base == 7) record = WithSnapshot(std::move(record), std::string(5'000 * base, 's'), 0);
      ASSERT_TRUE(Commit(std::move(record)).ok());
    }
  }
  for (const ActorId& actor : {before, kA, after}) {
    const std::optional<StoredActor> whole = Load(actor);
    std::optional<StoredActor> recent;
    std::promise<void> loaded;
    store_->LoadRecent(actor, [&](absl::StatusOr<std::optional<StoredActor>> stored) {
      EXPECT_TRUE(stored.ok()) << stored.status();
      recent = std::move(stored).value_or(std::nullopt);
      loaded.set_value();
    });
    loaded.get_future().wait();
    ASSERT_TRUE(whole.has_value() && recent.has_value());
    EXPECT_EQ(recent->revision, 12u);
    EXPECT_EQ(recent->snapshot.revision, whole->snapshot.revision);
    EXPECT_EQ(*recent->snapshot.state, *whole->snapshot.state);
    const std::vector<EarlierStep> earlier =
        recent->earlier == nullptr ? std::vector<EarlierStep>() : *recent->earlier;
    ASSERT_EQ(earlier.size() + recent->log.size(), whole->log.size());
    for (std::size_t i = 0; i < whole->log.size(); ++i) {
      const LogStep& step = whole->log[i];
      const bool is_earlier = i < earlier.size();
      const LogStep* const same = is_earlier ? nullptr : &recent->log[i - earlier.size()];
      EXPECT_TRUE(!is_earlier || step.revision <= recent->snapshot.revision);
      EXPECT_EQ(is_earlier ? earlier[i].revision : same->revision, step.revision);
      EXPECT_EQ(is_earlier ? earlier[i].patch_bytes : same->patch->size(), step.patch->size());
      EXPECT_EQ(is_earlier ? earlier[i].committed_at : same->committed_at, step.committed_at);
      const SharedBytes& events = is_earlier ? earlier[i].events : same->events;
      ASSERT_EQ(events == nullptr, step.events == nullptr);
      if (events != nullptr) {
        EXPECT_EQ(*events, *step.events);
      }
    }
  }
}

TEST_P(StoreConformance, AnotherEpochGoesOnFromItsSnapshotWithoutTheOldLog) {
  ASSERT_TRUE(Commit(WithSnapshot(Record(kA, 7, 0, "p1"), "s1", 0)).ok());
  CommitRecord second = Record(kA, 7, 1, "p2");
  second.calls = {Call({1, 1}, 2, "done")};
  second.reminders = {Reminder("Due", "x", 5)};
  ASSERT_TRUE(Commit(second).ok());
  CommitRecord next = WithSnapshot(Beside(kA, 7, 2), "s2", 0);
  next.next_epoch = 8;
  ASSERT_TRUE(Commit(next).ok());
  EXPECT_EQ(Commit(next).code(), kAborted);
  EXPECT_EQ(Commit(Record(kA, 7, 2, "p3")).code(), kAborted);
  ASSERT_TRUE(Commit(Record(kA, 8, 2, "p3")).ok());
  const std::optional<StoredActor> stored = Load(kA);
  EXPECT_EQ(stored->epoch, 8u);
  EXPECT_EQ(stored->revision, 3u);
  EXPECT_EQ(stored->snapshot.revision, 2u);
  EXPECT_EQ(Revisions(stored->log), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(Past(kA)->snapshots.size(), 1u);
  EXPECT_EQ(stored->calls.size(), 1u);  // What has run has run.
  EXPECT_EQ(stored->reminders.size(), 1u);
}

TEST_P(StoreConformance, TheMarkOfRevisionsAheadStaysUntilItIsTaken) {
  CommitRecord record = Beside(kA, 7, 0);
  record.ahead = true;
  ASSERT_TRUE(Commit(record).ok());  // Before anything else is known of the actor.
  EXPECT_TRUE(Load(kA)->ahead);
  EXPECT_EQ(Load(kA)->revision, 0u);
  ASSERT_TRUE(Commit(Record(kA, 7, 0, "p1")).ok());
  EXPECT_TRUE(Load(kA)->ahead);
  record = Beside(kA, 7, 1);
  record.ahead = false;
  ASSERT_TRUE(Commit(record).ok());
  EXPECT_FALSE(Load(kA)->ahead);
  EXPECT_EQ(Load(kA)->revision, 1u);
}

TEST_P(StoreConformance, CallsAreKeptUntilTheyAreForgotten) {
  CommitRecord record = Record(kA, 7, 0, "p1");
  record.calls = {Call({~0ull, 2}, 1, std::string("o\0ne", 4))};
  ASSERT_TRUE(Commit(record).ok());
  record = Record(kA, 7, 1, "p2");
  record.calls = {Call({1, ~0ull}, 2, "")};
  ASSERT_TRUE(Commit(record).ok());
  record = Record(kB, 7, 0, "p1");
  record.calls = {Call({1, 1}, 1, "b's")};
  ASSERT_TRUE(Commit(record).ok());
  std::optional<StoredActor> stored = Load(kA);
  ASSERT_EQ(stored->calls.size(), 2u);
  EXPECT_EQ(stored->calls[0].id, (StoredCallId{~0ull, 2}));
  EXPECT_EQ(stored->calls[0].revision, 1u);
  EXPECT_EQ(*stored->calls[0].outcome, std::string("o\0ne", 4));
  EXPECT_EQ(stored->calls[0].ended_at, absl::FromUnixMicros(77));
  EXPECT_EQ(stored->calls[1].id, (StoredCallId{1, ~0ull}));
  record = Record(kA, 7, 2, "p3");
  record.forgotten_calls = {{~0ull, 2}, {9, 9}};
  ASSERT_TRUE(Commit(record).ok());
  stored = Load(kA);
  ASSERT_EQ(stored->calls.size(), 1u);
  EXPECT_EQ(stored->calls[0].id, (StoredCallId{1, ~0ull}));
  EXPECT_EQ(Load(kB)->calls.size(), 1u);
}

TEST_P(StoreConformance, RemindersAreSetMovedAndCancelledWithTheirCommit) {
  CommitRecord record = Record(kA, 7, 0, "p1");
  record.reminders = {Reminder("Due", "y", 30), Reminder("Due", std::string("x\0", 2), 20),
                      Reminder("Again", "x", 40)};
  record.reminders[2].period = absl::Milliseconds(1500);
  ASSERT_TRUE(Commit(record).ok());
  EXPECT_EQ(Load(kA)->reminders,
            (std::vector<StoredReminder>{record.reminders[2], record.reminders[1], record.reminders[0]}));
  CommitRecord refused = Record(kA, 7, 0, "p1");
  refused.cancelled_reminders = {{"Due", "y"}};
  EXPECT_EQ(Commit(refused).code(), kAborted);
  EXPECT_EQ(Load(kA)->reminders.size(), 3u);
  CommitRecord later = Beside(kA, 7, 1);
  later.cancelled_reminders = {{"Due", "y"}, {"Due", "nobody"}};
  later.reminders = {Reminder("Again", "x", 50)};
  ASSERT_TRUE(Commit(later).ok());
  EXPECT_EQ(Load(kA)->reminders, (std::vector<StoredReminder>{later.reminders[0], record.reminders[1]}));
}

TEST_P(StoreConformance, ActorsAreFoundByTheirNextReminder) {
  for (const auto& [key, due] : std::vector<std::pair<std::string, std::int64_t>>{
           {"late", 300}, {"early", 100}, {"middle", 200}, {"middle2", 201}}) {
    CommitRecord record = Record({"t.v1.Counter", key}, 7, 0, "p1");
    record.reminders = {Reminder("Due", "far", 1'000), Reminder("Due", "near", due)};
    ASSERT_TRUE(Commit(record).ok());
  }
  ASSERT_TRUE(Commit(Record(kA, 7, 0, "without")).ok());
  const auto find = [this](std::int64_t until_us, std::size_t limit) {
    std::promise<std::vector<DueActor>> found;
    store_->FindDue(absl::FromUnixMicros(until_us), limit, [&found](auto due) { found.set_value(*due); });
    std::string keys;
    for (const DueActor& due : found.get_future().get()) {
      keys += due.actor.key + "@" + std::to_string(absl::ToUnixMicros(due.due)) + " ";
    }
    return keys;
  };
  EXPECT_EQ(find(99, 10), "");
  EXPECT_EQ(find(200, 10), "early@100 middle@200 ");
  EXPECT_EQ(find(1'000, 3), "early@100 middle@200 middle2@201 ");
}

TEST_P(StoreConformance, AScanTellsOfEveryActorOnceAndGoesOn) {
  for (const char* key : {"b", "a", "c/1", "c,2"})
    ASSERT_TRUE(Commit(Record({"t.v1.Z", key}, 7, 0, "p")).ok());
  ASSERT_TRUE(Commit(Record({"t.v1.A", "z"}, 9, 0, "p")).ok());
  CommitRecord destroy = Beside({"t.v1.Z", "b"}, 7, 1);
  destroy.destroy = true;
  ASSERT_TRUE(Commit(destroy).ok());
  ActorId after;
  std::string seen;
  while (true) {
    std::promise<std::vector<ActorHead>> scanned;
    store_->Scan(after, 2, [&scanned](auto heads) { scanned.set_value(*std::move(heads)); });
    const std::vector<ActorHead> heads = scanned.get_future().get();
    if (heads.empty()) break;
    EXPECT_LE(heads.size(), 2u);
    for (const ActorHead& head : heads) {
      seen += head.actor.ToString() + (head.destroyed ? "!" : "") + "@" + std::to_string(head.epoch) + " ";
    }
    after = heads.back().actor;
  }
  EXPECT_EQ(seen, "t.v1.A/z@9 t.v1.Z/a@7 t.v1.Z/b!@7 t.v1.Z/c,2@7 t.v1.Z/c/1@7 ");
}

TEST_P(StoreConformance, AnotherBaseOrEpochIsAConflictAndWritesNothing) {
  EXPECT_EQ(Commit(Record(kA, 7, 1, "no such base")).code(), kAborted);
  EXPECT_FALSE(Load(kA).has_value());
  ASSERT_TRUE(Commit(Record(kA, 7, 0, "p1")).ok());
  EXPECT_EQ(Commit(Record(kA, 7, 0, "again")).code(), kAborted);
  EXPECT_EQ(Commit(Record(kA, 7, 2, "ahead")).code(), kAborted);
  CommitRecord other_epoch = Record(kA, 6, 1, "other epoch");
  other_epoch.calls = {Call({1, 1}, 2, "lost")};
  EXPECT_EQ(Commit(other_epoch).code(), kAborted);
  const std::optional<StoredActor> stored = Load(kA);
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->revision, 1u);
  EXPECT_EQ(stored->log.size(), 1u);
  EXPECT_EQ(stored->calls.size(), 0u);
}

// What goes on from a commit that was refused is refused as well, though somebody else made the revision that
// it expects.
TEST_P(StoreConformance, ACommitGoesOnFromTheOneThatItNames) {
  CommitRecord first = Record(kA, 7, 0, "p1");
  first.commit = ~0ull;
  ASSERT_TRUE(Commit(first).ok());
  EXPECT_EQ(Load(kA)->commit, ~0ull);
  CommitRecord others = Record(kA, 7, 1, "another's");
  others.commit = 99;
  others.base_commit = ~0ull;
  ASSERT_TRUE(Commit(others).ok());
  CommitRecord second = Record(kA, 7, 1, "p2");
  second.commit = 2;
  second.base_commit = ~0ull;
  EXPECT_EQ(Commit(second).code(), kAborted);
  CommitRecord third = Record(kA, 7, 2, "p3");
  third.commit = 3;
  third.base_commit = 2;
  EXPECT_EQ(Commit(third).code(), kAborted);
  EXPECT_EQ(Load(kA)->revision, 2u);
  EXPECT_EQ(Load(kA)->commit, 99u);
  third.base_commit = 99;
  ASSERT_TRUE(Commit(third).ok());
  CommitRecord beside = Beside(kA, 7, 3);
  beside.commit = 4;
  beside.base_commit = 3;
  ASSERT_TRUE(Commit(beside).ok());
  EXPECT_EQ(Load(kA)->commit, 4u);
  CommitRecord destroy = Beside(kA, 7, 3);
  destroy.commit = 5;
  destroy.base_commit = 3;
  destroy.destroy = true;
  EXPECT_EQ(Commit(destroy).code(), kAborted);
  destroy.base_commit = 4;
  ASSERT_TRUE(Commit(destroy).ok());
  EXPECT_EQ(Load(kA)->commit, 5u);
  CommitRecord nameless = Record(kB, 7, 0, "p1");
  nameless.base_commit = 1;
  EXPECT_EQ(Commit(nameless).code(), absl::StatusCode::kInvalidArgument);
}

// As an actor does that comes from another store.
TEST_P(StoreConformance, AnActorOfWhichNothingIsHeldMayBeginAtAnyRevision) {
  CommitRecord begins = WithSnapshot(Beside(kA, 7, 1'000'000), "state", 0);
  begins.begins = true;
  begins.version = 3;
  begins.calls = {Call({1, 1}, 999'999, "done")};
  begins.reminders = {Reminder("Due", "x", 5)};
  ASSERT_TRUE(Commit(begins).ok());
  EXPECT_EQ(Commit(begins).code(), kAborted);
  std::optional<StoredActor> stored = Load(kA);
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->epoch, 7u);
  EXPECT_EQ(stored->revision, 1'000'000u);
  EXPECT_EQ(stored->version, 3u);
  EXPECT_EQ(stored->snapshot.revision, 1'000'000u);
  EXPECT_EQ(stored->snapshot.version, 3u);
  EXPECT_EQ(*stored->snapshot.state, "state");
  EXPECT_TRUE(stored->log.empty());
  EXPECT_EQ(stored->calls.size(), 1u);
  EXPECT_EQ(stored->reminders.size(), 1u);
  ASSERT_TRUE(Commit(Record(kA, 7, 1'000'000, "p")).ok());
  stored = Load(kA);
  EXPECT_EQ(Revisions(stored->log), (std::vector<std::uint64_t>{1'000'001}));
  EXPECT_EQ(Past(kA)->snapshots.size(), 1u);

  CommitRecord destroy = Beside(kA, 7, 1'000'001);
  destroy.destroy = true;
  ASSERT_TRUE(Commit(destroy).ok());
  begins.epoch = 8;
  EXPECT_EQ(Commit(begins).code(), kAborted);
  begins.base_revision = 0;
  EXPECT_EQ(Commit(begins).code(), kAborted);

  begins.actor = kB;
  CommitRecord next = begins;
  next.snapshot = nullptr;
  EXPECT_EQ(Commit(next).code(), absl::StatusCode::kInvalidArgument);
  next = Record(kB, 8, 3, "p");
  next.snapshot = ShareBytes("s");
  next.begins = true;
  EXPECT_EQ(Commit(next).code(), absl::StatusCode::kInvalidArgument);
  begins.base_revision = 5;
  // Without waiting in between.
  std::promise<absl::Status> last;
  store_->Commit(begins, [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  store_->Commit(Record(kB, 8, 5, "p"),
                 [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  store_->Commit(Record(kB, 8, 6, "p"), [&last](absl::Status status) { last.set_value(std::move(status)); });
  EXPECT_TRUE(last.get_future().get().ok());
  EXPECT_EQ(Revisions(Load(kB)->log), (std::vector<std::uint64_t>{6, 7}));
}

TEST_P(StoreConformance, AnswersComeInTheOrderOfTheCalls) {
  std::vector<int> order;
  std::promise<void> last;
  store_->Commit(Record(kA, 7, 0, "p1"), [&order](absl::Status status) {
    EXPECT_TRUE(status.ok());
    order.push_back(1);
  });
  store_->Commit(Record(kA, 7, 5, "bad"), [&order](absl::Status status) {
    EXPECT_EQ(status.code(), kAborted);
    order.push_back(2);
  });
  store_->Load(kA, [&](absl::StatusOr<std::optional<StoredActor>> stored) {
    EXPECT_EQ((*stored)->revision, 1u);
    order.push_back(3);
    last.set_value();
  });
  last.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

// Each commit is made before the one that it continues was answered.
TEST_P(StoreConformance, CommitsOfOneActorMayFollowEachOtherWithoutWaiting) {
  constexpr std::uint64_t kCommits = 200;
  std::promise<void> last;
  std::atomic<std::uint64_t> committed = 0;
  for (std::uint64_t base = 0; base < kCommits; ++base) {
    store_->Commit(Record(kA, 7, base, "p"), [&, base](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_EQ(committed.fetch_add(1), base);
      if (base + 1 == kCommits) last.set_value();
    });
  }
  last.get_future().wait();
  EXPECT_EQ(Load(kA)->revision, kCommits);
}

TEST_P(StoreConformance, OfTwoWritersOneWins) {
  constexpr int kWriters = 4;
  std::vector<std::thread> threads;
  std::vector<int> wins(kWriters, 0);
  for (std::size_t writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([this, writer, &wins] {
      for (std::uint64_t base = 0; base < 50; ++base) {
        while (true) {
          const absl::Status status = Commit(Record(kA, 7, base, "w"));
          if (status.ok()) ++wins[writer];
          const std::optional<StoredActor> stored = Load(kA);
          if (stored.has_value() && stored->revision > base) break;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int total = 0;
  for (const int count : wins) total += count;
  EXPECT_EQ(total, 50);
  EXPECT_EQ(Load(kA)->revision, 50u);
}

// The state is the number of increments, as text in a snapshot.
TEST_P(StoreConformance, A21_ManyWritersWhoRetryLoseNoIncrement) {
  constexpr int kThreads = 64;
  const char* const count = std::getenv("ONAGER_INCREMENTS");  // Builds that are slow make fewer.
  const int increments = count == nullptr ? 100 : std::atoi(count);
  CommitRecord first = WithSnapshot(Record(kA, 7, 0, ""), "0", 1);
  ASSERT_TRUE(Commit(first).ok());
  std::atomic<int> conflicts = 0;
  std::vector<std::thread> threads;
  std::latch all_began(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, &conflicts, &all_began, increments] {
      all_began.arrive_and_wait();
      for (int done = 0; done < increments;) {
        const std::optional<StoredActor> stored = Load(kA);
        if (done < 2) std::this_thread::yield();  // So that others come in between, however fast a store is.
        const int value = std::stoi(*stored->snapshot.state);
        CommitRecord record = WithSnapshot(Record(kA, 7, stored->revision, ""), std::to_string(value + 1),
                                           stored->revision + 1);
        const absl::Status status = Commit(std::move(record));
        if (status.ok()) {
          ++done;
        } else {
          EXPECT_EQ(status.code(), kAborted) << status;
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*Load(kA)->snapshot.state, std::to_string(kThreads * increments));
  EXPECT_EQ(Load(kA)->revision, static_cast<std::uint64_t>(kThreads * increments) + 1);
  EXPECT_GT(conflicts.load(), 0);
}

}  // namespace onager::store
