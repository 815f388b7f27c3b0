#include "runtime/session/client_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/cord.h"
#include "tests/session/client_world.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

using Client = ClientSession;

// Connecting ----------------------------------------------------------------------------------------------

TEST(ClientSessionTest, TheFirstAttemptIsMadeAtOnceAndLaterOnesBackOffWithJitter) {
  ClientWorld world;
  world.session.Start(world.now);
  EXPECT_EQ(world.Take<Client::Connect>().size(), 1u);
  Duration longest{};
  std::vector<Duration> waits;
  for (int attempt = 0; attempt < 40; ++attempt) {
    world.session.OnConnectionClosed(absl::UnavailableError("refused"), world.now);
    EXPECT_EQ(world.session.state(), ConnectionState::kConnecting);
    const Duration wait = world.session.next_deadline() - world.now;
    EXPECT_LE(wait, seconds(10));
    if (attempt == 0) {
      EXPECT_LE(wait, milliseconds(100));
    }
    waits.push_back(wait);
    longest = std::max(longest, wait);
    EXPECT_TRUE(world.Take<Client::Connect>().empty());
    world.Advance(wait);
    EXPECT_EQ(world.Take<Client::Connect>().size(), 1u);
  }
  EXPECT_GT(longest, seconds(1));
  std::sort(waits.begin(), waits.end());
  EXPECT_EQ(std::unique(waits.begin(), waits.end()), waits.end());  // No two clients march in step.
  // A connection that stood begins from the shortest wait again.
  world.Welcome();
  world.session.OnConnectionClosed(absl::OkStatus(), world.now);
  EXPECT_EQ(world.session.state(), ConnectionState::kReconnecting);
  EXPECT_LE(world.session.next_deadline() - world.now, milliseconds(100));
}

TEST(ClientSessionTest, AServerThatDoesNotAnswerIsGivenUpInTime) {
  ClientWorld world;
  world.session.Start(world.now);
  (void)world.Batch();
  EXPECT_EQ(world.session.next_deadline(), world.now + seconds(10));
  world.Advance(seconds(10));
  EXPECT_EQ(world.Take<Client::Disconnect>().size(), 1u);
}

TEST(ClientSessionTest, ApplicationsAreToldOfEveryConnectionState) {
  ClientWorld world;
  world.session.Start(world.now);
  world.Welcome();
  world.Lose();
  world.Welcome();
  world.session.Close(absl::CancelledError("done"));
  std::vector<ConnectionState> states;
  for (const auto& change : world.Take<Client::StateChanged>()) states.push_back(change.state);
  const std::vector<ConnectionState> expected = {ConnectionState::kConnected, ConnectionState::kReconnecting,
                                                 ConnectionState::kConnected, ConnectionState::kClosed};
  EXPECT_EQ(states, expected);
}

