// Scenarios that need virtual time, or faults that only a simulated network has.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "actors.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using lab::v1::LabClient;
using lab::v1::LabState;
using simulation::Side;
using todo::v1::Todo;
using todo::v1::TodoListClient;
using todo::v1::TodoListState;
using Door = World::Door;

class SimulatedTest : public testing::Test {
 protected:
  void SetUp() override { world_.StartServer(); }
  SimulatedWorld world_;
};

// A client that misses one change, comes back after `away`, and what it is given then.
ResyncReason ComeBackAfter(SimulatedWorld& world, Duration away, bool& replayed) {
  Client client = world.NewClient(Door::kFront);
  Client other = world.NewClient(Door::kBack);
  CounterClient behind(other, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(CounterClient(client, "c").Observe()).Start();
  EXPECT_TRUE(world.Get(behind.Increment()).ok());
  EXPECT_TRUE(world.Until([&] { return journal.revision() == 1; }));
  world.ShutFront(true);
  world.CutFront();
  EXPECT_TRUE(world.Get(behind.Increment()).ok());
  world.Pass(away);
  world.ShutFront(false);
  EXPECT_TRUE(world.Until([&] { return journal.revision() == 2; }));
  replayed = journal.entries().back().replayed;
  return journal.entries().back().snapshot.value_or(ResyncReason::kInitial);
}

TEST_F(SimulatedTest, A6_AMissedChangeOf299SecondsIsReplayed) {
  bool replayed = false;
  // The next attempt to connect may come a tenth of a second after the door has opened.
  EXPECT_EQ(ComeBackAfter(world_, std::chrono::milliseconds(298'900), replayed), ResyncReason::kInitial);
  EXPECT_TRUE(replayed);
}

TEST_F(SimulatedTest, A6_AMissedChangeOf301SecondsIsExpired) {
  bool replayed = true;
  EXPECT_EQ(ComeBackAfter(world_, std::chrono::seconds(301), replayed), ResyncReason::kExpired);
  EXPECT_FALSE(replayed);
}

TEST_F(SimulatedTest, A6_AQuietStreamStaysAlive) {
  Client client = world_.NewClient();
  CounterClient counter(client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  ASSERT_TRUE(world_.Until([&] { return journal.size() == 1; }));
  world_.Pass(std::chrono::minutes(10));
  EXPECT_EQ(client.stats().connections, 1u);
  ASSERT_TRUE(world_.Get(counter.Increment()).ok());
  ASSERT_TRUE(world_.Until([&] { return journal.revision() == 1; }));
  EXPECT_FALSE(journal.entries().back().snapshot.has_value());
}

TEST_F(SimulatedTest, AnEmptyGapIsResumedHoweverOldItIs) {
  Client client = world_.NewClient(Door::kFront, ClientOptions());
  CounterClient counter(client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  ASSERT_TRUE(world_.Get(counter.Increment()).ok());
  ASSERT_TRUE(world_.Until([&] { return journal.revision() == 1; }));
  world_.ShutFront(true);
  world_.CutFront();
  world_.Pass(std::chrono::hours(24));
  world_.ShutFront(false);
  ASSERT_TRUE(world_.Until([&] { return client.stats().resumes == 1; }));
  ASSERT_TRUE(world_.Get(counter.Increment()).ok());
  ASSERT_TRUE(world_.Until([&] { return journal.revision() == 2; }));
  EXPECT_EQ(client.stats().snapshots, 1u);
}

TEST_F(SimulatedTest, A7_ARestartedServerIsAnotherEpoch) {
  Client client = world_.NewClient();
  CounterClient counter(client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  ASSERT_TRUE(world_.Get(counter.Set(5)).ok());
  ASSERT_TRUE(world_.Until([&] { return journal.revision() == 1; }));
  const std::uint64_t epoch = watch.epoch();
  world_.StopServer();
  world_.StartServer();
  const std::size_t seen = journal.size();
  ASSERT_TRUE(world_.Until([&] { return journal.size() > seen; }));
  EXPECT_EQ(journal.entries().back().snapshot, ResyncReason::kNewEpoch);
  EXPECT_EQ(journal.entries().back().state.value, 0);
  EXPECT_NE(watch.epoch(), epoch);
  ASSERT_TRUE(world_.Get(counter.Increment()).ok());
  ASSERT_TRUE(world_.Until([&] { return journal.entries().back().state.value == 1; }));
}

TEST_F(SimulatedTest, ACallWhoseFateARestartHidesIsNotRunAgain) {
  Client client = world_.NewClient();
  LabClient lab(client, "l");
  ASSERT_TRUE(world_.Get(lab.Add(1)).ok());
  auto call = lab.AddSlowly(1, 60'000, CallOptions().WithTimeout(absl::Minutes(10)));
  auto idempotent = LabClient(client, "other").AddAgain(1);
  world_.Pass(std::chrono::seconds(1));
  world_.CutFront();  // Before the goodbye, which would end the sleeping turn with an answer.
  world_.StopServer();
  world_.StartServer();
  const absl::StatusOr<std::int64_t> result = world_.Get(std::move(call));
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable) << result.status();
  const auto info = result.status().GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
  ASSERT_TRUE(info.has_value());
  EXPECT_NE(std::string(*info).find("OUTCOME_UNKNOWN"), std::string::npos);
  EXPECT_EQ(world_.Get(lab.Get()).value(), 0);
  EXPECT_TRUE(world_.Get(std::move(idempotent)).ok());
}

TEST_F(SimulatedTest, ACheckpointContinuesInAnotherClient) {
  std::string checkpoint;
  TodoListState kept;
  Client back = world_.NewClient(Door::kBack);
  TodoListClient behind(back, "l");
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(world_.Get(behind.AddTodo(std::to_string(i))).value().id);
  {
    Client client = world_.NewClient();
    Journal<TodoListState> journal;
    auto watch = journal.Attach(TodoListClient(client, "l").Observe()).Start();
    ASSERT_TRUE(world_.Until([&] { return journal.revision() == 5; }));
    EXPECT_FALSE(watch.token().empty());
    checkpoint = watch.checkpoint();
    kept = watch.state();
  }
  // While the application is away: a removal, a change, an insertion.
  ASSERT_TRUE(world_.Get(behind.DeleteTodo(ids[1])).ok());
  ASSERT_TRUE(world_.Get(behind.ToggleTodo(ids[2])).ok());
  ASSERT_TRUE(world_.Get(behind.AddTodo("5")).ok());

  Client client = world_.NewClient();
  Journal<TodoListState> journal;
  auto watch = journal.Attach(TodoListClient(client, "l").Observe().ResumeFrom(checkpoint)).Start();
  ASSERT_TRUE(world_.Until([&] { return journal.revision() == 8; }));
  const auto entries = journal.entries();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].state, kept);
  EXPECT_EQ(entries[0].revision, 5u);
  EXPECT_EQ(entries[1].state.todos.size(), 4u);
  EXPECT_TRUE(entries[2].state.todos.Find(ids[2])->done);
  EXPECT_EQ(entries[3].state.todos.back().title, "5");
  EXPECT_EQ(client.stats().snapshots, 0u);
  EXPECT_EQ(client.stats().replayed_deltas, 3u);
}

TEST_F(SimulatedTest, ACheckpointThatIsNoneEndsTheSubscription) {
  Client client = world_.NewClient();
  Journal<CounterState> journal;
  auto watch = journal.Attach(CounterClient(client, "c").Observe().ResumeFrom("nonsense")).Start();
  ASSERT_TRUE(world_.Until([&] { return journal.end().has_value(); }));
  EXPECT_EQ(journal.end()->code(), absl::StatusCode::kInvalidArgument);
}

// What has arrived waits for its callback when the client is closed: it comes first, then the end.
TEST_F(SimulatedTest, ClosingTheClientEndsASubscriptionThatIsBehind) {
  auto client = std::make_unique<Client>(world_.NewClient());
  CounterClient counter(*client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  ASSERT_TRUE(world_.Until([&] { return client->stats().snapshots == 1; }));
  ASSERT_EQ(journal.size(), 0u);
  client.reset();
  EXPECT_EQ(journal.size(), 1u);
  ASSERT_TRUE(journal.end().has_value());
  EXPECT_EQ(journal.end()->code(), absl::StatusCode::kCancelled);
}

TEST_F(SimulatedTest, AClientMayBeClosedInACallbackOfItsSubscription) {
  auto client = std::make_unique<Client>(world_.NewClient());
  Journal<CounterState> other;
  auto other_watch = other.Attach(CounterClient(*client, "other").Observe()).Start();
  int changes = 0;
  int ends = 0;
  auto watch = CounterClient(*client, "c")
                   .Observe()
                   .OnChange([&](const CounterState&, const Change<CounterState>&) {
                     ++changes;
                     client->Close();
                     EXPECT_TRUE(other.end().has_value());
                   })
                   .OnEnd([&](const absl::Status&) { ++ends; })
                   .Start();
  ASSERT_TRUE(world_.Until([&] { return changes == 1; }));
  world_.Pass(std::chrono::minutes(1));
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(ends, 0);
}

TEST_F(SimulatedTest, AClientThatVanishesIsForgottenAlsoWhenNobodyElseComes) {
  auto client = std::make_unique<Client>(world_.NewClient());
  ASSERT_TRUE(world_.Get(LabClient(*client, "l").Add(1)).ok());
  world_.ShutFront(true);
  world_.front_link().GoHalfOpen();
  client.reset();  // Its goodbye does not arrive.
  world_.Pass(std::chrono::minutes(5));
  EXPECT_EQ(world_.server().usage().sessions, 0u);
  EXPECT_EQ(world_.server().usage().clients, 1u);
  EXPECT_EQ(world_.server().usage().calls_ended, 1u);
  world_.Pass(std::chrono::minutes(1));
  EXPECT_EQ(world_.server().usage(), server::ServerUsage());
}

// Every state that an observer is shown is one that the server had at that revision.
class TruthTest : public SimulatedTest {
 protected:
  void Record(const CounterState& state, std::uint64_t revision) { truth_[revision] = state.value; }
  void ExpectTrue(const Journal<CounterState>& journal) {
    std::uint64_t previous = 0;
    bool first = true;
    for (const auto& entry : journal.entries()) {
      EXPECT_EQ(entry.state.value, truth_.at(entry.revision)) << "at revision " << entry.revision;
      if (!first && !entry.snapshot.has_value()) {
        EXPECT_EQ(entry.base, previous);
      }
      if (!first) {
        EXPECT_GE(entry.revision, previous);
      }
      first = false;
      previous = entry.revision;
    }
  }

  std::map<std::uint64_t, std::int64_t> truth_;
};

enum class MessageFault { kDrop, kDuplicate, kDelay };

class MessageFaultTest : public TruthTest, public testing::WithParamInterface<MessageFault> {};

INSTANTIATE_TEST_SUITE_P(Faults, MessageFaultTest,
                         testing::Values(MessageFault::kDrop, MessageFault::kDuplicate,
                                         MessageFault::kDelay));

TEST_P(MessageFaultTest, A18_ADeltaThatTheNetworkHarmsIsNoticedAndRepaired) {
  Client client = world_.NewClient(Door::kFront);
  Client other = world_.NewClient(Door::kBack);
  CounterClient behind(other, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(CounterClient(client, "c").Observe()).Start();
  truth_[0] = 0;
  ASSERT_TRUE(world_.Until([&] { return journal.size() == 1; }));
  const auto increment = [&](std::uint64_t revision) {
    truth_[revision] = world_.Get(behind.Increment(static_cast<std::int64_t>(revision))).value();
  };
  for (std::uint64_t revision = 1; revision <= 5; ++revision) increment(revision);
  ASSERT_TRUE(world_.Until([&] { return journal.revision() == 5; }));

  simulation::SimulatedLink& link = world_.front_link();
  const std::uint64_t next = link.counters(Side::kServer).messages_written;
  switch (GetParam()) {
    case MessageFault::kDrop:
      link.DropMessage(Side::kServer, next);
      break;
    case MessageFault::kDuplicate:
      link.DuplicateMessage(Side::kServer, next);
      break;
    case MessageFault::kDelay:
      link.DelayMessage(Side::kServer, next);
      break;
  }
  increment(6);
  world_.Pass(std::chrono::milliseconds(100));
  increment(7);
  ASSERT_TRUE(world_.Until([&] { return journal.revision() == 7; }));
  increment(8);
  ASSERT_TRUE(world_.Until([&] { return journal.revision() == 8; }));
  ExpectTrue(journal);
  EXPECT_EQ(client.stats().resyncs, 1u);
  EXPECT_EQ(client.stats().connections, 1u);
  bool told = false;
  for (const auto& entry : journal.entries()) told |= entry.snapshot == ResyncReason::kBaseMismatch;
  EXPECT_TRUE(told);
}

TEST_F(SimulatedTest, AHalfOpenConnectionIsNoticedByBothSidesWithin15Seconds) {
  Client client = world_.NewClient();
  CounterClient counter(client, "c");
  ASSERT_TRUE(world_.Get(counter.Increment()).ok());
  ASSERT_EQ(world_.server().session_count(), 1u);
  world_.Pass(std::chrono::seconds(20));
  const Time begin = world_.time().Now();
  world_.front_link().GoHalfOpen();
  ASSERT_TRUE(world_.Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  EXPECT_LE(world_.time().Now() - begin, std::chrono::seconds(15));
  ASSERT_TRUE(world_.Get(counter.Increment()).ok());
  // The session of the dead connection went when the client came again.
  ASSERT_TRUE(world_.Until([&] { return world_.server().session_count() == 1; }));
}

TEST_F(SimulatedTest, AServerNoticesADeadClientWithin15Seconds) {
  Client client = world_.NewClient();
  ASSERT_TRUE(world_.Get(CounterClient(client, "c").Increment()).ok());
  world_.Pass(std::chrono::seconds(20));
  const Time begin = world_.time().Now();
  world_.ShutFront(true);
  world_.front_link().GoHalfOpen();
  ASSERT_TRUE(world_.Until([&] { return world_.server().session_count() == 0; }));
  EXPECT_LE(world_.time().Now() - begin, std::chrono::seconds(16));
}

TEST(BackpressureTest, AStalledReaderCostsNobodyElseAnything) {
  simulation::SimulatedNetworkOptions narrow;
  narrow.window_bytes = 1024;
  SimulatedWorld world_(1, narrow);
  world_.StartServer();
  Client stalled = world_.NewClient(Door::kFront);
  Client other = world_.NewClient(Door::kBack);
  LabClient behind(other, "l");
  Journal<LabState> slow;
  Journal<LabState> quick;
  auto slow_watch = slow.Attach(LabClient(stalled, "l").Observe()).Start();
  auto quick_watch = quick.Attach(behind.Observe()).Start();
  ASSERT_TRUE(world_.Until([&] { return slow.size() == 1 && quick.size() == 1; }));
  world_.front_link().StallReader(Side::kClient, true);
  // Not for so long that the connection would be given up.
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(world_.Get(behind.Add(1)).ok());
  EXPECT_EQ(quick.revision(), 500u);
  EXPECT_EQ(slow.revision(), 0u);
  const auto before = stalled.stats();
  world_.front_link().StallReader(Side::kClient, false);
  ASSERT_TRUE(world_.Until([&] { return slow.revision() == 500; }));
  EXPECT_EQ(slow.entries().back().state.value, 500);
  // What waited for the stalled one was a position, not a queue: beyond what the window held, it got one
  // delta.
  EXPECT_LT(slow.size(), 150u);
  EXPECT_EQ(stalled.stats().connections, before.connections);
  EXPECT_EQ(stalled.stats().snapshots, before.snapshots);
}

TEST_F(SimulatedTest, BigSnapshotsLetOtherTrafficThrough) {
  Client client = world_.NewClient();
  LabClient big(client, "big");
  ASSERT_TRUE(world_.Get(big.Fill(10'000'000)).ok());
  LabClient small(client, "small");
  ASSERT_TRUE(world_.Get(small.Add(1)).ok());
  Journal<LabState> journal;
  auto watch = journal.Attach(big.Observe()).Start();
  // The call is made while ten megabytes are on their way, and is answered before they have arrived.
  ASSERT_TRUE(world_.Until([&] { return client.stats().payload_bytes_received > 0; }));
  ASSERT_EQ(world_.Get(small.Add(1)).value(), 2);
  EXPECT_EQ(journal.size(), 0u);
  ASSERT_TRUE(world_.Until([&] { return journal.size() == 1; }));
  EXPECT_EQ(journal.entries()[0].state.ballast.size(), 10'000'000u);
}

// A small A16: at every byte at which a connection may break, what an observer is shown is true, and it
// arrives at the server's state.
TEST(CutAnywhereTest, A16_AConnectionThatBreaksAtAnyByteHarmsNothing) {
  for (std::uint64_t offset = 1; offset < 700; offset += 3) {
    SCOPED_TRACE(testing::Message() << "cut at byte " << offset);
    SimulatedWorld world(offset);
    world.StartServer();
    bool armed = false;
    world.network().OnLink([&](simulation::SimulatedLink& link) {
      if (link.address() != "front" || armed) return;
      armed = true;
      link.CutAtByte(offset % 2 == 0 ? Side::kServer : Side::kClient, offset);
    });
    Client client = world.NewClient(Door::kFront);
    TodoListClient list(client, "l");
    Journal<TodoListState> journal;
    auto watch = journal.Attach(list.Observe()).Start();
    std::vector<std::string> ids;
    for (int i = 0; i < 6; ++i) {
      const absl::StatusOr<Todo> added = world.Get(list.AddTodo(std::to_string(i)));
      ASSERT_TRUE(added.ok()) << added.status();
      ids.push_back(added->id);
      if (i % 2 == 1) {
        ASSERT_TRUE(world.Get(list.DeleteTodo(ids[static_cast<std::size_t>(i) / 2])).ok());
      }
    }
    const std::vector<Todo> truth = world.Get(list.GetTodos()).value();
    EXPECT_EQ(truth.size(), 3u);
    ASSERT_TRUE(world.Until([&] { return journal.revision() == 9; }));
    const TodoListState now = watch.state();
    EXPECT_EQ(std::vector<Todo>(now.todos.begin(), now.todos.end()), truth);
    std::uint64_t previous = 0;
    for (const auto& entry : journal.entries()) {
      if (!entry.snapshot.has_value()) {
        EXPECT_EQ(entry.base, previous);
      }
      previous = entry.revision;
    }
  }
}

TEST(DeterminismTest, OneSeedIsOneRun) {
  const auto run = [](std::uint64_t seed) {
    SimulatedWorld world(seed);
    world.StartServer();
    Client client = world.NewClient();
    LabClient lab(client, "l");
    Journal<LabState> journal;
    auto watch = journal.Attach(lab.Observe()).Start();
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(world.Get(lab.Add(i)).ok());
      if (i % 5 == 0) world.CutFront();
    }
    EXPECT_TRUE(world.Until([&] { return journal.revision() == 19; }));
    return std::pair(world.time().Now(), client.stats().bytes_received);
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace onager::end_to_end
