#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hand_written_sqlite.h"
#include "runtime/base/mutex.h"
#include "runtime/store/sqlite/sqlite_store.h"

namespace onager::bench {
namespace {

using store::CommitRecord;
using store::Store;

constexpr std::size_t kGroup = 1'024;
constexpr std::size_t kPatchBytes = 100;

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// A file for one measurement, which goes with the object.
class BenchFile {
 public:
  BenchFile() {
    const char* const folder = std::getenv("ONAGER_BENCH_FOLDER");
    folder_ = std::filesystem::path(folder == nullptr ? "." : folder) / "onager_bench";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~BenchFile() { std::filesystem::remove_all(folder_); }

  std::string path() const { return (folder_ / "bench.db").string(); }
  std::unique_ptr<Store> OpenStore() const {
    auto opened = store::OpenSqliteStore(store::SqliteOptions(path()));
    if (!opened.ok()) std::cerr << opened.status() << std::endl, std::abort();
    return *std::move(opened);
  }

 private:
  std::filesystem::path folder_;
};

ActorId Actor(std::size_t number) { return {"bench.v1.Counter", "actor" + std::to_string(number)}; }

CommitRecord Record(std::size_t actor, std::uint64_t base, SharedBytes patch) {
  CommitRecord record;
  record.actor = Actor(actor);
  record.epoch = 7;
  record.base_revision = base;
  store::LogStep& step = record.steps.emplace_back();
  step.revision = base + 1;
  step.patch = std::move(patch);
  step.committed_at = absl::FromUnixMicros(1'700'000'000'000'000);
  return record;
}

/// Commits that are always so many in flight: each answer gives the next, of another of the actors.
class Flight {
 public:
  Flight(Store& store, std::size_t actors) : store_(store), revisions_(actors) {}

  /// Gives each actor a state of so many bytes.
  void MakeStates(std::size_t bytes) {
    const SharedBytes state = ShareBytes(std::string(bytes, 's'));
    for (std::size_t actor = 0; actor < revisions_.size(); ++actor) {
      CommitRecord record = Record(actor, 0, patch_);
      record.snapshot = state;
      std::promise<absl::Status> answer;
      store_.Commit(std::move(record), [&](absl::Status status) { answer.set_value(std::move(status)); });
      Must(answer.get_future().get());
      revisions_[actor] = 1;
    }
  }

  void Run(std::size_t commits, std::size_t in_flight) {
    std::promise<void> done;
    done_ = &done;
    {
      MutexLock lock(mutex_);
      to_give_ = commits;
      to_answer_ = commits;
    }
    for (std::size_t i = 0; i < std::min(commits, in_flight); ++i) Give();
    done.get_future().wait();
  }

 private:
  static void Must(const absl::Status& status) {
    if (!status.ok()) std::cerr << status << std::endl, std::abort();
  }

  void Give() {
    // Held meanwhile, so that an actor's commits are given in their order; nothing is answered inside the
    // call.
    MutexLock lock(mutex_);
    if (to_give_ == 0) return;
    --to_give_;
    const std::size_t actor = next_++ % revisions_.size();
    CommitRecord record = Record(actor, revisions_[actor]++, patch_);
    store_.Commit(std::move(record), [this](const absl::Status& status) {
      Must(status);
      {
        MutexLock lock_answer(mutex_);
        if (--to_answer_ == 0) return done_->set_value();
      }
      Give();
    });
  }

  Store& store_;
  const SharedBytes patch_ = ShareBytes(std::string(kPatchBytes, 'p'));
  Mutex mutex_;
  std::vector<std::uint64_t> revisions_;
  std::size_t next_ = 0;
  std::size_t to_give_ = 0;
  std::size_t to_answer_ = 0;
  std::promise<void>* done_ = nullptr;
};

/// By hand: groups of `kGroup` commits, over so many actors.
void BM_CommitsByHand(benchmark::State& state) {
  const auto actors = static_cast<std::size_t>(state.range(0));
  BenchFile file;
  HandWrittenSqlite by_hand(file.path(), actors);
  const std::string patch(kPatchBytes, 'p');
  std::vector<std::uint64_t> revisions(actors);
  std::size_t next = 0;
  constexpr std::size_t kGroups = 16;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t group = 0; group < kGroups; ++group) {
      by_hand.Begin();
      for (std::size_t i = 0; i < kGroup; ++i) {
        const std::size_t actor = next++ % actors;
        by_hand.Append(actor, revisions[actor]++, patch);
      }
      by_hand.Commit();
    }
    state.SetIterationTime(SecondsSince(begin));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kGroups * kGroup));
}

/// The same through a store, as many in flight as make such groups; with states of so many bytes.
void BM_CommitsToStore(benchmark::State& state) {
  BenchFile file;
  const std::unique_ptr<Store> opened = file.OpenStore();
  Flight flight(*opened, static_cast<std::size_t>(state.range(0)));
  if (state.range(1) > 0) flight.MakeStates(static_cast<std::size_t>(state.range(1)));
  constexpr std::size_t kCommits = 16 * kGroup;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    flight.Run(kCommits, 2 * kGroup);
    state.SetIterationTime(SecondsSince(begin));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kCommits));
}