TEST(ClientSessionTest, MessagesThatBreakTheRulesDropTheConnectionAndTheClientComesAgain) {
  wire::Welcome other_version;
  other_version.version = 2;
  wire::Goodbye goodbye;
  goodbye.code = 14;
  const std::string while_live[] = {std::string("\x0a\xff", 2), Message(wire::Welcome()),
                                    Message(MakeCall(1)),       Message(MakeHello()),
                                    Message(goodbye),           Message(wire::Goodbye())};
  for (const std::string& message : while_live) {
    ClientWorld world;
    world.Open();
    const auto call = world.Call();
    (void)world.Batch();
    // What stands behind it in the batch is not looked at.
    world.Send(message + ReplyTo(call));
    const auto actions = world.session.TakeActions();
    ASSERT_EQ(ActionsOf<Client::Disconnect>(actions).size(), 1u);
    EXPECT_FALSE(ActionsOf<Client::Disconnect>(actions)[0].reason.ok());
    EXPECT_TRUE(ActionsOf<Client::CallEnded>(actions).empty());
    world.Advance(milliseconds(100));
    EXPECT_EQ(world.Take<Client::Connect>().size(), 1u);
    EXPECT_EQ(world.session.pending_calls(), 1u);
  }
  ClientWorld world;
  world.session.Start(world.now);
  (void)world.Batch();
  world.Send(Message(other_version));
  EXPECT_EQ(world.Take<Client::Disconnect>().at(0).reason.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ClientSessionTest, ASilentServerIsDeadAfterThreeHeartbeatsAndHeartbeatsKeepItAlive) {
  ClientWorld world;
  world.Open();
  for (int i = 0; i < 3; ++i) {
    world.Advance(seconds(14));
    EXPECT_EQ(world.session.state(), ConnectionState::kConnected);
    world.Send(Message(wire::Heartbeat()));
  }
  world.Advance(seconds(15));
  EXPECT_EQ(world.Take<Client::Disconnect>().size(), 1u);
  EXPECT_EQ(world.session.state(), ConnectionState::kReconnecting);
}

TEST(ClientSessionTest, AServerWithLongHeartbeatsIsNotTakenForDeadBetweenThem) {
  ClientWorld world;
  world.session.Start(world.now);
  (void)world.Batch();
  wire::Welcome welcome;
  welcome.heartbeat_ms = 30'000;
  world.Send(Message(welcome));
  world.Advance(seconds(31));
  EXPECT_EQ(world.session.state(), ConnectionState::kConnected);
}

TEST(ClientSessionTest, AnIdleClientSendsHeartbeatsAndAsksForNoTimerWhileAWriteIsInFlight) {
  ClientWorld world;
  world.Open();
  EXPECT_EQ(world.session.next_deadline(), world.now + seconds(5));
  world.Advance(seconds(5));
  EXPECT_EQ(world.session.next_deadline(), kStart + seconds(15));
  EXPECT_EQ(world.Batch()->Kinds(), "Heartbeat");
  EXPECT_EQ(world.session.next_deadline(), kStart + seconds(10));
}

// Calls ---------------------------------------------------------------------------------------------------

TEST(ClientSessionTest, UnansweredCallsAreSentAgainUnderTheSameNumbersInOrderBeforeNewOnes) {
  ClientWorld world;
  world.Open();
  for (int i = 0; i < 5; ++i) world.Call();
  EXPECT_EQ(world.Batch()->Of<wire::Call>().size(), 5u);
  world.Send(ReplyTo(2) + ReplyTo(4));
  EXPECT_EQ(world.Take<Client::CallEnded>().size(), 2u);
  world.session.OnConnectionClosed(absl::UnavailableError("reset"), world.now);
  EXPECT_EQ(world.Call(), 6u);
  world.Advance(milliseconds(100));
  world.Welcome();
  world.Call();
  const auto frames = world.Batch();
  std::vector<std::uint64_t> numbers;
  for (const wire::Call& call : frames->Of<wire::Call>()) {
    numbers.push_back(call.number);
    EXPECT_FALSE(call.may_have_run);
  }
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 3, 5, 6, 7}));
}

TEST(ClientSessionTest, MayHaveRunIsSaidOnlyToAServerThatCannotKnow) {
  struct Row {
    std::uint64_t instance;
    bool known;
    bool expected;
  };
  for (const Row& row :
       {Row{100, true, false}, Row{100, false, true}, Row{101, true, true}, Row{101, false, true}}) {
    ClientWorld world;
    world.Open();
    world.Call();
    (void)world.Batch();
    world.session.OnConnectionClosed(absl::OkStatus(), world.now);
    world.Call();  // Never sent before: it cannot have run.
    world.Advance(milliseconds(100));
    world.Welcome(row.instance, row.known);
    const auto calls = world.Batch()->Of<wire::Call>();
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].may_have_run, row.expected);
    EXPECT_EQ(calls[0].sent_ago_ms > 0, row.expected);
    EXPECT_LE(calls[0].sent_ago_ms, 1000u);
    EXPECT_FALSE(calls[1].may_have_run);
    EXPECT_EQ(calls[1].sent_ago_ms, 0u);
    // Once it may have run elsewhere, no later server changes that.
    world.Lose();
    world.Welcome(100, true);
    EXPECT_EQ(world.Batch()->Of<wire::Call>().at(0).may_have_run, row.expected);
  }
}

TEST(ClientSessionTest, ADeadlineEndsACallInEveryPhase) {
  ClientWorld world;
  world.Call(seconds(1));  // Before there is a connection.
  EXPECT_EQ(world.session.next_deadline(), kStart + seconds(1));
  world.Advance(seconds(1));
  auto ended = world.Take<Client::CallEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].result.status().code(), absl::StatusCode::kDeadlineExceeded);

  world.session.Start(world.now);
  world.Call(seconds(1));  // While the server does not answer.
  world.Advance(seconds(1));
  EXPECT_EQ(world.Take<Client::CallEnded>().size(), 1u);

  world.Welcome();
  const auto sent = world.Call(milliseconds(1500));  // While it runs: the server is told.
  const auto batch = world.Batch();
  EXPECT_EQ(batch->Of<wire::Call>().at(0).timeout_ms, 1500u);
  world.Advance(milliseconds(1500));
  ended = world.Take<Client::CallEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_NE(ended[0].result.status().message().find("may or may not have run"), absl::string_view::npos);
  const auto cancel = world.Batch();
  EXPECT_EQ(cancel->Of<wire::Cancel>().at(0).number, sent);
  world.Send(ReplyTo(sent));  // Too late, for nobody.
  EXPECT_TRUE(world.Take<Client::CallEnded>().empty());

  world.Call(seconds(30));
  (void)world.Batch();
  world.session.OnConnectionClosed(absl::UnavailableError("reset"), world.now);
  world.Call(milliseconds(1));  // While the client waits for its next attempt.
  world.Advance(milliseconds(1));
  EXPECT_EQ(world.Take<Client::CallEnded>().size(), 1u);
  world.Advance(seconds(30));
  EXPECT_EQ(world.Take<Client::CallEnded>().size(), 1u);
  EXPECT_EQ(world.session.pending_calls(), 0u);
}

