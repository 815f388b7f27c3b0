#include <string>

#include "door_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onager::door {
namespace {

using end_to_end::Depot;

class Streamed : public testing::Test {
 protected:
  Streamed() { Depot::log.Reset(); }
  DoorWorld world_;
};

TEST_F(Streamed, AResultComesItemByItemAndThenTheEnd) {
  const auto call =
      world_.Unary("/depot.v1.Depot/Export",
                   world_.protos.Encode("depot.v1.DepotExportRequest", "name: 'd' count: 5 load: 1"));
  call->Drain();
  ASSERT_TRUE(call->ended());
  EXPECT_TRUE(call->end().status.ok());
  ASSERT_EQ(call->messages().size(), 5u);
  EXPECT_EQ(world_.protos.Text("depot.v1.Parcel", call->messages()[4]), "number: 5 load: \"x\"");
  EXPECT_NE(call->trailer("onager-epoch"), "");
}

TEST_F(Streamed, AnItemThatIsNoStructTravelsInItsMessage) {
  auto call = world_.Unary("/depot.v1.Depot/Count",
                           world_.protos.Encode("depot.v1.DepotCountRequest", "name: 'd' first: 7"));
  call->LetWrite();
  EXPECT_EQ(world_.protos.Text("depot.v1.DepotCountResult", call->messages().at(0)), "item: 7");
}

TEST_F(Streamed, AClientThatDoesNotReadStopsTheHandler) {
  const auto call =
      world_.Unary("/depot.v1.Depot/Export",
                   world_.protos.Encode("depot.v1.DepotExportRequest", "name: 'd' count: 100000 load: 1024"));
  EXPECT_EQ(call->messages().size(), 1u);  // In flight.
  EXPECT_LE(Depot::log.written, 70);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(call->LetWrite());
  EXPECT_LE(Depot::log.written, 1070);
  EXPECT_GE(Depot::log.written, 1000);
}

TEST_F(Streamed, AnErrorComesAfterTheItems) {
  const auto call =
      world_.Unary("/depot.v1.Depot/ExportAndFail",
                   world_.protos.Encode("depot.v1.DepotExportAndFailRequest", "name: 'd' count: 3"));
  call->Drain();
  EXPECT_EQ(call->messages().size(), 3u);
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(call->end().details, testing::HasSubstr("depot.v1.Full"));
}

TEST_F(Streamed, CancellingReachesAHandlerThatWritesWithoutEnd) {
  const auto call = world_.Unary("/depot.v1.Depot/Count",
                                 world_.protos.Encode("depot.v1.DepotCountRequest", "name: 'd' first: 1"));
  call->LetWrite();
  EXPECT_FALSE(Depot::log.end().has_value());
  call->Cancel();
  ASSERT_TRUE(Depot::log.end().has_value());
  EXPECT_TRUE(absl::IsCancelled(*Depot::log.end()));
}

TEST_F(Streamed, AParameterIsReadItemByItem) {
  const auto call = world_.Start("/depot.v1.Depot/Import");
  call->Send(world_.protos.Encode("depot.v1.DepotImportRequest", "name: 'd' max: 10 parcels { number: 1 }"));
  call->Send(world_.protos.Encode("depot.v1.DepotImportRequest", "parcels { number: 2 load: 'y' }"));
  EXPECT_EQ(Depot::log.read, 2);
  EXPECT_FALSE(call->ended());
  call->HalfClose();
  ASSERT_TRUE(call->ended());
  EXPECT_TRUE(call->end().status.ok()) << call->end().status;
  EXPECT_EQ(world_.protos.Text("depot.v1.DepotImportResult", call->messages().at(0)), "result: 2");
  EXPECT_EQ(call->trailer("onager-revision"), "1");
}

TEST_F(Streamed, AParameterMayHaveNoItems) {
  const auto call = world_.Start("/depot.v1.Depot/Import");
  call->Send(world_.protos.Encode("depot.v1.DepotImportRequest", "name: 'd' max: 10"));
  call->HalfClose();
  EXPECT_EQ(world_.protos.Text("depot.v1.DepotImportResult", call->messages().at(0)), "");
}

TEST_F(Streamed, AnItemThatIsNoStructMayBeItsDefault) {
  const auto call = world_.Start("/depot.v1.Depot/Tell");
  call->Send(world_.protos.Encode("depot.v1.DepotTellRequest", "name: 'd'"));
  call->Send(world_.protos.Encode("depot.v1.DepotTellRequest", "names: ''"));
  call->Send(world_.protos.Encode("depot.v1.DepotTellRequest", "names: 'ann'"));
  call->HalfClose();
  ASSERT_TRUE(call->end().status.ok());
  const auto stored = world_.Unary("/depot.v1.Depot/Stored",
                                   world_.protos.Encode("depot.v1.DepotStoredRequest", "name: 'd'"));
  EXPECT_EQ(world_.protos.Text("depot.v1.DepotStoredResult", stored->messages().at(0)), "result: 2");
}

TEST_F(Streamed, WithoutAnyMessageThereIsNoActor) {
  const auto call = world_.Start("/depot.v1.Depot/Import");
  call->HalfClose();
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kInvalidArgument);
}

