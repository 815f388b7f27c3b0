// What a caller may choose: calls without a session, what is said of one call, where callbacks run.

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "actors.h"
#include "depot.h"
#include "stream_support.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using depot::v1::DepotClient;
using lab::v1::LabClient;
using Door = World::Door;

class PolicyScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    world_->StartServer();
    Depot::log.Reset();
  }
  World& world() { return *world_; }
  void GoOffline(const Client& client) {
    world().ShutFront(true);
    world().CutFront();
    ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, PolicyScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(PolicyScenarioTest, CallsWithoutASessionWaitFailOrQueueAsTheClientSays) {
  ClientOptions options = World::FastReconnect();
  options.offline = OfflinePolicy::Queue(2);
  Client client = world().NewClient(Door::kFront, options);
  LabClient lab(client, "l");
  ASSERT_TRUE(world().Get(lab.Add(1)).ok());
  GoOffline(client);
  auto first = lab.Add(1);
  auto second = lab.Add(1);
  EXPECT_EQ(world().Get(lab.Add(1)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world().Get(lab.Add(1, CallOptions().WhileOffline(OfflinePolicy::FailFast()))).status().code(),
            absl::StatusCode::kUnavailable);
  // Streams are calls.
  auto stream = DepotClient(client, "d").Count(1, CallOptions().WhileOffline(OfflinePolicy::FailFast()));
  EXPECT_EQ(GetStep(world(), stream.Read()).status().code(), absl::StatusCode::kUnavailable);
  auto waiting = lab.Add(1, CallOptions().WhileOffline(OfflinePolicy::Wait()));
  world().ShutFront(false);
  EXPECT_TRUE(world().Get(std::move(first)).ok());
  EXPECT_TRUE(world().Get(std::move(second)).ok());
  EXPECT_TRUE(world().Get(std::move(waiting)).ok());
  // What was refused has not run.
  EXPECT_EQ(world().Get(lab.Get(CallOptions().WhileOffline(OfflinePolicy::FailFast()))).value(), 4);
}

TEST_P(PolicyScenarioTest, ACallThatWasSentIsSentAgainWhateverThePolicy) {
  ClientOptions options = World::FastReconnect();
  options.offline = OfflinePolicy::FailFast();
  Client client = world().NewClient(Door::kFront, options);
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kConnected; }));
  LabClient lab(client, "l");
  auto call = lab.AddSlowly(1, 100);
  ASSERT_TRUE(world().Until([&] { return world().server().usage().calls_running == 1; }));
  GoOffline(client);
  world().ShutFront(false);
  EXPECT_EQ(world().Get(std::move(call)).value(), 1);
}

