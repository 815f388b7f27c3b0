#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "onager/testing/scenario.h"

namespace onager::simulation {
namespace {

constexpr int kRunsMax = 2'000;

/// Looks for the simplest schedule that fails as another one does: delta debugging over its steps (ddmin of
/// Zeller and Hildebrandt), then over what each step says.
class Shrinker {
 public:
  Shrinker(const ScenarioPlan& plan, Schedule failing) : plan_(plan), best_(std::move(failing)) {}

  Schedule Shrink() {
    const Outcome outcome = plan_.Run(best_);
    if (outcome.ok()) return best_;
    violated_ = outcome.violated;
    Try(std::vector<Step>(best_.steps.begin(),
                          best_.steps.begin() + static_cast<std::ptrdiff_t>(outcome.steps_done)));
    // A simpler step may make another one needless.
    std::vector<Step> before;
    do {
      before = best_.steps;
      RemoveSteps();
      SimplifySteps();
    } while (best_.steps != before && runs_ < kRunsMax);
    return best_;
  }

 private:
  /// Keeps the steps when with them the same thing is violated.
  bool Try(std::vector<Step> steps) {
    if (steps == best_.steps || runs_ >= kRunsMax) return false;
    ++runs_;
    Schedule candidate(best_.seed, std::move(steps));
    if (plan_.Run(candidate).violated != violated_) return false;
    best_ = std::move(candidate);
    return true;
  }

  void RemoveSteps() {
    std::size_t parts = 2;
    while (!best_.steps.empty() && runs_ < kRunsMax) {
      if (RemoveOnePart(parts)) {
        parts = std::max<std::size_t>(parts - 1, 2);
      } else if (parts >= best_.steps.size()) {
        return;
      } else {
        parts = std::min(parts * 2, best_.steps.size());
      }
    }
  }

  bool RemoveOnePart(std::size_t parts) {
    const std::size_t count = best_.steps.size();
    for (std::size_t part = 0; part < parts; ++part) {
      const auto begin = static_cast<std::ptrdiff_t>(count * part / parts);
      const auto end = static_cast<std::ptrdiff_t>(count * (part + 1) / parts);
      std::vector<Step> rest = best_.steps;
      rest.erase(rest.begin() + begin, rest.begin() + end);
      if (Try(std::move(rest))) return true;
    }
    return false;
  }

  void SimplifySteps() {
    for (std::size_t i = 0; i < best_.steps.size(); ++i) {
      TryStep(i, [](Step& step) { step.after = absl::ZeroDuration(); });
      TryStep(i, [](Step& step) { step.after = absl::Floor(step.after, absl::Milliseconds(1)); });
      TryStep(i, [](Step& step) { step.client = 0; });
      if (TryStep(i, [](Step& step) { step.number = 0; })) continue;
      while (TryStep(i, [](Step& step) { step.number /= 2; })) {
      }
      if (best_.steps[i].number > 0) TryStep(i, [](Step& step) { --step.number; });
    }
  }

  template <typename Simplify>
  bool TryStep(std::size_t index, Simplify simplify) {
    std::vector<Step> steps = best_.steps;
    simplify(steps[index]);
    return Try(std::move(steps));
  }

  const ScenarioPlan& plan_;
  Schedule best_;
  std::string violated_;
  int runs_ = 0;
};

std::string ToSource(const Step& step) {
  std::string source = absl::StrCat("          {\"", step.action, "\", ", step.client);
  const bool waits = step.after > absl::ZeroDuration();
  if (step.number != 0 || waits) absl::StrAppend(&source, ", ", step.number);
  if (waits) absl::StrAppend(&source, ", absl::Microseconds(", absl::ToInt64Microseconds(step.after), ")");
  return absl::StrCat(source, "},\n");
}

}  // namespace

Schedule ScenarioPlan::Shrink(Schedule failing) const { return Shrinker(*this, std::move(failing)).Shrink(); }

std::string ScenarioPlan::ToTest(const Schedule& schedule, const Outcome& outcome) const {
  std::string comment(outcome.ok() ? absl::string_view("Everything holds.") : outcome.status.message());
  std::replace(comment.begin(), comment.end(), '\n', ' ');
  std::string source = absl::StrCat("TEST(", name, "Test, Seed", schedule.seed, ") {\n");
  if (!outcome.ok()) comment = absl::StrCat(outcome.violated, ": ", comment);
  absl::StrAppend(&source, "  // ", comment, "\n", "  const onager::simulation::Schedule schedule(\n      ",
                  schedule.seed, ",\n      {\n");
  for (const Step& step : schedule.steps) absl::StrAppend(&source, ToSource(step));
  absl::StrAppend(&source, "      });\n  const onager::simulation::Outcome outcome = ", name,
                  "Scenario().Run(schedule);\n  EXPECT_TRUE(outcome.ok()) << outcome;\n}\n");
  return source;
}

}  // namespace onager::simulation
