#ifndef ONAGER_BENCH_RATIO_REPORTER_H_
#define ONAGER_BENCH_RATIO_REPORTER_H_

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace onager::bench {

/// Prints what is measured, and in the end how one rate compares with another: medians of their repetitions.
class RatioReporter final : public benchmark::ConsoleReporter {
 public:
  struct Ratio {
    const char* what;
    const char* rate;  // Names of benchmarks with their arguments.
    const char* beside;
  };

  explicit RatioReporter(std::vector<Ratio> ratios) : ratios_(std::move(ratios)) {}

  void ReportRuns(const std::vector<Run>& runs) override;

  /// Of those that were measured.
  void PrintRatios();

 private:
  double Median(const char* benchmark);

  const std::vector<Ratio> ratios_;
  std::map<std::string, std::vector<double>> rates_;
};

/// Runs what the arguments ask for, and prints the ratios.
int RunBenchmarks(int argc, char** argv, std::vector<RatioReporter::Ratio> ratios);

}  // namespace onager::bench

#endif  // ONAGER_BENCH_RATIO_REPORTER_H_
