// The filters that every actor has. Each test runs over in-process, simulated and real gRPC.

#include "onager/field_filter.h"

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
#include "onager/client.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using generated::FieldFilter;
using generated::FieldTestKind;
using generated::RateFilter;
using lab::v1::Lab;
using lab::v1::LabClient;
using lab::v1::LabState;
using std::chrono::milliseconds;
using std::chrono::seconds;
using todo::v1::TodoListClient;
using todo::v1::TodoListState;

Filter<LabState> FromBytes(std::string bytes) { return Filter<LabState>::FromBytes(std::move(bytes)); }

class FieldFilterScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    world_->StartServer();
    client_.emplace(world_->NewClient());
  }
  World& world() { return *world_; }
  Client& client() { return *client_; }

  // Its reply comes after what it changed was delivered to this client, or held back.
  void Set(const LabClient& lab, std::int64_t value) {
    const absl::StatusOr<std::int64_t> now = world().Get(lab.Get());
    ASSERT_TRUE(now.ok());
    ASSERT_TRUE(world().Get(lab.Add(value - *now)).ok());
  }

  // What is delivered of these values, each of them a commit of a new actor, after the first snapshot.
  std::vector<std::int64_t> Delivered(const Filter<LabState>& filter,
                                      const std::vector<std::int64_t>& values) {
    const LabClient lab(client(), "lab " + std::to_string(++labs_));
    Journal<LabState> journal;
    const auto watch = journal.Attach(lab.Observe().Where(filter)).Start();
    EXPECT_TRUE(world().Until([&] { return journal.size() == 1; }));
    for (const std::int64_t value : values) Set(lab, value);
    std::vector<std::int64_t> delivered;
    for (const auto& entry : journal.entries()) delivered.push_back(entry.state.value);
    delivered.erase(delivered.begin());
    return delivered;
  }

  // How an observation through that filter ends.
  absl::StatusCode EndOf(const Filter<LabState>& filter) {
    Journal<LabState> journal;
    const auto watch = journal.Attach(LabClient(client(), "l").Observe().Where(filter)).Start();
    EXPECT_TRUE(world().Until([&] { return journal.end().has_value() || journal.size() > 0; }));
    return journal.end().value_or(absl::OkStatus()).code();
  }

  std::unique_ptr<World> world_;
  std::optional<Client> client_;
  int labs_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Worlds, FieldFilterScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(FieldFilterScenarioTest, A20_AThresholdLetsCrossingsOrALevelPass) {
  struct {
    Crossing crossing;
    std::vector<std::int64_t> delivered;
  } const kCases[] = {
      {Crossing::kRising, {110, 130}},
      {Crossing::kFalling, {90}},
      {Crossing::kEither, {110, 90, 130}},
      {Crossing::kLevel, {110, 120, 130}},
  };
  for (const auto& [crossing, delivered] : kCases) {
    EXPECT_EQ(Delivered(Threshold(&LabState::value, 100, crossing), {90, 110, 120, 90, 130}), delivered)
        << static_cast<int>(crossing);
  }
  EXPECT_EQ(Delivered(Threshold(&LabState::value, 100), {100, 101}), (std::vector<std::int64_t>{101}));
}

