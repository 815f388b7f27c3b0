#ifndef ONAGER_BENCH_STORE_RUNS_H_
#define ONAGER_BENCH_STORE_RUNS_H_

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench_folder.h"
#include "commit_flight.h"

// What the benchmarks of each kind of store do alike, so that their figures are of the same work.
namespace onager::bench {

inline constexpr std::size_t kGroup = 1'024;

/// Groups of `kGroup` commits over so many actors, by hand. `each` is called when a group was sent, and
/// `last` when the last one was.
template <typename ByHand, typename Each, typename Last>
void RunByHand(benchmark::State& state, ByHand& by_hand, std::size_t actors, std::size_t groups, Each each,
               Last last) {
  const std::string patch(kPatchBytes, 'p');
  std::vector<std::uint64_t> revisions(actors);
  std::size_t next = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t group = 0; group < groups; ++group) {
      by_hand.Begin();
      for (std::size_t i = 0; i < kGroup; ++i) {
        const std::size_t actor = next++ % actors;
        by_hand.Append(actor, revisions[actor]++, patch);
      }
      by_hand.Commit();
      each();
    }
    last();
    state.SetIterationTime(SecondsSince(begin));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(groups * kGroup));
}

/// The same through a store, as many in flight as make such groups; with states of so many bytes.
inline void RunStore(benchmark::State& state, store::Store& store, std::size_t actors,
                     std::size_t state_bytes, std::size_t groups) {
  CommitFlight flight(store, actors);
  if (state_bytes > 0) flight.MakeStates(state_bytes);
  flight.Run(actors, 2 * kGroup);  // By hand the actors are there as well.
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    flight.Run(groups * kGroup, 2 * kGroup);
    state.SetIterationTime(SecondsSince(begin));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(groups * kGroup));
}

/// One commit after the other, each waited for: what a flush costs.
inline void RunOneAtATime(benchmark::State& state, store::Store& store, std::size_t state_bytes) {
  CommitFlight flight(store, 1);
  if (state_bytes > 0) flight.MakeStates(state_bytes);
  for (auto _ : state) flight.Run(1, 1);
  state.SetItemsProcessed(state.iterations());
}

/// An actor whose log is full: 1,024 steps, 1 MiB.
inline void FillLog(store::Store& store) {
  const SharedBytes patch = ShareBytes(std::string(1'024, 'p'));
  for (std::uint64_t base = 0; base < 1'024; ++base) {
    store::CommitRecord record = Record(0, base, patch);
    if (base == 0) record.snapshot = ShareBytes(std::string(1 << 20, 's'));
    CommitNow(store, std::move(record));
  }
}

}  // namespace onager::bench

#endif  // ONAGER_BENCH_STORE_RUNS_H_
