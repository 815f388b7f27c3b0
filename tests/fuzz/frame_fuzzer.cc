#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/session/client_session.h"
#include "runtime/session/server_session.h"
#include "runtime/session/stream_receiver.h"
#include "runtime/session/stream_sender.h"
#include "runtime/wire/batch.h"

// Any message, as a batch and to both sessions, which stand as far into a session as a peer can bring them.
// The first byte says how far; zero bytes after it split the rest into messages.
namespace {

using namespace onager;
using namespace onager::session;

class ZeroRandom final : public Random {
 public:
  std::uint64_t Next() override { return 0; }
};

class SmallFeed final : public StateFeed {
 public:
  explicit SmallFeed(bool filtered) : filtered_(filtered) {}

  FeedRead Read(const std::optional<Position>& from, bool due, std::size_t, Time now, std::uint64_t,
                bool) override {
    if (!from.has_value()) return ReadSnapshot(head(), now);
    FeedRead read;
    read.at = head();
    if (from->epoch != read.at.epoch || from->revision > read.at.revision) {
      read = ReadSnapshot(head(), now);
      read.why = FeedRead::Why::kOtherEpoch;
    } else if (from->revision < read.at.revision) {
      read.held_back = !due && filtered_ && from->revision > 1;
      read.through = read.held_back ? from->revision : read.at.revision;
      if (read.held_back) return read;
      std::string events;
      wire::AppendEvent(events, "event");
      read.kind = FeedRead::Kind::kSteps;
      read.steps.push_back({from->revision, read.at.revision, ShareBytes("patch"), ShareBytes(events)});
    } else {
      read.through = read.at.revision;
    }
    return read;
  }
  FeedRead ReadSnapshot(const Position&, Time) override {
    FeedRead read;
    read.kind = FeedRead::Kind::kSnapshot;
    read.at = head();
    read.snapshot = ShareBytes("snapshot");
    return read;
  }
  std::shared_ptr<const generated::StateHash> Hash(const Position&, Time) override {
    return std::make_shared<generated::StateHash>(filtered_ ? 1 : 8);
  }
  FeedLag Lag(const Position&, std::optional<Time>) const override { return {4, 4u << 20, false}; }
  Position head() const override { return {11, 4}; }
  bool ended() const override { return false; }
  std::uint64_t CountEvents(const Position& after, const Position& through) const override {
    return through.revision - std::min(after.revision, through.revision);
  }

 private:
  const bool filtered_;
};

// Three items of a result, and a handler that takes each second item of the parameter.
class SmallStream final : public StreamPort {
 public:
  SmallStream() {
    for (const char* item : {"a", "b", "c"}) sender_.Push(ShareBytes(item));
  }
  SharedBytes Item(std::uint64_t sequence) const override { return sender_.Find(sequence); }
  std::uint64_t last() const override { return sender_.last(); }
  std::uint64_t taken() const override { return sender_.taken(); }
  std::size_t kept_bytes() const override { return sender_.bytes(); }
  absl::Status OnCredit(std::uint64_t through) override { return sender_.OnCredit(through); }
  std::uint64_t credit() const override { return receiver_.credit(); }
  absl::Status OnItem(std::uint64_t sequence, std::string_view item) override {
    const absl::StatusOr<bool> is_new = receiver_.OnItem(sequence, item.size());
    if (!is_new.ok() || !*is_new) return is_new.status();
    if (++unread_ > kStreamItemsMax) __builtin_trap();
    if (sequence % 2 == 0) {
      receiver_.OnTaken(1, item.size());
      --unread_;
    }
    return absl::OkStatus();
  }
  absl::Status OnEnd(std::uint64_t items) override { return receiver_.OnEnd(items); }

