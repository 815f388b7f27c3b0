// What is left of clients that have gone, in each world.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors.h"
#include "depot.h"
#include "stream_support.h"
#include "world.h"

namespace onager::server {

void PrintTo(const ServerUsage& usage, std::ostream* out) {
  *out << usage.sessions << " sessions, " << usage.clients << " clients, " << usage.calls_running
       << " calls run, " << usage.calls_ended << " outcomes of " << usage.outcome_bytes << " bytes, "
       << usage.subscriptions << " subscriptions, " << usage.reply_bytes << " bytes of replies";
}

}  // namespace onager::server

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using depot::v1::DepotClient;
using lab::v1::LabClient;
using Door = World::Door;
using server::ServerUsage;

class LifetimeScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    Depot::log.Reset();
  }
  World& world() { return *world_; }
  bool NothingIsLeft() {
    return world().Until([this] { return world().server().usage() == ServerUsage(); });
  }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, LifetimeScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(LifetimeScenarioTest, A12_AClientThatLeavesTakesEverythingOfItsWithIt) {
  world().StartServer();
  std::optional<Client> client = world().NewClient();
  CounterClient counter(*client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  ASSERT_TRUE(world().Get(counter.Increment()).ok());
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 1; }));
  auto sleeping = LabClient(*client, "l").AddSlowly(1, 3'600'000, CallOptions().WithTimeout(absl::Hours(2)));
  // Its handler waits for a reader that will never read again.
  auto stream = DepotClient(*client, "d").Count(1, CallOptions().WithTimeout(absl::InfiniteDuration()));
  ASSERT_TRUE(GetStep(world(), stream.Read()).ok());
  ASSERT_TRUE(world().Until([&] {
    const ServerUsage usage = world().server().usage();
    return usage.clients == 1 && usage.subscriptions == 1 && usage.calls_running == 2;
  }));

  const Time begin = world().environment().clock.Now();
  client.reset();
  EXPECT_TRUE(NothingIsLeft()) << testing::PrintToString(world().server().usage());
  ASSERT_TRUE(world().Until([] { return Depot::log.end().has_value(); }));
  EXPECT_EQ(Depot::log.end()->code(), absl::StatusCode::kCancelled);
  EXPECT_LT(world().environment().clock.Now() - begin, std::chrono::seconds(1));
}

TEST_P(LifetimeScenarioTest, AGoodbyeFollowsWhatWasStillBeingWritten) {
  world().StartServer();
  for (int round = 0; round < 20; ++round) {
    std::optional<Client> client = world().NewClient();
    LabClient lab(*client, "l");
    if (round % 2 == 0) {
      ASSERT_TRUE(world().Get(lab.Get()).ok());
    }
    // Two megabytes are under way, or the connection itself.
    auto call = lab.Echo(Bytes(std::string(2'000'000, 'x')));
    client.reset();
    const absl::Status end = world().Get(std::move(call)).status();
    EXPECT_TRUE(end.ok() || end.code() == absl::StatusCode::kCancelled) << end;
  }
  EXPECT_TRUE(NothingIsLeft()) << testing::PrintToString(world().server().usage());
}

}  // namespace
}  // namespace onager::end_to_end
