#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "runtime/session/server_session.h"
#include "tests/session/fake_feed.h"
#include "tests/session/server_world.h"
#include "tests/session/session_support.h"

// How a server session sends states that are large, late or replaced.
namespace onager::session {
namespace {

std::size_t ChunkBytes(const Frames& frames) {
  std::size_t bytes = 0;
  for (const wire::SnapshotChunk& chunk : frames.Of<wire::SnapshotChunk>()) bytes += chunk.data.size();
  return bytes;
}

TEST(ServerSnapshotTest, ALargeSnapshotTravelsInPiecesWithOtherTrafficInBetween) {
  ServerWorld world;
  world.Open();
  const auto small = world.Subscribe(1);
  (void)world.Batch();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  feed->set_snapshot_padding(1'000'000);
  world.SubscribeTo(feed, 2);
  world.Send(Message(MakeCall(1), MakeCall(2), MakeCall(3)));

  std::string whole;
  std::uint64_t number = 0;
  std::size_t replies = 0;
  std::size_t deltas = 0;
  int batches = 0;
  for (auto frames = world.Batch(); frames != nullptr; frames = world.Batch()) {
    ++batches;
    EXPECT_LE(ChunkBytes(*frames), 256u << 10);
    for (const wire::SnapshotChunk& chunk : frames->Of<wire::SnapshotChunk>()) {
      EXPECT_LE(chunk.data.size(), 64u << 10);
      EXPECT_EQ(chunk.offset, whole.size());
      EXPECT_EQ(chunk.total_bytes, feed->Snapshot().size());
      EXPECT_EQ(chunk.revision, 4u);
      whole += chunk.data;
    }
    replies += frames->Of<wire::Reply>().size();
    deltas += frames->Of<wire::Delta>().size();
    // Nothing waits for more than the batch that was being made.
    EXPECT_EQ(replies, number);
    EXPECT_GE(deltas + 1, number);
    if (number < 3) {
      ++number;
      auto outcome = std::make_shared<CallOutcome>();
      outcome->actor = {"t.v1.Other", "x"};
      world.session.OnCallEnded(number, outcome);
      small->Commit(1, world.now);
      world.session.OnFeedChanged(1);
    }
  }
  EXPECT_EQ(deltas, 3u);
  EXPECT_EQ(whole, feed->Snapshot());
  EXPECT_GE(batches, 4);
}

TEST(ServerSnapshotTest, WhatIsCommittedMeanwhileFollowsTheSnapshot) {
  ServerWorld world;
  world.Open();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  feed->set_snapshot_padding(500'000);
  world.SubscribeTo(feed, 1);
  (void)world.Batch();
  feed->Commit(5, world.now);
  world.session.OnFeedChanged(1);
  std::vector<wire::Delta> deltas;
  for (auto frames = world.Batch(); frames != nullptr; frames = world.Batch()) {
    for (const wire::Delta& delta : frames->Of<wire::Delta>()) deltas.push_back(delta);
  }
  ASSERT_EQ(deltas.size(), 1u);
  EXPECT_EQ(deltas[0].revision, 5u);
  EXPECT_EQ(deltas[0].span, 1u);
}

TEST(ServerSnapshotTest, AnEmptyStateIsASnapshotToo) {
  class EmptyFeed final : public StateFeed {
   public:
    FeedRead Read(const std::optional<Position>& from, bool, std::size_t, Time now, std::uint64_t,
                  bool) override {
      if (!from.has_value()) return ReadSnapshot({}, now);
      FeedRead read;
      read.at = head();
      return read;
    }
    FeedRead ReadSnapshot(const Position&, Time) override {
      FeedRead read;
      read.kind = FeedRead::Kind::kSnapshot;
      read.at = head();
      read.snapshot = ShareBytes("");
      return read;
    }
    std::shared_ptr<const generated::StateHash> Hash(const Position&, Time) override { return nullptr; }
    FeedLag Lag(const Position&, std::optional<Time>) const override { return {}; }
    Position head() const override { return {3, 0}; }
    bool ended() const override { return false; }
    std::uint64_t CountEvents(const Position&, const Position&) const override { return 0; }
  };
  ServerWorld world;
  world.Open();
  world.Send(Message(MakeSubscribe(1)));
  world.session.OnFeedOpened(1, std::shared_ptr<StateFeed>(std::make_shared<EmptyFeed>()), 50);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Subscribed Chunk");
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).total_bytes, 0u);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerSnapshotTest, ASnapshotThatIsBeingMadeIsWaitedFor) {
  ServerWorld world;
  world.Open();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  feed->set_snapshots_wait(true);
  world.SubscribeTo(feed, 1);
  const auto first = world.Batch();
  ASSERT_EQ(first->Kinds(), "Subscribed");
  EXPECT_FALSE(first->Of<wire::Subscribed>().at(0).resumed);
  EXPECT_TRUE(feed->snapshot_asked());
  EXPECT_EQ(world.Batch(), nullptr);
  feed->MakeSnapshot();
  // The state has moved on before anybody could read it: the reader is served all the same.
  for (int i = 0; i < 5; ++i) feed->Commit(1, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Kinds(), "Chunk");
  const auto rest = world.Batch();
  ASSERT_EQ(rest->Of<wire::Delta>().size(), 5u);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerSnapshotTest, AHugePatchGoesAsASnapshotThatContainsIt) {
  ServerWorld world;
  world.Open();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  feed->set_limits([] {
    ReplayLimits limits;
    limits.bytes_max = 64u << 20;
    return limits;
  }());
  feed->set_snapshots_wait(true);
  feed->MakeSnapshot();
  world.SubscribeTo(feed, 1);
  ASSERT_EQ(world.Batch()->Kinds(), "Subscribed Chunk");
  feed->Commit(7, world.now, 400'000);
  world.session.OnFeedChanged(1);
  // The snapshot that is at hand is older than the patch: sending it again would never get past the patch.
  EXPECT_EQ(world.Batch(), nullptr);
  EXPECT_TRUE(feed->snapshot_asked());
  feed->MakeSnapshot();
  world.session.OnFeedChanged(1);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Chunk");
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).revision, 5u);
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).reason, ResyncReason::kLagged);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerSnapshotTest, ASubscriberThatFallsOutOfTheWindowIsToldThatItLagged) {
  ServerWorld world;
  world.Open();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  feed->set_limits([] {
    ReplayLimits limits;
    limits.count_max = 10;
    return limits;
  }());
  world.SubscribeTo(feed, 1);
  (void)world.Batch();
  for (int i = 0; i < 11; ++i) feed->Commit(1, world.now);
  world.session.OnFeedChanged(1);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Chunk");
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).reason, ResyncReason::kLagged);
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).revision, 15u);
}

