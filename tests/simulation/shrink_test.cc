#include <gtest/gtest.h>

#include "onager/testing/scenario.h"

namespace onager::simulation {
namespace {

/// Breaks when a right step of at least 10 comes after a left one of client 1.
class FragileTest {
 public:
  explicit FragileTest(Simulation& simulation) {
    simulation.StartServer();
    for (int i = 0; i < 2; ++i) simulation.AddClient();
  }

  void Left(std::size_t client, std::uint64_t) { left_ = left_ || client == 1; }
  void Right(std::size_t, std::uint64_t number) { broken_ = broken_ || (left_ && number >= 10); }
  void Other(std::size_t, std::uint64_t) {}
  absl::Status IsWhole() { return broken_ ? absl::DataLossError("it broke\ninto pieces") : absl::OkStatus(); }

 private:
  bool left_ = false;
  bool broken_ = false;
};

Scenario<FragileTest> FragileScenario() {
  ScenarioOptions options;
  options.steps_min = options.steps_max = 60;
  return Scenario<FragileTest>("Fragile", options)
      .Does("left", 1, &FragileTest::Left)
      .Does("right", 1, &FragileTest::Right, /*number_max=*/100)
      .Does("other", 10, &FragileTest::Other)
      .SuffersAll()
      .Always("it is whole", &FragileTest::IsWhole);
}

TEST(ShrinkTest, AFailureIsReducedToTheStepsAndNumbersThatMatter) {
  const Scenario<FragileTest> scenario = FragileScenario();
  const Exploration found = scenario.Explore(1, 20);
  ASSERT_FALSE(found.ok());
  for (const std::uint64_t seed : found.failed_seeds) {
    const Schedule shrunk = scenario.Shrink(scenario.ScheduleOf(seed));
    EXPECT_EQ(shrunk, Schedule(seed, {{"left", 1}, {"right", 0, 10}})) << scenario.ToTest(shrunk);
  }
}

TEST(ShrinkTest, AFailureIsPrintedAsATest) {
  const Exploration found = FragileScenario().Explore(1, 20);
  ASSERT_FALSE(found.ok());
  const std::string seed = std::to_string(found.failed_seeds.front());
  EXPECT_EQ(found.first_failure, "TEST(FragileTest, Seed" + seed + R"() {
  // it is whole: it broke into pieces
  const onager::simulation::Schedule schedule(
      )" + seed + R"(,
      {
          {"left", 1},
          {"right", 0, 10},
      });
  const onager::simulation::Outcome outcome = FragileScenario().Run(schedule);
  EXPECT_TRUE(outcome.ok()) << outcome;
}
)");
}

// What the test above prints, pasted; only that it is expected to fail.
TEST(ShrinkTest, APrintedTestFailsAsTheScheduleDid) {
  const onager::simulation::Schedule schedule(3, {
                                                     {"left", 1},
                                                     {"right", 0, 10},
                                                 });
  const onager::simulation::Outcome outcome = FragileScenario().Run(schedule);
  EXPECT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.violated, "it is whole");
  EXPECT_EQ(outcome.steps_done, 2u);
}

TEST(ShrinkTest, AScheduleThatDoesNotFailStaysAsItIs) {
  const Schedule schedule(1, {{"left", 1}, {"right", 0, 9}});
  EXPECT_EQ(FragileScenario().Shrink(schedule), schedule);
}

TEST(ScenarioTest, AStepThatIsNoneIsAnError) {
  EXPECT_EQ(FragileScenario().Run(Schedule(1, {{"nonsense", 0}})).violated, "the schedule");
  EXPECT_EQ(FragileScenario().Run(Schedule(1, {{"left", 2}})).violated, "the schedule");
}

TEST(ScenarioTest, SchedulesAreOfTheirSeed) {
  EXPECT_EQ(FragileScenario().ScheduleOf(5), FragileScenario().ScheduleOf(5));
  EXPECT_NE(FragileScenario().ScheduleOf(5).steps, FragileScenario().ScheduleOf(6).steps);
}

}  // namespace
}  // namespace onager::simulation
