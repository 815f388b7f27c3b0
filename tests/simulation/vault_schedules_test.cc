#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>

#include "tests/simulation/vault_scenario.h"

namespace onager::simulation {
namespace {

std::uint64_t Schedules() {
  constexpr std::uint64_t kSchedules = 3'000;
  const char* const count = std::getenv("ONAGER_SCHEDULES");  // Builds that are slow run fewer.
  return count == nullptr ? kSchedules : std::strtoull(count, nullptr, 10);
}

TEST(VaultSchedulesTest, A45_WhateverCrashesNothingAcknowledgedIsLostAndNothingRunsTwice) {
  const Exploration found = VaultScenario().Explore(/*first_seed=*/1, Schedules());
  EXPECT_TRUE(found.ok()) << found;
  EXPECT_EQ(found.schedules, Schedules());
  EXPECT_GT(found.faults[Fault::kCrash], Schedules() / 4);
  EXPECT_GT(found.faults[Fault::kRestart], Schedules() / 4);
}

TEST(VaultSchedulesTest, OneSeedIsOneRun) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(VaultScenario().Run(seed).trace_hash, VaultScenario().Run(seed).trace_hash) << "seed " << seed;
  }
}

}  // namespace
}  // namespace onager::simulation