// The first turn keeps the actor, so that the second call's items are read by nobody yet.
TEST_F(Streamed, AHandlerThatDoesNotReadStopsTheClient) {
  const auto first = world_.Start("/depot.v1.Depot/Import");
  first->Send(world_.protos.Encode("depot.v1.DepotImportRequest", "name: 'd' max: 1000"));
  const auto second = world_.Start("/depot.v1.Depot/Import");
  second->Send(world_.protos.Encode("depot.v1.DepotImportRequest", "name: 'd' max: 1000"));
  int sent = 0;
  const auto send = [&] {
    return second->Send(world_.protos.Encode("depot.v1.DepotImportRequest",
                                             "parcels { number: " + std::to_string(sent + 1) + " }"));
  };
  while (sent < 200 && send()) ++sent;
  EXPECT_EQ(sent, 64);
  first->HalfClose();
  while (sent < 200 && send()) ++sent;
  EXPECT_EQ(sent, 200);
  second->HalfClose();
  EXPECT_EQ(world_.protos.Text("depot.v1.DepotImportResult", second->messages().at(0)), "result: 200");
}

TEST_F(Streamed, AMalformedItemEndsTheCall) {
  const auto call = world_.Start("/depot.v1.Depot/Import");
  call->Send(world_.protos.Encode("depot.v1.DepotImportRequest", "name: 'd' max: 10"));
  call->Send("\xff");
  ASSERT_TRUE(call->ended());
  EXPECT_EQ(ReasonOf(call->end()), "MALFORMED_REQUEST");
  ASSERT_TRUE(Depot::log.end().has_value());
  EXPECT_TRUE(absl::IsCancelled(*Depot::log.end()));
}

// Item for item: each answer comes before the next item is sent, and a client that does not take them is not
// read from either.
TEST_F(Streamed, BothWaysAtOnce) {
  const auto number = [this](int value) {
    return world_.protos.Encode("depot.v1.DepotMultiplyRequest", "numbers: " + std::to_string(value));
  };
  const auto call = world_.Start("/depot.v1.Depot/Multiply");
  call->Send(world_.protos.Encode("depot.v1.DepotMultiplyRequest", "name: 'd' factor: 3"));
  for (int i = 1; i <= 100; ++i) {
    ASSERT_TRUE(call->Send(number(i)));
    ASSERT_EQ(call->messages().size(), static_cast<std::size_t>(i));
    EXPECT_EQ(world_.protos.Text("depot.v1.DepotMultiplyResult", call->messages().back()),
              "item: " + std::to_string(3 * i));
    ASSERT_TRUE(call->LetWrite());
  }
  int sent = 0;
  while (sent < 1000 && call->Send(number(1))) ++sent;
  EXPECT_LE(sent, 2 * 64 + 2) << "neither end holds more than its window, and what is in its hand";
  EXPECT_FALSE(call->ended());
  while (call->LetWrite()) {
  }
  ASSERT_TRUE(call->Send(number(7)));
  call->HalfClose();
  call->Drain();
  EXPECT_TRUE(call->end().status.ok()) << call->end().status;
  EXPECT_EQ(call->messages().size(), static_cast<std::size_t>(100 + sent + 1));
  EXPECT_EQ(world_.protos.Text("depot.v1.DepotMultiplyResult", call->messages().back()), "item: 21");
}

TEST_F(Streamed, ACancelledParameterDoesNotEndAsIfItWereComplete) {
  auto call = world_.Start("/depot.v1.Depot/Import");
  call->Send(world_.protos.Encode("depot.v1.DepotImportRequest", "name: 'd' max: 10 parcels { number: 1 }"));
  call.reset();
  ASSERT_TRUE(Depot::log.end().has_value());
  EXPECT_TRUE(absl::IsCancelled(*Depot::log.end()));
  EXPECT_EQ(world_.door.rpc_count(), 0u);
}

}  // namespace
}  // namespace onager::door
