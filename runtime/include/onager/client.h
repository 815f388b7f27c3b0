#ifndef ONAGER_CLIENT_H_
#define ONAGER_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "onager/authenticator.h"
#include "onager/executor.h"
#include "onager/offline_policy.h"
#include "onager/tls.h"

namespace onager {

namespace generated {
class Channel;
}

/// Where a client's connection stands.
enum class ConnectionState {
  kConnecting,  // The first connection is being made, or made again after it failed.
  kConnected,
  kReconnecting,  // An established connection was lost and is being made again.
  kClosed,        // The client was closed or destroyed: final.
};

/// "CONNECTING", "CONNECTED", …
std::string_view ConnectionStateName(ConnectionState state);

/// What a client has counted since it was made.
struct ClientStats {
  ClientStats() = default;

  std::uint64_t bytes_received = 0;  // Messages as they came, without the transport's framing.
  std::uint64_t bytes_sent = 0;
  std::uint64_t payload_bytes_received = 0;  // The part of them that is snapshots, patches and events.
  std::uint64_t connections = 0;             // Sessions established.
  std::uint64_t snapshots = 0;               // Received whole.
  std::uint64_t deltas = 0;
  std::uint64_t resumes = 0;          // Subscriptions continued without a snapshot after a reconnect.
  std::uint64_t replayed_deltas = 0;  // Deltas that such a resume announced.
  std::uint64_t resyncs = 0;          // Snapshots that replaced a state which could not be continued.
  std::uint64_t bookmarks = 0;        // That had a hash to hold a copy of a state against.
  std::uint64_t divergences = 0;      // Copies of a state that were found to be wrong, and are made anew.
  std::uint64_t events = 0;           // Received.
  std::uint64_t events_dropped = 0;   // That snapshots replaced, as far as the server could count them.
};

/// How a client behaves. Every member has a usable default.
struct ClientOptions {
  ClientOptions() = default;

  /// Waiting times between connection attempts grow from the first to the second, with full jitter.
  absl::Duration reconnect_delay_min = absl::Milliseconds(100);
  absl::Duration reconnect_delay_max = absl::Seconds(10);
  /// How long one attempt may take until the server's welcome.
  absl::Duration connect_timeout = absl::Seconds(10);
  /// A connection on which nothing arrived for that long is taken for dead. Three heartbeats of the server.
  absl::Duration peer_timeout = absl::Seconds(15);
  /// What becomes of calls that are made without a session. A call may say otherwise.
  OfflinePolicy offline;
  /// Calls that have not ended; one more fails with `RESOURCE_EXHAUSTED`.
  std::size_t pending_calls_max = 10'000;
  /// Where callbacks run, one at a time and in order; null: on a thread of the client. It may run them inside
  /// `Post`. What it destroys without running it is made up for with the next callback, or when the client is
  /// closed: then callbacks that wait run on the thread that closes.
  std::shared_ptr<Executor> callback_executor;
  /// Undelivered changes of one subscription beyond which they are conflated into one.
  std::size_t callback_backlog_max = 64;
  /// Messages larger than this are refused as the peer's mistake.
  std::size_t message_bytes_max = 8u << 20;
  /// None: plaintext.
  std::optional<ClientTls> tls;
  /// What the server's `Authenticator` is shown. `credentials`, where there is one, is called for each
  /// connection and adds to `metadata`, so that a token can be a fresh one: on a thread of the client, one
  /// call at a time, and it must not block for long; connecting waits for it.
  Metadata metadata;
  std::function<Metadata()> credentials;
  /// Called on the callback executor at each change of state, with the reason for a loss.
  std::function<void(ConnectionState, const absl::Status&)> on_connection_state;
};

/// A connection to a server that is kept up by itself: it reconnects with jittered backoff, sends
/// unanswered calls again under their numbers and resumes every subscription. Stubs are made from it.
///
/// Thread-safe. Callbacks run one at a time, in order, on `ClientOptions::callback_executor`. Destruction
/// closes: pending calls end with `CANCELLED`, subscriptions with `CANCELLED` (except one in whose own
/// callback the client is closed), and when the destructor returns no callback is running or will run, except
/// the one that it is called in. Stubs may outlive their client; they then fail with `CANCELLED`.
/// The server is told that the client goes, for which destruction waits up to a second.
class Client {
 public:
  /// Begins to connect to "host:port" and returns at once. Of several, with commas between them, one is used
  /// at a time: the next one when an attempt fails or a server is going away, beginning with any.
  static Client Connect(std::string targets, ClientOptions options = ClientOptions());
  static Client ConnectToAny(std::vector<std::string> targets, ClientOptions options = ClientOptions());
  /// For a channel made otherwise (in-process, simulated).
  explicit Client(std::shared_ptr<generated::Channel> channel);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  void Close();
  ConnectionState state() const;
  ClientStats stats() const;

  /// For generated stubs.
  const std::shared_ptr<generated::Channel>& channel() const { return channel_; }

 private:
  std::shared_ptr<generated::Channel> channel_;
};

}  // namespace onager

#endif  // ONAGER_CLIENT_H_
