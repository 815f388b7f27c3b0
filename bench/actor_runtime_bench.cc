#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench_folder.h"
#include "commit_flight.h"
#include "note_actor.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/system_environment.h"
#include "runtime/store/forwarding_store.h"
#include "runtime/store/memory_store.h"
#include "runtime/store/sqlite/sqlite_store.h"

// What actors of a server that was just started cost, from the call to the reply.
namespace onager::bench {
namespace {

using actor::ActorCall;
using actor::ActorRuntime;
using store::Store;
using Clock = std::chrono::steady_clock;

/// Counts how many actors are being read.
class CountingStore final : public store::ForwardingStore {
 public:
  explicit CountingStore(Store& store) : ForwardingStore(store) {}

  void LoadRecent(const ActorId& actor, LoadDone done) override {
    const std::size_t now = ++loads_;
    std::size_t most = loads_max_;
    while (now > most && !loads_max_.compare_exchange_weak(most, now)) {
    }
    inner().LoadRecent(actor, [this, done = std::move(done), begin = Clock::now()](auto stored) mutable {
      --loads_;
      last_load_ = SecondsSince(begin);
      done(std::move(stored));
    });
  }
  double last_load() const { return last_load_; }
  std::size_t loads_max() const { return loads_max_; }

 private:
  std::atomic<std::size_t> loads_ = 0;
  std::atomic<std::size_t> loads_max_ = 0;
  std::atomic<double> last_load_ = 0;  // Seconds.
};

/// A server's actors over a file.
class Server {
 public:
  explicit Server(const std::string& file)
      : sqlite_([&] {
          auto opened = store::OpenSqliteStore(store::SqliteOptions(file));
          MustBeOk(opened.status());
          return *std::move(opened);
        }()),
        store_(*sqlite_),
        runtime_(actor::ActorRuntimeOptions(), environment_, memory_, &store_) {
    MustBeOk(runtime_.Host(NoteActor::Type(), [] { return std::make_unique<NoteActor>(); }));
    runtime_.Begin();
  }
  ~Server() { runtime_.Shutdown(); }

  void Call(std::size_t actor, NoteActor::Method method, std::string arguments, std::function<void()> done) {
    auto call = std::make_shared<ActorCall>();
    call->actor = {"bench.v1.Notes", "actor" + std::to_string(actor)};
    call->method = method;
    call->arguments = std::move(arguments);
    call->done = [done = std::move(done)](const session::SharedOutcome& outcome) {
      MustBeOk(outcome->status);
      done();
    };
    runtime_.Call(std::move(call));
  }
  void CallNow(std::size_t actor, NoteActor::Method method, std::string arguments = "") {
    std::promise<void> done;
    Call(actor, method, std::move(arguments), [&] { done.set_value(); });
    done.get_future().wait();
  }
  const CountingStore& store() const { return store_; }

 private:
  SystemEnvironment environment_;
  store::MemoryStore memory_;
  const std::unique_ptr<Store> sqlite_;
  CountingStore store_;
  ActorRuntime runtime_;
};

/// Calls of one actor after the other, so many in flight.
void AddToAll(Server& server, std::size_t actors, std::size_t in_flight) {
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> left = actors;
  std::promise<void> done;
  std::function<void()> give = [&] {
    const std::size_t actor = next++;
    if (actor >= actors) return;
    server.Call(actor, NoteActor::kAdd, "a note of a few words", [&] {
      if (--left == 0) return done.set_value();
      give();
    });
  };
  for (std::size_t i = 0; i < in_flight; ++i) give();
  done.get_future().wait();
}

/// Of all threads, since the program began: what a busy machine does not change much.
double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double Percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void CopyStore(const BenchFolder& folder, const std::string& from, const std::string& to) {
  for (const char* const end : {"", "-wal"}) {
    std::filesystem::copy_file(folder.File(from) + end, folder.File(to) + end,
                               std::filesystem::copy_options::overwrite_existing);
  }
}

/// The first call of an actor with a full log, at least 1,024 steps and 1 MiB, after its server was killed.
/// So many notes of 1 KiB make its state: in between there is a snapshot, and what follows it is applied.
void BM_Recovery(benchmark::State& state) {
  BenchFolder folder;
  {
    Server server(folder.File("alive.db"));
    const std::string note(1'024, 'n');
    for (std::int64_t i = 0; i < state.range(0); ++i) server.CallNow(0, NoteActor::kAdd, note);
    CopyStore(folder, "alive.db", "kept.db");  // As a kill would leave it.
  }
  std::vector<double> times;
  std::vector<double> cpu_times;
  std::vector<double> store_times;
  for (auto _ : state) {
    CopyStore(folder, "kept.db", "killed.db");
    Server server(folder.File("killed.db"));
    const double cpu_begin = CpuSeconds();
    const auto begin = Clock::now();
    server.CallNow(0, NoteActor::kCount);
    times.push_back(SecondsSince(begin));
    cpu_times.push_back(CpuSeconds() - cpu_begin);
    store_times.push_back(server.store().last_load());
    state.SetIterationTime(times.back());
  }
  state.counters["median_store_ms"] = Percentile(store_times, 0.5) * 1e3;
  state.counters["median_cpu_ms"] = Percentile(cpu_times, 0.5) * 1e3;
  state.counters["median_ms"] = Percentile(times, 0.5) * 1e3;
  state.counters["p90_ms"] = Percentile(times, 0.9) * 1e3;
}

/// All of 100,000 actors are called at once, of a server that was just started; each fifth call is a turn
/// that is committed. Meanwhile one that is active already is called again and again.
void BM_ColdStart(benchmark::State& state) {
  const auto actors = static_cast<std::size_t>(state.range(0));
  BenchFolder folder;
  {
    Server server(folder.File("bench.db"));
    for (int i = 0; i < 3; ++i) AddToAll(server, actors + 1, 4'096);
  }
  std::vector<double> others;
  std::size_t loads_max = 0;
  for (auto _ : state) {
    Server server(folder.File("bench.db"));
    const std::size_t busy = actors;
    server.CallNow(busy, NoteActor::kCount);
    std::atomic<bool> over = false;
    std::thread other([&] {
      while (!over) {
        const auto begin = Clock::now();
        server.CallNow(busy, NoteActor::kCount);
        others.push_back(SecondsSince(begin));
      }
    });
    std::atomic<std::size_t> left = actors;
    std::promise<void> done;
    const auto begin = Clock::now();
    for (std::size_t actor = 0; actor < actors; ++actor) {
      server.Call(actor, actor % 5 == 0 ? NoteActor::kAdd : NoteActor::kCount, "one more", [&] {
        if (--left == 0) done.set_value();
      });
    }
    done.get_future().wait();
    state.SetIterationTime(SecondsSince(begin));
    over = true;
    other.join();
    loads_max = std::max(loads_max, server.store().loads_max());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(actors));
  state.counters["loads_max"] = static_cast<double>(loads_max);
  state.counters["other_p50_ms"] = Percentile(others, 0.5) * 1e3;
  state.counters["other_p99_ms"] = Percentile(others, 0.99) * 1e3;
  state.counters["other_max_ms"] = Percentile(others, 1) * 1e3;
}

BENCHMARK(BM_Recovery)
    ->Arg(1'024)
    ->Arg(1'400)
    ->Arg(2'000)
    ->Iterations(21)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ColdStart)->Arg(100'000)->Iterations(3)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace onager::bench

BENCHMARK_MAIN();
