#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench_folder.h"
#include "commit_flight.h"
#include "hand_written_sqlite.h"
#include "ratio_reporter.h"
#include "runtime/store/sqlite/sqlite_store.h"

namespace onager::bench {
namespace {

using store::CommitRecord;
using store::Store;

constexpr std::size_t kGroup = 1'024;
constexpr std::size_t kGroups = 16;

std::unique_ptr<Store> OpenStore(const BenchFolder& folder) {
  auto opened = store::OpenSqliteStore(store::SqliteOptions(folder.File("bench.db")));
  MustBeOk(opened.status());
  return *std::move(opened);
}

/// By hand: groups of `kGroup` commits, over so many actors.
void BM_CommitsByHand(benchmark::State& state) {
  const auto actors = static_cast<std::size_t>(state.range(0));
  BenchFolder folder;
  HandWrittenSqlite by_hand(folder.File("bench.db"), actors);
  const std::string patch(kPatchBytes, 'p');
  std::vector<std::uint64_t> revisions(actors);
  std::size_t next = 0;
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
  BenchFolder folder;
  const std::unique_ptr<Store> opened = OpenStore(folder);
  CommitFlight flight(*opened, static_cast<std::size_t>(state.range(0)));
  if (state.range(1) > 0) flight.MakeStates(static_cast<std::size_t>(state.range(1)));
  flight.Run(static_cast<std::size_t>(state.range(0)), 2 * kGroup);  // By hand the actors are there as well.
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    flight.Run(kGroups * kGroup, 2 * kGroup);
    state.SetIterationTime(SecondsSince(begin));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kGroups * kGroup));
}

/// One commit after the other, each waited for: what a flush costs.
void BM_OneCommitAtATime(benchmark::State& state) {
  BenchFolder folder;
  const std::unique_ptr<Store> opened = OpenStore(folder);
  CommitFlight flight(*opened, 1);
  if (state.range(0) > 0) flight.MakeStates(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) flight.Run(1, 1);
  state.SetItemsProcessed(state.iterations());
}

/// An actor whose log is full: 1,024 steps, 1 MiB. From a store that was just opened, and again.
void BM_Recovery(benchmark::State& state) {
  BenchFolder folder;
  {
    const std::unique_ptr<Store> opened = OpenStore(folder);
    const SharedBytes patch = ShareBytes(std::string(1'024, 'p'));
    for (std::uint64_t base = 0; base < 1'024; ++base) {
      CommitRecord record = Record(0, base, patch);
      if (base == 0) record.snapshot = ShareBytes(std::string(1 << 20, 's'));
      CommitNow(*opened, std::move(record));
    }
  }
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
