#include "runtime/session/server_session.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "tests/session/fake_feed.h"
#include "tests/session/server_world.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

using Server = ServerSession;

// Handshake -----------------------------------------------------------------------------------------------

TEST(ServerSessionTest, TheWelcomeComesFirstAndOnceTheLedgerIsThere) {
  ServerWorld world;
  world.Send(Message(MakeHello(7)));
  EXPECT_EQ(world.Take<Server::FindLedger>().at(0).incarnation, 7u);
  EXPECT_EQ(world.Batch(), nullptr);
  world.session.OnLedger(true, world.now, 99);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Welcome");
  const auto welcome = frames->Of<wire::Welcome>().at(0);
  EXPECT_TRUE(welcome.incarnation_known);
  EXPECT_EQ(welcome.server_instance, 99u);
  EXPECT_EQ(welcome.heartbeat_ms, 5000u);
  EXPECT_EQ(welcome.bookmark_ms, 30000u);
  EXPECT_EQ(welcome.version, wire::kProtocolVersion);
}

TEST(ServerSessionTest, AServerWithoutBookmarksHasNobodyWaitForOne) {
  for (const Duration none : {Duration::zero(), Duration(seconds(-1))}) {
    ServerSessionOptions options;
    options.bookmark_interval = none;
    ServerWorld world(options);
    world.Send(Message(MakeHello(7)));
    world.session.OnLedger(true, world.now, 99);
    EXPECT_EQ(world.Batch()->Of<wire::Welcome>().at(0).bookmark_ms, 0u);
  }
}

TEST(ServerSessionTest, WhatIsSentWithTheHelloWaitsForTheLedgerAndKeepsItsOrder) {
  ServerWorld world;
  wire::Hello hello = MakeHello();
  hello.calls_acknowledged = 4;
  world.Send(Message(hello, MakeCall(5), MakeSubscribe(1)));
  const auto actions = world.TakeAll();
  ASSERT_EQ(actions.size(), 4u);
  EXPECT_TRUE(std::holds_alternative<Server::FindLedger>(actions[0]));
  EXPECT_EQ(std::get<Server::AcknowledgeCalls>(actions[1]).through, 4u);
  EXPECT_EQ(std::get<Server::StartCall>(actions[2]).number, 5u);
  EXPECT_EQ(std::get<Server::OpenFeed>(actions[3]).subscription, 1u);
}

