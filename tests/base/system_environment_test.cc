#include "runtime/base/system_environment.h"

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/mutex.h"

namespace onager {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Values that other threads bring, and a wait for them.
class Inbox {
 public:
  void Put(int value) {
    MutexLock lock(mutex_);
    values_.push_back(value);
    changed_.NotifyAll();
  }
  std::vector<int> WaitFor(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    MutexLock lock(mutex_);
    while (values_.size() < count) {
      if (!changed_.WaitUntil(mutex_, deadline)) break;
    }
    return values_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<int> values_;
};

SystemEnvironmentOptions OneThread() {
  SystemEnvironmentOptions options;
  options.thread_count = 1;  // So that functions run in the order in which their timers fire.
  return options;
}

TEST(SystemEnvironmentTest, TimersFireInTheirOrderAndNotBeforeTheirTime) {
  Inbox inbox;
  std::optional<Time> fired_at;
  SystemEnvironment system(OneThread());
  const Environment environment = system;
  const Time start = environment.clock.Now();
  environment.timers.At(start + milliseconds(30), [&] {
    fired_at = environment.clock.Now();
    inbox.Put(3);
  });
  environment.timers.At(start + milliseconds(20), [&] { inbox.Put(2); });
  environment.timers.At(start - hours(1), [&] { inbox.Put(1); });
  EXPECT_EQ(inbox.WaitFor(3), std::vector<int>({1, 2, 3}));
  EXPECT_GE(*fired_at, start + milliseconds(30));
}

TEST(SystemEnvironmentTest, TimersOfOneTimeKeepTheOrderOfTheirMaking) {
  Inbox inbox;
  SystemEnvironment system(OneThread());
  const Environment environment = system;
  const Time when = environment.clock.Now() + milliseconds(10);
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(i);
    EXPECT_NE(environment.timers.At(when, [&inbox, i] { inbox.Put(i); }), 0U);
  }
  EXPECT_EQ(inbox.WaitFor(100), expected);
}

TEST(SystemEnvironmentTest, ACancelledTimerDoesNotFire) {
  Inbox inbox;
  SystemEnvironment system(OneThread());
  const Environment environment = system;
  auto held = std::make_shared<int>(0);
  const Timers::Id id = environment.timers.At(environment.clock.Now() + hours(1), [held] {});
  EXPECT_TRUE(environment.timers.Cancel(id));
  EXPECT_EQ(held.use_count(), 1) << "its function is gone at once";
  EXPECT_FALSE(environment.timers.Cancel(id));
  EXPECT_FALSE(environment.timers.Cancel(12345));
  const Timers::Id fired = environment.timers.At(environment.clock.Now(), [&] { inbox.Put(1); });
  inbox.WaitFor(1);
  EXPECT_FALSE(environment.timers.Cancel(fired));
}

TEST(SystemEnvironmentTest, AnEarlierTimerWakesTheThreadThatWaitsForALaterOne) {
  Inbox inbox;
  SystemEnvironment system;
  const Environment environment = system;
  environment.timers.At(kNever, [] { ADD_FAILURE(); });
  environment.timers.At(environment.clock.Now() + hours(10), [] { ADD_FAILURE(); });
  environment.timers.At(environment.clock.Now() + milliseconds(1), [&] { inbox.Put(1); });
  EXPECT_EQ(inbox.WaitFor(1).size(), 1U);
}

TEST(SystemEnvironmentTest, DestructionDropsTimersAndFinishesWhatIsQueued) {
  Inbox inbox;
  auto held = std::make_shared<int>(0);
  {
    SystemEnvironment system(OneThread());
    const Environment environment = system;
    environment.timers.At(environment.clock.Now() + hours(1), [held] { ADD_FAILURE(); });
    for (int i = 0; i < 100; ++i) {
      environment.executor.Post([&inbox, environment, i] {
        inbox.Put(i);
        environment.timers.At(environment.clock.Now(), [] {});
        environment.executor.Post([] {});
        (void)environment.random.Next();
      });
    }
  }
  EXPECT_EQ(inbox.WaitFor(0).size(), 100U);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(SystemEnvironmentTest, RandomNumbersDifferBetweenEnvironments) {
  SystemEnvironment one;
  SystemEnvironment other;
  EXPECT_NE(one.environment().random.Next(), other.environment().random.Next());
}

}  // namespace
}  // namespace onager
