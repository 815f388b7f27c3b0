#include "runtime/actor/actor_runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/base/system_environment.h"
#include "tests/actor/actor_world.h"

namespace onager::actor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ActorRuntimeTest, A11_SixtyFourFirstCallersMakeOneInstance) {
  ActorWorld world;
  std::vector<std::shared_ptr<ActorWorld::Pending>> calls;
  for (int i = 0; i < 64; ++i) calls.push_back(world.Start(kAdd));
  world.environment.RunReady();
  EXPECT_EQ(world.log.instances, 1);
  EXPECT_EQ(world.store.loads, 1);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(calls[static_cast<std::size_t>(i)]->result(), std::to_string(i + 1));
}

TEST(ActorRuntimeTest, A11_SixtyFourFirstCallersAtOnceMakeOneInstance) {
  CounterLog log;
  store::MemoryStore store;
  SystemEnvironment environment;
  ActorRuntime runtime(ActorRuntimeOptions(), environment, store);
  ASSERT_TRUE(runtime.Host(kCounterType, [&log] { return std::make_unique<CounterActor>(log); }).ok());
  std::latch start(64);
  std::latch ended(128);
  Mutex mutex;
  std::vector<std::string> results;
  std::vector<std::shared_ptr<ActorFeed>> feeds;
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&] {
      auto call = std::make_shared<ActorCall>();
      call->actor = {"t.v1.Counter", "a"};
      call->method = kAdd;
      call->arguments = "1";
      call->done = [&](session::SharedOutcome outcome) {
        {
          MutexLock lock(mutex);
          results.push_back(*outcome->result);
        }
        ended.count_down();
      };
      start.arrive_and_wait();
      runtime.OpenFeed(call->actor, "", "", [&](absl::StatusOr<std::shared_ptr<ActorFeed>> feed) {
        {
          MutexLock lock(mutex);
          feeds.push_back(*feed);
        }
        ended.count_down();
      });
      runtime.Call(std::move(call));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ended.wait();
  runtime.Shutdown();
  MutexLock lock(mutex);
  EXPECT_EQ(log.instances, 1);
  std::sort(results.begin(), results.end());
  EXPECT_EQ(std::unique(results.begin(), results.end()) - results.begin(), 64);
  for (const auto& feed : feeds) EXPECT_EQ(feed->head(), feeds[0]->head());
  EXPECT_EQ(feeds[0]->head().revision, 64u);
}

TEST(ActorRuntimeTest, OneTurnAtATimeWhileOtherActorsGoOn) {
  ActorWorld world;
  const auto sleeper = world.Call(kSleepAdd);
  const auto waits = world.Call(kAdd);
  const auto waits_too = world.Call(kSleepAdd);
  const auto other = world.Call(kAdd, "5", "b");
  EXPECT_EQ(other->result(), "5");
  EXPECT_EQ(sleeper->ends, 0);
  EXPECT_EQ(waits->ends, 0);
  world.environment.Advance(seconds(1));
  EXPECT_EQ(sleeper->result(), "1");
  EXPECT_EQ(waits->result(), "2");
  EXPECT_EQ(waits_too->ends, 0);
  world.environment.Advance(seconds(1));
  EXPECT_EQ(waits_too->result(), "3");
  EXPECT_EQ(world.log.turns_open_max, 1);
}

