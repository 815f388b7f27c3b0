#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "runtime/session/client_session.h"
#include "runtime/session/server_session.h"
#include "tests/session/client_world.h"
#include "tests/session/fake_feed.h"
#include "tests/session/server_world.h"
#include "tests/session/session_support.h"

// Bookmarks: where each subscription stands and what it should hold there, now and then.
namespace onager::session {
namespace {

/// The server's end of subscription 1, which stands at (11, 4) and has a filter.
struct BookmarkWorld : ServerWorld {
  explicit BookmarkWorld(std::string_view filter = "filter") {
    Open();
    wire::Subscribe subscribe = MakeSubscribe(1);
    subscribe.filter = filter;
    Send(Message(subscribe));
    (void)TakeAll();
    session.OnFeedOpened(1, std::shared_ptr<StateFeed>(feed), subscribe.schema_fingerprint);
    EXPECT_EQ(Batch()->Kinds(), "Subscribed Chunk");
    EXPECT_EQ(Batch(), nullptr);
  }
  /// The first batch of the next interval's end that holds more than a heartbeat.
  std::unique_ptr<Frames> NextBookmarks() {
    for (int i = 0; i < 35; ++i) {
      Send(Message(wire::Heartbeat()));
      Advance(seconds(1));
      if (auto frames = Batch(); frames != nullptr && frames->Kinds() != "Heartbeat") return frames;
    }
    return nullptr;
  }

  std::shared_ptr<FakeFeed> feed = std::make_shared<FakeFeed>(11, 4);
};

TEST(BookmarkTest, EachSubscriptionIsToldWhereItStandsAllInOneBatch) {
  BookmarkWorld world;
  const auto other = std::make_shared<FakeFeed>(12, 8);
  world.SubscribeTo(other, 2);
  (void)world.Batch();
  (void)world.Batch();
  world.feed->Commit(7, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Kinds(), "Delta");
  const Time before = world.now;
  const auto frames = world.NextBookmarks();
  ASSERT_EQ(frames->Kinds(), "Bookmark Bookmark");
  EXPECT_LE(world.now - before, seconds(30));
  const auto bookmarks = frames->Of<wire::Bookmark>();
  EXPECT_EQ(bookmarks[0].id, 1u);
  EXPECT_EQ(bookmarks[0].revision, 5u);
  EXPECT_EQ(bookmarks[0].epoch, 0u);
  EXPECT_EQ(bookmarks[0].slices, 2u);
  EXPECT_EQ(bookmarks[0].hash, bookmarks[0].slice == 0 ? 7u : ~std::uint64_t{7});
  EXPECT_EQ(bookmarks[1].id, 2u);
  EXPECT_EQ(bookmarks[1].revision, 8u);
  EXPECT_EQ(bookmarks[1].slices, 0u);  // Of another field tree than the client's.
  // Each slice has its turn.
  const auto next = world.NextBookmarks();
  ASSERT_EQ(next->Kinds(), "Bookmark Bookmark");
  EXPECT_EQ(next->Of<wire::Bookmark>()[0].slice, 1 - bookmarks[0].slice);
}

TEST(BookmarkTest, APositionMovesOverWhatShowsNothing) {
  BookmarkWorld world;
  for (int i = 0; i < 3; ++i) world.feed->CommitNothing(world.now);
  const auto frames = world.NextBookmarks();
  ASSERT_EQ(frames->Kinds(), "Delta Bookmark");
  const wire::Delta delta = frames->Of<wire::Delta>()[0];
  EXPECT_EQ(delta.revision, 7u);
  EXPECT_EQ(delta.span, 3u);
  EXPECT_TRUE(delta.patch.empty());
  EXPECT_EQ(frames->Of<wire::Bookmark>()[0].revision, 7u);
}

// Fault that makes it fail: the hash of the head for one that does not stand there: a false alarm.
TEST(BookmarkTest, WhatAFilterHoldsBackIsCoveredAndTheHashIsOfWhatTheClientHas) {
  BookmarkWorld world;
  world.feed->Commit(7, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Kinds(), "Delta");
  world.feed->set_filter_open(false);
  world.feed->Commit(100, world.now);
  const auto frames = world.NextBookmarks();
  ASSERT_EQ(frames->Kinds(), "Covered Bookmark");
  EXPECT_EQ(frames->Of<wire::Covered>()[0].revision, 6u);
  EXPECT_EQ(frames->Of<wire::Covered>()[0].base, 5u);
  const wire::Bookmark bookmark = frames->Of<wire::Bookmark>()[0];
  EXPECT_EQ(bookmark.revision, 5u);
  EXPECT_EQ(bookmark.hash, bookmark.slice == 0 ? 7u : ~std::uint64_t{7});
}

// Fault that makes it fail: what waits for its rate taken for what the filter holds back, and passed over
// when the position is resumed.
TEST(BookmarkTest, WhatWaitsForItsRateIsCoveredAndDue) {
  BookmarkWorld world;
  world.feed->LimitRate(seconds(60));
  world.feed->Commit(7, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Kinds(), "Delta");
  world.feed->Commit(100, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch(), nullptr);
  const auto frames = world.NextBookmarks();
  ASSERT_EQ(frames->Kinds(), "Covered Bookmark");
  EXPECT_TRUE(frames->Of<wire::Covered>()[0].due);
  EXPECT_EQ(frames->Of<wire::Covered>()[0].revision, 6u);
  const wire::Bookmark bookmark = frames->Of<wire::Bookmark>()[0];
  EXPECT_EQ(bookmark.revision, 5u);
  EXPECT_EQ(bookmark.hash, bookmark.slice == 0 ? 7u : ~std::uint64_t{7});
  const auto later = world.NextBookmarks();
  EXPECT_EQ(later->Of<wire::Delta>().at(0).revision, 6u);
}

TEST(BookmarkTest, TheEndOfAnActorWaitsForNoRate) {
  BookmarkWorld world;
  world.feed->LimitRate(seconds(60));
  world.feed->Commit(7, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Kinds(), "Delta");
  world.feed->Commit(100, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch(), nullptr);
  world.feed->End(absl::NotFoundError("destroyed"));
  world.session.OnFeedChanged(1);
  const auto frames = world.Batch();
  ASSERT_NE(frames, nullptr);
  EXPECT_EQ(frames->Kinds(), "End");
}

TEST(BookmarkTest, AHashThatIsNotKnownIsLeftOut) {
  BookmarkWorld world;
  world.feed->Commit(7, world.now);
  world.feed->set_hashes(false);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Kinds(), "Delta");
  world.feed->set_filter_open(false);
  world.feed->Commit(100, world.now);
  world.feed->set_hashes(true);  // Too late: what the head shows is not what the client has.
  const auto frames = world.NextBookmarks();
  ASSERT_EQ(frames->Kinds(), "Covered Bookmark");
  EXPECT_EQ(frames->Of<wire::Bookmark>()[0].slices, 0u);
}

TEST(BookmarkTest, WhoWaitsForASnapshotGetsNone) {
  BookmarkWorld world;
  world.feed->set_snapshots_wait(true);
  world.feed->Restart(12, 0, 5);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch(), nullptr);
  EXPECT_EQ(world.NextBookmarks(), nullptr);
  world.feed->MakeSnapshot();
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Kinds(), "Chunk");
  const auto frames = world.NextBookmarks();
  ASSERT_EQ(frames->Kinds(), "Bookmark");
  EXPECT_EQ(frames->Of<wire::Bookmark>()[0].epoch, 12u);
}

