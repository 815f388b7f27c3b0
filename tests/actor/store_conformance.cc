#include "tests/actor/store_conformance.h"

#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace onager::store {
namespace {

CommitRecord Record(const ActorId& actor, std::uint64_t epoch, std::uint64_t base, std::string patch) {
  CommitRecord record;
  record.actor = actor;
  record.epoch = epoch;
  record.base_revision = base;
  record.patch = ShareBytes(std::move(patch));
  return record;
}

const ActorId kA{"t.v1.Counter", "a"};
const ActorId kB{"t.v1.Counter", "b"};

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

TEST_P(StoreConformance, WhatWasNeverCommittedIsNotThere) { EXPECT_FALSE(Load(kA).has_value()); }

TEST_P(StoreConformance, PatchesComeBackInOrder) {
  for (std::uint64_t base = 0; base < 5; ++base) {
    ASSERT_TRUE(Commit(Record(kA, 7, base, std::to_string(base))).ok());
  }
  ASSERT_TRUE(Commit(Record(kB, 8, 0, "other")).ok());
  const std::optional<StoredActor> stored = Load(kA);
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->epoch, 7u);
  EXPECT_EQ(stored->revision, 5u);
  EXPECT_EQ(stored->snapshot_revision, 0u);
  EXPECT_EQ(stored->snapshot, nullptr);
  ASSERT_EQ(stored->patches.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(*stored->patches[i], std::to_string(i));
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

TEST_P(StoreConformance, ADestroyedActorLeavesItsEpochAndNothingElse) {
  ASSERT_TRUE(Commit(Record(kA, 7, 0, "p1")).ok());
  CommitRecord destroy;
  destroy.actor = kA;
  destroy.epoch = 7;
  destroy.destroy = true;
  EXPECT_EQ(Commit(destroy).code(), absl::StatusCode::kAborted);  // Not what it holds.
  destroy.base_revision = 1;
  ASSERT_TRUE(Commit(destroy).ok());
  std::optional<StoredActor> stored = Load(kA);
  ASSERT_TRUE(stored.has_value());
  EXPECT_TRUE(stored->destroyed);
  EXPECT_EQ(stored->epoch, 7u);
  EXPECT_EQ(stored->patches.size(), 0u);
  // Nothing goes on from it, and its epoch does not begin again.
  EXPECT_EQ(Commit(destroy).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Commit(Record(kA, 7, 1, "p2")).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Commit(Record(kA, 7, 0, "p2")).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Commit(Record(kA, 8, 1, "p2")).code(), absl::StatusCode::kAborted);
  ASSERT_TRUE(Commit(Record(kA, 8, 0, "p1")).ok());
  stored = Load(kA);
  EXPECT_FALSE(stored->destroyed);
  EXPECT_EQ(stored->epoch, 8u);
  EXPECT_EQ(stored->revision, 1u);
  // Also one that was never committed.
  destroy.actor = kB;
  destroy.base_revision = 0;
  ASSERT_TRUE(Commit(destroy).ok());
  EXPECT_TRUE(Load(kB)->destroyed);
}

TEST_P(StoreConformance, ACompactedStateIsTheSameState) {
  ASSERT_TRUE(Commit(Record(kA, 7, 0, "p1")).ok());
  ASSERT_TRUE(Commit(Record(kA, 7, 1, "p2")).ok());
  store_->Compact(kA, 7, 1, ShareBytes("stale"));
  store_->Compact(kA, 6, 2, ShareBytes("another's"));
  store_->Compact(kB, 7, 2, ShareBytes("nobody's"));
  std::optional<StoredActor> stored = Load(kA);
  EXPECT_EQ(stored->revision, 2u);
  EXPECT_EQ(stored->patches.size(), 2u);
  EXPECT_FALSE(Load(kB).has_value());
  store_->Compact(kA, 7, 2, ShareBytes("state"));
  stored = Load(kA);
  EXPECT_EQ(stored->revision, 2u);
  // A store may have done without.
  EXPECT_EQ(stored->patches.size(), stored->snapshot == nullptr ? 2u : 0u);
  ASSERT_TRUE(Commit(Record(kA, 7, 2, "p3")).ok());
  EXPECT_EQ(Load(kA)->revision, 3u);
}

TEST_P(StoreConformance, ASnapshotReplacesThePatchesBeforeIt) {
  ASSERT_TRUE(Commit(Record(kA, 7, 0, "p1")).ok());
  CommitRecord with_snapshot = Record(kA, 7, 1, "p2");
  with_snapshot.snapshot = ShareBytes(std::string("state\0two", 9));
  ASSERT_TRUE(Commit(with_snapshot).ok());
  ASSERT_TRUE(Commit(Record(kA, 7, 2, "p3")).ok());
  const std::optional<StoredActor> stored = Load(kA);
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->revision, 3u);
  EXPECT_EQ(stored->snapshot_revision, 2u);
  EXPECT_EQ(*stored->snapshot, std::string("state\0two", 9));
  ASSERT_EQ(stored->patches.size(), 1u);
  EXPECT_EQ(*stored->patches[0], "p3");
}

TEST_P(StoreConformance, AnotherBaseOrEpochIsAConflictAndWritesNothing) {
  EXPECT_EQ(Commit(Record(kA, 7, 1, "no such base")).code(), absl::StatusCode::kAborted);
  EXPECT_FALSE(Load(kA).has_value());
  ASSERT_TRUE(Commit(Record(kA, 7, 0, "p1")).ok());
  EXPECT_EQ(Commit(Record(kA, 7, 0, "again")).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Commit(Record(kA, 7, 2, "ahead")).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Commit(Record(kA, 6, 1, "other epoch")).code(), absl::StatusCode::kAborted);
  const std::optional<StoredActor> stored = Load(kA);
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->revision, 1u);
  EXPECT_EQ(stored->patches.size(), 1u);
}

TEST_P(StoreConformance, AnswersComeInTheOrderOfTheCalls) {
  std::vector<int> order;
  std::promise<void> last;
  store_->Commit(Record(kA, 7, 0, "p1"), [&order](absl::Status status) {
    EXPECT_TRUE(status.ok());
    order.push_back(1);
  });
  store_->Commit(Record(kA, 7, 5, "bad"), [&order](absl::Status status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
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

}  // namespace onager::store
