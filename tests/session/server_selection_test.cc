#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/session/server_session.h"
#include "tests/session/fake_feed.h"
#include "tests/session/server_world.h"
#include "tests/session/session_support.h"

// What a server session makes of filters, views and events: which deliveries are made, and what a client is
// told of those that are not.
namespace onager::session {
namespace {

using Server = ServerSession;

wire::Subscribe Selecting(std::uint64_t id, std::string_view filter, std::string_view view) {
  wire::Subscribe subscribe = MakeSubscribe(id);
  subscribe.filter = filter;
  subscribe.view = view;
  return subscribe;
}

/// Subscription 1, which stands at (11, 4).
struct SelectionWorld : ServerWorld {
  SelectionWorld() {
    Open();
    feed = Subscribe(1);
    EXPECT_EQ(Batch()->Kinds(), "Subscribed Chunk");
    EXPECT_EQ(Batch(), nullptr);
  }
  std::unique_ptr<Frames> AfterChange() {
    session.OnFeedChanged(1);
    return Batch();
  }
  /// What is sent with the reply to a call whose turn made the feed's head.
  std::unique_ptr<Frames> Reply() {
    ++number;
    Send(Message(MakeCall(number)));
    (void)TakeAll();
    session.OnCallEnded(number, MakeOutcome("r", feed->head().revision));
    return Batch();
  }

  std::shared_ptr<FakeFeed> feed;
  std::uint64_t number = 0;
};

TEST(ServerSelectionTest, FilterAndViewOpenTheFeed) {
  ServerWorld world;
  world.Open();
  world.Send(Message(Selecting(1, "filter", "view")));
  const auto open = world.Take<Server::OpenFeed>();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].filter, "filter");
  EXPECT_EQ(open[0].view, "view");
}

TEST(ServerSelectionTest, WhatTheActorDoesNotHaveEndsTheSubscription) {
  ServerWorld world;
  world.Open();
  world.Send(Message(Selecting(1, "filter", "")));
  (void)world.TakeAll();
  world.session.OnFeedOpened(1, absl::InvalidArgumentError("no such filter"), 50);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "End");
  EXPECT_EQ(frames->Of<wire::End>()[0].code, 3u);
  EXPECT_EQ(frames->Of<wire::End>()[0].message, "no such filter");
}

TEST(ServerSelectionTest, AFilterOrViewThatIsTooLargeIsRefused) {
  const std::string most(wire::kSelectionBytesMax, 'x');
  const std::string more(wire::kSelectionBytesMax + 1, 'x');
  ServerWorld world;
  world.Open();
  world.Send(Message(Selecting(1, most, most), Selecting(2, more, ""), Selecting(3, "", more)));
  EXPECT_EQ(world.Take<Server::OpenFeed>().size(), 1u);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "End End");
  for (const wire::End& end : frames->Of<wire::End>()) EXPECT_EQ(end.code, 3u);
}

TEST(ServerSelectionTest, ATokenIsForOneFilterAndOneView) {
  ServerWorld first;
  first.Open();
  first.Send(Message(Selecting(1, "filter", "view")));
  (void)first.TakeAll();
  first.session.OnFeedOpened(1, std::shared_ptr<StateFeed>(std::make_shared<FakeFeed>(11, 4)), 50);
  const auto frames = first.Batch();
  const std::string binding(frames->Of<wire::Subscribed>().at(0).binding);
  struct Case {
    std::string filter;
    std::string view;
    bool resumed;
  };
  for (const Case& again : {Case{"filter", "view", true}, Case{"filter", "", false}, Case{"", "view", false},
                            Case{"view", "filter", false}, Case{"filter ", "view", false}}) {
    SCOPED_TRACE(again.filter + "/" + again.view);
    ServerWorld world;
    world.Open();
    wire::Subscribe subscribe = Selecting(1, again.filter, again.view);
    subscribe.binding = binding;
    subscribe.epoch = 11;
    subscribe.revision = 4;
    world.Send(Message(subscribe));
    (void)world.TakeAll();
    world.session.OnFeedOpened(1, std::shared_ptr<StateFeed>(std::make_shared<FakeFeed>(11, 4)), 50);
    const auto answer = world.Batch();
    EXPECT_EQ(answer->Of<wire::Subscribed>().at(0).resumed, again.resumed);
    EXPECT_EQ(answer->Of<wire::Subscribed>().at(0).reason,
              again.resumed ? ResyncReason::kInitial : ResyncReason::kViewChanged);
  }
}

