#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <set>

#include "tests/simulation/list_scenario.h"

namespace onager::simulation {
namespace {

constexpr std::uint64_t kSchedules = 10'000;

// Builds that are slow run fewer.
std::uint64_t Schedules() {
  const char* const count = std::getenv("ONAGER_SCHEDULES");
  return count == nullptr ? kSchedules : std::strtoull(count, nullptr, 10);
}

TEST(SchedulesTest, A44_OneSeedIsOneRunAndAnotherSeedAnother) {
  const Scenario<ListTest> scenario = ListScenario();
  std::set<std::uint64_t> hashes;
  const std::uint64_t seeds = Schedules() / 100;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome first = scenario.Run(seed);
    const Outcome second = scenario.Run(seed);
    ASSERT_EQ(first.trace_hash, second.trace_hash) << "seed " << seed << "\n" << first << "\n" << second;
    EXPECT_EQ(first.trace_length, second.trace_length);
    hashes.insert(first.trace_hash);
  }
  ASSERT_GT(seeds, 1u);
  EXPECT_EQ(hashes.size(), seeds);
}

TEST(SchedulesTest, A44_TheSameFaultAtAnotherTimeIsAnotherRun) {
  const Scenario<ListTest> scenario = ListScenario();
  const Outcome one = scenario.Run(Schedule(1, {{"add", 0}, {"cut", 0, 0, absl::Milliseconds(50)}}));
  const Outcome other = scenario.Run(Schedule(1, {{"add", 0}, {"cut", 0, 0, absl::Milliseconds(51)}}));
  EXPECT_TRUE(one.ok()) << one;
  EXPECT_TRUE(other.ok()) << other;
  EXPECT_NE(one.trace_hash, other.trace_hash);
}

TEST(SchedulesTest, A16_TenThousandRandomSchedulesEndWithEveryReplicaRightAndEveryGapExplained) {
  const Exploration found = ListScenario().Explore(/*first_seed=*/1, Schedules());
  EXPECT_TRUE(found.ok()) << found;
  EXPECT_EQ(found.schedules, Schedules());
  EXPECT_GT(ListTest::copies_compared(), 10 * Schedules());
  EXPECT_GT(ListTest::slow_ended(), Schedules() / 100);
  for (std::size_t i = 0; i < kFaults; ++i) {
    EXPECT_GT(found.faults[FaultAt(i)], Schedules() / 100) << FaultName(FaultAt(i));
  }
}

}  // namespace
}  // namespace onager::simulation