TEST(BookmarkTest, ManyBookmarksTakeSeveralBatches) {
  ServerSessionOptions options;
  options.batch_bytes_max = 1000;
  ServerWorld world(options);
  world.Open();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  for (std::uint64_t id = 1; id <= 300; ++id) world.SubscribeTo(feed, id);
  while (world.Batch() != nullptr) {
  }
  world.Send(Message(wire::Heartbeat()));
  world.Advance(seconds(14));
  world.Send(Message(wire::Heartbeat()));
  world.Advance(seconds(14));
  (void)world.Batch();
  world.Send(Message(wire::Heartbeat()));
  world.Advance(seconds(3));
  std::vector<std::uint64_t> told;
  int batches = 0;
  while (const auto frames = world.Batch()) {
    ++batches;
    for (const wire::Bookmark& bookmark : frames->Of<wire::Bookmark>()) told.push_back(bookmark.id);
  }
  EXPECT_GT(batches, 1);
  ASSERT_EQ(told.size(), 300u);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
}

TEST(BookmarkTest, NoneWhereTheyAreNotWanted) {
  ServerSessionOptions options;
  options.bookmark_interval = Duration::zero();
  ServerWorld world(options);
  world.Open();
  (void)world.Subscribe(1);
  while (world.Batch() != nullptr) {
  }
  for (int i = 0; i < 100; ++i) {
    world.Send(Message(wire::Heartbeat()));
    world.Advance(seconds(1));
    const auto frames = world.Batch();
    if (frames == nullptr) continue;
    EXPECT_EQ(frames->Kinds(), "Heartbeat");
  }
}

