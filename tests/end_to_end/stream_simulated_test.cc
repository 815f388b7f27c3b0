// Streams where virtual time or faults are needed that only the simulated world has.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors.h"
#include "depot.h"
#include "stream_support.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using depot::v1::DepotClient;
using depot::v1::Parcel;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

CallOptions ForEver() { return CallOptions().WithTimeout(absl::InfiniteDuration()); }

bool HasReason(const absl::Status& status, std::string_view reason) {
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
  return payload.has_value() && std::string(*payload).find(reason) != std::string::npos;
}

class StreamSimulatedTest : public testing::Test {
 protected:
  void SetUp() override {
    Depot::log.Reset();
    world_.StartServer();
  }

  SimulatedWorld world_;
};

TEST_F(StreamSimulatedTest, ADeadlineEndsTheStreamAfterWhatHadArrivedAndWakesTheHandler) {
  Client client = world_.NewClient();
  DepotClient depot(client, "d");
  auto call = depot.Count(1, CallOptions().WithTimeout(absl::Seconds(5)));
  ASSERT_TRUE(world_.Until([] { return Depot::log.written == 64; }));
  world_.Pass(seconds(6));
  for (int i = 1; i <= 64; ++i) ASSERT_EQ(GetStep(world_, call.Read()).value(), i);
  EXPECT_EQ(GetStep(world_, call.Read()).status().code(), absl::StatusCode::kDeadlineExceeded);
  // The client's cancellation is a little earlier than the server's clock.
  EXPECT_EQ(Depot::log.end()->code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(world_.Get(depot.Stored()).ok());
}

TEST_F(StreamSimulatedTest, ADeadlineWakesAHandlerWhoseClientIsGone) {
  Client client = world_.NewClient();
  auto writes = DepotClient(client, "a").Count(1, CallOptions().WithTimeout(absl::Seconds(20)));
  ASSERT_TRUE(world_.Until([] { return Depot::log.written == 64; }));
  auto reads = DepotClient(client, "b").Import(10, CallOptions().WithTimeout(absl::Seconds(20)));
  ASSERT_TRUE(world_.Until([] { return Depot::log.runs == 2; }));
  world_.ShutFront(true);
  world_.CutFront();
  const auto open_turns = [this] { return world_.server().actors().stats().open_turns; };
  EXPECT_EQ(open_turns(), 2);
  world_.Pass(seconds(21));
  EXPECT_EQ(open_turns(), 0);
  EXPECT_EQ(Depot::log.end()->code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(StreamSimulatedTest, AHandlerDoesNotWaitForEverForAClientThatStaysAway) {
  Client client = world_.NewClient();
  auto call = DepotClient(client, "d").Count(1, ForEver());
  ASSERT_TRUE(world_.Until([] { return Depot::log.written == 64; }));
  // A client that is there may take its time.
  world_.Pass(minutes(10));
  EXPECT_FALSE(Depot::log.end().has_value());
  world_.ShutFront(true);
  world_.CutFront();
  world_.Pass(minutes(4));
  EXPECT_FALSE(Depot::log.end().has_value());
  world_.Pass(minutes(2));
  EXPECT_EQ(Depot::log.end()->code(), absl::StatusCode::kCancelled);
  // Whoever comes back after all is told.
  world_.ShutFront(false);
  for (int i = 1; i <= 64; ++i) ASSERT_EQ(GetStep(world_, call.Read()).value(), i);
  EXPECT_FALSE(GetStep(world_, call.Read()).ok());
}

TEST_F(StreamSimulatedTest, AServerThatForgotTheCallSaysSoAlsoWhereItIsIdempotent) {
  Client client = world_.NewClient();
  auto out = DepotClient(client, "out").Count(1, ForEver());
  auto both = std::make_shared<NumbersCall>(DepotClient(client, "both").Multiply(2, ForEver()));
  ASSERT_TRUE(GetStep(world_, both->Write(1)).ok());
  ASSERT_EQ(GetStep(world_, both->Read()).value(), 2);
  ASSERT_EQ(GetStep(world_, out.Read()).value(), 1);
  world_.StopServer();
  Depot::log.Reset();
  world_.StartServer();
  Tally rest;
  ReadNumbers(std::move(out), rest).Start([](absl::Status) {});
  const auto after = GetStep(world_, both->Read());
  ASSERT_TRUE(world_.Until([&] { return rest.end().has_value(); }));
  EXPECT_TRUE(HasReason(after.status(), "OUTCOME_UNKNOWN")) << after.status();
  EXPECT_TRUE(HasReason(*rest.end(), "OUTCOME_UNKNOWN")) << *rest.end();
  EXPECT_EQ(Depot::log.runs, 0);
}

TEST_F(StreamSimulatedTest, AnIdempotentCallOfWhichNothingWasSeenRunsAgain) {
  Client client = world_.NewClient();
  auto call = std::make_shared<NumbersCall>(DepotClient(client, "d").Multiply(2, ForEver()));
  ASSERT_TRUE(world_.Until([] { return Depot::log.runs == 1; }));
  world_.StopServer();
  world_.StartServer();
  ASSERT_TRUE(world_.Until([] { return Depot::log.runs == 2; }));
  ASSERT_TRUE(GetStep(world_, call->Write(21)).ok());
  EXPECT_EQ(GetStep(world_, call->Read()).value(), 42);
}

TEST_F(StreamSimulatedTest, WhatIsTooLargeToKeepIsSaidToHaveRun) {
  world_.StopServer();
  world_.server_options().ledger.bytes_max = 1000;
  world_.StartServer();
  Client client = world_.NewClient();
  DepotClient depot(client, "d");
  auto call = depot.Export(2, 800, ForEver());
  ASSERT_TRUE(world_.Until([] { return Depot::log.end().has_value(); }));
  // Its items are under way, and the connection breaks before they arrive.
  world_.CutFront();
  const auto end = GetStep(world_, call.Read());
  EXPECT_TRUE(HasReason(end.status(), "ALREADY_EXECUTED")) << end.status();
  EXPECT_EQ(Depot::log.runs, 1);
}

// The connection breaks at every byte in turn, in both directions, again and again until the streams are
// through.
TEST(StreamCutAnywhereTest, AConnectionThatBreaksAtAnyByteHarmsNoStream) {
  for (const simulation::Side side : {simulation::Side::kClient, simulation::Side::kServer}) {
    for (std::uint64_t offset = 60; offset < 1'500; offset += 7) {
      SCOPED_TRACE(testing::Message() << "at byte " << offset << " from " << static_cast<int>(side));
      Depot::log.Reset();
      SimulatedWorld world(offset);
      world.StartServer();
      bool cut = false;
      world.network().OnLink([&](simulation::SimulatedLink& link) {
        if (!std::exchange(cut, true)) link.CutAtByte(side, offset);
      });
      Client client = world.NewClient();
      auto both = std::make_shared<NumbersCall>(DepotClient(client, "both").Multiply(2, ForEver()));
      Tally read;
      Tally written;
      Multiply(both, 100, written).Start([](absl::Status) {});
      ReadDuplex(both, 2, read).Start([](absl::Status) {});
      ASSERT_TRUE(world.Until([&] { return read.end().has_value(); }));
      ASSERT_TRUE(read.end()->ok()) << *read.end();
      EXPECT_EQ(read.count(), 100);
      EXPECT_TRUE(read.in_order());
      EXPECT_EQ(Depot::log.read, 100);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(StreamCutAnywhereTest, ConnectionsThatBreakAtRandomHarmNoStream) {
  const std::uint64_t first_seed = std::random_device{}();
  std::uint64_t connections = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Depot::log.Reset();
    std::mt19937_64 random(seed);
    SimulatedWorld world(seed);
    world.StartServer();
    world.network().OnLink([&](simulation::SimulatedLink& link) {
      if (random() % 4 == 0) return;
      link.CutAtByte(random() % 2 == 0 ? simulation::Side::kClient : simulation::Side::kServer,
                     100 + random() % 20'000);
    });
    Client client = world.NewClient();
    Tally out;
    Tally in;
    Tally read;
    Tally written;
    auto both = std::make_shared<NumbersCall>(DepotClient(client, "both").Multiply(2, ForEver()));
    ReadAll(DepotClient(client, "out").Export(1'000, static_cast<std::int64_t>(random() % 300), ForEver()),
            out)
        .Start([](absl::Status) {});
    Import(DepotClient(client, "in").Import(10'000, ForEver()), 1'000, in).Start([](absl::Status) {});
    Multiply(both, 1'000, written).Start([](absl::Status) {});
    ReadDuplex(both, 2, read).Start([](absl::Status) {});
    ASSERT_TRUE(
        world.Until([&] { return out.end().has_value() && in.end().has_value() && read.end().has_value(); }));
    EXPECT_TRUE(out.end()->ok()) << *out.end();
    EXPECT_TRUE(in.end()->ok()) << *in.end();
    EXPECT_TRUE(read.end()->ok()) << *read.end();
    EXPECT_EQ(out.count(), 1'000);
    EXPECT_TRUE(out.in_order());
    EXPECT_EQ(in.count(), 1'000);
    EXPECT_EQ(read.count(), 1'000);
    EXPECT_TRUE(read.in_order());
    EXPECT_EQ(Depot::log.runs, 3);
    connections += client.stats().connections;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(connections, 60u) << "the schedules did not do what they are for";
}

// Frames of a stream that are lost, doubled or reordered within a connection, which no real one does.
TEST(StreamFaultTest, WhatTheNetworkHarmsIsNoticedAndRepaired) {
  const std::uint64_t first_seed = std::random_device{}();
  std::uint64_t connections = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Depot::log.Reset();
    std::mt19937_64 random(seed);
    SimulatedWorld world(seed);
    world.StartServer();
    int faults = 5;
    world.network().OnLink([&](simulation::SimulatedLink& link) {
      if (faults-- <= 0) return;
      // Not the handshake; then the stream repairs itself at its next item.
      const std::uint64_t message = 2 + random() % 6;
      switch (random() % 3) {
        case 0:
          link.DropMessage(simulation::Side::kServer, message);
          break;
        case 1:
          link.DuplicateMessage(simulation::Side::kServer, message);
          break;
        default:
          link.DelayMessage(simulation::Side::kServer, message);
          break;
      }
    });
    Client client = world.NewClient();
    Tally out;
    ReadAll(DepotClient(client, "out").Export(1'000, 3'000, ForEver()), out).Start([](absl::Status) {});
    ASSERT_TRUE(world.Until([&] { return out.end().has_value(); }));
    EXPECT_TRUE(out.end()->ok()) << *out.end();
    EXPECT_EQ(out.count(), 1'000);
    EXPECT_TRUE(out.in_order());
    connections += client.stats().connections;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(connections, 40u) << "the schedules did not do what they are for";
}

// A hundred streams that always have more than the link takes, over one session of about 8 MB/s: a call in
// the same session is answered within the time that what was written before it needs.
TEST(StreamFairnessTest, AFloodOfStreamsDelaysACallByNoMoreThanTheBatchUnderWay) {
  simulation::SimulatedNetworkOptions network;
  network.latency_min = milliseconds(1);
  network.latency_max = milliseconds(1);
  network.window_bytes = 16 << 10;  // With 1 ms of latency each way, 16 KiB take about 2 ms.
  network.fragment_bytes_min = 16 << 10;
  network.fragment_bytes_max = 16 << 10;
  Depot::log.Reset();
  SimulatedWorld world(1, network);
  world.StartServer();
  Client client = world.NewClient();
  std::vector<Tally> tallies(100);
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    ReadAll(DepotClient(client, std::to_string(i)).Export(1'000'000, 1'000, ForEver()), tallies[i])
        .Start([](absl::Status) {});
  }
  ASSERT_TRUE(world.Until([&] { return tallies[99].count() > 100; }));
  CounterClient counter(client, "c");
  Duration worst{};
  for (int i = 0; i < 50; ++i) {
    const Time before = world.environment().clock.Now();
    ASSERT_TRUE(world.Get(counter.Increment(1)).ok());
    worst = std::max(worst, Duration(world.environment().clock.Now() - before));
  }
  // What is written before the reply is half a batch, 128 KiB, which are 8 windows of 2 ms; then its own way.
  EXPECT_LT(worst, milliseconds(25)) << std::chrono::duration_cast<milliseconds>(worst).count() << " ms";
  // And no stream starves: each has about the same.
  const auto [least, most] = std::minmax_element(
      tallies.begin(), tallies.end(), [](const Tally& a, const Tally& b) { return a.count() < b.count(); });
  EXPECT_LT(most->count() - least->count(), 200);
}

}  // namespace
}  // namespace onager::end_to_end
