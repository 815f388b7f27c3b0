// What is left of clients that have gone, in each world.

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "actors.h"
#include "depot.h"
#include "stream_support.h"
#include "world.h"

namespace onager::server {

void PrintTo(const ServerUsage& usage, std::ostream* out) {
  *out << usage.sessions << " sessions, " << usage.clients << " clients, " << usage.calls_running
       << " calls run, " << usage.calls_ended << " outcomes of " << usage.outcome_bytes << " bytes, "
       << usage.subscriptions << " subscriptions, " << usage.reply_bytes << " bytes of replies";
}

}  // namespace onager::server

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using depot::v1::DepotClient;
using lab::v1::LabClient;
using Door = World::Door;
using server::ServerUsage;

// Builds that are slow live fewer.
int SimulatedLifetimes() {
  const char* const count = std::getenv("ONAGER_LIFETIMES");
  return count == nullptr ? 10'000 : std::atoi(count);
}

// What the allocator says that is in use; where it does not count, as under sanitizers, nothing.
std::size_t BytesInUse() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

class LifetimeScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    Depot::log.Reset();
  }
  World& world() { return *world_; }
  bool NothingIsLeft() {
    return world().Until([this] { return world().server().usage() == ServerUsage(); });
  }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, LifetimeScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(LifetimeScenarioTest, A12_AClientThatLeavesTakesEverythingOfItsWithIt) {
  world().StartServer();
  std::optional<Client> client = world().NewClient();
  CounterClient counter(*client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  ASSERT_TRUE(world().Get(counter.Increment()).ok());
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 1; }));
  auto sleeping = LabClient(*client, "l").AddSlowly(1, 3'600'000, CallOptions().WithTimeout(absl::Hours(2)));
  // Its handler waits for a reader that will never read again.
  auto stream = DepotClient(*client, "d").Count(1, CallOptions().WithTimeout(absl::InfiniteDuration()));
  ASSERT_TRUE(GetStep(world(), stream.Read()).ok());
  ASSERT_TRUE(world().Until([&] {
    const ServerUsage usage = world().server().usage();
    return usage.clients == 1 && usage.subscriptions == 1 && usage.calls_running == 2;
  }));

  const Time begin = world().environment().clock.Now();
  client.reset();
  EXPECT_TRUE(NothingIsLeft()) << testing::PrintToString(world().server().usage());
  ASSERT_TRUE(world().Until([] { return Depot::log.end().has_value(); }));
  EXPECT_EQ(Depot::log.end()->code(), absl::StatusCode::kCancelled);
  EXPECT_LT(world().environment().clock.Now() - begin, std::chrono::seconds(1));
}

TEST_P(LifetimeScenarioTest, AGoodbyeFollowsWhatWasStillBeingWritten) {
  world().StartServer();
  for (int round = 0; round < 20; ++round) {
    std::optional<Client> client = world().NewClient();
    LabClient lab(*client, "l");
    if (round % 2 == 0) {
      ASSERT_TRUE(world().Get(lab.Get()).ok());
    }
    // Two megabytes are under way, or the connection itself.
    auto call = lab.Echo(Bytes(std::string(2'000'000, 'x')));
    client.reset();
    const absl::Status end = world().Get(std::move(call)).status();
    EXPECT_TRUE(end.ok() || end.code() == absl::StatusCode::kCancelled) << end;
  }
  EXPECT_TRUE(NothingIsLeft()) << testing::PrintToString(world().server().usage());
}

// How one cycle of a client ends.
enum class Exit {
  kClosed,           // With everything done.
  kBeforeConnected,  // Before it has a session.
  kInFlight,         // While a call and a snapshot are on their way.
  kCut,              // Its connection is reset first, and it goes while it comes back.
  kVanished,         // As if its process were killed: the server hears no goodbye.
};
constexpr Exit kExits[] = {Exit::kClosed, Exit::kBeforeConnected, Exit::kInFlight, Exit::kCut,
                           Exit::kVanished};

