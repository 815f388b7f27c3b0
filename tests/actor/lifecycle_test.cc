#include <gtest/gtest.h>

#include <string>

#include "tests/actor/player_actor.h"

// The hooks of an instance, and the end of an actor.
namespace onager::actor {
namespace {

using session::FeedRead;
using session::Position;
using std::chrono::seconds;

constexpr Duration kHour = std::chrono::hours(1);

TEST(LifecycleTest, OnActivateIsATurnBeforeTheFirstCall) {
  PlayerWorld world;
  world.log.on_activate = "add 5; emit";
  EXPECT_EQ(world.Call("a", "get")->result(), "5");
  const auto feed = world.Feed("a");
  EXPECT_EQ(feed->head().revision, 1u);
  EXPECT_EQ(world.log.Count("a activated"), 1);
  EXPECT_EQ(world.store.last_record.base_revision, 0u);
  EXPECT_EQ(*world.store.last_record.steps.at(0).patch, "5");
}

TEST(LifecycleTest, WhatOnActivateDoesIsStreamedToWhoObservedBefore) {
  PlayerWorld world;
  EXPECT_EQ(world.Call("a", "add 1")->outcome->revision, 1u);
  const auto feed = world.Feed("a");
  const Position before = feed->head();
  world.log.on_activate = "add 10";
  world.store.hold = true;
  const auto failed = world.Call("a", "add 100");
  world.store.hold = false;
  world.store.Complete(absl::UnavailableError("the disk is full"));  // A new instance is made.
  world.environment.RunReady();
  EXPECT_EQ(failed->status().code(), absl::StatusCode::kUnavailable);
  const FeedRead read = feed->Read(before, false, 1 << 20, world.environment.Now());
  ASSERT_EQ(read.kind, FeedRead::Kind::kSteps);
  EXPECT_EQ(*read.steps.at(0).patch, "10");
  EXPECT_EQ(world.log.Count("a deactivated"), 1);
  EXPECT_EQ(world.log.Count("a activated"), 2);
}

TEST(LifecycleTest, CallsAndFeedsWaitForASlowOnActivate) {
  PlayerWorld world;
  world.log.on_activate = "sleep 1000; add 5";
  const auto call = world.Call("a", "get");
  const auto look = world.Call("a", "get", kLook);
  std::shared_ptr<ActorFeed> feed;
  world.runtime.OpenFeed({"t.v1.Player", "a"}, "", "", [&feed](auto opened) { feed = *opened; });
  world.environment.RunReady();
  EXPECT_EQ(call->ends + look->ends, 0);
  EXPECT_EQ(feed, nullptr);
  world.Pass(seconds(1));
  EXPECT_EQ(call->result(), "5");
  EXPECT_EQ(look->result(), "5");
  EXPECT_EQ(feed->head().revision, 1u);
}

TEST(LifecycleTest, AnOnActivateThatFailsFailsTheActivationAndIsTriedAgain) {
  PlayerWorld world;
  for (const char* script : {"add 5; fail", "add 5; throw"}) {
    world.log.on_activate = script;
    const auto call = world.Call("a", "get");
    ASSERT_EQ(call->ends, 1);
    EXPECT_FALSE(call->status().ok());
    EXPECT_EQ(world.Feed("a"), nullptr);
    EXPECT_EQ(world.log.instances, 0);
    EXPECT_EQ(world.runtime.active_actors(), 0u);
  }
  EXPECT_EQ(world.log.Count("a deactivated"), 0);  // None of them was ever active.
  world.log.on_activate = "";
  EXPECT_EQ(world.Call("a", "get")->result(), "0");
  EXPECT_EQ(world.runtime.stats().failed_activations, 4);
}

TEST(LifecycleTest, AnOnActivateThatCannotBeCommittedFailsTheActivation) {
  PlayerWorld world;
  world.log.on_activate = "add 5";
  world.store.hold = true;
  const auto call = world.Call("a", "get");
  EXPECT_EQ(call->ends, 0);
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  EXPECT_EQ(call->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world.log.instances, 0);
  world.store.hold = false;
  EXPECT_EQ(world.Call("a", "get")->result(), "5");
}

TEST(LifecycleTest, AfterCommitIsToldOfEachRevisionInOrderOnceItIsDurable) {
  PlayerWorld world;
  (void)world.Call("a", "get");
  world.store.hold = true;
  (void)world.Call("a", "add 1");
  (void)world.Call("a", "add 1");
  (void)world.Call("a", "get");
  world.environment.RunReady();
  EXPECT_EQ(world.log.lines.size(), 1u);  // Activated, and nothing is durable.
  world.store.Complete();
  world.environment.RunReady();
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(world.log.lines, (std::vector<std::string>{"a activated", "a committed 1", "a committed 2"}));
}

TEST(LifecycleTest, AfterCommitWaitsForTheOpenTurn) {
  PlayerWorld world;
  (void)world.Call("a", "get");
  world.store.hold = true;
  (void)world.Call("a", "add 1");
  (void)world.Call("a", "sleep 1000; log end");
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(world.log.Count("a committed 1"), 0);
  world.Pass(seconds(1));
  EXPECT_EQ(world.log.lines, (std::vector<std::string>{"a activated", "a end", "a committed 1"}));
}

TEST(LifecycleTest, HooksThatThrowOrChangeTheStateDoNoHarm) {
  PlayerWorld world;
  world.log.hooks_throw = world.log.hooks_change_the_state = true;
  EXPECT_EQ(world.Call("a", "add 1; get")->result(), "1");
  EXPECT_EQ(world.Call("a", "add 1; get")->result(), "2");
  EXPECT_EQ(world.Call("a", "get")->result(), "2");
  EXPECT_EQ(world.Feed("a")->head().revision, 2u);
  world.Pass(kHour);
  EXPECT_EQ(world.log.instances, 0);
  EXPECT_EQ(world.runtime.stats().failed_hooks, 3);
  EXPECT_EQ(world.Call("a", "get")->result(), "2");
}

TEST(LifecycleTest, A12_DestroyEndsTheActorForEverybodyAndTheNextIsAnother) {
  PlayerWorld world;
  EXPECT_EQ(world.Call("a", "add 7")->outcome->revision, 1u);
  std::vector<std::shared_ptr<ActorFeed>> feeds;
  int news = 0;
  for (int i = 0; i < 3; ++i) {
    feeds.push_back(world.Feed("a"));
    feeds.back()->AddListener(std::make_shared<ActorFeed::Listener>([&news] { ++news; }));
  }
  const Position last = feeds[0]->head();
  const auto behind = world.Start("a", "sleep 1");
  const auto destroying = world.Start("a", "add 1; emit; destroy; get");
  const auto later = world.Start("a", "get");
  world.Pass(seconds(1));
  EXPECT_EQ(destroying->result(), "8");
  EXPECT_EQ(news, 3);
  for (const auto& feed : feeds) {
    const FeedRead read = feed->Read(last, false, 1 << 20, world.environment.Now());
    ASSERT_EQ(read.kind, FeedRead::Kind::kEnded);
    EXPECT_EQ(read.end.code(), absl::StatusCode::kNotFound);
    const auto info = read.end.GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
    ASSERT_TRUE(info.has_value());
    EXPECT_NE(std::string(*info).find("ACTOR_TERMINATED"), std::string::npos);
  }
  // What waited behind it is served by another actor.
  EXPECT_EQ(later->result(), "0");
  const auto feed = world.Feed("a");
  EXPECT_NE(feed->head().epoch, last.epoch);
  EXPECT_EQ(feed->head().revision, 0u);
  EXPECT_EQ(feed->Read(last, false, 1 << 20, world.environment.Now()).why, FeedRead::Why::kOtherEpoch);
  EXPECT_EQ(world.log.Count("a deactivated"), 1);
  EXPECT_EQ(world.log.Count("a committed 1"), 1);
  EXPECT_EQ(world.runtime.stats().destroyed, 1);
}

TEST(LifecycleTest, ADestroyedActorsEpochIsNotGivenAgain) {
  PlayerWorld world;
  std::vector<std::uint64_t> epochs;
  for (int i = 0; i < 4; ++i) {
    if (i % 2 == 0) (void)world.Call("a", "add 1");  // Also one that was never committed.
    epochs.push_back(world.Feed("a")->head().epoch);
    EXPECT_TRUE(world.Call("a", "destroy")->status().ok());
    EXPECT_EQ(world.runtime.active_actors(), 0u);
  }
  for (std::size_t i = 1; i < epochs.size(); ++i) EXPECT_NE(epochs[i], epochs[i - 1]);
}

TEST(LifecycleTest, ATurnThatFailsDestroysNothing) {
  PlayerWorld world;
  (void)world.Call("a", "add 7");
  EXPECT_EQ(world.Call("a", "destroy; fail")->status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world.Call("a", "destroy", kLook)->status().code(), absl::StatusCode::kInternal);
  world.store.hold = true;
  const auto destroying = world.Call("a", "destroy");
  const auto waits = world.Call("a", "get");
  EXPECT_EQ(destroying->ends + waits->ends, 0);
  world.store.hold = false;
  world.store.Complete(absl::UnavailableError("the disk is full"));
  world.environment.RunReady();
  EXPECT_EQ(destroying->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(waits->result(), "7");
}

TEST(LifecycleTest, DestroyFromOutsideWaitsItsTurn) {
  PlayerWorld world;
  (void)world.Call("a", "add 7");
  const auto open = world.Call("a", "sleep 1000; get");
  absl::Status destroyed = absl::UnknownError("not yet");
  world.runtime.Destroy({"t.v1.Player", "a"},
                        [&destroyed](absl::Status status) { destroyed = std::move(status); });
  const auto later = world.Start("a", "get");
  world.environment.RunReady();
  EXPECT_EQ(destroyed.code(), absl::StatusCode::kUnknown);
  world.Pass(seconds(1));
  EXPECT_EQ(open->result(), "7");
  EXPECT_TRUE(destroyed.ok()) << destroyed;
  EXPECT_EQ(later->result(), "0");
  world.runtime.Destroy({"t.v1.Nobody", "a"},
                        [&destroyed](absl::Status status) { destroyed = std::move(status); });
  EXPECT_EQ(destroyed.code(), absl::StatusCode::kNotFound);
}

TEST(LifecycleTest, StoppingDeactivatesEveryInstance) {
  PlayerWorld world;
  const auto sleeping = world.Call("a", "sleep 100000");
  (void)world.Call("b", "add 1");
  world.runtime.BeginShutdown();
  world.environment.RunReady();
  EXPECT_TRUE(world.runtime.idle());
  EXPECT_EQ(sleeping->status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(world.log.Count("a deactivated"), 1);
  EXPECT_EQ(world.log.Count("b deactivated"), 1);
  EXPECT_EQ(world.log.instances, 0);
  EXPECT_EQ(world.environment.timer_count(), 0u);
}

}  // namespace
}  // namespace onager::actor
