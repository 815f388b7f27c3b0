// Both ends of a session whose server goes away: what is finished, what waits for the next session.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "runtime/session/client_session.h"
#include "runtime/wire/error_details.h"
#include "tests/session/server_world.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

absl::Status StatusOfReply(const wire::Reply& reply) {
  absl::Status status(static_cast<absl::StatusCode>(reply.code),
                      absl::string_view(reply.message.data(), reply.message.size()));
  for (const wire::StatusDetail& detail : reply.details) {
    status.SetPayload(absl::string_view(detail.type_url.data(), detail.type_url.size()),
                      absl::Cord(absl::string_view(detail.value.data(), detail.value.size())));
  }
  return status;
}

TEST(ServerDrainTest, ASessionEndsOnceItsClientIsDoneAndNothingIsCommittedAnyMore) {
  ServerWorld world;
  world.Open();
  const auto feed = world.Subscribe(1);
  (void)world.Batch();
  world.Send(Message(MakeCall(1)));
  world.session.Drain(seconds(30));
  const auto told = world.Batch();
  ASSERT_EQ(told->Kinds(), "GoingAway");
  EXPECT_EQ(told->Of<wire::GoingAway>()[0].within_ms, 30'000u);
  world.Send(Message(wire::GoingAway()));
  EXPECT_EQ(world.Batch(), nullptr) << "a call is running";
  feed->Commit(1, world.now);
  world.session.OnFeedChanged(1);
  world.session.OnCallEnded(1, MakeOutcome("r", feed->head().revision));
  EXPECT_EQ(world.Batch()->Kinds(), "Delta Reply");
  // Calls of other clients may still be committed.
  feed->Commit(1, world.now);
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch()->Kinds(), "Delta");
  feed->Commit(1, world.now);
  world.session.OnFeedChanged(1);
  world.session.FinishDrain();
  const auto last = world.Batch();
  ASSERT_EQ(last->Kinds(), "Delta End Goodbye");
  EXPECT_EQ(last->Of<wire::End>()[0].code, static_cast<std::uint32_t>(absl::StatusCode::kUnavailable));
  EXPECT_EQ(last->Of<wire::End>()[0].message.substr(0, 10), "GOING_AWAY");
  EXPECT_EQ(last->Of<wire::Goodbye>()[0].message.substr(0, 10), "GOING_AWAY");
  EXPECT_TRUE(absl::IsUnavailable(world.Disconnected()));
}

TEST(ServerDrainTest, ItDoesNotEndBeforeTheClientHasSaidThatNothingMoreComes) {
  ServerWorld world;
  world.Open();
  world.session.Drain(seconds(30));
  EXPECT_EQ(world.Batch()->Kinds(), "GoingAway");
  // This one was on its way.
  world.Send(Message(MakeCall(1)));
  EXPECT_TRUE(world.Take<ServerSession::StartCall>().empty());
  const auto refused = world.Batch();
  ASSERT_EQ(refused->Kinds(), "Reply");
  const absl::Status status = StatusOfReply(refused->Of<wire::Reply>()[0]);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_TRUE(wire::HasReason(status, "GOING_AWAY")) << status;
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  world.Send(Message(MakeSubscribe(1)));
  EXPECT_TRUE(world.Take<ServerSession::OpenFeed>().empty());
  EXPECT_EQ(world.Batch()->Kinds(), "End");
  world.session.FinishDrain();
  EXPECT_EQ(world.Batch(), nullptr);
  world.Send(Message(wire::GoingAway()));
  EXPECT_EQ(world.Batch()->Kinds(), "Goodbye");
}

