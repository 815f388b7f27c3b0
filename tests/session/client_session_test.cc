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

}  // namespace
}  // namespace onager::session
