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
      : history(std::make_shared<ActorHistory>(kCounterCodec, limits, Position{kEpoch, 0})),
        view(history->AddView(0)),
        feed(history, view, nullptr) {
    history->ServeSnapshots([this](const std::shared_ptr<ViewLog>&, ActorHistory::Wanted) { ++asked; });
  }

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
  const FeedRead read = world.Read(0, 350);
  ASSERT_EQ(read.steps.size(), 3u);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.steps[i].base, i);
    EXPECT_EQ(read.steps[i].revision, i + 1);
  }
  // What was not read is read next.
  EXPECT_EQ(read.through, 3u);
  EXPECT_EQ(read.at.revision, 10u);
  EXPECT_EQ(world.Read(0, 1).steps.size(), 1u);
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

TEST(ActorFeedTest, WhatShowsNothingIsSpannedByTheNextStep) {
  FeedWorld world;
  world.Publish(1);
  for (int i = 0; i < 3; ++i) world.Commit(nullptr, {}, {});
  const FeedRead quiet = world.Read(1);
  EXPECT_EQ(quiet.kind, FeedRead::Kind::kUpToDate);
  EXPECT_EQ(quiet.through, 4u);
  EXPECT_FALSE(quiet.held_back);
  world.Publish(1);
  world.Commit(nullptr, {}, {});
  const FeedRead read = world.Read(1);
  ASSERT_EQ(read.steps.size(), 1u);
  EXPECT_EQ(read.steps[0].base, 1u);
  EXPECT_EQ(read.steps[0].revision, 5u);
  EXPECT_EQ(read.through, 6u);
  EXPECT_EQ(world.Read(4).steps[0].base, 4u);
}

TEST(ActorFeedTest, AFilterHoldsBackUntilARevisionOpensItAndThenEverythingComesAsOneStep) {
  FeedWorld world;
  const auto gate = world.history->AddGate(0);
  ActorFeed filtered(world.history, world.view, gate);
  int heard = 0;
  (void)filtered.AddListener(std::make_shared<ActorFeed::Listener>([&heard] { ++heard; }));
  const auto read = [&](std::uint64_t from, bool due = false) {
    return filtered.Read(Position{kEpoch, from}, due, 1 << 20, kNow);
  };
  world.Publish(3);
  EXPECT_EQ(read(0).kind, FeedRead::Kind::kUpToDate);
  EXPECT_TRUE(read(0).held_back);
  EXPECT_EQ(read(0).through, 0u);
  EXPECT_EQ(read(0).at.revision, 3u);
  EXPECT_EQ(heard, 0);
  EXPECT_EQ(read(0, /*due=*/true).steps.size(), 3u);
  world.Commit(ShareBytes("10"), {}, {gate});
  EXPECT_EQ(heard, 1);
  world.Publish(1);  // Closed again; the delivery that is due brings it along.
  EXPECT_EQ(heard, 1);
  const FeedRead opened = read(0);
  ASSERT_EQ(opened.steps.size(), 1u);
  EXPECT_EQ(opened.steps[0].base, 0u);
  EXPECT_EQ(opened.steps[0].revision, 5u);
  EXPECT_EQ(*opened.steps[0].patch, "14");
  EXPECT_EQ(read(0).steps[0].patch, opened.steps[0].patch);  // Composed once.
  EXPECT_EQ(read(4).kind, FeedRead::Kind::kUpToDate);
  EXPECT_TRUE(read(4).held_back);
  EXPECT_FALSE(read(5).held_back);
  // A filter that opens where nothing shows brings nothing.
  world.Commit(nullptr, {}, {gate});
  EXPECT_EQ(read(5).kind, FeedRead::Kind::kUpToDate);
  EXPECT_EQ(read(5).through, 6u);
  EXPECT_EQ(heard, 1);
}

TEST(ActorFeedTest, AFilterThatCameLaterCannotSayThatItWasClosed) {
  FeedWorld world;
  world.Publish(2);
  const auto gate = world.history->AddGate(2);
  ActorFeed filtered(world.history, world.view, gate);
  EXPECT_EQ(filtered.Read(Position{kEpoch, 1}, false, 100, kNow).kind, FeedRead::Kind::kSteps);
  EXPECT_EQ(filtered.Read(Position{kEpoch, 2}, false, 100, kNow).kind, FeedRead::Kind::kUpToDate);
}

