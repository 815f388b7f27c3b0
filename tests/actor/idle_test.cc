#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/system_environment.h"
#include "tests/actor/player_actor.h"

// Actors that nobody uses.
namespace onager::actor {
namespace {

using session::FeedRead;
using session::Position;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Builds that are slow live fewer.
int Lifetimes() {
  const char* const count = std::getenv("ONAGER_LIFETIMES");
  return count == nullptr ? 10'000 : std::atoi(count);
}

// What the allocator says that is in use; where it does not count, as under sanitizers, nothing.
std::size_t BytesInUse() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

ActorRuntimeOptions IdleAfter(Duration timeout) {
  ActorRuntimeOptions options;
  options.idle_timeout = timeout;
  return options;
}

TEST(IdleTest, AnActorThatNobodyUsesGoesAfterTheTimeoutAndNotBefore) {
  PlayerWorld world(IdleAfter(minutes(10)));
  (void)world.Call("a", "add 5");
  world.Pass(minutes(5));
  (void)world.Call("a", "get", kLook);
  world.Pass(minutes(10) - milliseconds(1));
  EXPECT_EQ(world.log.instances, 1);
  world.Pass(milliseconds(1));
  EXPECT_EQ(world.log.instances, 0);
  EXPECT_EQ(world.log.Count("a deactivated"), 1);
  EXPECT_EQ(world.runtime.active_actors(), 0u);
  EXPECT_EQ(world.environment.timer_count(), 0u);
  // The same actor: nothing of it has changed.
  const auto again = world.Call("a", "get");
  EXPECT_EQ(again->result(), "5");
  EXPECT_EQ(again->outcome->revision, 1u);
}

TEST(IdleTest, WithoutATimeoutItStays) {
  PlayerWorld world(IdleAfter(Duration::max()));
  (void)world.Call("a", "add 5");
  world.Pass(std::chrono::hours(1000));
  EXPECT_EQ(world.log.instances, 1);
}

TEST(IdleTest, WhoComesBackIsReplayedWhatItMissed) {
  PlayerWorld world(IdleAfter(seconds(10)));
  (void)world.Call("a", "add 1");
  Position position;
  {
    const auto feed = world.Feed("a");
    position = feed->head();
  }
  (void)world.Call("a", "add 2");
  (void)world.Call("a", "add 3");
  world.Pass(seconds(30));
  ASSERT_EQ(world.log.instances, 0);
  EXPECT_EQ(world.runtime.stats().dormant, 1);
  const auto feed = world.Feed("a");
  EXPECT_EQ(world.runtime.stats().dormant, 0);
  EXPECT_EQ(feed->head(), (Position{position.epoch, 3}));
  const FeedRead read = feed->Read(position, false, 1 << 20, world.environment.Now());
  ASSERT_EQ(read.kind, FeedRead::Kind::kSteps);
  ASSERT_EQ(read.steps.size(), 2u);
  EXPECT_EQ(*read.steps[0].patch, "2");
  EXPECT_EQ(*read.steps[1].patch, "3");
  // And it hears of what is new, and may ask for a snapshot.
  int news = 0;
  feed->AddListener(std::make_shared<ActorFeed::Listener>([&news] { ++news; }));
  (void)world.Call("a", "add 4");
  EXPECT_EQ(news, 1);
  EXPECT_EQ(feed->Read(std::nullopt, false, 1 << 20, world.environment.Now()).kind,
            FeedRead::Kind::kSnapshotPending);
  world.environment.RunReady();
  EXPECT_EQ(feed->Read(std::nullopt, false, 1 << 20, world.environment.Now()).kind,
            FeedRead::Kind::kSnapshot);
}

TEST(IdleTest, TheLogIsKeptUntilItsEntriesAreTooOldAndAnEmptyGapIsResumedEvenThen) {
  PlayerWorld world(IdleAfter(seconds(10)));
  (void)world.Call("a", "add 1");
  const Position first = world.Feed("a")->head();
  (void)world.Call("a", "add 2");
  const Position last = world.Feed("a")->head();
  world.Pass(minutes(6));
  EXPECT_EQ(world.runtime.stats().dormant, 0);
  EXPECT_EQ(world.environment.timer_count(), 0u);
  const auto feed = world.Feed("a");
  EXPECT_EQ(feed->head(), last);
  const Time now = world.environment.Now();
  EXPECT_EQ(feed->Read(last, false, 1 << 20, now).kind, FeedRead::Kind::kUpToDate);
  EXPECT_EQ(feed->Read(first, false, 1 << 20, now).why, FeedRead::Why::kOutsideWindow);
}

TEST(IdleTest, AnActorsOwnReplayAgeHoldsWhileItSleepsToo) {
  generated::ActorType type = kCounterType;
  type.replay.age = absl::Hours(1);
  ActorWorld world(IdleAfter(seconds(10)), type);
  (void)world.Call(kAdd, "1");
  const Position first = world.Feed()->head();
  (void)world.Call(kAdd, "2");
  world.environment.Advance(minutes(59));
  EXPECT_EQ(world.runtime.active_actors(), 0u);
  EXPECT_EQ(world.runtime.stats().dormant, 1);
  const auto feed = world.Feed();
  EXPECT_EQ(feed->Read(first, false, 1 << 20, world.environment.Now()).kind, FeedRead::Kind::kSteps);
}

TEST(IdleTest, AnActorThatNeverCommittedKeepsItsEpochToo) {
  PlayerWorld world(IdleAfter(seconds(10)));
  const Position before = world.Feed("a")->head();
  world.Pass(minutes(60));
  EXPECT_EQ(world.log.instances, 0);
  EXPECT_EQ(world.Feed("a")->head(), before);
}

TEST(IdleTest, ObserversKeepAnActor) {
  PlayerWorld world(IdleAfter(minutes(10)));
  auto feed = world.Feed("a");
  world.Pass(minutes(100));
  EXPECT_EQ(world.log.instances, 1);
  feed.reset();
  world.Pass(minutes(20));
  EXPECT_EQ(world.log.instances, 0);
}

TEST(IdleTest, AnOpenTurnAndWhatIsNotCommittedKeepAnActor) {
  PlayerWorld world(IdleAfter(seconds(10)));
  const auto slow = world.Call("a", "sleep 60000; get");
  world.store.hold = true;
  const auto committing = world.Call("b", "add 1");
  world.Pass(seconds(59));
  EXPECT_EQ(world.log.instances, 2);
  world.Pass(seconds(1));
  EXPECT_EQ(slow->result(), "0");
  world.store.Complete();
  world.environment.RunReady();
  EXPECT_TRUE(committing->status().ok());
  world.Pass(seconds(20));
  EXPECT_EQ(world.log.instances, 0);
}

TEST(IdleTest, TimersDoNotKeepAnActorAndAreSilentAfterwards) {
  PlayerWorld world(IdleAfter(seconds(10)));
  world.log.on_timer = {"add 1", ""};
  (void)world.CallTicker("a", "get");
  world.Pass(seconds(60));
  EXPECT_EQ(world.log.instances, 0);
  EXPECT_EQ(world.log.Count("a timer 0"), 10);
  EXPECT_EQ(world.CallTicker("a", "get")->result(), "10");
}

TEST(IdleTest, AStateThatIsPutAwayIsStoredWhole) {
  PlayerWorld world(IdleAfter(seconds(10)));
  for (int i = 0; i < 100; ++i) (void)world.Call("a", "add 1");
  const std::size_t before = world.store.memory.bytes();
  world.Pass(minutes(1));
  EXPECT_LT(world.store.memory.bytes(), before - 90);
  EXPECT_EQ(world.Call("a", "get")->result(), "100");
}

// The call arrives at each point of the deactivation in turn.
TEST(IdleTest, ACallThatArrivesMeanwhileIsNeitherLostNorServedByASecondInstance) {
  for (int steps = 0; steps < 12; ++steps) {
    PlayerWorld world(IdleAfter(seconds(10)));
    (void)world.Call("a", "add 1");
    while (world.environment.ready_count() == 0) ASSERT_TRUE(world.environment.RunNext());
    for (int i = 0; i < steps && world.environment.ready_count() > 0; ++i) world.environment.RunNext();
    const auto call = world.Start("a", "add 1; get");
    std::shared_ptr<ActorFeed> feed;
    world.runtime.OpenFeed({"t.v1.Player", "a"}, "", "", [&feed](auto opened) { feed = *opened; });
    world.environment.RunReady();
    EXPECT_EQ(call->result(), "2") << steps;
    ASSERT_NE(feed, nullptr) << steps;
    EXPECT_EQ(world.log.instances, 1) << steps;
    EXPECT_EQ(world.runtime.active_actors(), 1u) << steps;
  }
}

/// Fails when two of one actor live at the same time.
class Only final : public generated::ActorBase {
 public:
  explicit Only(std::atomic<int>& alive) : alive_(alive) { most_ = std::max(most_.load(), ++alive_); }
  ~Only() override { --alive_; }
  const generated::ActorType& actor_type() const override { return kPlayerType; }
  generated::StateInterface& state_interface() override { return state_; }
  absl::Status BindKey(std::string_view) override { return absl::OkStatus(); }
  Task<std::string> Dispatch(Turn&, std::size_t, std::string_view) override {
    state_.value += 1;
    return absl::StrCat(state_.value);
  }
  static inline std::atomic<int> most_ = 0;