TEST(ServerDrainTest, WhatWasCommittedGoesBeforeTheEndHoweverManyBatchesItTakes) {
  ServerSessionOptions options;
  options.batch_bytes_max = 64u << 10;
  ServerWorld world(options);
  world.Open();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  feed->set_snapshot_padding(400'000);
  world.SubscribeTo(feed, 1);
  world.session.Drain(seconds(30));
  world.session.FinishDrain();
  world.Send(Message(wire::GoingAway()));
  std::string kinds;
  for (auto batch = world.Batch(); batch != nullptr; batch = world.Batch()) {
    kinds += (kinds.empty() ? "" : " ") + batch->Kinds();
  }
  EXPECT_NE(kinds.find("Chunk Chunk"), std::string::npos) << kinds;
  EXPECT_EQ(kinds.substr(kinds.size() - 11), "End Goodbye") << kinds;
}

TEST(ServerDrainTest, AConnectionWithoutASessionIsToldToGoAtOnce) {
  ServerWorld world;
  world.session.Drain(seconds(30));
  EXPECT_EQ(world.Batch()->Kinds(), "Goodbye");
  ServerWorld halfway;
  halfway.Send(Message(MakeHello()));
  halfway.session.Drain(seconds(30));
  EXPECT_EQ(halfway.Batch()->Kinds(), "Goodbye");
}

TEST(ServerDrainTest, AClientMaySayThatItGoesWithoutBeingAsked) {
  ServerWorld world;
  world.Open();
  world.Send(Message(wire::GoingAway(), MakeCall(1)));
  EXPECT_EQ(world.Take<ServerSession::StartCall>().size(), 1u) << "it means nothing before a drain";
  EXPECT_EQ(world.Batch(), nullptr);
}

/// One client session, played from outside.
struct Client {
  explicit Client() : session(ClientSessionOptions(), random) {
    session.Start(now);
    Welcome(100, /*known=*/false);
    (void)session.TakeActions();
  }

  std::unique_ptr<Frames> Batch() {
    std::optional<transport::OutMessage> message = session.NextBatch(now);
    return message.has_value() ? std::make_unique<Frames>(message->Join()) : nullptr;
  }
  void Welcome(std::uint64_t instance, bool known) {
    EXPECT_EQ(Batch()->Kinds(), "Hello");
    wire::Welcome welcome;
    welcome.server_instance = instance;
    welcome.incarnation_known = known;
    welcome.message_bytes_max = 4u << 20;
    welcome.heartbeat_ms = 5000;
    session.OnMessage(Message(welcome), now);
  }
  /// The server has gone; another one answers.
  void NextServer(std::uint64_t instance) {
    wire::Goodbye goodbye;
    goodbye.code = static_cast<std::uint32_t>(absl::StatusCode::kUnavailable);
    session.OnMessage(Message(goodbye), now);
    now = session.next_deadline();
    session.OnTime(now);
    (void)session.TakeActions();
    Welcome(instance, /*known=*/false);
  }
  std::uint64_t Call() {
    ClientSession::CallRequest request;
    request.actor = {"t.v1.Counter", "a"};
    request.method = "Add";
    return session.Call(std::move(request), now);
  }
  void Refuse(std::uint64_t number) {
    const absl::Status status = wire::WithReason(absl::UnavailableError("GOING_AWAY: soon"), "GOING_AWAY");
    wire::Reply reply;
    reply.number = number;
    reply.code = static_cast<std::uint32_t>(status.code());
    reply.message = "GOING_AWAY: soon";
    const std::string info = std::string(
        status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo").value_or(absl::Cord()).Flatten());
    reply.details.push_back({"type.googleapis.com/google.rpc.ErrorInfo", info});
    session.OnMessage(PayloadMessage(reply, ""), now);
  }

  Time now = kStart;
  SeededRandom random{1};
  ClientSession session;
};

TEST(ClientDrainTest, WhatIsAskedForMeanwhileWaitsForTheNextServer) {
  Client client;
  const std::uint64_t first = client.Call();
  EXPECT_EQ(client.Batch()->Kinds(), "Call");
  client.session.OnMessage(Message(wire::GoingAway()), client.now);
  const std::uint64_t second = client.Call();
  (void)client.session.Subscribe({});
  const auto answer = client.Batch();
  EXPECT_EQ(answer->Kinds(), "GoingAway");
  EXPECT_EQ(client.Batch(), nullptr);
  wire::Reply reply;
  reply.number = first;
  client.session.OnMessage(PayloadMessage(reply, ""), client.now);
  EXPECT_EQ(ActionsOf<ClientSession::CallEnded>(client.session.TakeActions()).size(), 1u);
  client.NextServer(200);
  const auto sent = client.Batch();
  ASSERT_EQ(sent->Of<wire::Call>().size(), 1u) << sent->Kinds();
  EXPECT_EQ(sent->Of<wire::Call>()[0].number, second);
  EXPECT_FALSE(sent->Of<wire::Call>()[0].may_have_run);
  EXPECT_EQ(sent->Of<wire::Subscribe>().size(), 1u);
}

TEST(ClientDrainTest, ACallThatCameTooLateIsSentAgainAsIfForTheFirstTime) {
  Client client;
  const std::uint64_t late = client.Call();
  EXPECT_EQ(client.Batch()->Kinds(), "Call");
  client.session.OnMessage(Message(wire::GoingAway()), client.now);
  client.Refuse(late);
  EXPECT_TRUE(ActionsOf<ClientSession::CallEnded>(client.session.TakeActions()).empty());
  client.NextServer(200);
  const auto sent = client.Batch();
  ASSERT_EQ(sent->Of<wire::Call>().size(), 1u) << sent->Kinds();
  EXPECT_EQ(sent->Of<wire::Call>()[0].number, late);
  EXPECT_FALSE(sent->Of<wire::Call>()[0].may_have_run);
}

TEST(ClientDrainTest, ACallThatMayHaveRunBeforeStaysOne) {
  Client client;
  const std::uint64_t number = client.Call();
  EXPECT_EQ(client.Batch()->Kinds(), "Call");
  // Lost, and sent again to the same server, which then goes away without looking at it.
  client.session.OnConnectionClosed(absl::UnavailableError("reset"), client.now);
  client.now = client.session.next_deadline();
  client.session.OnTime(client.now);
  (void)client.session.TakeActions();
  client.Welcome(100, /*known=*/true);
  EXPECT_EQ(client.Batch()->Kinds(), "Call");
  client.session.OnMessage(Message(wire::GoingAway()), client.now);
  client.Refuse(number);
  client.NextServer(200);
  const auto sent = client.Batch();
  ASSERT_EQ(sent->Of<wire::Call>().size(), 1u) << sent->Kinds();
  EXPECT_TRUE(sent->Of<wire::Call>()[0].may_have_run) << "the first server may have run it";
}

TEST(ClientDrainTest, TheSameAnswerWithoutADrainIsTheCallsEnd) {
  Client client;
  const std::uint64_t number = client.Call();
  EXPECT_EQ(client.Batch()->Kinds(), "Call");
  client.Refuse(number);
  const auto ended = ActionsOf<ClientSession::CallEnded>(client.session.TakeActions());
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_TRUE(absl::IsUnavailable(ended[0].result.status()));
}

}  // namespace
}  // namespace onager::session
