#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/session/client_session.h"
#include "tests/session/client_world.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

using Client = ClientSession;

/// A subscription that stands at (11, 4) under wire id 1.
struct SubscribedWorld : ClientWorld {
  SubscribedWorld() {
    Open();
    id = Subscribe();
    EXPECT_EQ(Batch()->Of<wire::Subscribe>().at(0).id, 1u);
    Send(SubscribedAs(1, 11, false) + Chunk(1, {11, 4}, "state"));
    EXPECT_EQ(Take<Client::SnapshotArrived>().size(), 1u);
  }

  /// The position was given up: the server is told, and asked for a snapshot for that reason.
  void ExpectResync(ResyncReason reason) {
    EXPECT_TRUE(Take<Client::DeltaArrived>().empty());
    const auto frames = Batch();
    ASSERT_NE(frames, nullptr);
    ASSERT_EQ(frames->Kinds(), "Unsubscribe Subscribe");
    EXPECT_EQ(frames->Of<wire::Unsubscribe>().at(0).id, 1u);
    const auto subscribe = frames->Of<wire::Subscribe>().at(0);
    EXPECT_EQ(subscribe.id, 2u);
    EXPECT_EQ(subscribe.reason, reason);
    EXPECT_TRUE(subscribe.binding.empty());
    // What is still under way under the old id is for nobody.
    Send(DeltaTo(1, 5) + Chunk(1, {11, 9}, "old") + SubscribedAs(1, 11, true));
    wire::End end;
    end.id = 1;
    Send(Message(end));
    EXPECT_TRUE(session.TakeActions().empty());
    EXPECT_EQ(Batch(), nullptr);
    Send(SubscribedAs(2, 11, false, reason) +
         Chunk(2, {11, 7}, "fresh", 0, std::string::npos, reason, previous_revision));
    const auto arrived = Take<Client::SnapshotArrived>();
    ASSERT_EQ(arrived.size(), 1u);
    EXPECT_EQ(arrived[0].reason, reason);
    EXPECT_EQ(arrived[0].previous_revision, previous_revision);
    EXPECT_EQ(arrived[0].at, (Position{11, 7}));
  }

  Client::SubscriptionId id = 0;
  std::uint64_t previous_revision = 4;
};

TEST(ClientSubscriptionTest, DeltasThatContinueArriveInOrder) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 5) + DeltaTo(1, 8, 3));
  const auto deltas = world.Take<Client::DeltaArrived>();
  ASSERT_EQ(deltas.size(), 2u);
  EXPECT_EQ(deltas[0].base, 4u);
  EXPECT_EQ(deltas[1].base, 5u);
  EXPECT_EQ(deltas[1].at, (Position{11, 8}));
  EXPECT_FALSE(deltas[0].replayed);
}

TEST(ClientSubscriptionTest, A18_ALostDeltaIsNoticedAndRepaired) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 6));
  world.ExpectResync(ResyncReason::kBaseMismatch);
  EXPECT_EQ(world.session.stats().resyncs, 1u);
}

TEST(ClientSubscriptionTest, A18_ADuplicatedDeltaIsNoticedAndRepaired) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 5));
  EXPECT_EQ(world.Take<Client::DeltaArrived>().size(), 1u);
  world.previous_revision = 5;
  world.Send(DeltaTo(1, 5));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSubscriptionTest, A18_ReorderedDeltasAreNoticedAndRepaired) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 6) + DeltaTo(1, 5));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSubscriptionTest, A18_DeltasThatCannotBeAreNoticed) {
  for (const std::string& message : {DeltaTo(1, 5, 0), DeltaTo(1, 4, 0), DeltaTo(1, 5, 6),
                                     DeltaTo(1, 4, ~std::uint64_t{0}), DeltaTo(1, 5, 1, 12)}) {
    SubscribedWorld world;
    world.Send(message);
    world.ExpectResync(ResyncReason::kBaseMismatch);
  }
}

