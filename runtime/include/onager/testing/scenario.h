#ifndef ONAGER_TESTING_SCENARIO_H_
#define ONAGER_TESTING_SCENARIO_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "onager/testing/fault.h"
#include "onager/testing/simulation.h"

namespace onager::simulation {

/// One thing that a schedule does: a fault of that name, or an action of the test.
struct Step {
  Step() = default;
  Step(std::string action_name, std::size_t client_number, std::uint64_t number_value = 0,
       absl::Duration after_value = absl::ZeroDuration())
      : action(std::move(action_name)), client(client_number), number(number_value), after(after_value) {}

  std::string action;
  std::size_t client = 0;
  std::uint64_t number = 0;  // What the action makes of it.
  absl::Duration after;      // What passes before it.

  friend bool operator==(const Step&, const Step&) = default;
};

/// What happens in one run. The seed is the world's: latencies, reconnect delays, ids.
struct Schedule {
  Schedule() = default;
  Schedule(std::uint64_t seed_value, std::vector<Step> steps_value)
      : seed(seed_value), steps(std::move(steps_value)) {}

  std::uint64_t seed = 1;
  std::vector<Step> steps;

  friend bool operator==(const Schedule&, const Schedule&) = default;
};

/// How a run ended.
struct Outcome {
  Outcome() = default;

  absl::Status status;         // What was found first.
  std::string violated;        // The name of what does not hold; empty: everything does.
  std::size_t steps_done = 0;  // When it was found.
  std::uint64_t trace_hash = 0;
  std::uint64_t trace_length = 0;
  FaultCounts faults;  // That took effect.

  bool ok() const { return status.ok(); }
  friend std::ostream& operator<<(std::ostream& out, const Outcome& outcome);
};

/// What many runs found.
struct Exploration {
  Exploration() = default;

  std::uint64_t schedules = 0;
  FaultCounts faults;  // Of all of them.
  std::vector<std::uint64_t> failed_seeds;
  std::string first_failure;  // As a test that can be pasted, reduced to the steps that matter.

  bool ok() const { return failed_seeds.empty(); }
  friend std::ostream& operator<<(std::ostream& out, const Exploration& exploration);
};

/// Every member has a usable default.
struct ScenarioOptions {
  ScenarioOptions() = default;

  SimulationOptions simulation;  // Its seed is the schedule's.
  std::size_t clients = 2;       // How many the test adds.
  std::size_t steps_min = 10;
  std::size_t steps_max = 40;
  absl::Duration pause_max = absl::Milliseconds(200);  // Between two steps.
  /// How long after the last fault everything has to be as it should.
  absl::Duration settle_max = absl::Seconds(30);
};

/// What a scenario consists of, whatever its test's type.
struct ScenarioPlan {
  struct Action {
    std::string name;
    int weight = 0;
    std::uint64_t number_max = 0;
    std::function<void(void* test, std::size_t client, std::uint64_t number)> act;
  };
  struct Check {
    std::string name;
    std::function<absl::Status(void* test)> check;
  };

  ScenarioPlan() = default;

  std::string name;
  ScenarioOptions options;
  std::function<std::shared_ptr<void>(Simulation&)> make_test;
  std::vector<Action> actions;
  std::vector<std::pair<Fault, int>> faults;  // With their weights.
  std::vector<Check> always;
  std::vector<Check> eventually;
  std::function<void(void* test)> last;

