#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "onager/testing/scenario.h"
#include "runtime/base/xoshiro.h"

namespace onager::simulation {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(100);  // How often `Eventually` is looked at.
constexpr std::size_t kFailedSeedsMax = 20;

struct Range {
  std::uint64_t low;
  std::uint64_t high;
};

/// What a fault's number is drawn from.
Range NumbersOf(Fault fault) {
  switch (fault) {
    case Fault::kCut:
    case Fault::kHalfOpen:
      return {0, 0};
    case Fault::kCutAtByte:
      return {0, 800};
    case Fault::kPartition:
    case Fault::kSlowReader:
      return {0, 10'000};
    case Fault::kLateFrames:
      return {15'500, 20'000};  // A client waits for 15 seconds.
    case Fault::kLoss:
    case Fault::kDuplication:
    case Fault::kReorder:
      return {0, 5};
    case Fault::kClockLeap:
    case Fault::kServerClockLeap:
      return {0, 20'000};
    case Fault::kClockDrift:
    case Fault::kServerClockDrift:
      return {0, 15};
    case Fault::kCrash:
    case Fault::kRestart:
      return {0, 3'000};
  }
  std::abort();
}

/// One run of a schedule.
class Run {
 public:
  Run(const ScenarioPlan& plan, const Schedule& schedule)
      : plan_(plan), schedule_(schedule), simulation_(OptionsOf(plan, schedule)) {}

  Outcome Take() {
    test_ = plan_.make_test(simulation_);
    Check();
    for (std::size_t i = 0; i < schedule_.steps.size() && outcome_.ok(); ++i) {
      Take(schedule_.steps[i]);
      outcome_.steps_done = i + 1;
      Check();
    }
    if (outcome_.ok()) Settle();
    // What still runs, and what is called back, may refer to the test.
    simulation_.Stop();
    test_.reset();
    outcome_.trace_hash = simulation_.trace_hash();
    outcome_.trace_length = simulation_.trace_length();
    outcome_.faults = simulation_.faults();
    return std::move(outcome_);
  }

 private:
  static SimulationOptions OptionsOf(const ScenarioPlan& plan, const Schedule& schedule) {
    SimulationOptions options = plan.options.simulation;
    options.seed = schedule.seed;
    return options;
  }

  void Violate(std::string_view name, const absl::Status& status) {
    if (!outcome_.ok()) return;
    outcome_.violated = std::string(name);
    outcome_.status = status;
  }

  void Take(const Step& step) {
    simulation_.Run(step.after);
    if (step.client >= simulation_.client_count()) {
      return Violate("the schedule", absl::InvalidArgumentError(absl::StrCat("no client ", step.client)));
    }
    if (const std::optional<Fault> fault = FaultNamed(step.action); fault.has_value()) {
      return simulation_.Inject(*fault, step.client, step.number);
    }
    const auto action = std::find_if(plan_.actions.begin(), plan_.actions.end(),
                                     [&](const auto& each) { return each.name == step.action; });
    if (action == plan_.actions.end()) {
      return Violate("the schedule", absl::InvalidArgumentError(absl::StrCat("no action ", step.action)));
    }
    action->act(test_.get(), step.client, step.number);
  }

  void Check() {
    if (!simulation_.failure().ok()) Violate("a check of the test", simulation_.failure());
    for (const ScenarioPlan::Check& check : plan_.always) {
      if (!outcome_.ok()) return;
      if (const absl::Status status = check.check(test_.get()); !status.ok()) Violate(check.name, status);
    }
  }

  void Settle() {
    simulation_.Heal();
    if (plan_.last) plan_.last(test_.get());
    const absl::Duration end = simulation_.now() + plan_.options.settle_max;
    for (const ScenarioPlan::Check& check : plan_.eventually) {
      absl::Status status = check.check(test_.get());
      while (!status.ok() && simulation_.now() < end) {
        simulation_.Run(kLook);
        status = check.check(test_.get());
      }
      if (!status.ok()) return Violate(check.name, status);
    }
    Check();
  }

  const ScenarioPlan& plan_;
  const Schedule& schedule_;
  Simulation simulation_;
  std::shared_ptr<void> test_;
  Outcome outcome_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  if (outcome.ok()) {
    out << "everything holds";
  } else {
    out << "violated after " << outcome.steps_done << " steps: " << outcome.violated << ": "
        << outcome.status.message();
  }
  return out << " (trace " << absl::StrCat(absl::Hex(outcome.trace_hash)) << " of " << outcome.trace_length
             << " events; " << outcome.faults << ")";
}

std::ostream& operator<<(std::ostream& out, const Exploration& exploration) {
  out << exploration.schedules << " schedules, " << exploration.failed_seeds.size()
      << " failed; faults: " << exploration.faults << "\n";
  if (exploration.ok()) return out;
  out << "failed seeds:";
  for (const std::uint64_t seed : exploration.failed_seeds) out << " " << seed;
  return out << "\n\n" << exploration.first_failure;
}

Schedule ScenarioPlan::ScheduleOf(std::uint64_t seed) const {
  Xoshiro256 random(~seed);  // Not what the world of this seed draws.
  std::uint64_t weights = 0;
  for (const Action& action : actions) weights += static_cast<std::uint64_t>(action.weight);
  for (const auto& [fault, weight] : faults) weights += static_cast<std::uint64_t>(weight);
  Schedule schedule(seed, {});
  if (weights == 0) return schedule;
  for (std::uint64_t left = random.Between(options.steps_min, options.steps_max); left > 0; --left) {
    Step step;
    step.after = absl::Microseconds(
        random.Between(0, static_cast<std::uint64_t>(options.pause_max / absl::Microseconds(1))));
    step.client = random.Between(0, options.clients - 1);
    std::uint64_t dice = random.Between(0, weights - 1);
    for (const Action& action : actions) {
      if (step.action.empty() && dice < static_cast<std::uint64_t>(action.weight)) {
        step.action = action.name;
        step.number = random.Between(0, action.number_max);
      }
      dice -= static_cast<std::uint64_t>(action.weight);
    }
    for (const auto& [fault, weight] : faults) {
      if (step.action.empty() && dice < static_cast<std::uint64_t>(weight)) {
        const Range range = NumbersOf(fault);
        step.action = std::string(FaultName(fault));
        step.number = random.Between(range.low, range.high);
      }
      dice -= static_cast<std::uint64_t>(weight);
    }
    schedule.steps.push_back(std::move(step));
  }
  return schedule;
}

Outcome ScenarioPlan::Run(const Schedule& schedule) const { return simulation::Run(*this, schedule).Take(); }

Exploration ScenarioPlan::Explore(std::uint64_t first_seed, std::uint64_t count) const {
  Exploration exploration;
  for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    const Schedule schedule = ScheduleOf(seed);
    const Outcome outcome = Run(schedule);
    ++exploration.schedules;
    exploration.faults += outcome.faults;
    if (outcome.ok()) continue;
    exploration.failed_seeds.push_back(seed);
    if (exploration.failed_seeds.size() == 1) {
      const Schedule shrunk = Shrink(schedule);
      exploration.first_failure = ToTest(shrunk, Run(shrunk));
    }
    if (exploration.failed_seeds.size() == kFailedSeedsMax) break;
  }
  return exploration;
}

}  // namespace onager::simulation