TEST(ClientSubscriptionTest, A18_ALostSnapshotOfANewEpochIsNoticedThoughTheRevisionsFit) {
  SubscribedWorld world;
  // Lost: a snapshot at (12, 4).
  world.Send(DeltaTo(1, 5, 1, 12));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSubscriptionTest, A18_NothingIsTakenBeforeTheAnnouncement) {
  for (const std::string& message : {Chunk(1, {11, 4}, "state"), DeltaTo(1, 5)}) {
    ClientWorld world;
    world.Open();
    world.Subscribe();
    (void)world.Batch();
    world.Send(message);  // Lost: Subscribed.
    EXPECT_TRUE(world.Take<Client::SnapshotArrived>().empty());
    EXPECT_EQ(world.Batch()->Kinds(), "Unsubscribe Subscribe");
  }
}

TEST(ClientSubscriptionTest, A18_ChunksThatDoNotFitTogetherAreNoticed) {
  const std::string whole(10, 's');
  const std::string other(12, 't');
  // After the first four bytes of a snapshot at (11, 9), each with another thing that cannot follow.
  const std::string wrong[] = {Chunk(1, {11, 9}, whole, 6, 4, ResyncReason::kLagged, 4),
                               Chunk(1, {11, 9}, whole, 3, 4, ResyncReason::kLagged, 4),
                               Chunk(1, {11, 10}, whole, 4, 4, ResyncReason::kLagged, 4),
                               Chunk(1, {12, 9}, whole, 4, 4, ResyncReason::kLagged, 4),
                               Chunk(1, {11, 9}, other, 4, 4, ResyncReason::kLagged, 4),
                               DeltaTo(1, 5),
                               DeltaTo(1, 10)};
  for (const std::string& message : wrong) {
    SubscribedWorld world;
    world.Send(Chunk(1, {11, 9}, whole, 0, 4, ResyncReason::kLagged, 4));
    world.Send(message);
    EXPECT_TRUE(world.Take<Client::SnapshotArrived>().empty());
    world.ExpectResync(ResyncReason::kBaseMismatch);
  }
}

TEST(ClientSubscriptionTest, A18_AChunkWithMoreThanItAnnouncedIsNoticed) {
  wire::SnapshotChunk chunk;
  chunk.id = 1;
  chunk.epoch = 11;
  chunk.revision = 9;
  chunk.total_bytes = 3;
  SubscribedWorld world;
  world.Send(PayloadMessage(chunk, "four", 4));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSubscriptionTest, A18_ASnapshotThatGoesBackIsNoticed) {
  // Further back, and where the client is already.
  for (const std::uint64_t revision : {std::uint64_t{4}, std::uint64_t{5}}) {
    SubscribedWorld world;
    world.Send(DeltaTo(1, 5));
    (void)world.session.TakeActions();
    world.previous_revision = 5;
    world.Send(Chunk(1, {11, revision}, "state", 0, 5, ResyncReason::kLagged, 5));
    world.ExpectResync(ResyncReason::kBaseMismatch);
  }
}

// A delta was lost before it, whose events it does not count.
TEST(ClientSubscriptionTest, A18_ASnapshotThatReplacesMoreThanWhatFollowsIsNoticed) {
  SubscribedWorld world;
  world.Send(Chunk(1, {11, 9}, "state", 0, 5, ResyncReason::kLagged, 5));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSubscriptionTest, A18_ASecondAnnouncementIsNoticed) {
  SubscribedWorld world;
  world.Send(SubscribedAs(1, 11, true));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSubscriptionTest, A18_ASubscribeOrASnapshotThatGetsLostIsAskedForAgain) {
  ClientWorld world;
  world.Open();
  world.Subscribe();
  (void)world.Batch();
  const auto beat = [&world] {
    world.Advance(seconds(5));
    world.Send(Message(wire::Heartbeat()));
    return world.Batch();
  };
  const auto until_subscribe = [&] {
    for (int beats = 1; beats <= 4; ++beats) {
      const auto frames = beat();
      if (!frames->Of<wire::Subscribe>().empty()) return beats;
    }
    return 0;
  };
  EXPECT_EQ(until_subscribe(), 3);  // Lost: Subscribe, or Subscribed.
  world.Send(SubscribedAs(2, 11, false));
  (void)beat();
  world.Send(Chunk(2, {11, 4}, "abcdef", 0, 3));
  EXPECT_EQ(until_subscribe(), 3);  // Lost: the second chunk.
  world.Send(SubscribedAs(3, 11, false) + Chunk(3, {11, 4}, "abcdef"));
  EXPECT_EQ(world.Take<Client::SnapshotArrived>().size(), 1u);
  EXPECT_EQ(until_subscribe(), 0);  // Quiet is not loss.
}

