#include "runtime/testing/manual_environment.h"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onager::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

TEST(ManualEnvironmentTest, NothingRunsByItself) {
  ManualEnvironment manual;
  const Environment environment = manual;
  std::vector<int> order;
  environment.executor.Post([&] {
    order.push_back(1);
    environment.executor.Post([&] { order.push_back(3); });
  });
  environment.executor.Post([&] { order.push_back(2); });
  EXPECT_TRUE(order.empty());
  EXPECT_EQ(manual.ready_count(), 2U);
  EXPECT_EQ(manual.RunReady(), 3U);
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(ManualEnvironmentTest, AdvanceRunsEachTimerAtItsTime) {
  ManualEnvironment manual;
  const Environment environment = manual;
  const Time start = manual.Now();
  std::vector<Duration> times;
  const auto note = [&] { times.push_back(environment.clock.Now() - start); };
  environment.timers.At(start + seconds(3), note);
  environment.timers.At(start + seconds(1), [&] {
    note();
    environment.executor.Post(note);
    environment.timers.At(environment.clock.Now() + milliseconds(500), note);
  });
  environment.timers.At(start + seconds(4), note);
  manual.Advance(seconds(3));
  EXPECT_THAT(times, ElementsAre(seconds(1), seconds(1), milliseconds(1500), seconds(3)));
  EXPECT_EQ(manual.Now(), start + seconds(3));
  EXPECT_EQ(manual.timer_count(), 1U);
}

TEST(ManualEnvironmentTest, CancelTellsWhetherItCameInTime) {
  ManualEnvironment manual;
  const Environment environment = manual;
  bool ran = false;
  const Timers::Id cancelled = environment.timers.At(manual.Now() + seconds(1), [&] { ran = true; });
  EXPECT_NE(cancelled, 0U);
  EXPECT_TRUE(environment.timers.Cancel(cancelled));
  EXPECT_FALSE(environment.timers.Cancel(cancelled));
  const Timers::Id fired = environment.timers.At(manual.Now() + seconds(1), [] {});
  manual.Advance(seconds(1));
  EXPECT_FALSE(ran);
  EXPECT_FALSE(environment.timers.Cancel(fired));
}

TEST(ManualEnvironmentTest, RunNextGoesOneStepAtATime) {
  ManualEnvironment manual;
  const Environment environment = manual;
  const Time start = manual.Now();
  int steps = 0;
  environment.timers.At(start + seconds(5), [&] { ++steps; });
  environment.executor.Post([&] { ++steps; });
  EXPECT_TRUE(manual.RunNext());
  EXPECT_EQ(manual.Now(), start);
  EXPECT_TRUE(manual.RunNext());
  EXPECT_EQ(manual.Now(), start + seconds(5));
  EXPECT_FALSE(manual.RunNext());
  EXPECT_EQ(steps, 2);
}

TEST(ManualEnvironmentTest, RunUntilStopsWhenItsPredicateHolds) {
  ManualEnvironment manual;
  const Environment environment = manual;
  const Time start = manual.Now();
  int ticks = 0;
  std::function<void()> tick = [&] {
    ++ticks;
    environment.timers.At(environment.clock.Now() + seconds(1), tick);
  };
  tick();
  EXPECT_TRUE(manual.RunUntil([&] { return ticks == 5; }, seconds(100)));
  EXPECT_EQ(manual.Now(), start + seconds(4));
  EXPECT_FALSE(manual.RunUntil([&] { return ticks == 500; }, seconds(100)));
  EXPECT_EQ(manual.Now(), start + seconds(104));
}

TEST(ManualEnvironmentTest, TimersThatNeverComeDoNotMoveTheClock) {
  ManualEnvironment manual;
  const Environment environment = manual;
  environment.timers.At(kNever, [] { ADD_FAILURE(); });
  const Time start = manual.Now();
  EXPECT_FALSE(manual.RunUntil([] { return false; }, Duration::max()));
  EXPECT_FALSE(manual.RunNext());
  EXPECT_EQ(manual.Now(), start);
}

TEST(ManualEnvironmentTest, ToleratesPostsFromOtherThreads) {
  ManualEnvironment manual;
  const Environment environment = manual;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) {
        environment.executor.Post([&] { ++count; });
        environment.timers.At(environment.clock.Now() + seconds(1), [&] { ++count; });
        (void)environment.random.Next();
      }
    });
  }
  manual.RunReady();
  for (std::thread& thread : threads) thread.join();
  manual.Advance(seconds(1));
  EXPECT_EQ(count, 4000);
}

TEST(ManualEnvironmentTest, DestructionDropsWhatHasNotRun) {
  auto held = std::make_shared<int>(0);
  struct PostsWhenDropped {
    Environment environment;
    std::shared_ptr<int> held;
    ~PostsWhenDropped() {
      environment.executor.Post([held = held] { ADD_FAILURE(); });
      environment.timers.Cancel(environment.timers.At(Time(), [held = held] { ADD_FAILURE(); }));
    }
  };
  {
    ManualEnvironment manual;
    const Environment environment = manual;
    auto dropped = std::make_shared<PostsWhenDropped>(environment, held);
    environment.executor.Post([dropped] { ADD_FAILURE(); });
    environment.timers.At(manual.Now() + seconds(1),
                          [other = std::make_shared<PostsWhenDropped>(environment, held)] {});
  }
  EXPECT_EQ(held.use_count(), 1);
}

std::string RandomTrace(std::uint64_t seed) {
  ManualEnvironmentOptions options;
  options.seed = seed;
  ManualEnvironment manual(options);
  const Environment environment = manual;
  std::string trace;
  std::function<void()> hop = [&] {
    trace += std::to_string(environment.clock.Now().time_since_epoch().count()) + " ";
    environment.timers.At(environment.clock.Now() + Duration(environment.random.Next() % 1'000'000), hop);
    if (environment.random.Next() % 3 == 0) environment.executor.Post([&] { trace += "x "; });
  };
  hop();
  manual.Advance(milliseconds(50));
  return trace;
}

TEST(ManualEnvironmentTest, TheSameSeedGivesTheSameTrace) {
  EXPECT_GT(RandomTrace(3).size(), 500U);
  EXPECT_EQ(RandomTrace(3), RandomTrace(3));
  EXPECT_NE(RandomTrace(3), RandomTrace(4));
}

TEST(ManualEnvironmentDeathTest, AnEndlessLoopFailsWithAMessage) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  ManualEnvironmentOptions options;
  options.seed = 77;
  options.steps_max = 1000;
  ManualEnvironment manual(options);
  const Environment environment = manual;
  std::function<void()> again = [&] { environment.executor.Post(again); };
  again();
  EXPECT_DEATH(manual.RunReady(), "RunReady: gave up after 1000 steps .*seed 77");
  EXPECT_DEATH(manual.Advance(seconds(1)), "Advance: gave up");
  EXPECT_DEATH((void)manual.RunUntil([] { return false; }, seconds(1)), "RunUntil: gave up");
}

}  // namespace
}  // namespace onager::simulation
