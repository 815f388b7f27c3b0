#include "runtime/actor/actor_feed.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/wire/batch.h"
#include "tests/actor/counter_actor.h"

namespace onager::actor {
namespace {

using session::FeedRead;
using session::Position;
using std::chrono::seconds;

constexpr Time kNow{seconds(1000)};
constexpr std::uint64_t kEpoch = 9;

struct FeedWorld {
  explicit FeedWorld(session::ReplayLimits limits = session::ReplayLimits())
      : history(std::make_shared<ActorHistory>(kCounterCodec, limits, Position{kEpoch, 0},
                                               [this](const std::shared_ptr<ViewLog>&) { ++asked; })),
        view(history->AddView(0)),
        feed(history, view, nullptr) {}

  void Publish(int count, std::size_t padding = 0) {
    for (int i = 0; i < count; ++i) Commit(ShareBytes("1 " + std::string(padding, '.')), {}, {});
  }
  /// One revision: what it shows, its events, and the filters that it opens.
  void Commit(SharedBytes patch, const std::vector<std::string>& events,
              std::vector<std::shared_ptr<FilterGate>> opened) {
    ShownCommit commit;
    commit.patches.emplace_back(view, std::move(patch));
    commit.opened = std::move(opened);
    commit.event_count = events.size();
    std::string records;
    for (const std::string& event : events) wire::AppendEvent(records, event);
    if (!records.empty()) commit.events = ShareBytes(std::move(records));
    history->Publish(commit, kNow);
  }
  void PublishSnapshot(std::uint64_t revision, SharedBytes snapshot) {
    history->PublishSnapshot(*view, revision, std::move(snapshot));
  }
  FeedRead Read(std::uint64_t revision, std::size_t bytes_max = 1 << 20, Time now = kNow) {
    return feed.Read(Position{kEpoch, revision}, false, bytes_max, now);
  }