TEST(ClientSessionTest, ATimeoutOfAnyLengthIsHarmless) {
  ClientWorld world;
  world.Open();
  world.Call(Duration::max());
  EXPECT_EQ(world.Batch()->Of<wire::Call>().at(0).timeout_ms, 0u);
  EXPECT_EQ(world.session.pending_calls(), 1u);
}

TEST(ClientSessionTest, CallsBeyondTheLimitEndAtOnce) {
  ClientSessionOptions options;
  options.pending_calls_max = 2;
  ClientWorld world(options);
  world.Call();
  world.Call();
  const auto third = world.Call();
  const auto ended = world.Take<Client::CallEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].number, third);
  EXPECT_EQ(ended[0].result.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(ClientSessionTest, RepliesAreAcknowledgedCumulatively) {
  ClientWorld world;
  world.Open();
  for (int i = 0; i < 3; ++i) world.Call();
  (void)world.Batch();
  world.Send(ReplyTo(1) + ReplyTo(3));
  EXPECT_EQ(world.Batch(), nullptr);  // By itself that is not worth a message.
  world.Call();
  auto acknowledged = world.Batch()->Of<wire::AcknowledgeReplies>();
  ASSERT_EQ(acknowledged.size(), 1u);
  EXPECT_EQ(acknowledged[0].through, 1u);
  world.Send(ReplyTo(2));
  world.Lose();
  EXPECT_EQ(world.Batch()->Of<wire::Hello>().at(0).calls_acknowledged, 3u);
}

TEST(ClientSessionTest, ManyRepliesAreAcknowledgedByThemselves) {
  ClientWorld world;
  world.Open();
  for (int i = 0; i < 64; ++i) world.Call();
  (void)world.Batch();
  for (std::uint64_t number = 1; number <= 64; ++number) world.Send(ReplyTo(number));
  EXPECT_EQ(world.Batch()->Of<wire::AcknowledgeReplies>().at(0).through, 64u);
}

TEST(ClientSessionTest, ErrorsArriveWithTheirDetails) {
  ClientWorld world;
  world.Open();
  const auto number = world.Call();
  (void)world.Batch();
  wire::Reply reply;
  reply.number = number;
  reply.code = 5;
  reply.message = "no milk";
  wire::StatusDetail detail;
  detail.type_url = "type";
  detail.value = "value";
  reply.details.push_back(detail);
  world.Send(PayloadMessage(reply, ""));
  const absl::Status status = world.Take<Client::CallEnded>().at(0).result.status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.GetPayload("type"), absl::Cord("value"));
}

