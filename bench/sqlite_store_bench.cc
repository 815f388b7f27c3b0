#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench_folder.h"
#include "commit_flight.h"
#include "hand_written_sqlite.h"
#include "ratio_reporter.h"
#include "runtime/store/sqlite/sqlite_store.h"
#include "store_runs.h"

namespace onager::bench {
namespace {

using store::Store;

constexpr std::size_t kGroups = 16;

std::unique_ptr<Store> OpenStore(const BenchFolder& folder) {
  auto opened = store::OpenSqliteStore(store::SqliteOptions(folder.File("bench.db")));
  MustBeOk(opened.status());
  return *std::move(opened);
}

void BM_CommitsByHand(benchmark::State& state) {
  const auto actors = static_cast<std::size_t>(state.range(0));
  BenchFolder folder;
  HandWrittenSqlite by_hand(folder.File("bench.db"), actors);
  RunByHand(state, by_hand, actors, kGroups, [] {}, [] {});
}

void BM_CommitsToStore(benchmark::State& state) {
  BenchFolder folder;
  const std::unique_ptr<Store> opened = OpenStore(folder);
  RunStore(state, *opened, static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)),
           kGroups);
}

void BM_OneCommitAtATime(benchmark::State& state) {
  BenchFolder folder;
  const std::unique_ptr<Store> opened = OpenStore(folder);
  RunOneAtATime(state, *opened, static_cast<std::size_t>(state.range(0)));
}

/// From a store that was just opened, and again.
void BM_Recovery(benchmark::State& state) {
  BenchFolder folder;
  FillLog(*OpenStore(folder));
  std::unique_ptr<Store> opened = OpenStore(folder);
  const bool is_cold = state.range(0) == 0;
  for (auto _ : state) {
    if (is_cold) {
      opened.reset();
      opened = OpenStore(folder);
    }
    const auto begin = std::chrono::steady_clock::now();
    if (LoadAll(*opened, 1) != 1) std::abort();
    state.SetIterationTime(SecondsSince(begin));
  }
}

/// 100,000 actors are asked for at once, of a store that was just opened.
void BM_ColdStart(benchmark::State& state) {
  const auto actors = static_cast<std::size_t>(state.range(0));
  BenchFolder folder;
  CommitFlight(*OpenStore(folder), actors).Run(3 * actors, 4 * kGroup);
  for (auto _ : state) {
    const std::unique_ptr<Store> opened = OpenStore(folder);
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

}  // namespace
}  // namespace onager::bench

int main(int argc, char** argv) {
  return onager::bench::RunBenchmarks(
      argc, argv,
      {{"many actors, store : by hand", "BM_CommitsToStore/10000/0", "BM_CommitsByHand/10000"},
       {"one actor, store : by hand", "BM_CommitsToStore/1/0", "BM_CommitsByHand/1"},
       {"states of 10 MB : of 1 kB", "BM_CommitsToStore/20/10000000", "BM_CommitsToStore/20/1000"}});
}