TEST(ServerSelectionTest, WhatShowsNothingIsNotSentAndTheNextDeltaSpansIt) {
  SelectionWorld world;
  for (int i = 0; i < 3; ++i) world.feed->CommitNothing(world.now);
  EXPECT_EQ(world.AfterChange(), nullptr);
  world.feed->Commit(1, world.now);
  const auto frames = world.AfterChange();
  ASSERT_EQ(frames->Kinds(), "Delta");
  EXPECT_EQ(frames->Of<wire::Delta>()[0].revision, 8u);
  EXPECT_EQ(frames->Of<wire::Delta>()[0].span, 4u);
}

TEST(ServerSelectionTest, ReadYourWrites_WhatShowsNothingIsAJumpOfTheBase) {
  SelectionWorld world;
  world.feed->CommitNothing(world.now);
  const auto frames = world.Reply();
  ASSERT_EQ(frames->Kinds(), "Delta Reply");
  const wire::Delta jump = frames->Of<wire::Delta>()[0];
  EXPECT_EQ(jump.revision, 5u);
  EXPECT_EQ(jump.span, 1u);
  EXPECT_EQ(jump.patch, "");
  EXPECT_TRUE(jump.events.empty());
  world.feed->Commit(1, world.now);
  EXPECT_EQ(world.AfterChange()->Of<wire::Delta>().at(0).span, 1u);
  // A turn that made no revision has nothing to tell.
  world.Send(Message(MakeCall(9)));
  (void)world.TakeAll();
  world.session.OnCallEnded(9, MakeOutcome("r", 6));
  EXPECT_EQ(world.Batch()->Kinds(), "Reply");
}

TEST(ServerSelectionTest, WhatAFilterHoldsBackComesAsOneDeltaWhenItOpens) {
  SelectionWorld world;
  world.feed->set_single_steps_max(1);  // As behind a filter.
  world.feed->set_filter_open(false);
  world.feed->Commit(1, world.now);
  world.feed->Commit(2, world.now);
  EXPECT_EQ(world.AfterChange(), nullptr);
  world.feed->set_filter_open(true);
  world.feed->Commit(4, world.now);
  const auto frames = world.AfterChange();
  ASSERT_EQ(frames->Kinds(), "Delta");
  const wire::Delta delta = frames->Of<wire::Delta>()[0];
  EXPECT_EQ(delta.revision, 7u);
  EXPECT_EQ(delta.span, 3u);
  EXPECT_EQ(FakeFeed::ReadNumber(delta.patch), 7u);
}

TEST(ServerSelectionTest, ReadYourWrites_WhatAFilterHoldsBackIsCovered) {
  SelectionWorld world;
  world.feed->set_filter_open(false);
  world.feed->Commit(1, world.now);
  auto frames = world.Reply();
  ASSERT_EQ(frames->Kinds(), "Covered Reply");
  EXPECT_EQ(frames->Of<wire::Covered>()[0].revision, 5u);
  // Once is enough.
  EXPECT_EQ(world.Reply()->Kinds(), "Reply");
  world.feed->Commit(1, world.now);
  frames = world.Reply();
  ASSERT_EQ(frames->Kinds(), "Covered Reply");
  EXPECT_EQ(frames->Of<wire::Covered>()[0].revision, 6u);
  // The position has stayed: the delta begins there.
  world.feed->set_filter_open(true);
  world.feed->Commit(1, world.now);
  frames = world.Reply();
  ASSERT_EQ(frames->Kinds(), "Delta Delta Delta Reply");
  EXPECT_EQ(frames->Of<wire::Delta>()[0].revision, 5u);
  EXPECT_EQ(frames->Of<wire::Delta>()[0].span, 1u);
}

