#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/actor/player_actor.h"

// [readonly] calls, and new observers, at the awaits of another turn.
namespace onager::actor {
namespace {

using session::FeedRead;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(GuestTurnTest, AReadonlyCallSeesWhatIsCommittedWhileATurnThatHasChangedItWaits) {
  PlayerWorld world;
  (void)world.Call("a", "add 5");
  const auto open = world.Call("a", "add 10; emit; sleep 1000; add 1; get");
  const auto look = world.Call("a", "get", kLook);
  EXPECT_EQ(look->result(), "5");
  EXPECT_EQ(look->outcome->revision, 1u);
  EXPECT_EQ(open->ends, 0);
  world.Pass(seconds(1));
  EXPECT_EQ(open->result(), "16");
  EXPECT_EQ(open->outcome->revision, 2u);
  EXPECT_EQ(*world.store.last_record.steps.at(0).patch, "11");
  EXPECT_NE(world.store.last_record.steps.at(0).events, nullptr);
  EXPECT_EQ(world.Call("a", "get", kLook)->result(), "16");
  EXPECT_EQ(world.runtime.stats().guest_turns, 1);
}

TEST(GuestTurnTest, ItDoesNotOvertakeACallThatCameBefore) {
  PlayerWorld world;
  const auto open = world.Call("a", "sleep 1000");
  const auto write = world.Call("a", "add 1");
  const auto look = world.Call("a", "get", kLook);
  EXPECT_EQ(look->ends, 0);
  world.Pass(seconds(1));
  EXPECT_EQ(look->result(), "1");
}

TEST(GuestTurnTest, AGuestThatWaitsItselfEndsBeforeTheTurnGoesOn) {
  PlayerWorld world;
  const auto open = world.Call("a", "add 10; sleep 1000; log host; get");
  world.Pass(milliseconds(500));
  const auto look = world.Call("a", "get; sleep 2000; get; log guest", kLook);
  const auto second = world.Call("a", "get", kLook);
  world.Pass(seconds(1));
  EXPECT_EQ(open->ends + look->ends + second->ends, 0);
  world.Pass(seconds(1));
  EXPECT_EQ(look->result(), "0");
  EXPECT_EQ(open->result(), "10");
  // When the turn can go on no other guest comes before it.
  EXPECT_EQ(second->outcome->revision, 1u);
  EXPECT_EQ(world.log.lines, (std::vector<std::string>{"a activated", "a guest", "a host", "a committed 1"}));
}

TEST(GuestTurnTest, AGuestThatChangesSomethingFailsAndHarmsNobody) {
  PlayerWorld world;
  (void)world.Call("a", "add 5");
  const auto open = world.Call("a", "add 10; emit; sleep 1000; get");
  for (const char* script :
       {"add 1", "emit", "destroy", "add 1; sleep 10", "add 1; sleep 10; add -1; emit"}) {
    const auto look = world.Call("a", script, kLook);
    world.Pass(milliseconds(10));
    EXPECT_EQ(look->status().code(), absl::StatusCode::kInternal) << script;
    EXPECT_EQ(world.Call("a", "get", kLook)->result(), "5") << script;
  }
  EXPECT_EQ(world.Call("a", "add 1; fail", kLook)->status().code(), absl::StatusCode::kNotFound);
  world.Pass(seconds(1));
  EXPECT_EQ(open->result(), "15");
  EXPECT_EQ(*world.store.last_record.steps.at(0).patch, "10");
}

TEST(GuestTurnTest, WhatAGuestTellsWaitsForTheCommitThatItHasSeen) {
  PlayerWorld world;
  (void)world.Call("a", "get");
  world.store.hold = true;
  const auto write = world.Call("a", "add 5");
  const auto open = world.Call("a", "add 10; sleep 1000; get");
  const auto look = world.Call("a", "get", kLook);
  EXPECT_EQ(write->ends + look->ends, 0);
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(look->result(), "5");
  EXPECT_EQ(open->ends, 0);
  world.store.hold = false;
  world.Pass(seconds(1));
  EXPECT_EQ(open->result(), "15");
}

TEST(GuestTurnTest, AGuestOfWhatIsUndoneIsUndoneToo) {
  PlayerWorld world;
  (void)world.Call("a", "get");
  world.store.hold = true;
  const auto write = world.Call("a", "add 5");
  const auto open = world.Call("a", "add 10; sleep 1000; get");
  const auto before = world.Call("a", "get", kLook);
  const auto during = world.Call("a", "sleep 500; get", kLook);
  world.store.hold = false;
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  const auto after = world.Call("a", "get", kLook);
  EXPECT_EQ(before->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(after->ends, 0);  // The turn's state is lost: nobody looks at it any more.
  world.Pass(seconds(2));
  EXPECT_EQ(during->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(open->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(after->result(), "0");
}

TEST(GuestTurnTest, ATurnThatWaitsForSomethingElseKeepsTheActorForItself) {
  PlayerWorld world;
  const auto open = world.Call("a", "add 10; block; sleep 1000; get");
  const auto look = world.Call("a", "get", kLook);
  EXPECT_EQ(look->ends, 0);
  ASSERT_EQ(world.log.blocked.size(), 1u);
  std::exchange(world.log.blocked, {}).front()();
  world.environment.RunReady();
  EXPECT_EQ(look->result(), "0");  // Now it sleeps.
  world.Pass(seconds(1));
  EXPECT_EQ(open->result(), "10");
}

TEST(GuestTurnTest, ASnapshotIsNotTakenInTheMiddleOfATurn) {
  PlayerWorld world;
  const auto feed = world.Feed("a");
  const auto open = world.Call("a", "add 7; block");
  const auto read = [&] { return feed->Read(std::nullopt, false, 1 << 20, world.environment.Now()); };
  EXPECT_EQ(read().kind, FeedRead::Kind::kSnapshotPending);
  world.environment.RunReady();
  EXPECT_EQ(read().kind, FeedRead::Kind::kSnapshotPending);
  std::exchange(world.log.blocked, {}).front()();
  world.environment.RunReady();
  EXPECT_EQ(open->ends, 1);
  ASSERT_EQ(read().kind, FeedRead::Kind::kSnapshot);
  EXPECT_EQ(*read().snapshot, "7");
  EXPECT_EQ(read().at.revision, 1u);
}

TEST(GuestTurnTest, ANewObserverDoesNotWaitForASlowTurn) {
  PlayerWorld world;
  (void)world.Call("a", "add 5");
  const auto open = world.Call("a", "add 10; sleep 1000; get");
  const auto feed = world.Feed("a");
  ASSERT_NE(feed, nullptr);
  const auto read = [&] { return feed->Read(std::nullopt, false, 1 << 20, world.environment.Now()); };
  EXPECT_EQ(read().kind, FeedRead::Kind::kSnapshotPending);
  world.environment.RunReady();
  ASSERT_EQ(read().kind, FeedRead::Kind::kSnapshot);
  EXPECT_EQ(*read().snapshot, "5");
  EXPECT_EQ(read().at.revision, 1u);
  world.Pass(seconds(1));
  EXPECT_EQ(open->result(), "15");
}

}  // namespace
}  // namespace onager::actor
