#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "commit_flight.h"
#include "hand_written_postgres.h"
#include "ratio_reporter.h"
#include "runtime/store/postgres/postgres_store.h"
#include "store_runs.h"
#include "tests/store/postgres_server.h"

namespace onager::bench {
namespace {

using store::PostgresServer;
using store::Store;

constexpr std::size_t kGroups = 8;

/// The one of this program, which waits for the disk as one in production does.
PostgresServer& Server() {
  static const std::unique_ptr<PostgresServer> server = [] {
    store::PostgresServerOptions options;
    options.fsync = true;
    options.settings = {"shared_buffers = 256MB", "max_wal_size = 4GB"};
    auto started = PostgresServer::Start(options);
    MustBeOk(started.status());
    return *std::move(started);
  }();
  return *server;
}

std::unique_ptr<Store> OpenStore(const std::string& url, std::size_t writers) {
  store::PostgresOptions options;
  options.url = url;
  options.writers = writers;
  options.queue_records_max = 1 << 20;
  auto opened = store::OpenPostgresStore(std::move(options));
  MustBeOk(opened.status());
  return *std::move(opened);
}

/// Over one connection, two groups under way.
void BM_CommitsByHand(benchmark::State& state) {
  const auto actors = static_cast<std::size_t>(state.range(0));
  HandWrittenPostgres by_hand(Server().Url(Server().EmptyDatabase()), actors);
  RunByHand(state, by_hand, actors, kGroups, [&] { by_hand.Await(1); }, [&] { by_hand.Await(0); });
}

/// Over so many connections.
void BM_CommitsToStore(benchmark::State& state) {
  const std::unique_ptr<Store> opened =
      OpenStore(Server().Url(Server().EmptyDatabase()), static_cast<std::size_t>(state.range(2)));
  RunStore(state, *opened, static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)),
           kGroups);
}

/// One commit after the other, each waited for.
void BM_OneCommitByHand(benchmark::State& state) {
  HandWrittenPostgres by_hand(Server().Url(Server().EmptyDatabase()), 1);
  const std::string patch(kPatchBytes, 'p');
  std::uint64_t revision = 0;
  for (auto _ : state) {
    by_hand.Begin();
    by_hand.Append(0, revision++, patch);
    by_hand.Commit();
    by_hand.Await(0);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_OneCommitToStore(benchmark::State& state) {
  const std::unique_ptr<Store> opened = OpenStore(Server().Url(Server().EmptyDatabase()), 1);
  RunOneAtATime(state, *opened, static_cast<std::size_t>(state.range(0)));
}

void BM_Recovery(benchmark::State& state) {
  const std::unique_ptr<Store> opened = OpenStore(Server().Url(Server().EmptyDatabase()), 1);
  FillLog(*opened);
  for (auto _ : state) {
    if (LoadAll(*opened, 1) != 1) std::abort();
  }
}

BENCHMARK(BM_CommitsByHand)->Arg(10'000)->Arg(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_CommitsToStore)
    ->Args({10'000, 0, 1})
    ->Args({10'000, 0, 4})
    ->Args({1, 0, 1})
    ->Args({20, 1'000, 4})
    ->Args({20, 10'000'000, 4})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_OneCommitByHand)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_OneCommitToStore)->Arg(0)->Arg(10'000'000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Recovery)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace onager::bench

int main(int argc, char** argv) {
  return onager::bench::RunBenchmarks(
      argc, argv,
      {{"many actors, one connection, store : by hand", "BM_CommitsToStore/10000/0/1",
        "BM_CommitsByHand/10000"},
       {"many actors, four connections, store : by hand", "BM_CommitsToStore/10000/0/4",
        "BM_CommitsByHand/10000"},
       {"one actor, store : by hand", "BM_CommitsToStore/1/0/1", "BM_CommitsByHand/1"},
       {"one commit at a time, store : by hand", "BM_OneCommitToStore/0", "BM_OneCommitByHand/"},
       {"states of 10 MB : of 1 kB", "BM_CommitsToStore/20/10000000/4", "BM_CommitsToStore/20/1000/4"}});
}