TEST(ServerSelectionTest, AHeldBackPositionIsResumedAsItIs) {
  SelectionWorld world;
  ServerWorld again;
  again.Open();
  world.feed->set_filter_open(false);
  world.feed->Commit(1, world.now);
  wire::Subscribe subscribe = MakeSubscribe(1);
  const std::string binding = again.signer.Sign(again.BindingFor(50));
  subscribe.binding = binding;
  subscribe.epoch = 11;
  subscribe.revision = 4;
  again.Send(Message(subscribe));
  (void)again.TakeAll();
  again.session.OnFeedOpened(1, std::shared_ptr<StateFeed>(world.feed), 50);
  const auto frames = again.Batch();
  ASSERT_EQ(frames->Kinds(), "Subscribed");
  EXPECT_TRUE(frames->Of<wire::Subscribed>()[0].resumed);
  EXPECT_EQ(again.Batch(), nullptr);
  world.feed->set_filter_open(true);
  world.feed->Commit(1, world.now);
  again.session.OnFeedChanged(1);
  EXPECT_EQ(again.Batch()->Kinds(), "Delta Delta");
}

// The state that a client begins with is the one of its subscription, whatever the filter says.
TEST(ServerSelectionTest, WhatFollowsAnOlderFirstSnapshotIsNotHeldBack) {
  ServerWorld world;
  world.Open();
  auto feed = std::make_shared<FakeFeed>(11, 4);
  feed->MakeSnapshot();
  feed->set_snapshots_wait(true);  // The one that is there is the one that is given.
  feed->set_filter_open(false);
  feed->Commit(1, world.now);
  class OldSnapshotFirst final : public StateFeed {
   public:
    explicit OldSnapshotFirst(std::shared_ptr<FakeFeed> feed) : feed_(std::move(feed)) {}
    FeedRead Read(const std::optional<Position>& from, bool due, std::size_t bytes_max, Time now,
                  std::uint64_t, bool) override {
      return from.has_value() ? feed_->Read(from, due, bytes_max, now) : feed_->ReadSnapshot({11, 4}, now);
    }
    FeedRead ReadSnapshot(const Position& at_least, Time now) override {
      return feed_->ReadSnapshot(at_least, now);
    }
    std::shared_ptr<const generated::StateHash> Hash(const Position& at, Time now) override {
      return feed_->Hash(at, now);
    }
    FeedLag Lag(const Position& from, std::optional<Time> now) const override {
      return feed_->Lag(from, now);
    }
    Position head() const override { return feed_->head(); }
    bool ended() const override { return false; }
    std::uint64_t CountEvents(const Position& after, const Position& through) const override {
      return feed_->CountEvents(after, through);
    }

   private:
    const std::shared_ptr<FakeFeed> feed_;
  };
  world.Send(Message(MakeSubscribe(1)));
  (void)world.TakeAll();
  world.session.OnFeedOpened(1, std::shared_ptr<StateFeed>(std::make_shared<OldSnapshotFirst>(feed)), 50);
  auto frames = world.Batch();
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).revision, 4u);
  frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Delta");
  EXPECT_EQ(frames->Of<wire::Delta>()[0].revision, 5u);
  feed->Commit(1, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerSelectionTest, ARateHoldsChangesAndEventsBackAndTheirEpochNot) {
  SelectionWorld world;
  world.feed->LimitRate(seconds(10));
  world.feed->Commit(1, world.now);
  EXPECT_EQ(world.AfterChange()->Kinds(), "Delta") << "nothing was delivered at this rate before";
  world.feed->Commit(1, world.now);
  EXPECT_EQ(world.AfterChange(), nullptr);
  world.feed->CommitEvent("one", world.now, 2);
  EXPECT_EQ(world.AfterChange(), nullptr);
  EXPECT_LE(world.session.next_deadline(), world.now + seconds(5)) << "heartbeats go on";
  world.Advance(seconds(9));
  const auto heartbeat = world.Batch();
  EXPECT_TRUE(heartbeat == nullptr || heartbeat->Kinds() == "Heartbeat");
  EXPECT_EQ(world.session.next_deadline(), world.now + seconds(1));
  world.Advance(seconds(1));
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Delta");
  const auto delta = frames->Of<wire::Delta>()[0];
  EXPECT_EQ(FakeFeed::ReadNumber(delta.patch), 3u);
  EXPECT_EQ(delta.span, 2u);
  EXPECT_EQ(delta.events, (std::vector<std::string_view>{"one"}));
  // Too soon for another delivery, and told all the same.
  world.feed->Restart(12, 7, 50);
  EXPECT_EQ(world.AfterChange()->Of<wire::SnapshotChunk>().at(0).epoch, 12u);
}

