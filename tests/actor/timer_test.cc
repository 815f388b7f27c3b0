#include <gtest/gtest.h>

#include <string>

#include "tests/actor/player_actor.h"

// Timers: turns that nobody calls.
namespace onager::actor {
namespace {

using session::FeedRead;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TimerTest, EachFiresAtMultiplesOfItsPeriodFromTheActivationOn) {
  PlayerWorld world;
  world.Pass(milliseconds(300));
  (void)world.CallTicker("a", "get");
  world.log.lines.clear();
  world.Pass(milliseconds(999));
  EXPECT_TRUE(world.log.lines.empty());
  world.Pass(milliseconds(1));
  EXPECT_EQ(world.log.lines, (std::vector<std::string>{"a timer 0"}));
  world.Pass(seconds(5));
  EXPECT_EQ(world.log.Count("a timer 0"), 6);
  EXPECT_EQ(world.log.Count("a timer 1"), 2);
}

TEST(TimerTest, WhatATimerChangesIsCommittedAndStreamed) {
  PlayerWorld world;
  world.log.on_timer = {"add 2; emit; principal; deadline", ""};
  const auto feed = world.Feed("a", "t.v1.Ticker");
  const session::Position before = feed->head();
  world.Pass(seconds(2));
  const FeedRead read = feed->Read(before, false, 1 << 20, world.environment.Now());
  ASSERT_EQ(read.kind, FeedRead::Kind::kSteps);
  ASSERT_EQ(read.steps.size(), 2u);
  EXPECT_EQ(*read.steps[1].patch, "2");
  EXPECT_NE(read.steps[1].events, nullptr);
  EXPECT_EQ(world.CallTicker("a", "get")->outcome->revision, 2u);
}

TEST(TimerTest, OneThatFailsIsUndoneAndCountedAndGoesOn) {
  PlayerWorld world;
  world.log.on_timer = {"add 2; fail", "add 3; throw"};
  (void)world.CallTicker("a", "get");
  world.Pass(seconds(3));
  EXPECT_EQ(world.CallTicker("a", "get")->result(), "0");
  EXPECT_EQ(world.runtime.stats().timer_turns, 4);
  EXPECT_EQ(world.runtime.stats().failed_timer_turns, 4);
  world.log.on_timer = {"add 2", ""};
  world.Pass(seconds(1));
  EXPECT_EQ(world.CallTicker("a", "get")->result(), "2");
}

TEST(TimerTest, TicksThatAreLateCollapseIntoOne) {
  PlayerWorld world;
  (void)world.CallTicker("a", "sleep 10500");
  world.Pass(milliseconds(10'499));
  EXPECT_EQ(world.log.Count("a timer 0"), 0);
  world.Pass(milliseconds(1));
  EXPECT_EQ(world.log.Count("a timer 0"), 1);
  EXPECT_EQ(world.log.Count("a timer 1"), 1);
  world.Pass(milliseconds(500));  // The grid is where it was.
  EXPECT_EQ(world.log.Count("a timer 0"), 2);
}

TEST(TimerTest, ATimerThatIsSlowerThanItsPeriodLeavesRoomForCalls) {
  PlayerWorld world;
  world.log.on_timer = {"sleep 5000", "sleep 5000"};
  (void)world.CallTicker("a", "get");
  world.Pass(seconds(4));
  const Time asked = world.environment.Now();
  const auto call = world.CallTicker("a", "get");
  world.Pass(seconds(20));
  ASSERT_EQ(call->ends, 1);
  EXPECT_LE(call->ended_at - asked, seconds(5));  // The turn that was open, and no other.
}

TEST(TimerTest, NoneFiresWhenTheActorIsGone) {
  for (const char* end : {"destroy", "stop"}) {
    PlayerWorld world;
    (void)world.CallTicker("a", "get");
    world.Pass(seconds(2));
    if (end == std::string("destroy")) {
      EXPECT_TRUE(world.CallTicker("a", "destroy")->status().ok());
    } else {
      world.runtime.BeginShutdown();
      world.environment.RunReady();
    }
    world.log.lines.clear();
    EXPECT_EQ(world.environment.timer_count(), 0u);
    world.Pass(seconds(10));
    EXPECT_TRUE(world.log.lines.empty());
  }
}

TEST(TimerTest, ANewInstanceAfterAFailedCommitHasItsTimersAnew) {
  PlayerWorld world;
  (void)world.CallTicker("a", "get");
  world.Pass(milliseconds(500));
  world.store.hold = true;
  (void)world.CallTicker("a", "add 1");
  world.store.hold = false;
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  world.log.lines.clear();
  world.Pass(milliseconds(999));
  EXPECT_EQ(world.log.Count("a timer 0"), 0);
  world.Pass(milliseconds(1));
  EXPECT_EQ(world.log.Count("a timer 0"), 1);
}

TEST(TimerTest, ATimerMayDestroyItsActor) {
  PlayerWorld world;
  world.log.on_timer = {"destroy", ""};
  (void)world.CallTicker("a", "add 1");
  world.Pass(seconds(1));
  EXPECT_EQ(world.log.instances, 0);
  EXPECT_EQ(world.CallTicker("a", "get")->result(), "0");
}

}  // namespace
}  // namespace onager::actor