  Schedule ScheduleOf(std::uint64_t seed) const;
  Outcome Run(const Schedule& schedule) const;
  Schedule Shrink(Schedule failing) const;
  std::string ToTest(const Schedule& schedule, const Outcome& outcome) const;
  Exploration Explore(std::uint64_t first_seed, std::uint64_t count) const;
};

/// Random schedules of actions and faults on a test of one's own, and what must hold whatever they are:
///
///     Scenario<ShopTest> ShopScenario() {
///       return Scenario<ShopTest>("Shop")
///           .Does("buy", 4, &ShopTest::Buy)
///           .Suffers({Fault::kCut, Fault::kCrash})
///           .Always("nothing is sold twice", &ShopTest::NothingIsSoldTwice)
///           .Eventually("everybody sees the stock", &ShopTest::EverybodySeesTheStock);
///     }
///
/// `Test` is made with a `Simulation&` for each run, in which it hosts its actors, starts the server and adds
/// its clients; it is destroyed before the simulation, with the server stopped. What a run does depends on
/// its schedule only, as long as the test looks at nothing else: no clock, no address, no other randomness
/// than the simulation's. A value; a run is of one thread.
template <typename Test>
class Scenario {
 public:
  /// `name` is an identifier; printed tests call the function `<name>Scenario()` for the scenario.
  explicit Scenario(std::string name, const ScenarioOptions& options = ScenarioOptions()) {
    plan_.name = std::move(name);
    plan_.options = options;
    plan_.make_test = [](Simulation& simulation) { return std::make_shared<Test>(simulation); };
  }

  /// Steps of that name call `action` with the number of a client and a number up to `number_max`, and are as
  /// frequent as `weight` says.
  template <typename Base>
    requires std::derived_from<Test, Base>
  Scenario&& Does(std::string name, int weight, void (Base::*action)(std::size_t, std::uint64_t),
                  std::uint64_t number_max = 1000) && {
    plan_.actions.push_back(
        {std::move(name), weight, number_max, [action](void* test, std::size_t client, std::uint64_t number) {
           (static_cast<Test*>(test)->*action)(client, number);
         }});
    return std::move(*this);
  }
  /// Steps that are faults.
  Scenario&& Suffers(std::initializer_list<Fault> faults, int weight = 1) && {
    for (const Fault fault : faults) plan_.faults.emplace_back(fault, weight);
    return std::move(*this);
  }
  /// Every fault there is.
  Scenario&& SuffersAll(int weight = 1) && {
    for (std::size_t i = 0; i < kFaults; ++i) plan_.faults.emplace_back(FaultAt(i), weight);
    return std::move(*this);
  }
  /// Holds after each step, and in the end.
  template <typename Base>
    requires std::derived_from<Test, Base>
  Scenario&& Always(std::string name, absl::Status (Base::*check)()) && {
    plan_.always.push_back(MakeCheck(std::move(name), check));
    return std::move(*this);
  }
  /// Done once when the faults are over, before `Eventually` is waited for.
  template <typename Base>
    requires std::derived_from<Test, Base>
  Scenario&& Lastly(void (Base::*action)()) && {
    plan_.last = [action](void* test) { (static_cast<Test*>(test)->*action)(); };
    return std::move(*this);
  }
  /// Holds within `ScenarioOptions::settle_max` after the last fault.
  template <typename Base>
    requires std::derived_from<Test, Base>
  Scenario&& Eventually(std::string name, absl::Status (Base::*check)()) && {
    plan_.eventually.push_back(MakeCheck(std::move(name), check));
    return std::move(*this);
  }

  /// The schedule that a seed stands for.
  Schedule ScheduleOf(std::uint64_t seed) const { return plan_.ScheduleOf(seed); }
  Outcome Run(const Schedule& schedule) const { return plan_.Run(schedule); }
  Outcome Run(std::uint64_t seed) const { return plan_.Run(plan_.ScheduleOf(seed)); }
  /// The same failure with as few and as simple steps as can be found; `failing` as it is, when it does not
  /// fail.
  Schedule Shrink(Schedule failing) const { return plan_.Shrink(std::move(failing)); }
  /// The schedule as a test that can be pasted.
  std::string ToTest(const Schedule& schedule) const { return plan_.ToTest(schedule, plan_.Run(schedule)); }
  /// Runs the schedules of `count` seeds from `first_seed` on; shrinks the first that fails.
  Exploration Explore(std::uint64_t first_seed, std::uint64_t count) const {
    return plan_.Explore(first_seed, count);
  }

 private:
  template <typename Base>
  static ScenarioPlan::Check MakeCheck(std::string name, absl::Status (Base::*check)()) {
    return {std::move(name), [check](void* test) { return (static_cast<Test*>(test)->*check)(); }};
  }

  ScenarioPlan plan_;
};

}  // namespace onager::simulation

#endif  // ONAGER_TESTING_SCENARIO_H_