TEST(ServerSelectionTest, EventsTravelWithTheirDeltaAndAlone) {
  SelectionWorld world;
  world.feed->CommitEvent("one", world.now);
  world.feed->CommitEvent("two", world.now, 3);
  const auto frames = world.AfterChange();
  const auto deltas = frames->Of<wire::Delta>();
  ASSERT_EQ(deltas.size(), 2u);
  EXPECT_EQ(deltas[0].events, (std::vector<std::string_view>{"one"}));
  EXPECT_EQ(deltas[0].patch, "");
  EXPECT_EQ(deltas[1].events, (std::vector<std::string_view>{"two"}));
  EXPECT_EQ(FakeFeed::ReadNumber(deltas[1].patch), 3u);
}

TEST(ServerSelectionTest, ASnapshotTellsHowManyEventsItReplaces) {
  SelectionWorld world;
  ReplayLimits limits;
  limits.count_max = 2;
  world.feed->set_limits(limits);
  for (int i = 0; i < 5; ++i) world.feed->CommitEvent("event", world.now);
  const auto frames = world.AfterChange();
  ASSERT_EQ(frames->Kinds(), "Chunk");
  const wire::SnapshotChunk chunk = frames->Of<wire::SnapshotChunk>()[0];
  EXPECT_EQ(chunk.reason, ResyncReason::kLagged);
  EXPECT_EQ(chunk.revision, 9u);
  EXPECT_EQ(chunk.events_dropped, 5u);
  EXPECT_EQ(chunk.base, 4u);
}

TEST(ServerSelectionTest, AClientThatGaveItsPositionUpIsToldTheEventsThatItMissed) {
  SelectionWorld world;
  world.feed->CommitEvent("event", world.now);
  world.feed->CommitEvent("event", world.now);
  wire::Subscribe subscribe = MakeSubscribe(2);
  subscribe.epoch = 11;
  subscribe.revision = 5;
  subscribe.reason = ResyncReason::kRequested;
  world.Send(Message(subscribe));
  (void)world.TakeAll();
  world.session.OnFeedOpened(2, std::shared_ptr<StateFeed>(world.feed), 50);
  const auto frames = world.Batch();
  const wire::SnapshotChunk chunk = frames->Of<wire::SnapshotChunk>().at(0);
  EXPECT_EQ(chunk.reason, ResyncReason::kRequested);
  EXPECT_EQ(chunk.events_dropped, 1u);
  EXPECT_EQ(chunk.base, 5u);
}

TEST(ServerSelectionTest, EventsThatDoNotFitIntoAMessageAreDroppedAndTold) {
  SelectionWorld world;
  world.feed->CommitEvent(std::string(300'000, 'e'), world.now);
  const auto frames = world.AfterChange();
  ASSERT_EQ(frames->Kinds(), "Chunk");
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>()[0].events_dropped, 1u);
}

}  // namespace
}  // namespace onager::session