/// One commit after the other, each waited for: what a flush costs.
void BM_OneCommitAtATime(benchmark::State& state) {
  BenchFile file;
  const std::unique_ptr<Store> opened = file.OpenStore();
  Flight flight(*opened, 1);
  if (state.range(0) > 0) flight.MakeStates(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) flight.Run(1, 1);
  state.SetItemsProcessed(state.iterations());
}

std::size_t LoadAll(Store& opened, std::size_t actors) {
  std::promise<void> done;
  std::atomic<std::size_t> left = actors;
  std::atomic<std::size_t> found = 0;
  for (std::size_t actor = 0; actor < actors; ++actor) {
    opened.Load(Actor(actor), [&](const absl::StatusOr<std::optional<store::StoredActor>>& stored) {
      if (stored.ok() && stored->has_value()) ++found;
      if (--left == 0) done.set_value();
    });
  }
  done.get_future().wait();
  return found;
}

/// An actor whose log is full: 1,024 steps, 1 MiB. From a store that was just opened, and again.
void BM_Recovery(benchmark::State& state) {
  BenchFile file;
  {
    const std::unique_ptr<Store> opened = file.OpenStore();
    const SharedBytes patch = ShareBytes(std::string(1'024, 'p'));
    for (std::uint64_t base = 0; base < 1'024; ++base) {
      std::promise<absl::Status> answer;
      CommitRecord record = Record(0, base, patch);
      if (base == 0) record.snapshot = ShareBytes(std::string(1 << 20, 's'));
      opened->Commit(std::move(record), [&](absl::Status status) { answer.set_value(std::move(status)); });
      if (!answer.get_future().get().ok()) std::abort();
    }
  }
  std::unique_ptr<Store> opened = file.OpenStore();
  const bool is_cold = state.range(0) == 0;
  for (auto _ : state) {
    if (is_cold) {
      opened.reset();
      opened = file.OpenStore();
    }
    const auto begin = std::chrono::steady_clock::now();
    if (LoadAll(*opened, 1) != 1) std::abort();
    state.SetIterationTime(SecondsSince(begin));
  }
}

/// 100,000 actors are asked for at once, of a store that was just opened.
void BM_ColdStart(benchmark::State& state) {
  const auto actors = static_cast<std::size_t>(state.range(0));
  BenchFile file;
  {
    const std::unique_ptr<Store> opened = file.OpenStore();
    Flight(*opened, actors).Run(3 * actors, 4 * kGroup);
  }
  for (auto _ : state) {
    const std::unique_ptr<Store> opened = file.OpenStore();
    const auto begin = std::chrono::steady_clock::now();
    if (LoadAll(*opened, actors) != actors) std::abort();
    state.SetIterationTime(SecondsSince(begin));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(actors));
}

BENCHMARK(BM_CommitsByHand)->Arg(10'000)->Arg(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_CommitsToStore)
    ->Args({10'000, 0})
    ->Args({1, 0})
    ->Args({10'000, 1'000})
    ->Args({20, 1'000})
    ->Args({20, 10'000'000})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_OneCommitAtATime)->Arg(1'000)->Arg(10'000'000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Recovery)->Arg(0)->Arg(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ColdStart)->Arg(100'000)->Iterations(3)->UseManualTime()->Unit(benchmark::kMillisecond);

/// Prints what is measured, and in the end how it compares.
class Ratios final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const auto found = run.counters.find("items_per_second");
      if (found == run.counters.end()) continue;
      std::vector<double>& rates = rates_[run.run_name.function_name + "/" + run.run_name.args];
      if (run.run_type == Run::RT_Iteration) rates.push_back(found->second.value);
    }
    ConsoleReporter::ReportRuns(runs);
  }

  void Print() {
    Print("many actors, store : by hand", "BM_CommitsToStore/10000/0", "BM_CommitsByHand/10000");
    Print("one actor, store : by hand", "BM_CommitsToStore/1/0", "BM_CommitsByHand/1");
    Print("states of 10 MB : of 1 kB", "BM_CommitsToStore/20/10000000", "BM_CommitsToStore/20/1000");
  }

 private:
  static double Median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
  }

  void Print(const char* what, const char* one, const char* other) {
    const double rate = Median(rates_[one]);
    const double beside = Median(rates_[other]);
    if (rate > 0 && beside > 0) std::cout << what << ": " << rate / beside << std::endl;
  }

  std::map<std::string, std::vector<double>> rates_;
};

}  // namespace
}  // namespace onager::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  onager::bench::Ratios reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.Print();
  return 0;
}
