#include "runtime/actor/load_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/actor/ledger_actor.h"

namespace onager::actor {
namespace {

using std::chrono::seconds;

/// A memory store that reads when the test says so.
class SlowReads final : public store::ForwardingStore {
 public:
  SlowReads() : ForwardingStore(memory) {}

  void Load(const ActorId& actor, LoadDone done) override {
    asked.push_back(actor.key);
    Keep([this, actor, done = std::move(done)]() mutable { memory.Load(actor, std::move(done)); });
  }
  void LoadPast(const ActorId& actor, PastDone done) override {
    asked.push_back(absl::StrCat("the past of ", actor.key));
    Keep([this, actor, done = std::move(done)]() mutable { memory.LoadPast(actor, std::move(done)); });
  }
  void Answer() {
    auto read = std::move(reads.front());
    reads.pop_front();
    read();
  }

  store::MemoryStore memory;
  bool hold = true;
  std::vector<std::string> asked;
  std::deque<absl::AnyInvocable<void()>> reads;
  std::size_t reads_max = 0;  // There were at a time.

 private:
  void Keep(absl::AnyInvocable<void()> read) {
    if (!hold) return read();
    reads.push_back(std::move(read));
    reads_max = std::max(reads_max, reads.size());
  }
};

/// A server of persisted actors, and of some that are not.
struct LoadWorld {
  explicit LoadWorld(std::size_t loads_max)
      : runtime(Options(loads_max), environment.environment(), unused, &store) {
    EXPECT_TRUE(
        runtime.Host(LedgerActor::Type(), [this] { return std::make_unique<LedgerActor>(log); }).ok());
    EXPECT_TRUE(
        runtime.Host(kCounterType, [this] { return std::make_unique<CounterActor>(counter_log); }).ok());
  }
  ~LoadWorld() { Stop(); }

  static ActorRuntimeOptions Options(std::size_t loads_max) {
    ActorRuntimeOptions options;
    options.loads_max = loads_max;
    return options;
  }
  void Stop() {
    runtime.BeginShutdown();
    store.hold = false;
    while (!store.reads.empty()) store.Answer();
    EXPECT_TRUE(environment.RunUntil([this] { return runtime.idle(); }, seconds(100)));
    environment.RunReady();
  }

  using Outcome = std::shared_ptr<session::SharedOutcome>;  // Null: it waits.
  Outcome Call(const std::string& key, std::string type = "t.v1.Ledger", std::size_t method = kPut) {
    auto outcome = std::make_shared<session::SharedOutcome>();
    auto call = std::make_shared<ActorCall>();
    call->actor = {std::move(type), key};
    call->method = method;
    call->arguments = "1";
    call->done = [outcome](session::SharedOutcome ended) { *outcome = std::move(ended); };
    runtime.Call(call);
    environment.RunReady();
    return outcome;
  }

