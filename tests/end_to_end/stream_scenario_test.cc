// Streamed parameters and results over every transport: in-process, simulated and real gRPC.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "actors.h"
#include "depot.h"
#include "onager/error.h"
#include "stream_support.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using depot::v1::DepotClient;
using depot::v1::Full;
using depot::v1::Parcel;
using Door = World::Door;

CallOptions ForEver() { return CallOptions().WithTimeout(absl::InfiniteDuration()); }

class StreamScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    Depot::log.Reset();
    world_ = GetParam().make();
  }
  World& world() { return *world_; }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, StreamScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(StreamScenarioTest, TenThousandItemsArriveOnceAndInOrder) {
  world().StartServer();
  Client client = world().NewClient();
  auto call = DepotClient(client, "d").Export(10'000, 10);
  Tally tally;
  ReadAll(std::move(call), tally).Start([](absl::Status) {});
  ASSERT_TRUE(world().Until([&] { return tally.end().has_value(); }));
  EXPECT_TRUE(tally.end()->ok()) << *tally.end();
  EXPECT_EQ(tally.count(), 10'000);
  EXPECT_TRUE(tally.in_order());
  EXPECT_EQ(Depot::log.runs, 1);
}

TEST_P(StreamScenarioTest, TenThousandItemsAreTakenOnceAndInOrder) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  Tally tally;
  Import(depot.Import(20'000), 10'000, tally).Start([](absl::Status) {});
  ASSERT_TRUE(world().Until([&] { return tally.end().has_value(); }));
  EXPECT_TRUE(tally.end()->ok()) << *tally.end();
  EXPECT_EQ(tally.count(), 10'000);
  EXPECT_EQ(world().Get(depot.Stored()).value(), 10'000);
}

TEST_P(StreamScenarioTest, BothDirectionsAtOnce) {
  world().StartServer();
  Client client = world().NewClient();
  auto call = std::make_shared<DuplexCall<std::int64_t, std::int64_t>>(DepotClient(client, "d").Multiply(3));
  Tally read;
  Tally written;
  Multiply(call, 2'000, written).Start([](absl::Status) {});
  ReadDuplex(call, 3, read).Start([](absl::Status) {});
  ASSERT_TRUE(world().Until([&] { return read.end().has_value() && written.end().has_value(); }));
  EXPECT_TRUE(read.end()->ok()) << *read.end();
  EXPECT_TRUE(written.end()->ok()) << *written.end();
  EXPECT_EQ(read.count(), 2'000);
  EXPECT_TRUE(read.in_order());
}

TEST_P(StreamScenarioTest, AnEmptyStreamEndsAtOnce) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  auto call = depot.Export(0, 0);
  EXPECT_EQ(GetStep(world(), call.Read()).value(), std::nullopt);
  EXPECT_EQ(GetStep(world(), call.Read()).value(), std::nullopt);  // And stays ended.
  auto tell = depot.Tell();
  EXPECT_TRUE(world().Get(tell.Finish()).ok());
  EXPECT_EQ(world().Get(depot.Stored()).value(), 0);
}

TEST_P(StreamScenarioTest, ItemsThatAreNoStructsTravelToo) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  auto tell = depot.Tell();
  for (const char* name : {"ann", "bob", ""}) EXPECT_TRUE(GetStep(world(), tell.Write(name)).ok());
  EXPECT_TRUE(world().Get(tell.Finish()).ok());
  EXPECT_EQ(world().Get(depot.Stored()).value(), 3);
  auto count = depot.Count(7);
  EXPECT_EQ(GetStep(world(), count.Read()).value(), 7);
  EXPECT_EQ(GetStep(world(), count.Read()).value(), 8);
}

// What was written, is under way and has arrived unread, all together, is never more than the credit. The
// actor waits; every other one goes on, in the same session too.
TEST_P(StreamScenarioTest, ASlowReaderHoldsItsHandlerUpAndNothingElse) {
  world().StartServer();
  Client client = world().NewClient();
  auto call = DepotClient(client, "slow").Export(1'000, 10, ForEver());
  ASSERT_TRUE(world().Until([] { return Depot::log.written == 64; }));
  CounterClient counter(client, "c");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(world().Get(counter.Increment(1)).ok());
  EXPECT_EQ(Depot::log.written, 64);

  Tally tally;
  ReadAll(std::move(call), tally).Start([](absl::Status) {});
  ASSERT_TRUE(world().Until([&] { return tally.end().has_value(); }));
  EXPECT_EQ(tally.count(), 1'000);
  EXPECT_TRUE(tally.in_order());
}

TEST_P(StreamScenarioTest, LargeItemsAreBoundedByTheirBytes) {
  world().StartServer();
  Client client = world().NewClient();
  auto call = DepotClient(client, "slow").Export(10, 100'000, ForEver());
  // The third one begins below 256 KiB.
  ASSERT_TRUE(world().Until([] { return Depot::log.written == 3; }));
  CounterClient counter(client, "c");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(world().Get(counter.Increment(1)).ok());
  EXPECT_EQ(Depot::log.written, 3);
  // One that is larger than all credit goes by itself.
  auto huge = DepotClient(client, "huge").Export(2, 1'000'000, ForEver());
  EXPECT_EQ(GetStep(world(), huge.Read()).value()->load.size(), 1'000'000u);
  EXPECT_EQ(GetStep(world(), huge.Read()).value()->number, 2);
  EXPECT_EQ(GetStep(world(), huge.Read()).value(), std::nullopt);
  Tally tally;
  ReadAll(std::move(call), tally).Start([](absl::Status) {});
  ASSERT_TRUE(world().Until([&] { return tally.end().has_value(); }));
  EXPECT_EQ(tally.count(), 10);
}

TEST_P(StreamScenarioTest, AHandlerThatIsSlowHoldsItsCallerUp) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  // The actor is busy, so nobody reads.
  auto busy = depot.Export(1'000, 0, ForEver());
  ASSERT_TRUE(world().Until([] { return Depot::log.written == 64; }));
  auto call = depot.Import(1'000, ForEver());
  for (int i = 1; i <= 64; ++i) {
    ASSERT_TRUE(GetStep(world(), call.Write(Parcel().with_number(i))).ok()) << i;
  }
  auto waiting = call.Write(Parcel().with_number(65));
  std::atomic<bool> written = false;
  waiting.Then([&written](const absl::Status& status) { written = status.ok(); });
  EXPECT_EQ(GetStep(world(), call.Write(Parcel().with_number(66))).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(written);
  busy.Cancel();
  ASSERT_TRUE(world().Until([&] { return written.load(); }));
  EXPECT_EQ(world().Get(call.Finish()).value(), 65);
}

TEST_P(StreamScenarioTest, WhatWasWrittenBeforeAnErrorArrivesBeforeIt) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  auto call = depot.ExportAndFail(100);
  for (int i = 1; i <= 100; ++i) {
    const auto parcel = GetStep(world(), call.Read());
    ASSERT_TRUE(parcel.ok()) << parcel.status();
    ASSERT_EQ(parcel->value().number, i);
  }
  const auto end = GetStep(world(), call.Read());
  EXPECT_EQ(end.status().code(), absl::StatusCode::kResourceExhausted) << end.status();
  EXPECT_EQ(ErrorAs<Full>(end.status()), Full().with_at(100));
  EXPECT_EQ(GetStep(world(), call.Read()).status(), end.status());  // And again.
  EXPECT_EQ(world().Get(depot.Stored()).value(), 0) << "the turn left a trace";
}

TEST_P(StreamScenarioTest, AHandlerMayEndWithoutReadingEverything) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  Tally tally;
  Import(depot.Import(10), 10'000, tally).Start([](absl::Status) {});
  ASSERT_TRUE(world().Until([&] { return tally.end().has_value(); }));
  EXPECT_EQ(ErrorAs<Full>(*tally.end()), Full().with_at(10));
  EXPECT_EQ(world().Get(depot.Stored()).value(), 0);
}

TEST_P(StreamScenarioTest, CancellingEndsTheCallAndWakesTheHandler) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  auto call = depot.Count(1, ForEver());
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(GetStep(world(), call.Read()).value(), i);
  call.Cancel();
  EXPECT_EQ(GetStep(world(), call.Read()).status().code(), absl::StatusCode::kCancelled);
  // The handler was told, or the actor would never come to this call.
  EXPECT_TRUE(world().Get(depot.Stored()).ok());
  EXPECT_EQ(Depot::log.end()->code(), absl::StatusCode::kCancelled);
}

TEST_P(StreamScenarioTest, AHandlerThatWaitsForItemsIsWokenByACancellation) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  auto call = depot.Import(10, ForEver());
  ASSERT_TRUE(GetStep(world(), call.Write(Parcel().with_number(1))).ok());
  ASSERT_TRUE(world().Until([] { return Depot::log.read == 1; }));
  call.Cancel();
  EXPECT_EQ(GetStep(world(), call.Write(Parcel().with_number(2))).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(world().Get(depot.Stored()).value(), 0);
  EXPECT_EQ(world().Get(call.Finish()).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Depot::log.end()->code(), absl::StatusCode::kCancelled);
}

TEST_P(StreamScenarioTest, ACallThatIsDroppedIsCancelled) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  {
    auto count = depot.Count(1, ForEver());
    EXPECT_EQ(GetStep(world(), count.Read()).value(), 1);
    count = depot.Count(100, ForEver());  // Another one in its place.
    EXPECT_EQ(GetStep(world(), count.Read()).value(), 100);
    auto import = depot.Import(10, ForEver());
    ASSERT_TRUE(GetStep(world(), import.Write(Parcel().with_number(1))).ok());
  }
  EXPECT_EQ(world().Get(depot.Stored()).value(), 0);
  // What was finished runs on.
  {
    auto import = depot.Import(10, ForEver());
    ASSERT_TRUE(GetStep(world(), import.Write(Parcel().with_number(1))).ok());
    (void)import.Finish();
  }
  EXPECT_EQ(world().Get(depot.Stored()).value(), 1);
}

TEST_P(StreamScenarioTest, AResultIsExactAcrossBrokenConnections) {
  world().StartServer();
  Client client = world().NewClient();
  Tally tally;
  ReadAll(DepotClient(client, "d").Export(3'000, 100, ForEver()), tally).Start([](absl::Status) {});
  for (std::int64_t cut = 300; cut <= 2'700; cut += 300) {
    ASSERT_TRUE(world().Until([&] { return tally.count() >= cut; }));
    world().CutFront();
  }
  ASSERT_TRUE(world().Until([&] { return tally.end().has_value(); }));
  EXPECT_TRUE(tally.end()->ok()) << *tally.end();
  EXPECT_EQ(tally.count(), 3'000);
  EXPECT_TRUE(tally.in_order());
  EXPECT_EQ(Depot::log.runs, 1);
}

TEST_P(StreamScenarioTest, AParameterIsExactAcrossBrokenConnections) {
  world().StartServer();
  Client client = world().NewClient();
  Tally tally;
  Import(DepotClient(client, "d").Import(10'000, ForEver()), 3'000, tally).Start([](absl::Status) {});
  for (std::int64_t cut = 300; cut <= 2'700; cut += 300) {
    ASSERT_TRUE(world().Until([&] { return Depot::log.read >= cut; }));
    world().CutFront();
  }
  ASSERT_TRUE(world().Until([&] { return tally.end().has_value(); }));
  EXPECT_TRUE(tally.end()->ok()) << *tally.end();
  EXPECT_EQ(tally.count(), 3'000);
  EXPECT_EQ(Depot::log.runs, 1);
}

TEST_P(StreamScenarioTest, BothDirectionsAreExactAcrossBrokenConnections) {
  world().StartServer();
  Client client = world().NewClient();
  auto call = std::make_shared<DuplexCall<std::int64_t, std::int64_t>>(
      DepotClient(client, "d").Multiply(2, ForEver()));
  Tally read;
  Tally written;
  Multiply(call, 3'000, written).Start([](absl::Status) {});
  ReadDuplex(call, 2, read).Start([](absl::Status) {});
  for (std::int64_t cut = 300; cut <= 2'700; cut += 300) {
    ASSERT_TRUE(world().Until([&] { return read.count() >= cut; }));
    world().CutFront();
  }
  ASSERT_TRUE(world().Until([&] { return read.end().has_value(); }));
  EXPECT_TRUE(read.end()->ok()) << *read.end();
  EXPECT_EQ(read.count(), 3'000);
  EXPECT_TRUE(read.in_order());
  EXPECT_EQ(Depot::log.runs, 1);
}

// The turn has ended and its last items were never read: they are kept for the client that comes back.
TEST_P(StreamScenarioTest, WhatAnEndedCallHasLeftArrivesAfterAReconnect) {
  world().StartServer();
  Client client = world().NewClient();
  ASSERT_TRUE(world().Get(CounterClient(client, "c").Increment(1)).ok());
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  // Made while nobody is there: the server has it at the first connection and ends it at once; that
  // connection breaks, perhaps before anything came of it.
  auto call = DepotClient(client, "d").Export(60, 10, ForEver());
  world().ShutFront(false);
  ASSERT_TRUE(world().Until([] { return Depot::log.end().has_value(); }));
  world().CutFront();
  Tally tally;
  ReadAll(std::move(call), tally).Start([](absl::Status) {});
  ASSERT_TRUE(world().Until([&] { return tally.end().has_value(); }));
  EXPECT_TRUE(tally.end()->ok()) << *tally.end();
  EXPECT_EQ(tally.count(), 60);
  EXPECT_EQ(Depot::log.runs, 1);
}

TEST_P(StreamScenarioTest, DestroyingTheClientEndsItsStreams) {
  world().StartServer();
  auto client = std::make_unique<Client>(world().NewClient());
  DepotClient depot(*client, "d");
  auto count = depot.Count(1);
  auto import = depot.Import(10'000);
  Tally tally;
  ASSERT_EQ(GetStep(world(), count.Read()).value(), 1);
  Tally read;
  ReadNumbers(std::move(count), read).Start([](absl::Status) {});
  std::atomic<bool> ended = false;
  std::atomic<bool> gone = false;
  import.Finish().Then([&](const absl::StatusOr<std::int64_t>& result) {
    EXPECT_FALSE(gone) << "a callback after the client's end";
    EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
    ended = true;
  });
  client.reset();
  gone = true;
  EXPECT_TRUE(ended);
  ASSERT_TRUE(read.end().has_value());
  EXPECT_EQ(read.end()->code(), absl::StatusCode::kCancelled);
  // What is begun afterwards ends at once.
  auto late = depot.Count(1);
  EXPECT_EQ(late.Read().Wait().status().code(), absl::StatusCode::kCancelled);
}

TEST_P(StreamScenarioTest, WaitingInsideACallbackIsRefused) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  auto busy = depot.Import(100'000);
  std::atomic<bool> done = false;
  CounterClient(client, "c").Increment(1).Then([&](const absl::StatusOr<std::int64_t>&) {
    auto never = depot.Count(1, ForEver());
    EXPECT_EQ(never.Read().Wait().status().code(), absl::StatusCode::kFailedPrecondition);
    done = true;
  });
  ASSERT_TRUE(world().Until([&] { return done.load(); }));
}

TEST_P(StreamScenarioTest, AnItemThatIsTooLargeEndsItsCallAndNothingElse) {
  world().StartServer();
  Client client = world().NewClient();
  DepotClient depot(client, "d");
  auto out = depot.Export(1, 5'000'000);
  EXPECT_EQ(GetStep(world(), out.Read()).status().code(), absl::StatusCode::kResourceExhausted);
  auto in = depot.Import(10);
  // Which end the write sees is a matter of who is quicker.
  (void)GetStep(world(), in.Write(Parcel().with_number(1).with_load(Bytes(std::size_t{5'000'000}, 'x'))));
  EXPECT_EQ(world().Get(in.Finish()).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world().Get(depot.Stored()).value(), 0);
  EXPECT_EQ(client.stats().connections, 1u);
}

TEST_P(StreamScenarioTest, StreamsOfOneClientAreBounded) {
  world().server_options().ledger.running_streams_max = 2;
  world().StartServer();
  Client client = world().NewClient();
  auto a = DepotClient(client, "a").Count(1, ForEver());
  auto b = DepotClient(client, "b").Count(1, ForEver());
  EXPECT_TRUE(GetStep(world(), a.Read()).ok());
  EXPECT_TRUE(GetStep(world(), b.Read()).ok());
  auto c = DepotClient(client, "c").Count(1, ForEver());
  EXPECT_EQ(GetStep(world(), c.Read()).status().code(), absl::StatusCode::kResourceExhausted);
  // Calls without streams are none of them, and one that has ended makes room.
  EXPECT_TRUE(world().Get(CounterClient(client, "c").Increment(1)).ok());
  a.Cancel();
  EXPECT_TRUE(world().Get(DepotClient(client, "a").Stored()).ok());
  auto d = DepotClient(client, "c").Count(1, ForEver());
  EXPECT_TRUE(GetStep(world(), d.Read()).ok());
}

TEST_P(StreamScenarioTest, AMethodOfOtherStreamsThanTheServersIsRefused) {
  world().StartServer();
  Client client = world().NewClient();
  static constexpr generated::MethodInfo kMethods[] = {{.name = "Export"},
                                                       {.name = "Stored", .streamed_result = true}};
  const generated::ActorType other{"depot.v1.Depot", kMethods, depot::v1::DepotActor::Type().state};
  const auto plain = client.channel()->Call(other, "d", 0, std::string(), CallOptions());
  Call<> call(plain, [](std::string_view) { return absl::OkStatus(); });
  EXPECT_EQ(world().Get(std::move(call)).code(), absl::StatusCode::kFailedPrecondition);
  StreamCall<std::string> stream(
      client.channel()->CallWithStreams(other, "d", 1, std::string(), CallOptions()),
      [](std::string_view bytes) { return absl::StatusOr<std::string>(std::string(bytes)); });
  EXPECT_EQ(GetStep(world(), stream.Read()).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace onager::end_to_end