TEST(ClientSessionTest, ArgumentsLargerThanTheServerTakesEndTheCall) {
  ClientWorld world;
  world.session.Start(world.now);
  (void)world.Batch();
  wire::Welcome welcome;
  welcome.message_bytes_max = 1;  // Less than every server must take.
  world.Send(Message(welcome));
  (void)world.session.TakeActions();
  const auto large = world.Call(std::nullopt, std::string(70'000, 'a'));
  world.Call(std::nullopt, std::string(40'000, 'a'));
  world.Call(std::nullopt, std::string(40'000, 'a'));
  EXPECT_EQ(world.Batch()->Of<wire::Call>().size(), 1u);
  const auto ended = world.Take<Client::CallEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].number, large);
  EXPECT_EQ(ended[0].result.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world.Batch()->Of<wire::Call>().size(), 1u);
}

TEST(ClientSessionTest, ACancelledCallEndsAndTheServerIsTold) {
  ClientWorld world;
  world.Open();
  const auto unsent = world.Call();
  world.session.CancelCall(unsent);
  EXPECT_EQ(world.Batch(), nullptr);
  const auto sent = world.Call();
  (void)world.Batch();
  world.session.CancelCall(sent);
  world.session.CancelCall(sent);
  EXPECT_EQ(world.Take<Client::CallEnded>().size(), 2u);
  EXPECT_EQ(world.Batch()->Of<wire::Cancel>().size(), 1u);
}

TEST(ClientSessionTest, AGoodbyeIsSaidToWhoeverMayKnowTheClient) {
  const auto closed = [](ClientWorld& world) {
    (void)world.session.TakeActions();
    world.session.Close(absl::OkStatus());
    return world.Take<Client::Disconnect>();
  };
  ClientWorld before_hello;
  before_hello.session.Start(before_hello.now);
  EXPECT_FALSE(closed(before_hello).at(0).last_words.has_value());
  ClientWorld after_hello;
  after_hello.session.Start(after_hello.now);
  ASSERT_EQ(after_hello.Batch()->Kinds(), "Hello");
  EXPECT_TRUE(closed(after_hello).at(0).last_words.has_value());
  ClientWorld disconnected;
  disconnected.Open();
  disconnected.session.OnConnectionClosed(absl::UnavailableError("reset"), disconnected.now);
  EXPECT_TRUE(closed(disconnected).empty());
}

TEST(ClientSessionTest, CloseEndsEverythingThatIsPending) {
  for (const absl::Status& reason : {absl::CancelledError("done"), absl::OkStatus()}) {
    ClientWorld world;
    world.Open();
    world.Call();
    world.Call(seconds(1));
    world.Subscribe();
    (void)world.Batch();
    world.Call();
    world.session.Close(reason);
    const auto actions = world.session.TakeActions();
    const auto calls = ActionsOf<Client::CallEnded>(actions);
    ASSERT_EQ(calls.size(), 3u);
    for (const auto& call : calls) EXPECT_EQ(call.result.status().code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(ActionsOf<Client::SubscriptionEnded>(actions).size(), 1u);
    const auto disconnects = ActionsOf<Client::Disconnect>(actions);
    ASSERT_EQ(disconnects.size(), 1u);
    EXPECT_EQ(Frames(disconnects[0].last_words.value().Join()).Kinds(), "Goodbye");
    // And afterwards everything ends at once.
    world.Call();
    world.Subscribe();
    world.Send(Message(wire::Heartbeat()));
    world.session.OnConnectionClosed(absl::OkStatus(), world.now);
    world.Advance(minutes(1));
    const auto late = world.session.TakeActions();
    EXPECT_EQ(ActionsOf<Client::CallEnded>(late).size(), 1u);
    EXPECT_EQ(ActionsOf<Client::SubscriptionEnded>(late).size(), 1u);
    EXPECT_EQ(late.size(), 2u);
    EXPECT_EQ(world.session.next_deadline(), kNever);
    EXPECT_EQ(world.Batch(), nullptr);
  }
}

// Subscriptions -------------------------------------------------------------------------------------------

/// A subscription that stands at (11, 4) under wire id 1.
struct SubscribedWorld : ClientWorld {
  SubscribedWorld() {
    Open();
    id = Subscribe();
    EXPECT_EQ(Batch()->Of<wire::Subscribe>().at(0).id, 1u);
    Send(SubscribedAs(1, 11, false) + Chunk(1, {11, 4}, "state"));
    EXPECT_EQ(Take<Client::SnapshotArrived>().size(), 1u);
  }

  /// The position was given up: the server is told, and asked for a snapshot for that reason.
  void ExpectResync(ResyncReason reason) {
    EXPECT_TRUE(Take<Client::DeltaArrived>().empty());
    const auto frames = Batch();
    ASSERT_NE(frames, nullptr);
    ASSERT_EQ(frames->Kinds(), "Unsubscribe Subscribe");
    EXPECT_EQ(frames->Of<wire::Unsubscribe>().at(0).id, 1u);
    const auto subscribe = frames->Of<wire::Subscribe>().at(0);
    EXPECT_EQ(subscribe.id, 2u);
    EXPECT_EQ(subscribe.reason, reason);
    EXPECT_TRUE(subscribe.binding.empty());
    // What is still under way under the old id is for nobody.
    Send(DeltaTo(1, 5) + Chunk(1, {11, 9}, "old") + SubscribedAs(1, 11, true));
    wire::End end;
    end.id = 1;
    Send(Message(end));
    EXPECT_TRUE(session.TakeActions().empty());
    EXPECT_EQ(Batch(), nullptr);
    Send(SubscribedAs(2, 11, false, reason) +
         Chunk(2, {11, 7}, "fresh", 0, std::string::npos, reason, previous_revision));
    const auto arrived = Take<Client::SnapshotArrived>();
    ASSERT_EQ(arrived.size(), 1u);
    EXPECT_EQ(arrived[0].reason, reason);
    EXPECT_EQ(arrived[0].previous_revision, previous_revision);
    EXPECT_EQ(arrived[0].at, (Position{11, 7}));
  }

  Client::SubscriptionId id = 0;
  std::uint64_t previous_revision = 4;
};

TEST(ClientSessionTest, DeltasThatContinueArriveInOrder) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 5) + DeltaTo(1, 8, 3));
  const auto deltas = world.Take<Client::DeltaArrived>();
  ASSERT_EQ(deltas.size(), 2u);
  EXPECT_EQ(deltas[0].base, 4u);
  EXPECT_EQ(deltas[1].base, 5u);
  EXPECT_EQ(deltas[1].at, (Position{11, 8}));
  EXPECT_FALSE(deltas[0].replayed);
}

TEST(ClientSessionTest, A18_ALostDeltaIsNoticedAndRepaired) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 6));
  world.ExpectResync(ResyncReason::kBaseMismatch);
  EXPECT_EQ(world.session.stats().resyncs, 1u);
}