  int asked = 0;
  std::shared_ptr<ActorHistory> history;
  std::shared_ptr<ViewLog> view;
  ActorFeed feed;
};

TEST(ActorFeedTest, AReaderGetsEachStepOnceAndSharesIt) {
  FeedWorld world;
  world.Publish(3);
  const FeedRead one = world.Read(1);
  ASSERT_EQ(one.kind, FeedRead::Kind::kSteps);
  ASSERT_EQ(one.steps.size(), 2u);
  EXPECT_EQ(one.steps[0].base, 1u);
  EXPECT_EQ(one.steps[1].revision, 3u);
  EXPECT_EQ(one.at, (Position{kEpoch, 3}));
  EXPECT_EQ(world.Read(1).steps[0].patch, one.steps[0].patch);
  EXPECT_EQ(world.Read(3).kind, FeedRead::Kind::kUpToDate);
}

TEST(ActorFeedTest, ABudgetIsKeptAndOneStepAlwaysGoes) {
  FeedWorld world;
  world.Publish(10, 98);
  EXPECT_EQ(world.Read(0, 350).steps.size(), 3u);
  EXPECT_EQ(world.Read(0, 1).steps.size(), 1u);
  EXPECT_EQ(world.Read(0, 350).at.revision, 10u);
}

TEST(ActorFeedTest, WhoIsFarBehindGetsOneComposedStep) {
  FeedWorld world;
  world.Publish(257);
  EXPECT_EQ(world.Read(1).steps.size(), 256u);
  const FeedRead read = world.Read(0);
  ASSERT_EQ(read.steps.size(), 1u);
  EXPECT_EQ(read.steps[0].base, 0u);
  EXPECT_EQ(read.steps[0].revision, 257u);
  EXPECT_EQ(*read.steps[0].patch, "257");
  EXPECT_EQ(world.Read(0).steps[0].patch, read.steps[0].patch);  // Composed once.
}

TEST(ActorFeedTest, A5_OutsideTheWindowThereIsASnapshot) {
  session::ReplayLimits limits;
  limits.count_max = 100;
  FeedWorld world(limits);
  world.Publish(150);
  EXPECT_EQ(world.Read(50).kind, FeedRead::Kind::kSteps);
  const FeedRead read = world.Read(49);
  EXPECT_EQ(read.kind, FeedRead::Kind::kSnapshotPending);
  EXPECT_EQ(read.why, FeedRead::Why::kOutsideWindow);
  EXPECT_EQ(world.asked, 1);
  (void)world.Read(48);
  EXPECT_EQ(world.asked, 1);  // It is asked for once, for everybody.
}

TEST(ActorFeedTest, OtherHistoriesAreNotContinued) {
  FeedWorld world;
  world.Publish(3);
  EXPECT_EQ(world.feed.Read(Position{kEpoch + 1, 3}, false, 100, kNow).why, FeedRead::Why::kOtherEpoch);
  EXPECT_EQ(world.Read(4).why, FeedRead::Why::kOtherEpoch);
  world.history->Restart({kEpoch + 1, 3});
  EXPECT_EQ(world.Read(3).why, FeedRead::Why::kOtherEpoch);
  EXPECT_EQ(world.feed.Read(Position{kEpoch + 1, 3}, false, 100, kNow).kind, FeedRead::Kind::kUpToDate);
}

TEST(ActorFeedTest, ASnapshotServesAsLongAsWhatFollowsIsCheap) {
  FeedWorld world;
  world.Publish(2);
  world.PublishSnapshot(2, ShareBytes("2"));
  world.Publish(3);
  const FeedRead read = world.feed.Read(std::nullopt, false, 100, kNow);
  ASSERT_EQ(read.kind, FeedRead::Kind::kSnapshot);
  EXPECT_EQ(read.at.revision, 2u);
  world.Publish(1, 5000);
  EXPECT_EQ(world.feed.Read(std::nullopt, false, 100, kNow).kind, FeedRead::Kind::kSnapshotPending);
}

TEST(ActorFeedTest, AReaderThatWaitedIsServedHoweverFastTheStateMoves) {
  FeedWorld world;
  world.Publish(2);
  const FeedRead pending = world.feed.Read(std::nullopt, false, 100, kNow);
  ASSERT_EQ(pending.kind, FeedRead::Kind::kSnapshotPending);
  world.Publish(1, 100'000);
  world.PublishSnapshot(3, ShareBytes("3"));
  world.Publish(20, 100'000);  // Out of the window, even.
  const FeedRead served = world.feed.ReadSnapshot(pending.at, kNow);
  ASSERT_EQ(served.kind, FeedRead::Kind::kSnapshot);
  EXPECT_EQ(served.at.revision, 3u);
}

TEST(ActorFeedTest, ReadSnapshotNeverGoesBack) {
  FeedWorld world;
  world.Publish(2);
  world.PublishSnapshot(2, ShareBytes(std::string(1 << 20, 's')));
  world.Publish(1, 300'000);
  // Cheap compared with the state, and still not what a reader at 2 needs.
  EXPECT_EQ(world.feed.Read(std::nullopt, false, 100, kNow).kind, FeedRead::Kind::kSnapshot);
  const FeedRead read = world.feed.ReadSnapshot({kEpoch, 3}, kNow);
  EXPECT_EQ(read.kind, FeedRead::Kind::kSnapshotPending);
  EXPECT_EQ(world.asked, 1);
  // In another epoch any snapshot is news.
  world.history->Restart({kEpoch + 1, 0});
  world.PublishSnapshot(0, ShareBytes("0"));
  EXPECT_EQ(world.feed.ReadSnapshot({kEpoch, 3}, kNow).kind, FeedRead::Kind::kSnapshot);
}

TEST(ActorFeedTest, A6_WhatIsTooOldIsNotReplayed) {
  FeedWorld world;
  world.Publish(1);
  EXPECT_EQ(world.Read(0, 100, kNow + seconds(299)).kind, FeedRead::Kind::kSteps);
  EXPECT_EQ(world.Read(0, 100, kNow + seconds(301)).why, FeedRead::Why::kOutsideWindow);
  EXPECT_EQ(world.Read(1, 100, kNow + seconds(301)).kind, FeedRead::Kind::kUpToDate);
}

TEST(ActorFeedTest, ListenersHearOfEverythingUntilTheyAreRemoved) {
  FeedWorld world;
  int heard = 0;
  const auto id = world.feed.AddListener(std::make_shared<ActorFeed::Listener>([&heard] { ++heard; }));
  world.Publish(1);
  world.PublishSnapshot(1, ShareBytes("1"));
  world.history->Restart({kEpoch + 1, 0});
  world.history->End(absl::UnavailableError("gone"));
  EXPECT_EQ(heard, 4);
  world.feed.RemoveListener(id);
  world.Publish(1);
  EXPECT_EQ(heard, 4);
  EXPECT_EQ(world.history->listener_count(), 0u);
  EXPECT_EQ(world.feed.Read(std::nullopt, false, 100, kNow).end, absl::UnavailableError("gone"));
  EXPECT_EQ(world.feed.ReadSnapshot({kEpoch, 0}, kNow).kind, FeedRead::Kind::kEnded);
}

}  // namespace
}  // namespace onager::actor