 private:
  StreamSender sender_;
  StreamReceiver receiver_;
  std::size_t unread_ = 0;
};

constexpr Time kNow{std::chrono::seconds(1000)};

template <typename Frame>
std::string Message(const Frame& frame) {
  wire::BatchWriter writer;
  writer.Append(frame);
  return writer.Take().Join();
}

// The messages, one after the other.
template <typename Each>
void ForEachMessage(std::string_view input, const Each& each) {
  while (true) {
    const std::size_t end = input.find(std::string_view("\0\0", 2));
    each(input.substr(0, end));
    if (end == std::string_view::npos) return;
    input = input.substr(end + 2);
  }
}

void ReadBatch(std::string_view message) {
  wire::BatchReader reader(message);
  while (true) {
    const absl::StatusOr<std::optional<wire::Frame>> frame = reader.Next();
    if (!frame.ok() || !frame->has_value()) return;
  }
}

void FeedServer(std::string_view input, bool after_hello) {
  static const wire::TokenSigner signer({{1, "key"}}, 1);
  ServerSession session(ServerSessionOptions(), Peer{"t", "p"}, signer, kNow);
  Time now = kNow;
  std::map<std::uint64_t, std::shared_ptr<SmallStream>> streams;
  const auto close_unless = [&session](const absl::Status& accepted) {
    if (!accepted.ok()) session.Close(accepted);
  };
  const auto settle = [&] {
    while (true) {
      const bool sent = session.NextBatch(now).has_value();
      const auto actions = session.TakeActions();
      for (const ServerSession::Action& action : actions) {
        if (std::holds_alternative<ServerSession::FindLedger>(action)) session.OnLedger(true, now, 5);
        if (const auto* call = std::get_if<ServerSession::StartCall>(&action)) {
          auto outcome = std::make_shared<CallOutcome>();
          outcome->actor = call->actor;
          outcome->revision = 4;
          outcome->result = ShareBytes(call->arguments);
          if (call->streams != 0) {
            auto& stream = streams[call->number];
            if (stream == nullptr) stream = std::make_shared<SmallStream>();
            outcome->stream = stream;
            session.OnStreamOpened(call->number, stream);
          }
          // One whose parameter is a stream ends with that.
          if ((call->streams & wire::kStreamedParameter) == 0) session.OnCallEnded(call->number, outcome);
        }
        if (const auto* item = std::get_if<ServerSession::TakeItem>(&action)) {
          close_unless(streams.at(item->number)->OnItem(item->sequence, item->item));
          session.OnStreamChanged(item->number);
        }
        if (const auto* credit = std::get_if<ServerSession::TakeCredit>(&action)) {
          close_unless(streams.at(credit->number)->OnCredit(credit->through));
        }
        if (const auto* end = std::get_if<ServerSession::TakeStreamEnd>(&action)) {
          close_unless(streams.at(end->number)->OnEnd(end->items));
          auto outcome = std::make_shared<CallOutcome>();
          outcome->stream = streams.at(end->number);
          session.OnCallEnded(end->number, outcome);
        }
        if (const auto* open = std::get_if<ServerSession::OpenFeed>(&action)) {
          session.OnFeedOpened(open->subscription,
                               std::shared_ptr<StateFeed>(std::make_shared<SmallFeed>(!open->filter.empty())),
                               50);
        }
      }
      if (!sent && actions.empty()) return;
    }
  };
  if (after_hello) {
    wire::Hello hello;
    hello.incarnation = 7;
    session.OnMessage(Message(hello), now);
    settle();
  }
  ForEachMessage(input, [&](std::string_view message) {
    session.OnMessage(message, now);
    settle();
    now += std::chrono::seconds(1);
    session.OnTime(now);
    (void)session.next_deadline();
  });
  settle();
}

void FeedClient(std::string_view input, bool live) {
  ZeroRandom random;
  ClientSession session(ClientSessionOptions(), random);
  Time now = kNow;
  session.Start(now);
  for (int i = 0; i < 3; ++i) {
    ClientSession::CallRequest call;
    call.actor = {"t.v1.Counter", "a"};
    call.timeout = std::chrono::seconds(5 + i);
    call.streams = static_cast<std::uint32_t>(i);
    const ClientSession::CallNumber number = session.Call(call, now);
    if (i == 1) {
      for (int items = 0; items < 65; ++items) session.WriteItem(number, ShareBytes("item"));
      session.FinishItems(number);
    }
    ClientSession::SubscribeRequest subscribe;
    subscribe.actor = {"t.v1.Counter", "a"};
    (void)session.Subscribe(subscribe);
  }
  (void)session.NextBatch(now);
  if (live) {
    wire::Welcome welcome;
    welcome.server_instance = 3;
    session.OnMessage(Message(welcome), now);
    (void)session.NextBatch(now);
  }
  ForEachMessage(input, [&](std::string_view message) {
    session.OnMessage(message, now);
    for (const ClientSession::Action& action : session.TakeActions()) {
      const auto* item = std::get_if<ClientSession::ItemArrived>(&action);
      if (item != nullptr) session.ItemsTaken(item->number, 1, item->item.size());
    }
    (void)session.NextBatch(now);
    now += std::chrono::seconds(1);
    session.OnTime(now);
    (void)session.NextBatch(now);
    (void)session.next_deadline();
  });
  session.Close(absl::OkStatus());
  if (session.pending_calls() != 0) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  ForEachMessage(input, ReadBatch);
  FeedServer(input, (data[0] & 1) != 0);
  FeedClient(input, (data[0] & 2) != 0);
  return 0;
}