TEST(ClientSessionTest, A18_ADuplicatedDeltaIsNoticedAndRepaired) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 5));
  EXPECT_EQ(world.Take<Client::DeltaArrived>().size(), 1u);
  world.previous_revision = 5;
  world.Send(DeltaTo(1, 5));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSessionTest, A18_ReorderedDeltasAreNoticedAndRepaired) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 6) + DeltaTo(1, 5));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSessionTest, A18_DeltasThatCannotBeAreNoticed) {
  for (const std::string& message : {DeltaTo(1, 5, 0), DeltaTo(1, 4, 0), DeltaTo(1, 5, 6),
                                     DeltaTo(1, 4, ~std::uint64_t{0}), DeltaTo(1, 5, 1, 12)}) {
    SubscribedWorld world;
    world.Send(message);
    world.ExpectResync(ResyncReason::kBaseMismatch);
  }
}

TEST(ClientSessionTest, A18_ALostSnapshotOfANewEpochIsNoticedThoughTheRevisionsFit) {
  SubscribedWorld world;
  // Lost: a snapshot at (12, 4).
  world.Send(DeltaTo(1, 5, 1, 12));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSessionTest, A18_NothingIsTakenBeforeTheAnnouncement) {
  for (const std::string& message : {Chunk(1, {11, 4}, "state"), DeltaTo(1, 5)}) {
    ClientWorld world;
    world.Open();
    world.Subscribe();
    (void)world.Batch();
    world.Send(message);  // Lost: Subscribed.
    EXPECT_TRUE(world.Take<Client::SnapshotArrived>().empty());
    EXPECT_EQ(world.Batch()->Kinds(), "Unsubscribe Subscribe");
  }
}

TEST(ClientSessionTest, A18_ChunksThatDoNotFitTogetherAreNoticed) {
  const std::string whole(10, 's');
  const std::string other(12, 't');
  // After the first four bytes of a snapshot at (11, 9), each with another thing that cannot follow.
  const std::string wrong[] = {Chunk(1, {11, 9}, whole, 6, 4, ResyncReason::kLagged, 4),
                               Chunk(1, {11, 9}, whole, 3, 4, ResyncReason::kLagged, 4),
                               Chunk(1, {11, 10}, whole, 4, 4, ResyncReason::kLagged, 4),
                               Chunk(1, {12, 9}, whole, 4, 4, ResyncReason::kLagged, 4),
                               Chunk(1, {11, 9}, other, 4, 4, ResyncReason::kLagged, 4),
                               DeltaTo(1, 5),
                               DeltaTo(1, 10)};
  for (const std::string& message : wrong) {
    SubscribedWorld world;
    world.Send(Chunk(1, {11, 9}, whole, 0, 4, ResyncReason::kLagged, 4));
    world.Send(message);
    EXPECT_TRUE(world.Take<Client::SnapshotArrived>().empty());
    world.ExpectResync(ResyncReason::kBaseMismatch);
  }
}

TEST(ClientSessionTest, A18_AChunkWithMoreThanItAnnouncedIsNoticed) {
  wire::SnapshotChunk chunk;
  chunk.id = 1;
  chunk.epoch = 11;
  chunk.revision = 9;
  chunk.total_bytes = 3;
  SubscribedWorld world;
  world.Send(PayloadMessage(chunk, "four", 4));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSessionTest, A18_ASnapshotThatGoesBackIsNoticed) {
  // Further back, and where the client is already.
  for (const std::uint64_t revision : {std::uint64_t{4}, std::uint64_t{5}}) {
    SubscribedWorld world;
    world.Send(DeltaTo(1, 5));
    (void)world.session.TakeActions();
    world.previous_revision = 5;
    world.Send(Chunk(1, {11, revision}, "state", 0, 5, ResyncReason::kLagged, 5));
    world.ExpectResync(ResyncReason::kBaseMismatch);
  }
}

