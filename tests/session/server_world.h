#ifndef ONAGER_TESTS_SESSION_SERVER_WORLD_H_
#define ONAGER_TESTS_SESSION_SERVER_WORLD_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/session/server_session.h"
#include "tests/session/fake_feed.h"
#include "tests/session/session_support.h"

namespace onager::session {

/// One server session, played from outside: messages in, batches and actions out.
struct ServerWorld {
  explicit ServerWorld(ServerSessionOptions options = ServerSessionOptions())
      : session(options, Peer{"acme", "ann"}, signer, now) {}

  void Send(std::string_view message) { session.OnMessage(message, now); }
  void Advance(Duration duration) {
    now += duration;
    session.OnTime(now);
  }
  /// The next batch; null when nothing is pending.
  std::unique_ptr<Frames> Batch() {
    std::optional<transport::OutMessage> message = session.NextBatch(now);
    return message.has_value() ? std::make_unique<Frames>(message->Join()) : nullptr;
  }
  std::vector<ServerSession::Action> TakeAll() { return session.TakeActions(); }
  template <typename Kind>
  std::vector<Kind> Take() {
    return ActionsOf<Kind>(session.TakeActions());
  }
  /// The reason of the end; OK when there was none.
  absl::Status Disconnected() {
    const auto ends = Take<ServerSession::Disconnect>();
    return ends.empty() ? absl::OkStatus() : ends[0].reason;
  }

  /// Through the handshake.
  void Open() {
    Send(Message(MakeHello()));
    session.OnLedger(false, now);
    EXPECT_NE(Batch(), nullptr);
    (void)TakeAll();
  }
  /// Subscribes to a feed of its own, or to that one. The first batch has not been taken.
  std::shared_ptr<FakeFeed> Subscribe(std::uint64_t id) {
    auto feed = std::make_shared<FakeFeed>(11, 4);
    SubscribeTo(feed, id);
    return feed;
  }
  void SubscribeTo(const std::shared_ptr<FakeFeed>& feed, std::uint64_t id) {
    Send(Message(MakeSubscribe(id)));
    (void)TakeAll();
    session.OnFeedOpened(id, std::shared_ptr<StateFeed>(feed), 50);
  }
  /// What the server signs for `MakeSubscribe` when its own schema has that fingerprint.
  wire::TokenBinding BindingFor(std::uint64_t server_fingerprint) const {
    ServerSession other({}, Peer{"acme", "ann"}, signer, now);
    other.OnMessage(Message(MakeHello(), MakeSubscribe(1)), now);
    other.OnLedger(false, now);
    other.OnFeedOpened(1, std::shared_ptr<StateFeed>(std::make_shared<FakeFeed>(1, 1)), server_fingerprint);
    const Frames frames(other.NextBatch(now)->Join());
    return *signer.Verify(frames.Of<wire::Subscribed>().at(0).binding);
  }

  Time now = kStart;
  wire::TokenSigner signer{{{1, "the key of these tests"}}, 1};
  ServerSession session;
};

}  // namespace onager::session

#endif  // ONAGER_TESTS_SESSION_SERVER_WORLD_H_
