#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/session/client_session.h"
#include "runtime/session/server_session.h"
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

  FeedRead Read(const std::optional<Position>& from, bool due, std::size_t, Time now) override {
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
  Position head() const override { return {11, 4}; }
  std::uint64_t CountEvents(const Position& after, const Position& through) const override {
    return through.revision - std::min(after.revision, through.revision);
  }

 private:
  const bool filtered_;
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
  const auto settle = [&session, &now] {
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
          session.OnCallEnded(call->number, outcome);
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
    (void)session.Call(call, now);
    ClientSession::SubscribeRequest subscribe;
    subscribe.actor = {"t.v1.Counter", "a"};
    (void)session.Subscribe(subscribe, now);
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
    (void)session.TakeActions();
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
