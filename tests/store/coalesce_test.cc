#include "runtime/store/coalesce.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "runtime/base/xoshiro.h"
#include "runtime/store/memory_store.h"

namespace onager::store {
namespace {

const ActorId kA{"t.v1.Counter", "a"};

CommitRecord Record(std::uint64_t base, std::uint64_t steps) {
  CommitRecord record;
  record.actor = kA;
  record.epoch = 7;
  record.base_revision = base;
  for (std::uint64_t step = 1; step <= steps; ++step) {
    record.steps.emplace_back();
    record.steps.back().revision = base + step;
    record.steps.back().patch = ShareBytes(std::to_string(base + step));
  }
  return record;
}

/// All that a store holds of the actor, as text.
std::string Held(MemoryStore& store) {
  std::string text;
  store.Load(kA, [&text](absl::StatusOr<std::optional<StoredActor>> loaded) {
    if (!loaded.ok() || !loaded->has_value()) return;
    const StoredActor& actor = **loaded;
    text = std::to_string(actor.revision) + (actor.ahead ? " ahead" : "") + " state@" +
           std::to_string(actor.snapshot.revision) + "=" +
           (actor.snapshot.state == nullptr ? "" : *actor.snapshot.state) + " log";
    for (const LogStep& step : actor.log) text += " " + *step.patch;
    text += " calls";
    for (const StoredCall& call : actor.calls) text += " " + std::to_string(call.id.low) + *call.outcome;
    text += " reminders";
    for (const StoredReminder& reminder : actor.reminders) {
      text +=
          " " + reminder.name + "/" + reminder.id + "@" + std::to_string(absl::ToUnixMicros(reminder.due));
    }
  });
  return text;
}

TEST(CoalesceTest, WhatEndsOrBeginsSomethingStandsAlone) {
  CommitRecord plain = Record(4, 1);
  EXPECT_TRUE(CanCoalesce(Record(3, 1), plain));
  EXPECT_FALSE(CanCoalesce(Record(2, 1), plain));  // A gap.
  CommitRecord other_version = Record(4, 1);
  other_version.version = 2;
  EXPECT_FALSE(CanCoalesce(Record(3, 1), other_version));
  CommitRecord destroy = Record(4, 0);
  destroy.destroy = true;
  EXPECT_FALSE(CanCoalesce(Record(3, 1), destroy));
  CommitRecord epoch = Record(4, 0);
  epoch.next_epoch = 8;
  epoch.snapshot = ShareBytes("s");
  EXPECT_FALSE(CanCoalesce(Record(3, 1), epoch));
  EXPECT_FALSE(CanCoalesce(epoch, plain));
  CommitRecord begins = Record(4, 0);
  begins.begins = true;
  begins.snapshot = ShareBytes("s");
  EXPECT_FALSE(CanCoalesce(begins, Record(4, 0)));
}

TEST(CoalesceTest, ASnapshotIsNotMovedToALaterRevision) {
  CommitRecord snapshot = Record(3, 1);
  snapshot.snapshot = ShareBytes("s4");
  EXPECT_FALSE(CanCoalesce(snapshot, Record(4, 1)));
  EXPECT_TRUE(CanCoalesce(snapshot, Record(4, 0)));
  CommitRecord later = Record(4, 1);
  later.snapshot = ShareBytes("s5");
  EXPECT_TRUE(CanCoalesce(snapshot, later));
}

TEST(CoalesceTest, ItGoesOnFromTheFirstAndIsNamedAsTheLast) {
  CommitRecord first = Record(3, 1);
  first.base_commit = 10;
  first.commit = 11;
  CommitRecord next = Record(4, 1);
  next.base_commit = 12;
  next.commit = 13;
  EXPECT_FALSE(CanCoalesce(first, next));
  next.base_commit = 11;
  ASSERT_TRUE(CanCoalesce(first, next));
  EXPECT_FALSE(CanCoalesce(first, Record(4, 1)));
  EXPECT_TRUE(CanCoalesce(Record(3, 1), Record(4, 1)));
  Coalesce(first, next);
  EXPECT_EQ(first.base_commit, 10u);
  EXPECT_EQ(first.commit, 13u);
  EXPECT_EQ(PositionAfter(first).commit, 13u);
}

TEST(CoalesceTest, TheBytesAreCountedThatARecordHolds) {
  CommitRecord record = Record(0, 2);
  const std::size_t before = RecordBytes(record);
  record.snapshot = ShareBytes(std::string(1000, 's'));
  record.calls.emplace_back();
  record.calls.back().outcome = ShareBytes(std::string(100, 'c'));
  record.reminders.emplace_back();
  record.reminders.back().id = std::string(10, 'r');
  EXPECT_GE(RecordBytes(record), before + 1110);
}

// Random records, each written by itself into one store and as coalesced as they may be into another.
TEST(CoalesceTest, OneRecordHasTheEffectOfAll) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Xoshiro256 random(seed);
    MemoryStore one_by_one;
    MemoryStore coalesced;
    std::optional<CommitRecord> waiting;
    std::uint64_t revision = 0;
    std::uint64_t last_call = 0;
    int written = 0;
    const auto write = [&] {
      coalesced.Commit(*std::move(waiting), [](const absl::Status& status) { ASSERT_TRUE(status.ok()); });
      waiting.reset();
      ++written;
    };
    for (int commit = 0; commit < 30; ++commit) {
      CommitRecord record = Record(revision, random.Between(0, 3));
      revision += record.steps.size();
      if (random.Between(0, 4) == 0) record.snapshot = ShareBytes("s" + std::to_string(revision));
      if (random.Between(0, 4) == 0) record.log_floor = random.Between(0, revision);
      if (random.Between(0, 4) == 0) record.ahead = random.Between(0, 1) == 0;
      for (std::uint64_t id = 0; id < 5; ++id) {
        const std::uint64_t what = random.Between(0, 5);
        if (what == 0) record.forgotten_calls.push_back({0, random.Between(0, last_call)});
        if (what == 1) {
          record.calls.emplace_back();
          record.calls.back().id = {0, ++last_call};
          record.calls.back().revision = revision;
          record.calls.back().outcome = ShareBytes("at" + std::to_string(revision));
        }
        if (what == 2) record.cancelled_reminders.emplace_back("R", std::to_string(id));
        if (what == 3) {
          record.reminders.emplace_back();
          record.reminders.back().name = "R";
          record.reminders.back().id = std::to_string(id);
          record.reminders.back().due = absl::FromUnixMicros(static_cast<std::int64_t>(revision));
        }
      }
      one_by_one.Commit(record, [](const absl::Status& status) { ASSERT_TRUE(status.ok()); });
      if (waiting && CanCoalesce(*waiting, record)) {
        Coalesce(*waiting, std::move(record));
      } else {
        if (waiting) write();
        waiting = std::move(record);
      }
    }
    write();
    EXPECT_LT(written, 20);
    // What a floor drops may be dropped later, and of a record that has a snapshot there may be no older one.
    CommitRecord last = Record(revision, 1);
    last.snapshot = ShareBytes("last");
    last.log_floor = revision + 1;
    for (MemoryStore* store : {&one_by_one, &coalesced}) {
      store->Commit(last, [](const absl::Status& status) { ASSERT_TRUE(status.ok()); });
    }
    EXPECT_EQ(Held(coalesced), Held(one_by_one));
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace onager::store