// A delta was lost before it, whose events it does not count.
TEST(ClientSessionTest, A18_ASnapshotThatReplacesMoreThanWhatFollowsIsNoticed) {
  SubscribedWorld world;
  world.Send(Chunk(1, {11, 9}, "state", 0, 5, ResyncReason::kLagged, 5));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSessionTest, A18_ASecondAnnouncementIsNoticed) {
  SubscribedWorld world;
  world.Send(SubscribedAs(1, 11, true));
  world.ExpectResync(ResyncReason::kBaseMismatch);
}

TEST(ClientSessionTest, A18_ASubscribeOrASnapshotThatGetsLostIsAskedForAgain) {
  ClientWorld world;
  world.Open();
  world.Subscribe();
  (void)world.Batch();
  const auto beat = [&world] {
    world.Advance(seconds(5));
    world.Send(Message(wire::Heartbeat()));
    return world.Batch();
  };
  const auto until_subscribe = [&] {
    for (int beats = 1; beats <= 4; ++beats) {
      const auto frames = beat();
      if (!frames->Of<wire::Subscribe>().empty()) return beats;
    }
    return 0;
  };
  EXPECT_EQ(until_subscribe(), 3);  // Lost: Subscribe, or Subscribed.
  world.Send(SubscribedAs(2, 11, false));
  (void)beat();
  world.Send(Chunk(2, {11, 4}, "abcdef", 0, 3));
  EXPECT_EQ(until_subscribe(), 3);  // Lost: the second chunk.
  world.Send(SubscribedAs(3, 11, false) + Chunk(3, {11, 4}, "abcdef"));
  EXPECT_EQ(world.Take<Client::SnapshotArrived>().size(), 1u);
  EXPECT_EQ(until_subscribe(), 0);  // Quiet is not loss.
}

TEST(ClientSessionTest, ASnapshotInPiecesArrivesWhole) {
  SubscribedWorld world;
  const std::string whole = "abcdefghij";
  world.Send(Chunk(1, {12, 3}, whole, 0, 4, ResyncReason::kNewEpoch, 4));
  world.Send(Chunk(1, {12, 3}, whole, 4, 4, ResyncReason::kNewEpoch, 4));
  EXPECT_TRUE(world.Take<Client::SnapshotArrived>().empty());
  world.Send(Chunk(1, {12, 3}, whole, 8, 2, ResyncReason::kNewEpoch, 4) + DeltaTo(1, 4, 1, 12));
  const auto actions = world.session.TakeActions();
  const auto snapshots = ActionsOf<Client::SnapshotArrived>(actions);
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_EQ(snapshots[0].snapshot, whole);
  EXPECT_EQ(snapshots[0].reason, ResyncReason::kNewEpoch);
  ASSERT_EQ(ActionsOf<Client::DeltaArrived>(actions).size(), 1u);
}

TEST(ClientSessionTest, AfterAReconnectASubscriptionContinuesWhereItStood) {
  SubscribedWorld world;
  world.Send(DeltaTo(1, 5));
  (void)world.session.TakeActions();
  world.Lose();
  world.Welcome();
  const auto frames = world.Batch();
  const auto subscribe = frames->Of<wire::Subscribe>().at(0);
  EXPECT_EQ(subscribe.binding, "binding");
  EXPECT_EQ(subscribe.epoch, 11u);
  EXPECT_EQ(subscribe.revision, 5u);
  // Frames of the old session are late, and harmless.
  world.Send(DeltaTo(1, 6));
  EXPECT_TRUE(world.Take<Client::DeltaArrived>().empty());
  world.Send(SubscribedAs(subscribe.id, 11, true, ResyncReason::kInitial, 7) + DeltaTo(subscribe.id, 6) +
             DeltaTo(subscribe.id, 7) + DeltaTo(subscribe.id, 8));
  const auto deltas = world.Take<Client::DeltaArrived>();
  ASSERT_EQ(deltas.size(), 3u);
  EXPECT_TRUE(deltas[1].replayed);
  EXPECT_FALSE(deltas[2].replayed);
  EXPECT_EQ(world.session.stats().resumes, 1u);
  EXPECT_EQ(world.session.stats().replayed_deltas, 2u);
}

TEST(ClientSessionTest, AResumeInAnotherEpochIsNotBelieved) {
  SubscribedWorld world;
  world.Lose();
  world.Welcome();
  const auto id = world.Batch()->Of<wire::Subscribe>().at(0).id;
  world.Send(SubscribedAs(id, 12, true));
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).reason, ResyncReason::kBaseMismatch);
}

