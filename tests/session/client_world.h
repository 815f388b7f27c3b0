#ifndef ONAGER_TESTS_SESSION_CLIENT_WORLD_H_
#define ONAGER_TESTS_SESSION_CLIENT_WORLD_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/session/client_session.h"
#include "tests/session/session_support.h"

namespace onager::session {

/// One client session, played from outside.
struct ClientWorld {
  explicit ClientWorld(ClientSessionOptions options = ClientSessionOptions()) : session(options, random) {}

  void Send(std::string_view message) { session.OnMessage(message, now); }
  void Advance(Duration duration) {
    now += duration;
    session.OnTime(now);
  }
  std::unique_ptr<Frames> Batch() {
    std::optional<transport::OutMessage> message = session.NextBatch(now);
    return message.has_value() ? std::make_unique<Frames>(message->Join()) : nullptr;
  }
  template <typename Kind>
  std::vector<Kind> Take() {
    return ActionsOf<Kind>(session.TakeActions());
  }

  /// From the action Connect to a live session.
  void Welcome(std::uint64_t instance = 100, bool known = true) {
    const auto hello = Batch();
    ASSERT_NE(hello, nullptr);
    ASSERT_EQ(hello->Kinds(), "Hello");
    wire::Welcome welcome;
    welcome.server_instance = instance;
    welcome.incarnation_known = known;
    welcome.message_bytes_max = 4u << 20;
    welcome.heartbeat_ms = 5000;
    welcome.bookmark_ms = bookmark_ms;
    Send(Message(welcome));
    ASSERT_EQ(session.state(), ConnectionState::kConnected);
  }
  void Open() {
    session.Start(now);
    Welcome(100, false);
    (void)session.TakeActions();
  }
  void Lose() {
    session.OnConnectionClosed(absl::UnavailableError("reset"), now);
    now = session.next_deadline();
    session.OnTime(now);
  }
  ClientSession::CallNumber Call(std::optional<Duration> timeout = std::nullopt, std::string arguments = "") {
    ClientSession::CallRequest request;
    request.actor = {"t.v1.Counter", "a"};
    request.method = "Add";
    request.arguments = std::move(arguments);
    request.timeout = timeout;
    return session.Call(std::move(request), now);
  }
  ClientSession::SubscriptionId Subscribe() {
    ClientSession::SubscribeRequest request;
    request.actor = {"t.v1.Counter", "a"};
    request.schema_fingerprint = 5;
    return session.Subscribe(std::move(request));
  }

  std::uint64_t bookmark_ms = 0;  // As the server tells it.
  Time now = kStart;
  SeededRandom random{1};
  ClientSession session;
};

inline std::string ReplyTo(std::uint64_t number, std::string result = "r") {
  wire::Reply reply;
  reply.number = number;
  return PayloadMessage(reply, std::move(result));
}

inline std::string SubscribedAs(std::uint64_t id, std::uint64_t epoch, bool resumed,
                                ResyncReason reason = ResyncReason::kInitial,
                                std::uint64_t replay_target = 0) {
  wire::Subscribed subscribed;
  subscribed.id = id;
  subscribed.epoch = epoch;
  subscribed.resumed = resumed;
  subscribed.reason = reason;
  subscribed.replay_target = replay_target;
  subscribed.binding = "binding";
  return Message(subscribed);
}

inline std::string Chunk(std::uint64_t id, Position at, std::string whole, std::size_t offset = 0,
                         std::size_t size = std::string::npos, ResyncReason reason = ResyncReason::kInitial,
                         std::uint64_t base = 0) {
  wire::SnapshotChunk chunk;
  chunk.id = id;
  chunk.epoch = at.epoch;
  chunk.revision = at.revision;
  chunk.total_bytes = whole.size();
  chunk.offset = offset;
  chunk.reason = reason;
  chunk.base = base;
  const std::size_t left = whole.size() - offset;
  return PayloadMessage(chunk, std::move(whole), std::min(size, left));
}

inline std::string DeltaTo(std::uint64_t id, std::uint64_t revision, std::uint64_t span = 1,
                           std::uint64_t epoch = 0) {
  wire::Delta delta;
  delta.id = id;
  delta.revision = revision;
  delta.span = span;
  delta.epoch = epoch;
  return PayloadMessage(delta, "p");
}

inline std::string CoveredUpTo(std::uint64_t id, std::uint64_t base, std::uint64_t revision,
                               bool due = false) {
  wire::Covered covered;
  covered.id = id;
  covered.base = base;
  covered.revision = revision;
  covered.due = due;
  return Message(covered);
}

}  // namespace onager::session

#endif  // ONAGER_TESTS_SESSION_CLIENT_WORLD_H_