TEST_P(PolicyScenarioTest, TheSoonerOfTimeoutAndDeadlineEndsACall) {
  Client client = world().NewClient();
  LabClient lab(client, "l");
  EXPECT_EQ(
      world()
          .Get(lab.AddSlowly(1, 60'000, CallOptions().WithDeadline(absl::Now() + absl::Milliseconds(50))))
          .status()
          .code(),
      absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(world()
                .Get(LabClient(client, "m")
                         .AddSlowly(1, 60'000,
                                    CallOptions()
                                        .WithDeadline(absl::Now() + absl::Hours(1))
                                        .WithTimeout(absl::Milliseconds(50))))
                .status()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(world().Get(lab.Get(CallOptions().WithDeadline(absl::InfinitePast()))).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_P(PolicyScenarioTest, OneCancellationEndsManyCallsAndEveryLaterOne) {
  Client client = world().NewClient();
  LabClient lab(client, "l");
  Cancellation cancellation;
  std::vector<Call<std::int64_t>> calls;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(lab.AddSlowly(1, 3'600'000, CallOptions().CancelledBy(cancellation)));
  }
  auto stream = DepotClient(client, "d")
                    .Count(1, CallOptions().WithTimeout(absl::InfiniteDuration()).CancelledBy(cancellation));
  EXPECT_EQ(GetStep(world(), stream.Read()).value(), 1);
  auto other = LabClient(client, "other").Add(1);
  EXPECT_FALSE(cancellation.cancelled());
  cancellation.Cancel();
  EXPECT_TRUE(cancellation.cancelled());
  for (auto& call : calls) {
    EXPECT_EQ(world().Get(std::move(call)).status().code(), absl::StatusCode::kCancelled);
  }
  EXPECT_EQ(GetStep(world(), stream.Read()).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(world().Get(lab.Add(1, CallOptions().CancelledBy(cancellation))).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_TRUE(world().Get(std::move(other)).ok());
  ASSERT_TRUE(world().Until([&] { return world().server().usage().calls_running == 0; }));
}

// A server that was restarted cannot know whether a call ran: the caller may say what is to become of it.
TEST_P(PolicyScenarioTest, TheCallerMayDecideWhetherACallRunsASecondTime) {
  Client client = world().NewClient();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kConnected; }));
  const auto begin = [&](const char* key, bool may) {
    return LabClient(client, key)
        .AddSlowly(1, 300, CallOptions().WithTimeout(absl::Minutes(20)).MayRunAgain(may));
  };
  auto again = begin("again", true);
  auto once = begin("once", false);
  ASSERT_TRUE(world().Until([&] { return world().server().usage().calls_running == 2; }));
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return world().server().usage().sessions == 0; }));
  world().StopServer();
  world().StartServer();
  world().ShutFront(false);
  EXPECT_EQ(world().Get(std::move(again)).value(), 1);
  EXPECT_EQ(world().Get(std::move(once)).status().code(), absl::StatusCode::kUnavailable);
}

/// An executor of the application's: a queue that the test runs, or drops. Thread-safe.
class TestExecutor final : public Executor {
 public:
  void Post(Function function) override {
    bool inline_now = false;
    {
      MutexLock lock(mutex_);
      ++posted_;
      if (drop_) return;
      inline_now = inline_;
      if (!inline_now) functions_.push_back(std::move(function));
    }
    if (inline_now) function();
  }
  bool RunOne() {
    Function function;
    {
      MutexLock lock(mutex_);
      if (functions_.empty()) return false;
      function = std::move(functions_.front());
      functions_.pop_front();
    }
    function();
    return true;
  }
  void RunInline(bool inline_now) {
    MutexLock lock(mutex_);
    inline_ = inline_now;
  }
  void Drop(bool drop) {
    MutexLock lock(mutex_);
    drop_ = drop;
  }
  void Clear() {
    std::deque<Function> dropped;
    MutexLock lock(mutex_);
    dropped.swap(functions_);
  }
  int posted() {
    MutexLock lock(mutex_);
    return posted_;
  }
  bool waiting() {
    MutexLock lock(mutex_);
    return !functions_.empty();
  }

 private:
  Mutex mutex_;
  std::deque<Function> functions_ ABSL_GUARDED_BY(mutex_);
  bool inline_ ABSL_GUARDED_BY(mutex_) = false;
  bool drop_ ABSL_GUARDED_BY(mutex_) = false;
  int posted_ ABSL_GUARDED_BY(mutex_) = 0;
};

class ExecutorScenarioTest : public PolicyScenarioTest {
 protected:
  Client NewClient() {
    ClientOptions options = World::FastReconnect();
    options.callback_executor = executor_;
    return world().NewClient(Door::kFront, options);
  }
  void RunUntil(const std::function<bool()>& done) {
    EXPECT_TRUE(world().Until([&] {
      while (executor_->RunOne()) {
      }
      return done();
    }));
  }

  std::shared_ptr<TestExecutor> executor_ = std::make_shared<TestExecutor>();
};

INSTANTIATE_TEST_SUITE_P(Worlds, ExecutorScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(ExecutorScenarioTest, CallbacksRunWhereTheApplicationSaysAndInOrder) {
  Client client = NewClient();
  CounterClient counter(client, "c");
  const std::thread::id here = std::this_thread::get_id();
  std::vector<std::uint64_t> revisions;
  int results = 0;
  auto watch = counter.Observe()
                   .OnUpdate([&](const Update<CounterState>& update) {
                     EXPECT_EQ(std::this_thread::get_id(), here);
                     revisions.push_back(update.revision);
                   })
                   .Start();
  for (int i = 0; i < 20; ++i) {
    counter.Increment().Then([&](const absl::StatusOr<std::int64_t>&) {
      EXPECT_EQ(std::this_thread::get_id(), here);
      ++results;
    });
  }
  ASSERT_TRUE(world().Until([&] { return executor_->waiting(); }));
  EXPECT_TRUE(revisions.empty());
  RunUntil([&] { return results == 20 && !revisions.empty() && revisions.back() == 20; });
  EXPECT_TRUE(std::is_sorted(revisions.begin(), revisions.end()));
}

TEST_P(ExecutorScenarioTest, AnExecutorMayRunWhatItIsGivenAtOnce) {
  executor_->RunInline(true);
  Client client = NewClient();
  CounterClient counter(client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(world().Get(counter.Increment()).ok());
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 20; }));
  client.Close();
  EXPECT_TRUE(journal.end().has_value());
}

