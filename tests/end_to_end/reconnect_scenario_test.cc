// Servers that come and go.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using Door = World::Door;

class ReconnectScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    world_->StartServer();
  }
  World& world() { return *world_; }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, ReconnectScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(ReconnectScenarioTest, A43_ALongOutageEndsOnlyWhatCannotWait) {
  ClientOptions options = World::FastReconnect();
  options.reconnect_delay_max = absl::Seconds(1);
  Client client = world().NewClient(Door::kFront, options);
  Client other = world().NewClient(Door::kBack);
  CounterClient counter(client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  ASSERT_TRUE(world().Get(counter.Increment()).ok());
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 1; }));
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  auto hurried = counter.Increment(1, CallOptions().WithTimeout(absl::Milliseconds(100)));
  auto patient = counter.Increment(1, CallOptions().WithTimeout(absl::InfiniteDuration()));
  EXPECT_EQ(world().Get(std::move(hurried)).status().code(), absl::StatusCode::kDeadlineExceeded);
  ASSERT_TRUE(world().Get(CounterClient(other, "c").Increment()).ok());
  world().Pass(std::chrono::minutes(30));
  EXPECT_EQ(client.state(), ConnectionState::kReconnecting);
  world().ShutFront(false);
  EXPECT_EQ(world().Get(std::move(patient)).value(), 3);
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 3; }));
  EXPECT_EQ(client.stats().connections, 2u);
}

}  // namespace
}  // namespace onager::end_to_end