/// One of a server that sends a bookmark every second, as long as the connection loses nothing.
struct BookmarkedWorld : ClientWorld {
  BookmarkedWorld() {
    bookmark_ms = 1000;
    Open();
    Subscribe();
    (void)Batch();
    Send(SubscribedAs(1, 11, false) + Chunk(1, {11, 4}, "state"));
    EXPECT_EQ(Take<Client::SnapshotArrived>().size(), 1u);
  }

  /// Nothing is sent but heartbeats; how many seconds it takes until the subscription is asked for again.
  int SilenceUntilSubscribe() {
    for (int second = 1; second <= 60; ++second) {
      Advance(seconds(1));
      Send(Message(wire::Heartbeat()));
      asked = Batch();
      if (asked != nullptr && !asked->Of<wire::Subscribe>().empty()) return second;
    }
    return 0;
  }

  std::unique_ptr<Frames> asked;
};

// An end is the last that is sent for a subscription, so that nothing follows it by which its loss were
// noticed. Fault that makes it fail: a live subscription that waits for nothing.
TEST(ClientSubscriptionTest, A18_ALostEndIsNoticedByTheSilence) {
  BookmarkedWorld world;
  EXPECT_EQ(world.SilenceUntilSubscribe(), 17);  // Two bookmarks, and as long as a peer may be silent.
  EXPECT_EQ(world.asked->Kinds(), "Unsubscribe Subscribe");
  const auto subscribe = world.asked->Of<wire::Subscribe>().at(0);
  EXPECT_EQ(subscribe.binding, "binding");  // It goes on from where it stands.
  EXPECT_EQ(subscribe.revision, 4u);
  world.Send(SubscribedAs(2, 11, true));
  EXPECT_EQ(world.SilenceUntilSubscribe(), 17);
  wire::End end;
  end.id = 3;
  end.code = static_cast<std::uint32_t>(absl::StatusCode::kNotFound);
  world.Send(Message(end));
  EXPECT_EQ(world.Take<Client::SubscriptionEnded>().size(), 1u);
  EXPECT_EQ(world.SilenceUntilSubscribe(), 0);
}

TEST(ClientSubscriptionTest, WhateverIsToldOfALiveSubscriptionEndsTheSilence) {
  wire::Bookmark bookmark;
  bookmark.id = 1;
  bookmark.revision = 4;
  for (const std::string& message : {DeltaTo(1, 5), Message(bookmark), CoveredUpTo(1, 4, 6)}) {
    BookmarkedWorld world;
    for (int i = 0; i < 16; ++i) {
      world.Advance(seconds(1));
      world.Send(Message(wire::Heartbeat()));
    }
    world.Send(message);
    EXPECT_EQ(world.SilenceUntilSubscribe(), 17);
  }
}

TEST(ClientSubscriptionTest, ASilentSubscriptionThatIsPausedOrClosedIsNotAskedFor) {
  for (const bool closed : {false, true}) {
    BookmarkedWorld world;
    if (closed) {
      world.session.Unsubscribe(1);
    } else {
      world.session.Pause(1);
    }
    EXPECT_EQ(world.SilenceUntilSubscribe(), 0);
  }
}

TEST(ClientSubscriptionTest, AnIntervalOfBookmarksOfAnyLengthIsHarmless) {
  for (const std::uint64_t interval : {std::uint64_t{1}, ~std::uint64_t{0}}) {
    ClientWorld world;
    world.bookmark_ms = interval;
    world.Open();
    world.Subscribe();
    (void)world.Batch();
    world.Send(SubscribedAs(1, 11, false) + Chunk(1, {11, 4}, "state"));
    world.Advance(seconds(10));
    EXPECT_EQ(world.Batch()->Kinds(), "Heartbeat");
    EXPECT_GT(world.session.next_deadline(), world.now);
  }
}