TEST_P(FieldFilterScenarioTest, A20_ChangedAndNonEmptyLookAtOneField) {
  const LabClient lab(client(), "l");
  struct Watch {
    Filter<LabState> filter;
    std::vector<std::uint64_t> revisions;
    std::int64_t last_value = 0;
    Journal<LabState> journal;
    std::optional<Subscription<LabState>> subscription;
  };
  std::vector<Watch> watches(4);
  watches[0] = {Changed(&LabState::ballast), {2, 4}, 2, {}, {}};
  watches[1] = {NonEmpty(&LabState::ballast), {2, 3}, 2, {}, {}};
  watches[2] = {!NonEmpty(&LabState::ballast), {1, 4, 5}, 9, {}, {}};
  watches[3] = {
      Changed(&LabState::value) && (NonEmpty(&LabState::ballast) || Lab::AtLeast(9)), {3, 5}, 9, {}, {}};
  for (Watch& watch : watches) {
    watch.subscription.emplace(watch.journal.Attach(lab.Observe().Where(watch.filter)).Start());
    ASSERT_TRUE(world().Until([&] { return watch.journal.size() == 1; }));
  }
  ASSERT_TRUE(world().Get(lab.Add(1)).ok());
  ASSERT_TRUE(world().Get(lab.Fill(100)).ok());
  ASSERT_TRUE(world().Get(lab.Add(1)).ok());
  ASSERT_TRUE(world().Get(lab.Fill(0)).ok());
  ASSERT_TRUE(world().Get(lab.Add(7)).ok());
  ASSERT_TRUE(world().Get(lab.Add(0)).ok());  // No change, nothing to judge.
  for (const Watch& watch : watches) {
    std::vector<std::uint64_t> revisions;
    for (const auto& entry : watch.journal.entries()) revisions.push_back(entry.revision);
    revisions.erase(revisions.begin());
    EXPECT_EQ(revisions, watch.revisions);
    // What was held back came with what was delivered.
    EXPECT_EQ(watch.journal.entries().back().state.value, watch.last_value);
  }
}

TEST_P(FieldFilterScenarioTest, ContainersAreEmptyOrNot) {
  const TodoListClient list(client(), "l");
  Journal<TodoListState> journal;
  const auto watch = journal.Attach(list.Observe().Where(NonEmpty(&TodoListState::todos))).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  const absl::StatusOr<todo::v1::Todo> todo = world().Get(list.AddTodo("a"));
  ASSERT_TRUE(todo.ok());
  EXPECT_EQ(journal.size(), 2u);
  ASSERT_TRUE(world().Get(list.DeleteTodo(todo->id)).ok());
  EXPECT_EQ(journal.size(), 2u);
}

// A20: never let everything pass instead.
TEST_P(FieldFilterScenarioTest, A20_WhatDoesNotFitTheStateIsRefused) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  const std::uint32_t value = 1;
  const std::uint32_t ballast = 2;
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(value, FieldTestKind::kRising, std::int64_t{1}))),
            absl::StatusCode::kOk);
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(99, FieldTestKind::kChanged))), invalid);
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(0, FieldTestKind::kChanged))), invalid);
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(value, FieldTestKind::kNonEmpty))), invalid);
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(value, FieldTestKind::kRising))), invalid);
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(value, FieldTestKind::kChanged, std::int64_t{1}))), invalid);
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(value, FieldTestKind::kRising, 1.5))), invalid);
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(value, FieldTestKind::kRising, std::uint64_t{1}))), invalid);
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(value, static_cast<FieldTestKind>(6), std::int64_t{1}))), invalid);
  EXPECT_EQ(EndOf(FromBytes(FieldFilter(ballast, FieldTestKind::kLevel, std::int64_t{1}))), invalid);
  EXPECT_EQ(EndOf(MaxRate<LabState>(10)), absl::StatusCode::kOk);
  EXPECT_EQ(EndOf(MaxRate<LabState>(0)), invalid);
  EXPECT_EQ(EndOf(MaxRate<LabState>(-1)), invalid);
  EXPECT_EQ(EndOf(MaxRate<LabState>(std::numeric_limits<double>::quiet_NaN())), invalid);
  EXPECT_EQ(EndOf(MaxRate<LabState>(std::numeric_limits<double>::infinity())), invalid);
  EXPECT_EQ(EndOf(!MaxRate<LabState>(10)), invalid);
  EXPECT_EQ(EndOf(MaxRate<LabState>(10) || Lab::Rises()), invalid);
}

// One that waits does not hold the caller up: its reply says that the change waits.
TEST_P(FieldFilterScenarioTest, ARateHoldsDeliveriesBackAndNoReply) {
  const LabClient lab(client(), "l");
  Journal<LabState> journal;
  const auto watch = journal.Attach(lab.Observe().Where(MaxRate<LabState>(1.0 / 3600))).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(world().Get(lab.Add(1)).ok());
  EXPECT_EQ(journal.size(), 1u);
  EXPECT_TRUE(world().Until([&] { return watch.covered() == 10; }));
}

