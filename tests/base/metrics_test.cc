#include "onager/metrics.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace onager {
namespace {

TEST(MetricsTest, PrometheusReadsWhatIsCounted) {
  Metrics metrics;
  metrics.Counter("app_calls_total", "Calls.", {{"code", "OK"}}).Add(3);
  metrics.Counter("app_calls_total", "Calls.", {{"code", "NOT_FOUND"}}).Add();
  metrics.Gauge("app_queue_bytes", "What\nwaits.").Set(-2);
  MetricHistogram& took = metrics.Histogram("app_call_seconds", "How long.", {0.1, 1});
  for (const double value : {0.05, 0.1, 0.5, 7.0}) took.Observe(value);
  EXPECT_EQ(PrometheusText(metrics),
            "# HELP app_call_seconds How long.\n"
            "# TYPE app_call_seconds histogram\n"
            "app_call_seconds_bucket{le=\"0.1\"} 2\n"
            "app_call_seconds_bucket{le=\"1\"} 3\n"
            "app_call_seconds_bucket{le=\"+Inf\"} 4\n"
            "app_call_seconds_sum 7.65\n"
            "app_call_seconds_count 4\n"
            "# HELP app_calls_total Calls.\n"
            "# TYPE app_calls_total counter\n"
            "app_calls_total{code=\"NOT_FOUND\"} 1\n"
            "app_calls_total{code=\"OK\"} 3\n"
            "# HELP app_queue_bytes What\\nwaits.\n"
            "# TYPE app_queue_bytes gauge\n"
            "app_queue_bytes -2\n");
}

TEST(MetricsTest, LabelValuesAreEscaped) {
  Metrics metrics;
  metrics.Counter("app_total", "", {{"a", "x\"y\\z\n"}, {"b", ""}}).Add();
  EXPECT_NE(PrometheusText(metrics).find("app_total{a=\"x\\\"y\\\\z\\n\",b=\"\"} 1\n"), std::string::npos);
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  EXPECT_EQ(&metrics.Counter("a_total", ""), &metrics.Counter("a_total", "other words"));
  EXPECT_NE(&metrics.Counter("a_total", ""), &metrics.Counter("a_total", "", {{"x", "1"}}));
}

TEST(MetricsDeathTest, ANameHasOneKind) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  Metrics metrics;
  metrics.Counter("a_total", "", {{"x", "1"}});
  EXPECT_DEATH(metrics.Gauge("a_total", ""), "two kinds of metrics have the name a_total");
}

TEST(MetricsTest, WhatIsLookedUpIsFreshAndIsNotLookedUpAnyMoreOnceRemoved) {
  Metrics metrics;
  MetricGauge& gauge = metrics.Gauge("a", "");
  int looked = 0;
  const std::uint64_t id = metrics.AddRefresh([&] { gauge.Set(++looked); });
  EXPECT_EQ(metrics.Collect().at(0).value, 1);
  EXPECT_EQ(metrics.Collect().at(0).value, 2);
  metrics.RemoveRefresh(id);
  EXPECT_EQ(metrics.Collect().at(0).value, 2);
}

TEST(MetricsTest, NothingIsLostBetweenThreads) {
  Metrics metrics;
  constexpr int kTimes = 10'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      MetricCounter& counter = metrics.Counter("a_total", "");
      MetricHistogram& histogram = metrics.Histogram("b_seconds", "", {1});
      for (int time = 0; time < kTimes; ++time) {
        counter.Add();
        histogram.Observe(0.5);
        if (time % 1000 == 0) (void)metrics.Collect();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(metrics.Counter("a_total", "").value(), 4u * kTimes);
  EXPECT_EQ(metrics.Histogram("b_seconds", "", {1}).counts().at(0), 4u * kTimes);
  EXPECT_EQ(metrics.Histogram("b_seconds", "", {1}).sum(), 2.0 * kTimes);
}

}  // namespace
}  // namespace onager