TEST(ActorRuntimeTest, AFullMailboxRefusesAndSaysWhenToTryAgain) {
  ActorRuntimeOptions options;
  options.mailbox_max = 3;
  ActorWorld world(options);
  const auto open = world.Call(kSleepAdd);
  std::vector<std::shared_ptr<ActorWorld::Pending>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(world.Call(kAdd));
  const auto refused = world.Call(kAdd);
  ASSERT_EQ(refused->ends, 1);
  EXPECT_EQ(refused->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(refused->outcome->status.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  world.environment.Advance(seconds(1));
  for (const auto& call : waiting) EXPECT_TRUE(call->outcome->status.ok());
}

TEST(ActorRuntimeTest, WhatFailsLeavesNoTrace) {
  ActorWorld world;
  EXPECT_EQ(world.Call(kAdd, "7")->result(), "7");
  const auto feed = world.Feed();
  const session::Position before = feed->head();
  EXPECT_EQ(world.Call(kAddThenFail)->code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world.Call(kAddThenThrow)->code(), absl::StatusCode::kInternal);
  EXPECT_EQ(world.Call(kThrowPlainly)->code(), absl::StatusCode::kInternal);
  const auto peek = world.Call(kPeek);
  EXPECT_EQ(peek->code(), absl::StatusCode::kInternal);
  EXPECT_NE(peek->outcome->status.message().find("[readonly]"), absl::string_view::npos);
  EXPECT_EQ(world.Call(kGet)->result(), "7");
  EXPECT_EQ(feed->head(), before);
  EXPECT_EQ(world.Call(kAdd)->outcome->revision, before.revision + 1);
}

TEST(ActorRuntimeTest, ATurnThatChangesNothingIsNoRevision) {
  ActorWorld world;
  (void)world.Call(kAdd);
  EXPECT_EQ(world.Call(kAdd, "0")->outcome->revision, 1u);
  EXPECT_EQ(world.Call(kGet)->outcome->revision, 1u);
}

TEST(ActorRuntimeTest, ACallThatNobodyWaitsForIsNotBegun) {
  ActorWorld world;
  const auto open = world.Call(kSleepAdd, "10");
  const auto cancelled = world.Call(kAdd);
  cancelled->call->Cancel();
  const auto late = world.Start(kAdd, "1", "a", world.environment.Now() + milliseconds(500));
  world.environment.Advance(seconds(1));
  EXPECT_EQ(open->result(), "10");
  EXPECT_EQ(cancelled->code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(late->code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(world.Call(kGet)->result(), "10");
}

TEST(ActorRuntimeTest, ACancellationWakesASleepingTurn) {
  ActorWorld world;
  const auto call = world.Call(kSleepAdd);
  call->call->Cancel();
  call->call->Cancel();
  world.environment.RunReady();
  ASSERT_EQ(call->ends, 1);
  EXPECT_EQ(call->code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(world.environment.timer_count(), 1u);  // That looks whether the actor is idle.
  call->call->Cancel();                            // After the end: nothing.
  EXPECT_EQ(world.Call(kGet)->result(), "0");
}

TEST(ActorRuntimeTest, ATurnWhoseDeadlinePassesIsToldAndCommits) {
  ActorWorld world;
  const auto call = world.Start(kSleepAdd, "3", "a", world.environment.Now() + milliseconds(500));
  world.environment.Advance(seconds(1));
  EXPECT_EQ(call->result(), "3 cancelled");
  EXPECT_EQ(world.Call(kGet)->result(), "3");
}

TEST(ActorRuntimeTest, WhatCannotBeActivatedEndsItsCallersAndIsTriedAgain) {
  ActorWorld world;
  EXPECT_EQ(world.Call(kAdd, "1", "bad")->code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(world.runtime.active_actors(), 0u);
  world.store.load_error = absl::UnavailableError("the disk is away");
  EXPECT_EQ(world.Call(kAdd)->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world.Feed(), nullptr);
  world.store.load_error = absl::OkStatus();
  world.log.constructor_throws = true;
  EXPECT_EQ(world.Call(kAdd)->code(), absl::StatusCode::kInternal);
  world.log.constructor_throws = false;
  EXPECT_EQ(world.Call(kAdd)->result(), "1");
  auto unknown = std::make_shared<ActorCall>();
  unknown->actor = {"t.v1.Nobody", "a"};
  absl::Status status;
  unknown->done = [&status](const session::SharedOutcome& outcome) { status = outcome->status; };
  world.runtime.Call(unknown);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world.runtime.Host(kCounterType, nullptr).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ActorRuntimeTest, AStoredStateWithAHoleIsNotUsed) {
  class HoleStore final : public store::ForwardingStore {
   public:
    HoleStore() : ForwardingStore(memory) {}
    void Load(const ActorId&, LoadDone done) override {
      store::StoredActor stored;
      stored.epoch = 1;
      stored.revision = 3;
      for (const std::uint64_t revision : {std::uint64_t{1}, std::uint64_t{3}}) {
        store::LogStep& step = stored.log.emplace_back();
        step.revision = revision;
        step.patch = ShareBytes("1");
      }
      done(std::optional<store::StoredActor>(stored));
    }
    store::MemoryStore memory;
  };
  HoleStore store;
  simulation::ManualEnvironment environment;
  CounterLog log;
  ActorRuntime runtime(ActorRuntimeOptions(), environment, store);
  ASSERT_TRUE(runtime.Host(kCounterType, [&log] { return std::make_unique<CounterActor>(log); }).ok());
  auto call = std::make_shared<ActorCall>();
  call->actor = {"t.v1.Counter", "a"};
  call->method = kGet;
  absl::Status status;
  call->done = [&status](const session::SharedOutcome& outcome) { status = outcome->status; };
  runtime.Call(call);
  environment.RunReady();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
}

TEST(ActorRuntimeTest, ShutdownEndsEverythingWhateverItWasDoing) {
  ActorWorld world;
  world.store.hold = true;
  const auto sleeping = world.Call(kSleepAdd, "1", "sleeping");
  const auto behind = world.Call(kAdd, "1", "sleeping");
  const auto committing = world.Call(kAdd, "1", "committing");
  (void)world.Feed("idle");
  const auto loading = world.Start(kAdd, "1", "loading");  // Its first run is still to come.
  world.runtime.BeginShutdown();
  world.environment.RunReady();
  EXPECT_EQ(sleeping->code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(behind->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(loading->code(), absl::StatusCode::kUnavailable);
  // What was given to the store is waited for, and its caller gets its reply.
  EXPECT_EQ(committing->ends, 0);
  EXPECT_FALSE(world.runtime.idle());
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_EQ(committing->result(), "1");
  EXPECT_TRUE(world.runtime.idle());
  EXPECT_EQ(world.Call(kAdd, "1", "late")->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world.Call(kAdd, "1", "idle")->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world.Feed("idle"), nullptr);
  for (const auto& call : {sleeping, behind, loading, committing}) EXPECT_EQ(call->ends, 1);
}

}  // namespace
}  // namespace onager::actor