 private:
  std::atomic<int>& alive_;
  CounterState state_;
};

TEST(IdleTest, ThreadsThatCallWhileItIsDeactivatedAreAllServedByOneInstance) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 3000;
  std::atomic<int> alive = 0;
  std::atomic<int> failures = 0;
  Only::most_ = 0;
  store::MemoryStore store;
  SystemEnvironment environment;
  ActorRuntime runtime(IdleAfter(Duration(0)), environment, store);  // It goes as soon as it can.
  ASSERT_TRUE(runtime.Host(kPlayerType, [&alive] { return std::make_unique<Only>(alive); }).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kCalls; ++n) {
        // Shared, as the one that counts last still looks at it.
        const auto ended = std::make_shared<std::latch>(n % 16 == 0 ? 2 : 1);
        auto call = std::make_shared<ActorCall>();
        call->actor = {"t.v1.Player", "a"};
        call->done = [&failures, ended](const session::SharedOutcome& outcome) {
          if (!outcome->status.ok()) ++failures;
          ended->count_down();
        };
        runtime.Call(std::move(call));
        if (n % 16 == 0) {
          runtime.OpenFeed({"t.v1.Player", "a"}, "", "", [&failures, ended](const auto& feed) {
            if (!feed.ok()) ++failures;
            ended->count_down();
          });
        }
        ended->wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  runtime.Shutdown();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(Only::most_, 1);
  EXPECT_GT(runtime.stats().activations, 10);
  EXPECT_EQ(runtime.stats().turns, kThreads * kCalls);
  EXPECT_EQ(runtime.stats().commits, kThreads * kCalls);
  EXPECT_EQ(alive, 0);
}

TEST(IdleTest, TenThousandActivationsLeaveNothingBehind) {
  PlayerWorld world(IdleAfter(seconds(1)));
  const auto cycle = [&world](int i) {
    const std::string key = absl::StrCat("k", i % 10);
    (void)world.Call(key, "add 1");
    {
      (void)world.Feed(key);
    }
    world.Pass(std::chrono::minutes(10));
    if (i % 10 == 9) {
      for (int n = 0; n < 10; ++n) (void)world.Call(absl::StrCat("k", n), "destroy");
    }
  };
  for (int i = 0; i < 100; ++i) cycle(i);
  const ActorRuntimeStats before = world.runtime.stats();
  const std::size_t stored = world.store.memory.size();
  const std::size_t stored_bytes = world.store.memory.bytes();
  const int lifetimes = Lifetimes();
  for (int i = 0; i < lifetimes; ++i) cycle(i);
  const ActorRuntimeStats after = world.runtime.stats();
  EXPECT_EQ(after.active, 0);
  EXPECT_EQ(after.cells, 0);
  EXPECT_EQ(after.instances, 0);
  EXPECT_EQ(after.open_turns, 0);
  EXPECT_EQ(after.waiting_calls, 0);
  EXPECT_EQ(after.dormant, before.dormant);
  EXPECT_EQ(after.activations - after.deactivations, 0);
  EXPECT_GE(after.activations - before.activations, lifetimes);
  EXPECT_EQ(world.store.memory.size(), stored);
  EXPECT_EQ(world.store.memory.bytes(), stored_bytes);
  EXPECT_EQ(world.environment.timer_count(), 0u);
}

TEST(IdleTest, AnIdleActorTakesLittleMemory) {
  const std::size_t actors = BytesInUse() > 0 ? 20'000 : 1'000;
  std::atomic<int> alive = 0;
  simulation::ManualEnvironment environment;
  store::MemoryStore store;
  ActorRuntime runtime(ActorRuntimeOptions(), environment, store);
  ASSERT_TRUE(runtime.Host(kPlayerType, [&alive] { return std::make_unique<Only>(alive); }).ok());
  const auto use = [&](std::size_t i) {
    auto call = std::make_shared<ActorCall>();
    call->actor = {"t.v1.Player", absl::StrCat("actor ", i)};
    call->done = [](const session::SharedOutcome&) {};
    runtime.Call(std::move(call));
    environment.RunReady();
  };
  use(0);
  const std::size_t before = BytesInUse();
  for (std::size_t i = 1; i < actors; ++i) use(i);
  EXPECT_EQ(alive, static_cast<int>(actors));
  const std::size_t active = BytesInUse() - before;
  environment.Advance(minutes(30));
  EXPECT_EQ(alive, 0);
  const std::size_t idle = BytesInUse() - before;
  RecordProperty("bytes_per_active_actor", static_cast<int>(active / actors));
  RecordProperty("bytes_per_idle_actor", static_cast<int>(idle / actors));
  EXPECT_LE(idle / actors, 600u);
  runtime.BeginShutdown();
  environment.RunReady();
}

}  // namespace
}  // namespace onager::actor