TEST_P(ExecutorScenarioTest, WhatAnExecutorDropsIsMadeUpForAndNothingHangs) {
  auto client = std::make_unique<Client>(NewClient());
  CounterClient counter(*client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  executor_->Drop(true);
  ASSERT_TRUE(world().Until([&] { return executor_->posted() > 0; }));
  executor_->Drop(false);
  counter.Increment().Then([](const absl::StatusOr<std::int64_t>&) {});
  RunUntil([&] { return journal.revision() == 1; });
  // What waits when the client goes runs then, and what the executor still holds comes to nothing.
  const std::uint64_t deltas = client->stats().deltas;
  counter.Increment().Then([](const absl::StatusOr<std::int64_t>&) {});
  ASSERT_TRUE(world().Until([&] { return client->stats().deltas > deltas && executor_->waiting(); }));
  client.reset();
  EXPECT_EQ(journal.revision(), 2u);
  ASSERT_TRUE(journal.end().has_value());
  const std::size_t seen = journal.size();
  while (executor_->RunOne()) {
  }
  EXPECT_EQ(journal.size(), seen);
}

TEST_P(ExecutorScenarioTest, AnExecutorMayOutliveTheClientWithWhatItHolds) {
  {
    Client client = NewClient();
    CounterClient counter(client, "c");
    Journal<CounterState> journal;
    auto watch = journal.Attach(counter.Observe()).Start();
    ASSERT_TRUE(world().Until([&] { return executor_->waiting(); }));
  }
  executor_->Clear();
  while (executor_->RunOne()) {
  }
}

// Head of line: callbacks that do not come to an end hold up those of one subscription, and nothing else.
TEST_P(ExecutorScenarioTest, ACallbackThatBlocksHoldsUpNothingElseOfItsSession) {
  Client client = world().NewClient();
  CounterClient counter(client, "c");
  Journal<CounterState> slow;
  Journal<CounterState> quick;
  auto slow_watch = slow.Attach(counter.Observe().CallBackOn(executor_)).Start();
  auto quick_watch = quick.Attach(counter.Observe()).Start();
  const Time begin = world().environment().clock.Now();
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(world().Get(counter.Increment()).ok());
  ASSERT_TRUE(world().Until([&] { return quick.revision() == 500; }));
  EXPECT_EQ(slow.size(), 0u);
  if (GetParam().name == "Simulated") {
    // Each call is a way there and back, of one to ten milliseconds each, and waits for nothing else.
    EXPECT_LT(world().environment().clock.Now() - begin, 500 * std::chrono::milliseconds(21));
  }
  // What waited came as few steps, and the last one is the state as it is.
  RunUntil([&] { return slow.revision() == 500; });
  EXPECT_LT(slow.size(), 64u);
  slow_watch.Close();
}

}  // namespace
}  // namespace onager::end_to_end