TEST(MaxRateTest, A20_NoMoreThanTenASecondAndAlwaysTheLast) {
  SimulatedWorld world;
  world.StartServer();
  Client client = world.NewClient();
  Client other = world.NewClient(World::Door::kBack);
  const LabClient lab(client, "l");
  std::vector<Time> times;
  Journal<LabState> journal;
  const auto watch = journal.Attach(lab.Observe().Where(MaxRate<LabState>(10))).Start();
  ASSERT_TRUE(world.Until([&] { return journal.size() == 1; }));
  times.push_back(world.environment().clock.Now());
  // A change each 7 ms, for three seconds.
  const Time begin = world.environment().clock.Now();
  std::int64_t value = 0;
  std::size_t seen = 1;
  while (world.environment().clock.Now() - begin < seconds(3)) {
    LabClient(other, "l").Add(1).Then([](const absl::StatusOr<std::int64_t>&) {});
    ++value;
    for (int i = 0; i < 7; ++i) {
      world.Pass(milliseconds(1));
      for (; seen < journal.size(); ++seen) times.push_back(world.environment().clock.Now());
    }
  }
  ASSERT_TRUE(world.Until([&] { return journal.entries().back().state.value == value; }));
  EXPECT_LE(world.environment().clock.Now() - begin, seconds(3) + milliseconds(200));
  EXPECT_GE(times.size(), 28u);
  for (std::size_t i = 10; i < times.size(); ++i) {
    // The network takes up to some milliseconds, one way.
    EXPECT_GE(times[i] - times[i - 10], milliseconds(980)) << i;
  }
  const auto entries = journal.entries();
  for (std::size_t i = 1; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].base, entries[i - 1].revision) << "one step from what was shown last";
    EXPECT_FALSE(entries[i].snapshot.has_value());
  }
  // After a quiet while a change comes at once.
  world.Pass(seconds(5));
  const Time before = world.environment().clock.Now();
  LabClient(other, "l").Add(1).Then([](const absl::StatusOr<std::int64_t>&) {});
  ASSERT_TRUE(world.Until([&] { return journal.entries().back().state.value == value + 1; }));
  EXPECT_LE(world.environment().clock.Now() - before, milliseconds(60));
}

TEST(MaxRateTest, ItHoldsBesideAFilterAndAgreesWithIt) {
  SimulatedWorld world;
  world.StartServer();
  Client client = world.NewClient();
  const LabClient lab(client, "l");
  Journal<LabState> journal;
  const auto watch =
      journal.Attach(lab.Observe().Where(MaxRate<LabState>(1) && Threshold(&LabState::value, 5))).Start();
  ASSERT_TRUE(world.Until([&] { return journal.size() == 1; }));
  world.Pass(seconds(2));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.Get(lab.Add(1)).ok());
  world.Pass(seconds(2));
  EXPECT_EQ(journal.size(), 1u) << "the filter is closed";
  ASSERT_TRUE(world.Get(lab.Add(2)).ok());
  EXPECT_EQ(journal.size(), 2u) << "it is open, and the time has come";
  ASSERT_TRUE(world.Get(lab.Add(-2)).ok());
  ASSERT_TRUE(world.Get(lab.Add(2)).ok());
  ASSERT_TRUE(world.Get(lab.Add(1)).ok());
  EXPECT_EQ(journal.size(), 2u) << "it was open again, and the time has not come";
  world.Pass(seconds(1));
  ASSERT_EQ(journal.size(), 3u);
  EXPECT_EQ(journal.entries().back().state.value, 7);
}

TEST(MaxRateTest, TheEndOfTheActorDoesNotWait) {
  SimulatedWorld world;
  world.StartServer();
  Client client = world.NewClient();
  const LabClient lab(client, "l");
  Journal<LabState> journal;
  const auto watch = journal.Attach(lab.Observe().Where(MaxRate<LabState>(1.0 / 3600))).Start();
  ASSERT_TRUE(world.Until([&] { return journal.size() == 1; }));
  ASSERT_TRUE(world.Get(lab.Add(1)).ok());
  world.server().actors().Destroy({"lab.v1.Lab", "l"}, [](const absl::Status&) {});
  world.Pass(seconds(1));
  EXPECT_TRUE(journal.end().has_value());
}

}  // namespace
}  // namespace onager::end_to_end
