#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/session/client_session.h"
#include "runtime/session/stream_receiver.h"
#include "runtime/session/stream_sender.h"
#include "tests/session/server_world.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

// The two ends ---------------------------------------------------------------------------------------------

TEST(StreamSenderTest, RoomIsBoundedByItemsAndByBytesAndTheLastMayBeLarge) {
  StreamSender items;
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(items.has_room());
    items.Push(ShareBytes(""));
  }
  EXPECT_FALSE(items.has_room());
  ASSERT_TRUE(items.OnCredit(1).ok());
  EXPECT_TRUE(items.has_room());

  StreamSender bytes;
  bytes.Push(ShareBytes(std::string((256 << 10) - 1, 'x')));
  ASSERT_TRUE(bytes.has_room());
  bytes.Push(ShareBytes(std::string(10 << 20, 'x')));
  EXPECT_FALSE(bytes.has_room());
  ASSERT_TRUE(bytes.OnCredit(2).ok());
  EXPECT_EQ(bytes.bytes(), 0u);
}

TEST(StreamSenderTest, ItemsAreKeptUntilTheyAreTaken) {
  StreamSender sender;
  for (const char* item : {"a", "b", "c"}) sender.Push(ShareBytes(item));
  EXPECT_EQ(sender.Find(0), nullptr);
  EXPECT_EQ(*sender.Find(1), "a");
  EXPECT_EQ(sender.Find(4), nullptr);
  ASSERT_TRUE(sender.OnCredit(2).ok());
  EXPECT_EQ(sender.Find(2), nullptr);
  EXPECT_EQ(*sender.Find(3), "c");
  ASSERT_TRUE(sender.OnCredit(1).ok());  // Old news.
  EXPECT_EQ(sender.taken(), 2u);
  EXPECT_EQ(sender.OnCredit(4).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(sender.last(), 3u);
  sender.Close();
  EXPECT_FALSE(sender.has_room());
}

TEST(StreamReceiverTest, WhatBreaksTheRulesIsTypedAndChangesNothing) {
  StreamReceiver receiver;
  ASSERT_EQ(receiver.OnItem(1, 10).value(), true);
  EXPECT_EQ(receiver.OnItem(1, 10).value(), false);
  EXPECT_EQ(receiver.OnItem(0, 10).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(receiver.OnItem(3, 10).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(receiver.OnItem(~0ull, 10).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(receiver.OnEnd(2).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(receiver.OnEnd(0).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(receiver.ended());
  ASSERT_EQ(receiver.OnItem(2, 10).value(), true);
  ASSERT_TRUE(receiver.OnEnd(2).ok());
  ASSERT_TRUE(receiver.OnEnd(2).ok());  // Sent again after a reconnect.
  EXPECT_EQ(receiver.OnItem(3, 10).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(receiver.received(), 2u);
}

TEST(StreamReceiverTest, CreditIsKept) {
  StreamReceiver items;
  for (std::uint64_t i = 1; i <= 64; ++i) ASSERT_TRUE(items.OnItem(i, 0).ok());
  EXPECT_EQ(items.OnItem(65, 0).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(items.OnTaken(15, 0));
  EXPECT_EQ(items.credit(), 0u);
  EXPECT_TRUE(items.OnTaken(1, 0));
  EXPECT_EQ(items.credit(), 16u);
  EXPECT_TRUE(items.OnItem(65, 0).ok());

  StreamReceiver bytes;
  ASSERT_TRUE(bytes.OnItem(1, (256 << 10) - 1).ok());
  ASSERT_TRUE(bytes.OnItem(2, 1 << 20).ok());
  EXPECT_EQ(bytes.OnItem(3, 1).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(bytes.OnTaken(1, (256 << 10) - 1));
  EXPECT_EQ(bytes.OnItem(3, 1).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(bytes.OnTaken(1, 1 << 20));
  EXPECT_TRUE(bytes.OnItem(3, 1).ok());
}

// One stream over connections that break: items of drawn sizes, a reader that is now quick and now slow.
class BreakingStream {
 public:
  BreakingStream(std::uint64_t seed, std::uint64_t items) : random_(seed), items_(items) {}

  void Run() {
    while (taken_.size() < items_) {
      ASSERT_LT(++steps_, 100'000u) << "the stream stands still";
      switch (random_.Below(6)) {
        case 0:
        case 1:
          Write();
          break;
        case 2:
          Send();
          break;
        case 3:
          Deliver();
          break;
        case 4:
          for (std::uint64_t count = random_.Below(40); count > 0; --count) Take();
          break;
        default:
          if (random_.OneIn(20)) Break();
          break;
      }
      ASSERT_LE(sender_.size(), kStreamItemsMax);
      ASSERT_LE(buffer_.size(), kStreamItemsMax);
      if (testing::Test::HasFatalFailure()) return;
    }
    for (std::uint64_t i = 0; i < items_; ++i) ASSERT_EQ(taken_[i], i + 1);
  }

  int breaks() const { return breaks_; }
  std::size_t bytes_max() const { return bytes_max_; }

 private:
  struct Item {
    std::uint64_t sequence;
    std::size_t size;
  };

  void Write() {
    while (sender_.has_room() && sender_.last() < items_ && !random_.OneIn(10)) {
      sender_.Push(ShareBytes(std::string(random_.OneIn(30) ? 200'000 : random_.Below(5'000), 'x')));
    }
    bytes_max_ = std::max(bytes_max_, sender_.bytes());
  }
  void Send() {
    for (SharedBytes item = sender_.Find(sent_ + 1); item != nullptr; item = sender_.Find(sent_ + 1)) {
      under_way_.push_back({++sent_, item->size()});
      if (random_.OneIn(10)) return;
    }
  }
  void Deliver() {
    for (; !under_way_.empty() && !random_.OneIn(20); under_way_.pop_front()) {
      const Item item = under_way_.front();
      const absl::StatusOr<bool> is_new = receiver_.OnItem(item.sequence, item.size);
      ASSERT_TRUE(is_new.ok()) << is_new.status();
      if (*is_new) buffer_.push_back(item);
    }
    if (!credits_.empty()) {
      ASSERT_TRUE(sender_.OnCredit(credits_.front()).ok());
      credits_.pop_front();
    }
  }
  void Take() {
    if (buffer_.empty()) return;
    taken_.push_back(buffer_.front().sequence);
    if (receiver_.OnTaken(1, buffer_.front().size)) credits_.push_back(receiver_.credit());
    buffer_.pop_front();
  }
  // What is under way is lost; the sender goes on after what was received, or sends again what it has.
  void Break() {
    ++breaks_;
    under_way_.clear();
    credits_.assign(1, receiver_.credit());
    sent_ = random_.OneIn(2) ? receiver_.received() : sender_.taken();
  }

  SeededRandom random_;
  const std::uint64_t items_;
  std::uint64_t steps_ = 0;
  int breaks_ = 0;
  std::size_t bytes_max_ = 0;
  StreamSender sender_;
  StreamReceiver receiver_;
  std::uint64_t sent_ = 0;
  std::deque<Item> under_way_;
  std::deque<std::uint64_t> credits_;
  std::deque<Item> buffer_;
  std::vector<std::uint64_t> taken_;
};

TEST(StreamPairTest, ItemsArriveOnceAndInOrderWhereverConnectionsBreak) {
  const std::uint64_t first_seed = std::random_device{}();
  int breaks = 0;
  std::size_t bytes_max = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    BreakingStream stream(seed, 500);
    stream.Run();
    if (testing::Test::HasFailure()) return;
    breaks += stream.breaks();
    bytes_max = std::max(bytes_max, stream.bytes_max());
  }
  EXPECT_GT(breaks, 500) << "the schedules did not do what they are for";
  EXPECT_GT(bytes_max, kStreamBytesMax);
  EXPECT_LT(bytes_max, kStreamBytesMax + 200'001);
}

// The server's session
// ----------------------------------------------------------------------------------------

class FakeStream final : public StreamPort {
 public:
  SharedBytes Item(std::uint64_t sequence) const override { return sender.Find(sequence); }
  std::uint64_t last() const override { return sender.last(); }
  std::uint64_t taken() const override { return sender.taken(); }
  std::size_t kept_bytes() const override { return sender.bytes(); }
  absl::Status OnCredit(std::uint64_t through) override { return sender.OnCredit(through); }
  std::uint64_t credit() const override { return receiver.credit(); }
  absl::Status OnItem(std::uint64_t sequence, std::string_view item) override {
    return receiver.OnItem(sequence, item.size()).status();
  }
  absl::Status OnEnd(std::uint64_t items) override { return receiver.OnEnd(items); }

  void Push(int count, std::size_t size = 1) {
    for (int i = 0; i < count; ++i) sender.Push(ShareBytes(std::string(size, 'i')));
  }

  StreamSender sender;
  StreamReceiver receiver;
};

wire::Call StreamedCall(std::uint64_t number, std::uint32_t streams, std::uint64_t received = 0) {
  wire::Call call = MakeCall(number);
  call.streams = streams;
  call.received = received;
  return call;
}

std::string ItemMessage(std::uint64_t number, std::uint64_t sequence, std::string item = "i") {
  wire::StreamItem frame;
  frame.number = number;
  frame.sequence = sequence;
  wire::BatchWriter writer;
  writer.Append(frame, ShareBytes(std::move(item)));
  return writer.Take().Join();
}
wire::StreamCredit Credit(std::uint64_t number, std::uint64_t through) {
  wire::StreamCredit frame;
  frame.number = number;
  frame.through = through;
  return frame;
}
wire::StreamEnd EndOf(std::uint64_t number, std::uint64_t items) {
  wire::StreamEnd frame;
  frame.number = number;
  frame.items = items;
  return frame;
}

struct StreamWorld : ServerWorld {
  explicit StreamWorld(ServerSessionOptions options = ServerSessionOptions()) : ServerWorld(options) {
    Open();
  }

  std::shared_ptr<FakeStream> Start(const wire::Call& call) {
    Send(Message(call));
    (void)TakeAll();
    auto stream = std::make_shared<FakeStream>();
    stream->Push(static_cast<int>(call.received));
    session.OnStreamOpened(call.number, stream);
    return stream;
  }
  void End(std::uint64_t number, std::shared_ptr<FakeStream> stream) {
    auto outcome = std::make_shared<CallOutcome>();
    outcome->stream = std::move(stream);
    session.OnCallEnded(number, std::move(outcome));
  }
};

TEST(ServerStreamTest, ItemsGoBeforeTheReplyWhichSaysHowManyThereWere) {
  StreamWorld world;
  const auto stream = world.Start(StreamedCall(1, wire::kStreamedResult));
  stream->Push(2);
  world.session.OnStreamChanged(1);
  EXPECT_EQ(world.Batch()->Kinds(), "Item Item");
  stream->Push(1);
  world.End(1, stream);
  EXPECT_EQ(world.session.pending_calls(), 1u);
  const auto last = world.Batch();
  ASSERT_EQ(last->Kinds(), "Item Reply");
  EXPECT_EQ(last->Of<wire::StreamItem>()[0].sequence, 3u);
  EXPECT_EQ(last->Of<wire::Reply>()[0].items, 3u);
  EXPECT_EQ(world.session.pending_calls(), 0u);
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerStreamTest, AfterAReconnectTheResultGoesOnAfterWhatWasReceived) {
  StreamWorld world;
  const auto stream = world.Start(StreamedCall(1, wire::kStreamedResult, 5));
  stream->Push(2);
  world.session.OnStreamChanged(1);
  const auto batch = world.Batch();
  ASSERT_EQ(batch->Kinds(), "Item Item");
  EXPECT_EQ(batch->Of<wire::StreamItem>()[0].sequence, 6u);
  // Of a call that has ended meanwhile as well, and where nothing is missing the reply follows at once.
  world.Send(Message(StreamedCall(2, wire::kStreamedResult, 2)));
  const auto ended = std::make_shared<FakeStream>();
  ended->Push(3);
  world.End(2, ended);
  EXPECT_EQ(world.Batch()->Kinds(), "Item Reply");
  world.Send(Message(StreamedCall(3, wire::kStreamedResult, 3)));
  world.End(3, ended);
  EXPECT_EQ(world.Batch()->Kinds(), "Reply");
}

TEST(ServerStreamTest, WhatAClientCannotHaveReceivedEndsTheSession) {
  for (const int has : {4, 6}) {
    StreamWorld world;
    world.Send(Message(StreamedCall(1, wire::kStreamedResult, 5)));
    (void)world.TakeAll();
    const auto stream = std::make_shared<FakeStream>();
    stream->Push(has);
    if (has == 6) {
      ASSERT_TRUE(stream->OnCredit(6).ok());
    }
    world.session.OnStreamOpened(1, stream);
    EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(ServerStreamTest, WhatHasNoSuchStreamEndsTheSession) {
  const std::string broken[] = {
      ItemMessage(0, 1),     ItemMessage(9, 1), Message(Credit(9, 1)),
      Message(EndOf(9, 0)),  ItemMessage(1, 1), Message(EndOf(1, 0)),  // Its result is the stream.
      Message(Credit(2, 1)), ItemMessage(2, 1),                        // It has none.
  };
  for (const std::string& message : broken) {
    StreamWorld world;
    world.Send(Message(StreamedCall(1, wire::kStreamedResult), MakeCall(2)));
    (void)world.TakeAll();
    world.Send(message);
    EXPECT_EQ(world.Disconnected().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(world.session.closed());
  }
}

TEST(ServerStreamTest, WhatComesForACallThatHasEndedIsPassedOver) {
  StreamWorld world;
  const auto stream = world.Start(StreamedCall(1, wire::kStreamedParameter | wire::kStreamedResult));
  world.End(1, stream);
  (void)world.Batch();
  world.Send(ItemMessage(1, 1));
  world.Send(Message(Credit(1, 7), EndOf(1, 1)));
  EXPECT_TRUE(world.TakeAll().empty());
  EXPECT_FALSE(world.session.closed());
}

TEST(ServerStreamTest, FramesOfTheParameterAreHandedOnInTheirOrderBehindTheirCall) {
  StreamWorld world;
  std::string message = Message(StreamedCall(1, wire::kStreamedParameter));
  message += ItemMessage(1, 1, "a") + ItemMessage(1, 2, "b") + Message(EndOf(1, 2));
  world.Send(message);
  const auto actions = world.TakeAll();
  ASSERT_EQ(actions.size(), 4u);
  EXPECT_EQ(std::get<ServerSession::StartCall>(actions[0]).streams, wire::kStreamedParameter);
  EXPECT_FALSE(std::get<ServerSession::StartCall>(actions[0]).streams_begun);
  EXPECT_EQ(std::get<ServerSession::TakeItem>(actions[1]).item, "a");
  EXPECT_EQ(std::get<ServerSession::TakeItem>(actions[2]).sequence, 2u);
  EXPECT_EQ(std::get<ServerSession::TakeStreamEnd>(actions[3]).items, 2u);
}

TEST(ServerStreamTest, CreditIsToldAndToldAgainInTheNextSession) {
  StreamWorld world;
  const auto stream = world.Start(StreamedCall(1, wire::kStreamedParameter));
  for (std::uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(stream->OnItem(i, "i").ok());
  EXPECT_EQ(world.Batch(), nullptr);
  ASSERT_TRUE(stream->receiver.OnTaken(20, 20));
  world.session.OnStreamChanged(1);
  const auto batch = world.Batch();
  ASSERT_EQ(batch->Kinds(), "Credit");
  EXPECT_EQ(batch->Of<wire::StreamCredit>()[0].through, 20u);
  world.session.OnStreamChanged(1);
  EXPECT_EQ(world.Batch(), nullptr);

  StreamWorld next;
  next.Send(Message(StreamedCall(1, wire::kStreamedParameter)));
  next.session.OnStreamOpened(1, stream);
  EXPECT_EQ(next.Batch()->Of<wire::StreamCredit>().at(0).through, 20u);
}

TEST(ServerStreamTest, ACancelledCallSendsNoMoreItems) {
  StreamWorld world;
  const auto stream = world.Start(StreamedCall(1, wire::kStreamedResult));
  wire::Cancel cancel;
  cancel.number = 1;
  world.Send(Message(cancel));
  EXPECT_EQ(world.Take<ServerSession::CancelCall>().size(), 1u);
  stream->Push(3);
  world.session.OnStreamChanged(1);
  EXPECT_EQ(world.Batch(), nullptr);
  world.End(1, stream);
  EXPECT_EQ(world.Batch()->Kinds(), "Reply");
  // One whose outcome waits for its items is over with its cancellation.
  const auto ended = world.Start(StreamedCall(2, wire::kStreamedResult));
  ended->Push(3);
  world.End(2, ended);
  cancel.number = 2;
  world.Send(Message(cancel));
  EXPECT_EQ(world.Batch(), nullptr);
  EXPECT_EQ(world.session.pending_calls(), 0u);
}

TEST(ServerStreamTest, AnItemLargerThanAMessageEndsItsCallAndNoOther) {
  ServerSessionOptions options;
  options.message_bytes_max = 100'000;
  StreamWorld world(options);
  const auto large = world.Start(StreamedCall(1, wire::kStreamedResult));
  const auto small = world.Start(StreamedCall(2, wire::kStreamedResult));
  large->Push(1, 100'000);
  small->Push(1, 10);
  world.session.OnStreamChanged(1);
  world.session.OnStreamChanged(2);
  const auto batch = world.Batch();
  ASSERT_EQ(batch->Kinds(), "Item Reply");
  EXPECT_EQ(batch->Of<wire::Reply>()[0].code,
            static_cast<std::uint32_t>(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(world.Take<ServerSession::CancelCall>().at(0).number, 1u);
  world.End(1, large);  // The handler ends later, and nobody is told twice.
  EXPECT_EQ(world.Batch(), nullptr);
}

TEST(ServerStreamTest, StreamsTakeTurnsAndLeaveRepliesTheirPlace) {
  StreamWorld world;
  std::vector<std::shared_ptr<FakeStream>> streams;
  for (std::uint64_t number = 1; number <= 20; ++number) {
    streams.push_back(world.Start(StreamedCall(number, wire::kStreamedResult)));
    streams.back()->Push(60, 4'000);
    world.session.OnStreamChanged(number);
  }
  world.Send(Message(MakeCall(21)));
  world.session.OnCallEnded(21, MakeOutcome("r"));
  const auto first = world.Batch();
  EXPECT_TRUE(std::holds_alternative<wire::Reply>((*first)[0]));
  EXPECT_LT(first->bytes(), 150'000u);  // Half of what a batch holds, and one item.
  std::vector<int> counts(21);
  for (int i = 0; i < 4; ++i) {
    for (const wire::StreamItem& item : world.Batch()->Of<wire::StreamItem>()) ++counts[item.number];
  }
  for (std::uint64_t number = 1; number <= 20; ++number) EXPECT_GT(counts[number], 3) << number;
}

// The client's session
// ---------------------------------------------------------------------------------------

struct CallerWorld {
  CallerWorld() {
    session.Start(now);
    Welcome();
  }
  std::unique_ptr<Frames> Batch() {
    std::optional<transport::OutMessage> message = session.NextBatch(now);
    return message.has_value() ? std::make_unique<Frames>(message->Join()) : nullptr;
  }
  void Welcome() {
    (void)Batch();
    wire::Welcome welcome;
    welcome.server_instance = 100;
    welcome.incarnation_known = true;
    welcome.message_bytes_max = 4u << 20;
    session.OnMessage(Message(welcome), now);
    (void)session.TakeActions();
  }
  void Lose() {
    session.OnConnectionClosed(absl::UnavailableError("reset"), now);
    now = session.next_deadline();
    session.OnTime(now);
    Welcome();
  }
  ClientSession::CallNumber Call(std::uint32_t streams) {
    ClientSession::CallRequest request;
    request.actor = {"t.v1.Counter", "a"};
    request.streams = streams;
    return session.Call(std::move(request), now);
  }
  void Write(ClientSession::CallNumber number, std::string item) {
    session.WriteItem(number, ShareBytes(std::move(item)));
  }
  template <typename Kind>
  std::vector<Kind> Take() {
    return ActionsOf<Kind>(session.TakeActions());
  }
  std::string Reply(std::uint64_t number, std::uint64_t items, std::uint32_t code = 0) {
    wire::Reply reply;
    reply.number = number;
    reply.items = items;
    reply.code = code;
    return PayloadMessage(reply, "");
  }

  Time now = kStart;
  SeededRandom random{1};
  ClientSession session{ClientSessionOptions(), random};
};

TEST(ClientStreamTest, TheCallGoesBeforeItsItemsAndTheEndBehindThem) {
  CallerWorld world;
  const auto number = world.Call(wire::kStreamedParameter);
  world.Write(number, "a");
  world.Write(number, "b");
  world.session.FinishItems(number);
  EXPECT_EQ(world.Take<ClientSession::ItemWritten>().size(), 2u);
  const auto batch = world.Batch();
  ASSERT_EQ(batch->Kinds(), "Call Item Item StreamEnd");
  EXPECT_EQ(batch->Of<wire::Call>()[0].streams, wire::kStreamedParameter);
  EXPECT_EQ(batch->Of<wire::StreamEnd>()[0].items, 2u);
}

TEST(ClientStreamTest, AnItemWithoutRoomWaitsForCredit) {
  CallerWorld world;
  const auto number = world.Call(wire::kStreamedParameter);
  for (int i = 0; i < 65; ++i) world.Write(number, "i");
  EXPECT_EQ(world.Take<ClientSession::ItemWritten>().size(), 64u);
  world.session.FinishItems(number);
  EXPECT_EQ(world.Batch()->Of<wire::StreamItem>().size(), 64u);
  world.session.OnMessage(Message(Credit(number, 16)), world.now);
  EXPECT_EQ(world.Take<ClientSession::ItemWritten>().size(), 1u);
  const auto batch = world.Batch();
  ASSERT_EQ(batch->Kinds(), "Item StreamEnd");
  EXPECT_EQ(batch->Of<wire::StreamEnd>()[0].items, 65u);
}

TEST(ClientStreamTest, AfterAReconnectBothDirectionsGoOn) {
  CallerWorld world;
  const auto number = world.Call(wire::kStreamedParameter | wire::kStreamedResult);
  for (int i = 0; i < 20; ++i) world.Write(number, std::to_string(i + 1));
  world.session.FinishItems(number);
  (void)world.Batch();
  world.session.OnMessage(Message(Credit(number, 16)), world.now);
  for (std::uint64_t i = 1; i <= 20; ++i) world.session.OnMessage(ItemMessage(number, i), world.now);
  EXPECT_EQ(world.Take<ClientSession::ItemArrived>().size(), 20u);
  world.session.ItemsTaken(number, 17, 17);
  world.Lose();
  const auto batch = world.Batch();
  ASSERT_EQ(batch->Kinds(), "Call Credit Item Item Item Item StreamEnd");
  const wire::Call call = batch->Of<wire::Call>()[0];
  EXPECT_EQ(call.received, 20u);
  EXPECT_EQ(call.taken, 16u);
  EXPECT_EQ(batch->Of<wire::StreamCredit>()[0].through, 17u);
  EXPECT_EQ(batch->Of<wire::StreamItem>()[0].item, "17");
  // What the server has had is no longer sent; what it sends again is passed over.
  world.session.OnMessage(ItemMessage(number, 20), world.now);
  EXPECT_TRUE(world.Take<ClientSession::ItemArrived>().empty());
  world.session.OnMessage(world.Reply(number, 20), world.now);
  EXPECT_TRUE(world.Take<ClientSession::CallEnded>().at(0).result.ok());
}

TEST(ClientStreamTest, WhatBreaksTheRulesDropsTheConnectionAndTheCallGoesOn) {
  const auto gap = [](CallerWorld&, std::uint64_t call) { return ItemMessage(call, 3); };
  const auto credit = [](CallerWorld&, std::uint64_t call) { return Message(Credit(call, 2)); };
  const auto short_end = [](CallerWorld& world, std::uint64_t call) { return world.Reply(call, 2); };
  const auto long_end = [](CallerWorld& world, std::uint64_t call) { return world.Reply(call, 0); };
  const auto failed = [](CallerWorld& world, std::uint64_t call) { return world.Reply(call, 2, 5); };
  const auto end_frame = [](CallerWorld&, std::uint64_t call) { return Message(EndOf(call, 1)); };
  using MakeMessage = std::string (*)(CallerWorld&, std::uint64_t);
  for (const MakeMessage message : {MakeMessage(gap), MakeMessage(credit), MakeMessage(short_end),
                                    MakeMessage(long_end), MakeMessage(failed), MakeMessage(end_frame)}) {
    CallerWorld world;
    const auto number = world.Call(wire::kStreamedParameter | wire::kStreamedResult);
    world.Write(number, "a");
    (void)world.Batch();
    world.session.OnMessage(ItemMessage(number, 1), world.now);
    (void)world.session.TakeActions();
    world.session.OnMessage(message(world, number), world.now);
    EXPECT_EQ(world.Take<ClientSession::Disconnect>().size(), 1u);
    EXPECT_EQ(world.session.pending_calls(), 1u);
  }
}

TEST(ClientStreamTest, AnErrorMayCutAStreamShortAndAnItemOfAPlainCallMayNotCome) {
  CallerWorld world;
  const auto number = world.Call(wire::kStreamedResult);
  const auto plain = world.Call(0);
  (void)world.Batch();
  world.session.OnMessage(ItemMessage(number, 1), world.now);
  // As when the server no longer knows what became of the call.
  world.session.OnMessage(world.Reply(number, 0, 14), world.now);
  const auto ends = world.Take<ClientSession::CallEnded>();
  EXPECT_EQ(ends.at(0).result.status().code(), absl::StatusCode::kUnavailable);
  world.session.OnMessage(ItemMessage(number, 2), world.now);  // Late.
  EXPECT_EQ(world.session.state(), ConnectionState::kConnected);
  world.session.OnMessage(Message(Credit(plain, 0)), world.now);
  EXPECT_EQ(world.session.state(), ConnectionState::kConnected);
}

// The ledger
// ---------------------------------------------------------------------------------------------------

SharedOutcome OutcomeWith(std::size_t item_bytes) {
  auto stream = std::make_shared<FakeStream>();
  stream->Push(1, item_bytes);
  auto outcome = std::make_shared<CallOutcome>();
  outcome->stream = std::move(stream);
  outcome->revision = 9;
  return outcome;
}

TEST(StreamLedgerTest, ItemsThatWereNotTakenCountAsWhatIsKept) {
  LedgerLimits limits;
  limits.bytes_max = 1'000;
  CallLedger ledger(limits);
  using Verdict = CallLedger::Verdict;
  for (std::uint64_t number = 1; number <= 3; ++number) {
    ASSERT_EQ(ledger.Admit(number, false, false, kStart, true).verdict, Verdict::kRun);
    ledger.Complete(number, OutcomeWith(number == 3 ? 1'001 : 400), kStart);
  }
  EXPECT_EQ(ledger.bytes(), 800u);
  ASSERT_NE(ledger.Find(1), nullptr);
  EXPECT_EQ(ledger.Find(1)->stream->last(), 1u);
  const auto dropped = ledger.Admit(3, false, false, kStart, true);
  EXPECT_EQ(dropped.verdict, Verdict::kOutcomeDropped);
  EXPECT_EQ(dropped.outcome->revision, 9u);
  EXPECT_EQ(dropped.outcome->stream, nullptr);
  // Credit that comes later does not disturb the count.
  ASSERT_TRUE(ledger.Find(1)->stream->OnCredit(1).ok());
  ledger.AcknowledgeThrough(3);
  EXPECT_EQ(ledger.bytes(), 0u);
}

TEST(StreamLedgerTest, StreamsThatRunAreBounded) {
  LedgerLimits limits;
  limits.running_streams_max = 1;
  CallLedger ledger(limits);
  using Verdict = CallLedger::Verdict;
  EXPECT_EQ(ledger.Admit(1, false, false, kStart, true).verdict, Verdict::kRun);
  EXPECT_EQ(ledger.Admit(2, false, false, kStart, true).verdict, Verdict::kSaturated);
  EXPECT_EQ(ledger.Admit(3, false, false, kStart, false).verdict, Verdict::kRun);
  EXPECT_EQ(ledger.Admit(1, false, false, kStart, true).verdict, Verdict::kRunning);
  ledger.Complete(1, OutcomeWith(1), kStart);
  EXPECT_EQ(ledger.Admit(4, false, false, kStart, true).verdict, Verdict::kRun);
}

}  // namespace
}  // namespace onager::session
