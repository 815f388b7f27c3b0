#include <gtest/gtest.h>

#include <string>

#include "tests/actor/actor_world.h"

// States that an older version of the actor has stored.
namespace onager::actor {
namespace {

using session::FeedRead;
using session::Position;

const ActorId kA{"t.v1.Counter", "a"};

generated::ActorType TypeOf(std::uint32_t version) {
  generated::ActorType type = kCounterType;
  type.version = version;
  return type;
}

/// A server of that version, whose store holds the number 5 of version 1, as two patches.
struct MigrationWorld {
  explicit MigrationWorld(std::uint32_t version, std::uint32_t stored_version = 1)
      : type(TypeOf(version)), world(ActorRuntimeOptions(), type) {
    for (std::uint64_t base = 0; base < 2; ++base) {
      store::CommitRecord record;
      record.actor = kA;
      record.epoch = 9;
      record.base_revision = base;
      store::LogStep& step = record.steps.emplace_back();
      step.revision = base + 1;
      step.patch = ShareBytes(base == 0 ? "2" : "3");
      record.version = stored_version;
      world.store.memory.Commit(std::move(record),
                                [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
    }
  }
  store::StoredActor Stored() {
    std::optional<store::StoredActor> stored;
    world.store.memory.Load(kA, [&stored](auto loaded) { stored = *std::move(loaded); });
    return *stored;
  }

  generated::ActorType type;
  ActorWorld world;
};

TEST(MigrationTest, AnOlderStateIsBroughtUpStepByStepBeforeTheFirstTurn) {
  MigrationWorld old(3);
  EXPECT_EQ(old.world.Call(kGet)->result(), "512");
  const store::StoredActor stored = old.Stored();
  EXPECT_EQ(stored.version, 3u);
  EXPECT_EQ(stored.revision, 3u);
  ASSERT_NE(stored.snapshot.state, nullptr);
  EXPECT_EQ(*stored.snapshot.state, "512");
}

TEST(MigrationTest, WhoObservedTheOldStateIsToldWhatTheMigrationChanged) {
  MigrationWorld old(2);
  const auto feed = old.world.Feed();
  EXPECT_EQ(feed->head(), (Position{9, 3}));
  const FeedRead read = feed->Read(Position{9, 2}, false, 1000, old.world.environment.Now());
  ASSERT_EQ(read.kind, FeedRead::Kind::kSteps);
  EXPECT_EQ(*read.steps.at(0).patch, "46");
}

TEST(MigrationTest, AMigrationThatChangesNothingIsNoRevision) {
  MigrationWorld old(4, 3);
  EXPECT_EQ(old.world.Call(kGet)->result(), "5");
  EXPECT_EQ(old.Stored().revision, 2u);
  EXPECT_EQ(old.world.Call(kAdd, "1")->result(), "6");
  EXPECT_EQ(old.Stored().version, 4u);
}

TEST(MigrationTest, AStateOfANewerVersionIsNotTouched) {
  MigrationWorld newer(2, 3);
  const auto call = newer.world.Call(kGet);
  EXPECT_EQ(call->code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(call->outcome->status.message(),
            "the stored state of t.v1.Counter/a is of version 3, which is newer than version 2 that this "
            "server knows: it was written by a newer server");
  EXPECT_EQ(newer.Stored().revision, 2u);
}

TEST(MigrationTest, AStepThatFailsFailsTheActivation) {
  MigrationWorld old(5, 2);
  const auto call = old.world.Call(kGet);
  EXPECT_EQ(call->code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(old.Stored().version, 2u);
}

TEST(MigrationTest, AMigrationThatCannotBeCommittedFailsTheActivationAndIsTriedAgainLater) {
  MigrationWorld old(2);
  old.world.store.hold = true;
  const auto call = old.world.Call(kSleepAdd, "0");
  old.world.environment.Advance(std::chrono::seconds(2));
  EXPECT_EQ(call->ends, 0);
  old.world.store.Complete(absl::UnavailableError("the disk is full"));
  old.world.environment.RunReady();
  EXPECT_EQ(call->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(old.world.store.held.size(), 0u);
  EXPECT_EQ(old.world.store.loads, 1);  // Not again and again.
  old.world.store.hold = false;
  EXPECT_EQ(old.world.Call(kGet)->result(), "51");
}

}  // namespace
}  // namespace onager::actor
