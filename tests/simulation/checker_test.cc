// The checks of the random schedules can fail: each thing that they are for, done wrong on purpose.

#include <gtest/gtest.h>

#include "tests/simulation/list_scenario.h"

namespace onager::simulation {
namespace {

using todo::v1::Todo;
using todo::v1::TodoListState;

TodoListState StateOf(std::initializer_list<const char*> ids, std::int32_t pending) {
  TodoListState state;
  state.pending_count = pending;
  for (const char* id : ids) state.todos.Append(Todo().with_id(id).with_title(id));
  return state;
}

class CheckerTest : public testing::Test {
 protected:
  CheckerTest() {
    for (std::uint64_t revision = 1; revision <= 4; ++revision) {
      EXPECT_TRUE(history_.Commit(7, revision, At(revision)).ok());
    }
  }

  static TodoListState At(std::uint64_t revision) {
    return StateOf({"a"}, static_cast<std::int32_t>(revision));
  }
  static Shown Snapshot(std::uint64_t revision) {
    Shown shown = Delta(0, revision);
    shown.snapshot = ResyncReason::kInitial;
    return shown;
  }
  static Shown Delta(std::uint64_t base, std::uint64_t revision) {
    Shown shown;
    shown.epoch = 7;
    shown.base = base;
    shown.revision = revision;
    shown.state = At(revision);
    return shown;
  }

  History history_;
  SubscriptionChecker checker_{history_, Look()};
};

TEST_F(CheckerTest, WhatIsRightPasses) {
  EXPECT_TRUE(checker_.Show(Snapshot(1)).ok());
  EXPECT_TRUE(checker_.Show(Delta(1, 2)).ok());
  EXPECT_TRUE(checker_.Show(Delta(2, 4)).ok());
  EXPECT_TRUE(checker_.CheckReplica(7, 4, At(4)).ok());
  EXPECT_TRUE(checker_.CheckIsLive().ok());
}

TEST_F(CheckerTest, AGapIsFound) {
  EXPECT_TRUE(checker_.Show(Snapshot(1)).ok());
  EXPECT_FALSE(checker_.Show(Delta(2, 3)).ok());
}

TEST_F(CheckerTest, ADuplicateIsFound) {
  EXPECT_TRUE(checker_.Show(Snapshot(1)).ok());
  EXPECT_TRUE(checker_.Show(Delta(1, 2)).ok());
  EXPECT_FALSE(checker_.Show(Delta(1, 2)).ok());
}

TEST_F(CheckerTest, ASnapshotThatGoesBackIsFound) {
  EXPECT_TRUE(checker_.Show(Snapshot(3)).ok());
  EXPECT_FALSE(checker_.Show(Snapshot(2)).ok());
}

TEST_F(CheckerTest, AFirstUpdateWithoutASnapshotIsFound) { EXPECT_FALSE(checker_.Show(Delta(0, 1)).ok()); }

TEST_F(CheckerTest, AStateThatNeverWasIsFound) {
  Shown shown = Snapshot(2);
  shown.state.pending_count = 3;
  EXPECT_FALSE(checker_.Show(shown).ok());
  EXPECT_FALSE(checker_.Show(Snapshot(5)).ok());
}

TEST_F(CheckerTest, AReplicaThatChangesByItselfIsFound) {
  EXPECT_TRUE(checker_.Show(Snapshot(2)).ok());
  EXPECT_FALSE(checker_.CheckReplica(7, 2, At(3)).ok());
  EXPECT_FALSE(checker_.CheckReplica(7, 1, At(1)).ok());
}

TEST_F(CheckerTest, AnUpdateThatDoesNotComeIsFound) {
  EXPECT_FALSE(checker_.CheckIsLive().ok());
  EXPECT_TRUE(checker_.Show(Snapshot(3)).ok());
  EXPECT_FALSE(checker_.CheckIsLive().ok());
}

TEST_F(CheckerTest, WhatAFilterHoldsBackIsNotMissedAndWhatItLetsPassIs) {
  Look look;
  look.gate = Look::Gate::kPendingAtLeast;
  look.bound = 5;
  SubscriptionChecker checker(history_, look);
  EXPECT_TRUE(checker.Show(Snapshot(2)).ok());
  EXPECT_TRUE(checker.CheckIsLive().ok());
  EXPECT_TRUE(history_.Commit(7, 5, At(5)).ok());
  EXPECT_FALSE(checker.CheckIsLive().ok());
}

TEST_F(CheckerTest, ACommitThatDoesNotFollowTheLastOneIsFound) {
  EXPECT_FALSE(history_.Commit(7, 4, At(4)).ok());
  EXPECT_FALSE(history_.Commit(7, 6, At(6)).ok());
  EXPECT_TRUE(history_.Commit(8, 1, At(1)).ok());
  EXPECT_FALSE(history_.Commit(7, 5, At(5)).ok());  // Somebody still owns what was over.
}

TEST_F(CheckerTest, WhatAViewHidesMayNotBeShown) {
  Look look;
  look.sight = Look::Sight::kLabelled;
  look.word = "red";
  SubscriptionChecker checker(history_, look);
  EXPECT_FALSE(checker.Show(Snapshot(2)).ok());
}

/// Looks away now and then, as if the runtime had lost an update.
class InattentiveTest final : public ListTest {
 public:
  using ListTest::ListTest;

 private:
  bool Notices(std::uint64_t update) const override { return update % 7 != 0; }
};

TEST(InattentiveTest, ALostUpdateIsFoundInRandomSchedulesAndReducedToFewSteps) {
  const Scenario<InattentiveTest> scenario = ListScenarioOf<InattentiveTest>("Inattentive");
  const Exploration found = scenario.Explore(1, 10);
  ASSERT_FALSE(found.ok());
  const Schedule schedule = scenario.ScheduleOf(found.failed_seeds.front());
  const Schedule shrunk = scenario.Shrink(schedule);
  EXPECT_EQ(scenario.Run(shrunk).violated, scenario.Run(schedule).violated);
  EXPECT_LE(shrunk.steps.size(), 3u) << scenario.ToTest(shrunk);
}

}  // namespace
}  // namespace onager::simulation