// A batch that breaks the rules ends the session: with what status, and without an effect.
TEST(ServerSessionTest, HandshakeErrorsEndTheSession) {
  wire::Hello nobody = MakeHello(0);
  wire::Cancel cancel;
  wire::Unsubscribe unsubscribe;
  wire::AcknowledgeReplies acknowledge;
  const std::string not_first[] = {
      Message(MakeCall(1)), Message(MakeSubscribe(1)), Message(wire::Heartbeat()),
      Message(cancel),      Message(unsubscribe),      Message(acknowledge),
      Message(nobody),      Message(wire::Welcome()),  std::string("\x0a\xff", 2)};
  for (const std::string& message : not_first) {
    ServerWorld world;
    world.Send(message);
    EXPECT_TRUE(world.session.closed());
    const auto actions = world.TakeAll();
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(std::get<Server::Disconnect>(actions[0]).reason.code(), absl::StatusCode::kInvalidArgument);
  }
  ServerWorld twice;
  twice.Send(Message(MakeHello(), MakeHello()));
  EXPECT_EQ(twice.Disconnected().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ServerSessionTest, AnotherVersionIsToldWhichOneIsSpokenHere) {
  ServerWorld world;
  wire::Hello hello = MakeHello();
  hello.version = 2;
  // A client that goes on as if it had been welcomed starts nothing.
  world.Send(Message(hello, MakeHello(), MakeCall(1)));
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Goodbye");
  EXPECT_EQ(frames->Of<wire::Goodbye>().at(0).code, 9u);
  const auto actions = world.TakeAll();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(std::get<Server::Disconnect>(actions[0]).reason.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ServerSessionTest, WithoutAHelloTheSessionEndsInTime) {
  ServerWorld world;
  EXPECT_EQ(world.session.next_deadline(), kStart + seconds(10));
  world.Advance(seconds(9));
  EXPECT_FALSE(world.session.closed());
  world.Advance(seconds(1));
  EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(world.session.next_deadline(), kNever);
}

TEST(ServerSessionTest, FramesThatOnlyAServerSendsEndTheSession) {
  for (const std::string& message :
       {Message(wire::Welcome()), Message(wire::End()), Message(wire::Subscribed()),
        PayloadMessage(wire::Delta(), "p"), PayloadMessage(wire::Reply(), "r")}) {
    ServerWorld world;
    world.Open();
    world.Send(message);
    EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kInvalidArgument);
  }
}

// Calls ---------------------------------------------------------------------------------------------------

TEST(ServerSessionTest, ACallIsStartedAndAnswered) {
  ServerWorld world;
  world.Open();
  wire::Call call = MakeCall(3);
  call.arguments = "args";
  call.timeout_ms = 250;
  call.may_have_run = true;
  call.sent_ago_ms = 1234;
  world.Send(Message(call));
  const auto started = world.Take<Server::StartCall>();
  ASSERT_EQ(started.size(), 1u);
  EXPECT_EQ(started[0].method, "Add");
  EXPECT_EQ(started[0].arguments, "args");
  EXPECT_EQ(started[0].timeout, milliseconds(250));
  EXPECT_TRUE(started[0].may_have_run);
  EXPECT_EQ(started[0].sent_ago, milliseconds(1234));
  world.session.OnCallEnded(3, MakeOutcome("sum", 12));
  const auto frames = world.Batch();
  const auto reply = frames->Of<wire::Reply>().at(0);
  EXPECT_EQ(reply.number, 3u);
  EXPECT_EQ(reply.result, "sum");
  EXPECT_EQ(reply.revision, 12u);
  // Its end may be reported again (by the ledger and by the call): once is enough.
  world.session.OnCallEnded(3, MakeOutcome("sum", 12));
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerSessionTest, ATimeoutOfAnyLengthIsHarmless) {
  ServerWorld world;
  world.Open();
  wire::Call call = MakeCall(3);
  call.timeout_ms = ~std::uint64_t{0};
  world.Send(Message(call));
  const auto started = world.Take<Server::StartCall>();
  EXPECT_GT(*started.at(0).timeout, minutes(60));
  EXPECT_LT(*started.at(0).timeout, kNever - kStart);
}

TEST(ServerSessionTest, TheSameNumberTwiceAtOnceEndsTheSession) {
  ServerWorld world;
  world.Open();
  world.Send(Message(MakeCall(3), MakeCall(3)));
  EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kInvalidArgument);
  ServerWorld zero;
  zero.Open();
  zero.Send(Message(MakeCall(0)));
  EXPECT_EQ(zero.Disconnected().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ServerSessionTest, ABadAddressIsRefusedWithoutAnEffect) {
  ServerWorld world;
  world.Open();
  const std::string long_key(513, 'k');
  const std::string long_type(257, 't');
  wire::Call no_type = MakeCall(1);
  no_type.actor_type = "";
  wire::Call type_too_long = MakeCall(2);
  type_too_long.actor_type = long_type;
  wire::Call key_too_long = MakeCall(3);
  key_too_long.key = long_key;
  world.Send(Message(no_type, type_too_long, key_too_long));
  EXPECT_TRUE(world.Take<Server::StartCall>().empty());
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Reply Reply Reply");
  for (const wire::Reply& reply : frames->Of<wire::Reply>()) EXPECT_EQ(reply.code, 3u);
}

TEST(ServerSessionTest, CallsBeyondTheLimitAreRefusedAndWhoDoesNotReadIsSentAway) {
  ServerSessionOptions options;
  options.calls_max = 4;
  ServerWorld world(options);
  world.Open();
  for (std::uint64_t number = 1; number <= 5; ++number) world.Send(Message(MakeCall(number)));
  EXPECT_EQ(world.Take<Server::StartCall>().size(), 4u);
  auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Reply");
  EXPECT_EQ(frames->Of<wire::Reply>().at(0).code, 8u);
  EXPECT_EQ(frames->Of<wire::Reply>().at(0).number, 5u);
  world.session.OnCallEnded(1, MakeOutcome("r"));
  (void)world.Batch();
  world.Send(Message(MakeCall(6)));
  EXPECT_EQ(world.Take<Server::StartCall>().size(), 1u);
  // No batch is taken any more: what waits is bounded.
  for (std::uint64_t number = 7; number <= 100 && !world.session.closed(); ++number) {
    world.Send(Message(MakeCall(number)));
  }
  EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kResourceExhausted);
}