TEST(ClientSubscriptionTest, ASnapshotInPiecesArrivesWhole) {
  SubscribedWorld world;
  const std::string whole = "abcdefghij";
  world.Send(Chunk(1, {12, 3}, whole, 0, 4, ResyncReason::kNewEpoch, 4));
  world.Send(Chunk(1, {12, 3}, whole, 4, 4, ResyncReason::kNewEpoch, 4));
  EXPECT_TRUE(world.Take<Client::SnapshotArrived>().empty());
  world.Send(Chunk(1, {12, 3}, whole, 8, 2, ResyncReason::kNewEpoch, 4) + DeltaTo(1, 4, 1, 12));
  const auto actions = world.session.TakeActions();
  const auto snapshots = ActionsOf<Client::SnapshotArrived>(actions);
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_EQ(snapshots[0].snapshot, whole);
  EXPECT_EQ(snapshots[0].reason, ResyncReason::kNewEpoch);
  ASSERT_EQ(ActionsOf<Client::DeltaArrived>(actions).size(), 1u);
}

TEST(ClientSubscriptionTest, AfterAReconnectASubscriptionContinuesWhereItStood) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 5));
  (void)world.session.TakeActions();
  world.Lose();
  world.Welcome();
  const auto frames = world.Batch();
  const auto subscribe = frames->Of<wire::Subscribe>().at(0);
  EXPECT_EQ(subscribe.binding, "binding");
  EXPECT_EQ(subscribe.epoch, 11u);
  EXPECT_EQ(subscribe.revision, 5u);
  // Frames of the old session are late, and harmless.
  world.Send(DeltaTo(1, 6));
  EXPECT_TRUE(world.Take<Client::DeltaArrived>().empty());
  world.Send(SubscribedAs(subscribe.id, 11, true, ResyncReason::kInitial, 7) + DeltaTo(subscribe.id, 6) +
             DeltaTo(subscribe.id, 7) + DeltaTo(subscribe.id, 8));
  const auto deltas = world.Take<Client::DeltaArrived>();
  ASSERT_EQ(deltas.size(), 3u);
  EXPECT_TRUE(deltas[1].replayed);
  EXPECT_FALSE(deltas[2].replayed);
  EXPECT_EQ(world.session.stats().resumes, 1u);
  EXPECT_EQ(world.session.stats().replayed_deltas, 2u);
}

TEST(ClientSubscriptionTest, AResumeInAnotherEpochIsNotBelieved) {
  SubscribedWorld world;
  world.Lose();
  world.Welcome();
  const auto id = world.Batch()->Of<wire::Subscribe>().at(0).id;
  world.Send(SubscribedAs(id, 12, true));
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).reason, ResyncReason::kBaseMismatch);
}

TEST(ClientSubscriptionTest, TheReasonOutlivesAConnectionThatBreaksBeforeTheSnapshot) {
  SubscribedWorld world;
  world.Lose();
  world.Welcome();
  const auto id = world.Batch()->Of<wire::Subscribe>().at(0).id;
  world.Send(SubscribedAs(id, 12, false, ResyncReason::kNewEpoch) +
             Chunk(id, {12, 3}, "abcdef", 0, 3, ResyncReason::kNewEpoch, 4));
  world.Lose();
  world.Welcome();
  const auto frames = world.Batch();
  const auto again = frames->Of<wire::Subscribe>().at(0);
  EXPECT_TRUE(again.binding.empty());
  EXPECT_EQ(again.reason, ResyncReason::kNewEpoch);
}

TEST(ClientSubscriptionTest, ASnapshotThatBreaksOffLeavesThePositionThatWasThere) {
  SubscribedWorld world;
  world.Send(Chunk(1, {11, 9}, "abcdef", 0, 3, ResyncReason::kLagged, 4));
  world.Lose();
  world.Welcome();
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).revision, 4u);
}