TEST(ActorFeedTest, WhatAFilterHoldsBackMayLeaveTheWindow) {
  session::ReplayLimits limits;
  limits.count_max = 2;
  FeedWorld world(limits);
  const auto gate = world.history->AddGate(0);
  ActorFeed filtered(world.history, world.view, gate);
  world.Publish(5);
  EXPECT_TRUE(filtered.Read(Position{kEpoch, 0}, false, 100, kNow).held_back);
  world.Commit(ShareBytes("1"), {}, {gate});
  EXPECT_EQ(filtered.Read(Position{kEpoch, 0}, false, 100, kNow).why, FeedRead::Why::kOutsideWindow);
}

TEST(ActorFeedTest, EventsPassAFilterAndComeWithTheStep) {
  FeedWorld world;
  const auto gate = world.history->AddGate(0);
  ActorFeed filtered(world.history, world.view, gate);
  world.Commit(ShareBytes("1"), {}, {});
  world.Commit(nullptr, {"a", "b"}, {});
  world.Commit(ShareBytes("2"), {"c"}, {});
  const FeedRead one = filtered.Read(Position{kEpoch, 0}, false, 100, kNow);
  ASSERT_EQ(one.steps.size(), 1u);
  std::string all;
  for (const char* event : {"a", "b", "c"}) wire::AppendEvent(all, event);
  EXPECT_EQ(*one.steps[0].events, all);
  EXPECT_EQ(*one.steps[0].patch, "3");
  const FeedRead each = world.Read(0);
  ASSERT_EQ(each.steps.size(), 3u);
  EXPECT_EQ(each.steps[0].events, nullptr);
  EXPECT_EQ(each.steps[1].patch, nullptr);
  EXPECT_EQ(world.feed.CountEvents({kEpoch, 0}, {kEpoch, 3}), 3u);
  EXPECT_EQ(world.feed.CountEvents({kEpoch, 2}, {kEpoch, 3}), 1u);
  EXPECT_EQ(world.feed.CountEvents({kEpoch, 3}, {kEpoch, 3}), 0u);
  EXPECT_EQ(world.feed.CountEvents({kEpoch + 1, 0}, {kEpoch, 3}), 0u);
}

TEST(ActorFeedTest, TheCountOfEventsOutlivesTheWindowAndIsBounded) {
  session::ReplayLimits limits;
  limits.count_max = 1;
  FeedWorld world(limits);
  for (int i = 0; i < 5000; ++i) world.Commit(nullptr, {"e"}, {});
  EXPECT_EQ(world.feed.CountEvents({kEpoch, 4990}, {kEpoch, 5000}), 10u);
  EXPECT_EQ(world.feed.CountEvents({kEpoch, 0}, {kEpoch, 5000}), 4096u);  // At least so many.
}

// Two of a view's revisions were made and not published when its only reader came, and never are.
TEST(ActorFeedTest, AViewThatCameAheadOfTheHeadIsPutBackWhenTheHistoryGoesOnFromThere) {
  FeedWorld world;
  world.Publish(1);
  const auto view = world.history->AddView(3);
  const auto gate = world.history->AddGate(3);
  ActorFeed ahead(world.history, view, gate);
  const FeedRead pending = ahead.Read(std::nullopt, false, 100, kNow);
  EXPECT_EQ(pending.kind, FeedRead::Kind::kSnapshotPending);
  EXPECT_EQ(pending.at, (Position{kEpoch, 1}));
  EXPECT_EQ(ahead.Read(Position{kEpoch, 1}, false, 100, kNow).why, FeedRead::Why::kOutsideWindow);
  world.history->Continue();
  EXPECT_FALSE(ahead.Read(Position{kEpoch, 1}, false, 100, kNow).held_back);
  ShownCommit commit;
  commit.patches.emplace_back(world.view, ShareBytes("1"));
  commit.patches.emplace_back(view, ShareBytes("1"));
  world.history->Publish(commit, kNow);
  EXPECT_TRUE(ahead.Read(Position{kEpoch, 1}, false, 100, kNow).held_back);
  EXPECT_EQ(ahead.Read(Position{kEpoch, 1}, true, 100, kNow).steps.at(0).revision, 2u);
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