// 10,000 clients connect, call, observe and go, in every way.
TEST_P(LifetimeScenarioTest, A13_CyclesLeaveNothingBehind) {
  world().server_options().ledger.age_max = std::chrono::milliseconds(200);
  world().StartServer();
  const int cycles = GetParam().name == "Simulated"   ? SimulatedLifetimes()
                     : GetParam().name == "InProcess" ? 2'000
                                                      : 300;
  std::vector<std::weak_ptr<generated::Channel>> channels;
  std::size_t actors_before = 0;
  for (int i = 0; i < cycles; ++i) {
    const Exit exit = kExits[static_cast<std::size_t>(i) % std::size(kExits)];
    std::optional<Client> client = world().NewClient();
    channels.push_back(client->channel());
    CounterClient counter(*client, "c");
    Journal<CounterState> journal;
    auto watch = journal.Attach(counter.Observe()).Start();
    if (exit == Exit::kBeforeConnected) {
      (void)counter.Increment();
      continue;
    }
    ASSERT_TRUE(world().Get(counter.Increment()).ok());
    switch (exit) {
      case Exit::kClosed:
        ASSERT_TRUE(world().Until([&] { return journal.size() > 0; }));
        break;
      case Exit::kBeforeConnected:
      case Exit::kInFlight:
        (void)counter.Increment();
        watch.Resync();
        break;
      case Exit::kCut:
        world().CutFront();
        break;
      case Exit::kVanished:
        world().ShutFront(true);
        world().CutFront();
        ASSERT_TRUE(world().Until([&] { return client->state() == ConnectionState::kReconnecting; }));
        client.reset();
        world().ShutFront(false);
        break;
    }
    if (i == 100) actors_before = world().server().actors().active_actors();
  }
  EXPECT_EQ(world().server().actors().active_actors(), actors_before);
  world().Pass(std::chrono::seconds(5));
  EXPECT_TRUE(NothingIsLeft()) << testing::PrintToString(world().server().usage());
  EXPECT_TRUE(world().Until([&] {
    return std::all_of(channels.begin(), channels.end(),
                       [](const auto& channel) { return channel.expired(); });
  }));
}

TEST_P(LifetimeScenarioTest, A13_AHundredSubscribersWhoseConnectionsDropTakeEverythingWithThem) {
  world().server_options().ledger.age_max = std::chrono::milliseconds(200);
  world().StartServer();
  std::size_t bytes_after_ten = 0;
  for (int cycle = 0; cycle < 20; ++cycle) {
    std::vector<Client> clients;
    std::vector<Journal<CounterState>> journals(100);
    std::vector<Subscription<CounterState>> watches;
    for (std::size_t i = 0; i < 100; ++i) {
      if (i % 10 == 0) clients.push_back(world().NewClient());
      watches.push_back(journals[i].Attach(CounterClient(clients.back(), "c").Observe()).Start());
    }
    ASSERT_TRUE(world().Until([&] {
      return std::all_of(journals.begin(), journals.end(),
                         [](const auto& journal) { return journal.size() > 0; });
    }));
    EXPECT_EQ(world().server().usage().subscriptions, 100u);
    world().ShutFront(true);
    world().CutFront();
    ASSERT_TRUE(world().Until([&] {
      const ServerUsage usage = world().server().usage();
      return usage.sessions == 0 && usage.subscriptions == 0 && usage.calls_running == 0 &&
             usage.reply_bytes == 0;
    }));
    watches.clear();
    clients.clear();
    world().ShutFront(false);
    if (cycle == 9) {
      EXPECT_TRUE(NothingIsLeft()) << testing::PrintToString(world().server().usage());
      bytes_after_ten = BytesInUse();
    }
  }
  world().Pass(std::chrono::seconds(5));
  EXPECT_TRUE(NothingIsLeft()) << testing::PrintToString(world().server().usage());
  // Of a thousand connections, ten thousand frames and as many callbacks. Threads of the transport's own let
  // go of connections in their own time.
  EXPECT_TRUE(world().Until([&] { return BytesInUse() < bytes_after_ten + (1u << 20); }))
      << BytesInUse() << " bytes, after ten cycles " << bytes_after_ten;
}

// Destruction in every order, in every situation ---------------------------------------------------------

enum class Part { kServer, kClient, kStub, kSubscription, kCall, kStream };
constexpr std::size_t kParts = 6;

enum class Situation {
  kLive,            // Everything runs: a call, a stream that is full, a subscription.
  kNotConnected,    // There never was a session.
  kConnecting,      // It was asked for, and nothing has arrived yet.
  kCut,             // The connection has just broken.
  kReconnecting,    // And nobody lets the client in.
  kPaused,          // The subscription is paused, and has changed its mind.
  kCallbacksQueued  // What has arrived has not been told.
};
constexpr Situation kSituations[] = {
    Situation::kLive,         Situation::kNotConnected, Situation::kConnecting,     Situation::kCut,
    Situation::kReconnecting, Situation::kPaused,       Situation::kCallbacksQueued};

/// What there is to be destroyed, and what was called back. The counters outlive everything.
struct Cast {
  explicit Cast(World& in) : world(in) {}