TEST(ServerSessionTest, RepliesThatNobodyReadsAreBoundedInBytes) {
  ServerSessionOptions options;
  options.pending_reply_bytes_max = 1000;
  ServerWorld world(options);
  world.Open();
  world.Send(Message(MakeCall(1), MakeCall(2)));
  world.session.OnCallEnded(1, MakeOutcome(std::string(600, 'r')));
  EXPECT_FALSE(world.session.closed());
  world.session.OnCallEnded(2, MakeOutcome(std::string(600, 'r')));
  EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerSessionTest, AResultLargerThanWhatMayWaitIsAnErrorAndNoEnd) {
  ServerSessionOptions options;
  options.message_bytes_max = 70'000;
  options.pending_reply_bytes_max = 1000;
  ServerWorld world(options);
  world.Open();
  world.Send(Message(MakeCall(1), MakeCall(2)));
  world.session.OnCallEnded(1, MakeOutcome(std::string(100'000, 'r'), 8));
  ASSERT_FALSE(world.session.closed());
  EXPECT_LT(world.session.reply_bytes(), 1000u);
  EXPECT_TRUE(world.session.CheckRoomForResult(900 - world.session.reply_bytes()).ok());
  EXPECT_EQ(world.session.CheckRoomForResult(1000).code(), absl::StatusCode::kResourceExhausted);
  auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Reply");
  EXPECT_EQ(frames->Of<wire::Reply>().at(0).code, 8u);
  EXPECT_EQ(frames->Of<wire::Reply>().at(0).revision, 8u);
  // One that a message may hold is taken when nothing else waits.
  EXPECT_TRUE(world.session.CheckRoomForResult(60'000).ok());
  EXPECT_EQ(world.session.CheckRoomForResult(70'000).code(), absl::StatusCode::kResourceExhausted);
  world.session.OnCallEnded(2, MakeOutcome(std::string(60'000, 'r')));
  ASSERT_FALSE(world.session.closed());
  frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Reply");
  EXPECT_EQ(frames->Of<wire::Reply>().at(0).code, 0u);
  EXPECT_EQ(world.session.reply_bytes(), 0u);
}

TEST(ServerSessionTest, CancelReachesOnlyWhatRuns) {
  ServerWorld world;
  world.Open();
  world.Send(Message(MakeCall(1)));
  wire::Cancel cancel;
  cancel.number = 1;
  world.Send(Message(cancel));
  EXPECT_EQ(world.Take<Server::CancelCall>().at(0).number, 1u);
  world.session.OnCallForgotten(1);
  world.Send(Message(cancel));
  EXPECT_TRUE(world.Take<Server::CancelCall>().empty());
  EXPECT_EQ(world.session.pending_calls(), 0u);
}

TEST(ServerSessionTest, AResultLargerThanAMessageIsAnError) {
  ServerWorld world;
  wire::Hello hello = MakeHello();
  hello.message_bytes_max = 1;  // Less than every client must take.
  world.Send(Message(hello, MakeCall(1), MakeCall(2), MakeCall(3)));
  world.session.OnLedger(false, world.now);
  world.session.OnCallEnded(1, MakeOutcome(std::string(70'000, 'r'), 8));
  world.session.OnCallEnded(2, MakeOutcome(std::string(50'000, 'r')));
  world.session.OnCallEnded(3, MakeOutcome(std::string(50'000, 'r')));
  auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Welcome Reply Reply");
  EXPECT_EQ(frames->Of<wire::Reply>().at(0).code, 8u);
  EXPECT_EQ(frames->Of<wire::Reply>().at(0).revision, 8u);
  EXPECT_LE(frames->bytes(), 64u << 10);
  frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Reply");
}

// Subscriptions: tokens -------------------------------------------------------------------------------------

struct TokenCase {
  const char* name;
  // Makes the binding and position that are offered, from those of a subscription at (11, 5), whose feed now
  // stands at (11, 8) and reaches back to 4.
  void (*change)(ServerWorld& world, std::string& binding, Position& position);
  std::uint32_t end_code;  // Not zero: the subscription is refused with it.
  bool resumed;
  ResyncReason reason;
};

class TokenTable : public testing::TestWithParam<TokenCase> {};

TEST_P(TokenTable, IsWorthWhatItSays) {
  const TokenCase& row = GetParam();
  ServerWorld world;
  world.Open();
  auto feed = std::make_shared<FakeFeed>(11, 4);
  for (int i = 0; i < 4; ++i) feed->Commit(1, world.now);
  Position position{11, 5};
  std::string binding = world.signer.Sign(world.BindingFor(50));
  row.change(world, binding, position);

  wire::Subscribe subscribe = MakeSubscribe(1);
  subscribe.binding = binding;
  subscribe.epoch = position.epoch;
  subscribe.revision = position.revision;
  world.Send(Message(subscribe));
  if (row.end_code != 0) {
    EXPECT_TRUE(world.Take<Server::OpenFeed>().empty());
    const auto frames = world.Batch();
    ASSERT_EQ(frames->Kinds(), "End");
    EXPECT_EQ(frames->Of<wire::End>().at(0).code, row.end_code);
    EXPECT_EQ(world.session.subscription_count(), 0u);
    EXPECT_FALSE(world.session.closed());
    return;
  }
  world.session.OnFeedOpened(1, std::shared_ptr<StateFeed>(feed), 50);
  const auto frames = world.Batch();
  const auto subscribed = frames->Of<wire::Subscribed>().at(0);
  EXPECT_EQ(subscribed.resumed, row.resumed);
  EXPECT_EQ(subscribed.epoch, 11u);
  EXPECT_EQ(subscribed.reason, row.reason);
  EXPECT_TRUE(world.signer.Verify(subscribed.binding).ok());
  const auto chunks = frames->Of<wire::SnapshotChunk>();
  const auto deltas = frames->Of<wire::Delta>();
  if (row.resumed) {
    EXPECT_TRUE(chunks.empty());
    EXPECT_EQ(subscribed.replay_target, 8u);
    ASSERT_EQ(deltas.size(), 8 - position.revision);
    for (std::size_t i = 0; i < deltas.size(); ++i) {
      EXPECT_EQ(deltas[i].revision - deltas[i].span, position.revision + i);
    }
  } else {
    ASSERT_EQ(chunks.size(), 1u);
    EXPECT_EQ(chunks[0].revision, 8u);
    EXPECT_EQ(chunks[0].reason, row.reason);
    EXPECT_TRUE(deltas.empty());
  }
}

using Binding = std::string;
INSTANTIATE_TEST_SUITE_P(
    All, TokenTable,
    testing::Values(
        TokenCase{"Good", [](ServerWorld&, Binding&, Position&) {}, 0, true, ResyncReason::kInitial},
        TokenCase{"EmptyGap",
                  [](ServerWorld& world, Binding&, Position& position) {
                    position.revision = 8;
                    world.now += minutes(1'000'000);
                    world.session.OnMessage(Message(wire::Heartbeat()), world.now);
                  },
                  0, true, ResyncReason::kInitial},
        TokenCase{"Tampered", [](ServerWorld&, Binding& binding, Position&) { binding[4] ^= 1; }, 3, false,
                  ResyncReason::kInitial},
        TokenCase{"Garbage", [](ServerWorld&, Binding& binding, Position&) { binding = "garbage"; }, 3, false,
                  ResyncReason::kInitial},
        TokenCase{"OtherPrincipal",
                  [](ServerWorld& world, Binding& binding, Position&) {
                    wire::TokenBinding other = world.BindingFor(50);
                    other.principal = "bob";
                    binding = world.signer.Sign(other);
                  },
                  7, false, ResyncReason::kInitial},
        TokenCase{"OtherTenant",
                  [](ServerWorld& world, Binding& binding, Position&) {
                    wire::TokenBinding other = world.BindingFor(50);
                    other.tenant = "umbrella";
                    binding = world.signer.Sign(other);
                  },
                  7, false, ResyncReason::kInitial},
        TokenCase{"OtherActor",
                  [](ServerWorld& world, Binding& binding, Position&) {
                    wire::TokenBinding other = world.BindingFor(50);
                    other.key = "b";
                    binding = world.signer.Sign(other);
                  },
                  3, false, ResyncReason::kInitial},
        TokenCase{"UnknownKeyId",
                  [](ServerWorld& world, Binding& binding, Position&) {
                    binding = wire::TokenSigner({{2, "another key"}}, 2).Sign(world.BindingFor(50));
                  },
                  0, false, ResyncReason::kUnknownKey},
        TokenCase{"ServerSchemaChanged",
                  [](ServerWorld& world, Binding& binding, Position&) {
                    binding = world.signer.Sign(world.BindingFor(51));
                  },
                  0, false, ResyncReason::kSchemaChanged},
        TokenCase{"ViewChanged",
                  [](ServerWorld& world, Binding& binding, Position&) {
                    wire::TokenBinding other = world.BindingFor(50);
                    other.view_fingerprint = 1;
                    binding = world.signer.Sign(other);
                  },
                  0, false, ResyncReason::kViewChanged},
        TokenCase{"OtherEpoch", [](ServerWorld&, Binding&, Position& position) { position.epoch = 10; }, 0,
                  false, ResyncReason::kNewEpoch},
        TokenCase{"AheadOfTheHistory",
                  [](ServerWorld&, Binding&, Position& position) { position.revision = 9; }, 0, false,
                  ResyncReason::kNewEpoch},
        TokenCase{"OutsideTheWindow",
                  [](ServerWorld&, Binding&, Position& position) { position.revision = 3; }, 0, false,
                  ResyncReason::kExpired},
        TokenCase{"TooOld",
                  [](ServerWorld& world, Binding&, Position&) {
                    world.now += seconds(301);
                    world.session.OnMessage(Message(wire::Heartbeat()), world.now);
                  },
                  0, false, ResyncReason::kExpired}),
    [](const testing::TestParamInfo<TokenCase>& row) { return std::string(row.param.name); });

TEST(ServerSessionTest, ASubscriptionWithoutATokenBeginsForTheReasonThatTheClientGives) {
  ServerWorld world;
  world.Open();
  wire::Subscribe subscribe = MakeSubscribe(1);
  subscribe.reason = ResyncReason::kBaseMismatch;
  world.Send(Message(subscribe));
  world.session.OnFeedOpened(1, std::shared_ptr<StateFeed>(std::make_shared<FakeFeed>(11, 4)), 50);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Subscribed Chunk");
  EXPECT_EQ(frames->Of<wire::SnapshotChunk>().at(0).reason, ResyncReason::kBaseMismatch);
}

TEST(ServerSessionTest, SubscriptionsBeyondTheLimitAreRefused) {
  ServerSessionOptions options;
  options.subscriptions_max = 2;
  ServerWorld world(options);
  world.Open();
  world.Send(Message(MakeSubscribe(1), MakeSubscribe(2), MakeSubscribe(3)));
  EXPECT_EQ(world.Take<Server::OpenFeed>().size(), 2u);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "End");
  EXPECT_EQ(frames->Of<wire::End>().at(0).code, 8u);
  wire::Unsubscribe unsubscribe;
  unsubscribe.id = 1;
  world.Send(Message(unsubscribe, unsubscribe, MakeSubscribe(4)));
  EXPECT_EQ(world.session.subscription_count(), 2u);
  // Refusals that nobody reads are bounded.
  for (std::uint64_t id = 5; id < 20 && !world.session.closed(); ++id) world.Send(Message(MakeSubscribe(id)));
  EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kResourceExhausted);
}

TEST(ServerSessionTest, AnIdThatIsNotLargerThanThoseBeforeEndsTheSession) {
  wire::Unsubscribe unsubscribe;
  unsubscribe.id = 1;
  for (const std::string& message : {Message(MakeSubscribe(0)), Message(MakeSubscribe(1), MakeSubscribe(1)),
                                     Message(MakeSubscribe(2), MakeSubscribe(1)),
                                     Message(MakeSubscribe(1), unsubscribe, MakeSubscribe(1))}) {
    ServerWorld world;
    world.Open();
    world.Send(message);
    EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kInvalidArgument);
  }
}

// What the allocator says that is in use; where it does not count, as under sanitizers, nothing.
std::size_t BytesInUse() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

// Nothing of a subscription is kept for a client that has left it, though it reads nothing.
TEST(ServerSessionTest, SubscriptionsThatComeAndGoWhileNobodyReadsCostNothing) {
  ServerWorld world;
  world.Open();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  const auto come_and_go = [&](std::uint64_t id) {
    const std::string filter(16u << 10, 'x');
    wire::Subscribe subscribe = MakeSubscribe(id);
    subscribe.filter = filter;
    world.Send(Message(subscribe));
    auto opens = world.Take<ServerSession::OpenFeed>();
    ASSERT_EQ(opens.size(), 1u);
    if (id % 2 == 0) {
      world.session.OnFieldTreeWanted(std::move(opens[0]));
    } else {
      world.session.OnFeedOpened(id, std::shared_ptr<StateFeed>(feed), 50);
    }
    wire::Unsubscribe unsubscribe;
    unsubscribe.id = id;
    world.Send(Message(unsubscribe));
    (void)world.TakeAll();
  };
  std::uint64_t id = 0;
  while (id < 1'000) come_and_go(++id);
  const std::size_t before = BytesInUse();
  while (id < 21'000) come_and_go(++id);
  EXPECT_LT(BytesInUse(), before + (16u << 10));
  EXPECT_EQ(world.Batch(), nullptr);
  EXPECT_FALSE(world.session.closed());
}

TEST(ServerSessionTest, EndsThatNobodyReadsAreBounded) {
  ServerSessionOptions options;
  options.subscriptions_max = 4;
  ServerWorld world(options);
  world.Open();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  std::uint64_t id = 0;
  while (id < 50) {
    world.Send(Message(MakeSubscribe(++id)));
    if (world.session.closed()) break;
    (void)world.TakeAll();
    world.session.OnFeedOpened(id, std::shared_ptr<StateFeed>(feed), 50);
    world.session.OnFeedEnded(id, absl::NotFoundError("destroyed"));
  }
  EXPECT_LE(id, 10u);
  EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kResourceExhausted);
}

TEST(ServerSessionTest, AnActorThatCannotBeOpenedEndsTheSubscription) {
  ServerWorld world;
  world.Open();
  world.Send(Message(MakeSubscribe(1)));
  world.session.OnFeedOpened(1, absl::NotFoundError("no such type"), 0);
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "End");
  EXPECT_EQ(frames->Of<wire::End>().at(0).code, 5u);
  EXPECT_EQ(world.Take<Server::CloseFeed>().size(), 1u);
  // The same news again, or late ones, are for nobody.
  world.session.OnFeedOpened(1, absl::NotFoundError("no such type"), 0);
  world.session.OnFeedChanged(1);
  world.session.OnFeedEnded(1, absl::InternalError(""));
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerSessionTest, AFeedThatEndsEndsItsSubscriptionsInEveryPlaceItIsRead) {
  ServerWorld world;
  world.Open();
  const auto feed = world.Subscribe(1);
  world.SubscribeTo(feed, 2);
  (void)world.Batch();
  world.Send(Message(MakeCall(1)));
  feed->End(absl::UnavailableError("its state could not be loaded"));
  // Read before a reply …
  world.session.OnCallEnded(1, MakeOutcome("r", 100));
  const auto frames = world.Batch();
  EXPECT_EQ(frames->Kinds(), "Reply End End");
  EXPECT_EQ(world.session.subscription_count(), 0u);
  EXPECT_EQ(world.Take<Server::CloseFeed>().size(), 2u);
  // … and in its own turn.
  const auto other = world.Subscribe(3);
  (void)world.Batch();
  other->End(absl::UnavailableError("gone"));
  world.session.OnFeedChanged(3);
  EXPECT_EQ(world.Batch()->Kinds(), "End");
}

// Order -----------------------------------------------------------------------------------------------------

TEST(ServerSessionTest, ReadYourWrites_TheDeltaStandsBeforeTheReply) {
  ServerWorld world;
  world.Open();
  const auto feed = world.Subscribe(1);
  (void)world.Batch();
  world.Send(Message(MakeCall(1)));
  feed->Commit(3, world.now);
  // Even when the news of the commit has not arrived yet.
  world.session.OnCallEnded(1, MakeOutcome("r", feed->head().revision));
  EXPECT_EQ(world.Batch()->Kinds(), "Delta Reply");
  world.session.OnFeedChanged(1);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerSessionTest, ReadYourWrites_AFullBatchPutsTheReplyOffByOneBatch) {
  ServerSessionOptions options;
  options.batch_bytes_max = 64u << 10;
  ServerWorld world(options);
  world.Open();
  const auto feed = world.Subscribe(1);
  (void)world.Batch();
  world.Send(Message(MakeCall(1), MakeCall(2)));
  // The first reply, of another actor, fills the batch.
  auto large = std::make_shared<CallOutcome>();
  large->result = ShareBytes(std::string(200'000, 'r'));
  large->actor = {"t.v1.Other", "x"};
  world.session.OnCallEnded(1, large);
  feed->Commit(3, world.now);
  world.session.OnFeedChanged(1);
  world.session.OnCallEnded(2, MakeOutcome("r", feed->head().revision));
  EXPECT_EQ(world.Batch()->Kinds(), "Reply");
  EXPECT_EQ(world.Batch()->Kinds(), "Delta Reply");
}

TEST(ServerSessionTest, AReplyDoesNotWaitForALargeSnapshot) {
  ServerWorld world;
  world.Open();
  const auto feed = std::make_shared<FakeFeed>(11, 4);
  feed->set_snapshot_padding(2'000'000);
  world.SubscribeTo(feed, 1);
  EXPECT_EQ(world.Batch()->Of<wire::SnapshotChunk>().size(), 4u);
  world.Send(Message(MakeCall(1)));
  world.session.OnCallEnded(1, MakeOutcome("r", 4));
  const auto frames = world.Batch();
  EXPECT_EQ(frames->Of<wire::Reply>().size(), 1u);
  EXPECT_GE(frames->Of<wire::SnapshotChunk>().size(), 1u);
}

TEST(ServerSessionTest, DirtySubscriptionsTakeTurns) {
  ServerSessionOptions options;
  options.batch_bytes_max = 16u << 10;
  ServerWorld world(options);
  world.Open();
  std::vector<std::shared_ptr<FakeFeed>> feeds;
  for (std::uint64_t id = 1; id <= 3; ++id) feeds.push_back(world.Subscribe(id));
  while (world.Batch() != nullptr) {
  }
  // The first has far more to say than a batch holds, and goes on saying it.
  for (int i = 0; i < 100; ++i) feeds[0]->Commit(1, world.now, 3000);
  feeds[1]->Commit(1, world.now);
  feeds[2]->Commit(1, world.now);
  for (std::uint64_t id = 1; id <= 3; ++id) world.session.OnFeedChanged(id);
  bool second = false;
  bool third = false;
  for (int batch = 0; batch < 2; ++batch) {
    for (const wire::Delta& delta : world.Batch()->Of<wire::Delta>()) {
      second |= delta.id == 2;
      third |= delta.id == 3;
    }
  }
  EXPECT_TRUE(second);
  EXPECT_TRUE(third);
}

// Time and ends ---------------------------------------------------------------------------------------------

TEST(ServerSessionTest, AnIdleSessionSendsHeartbeats) {
  ServerWorld world;
  world.Open();
  EXPECT_EQ(world.session.next_deadline(), world.now + seconds(5));
  world.Advance(seconds(4));
  EXPECT_EQ(world.Batch(), nullptr);
  world.Advance(seconds(1));
  // While a write is in flight no batch is taken, and no timer is asked for that would only find that again.
  EXPECT_EQ(world.session.next_deadline(), kStart + seconds(15));
  EXPECT_EQ(world.Batch()->Kinds(), "Heartbeat");
  EXPECT_EQ(world.session.next_deadline(), kStart + seconds(10));
}

TEST(ServerSessionTest, ASilentClientIsDeadAfterThreeHeartbeats) {
  ServerWorld world;
  world.Open();
  const auto feed = world.Subscribe(1);
  (void)world.Batch();
  world.Advance(seconds(14));
  EXPECT_FALSE(world.session.closed());
  world.Send(Message(wire::Heartbeat()));
  world.Advance(seconds(14));
  EXPECT_FALSE(world.session.closed());
  world.Advance(seconds(1));
  EXPECT_TRUE(world.session.closed());
  const auto actions = world.TakeAll();
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<Server::CloseFeed>(actions[0]));
  EXPECT_EQ(std::get<Server::Disconnect>(actions[1]).reason.code(), absl::StatusCode::kUnavailable);
}

TEST(ServerSessionTest, CloseSendsWhatIsPendingAndAGoodbyeLast) {
  ServerWorld world;
  world.Open();
  world.Send(Message(MakeCall(1), MakeCall(2)));
  world.session.OnCallEnded(1, MakeOutcome("r"));
  world.session.Close(absl::UnavailableError("draining"));
  world.session.Close(absl::InternalError("a second reason is not heard"));
  // What arrives meanwhile is not begun.
  (void)world.TakeAll();
  world.Send(Message(MakeCall(3), MakeSubscribe(1)));
  EXPECT_TRUE(world.TakeAll().empty());
  const auto frames = world.Batch();
  ASSERT_EQ(frames->Kinds(), "Reply Goodbye");
  EXPECT_EQ(frames->Of<wire::Goodbye>().at(0).code, 14u);
  EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(world.Batch(), nullptr);
  world.session.OnCallEnded(2, MakeOutcome("late"));
  world.session.OnTime(world.now + minutes(10));
  EXPECT_TRUE(world.TakeAll().empty());
}

TEST(ServerSessionTest, AClientsGoodbyeEndsTheSessionWell) {
  ServerWorld world;
  world.Open();
  world.Send(Message(wire::Goodbye(), MakeCall(1)));
  EXPECT_TRUE(world.session.closed());
  const auto actions = world.TakeAll();
  EXPECT_TRUE(ActionsOf<Server::StartCall>(actions).empty());
  EXPECT_EQ(ActionsOf<Server::ForgetClient>(actions).size(), 1u);
  ASSERT_EQ(ActionsOf<Server::Disconnect>(actions).size(), 1u);
  EXPECT_TRUE(ActionsOf<Server::Disconnect>(actions)[0].reason.ok());
}

TEST(ServerSessionTest, AMalformedMessageEndsTheSession) {
  ServerWorld world;
  world.Open();
  const std::string message = Message(MakeCall(1));
  world.Send(message.substr(0, message.size() - 1));
  EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace onager::session
