#include "onager/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <tuple>
#include <variant>

#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"

namespace onager {
namespace {

struct Owned {
  std::string help;
  std::variant<std::unique_ptr<MetricCounter>, std::unique_ptr<MetricGauge>, std::unique_ptr<MetricHistogram>>
      metric;
};

void Fill(const MetricCounter& counter, MetricSample& sample) {
  sample.kind = MetricSample::Kind::kCounter;
  sample.value = static_cast<double>(counter.value());
}

void Fill(const MetricGauge& gauge, MetricSample& sample) {
  sample.kind = MetricSample::Kind::kGauge;
  sample.value = static_cast<double>(gauge.value());
}

void Fill(const MetricHistogram& histogram, MetricSample& sample) {
  sample.kind = MetricSample::Kind::kHistogram;
  sample.value = histogram.sum();
  sample.bounds = histogram.bounds();
  sample.counts = histogram.counts();
}

std::string Escaped(std::string_view text, bool quoted) {
  std::string escaped;
  for (const char byte : text) {
    if (byte == '\n') {
      escaped += "\\n";
    } else if (byte == '\\' || (quoted && byte == '"')) {
      escaped += '\\';
      escaped += byte;
    } else {
      escaped += byte;
    }
  }
  return escaped;
}

std::string LabelText(const MetricLabels& labels, std::string_view bound = {}) {
  if (labels.empty() && bound.empty()) return std::string();
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > 1) text += ',';
    absl::StrAppend(&text, name, "=\"", Escaped(value, /*quoted=*/true), "\"");
  }
  if (!bound.empty()) {
    if (text.size() > 1) text += ',';
    absl::StrAppend(&text, "le=\"", std::string(bound), "\"");
  }
  text += '}';
  return text;
}

// The shortest text that reads back as the same number; integers without a fraction.
std::string NumberText(double value) {
  for (int precision = 6; precision < 17; ++precision) {
    char text[40];
    std::snprintf(text, sizeof text, "%.*g", precision, value);
    if (std::strtod(text, nullptr) == value) return text;
  }
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

const char* KindName(MetricSample::Kind kind) {
  switch (kind) {
    case MetricSample::Kind::kCounter:
      return "counter";
    case MetricSample::Kind::kGauge:
      return "gauge";
    case MetricSample::Kind::kHistogram:
      return "histogram";
  }
  return "untyped";
}

void AppendHistogram(std::string& text, const MetricSample& sample) {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < sample.counts.size(); ++i) {
    cumulative += sample.counts[i];
    const std::string bound = i < sample.bounds.size() ? NumberText(sample.bounds[i]) : "+Inf";
    absl::StrAppend(&text, sample.name, "_bucket", LabelText(sample.labels, bound), " ", cumulative, "\n");
  }
  const std::string labels = LabelText(sample.labels);
  absl::StrAppend(&text, sample.name, "_sum", labels, " ", NumberText(sample.value), "\n");
  absl::StrAppend(&text, sample.name, "_count", labels, " ", cumulative, "\n");
}

}  // namespace

MetricHistogram::MetricHistogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)),
      counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {}

void MetricHistogram::Observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<std::uint64_t> MetricHistogram::counts() const {
  std::vector<std::uint64_t> counts;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    counts.push_back(counts_[i].load(std::memory_order_relaxed));
  }
  return counts;
}

class Metrics::Registry {
 public:
  template <typename Metric, typename... Arguments>
  Metric& Get(std::string_view name, std::string_view help, MetricLabels labels, Arguments... arguments) {
    MutexLock lock(mutex_);
    // All metrics of a name stand together, so its first one tells the kind.
    const auto same_name = metrics_.lower_bound({std::string(name), MetricLabels()});
    if (same_name != metrics_.end() && same_name->first.first == name &&
        !std::holds_alternative<std::unique_ptr<Metric>>(same_name->second.metric)) {
      std::fprintf(stderr, "onager: two kinds of metrics have the name %s\n", std::string(name).c_str());
      std::abort();
    }
    Owned& owned = metrics_[{std::string(name), std::move(labels)}];
    auto* metric = std::get_if<std::unique_ptr<Metric>>(&owned.metric);
    if (metric == nullptr || *metric == nullptr) {
      owned.help = std::string(help);
      owned.metric = std::make_unique<Metric>(std::move(arguments)...);
      metric = std::get_if<std::unique_ptr<Metric>>(&owned.metric);
    }
    return **metric;
  }

  std::uint64_t AddRefresh(std::function<void()> refresh) {
    MutexLock lock(refresh_mutex_);
    refreshes_.emplace(++last_refresh_, std::move(refresh));
    return last_refresh_;
  }

  void RemoveRefresh(std::uint64_t id) {
    MutexLock lock(refresh_mutex_);
    refreshes_.erase(id);
  }

  std::vector<MetricSample> Collect() {
    {
      MutexLock lock(refresh_mutex_);
      for (const auto& [id, refresh] : refreshes_) refresh();
    }
    std::vector<MetricSample> samples;
    MutexLock lock(mutex_);
    for (const auto& [key, owned] : metrics_) {
      MetricSample& sample = samples.emplace_back();
      sample.name = key.first;
      sample.labels = key.second;
      sample.help = owned.help;
      std::visit([&sample](const auto& metric) { Fill(*metric, sample); }, owned.metric);
    }
    return samples;
  }

 private:
  Mutex mutex_;
  std::map<std::pair<std::string, MetricLabels>, Owned> metrics_ ABSL_GUARDED_BY(mutex_);
  // Held while they run, so that none runs once it was removed. Taken before `mutex_`.
  Mutex refresh_mutex_;
  std::uint64_t last_refresh_ ABSL_GUARDED_BY(refresh_mutex_) = 0;
  std::map<std::uint64_t, std::function<void()>> refreshes_ ABSL_GUARDED_BY(refresh_mutex_);
};

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}

Metrics::~Metrics() = default;

MetricCounter& Metrics::Counter(std::string_view name, std::string_view help, MetricLabels labels) {
  return registry_->Get<MetricCounter>(name, help, std::move(labels));
}

MetricGauge& Metrics::Gauge(std::string_view name, std::string_view help, MetricLabels labels) {
  return registry_->Get<MetricGauge>(name, help, std::move(labels));
}

MetricHistogram& Metrics::Histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                                    MetricLabels labels) {
  return registry_->Get<MetricHistogram>(name, help, std::move(labels), std::move(bounds));
}

std::uint64_t Metrics::AddRefresh(std::function<void()> refresh) {
  return registry_->AddRefresh(std::move(refresh));
}

void Metrics::RemoveRefresh(std::uint64_t id) { registry_->RemoveRefresh(id); }

std::vector<MetricSample> Metrics::Collect() const { return registry_->Collect(); }

std::string PrometheusText(const Metrics& metrics) {
  std::string text;
  std::string family;
  for (const MetricSample& sample : metrics.Collect()) {
    if (sample.name != family) {
      family = sample.name;
      absl::StrAppend(&text, "# HELP ", family, " ", Escaped(sample.help, /*quoted=*/false), "\n# TYPE ",
                      family, " ", KindName(sample.kind), "\n");
    }
    if (sample.kind == MetricSample::Kind::kHistogram) {
      AppendHistogram(text, sample);
    } else {
      absl::StrAppend(&text, sample.name, LabelText(sample.labels), " ", NumberText(sample.value), "\n");
    }
  }
  return text;
}

}  // namespace onager