// Fault that makes it fail: the filter asked from the position on, by a server that has not asked it then.
TEST(BookmarkTest, WhatWasCoveredNeedNotBeInTheWindowToBeResumed) {
  BookmarkWorld world;
  world.feed->set_filter_open(false);
  ReplayLimits limits;
  limits.count_max = 4;
  world.feed->set_limits(limits);
  for (int i = 0; i < 20; ++i) world.feed->Commit(1, world.now);
  const auto frames = world.NextBookmarks();
  const wire::Covered covered = frames->Of<wire::Covered>().at(0);
  EXPECT_EQ(covered.revision, 24u);

  for (const bool with_covered : {true, false}) {
    ServerWorld again;
    again.Open();
    // A server whose memory of the filter begins there.
    const auto feed = std::make_shared<FakeFeed>(11, 24);
    feed->set_opened(24);
    wire::Subscribe subscribe = MakeSubscribe(1);
    const std::string binding = again.signer.Sign(again.BindingFor(50));
    subscribe.binding = binding;
    subscribe.epoch = 11;
    subscribe.revision = 4;
    if (with_covered) subscribe.covered = covered.revision;
    again.Send(Message(subscribe));
    (void)again.TakeAll();
    again.session.OnFeedOpened(1, std::shared_ptr<StateFeed>(feed), 50);
    EXPECT_EQ(again.Batch()->Kinds(), with_covered ? "Subscribed" : "Subscribed Chunk");
  }
}

/// The client's end of subscription 1, which stands at (11, 4).
struct BookmarkedClient : ClientWorld {
  BookmarkedClient() {
    Open();
    id = Subscribe();
    EXPECT_EQ(Batch()->Kinds(), "Subscribe");
    Send(SubscribedAs(1, 11, false));
    Send(Chunk(1, {11, 4}, "state"));
    (void)session.TakeActions();
  }
  void SendBookmark(std::uint64_t revision, std::uint32_t slices, std::uint32_t slice = 0,
                    std::uint64_t epoch = 0) {
    wire::Bookmark bookmark;
    bookmark.id = 1;
    bookmark.revision = revision;
    bookmark.epoch = epoch;
    bookmark.slices = slices;
    bookmark.slice = slice;
    bookmark.hash = 99;
    Send(Message(bookmark));
  }
  ClientSession::SubscriptionId id = 0;
};

TEST(BookmarkTest, TheClientHandsOnWhatItShouldHold) {
  BookmarkedClient world;
  world.SendBookmark(4, 0);  // Without a hash.
  world.SendBookmark(4, 3);  // No power of two.
  world.SendBookmark(4, 4, 4);
  EXPECT_TRUE(world.Take<ClientSession::BookmarkArrived>().empty());
  world.SendBookmark(4, 4, 3, 11);
  const auto arrived = world.Take<ClientSession::BookmarkArrived>();
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(arrived[0].at, (Position{11, 4}));
  EXPECT_EQ(arrived[0].slice, 3u);
  EXPECT_EQ(arrived[0].slices, 4u);
  EXPECT_EQ(arrived[0].hash, 99u);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(BookmarkTest, ALostDeltaIsNoticedThoughNothingFollowsIt) {
  for (const bool other_epoch : {false, true}) {
    BookmarkedClient world;
    world.SendBookmark(other_epoch ? 4 : 5, 0, 0, other_epoch ? 12 : 0);
    const auto frames = world.Batch();
    ASSERT_EQ(frames->Kinds(), "Unsubscribe Subscribe");
    EXPECT_EQ(frames->Of<wire::Subscribe>()[0].reason, ResyncReason::kBaseMismatch);
  }
}

// Fault that makes it fail: a lost delta taken for one that was held back.
TEST(BookmarkTest, WhatIsCoveredFromAnotherPositionIsNotBelieved) {
  BookmarkedClient world;
  world.Send(CoveredUpTo(1, 5, 9));
  EXPECT_TRUE(world.Take<ClientSession::CoveredArrived>().empty());
  EXPECT_EQ(world.Batch()->Kinds(), "Unsubscribe Subscribe");
}

TEST(BookmarkTest, WhatIsCoveredGoesWithThePositionThatItIsOf) {
  BookmarkedClient world;
  world.Send(CoveredUpTo(1, 4, 9));
  // What is due must come all the same.
  world.Send(CoveredUpTo(1, 4, 12, /*due=*/true));
  world.Lose();
  world.Welcome();
  const auto resumed = world.Batch();
  EXPECT_EQ(resumed->Of<wire::Subscribe>().at(0).covered, 9u);
  world.session.Resync(world.id, ResyncReason::kReplicaDiverged);
  EXPECT_EQ(world.session.stats().divergences, 1u);
  const auto again = world.Batch();
  EXPECT_EQ(again->Of<wire::Subscribe>().at(0).reason, ResyncReason::kReplicaDiverged);
  EXPECT_EQ(again->Of<wire::Subscribe>().at(0).covered, 0u);
}

}  // namespace
}  // namespace onager::session