TEST(ClientSessionTest, TheReasonOutlivesAConnectionThatBreaksBeforeTheSnapshot) {
  SubscribedWorld world;
  world.Lose();
  world.Welcome();
  const auto id = world.Batch()->Of<wire::Subscribe>().at(0).id;
  world.Send(SubscribedAs(id, 12, false, ResyncReason::kNewEpoch) +
             Chunk(id, {12, 3}, "abcdef", 0, 3, ResyncReason::kNewEpoch, 4));
  world.Lose();
  world.Welcome();
  const auto frames = world.Batch();
  const auto again = frames->Of<wire::Subscribe>().at(0);
  EXPECT_TRUE(again.binding.empty());
  EXPECT_EQ(again.reason, ResyncReason::kNewEpoch);
}

TEST(ClientSessionTest, ASnapshotThatBreaksOffLeavesThePositionThatWasThere) {
  SubscribedWorld world;
  world.Send(Chunk(1, {11, 9}, "abcdef", 0, 3, ResyncReason::kLagged, 4));
  world.Lose();
  world.Welcome();
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).revision, 4u);
}

TEST(ClientSessionTest, FramesOfASubscriptionThatWasEndedHereAreIgnored) {
  SubscribedWorld world;
  world.session.Unsubscribe(world.id);
  world.Send(DeltaTo(1, 5) + Chunk(1, {11, 9}, "x"));
  EXPECT_EQ(world.Batch()->Kinds(), "Unsubscribe");
  EXPECT_TRUE(world.session.TakeActions().empty());
}

TEST(ClientSessionTest, FilterAndViewGoWithEverySubscribe) {
  ClientWorld world;
  world.Open();
  Client::SubscribeRequest request;
  request.actor = {"t.v1.Counter", "a"};
  request.filter = "filter";
  request.view = "view";
  (void)world.session.Subscribe(request);
  for (int round = 0; round < 2; ++round) {
    const auto frames = world.Batch();
    EXPECT_EQ(frames->Of<wire::Subscribe>().at(0).filter, "filter");
    EXPECT_EQ(frames->Of<wire::Subscribe>().at(0).view, "view");
    world.Lose();
    world.Welcome();
  }
}

TEST(ClientSessionTest, TheSlowPolicyGoesWithEverySubscribe) {
  ClientWorld world;
  world.Open();
  Client::SubscribeRequest request;
  request.actor = {"t.v1.Counter", "a"};
  request.when_slow = wire::kDisconnectWhenSlow;
  const auto id = world.session.Subscribe(request);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).when_slow, wire::kDisconnectWhenSlow);
    world.Lose();
    world.Welcome();
  }
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).when_slow, wire::kDisconnectWhenSlow);
  world.session.Change(id, "filter", "");
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).when_slow, wire::kDisconnectWhenSlow);
}

TEST(ClientSessionTest, AFilterOrViewThatIsTooLargeEndsTheSubscription) {
  ClientWorld world;
  world.Open();
  Client::SubscribeRequest request;
  request.view = std::string((64u << 10) + 1, 'v');
  (void)world.session.Subscribe(request);
  const auto ends = world.Take<Client::SubscriptionEnded>();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ClientSessionTest, EventsArriveWithTheirDeltaAndAreNotRepeated) {
  SubscribedWorld world;
  wire::Delta delta;
  delta.id = 1;
  delta.revision = 6;
  delta.span = 2;
  delta.events = {"one", "two"};
  world.Send(Message(delta, delta));
  const auto actions = world.session.TakeActions();
  const auto deltas = ActionsOf<Client::DeltaArrived>(actions);
  ASSERT_EQ(deltas.size(), 1u);
  EXPECT_EQ(deltas[0].events, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(deltas[0].at, (Position{11, 6}));
  EXPECT_EQ(world.session.stats().events, 2u);
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).reason, ResyncReason::kBaseMismatch);
}

TEST(ClientSessionTest, WhatAFilterHoldsBackLeavesThePosition) {
  SubscribedWorld world;
  wire::Covered covered;
  covered.id = 1;
  covered.revision = 9;
  covered.base = 4;
  world.Send(Message(covered));
  const auto arrived = world.Take<Client::CoveredArrived>();
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(arrived[0].revision, 9u);
  world.Send(DeltaTo(1, 10, 6));  // From 4, where it still stands.
  EXPECT_EQ(world.Take<Client::DeltaArrived>().size(), 1u);
  world.Lose();
  world.Welcome();
  EXPECT_EQ(world.Batch()->Of<wire::Subscribe>().at(0).revision, 10u);
}