TEST(ClientSubscriptionTest, FramesOfASubscriptionThatWasEndedHereAreIgnored) {
  SubscribedWorld world;
  world.session.Unsubscribe(world.id);
  world.Send(DeltaTo(1, 5) + Chunk(1, {11, 9}, "x"));
  EXPECT_EQ(world.Batch()->Kinds(), "Unsubscribe");
  EXPECT_TRUE(world.session.TakeActions().empty());
}

TEST(ClientSubscriptionTest, FilterAndViewGoWithEverySubscribe) {
  ClientWorld world;
  world.Open();
  Client::SubscribeRequest request;
  request.actor = {"t.v1.Counter", "a"};
  request.filter = "filter";
  request.view = "view";
  (void)world.session.Subscribe(request);
  for (int round = 0; round < 2; ++round) {
    const auto frames = world.Batch();
    EXPECT_EQ(frames->Of<wire::Subscribe>().at(0).filter, "filter");
    EXPECT_EQ(frames->Of<wire::Subscribe>().at(0).view, "view");
    world.Lose();
    world.Welcome();
  }
}

TEST(ClientSubscriptionTest, TheSlowPolicyGoesWithEverySubscribe) {
  ClientWorld world;
  world.Open();
  Client::SubscribeRequest request;
  request.actor = {"t.v1.Counter", "a"};
  request.when_slow = wire::kDisconnectWhenSlow;
  const auto id = world.session.Subscribe(request);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).when_slow, wire::kDisconnectWhenSlow);
    world.Lose();
    world.Welcome();
  }
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).when_slow, wire::kDisconnectWhenSlow);
  world.session.Change(id, "filter", "");
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).when_slow, wire::kDisconnectWhenSlow);
}

TEST(ClientSubscriptionTest, AFilterOrViewThatIsTooLargeEndsTheSubscription) {
  ClientWorld world;
  world.Open();
  Client::SubscribeRequest request;
  request.view = std::string((64u << 10) + 1, 'v');
  (void)world.session.Subscribe(request);
  const auto ends = world.Take<Client::SubscriptionEnded>();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ClientSubscriptionTest, EventsArriveWithTheirDeltaAndAreNotRepeated) {
  SubscribedWorld world;
  wire::Delta delta;
  delta.id = 1;
  delta.revision = 6;
  delta.span = 2;
  delta.events = {"one", "two"};
  world.Send(Message(delta, delta));
  const auto actions = world.session.TakeActions();
  const auto deltas = ActionsOf<Client::DeltaArrived>(actions);
  ASSERT_EQ(deltas.size(), 1u);
  EXPECT_EQ(deltas[0].events, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(deltas[0].at, (Position{11, 6}));
  EXPECT_EQ(world.session.stats().events, 2u);
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).reason, ResyncReason::kBaseMismatch);
}

TEST(ClientSubscriptionTest, WhatAFilterHoldsBackLeavesThePosition) {
  SubscribedWorld world;
  wire::Covered covered;
  covered.id = 1;
  covered.revision = 9;
  covered.base = 4;
  world.Send(Message(covered));
  const auto arrived = world.Take<Client::CoveredArrived>();
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(arrived[0].revision, 9u);
  world.Send(DeltaTo(1, 10, 6));  // From 4, where it still stands.
  EXPECT_EQ(world.Take<Client::DeltaArrived>().size(), 1u);
  world.Lose();
  world.Welcome();
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).revision, 10u);
}

TEST(ClientSubscriptionTest, APositionThatWasGivenUpIsToldSoThatMissedEventsAreCounted) {
  SubscribedWorld world;
  world.session.Resync(world.id, ResyncReason::kRequested);
  const auto frames = world.Batch();
  const auto subscribe = frames->Of<wire::Subscribe>().at(0);
  EXPECT_TRUE(subscribe.binding.empty());
  EXPECT_EQ(subscribe.epoch, 11u);
  EXPECT_EQ(subscribe.revision, 4u);
  wire::SnapshotChunk chunk;
  chunk.id = 2;
  chunk.epoch = 11;
  chunk.revision = 9;
  chunk.total_bytes = 1;
  chunk.reason = ResyncReason::kRequested;
  chunk.base = 4;
  chunk.events_dropped = 3;
  world.Send(SubscribedAs(2, 11, false, ResyncReason::kRequested) + PayloadMessage(chunk, "s", 1));
  const auto arrived = world.Take<Client::SnapshotArrived>();
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(arrived[0].events_dropped, 3u);
  EXPECT_EQ(world.session.stats().events_dropped, 3u);
}

