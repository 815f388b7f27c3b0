#ifndef ONAGER_METRICS_H_
#define ONAGER_METRICS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onager {

/// A number that only grows. Thread-safe, and as cheap as one relaxed addition.
class MetricCounter {
 public:
  void Add(std::uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// A number that goes up and down. Thread-safe, and as cheap as `MetricCounter`.
class MetricGauge {
 public:
  void Set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(std::int64_t amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_ = 0;
};

/// How often values fell below each of some bounds, and their sum. Thread-safe: two relaxed additions and a
/// search among the bounds. A reader may see a value in its bucket and not yet in the sum.
class MetricHistogram {
 public:
  /// The buckets' upper bounds, inclusive and rising; above the last is one more bucket.
  explicit MetricHistogram(std::vector<double> bounds);

  void Observe(double value);

  const std::vector<double>& bounds() const { return bounds_; }
  /// One for each bound and one for what is above them all; not cumulative.
  std::vector<std::uint64_t> counts() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<double> sum_ = 0;
};

/// "code" and "OK", for example. Values come from a small closed set: never ids, keys or names of principals.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// One metric as it stood when it was read.
struct MetricSample {
  enum class Kind { kCounter, kGauge, kHistogram };

  MetricSample() = default;

  Kind kind = Kind::kCounter;
  std::string name;
  std::string help;
  MetricLabels labels;
  double value = 0;  // A histogram's sum.
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;  // As `MetricHistogram::counts`.
};

/// All metrics of a server, and of an application that adds its own. Thread-safe.
///
/// This is the whole port: who exports to another system than Prometheus reads `Collect` when it is time.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// The metric of that name and those labels, made when it is asked for first; it lives as long as this
  /// object, so that a caller keeps the reference. Names are in snake_case and end in the unit, counters' in
  /// `_total`. A name that is in use for another kind of metric is a bug and ends the process.
  MetricCounter& Counter(std::string_view name, std::string_view help, MetricLabels labels = {});
  MetricGauge& Gauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  MetricHistogram& Histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                             MetricLabels labels = {});

  /// `refresh` runs at the beginning of each `Collect`, to set what is cheaper to look up than to keep up. It
  /// must not use this object except by references that it holds. Once `RemoveRefresh` has returned it does
  /// not run.
  std::uint64_t AddRefresh(std::function<void()> refresh);
  void RemoveRefresh(std::uint64_t id);

  /// Every metric, in the order of names and labels.
  std::vector<MetricSample> Collect() const;

 private:
  class Registry;
  const std::unique_ptr<Registry> registry_;
};

/// The metrics as Prometheus reads them (text format 0.0.4).
std::string PrometheusText(const Metrics& metrics);

}  // namespace onager

#endif  // ONAGER_METRICS_H_