TEST(ClientSessionTest, APositionThatWasGivenUpIsToldSoThatMissedEventsAreCounted) {
  SubscribedWorld world;
  world.session.Resync(world.id, ResyncReason::kRequested);
  const auto frames = world.Batch();
  const auto subscribe = frames->Of<wire::Subscribe>().at(0);
  EXPECT_TRUE(subscribe.binding.empty());
  EXPECT_EQ(subscribe.epoch, 11u);
  EXPECT_EQ(subscribe.revision, 4u);
  wire::SnapshotChunk chunk;
  chunk.id = 2;
  chunk.epoch = 11;
  chunk.revision = 9;
  chunk.total_bytes = 1;
  chunk.reason = ResyncReason::kRequested;
  chunk.base = 4;
  chunk.events_dropped = 3;
  world.Send(SubscribedAs(2, 11, false, ResyncReason::kRequested) + PayloadMessage(chunk, "s", 1));
  const auto arrived = world.Take<Client::SnapshotArrived>();
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(arrived[0].events_dropped, 3u);
  EXPECT_EQ(world.session.stats().events_dropped, 3u);
}

TEST(ClientSessionTest, ASubscriptionThatTheServerCannotServeNowIsAskedForAgain) {
  SubscribedWorld world;
  wire::End end;
  end.code = 14;
  std::uint64_t wire_id = 1;
  Duration longest{};
  for (int attempt = 0; attempt < 10; ++attempt) {
    end.id = wire_id;
    world.Send(Message(end) + Message(wire::Heartbeat()));
    EXPECT_TRUE(world.session.TakeActions().empty());
    EXPECT_EQ(world.Batch(), nullptr);
    const Time before = world.now;
    while (world.now < before + seconds(11)) {
      world.now = world.session.next_deadline();
      world.session.OnTime(world.now);
      world.Send(Message(wire::Heartbeat()));
      const auto frames = world.Batch();
      if (frames == nullptr || frames->Of<wire::Subscribe>().empty()) continue;
      EXPECT_EQ(frames->Of<wire::Subscribe>()[0].revision, 4u);
      wire_id = frames->Of<wire::Subscribe>()[0].id;
      break;
    }
    EXPECT_EQ(wire_id, static_cast<std::uint64_t>(attempt) + 2);
    EXPECT_GE(world.now - before, milliseconds(100));
    longest = std::max(longest, world.now - before);
  }
  EXPECT_GT(longest, seconds(1));  // It backs off …
  world.session.OnConnectionClosed(absl::UnavailableError("reset"), world.now);
  EXPECT_LE(world.session.next_deadline() - world.now, milliseconds(100));  // … and the connection does not.
}

TEST(ClientSessionTest, OtherEndsAreFinal) {
  for (const std::uint32_t code : {0u, 3u, 5u, 7u, 8u, 99u}) {
    SubscribedWorld world;
    wire::End end;
    end.id = 1;
    end.code = code;
    world.Send(Message(end));
    EXPECT_EQ(world.Take<Client::SubscriptionEnded>().size(), 1u) << code;
    world.Lose();
    world.Welcome();
    EXPECT_EQ(world.Batch(), nullptr);
  }
}

TEST(ClientSessionTest, AnApplicationsResyncTellsItsReason) {
  SubscribedWorld world;
  world.session.Resync(world.id, ResyncReason::kReplicaDiverged);
  world.ExpectResync(ResyncReason::kReplicaDiverged);
}

TEST(ClientSessionTest, ASnapshotLargerThanTheClientTakesEndsTheSubscription) {
  ClientSessionOptions options;
  options.snapshot_bytes_max = 9;
  ClientWorld world(options);
  world.Open();
  world.Subscribe();
  (void)world.Batch();
  world.Send(SubscribedAs(1, 11, false) + Chunk(1, {11, 4}, "0123456789", 0, 1));
  EXPECT_EQ(world.Take<Client::SubscriptionEnded>().at(0).status.code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world.Batch()->Kinds(), "Unsubscribe");
}

TEST(ClientSessionTest, AServerWithoutTokensIsAskedForSnapshotsThatSayWhy) {
  ClientWorld world;
  world.Open();
  world.Subscribe();
  (void)world.Batch();
  wire::Subscribed subscribed;
  subscribed.id = 1;
  subscribed.epoch = 11;
  world.Send(Message(subscribed) + Chunk(1, {11, 4}, "state"));
  world.Lose();
  world.Welcome();
  const auto frames = world.Batch();
  EXPECT_TRUE(frames->Of<wire::Subscribe>().at(0).binding.empty());
  EXPECT_EQ(frames->Of<wire::Subscribe>().at(0).reason, ResyncReason::kExpired);
}

}  // namespace
}  // namespace onager::session