TEST(ServerSnapshotTest, AfterANewEpochDeltasSayWhichOneTheyBelongTo) {
  ServerWorld world;
  world.Open();
  const auto feed = world.Subscribe(1);
  EXPECT_EQ(world.Batch()->Of<wire::Subscribed>().at(0).epoch, 11u);
  feed->Commit(1, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Of<wire::Delta>().at(0).epoch, 0u);
  feed->Restart(12, 5, 1000);
  world.session.OnFeedChanged(1);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Chunk");
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).reason, ResyncReason::kNewEpoch);
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).epoch, 12u);
  feed->Commit(1, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Of<wire::Delta>().at(0).epoch, 12u);
}

TEST(ServerSnapshotTest, AClientThatTakesSmallMessagesGetsSmallMessages) {
  ServerWorld world;
  wire::Hello hello = MakeHello();
  hello.message_bytes_max = 64u << 10;
  world.Send(Message(hello));
  world.session.OnLedger(false, world.now);
  (void)world.Batch();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  feed->set_snapshot_padding(500'000);
  world.SubscribeTo(feed, 1);
  for (int i = 0; i < 40; ++i) feed->Commit(1, world.now, 20'000);
  std::size_t sent = 0;
  for (auto frames = world.Batch(); frames != nullptr; frames = world.Batch()) {
    EXPECT_LE(frames->bytes(), 64u << 10);
    sent += frames->bytes();
  }
  EXPECT_GT(sent, 500'000u);
}

}  // namespace
}  // namespace onager::session
