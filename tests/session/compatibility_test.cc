// Sessions with peers of other versions: what they leave out and what they say besides.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "onager/generated/wire.h"
#include "tests/session/client_world.h"
#include "tests/session/server_world.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

using generated::WireType;
using generated::Writer;

std::string Number(std::uint32_t field, std::uint64_t value) {
  std::string bytes;
  Writer writer(bytes);
  writer.Tag(field, WireType::kVarint);
  writer.Varint(value);
  writer.Finish();
  return bytes;
}

std::string Fixed(std::uint32_t field, std::uint64_t value) {
  std::string bytes;
  Writer writer(bytes);
  writer.Tag(field, WireType::kFixed64);
  writer.Fixed64(value);
  writer.Finish();
  return bytes;
}

std::string Text(std::uint32_t field, std::string_view value) {
  std::string bytes;
  Writer writer(bytes);
  writer.Tag(field, WireType::kBytes);
  writer.Bytes(value);
  writer.Finish();
  return bytes;
}

/// A batch of one frame, of that number.
std::string Frame(std::uint32_t number, std::string_view fields) { return Text(1, Text(number, fields)); }

// Of every type, with numbers that no version of ours has.
const std::string kLaterFields = Number(1'000, 7) + Text(1'001, "later") + Fixed(1'002, 9);
const std::string kLaterFrame = Frame(999, "of a later version") + Number(77, 1);

// The hello and the call that the first version sent: everything that came since is absent.
const std::string kFirstHello = Frame(1, Number(1, 1) + Fixed(2, 7));
const std::string kFirstCall =
    Frame(3, Number(1, 1) + Text(2, "t.v1.Counter") + Text(3, "a") + Text(4, "Add") + Text(5, "arguments"));

TEST(CompatibilityTest, A26_AFirstClientIsServed) {
  ServerWorld world;
  world.Send(kFirstHello);
  world.session.OnLedger(false, world.now);
  EXPECT_EQ(world.Batch()->Kinds(), "Welcome");
  world.Send(kFirstCall);
  const auto calls = world.Take<ServerSession::StartCall>();
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].method, "Add");
  EXPECT_EQ(calls[0].arguments, "arguments");
  EXPECT_EQ(calls[0].rerun, 0u);
  EXPECT_EQ(calls[0].streams, 0u);
  EXPECT_FALSE(calls[0].timeout.has_value());
  world.session.OnCallEnded(1, MakeOutcome("result"));
  EXPECT_EQ(world.Batch()->Of<wire::Reply>().at(0).result, "result");
  world.Send(Frame(7, Number(1, 1) + Text(2, "t.v1.Counter") + Text(3, "a")));
  EXPECT_EQ(world.Take<ServerSession::OpenFeed>().size(), 1u);
}

TEST(CompatibilityTest, A26_WhatALaterClientSaysBesidesIsPassedOver) {
  ServerWorld world;
  world.Send(Frame(1, kLaterFields + Number(1, 1) + Fixed(2, 7) + kLaterFields));
  world.session.OnLedger(false, world.now);
  EXPECT_EQ(world.Batch()->Kinds(), "Welcome");
  (void)world.TakeAll();
  world.Send(kLaterFrame + kFirstCall + kLaterFrame);
  EXPECT_EQ(world.Take<ServerSession::StartCall>().size(), 1u);
  EXPECT_FALSE(world.session.closed());
}

TEST(CompatibilityTest, A26_WhatIsMissingAndNeededIsATypedError) {
  const auto end_of = [](const std::vector<std::string>& messages) {
    ServerWorld world;
    for (const std::string& message : messages) {
      world.Send(message);
      world.session.OnLedger(false, world.now);
    }
    return world.Disconnected().code();
  };
  EXPECT_EQ(end_of({Frame(1, Number(1, 1))}), absl::StatusCode::kInvalidArgument) << "no incarnation";
  EXPECT_EQ(end_of({kFirstHello, Frame(3, Text(2, "t.v1.Counter"))}), absl::StatusCode::kInvalidArgument)
      << "a call without a number";
  EXPECT_EQ(end_of({kFirstHello, Frame(7, Text(2, "t.v1.Counter"))}), absl::StatusCode::kInvalidArgument)
      << "a subscription without an id";
  // A call without an actor is an error of that call.
  ServerWorld world;
  world.Send(kFirstHello);
  world.session.OnLedger(false, world.now);
  (void)world.Batch();
  world.Send(Frame(3, Number(1, 1)));
  EXPECT_EQ(world.Batch()->Of<wire::Reply>().at(0).code, 3u);
  EXPECT_FALSE(world.session.closed());
}

TEST(CompatibilityTest, A26_AClientPassesOverWhatALaterServerSaysAndDoesWithoutWhatAFirstOneLeavesOut) {
  ClientWorld world;
  world.session.Start(world.now);
  ASSERT_EQ(world.Batch()->Kinds(), "Hello");
  // No limits and no heartbeat are said.
  world.Send(kLaterFrame + Frame(2, Number(1, 1) + Fixed(2, 100) + kLaterFields));
  EXPECT_EQ(world.session.state(), ConnectionState::kConnected);
  (void)world.session.TakeActions();
  world.Call();
  EXPECT_EQ(world.Batch()->Of<wire::Call>().size(), 1u);
  world.Send(kLaterFrame + Frame(4, kLaterFields + Number(1, 1) + Text(5, "result")) + kLaterFrame);
  const auto ends = world.Take<ClientSession::CallEnded>();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(*ends[0].result, "result");
}

}  // namespace
}  // namespace onager::session
