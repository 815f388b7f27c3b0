#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/actor/player_actor.h"

// What one actor does delays no other.
namespace onager::actor {
namespace {

using std::chrono::seconds;

TEST(FairnessTest, A31_AnActorThatWaitsDelaysNoOther) {
  PlayerWorld world;
  std::vector<std::shared_ptr<PlayerWorld::Pending>> slow;
  for (int i = 0; i < 1000; ++i) slow.push_back(world.Call(absl::StrCat("slow", i), "sleep 5000; get"));
  const Time asked = world.environment.Now();
  const auto quick = world.Call("quick", "get");
  ASSERT_EQ(quick->ends, 1);
  EXPECT_EQ(quick->ended_at, asked);  // Virtual time: it waited for nothing.
  world.Pass(seconds(5));
  for (const auto& call : slow) EXPECT_EQ(call->ends, 1);
}

TEST(FairnessTest, AFloodOfCallsOfOneActorLetsAnotherHaveItsTurn) {
  PlayerWorld world;
  (void)world.Call("flooded", "get");
  (void)world.Call("quick", "get");
  std::vector<std::shared_ptr<PlayerWorld::Pending>> flood;
  for (int i = 0; i < 1000; ++i) flood.push_back(world.Start("flooded", "add 1"));
  const auto quick = world.Start("quick", "get");
  int steps = 0;
  while (quick->ends == 0) {
    ASSERT_TRUE(world.environment.RunNext());
    ++steps;
  }
  EXPECT_LE(steps,
            4);  // One run of the actor that is flooded, of a bounded number of its turns, goes before.
  int ended = 0;
  for (const auto& call : flood) ended += call->ends;
  EXPECT_LE(ended, 64);
  world.environment.RunReady();
  for (const auto& call : flood) EXPECT_EQ(call->ends, 1);
}

TEST(FairnessTest, CallsOfOneActorRunInTheOrderInWhichTheyCame) {
  PlayerWorld world;
  for (int i = 0; i < 200; ++i)
    (void)world.Start("a", absl::StrCat("log ", i, i % 7 == 0 ? "; sleep 1" : ""));
  world.Pass(seconds(1));
  ASSERT_EQ(world.log.lines.size(), 201u);
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(world.log.lines[static_cast<std::size_t>(i) + 1], absl::StrCat("a ", i));
}

TEST(FairnessTest, A32_EveryCallEndsWhateverHappensToItsActors) {
  PlayerWorld world;
  std::vector<std::shared_ptr<PlayerWorld::Pending>> calls;
  std::uint64_t seed = 1;
  const auto random = [&seed](std::uint64_t below) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (seed >> 33) % below;
  };
  const auto key = [&random] { return absl::StrCat("k", random(20)); };
  for (int i = 0; i < 10'000; ++i) {
    const std::vector<std::string> scripts = {
        "add 1",
        "sleep 50",
        "fail",
        "destroy",
        absl::StrCat("call ", key(), " Run {add 1; call ", key(), " Inside {add 1}}"),
        absl::StrCat("both {", key(), " Run {sleep 20}} {", key(), " Inside {add 1; fail}}"),
        absl::StrCat("drop ", key(), " Run {sleep 5}"),
        absl::StrCat("add 1; try ", key(), " Run {try ", key(), " Run {sleep 30}}")};
    const auto method = static_cast<PlayerMethod>(random(4));
    calls.push_back(world.Start(key(), scripts[random(scripts.size())], method,
                                world.environment.Now() + std::chrono::milliseconds(100 + random(2000))));
    if (random(10) == 0) calls[random(calls.size())]->call->Cancel();
    if (random(200) == 0) {
      world.store.hold = true;
    } else if (random(20) == 0) {
      world.store.hold = false;
      while (!world.store.held.empty()) {
        world.store.Complete(random(3) == 0 ? absl::UnavailableError("the disk is full") : absl::OkStatus());
      }
    }
    world.Pass(std::chrono::milliseconds(random(10)));
  }
  world.store.hold = false;
  while (!world.store.held.empty()) {
    world.store.Complete();
    world.environment.RunReady();
  }
  world.Pass(seconds(60));
  for (const auto& call : calls) ASSERT_EQ(call->ends, 1);
  EXPECT_EQ(world.runtime.stats().open_turns, 0);
  EXPECT_EQ(world.runtime.stats().waiting_calls, 0);
  world.Pass(std::chrono::hours(1));
  EXPECT_EQ(world.runtime.stats().cells, 0);
  EXPECT_EQ(world.log.instances, 0);
}

}  // namespace
}  // namespace onager::actor