  simulation::ManualEnvironment environment;
  store::MemoryStore unused;
  SlowReads store;
  LedgerLog log;
  CounterLog counter_log;
  ActorRuntime runtime;
};

TEST(LoadGateTest, OfThousandActorsThatAreCalledAtOnceAFewAreReadAtATimeInTheirOrder) {
  LoadWorld world(8);
  std::vector<LoadWorld::Outcome> calls;
  std::vector<std::string> keys;
  for (int i = 0; i < 1'000; ++i) {
    keys.push_back(absl::StrCat(i));
    calls.push_back(world.Call(keys.back()));
  }
  EXPECT_EQ(world.store.reads.size(), 8u);
  EXPECT_EQ(world.runtime.stats().loads, 8);
  EXPECT_EQ(world.runtime.stats().waiting_loads, 992);
  while (!world.store.reads.empty()) {
    // One that is read and not used yet is one of them.
    world.store.Answer();
    EXPECT_LE(world.store.reads.size(), 7u);
    world.environment.RunReady();
  }
  EXPECT_EQ(world.store.reads_max, 8u);
  EXPECT_EQ(world.store.asked, keys);
  for (const LoadWorld::Outcome& call : calls) {
    ASSERT_NE(*call, nullptr);
    EXPECT_EQ(*(*call)->result, "1");
  }
  EXPECT_EQ(world.runtime.stats().loads, 0);
  EXPECT_EQ(world.runtime.stats().waiting_loads, 0);
}

TEST(LoadGateTest, ActorsWhoseStateIsInMemoryDoNotWaitForAStoreThatIsSlow) {
  LoadWorld world(1);
  const LoadWorld::Outcome slow = world.Call("a");
  const LoadWorld::Outcome waits = world.Call("b");
  EXPECT_NE(*world.Call("c", "t.v1.Counter", kAdd), nullptr);
  EXPECT_EQ(*slow, nullptr);
  EXPECT_EQ(*waits, nullptr);
}

TEST(LoadGateTest, WhoHasWaitedTooLongIsToldWhenToTryAgainAndTheNextAreServed) {
  LoadWorld world(1);
  const LoadWorld::Outcome first = world.Call("a");
  const LoadWorld::Outcome second = world.Call("b");
  world.environment.Advance(seconds(19));
  const LoadWorld::Outcome third = world.Call("c");
  world.environment.Advance(seconds(1));
  world.store.Answer();
  world.environment.RunReady();
  EXPECT_EQ(*(*first)->result, "1") << "it was being read";
  ASSERT_NE(*second, nullptr);
  EXPECT_TRUE(absl::IsUnavailable((*second)->status)) << (*second)->status;
  EXPECT_TRUE((*second)->status.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  EXPECT_EQ(*third, nullptr) << "it is being read now";
  world.store.Answer();
  world.environment.RunReady();
  EXPECT_EQ(*(*third)->result, "1");
  world.store.hold = false;
  EXPECT_EQ(*(*world.Call("b"))->result, "1");
}

TEST(LoadGateTest, WhatWasBeforeIsReadInItsTurnToo) {
  LoadWorld world(1);
  world.store.hold = false;
  world.Call("a");
  session::Position seen;
  const auto observe = [&](std::optional<session::Position> from) {
    auto feed = std::make_shared<std::shared_ptr<ActorFeed>>();
    world.runtime.OpenFeed(
        {"t.v1.Ledger", "a"}, "", "", [feed](auto opened) { *feed = std::move(opened).value_or(nullptr); },
        nullptr, from);
    world.environment.RunReady();
    return feed;
  };
  {
    const auto feed = observe(std::nullopt);
    seen = (*feed)->head();
  }
  world.Call("a");
  // Another server that knows nothing of it yet.
  ActorRuntime other(LoadWorld::Options(1), world.environment.environment(), world.unused, &world.store);
  ASSERT_TRUE(other.Host(LedgerActor::Type(), [&] { return std::make_unique<LedgerActor>(world.log); }).ok());
  std::shared_ptr<ActorFeed> feed;
  world.store.hold = true;
  other.OpenFeed(
      {"t.v1.Ledger", "a"}, "", "", [&feed](auto opened) { feed = std::move(opened).value_or(nullptr); },
      nullptr, seen);
  world.environment.RunReady();
  world.store.Answer();
  world.environment.RunReady();
  EXPECT_EQ(world.store.asked.back(), "the past of a");
  EXPECT_EQ(feed, nullptr);
  EXPECT_EQ(other.stats().loads, 1);
  world.store.Answer();
  world.environment.RunReady();
  EXPECT_NE(feed, nullptr);
  EXPECT_EQ(other.stats().loads, 0);
  other.BeginShutdown();
  ASSERT_TRUE(world.environment.RunUntil([&] { return other.idle(); }, seconds(100)));
  world.environment.RunReady();
}

TEST(LoadGateTest, AnEndRefusesThoseWhoWaitWithoutReading) {
  LoadWorld world(2);
  std::vector<LoadWorld::Outcome> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(world.Call(absl::StrCat(i)));
  world.Stop();
  EXPECT_EQ(world.store.asked.size(), 2u);
  for (const LoadWorld::Outcome& call : calls) {
    ASSERT_NE(*call, nullptr);
    EXPECT_TRUE(absl::IsUnavailable((*call)->status)) << (*call)->status;
  }
}

TEST(LoadGateTest, ThreadsThatComeAndGoAreNeverMoreThanThereArePlaces) {
  constexpr std::size_t kPlaces = 3;
  constexpr int kThreads = 8;
  constexpr int kTimes = 2'000;
  simulation::ManualEnvironment environment;
  const auto gate = LoadGate::Make(kPlaces, seconds(1), environment.environment().clock);
  std::atomic<std::size_t> inside = 0;
  std::atomic<std::size_t> inside_max = 0;
  std::atomic<int> admitted = 0;
  Mutex mutex;
  std::vector<LoadGate::Place> kept;  // Left by whoever comes next.
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int time = 0; time < kTimes; ++time) {
        gate->Enter([&, keeps = time % 2 == 0](absl::StatusOr<LoadGate::Place> place) {
          ASSERT_TRUE(place.ok()) << place.status();
          const std::size_t now = ++inside;
          std::size_t most = inside_max;
          while (now > most && !inside_max.compare_exchange_weak(most, now)) {
          }
          ++admitted;
          --inside;
          if (!keeps) return;
          MutexLock lock(mutex);
          kept.push_back(*std::move(place));
        });
        std::vector<LoadGate::Place> left;
        MutexLock lock(mutex);
        left.swap(kept);
        // Freed after the lock: who comes in then takes it.
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (admitted < kThreads * kTimes) {
    std::vector<LoadGate::Place> left;
    MutexLock lock(mutex);
    left.swap(kept);
  }
  kept.clear();
  EXPECT_LE(inside_max, kPlaces);
  EXPECT_EQ(gate->taken(), 0u);
  EXPECT_EQ(gate->waiting(), 0u);
}

}  // namespace
}  // namespace onager::actor