  void Enter(Situation situation) {
    if (situation == Situation::kNotConnected) world.ShutFront(true);
    client = world.NewClient();
    stub = LabClient(*client, "l");
    watch = stub->Observe()
                .OnChange([this](const lab::v1::LabState&, const Change<lab::v1::LabState>&) {
                  EXPECT_TRUE(may_change.load()) << "a change was told after the end";
                  ++changes;
                })
                .OnEnd([this](const absl::Status&) {
                  EXPECT_TRUE(may_change.load()) << "an end was told after the end";
                  ++watch_ends;
                })
                .Start();
    // At another actor: no snapshot is made of a state while its turn is open.
    call = LabClient(*client, "slow").AddSlowly(1, 3'600'000);
    call->Then([this](const absl::StatusOr<std::int64_t>&) {
      EXPECT_TRUE(may_end.load()) << "the call ended after its client";
      ++call_ends;
    });
    stream = DepotClient(*client, "d").Count(1, CallOptions().WithTimeout(absl::InfiniteDuration()));
    if (situation == Situation::kConnecting || situation == Situation::kNotConnected) return;
    ASSERT_TRUE(world.Until([&] { return changes > 0 && world.server().usage().calls_running == 2; }));
    switch (situation) {
      case Situation::kLive:
      case Situation::kConnecting:
      case Situation::kNotConnected:
        break;
      case Situation::kCut:
        world.CutFront();
        break;
      case Situation::kReconnecting:
        world.ShutFront(true);
        world.CutFront();
        ASSERT_TRUE(world.Until([&] { return client->state() == ConnectionState::kReconnecting; }));
        break;
      case Situation::kPaused:
        watch->Pause();
        ASSERT_TRUE(watch->Change(Filter<lab::v1::LabState>(), View<lab::v1::LabState>()).ok());
        break;
      case Situation::kCallbacksQueued:
        watch->Resync();
        stub->Get().Then([this](const absl::StatusOr<std::int64_t>&) { EXPECT_TRUE(may_end.load()); });
        break;
    }
  }

  void Destroy(Part part) {
    switch (part) {
      case Part::kServer:
        world.StopServer();
        break;
      case Part::kClient:
        client.reset();
        may_end = false;
        may_change = false;
        EXPECT_EQ(call_ends, 1);
        break;
      case Part::kStub:
        stub.reset();
        break;
      case Part::kSubscription:
        watch.reset();
        may_change = false;
        break;
      case Part::kCall:
        call.reset();
        break;
      case Part::kStream:
        stream.reset();
        break;
    }
  }

  World& world;
  std::atomic<bool> may_change = true;
  std::atomic<bool> may_end = true;
  std::atomic<int> changes = 0;
  std::atomic<int> watch_ends = 0;
  std::atomic<int> call_ends = 0;
  std::optional<Client> client;
  std::optional<LabClient> stub;
  std::optional<Subscription<lab::v1::LabState>> watch;
  std::optional<Call<std::int64_t>> call;
  std::optional<StreamCall<std::int64_t>> stream;
};

// All 720 orders in virtual time; elsewhere one in so many, each time others.
TEST_P(LifetimeScenarioTest, DestructionInEveryOrderAndSituationEndsAndCallsNothingBack) {
  // Not 720, nor any of its divisors, which would take the same orders in each situation.
  const std::size_t stride = GetParam().name != "Simulated" ? 97 : SimulatedLifetimes() < 10'000 ? 11 : 1;
  std::size_t number = 0;
  for (const Situation situation : kSituations) {
    std::array<Part, kParts> order = {Part::kServer,       Part::kClient, Part::kStub,
                                      Part::kSubscription, Part::kCall,   Part::kStream};
    do {
      if (++number % stride != 0) continue;
      std::string trace = absl::StrCat("situation ", static_cast<int>(situation), ", order");
      for (const Part part : order) absl::StrAppend(&trace, " ", static_cast<int>(part));
      SCOPED_TRACE(trace);
      const std::unique_ptr<World> own = GetParam().make();
      own->StartServer();
      Cast cast(*own);
      cast.Enter(situation);
      for (const Part part : order) {
        cast.Destroy(part);
        own->Pass(std::chrono::milliseconds(number % 3));
      }
      own->Pass(std::chrono::seconds(2));
      EXPECT_LE(cast.watch_ends, 1);
      EXPECT_EQ(cast.call_ends, 1);
      if (HasFailure()) return;
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

}  // namespace
}  // namespace onager::end_to_end
