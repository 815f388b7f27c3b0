// A server that is drained, over in-process, simulated and real gRPC.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "actors.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using lab::v1::LabClient;
using lab::v1::LabState;
using Door = World::Door;

constexpr int kCalls = 50;

class DrainScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    world_->StartServer();
  }
  World& world() { return *world_; }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, DrainScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(DrainScenarioTest, A25_CallsInFlightEndWellAndEveryObserverHasSeenThem) {
  Client client = world().NewClient();
  Client observer = world().NewClient();
  std::vector<Journal<LabState>> journals(kCalls);
  std::vector<Subscription<LabState>> watches;
  for (int i = 0; i < kCalls; ++i) {
    watches.push_back(journals[static_cast<std::size_t>(i)]
                          .Attach(LabClient(observer, std::to_string(i)).Observe())
                          .Start());
  }
  ASSERT_TRUE(world().Until([&] {
    for (const auto& journal : journals) {
      if (journal.size() == 0) return false;
    }
    return true;
  }));
  std::vector<Call<std::int64_t>> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(LabClient(client, std::to_string(i)).AddSlowly(i, 200));
  }
  // They are at the server when one that came after them has been answered.
  ASSERT_TRUE(world().Get(LabClient(client, "last").Add(1)).ok());
  world().server().BeginDrain(std::chrono::seconds(30));
  EXPECT_TRUE(world().server().draining());
  for (int i = 0; i < kCalls; ++i) {
    const auto result = world().Get(std::move(calls[static_cast<std::size_t>(i)]));
    ASSERT_TRUE(result.ok()) << i << ": " << result.status();
    EXPECT_EQ(*result, i);
  }
  ASSERT_TRUE(world().Until([&] { return world().server().idle(); }));
  // Key 0 adds nothing, and so has no revision to show.
  for (std::size_t i = 1; i < journals.size(); ++i) {
    ASSERT_TRUE(world().Until([&] { return journals[i].revision() == 1; })) << i;
    EXPECT_EQ(journals[i].entries().back().state.value, static_cast<std::int64_t>(i));
    EXPECT_FALSE(journals[i].end().has_value()) << "the application is told of no end";
  }
}

TEST_P(DrainScenarioTest, WhatIsAskedForDuringTheDrainWaitsAndDoesNotFail) {
  Client client = world().NewClient();
  auto running = LabClient(client, "a").AddSlowly(1, 100);
  ASSERT_TRUE(world().Get(LabClient(client, "b").Add(1)).ok());
  world().server().BeginDrain(std::chrono::seconds(30));
  auto late = LabClient(client, "c").Add(5, CallOptions().WithTimeout(absl::Minutes(20)));
  EXPECT_TRUE(world().Get(std::move(running)).ok());
  ASSERT_TRUE(world().Until([&] { return world().server().idle(); }));
  // Nobody is there; it ends with the client, and not before.
  client.Close();
  EXPECT_EQ(world().Get(std::move(late)).status().code(), absl::StatusCode::kCancelled);
}

TEST_P(DrainScenarioTest, WhatDoesNotEndByTheDeadlineIsCancelled) {
  Client client = world().NewClient();
  auto endless = LabClient(client, "a").AddSlowly(1, 3'600'000);
  ASSERT_TRUE(world().Get(LabClient(client, "b").Add(1)).ok());
  world().server().BeginDrain(std::chrono::milliseconds(200));
  ASSERT_TRUE(world().Until([&] { return world().server().idle(); }));
  client.Close();
  EXPECT_FALSE(world().Get(std::move(endless)).ok());
}

TEST_P(DrainScenarioTest, NobodyComesInWhileItDrains) {
  Client client = world().NewClient();
  auto running = LabClient(client, "a").AddSlowly(1, 300);
  ASSERT_TRUE(world().Get(LabClient(client, "b").Add(1)).ok());
  world().server().BeginDrain(std::chrono::seconds(30));
  Mutex mutex;
  absl::Status reason;
  ClientOptions options = World::FastReconnect();
  options.on_connection_state = [&](ConnectionState, const absl::Status& status) {
    MutexLock lock(mutex);
    if (!status.ok()) reason = status;
  };
  {
    Client late = world().NewClient(Door::kFront, options);
    EXPECT_TRUE(world().Until([&] {
      MutexLock lock(mutex);
      return absl::IsUnavailable(reason);
    }));
  }
  EXPECT_TRUE(world().Get(std::move(running)).ok());
}

}  // namespace
}  // namespace onager::end_to_end
