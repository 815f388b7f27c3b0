#include "ratio_reporter.h"

#include <algorithm>
#include <iostream>
#include <utility>

namespace onager::bench {

void RatioReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    const auto found = run.counters.find("items_per_second");
    if (found == run.counters.end() || run.run_type != Run::RT_Iteration) continue;
    rates_[run.run_name.function_name + "/" + run.run_name.args].push_back(found->second.value);
  }
  ConsoleReporter::ReportRuns(runs);
}

void RatioReporter::PrintRatios() {
  for (const Ratio& ratio : ratios_) {
    const double rate = Median(ratio.rate);
    const double beside = Median(ratio.beside);
    if (rate > 0 && beside > 0) std::cout << ratio.what << ": " << rate / beside << std::endl;
  }
}

double RatioReporter::Median(const char* benchmark) {
  std::vector<double>& values = rates_[benchmark];
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

int RunBenchmarks(int argc, char** argv, std::vector<RatioReporter::Ratio> ratios) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  RatioReporter reporter(std::move(ratios));
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.PrintRatios();
  return 0;
}

}  // namespace onager::bench