TEST(ClientSubscriptionTest, ASubscriptionThatTheServerCannotServeNowIsAskedForAgain) {
  SubscribedWorld world;
  wire::End end;
  end.code = 14;
  std::uint64_t wire_id = 1;
  Duration longest{};
  for (int attempt = 0; attempt < 10; ++attempt) {
    end.id = wire_id;
    world.Send(Message(end) + Message(wire::Heartbeat()));
    EXPECT_TRUE(world.session.TakeActions().empty());
    EXPECT_EQ(world.Batch(), nullptr);
    const Time before = world.now;
    while (world.now < before + seconds(11)) {
      world.now = world.session.next_deadline();
      world.session.OnTime(world.now);
      world.Send(Message(wire::Heartbeat()));
      const auto frames = world.Batch();
      if (frames == nullptr || frames->Of<wire::Subscribe>().empty()) continue;
      EXPECT_EQ(frames->Of<wire::Subscribe>()[0].revision, 4u);
      wire_id = frames->Of<wire::Subscribe>()[0].id;
      break;
    }
    EXPECT_EQ(wire_id, static_cast<std::uint64_t>(attempt) + 2);
    EXPECT_GE(world.now - before, milliseconds(100));
    longest = std::max(longest, world.now - before);
  }
  EXPECT_GT(longest, seconds(1));  // It backs off …
  world.session.OnConnectionClosed(absl::UnavailableError("reset"), world.now);
  EXPECT_LE(world.session.next_deadline() - world.now, milliseconds(100));  // … and the connection does not.
}

TEST(ClientSubscriptionTest, OtherEndsAreFinal) {
  for (const std::uint32_t code : {0u, 3u, 5u, 7u, 8u, 99u}) {
    SubscribedWorld world;
    wire::End end;
    end.id = 1;
    end.code = code;
    world.Send(Message(end));
    EXPECT_EQ(world.Take<Client::SubscriptionEnded>().size(), 1u) << code;
    world.Lose();
    world.Welcome();
    EXPECT_EQ(world.Batch(), nullptr);
  }
}

TEST(ClientSubscriptionTest, AnApplicationsResyncTellsItsReason) {
  SubscribedWorld world;
  world.session.Resync(world.id, ResyncReason::kReplicaDiverged);
  world.ExpectResync(ResyncReason::kReplicaDiverged);
}

TEST(ClientSubscriptionTest, ASnapshotLargerThanTheClientTakesEndsTheSubscription) {
  ClientSessionOptions options;
  options.snapshot_bytes_max = 9;
  ClientWorld world(options);
  world.Open();
  world.Subscribe();
  (void)world.Batch();
  world.Send(SubscribedAs(1, 11, false) + Chunk(1, {11, 4}, "0123456789", 0, 1));
  EXPECT_EQ(world.Take<Client::SubscriptionEnded>().at(0).status.code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world.Batch()->Kinds(), "Unsubscribe");
}

TEST(ClientSubscriptionTest, AServerWithoutTokensIsAskedForSnapshotsThatSayWhy) {
  ClientWorld world;
  world.Open();
  world.Subscribe();
  (void)world.Batch();
  wire::Subscribed subscribed;
  subscribed.id = 1;
  subscribed.epoch = 11;
  world.Send(Message(subscribed) + Chunk(1, {11, 4}, "state"));
  world.Lose();
  world.Welcome();
  const auto frames = world.Batch();
  EXPECT_TRUE(frames->Of<wire::Subscribe>().at(0).binding.empty());
  EXPECT_EQ(frames->Of<wire::Subscribe>().at(0).reason, ResyncReason::kExpired);
}

}  // namespace
}  // namespace onager::session
