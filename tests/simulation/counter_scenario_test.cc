// A counter that must not lose or repeat what it was told, whatever happens to its server and its network.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "counter.actor.h"
#include "onager/testing/scenario.h"

namespace {

using onager::simulation::Exploration;
using onager::simulation::Fault;
using onager::simulation::Outcome;
using onager::simulation::Scenario;
using onager::simulation::Simulation;

// The actor under test: the class that the server hosts in production.
class Counter final : public counter::v1::CounterActor {
 public:
  onager::Task<std::int64_t> Increment(onager::Turn&, std::int64_t by) override {
    state().set_value(state().value() + by);
    return state().value();
  }
  onager::Task<std::int64_t> Set(onager::Turn&, std::int64_t value) override {
    const std::int64_t before = state().value();
    state().set_value(value);
    return before;
  }
};

// One run: it is made afresh for each.
class CounterTest {
 public:
  explicit CounterTest(Simulation& simulation) : simulation_(simulation) {
    simulation_.Host<Counter>();
    simulation_.StartServer();
    for (int i = 0; i < 2; ++i) simulation_.AddClient();
    watch_.emplace(CounterOf(1).Observe().Start());
  }

  // What a step may do: some client adds something.
  void Increment(std::size_t client, std::uint64_t by) {
    const auto amount = static_cast<std::int64_t>(by);
    CounterOf(client).Increment(amount).Then([this, amount](absl::StatusOr<std::int64_t> sum) {
      if (sum.ok()) {
        certain_ += amount;
      } else {
        uncertain_ += amount;  // Nobody can tell whether it ran.
      }
    });
    asked_ += amount;
  }

  // Holds at all times: what was acknowledged is there, and nothing that was not asked for.
  absl::Status NothingIsLostOrRepeated() {
    const std::int64_t value = watch_->state().value;
    if (value <= asked_) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(value, " of ", asked_, " that were asked for"));
  }

  // Holds in the end: every call has ended, and the observer sees what they have done.
  absl::Status TheObserverSeesTheSum() {
    if (certain_ + uncertain_ < asked_) return absl::UnavailableError("a call has not ended");
    const std::int64_t value = watch_->state().value;
    if (value >= certain_ && value <= certain_ + uncertain_) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat("it sees ", value, " after ", certain_, " and perhaps ", uncertain_));
  }

 private:
  counter::v1::CounterClient CounterOf(std::size_t client) {
    return counter::v1::CounterClient(simulation_.client(client), "visits");
  }

  Simulation& simulation_;
  std::optional<onager::Subscription<counter::v1::CounterState>> watch_;
  std::int64_t asked_ = 0;
  std::int64_t certain_ = 0;
  std::int64_t uncertain_ = 0;
};

Scenario<CounterTest> CounterScenario() {
  return Scenario<CounterTest>("Counter")
      .Does("increment", 4, &CounterTest::Increment)
      .Suffers({Fault::kCut, Fault::kCutAtByte, Fault::kHalfOpen, Fault::kPartition, Fault::kRestart})
      .Always("nothing is lost or repeated", &CounterTest::NothingIsLostOrRepeated)
      .Eventually("the observer sees the sum", &CounterTest::TheObserverSeesTheSum);
}

TEST(CounterScenarioTest, NothingIsLostOrRepeatedWhateverHappens) {
  const Exploration found = CounterScenario().Explore(/*first_seed=*/1, /*count=*/100);
  EXPECT_TRUE(found.ok()) << found;
}

TEST(CounterScenarioTest, ARunCanBeRepeated) {
  const Outcome first = CounterScenario().Run(/*seed=*/7);
  const Outcome second = CounterScenario().Run(/*seed=*/7);
  EXPECT_EQ(first.trace_hash, second.trace_hash);
}

}  // namespace
