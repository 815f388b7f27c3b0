#ifndef ONAGER_RUNTIME_SESSION_SERVER_ACTIONS_H_
#define ONAGER_RUNTIME_SESSION_SERVER_ACTIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "onager/authenticator.h"
#include "onager/generated/field_tree.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/session/state_feed.h"

namespace onager::session {

struct ServerSessionOptions {
  std::uint64_t server_instance = 1;
  std::size_t calls_max = 10'000;
  /// What the client is told to keep to. No more than the ledger keeps, so that no call whose reply is lost
  /// with the connection falls out of it.
  std::size_t calls_in_flight_max = 1024;
  std::size_t subscriptions_max = 10'000;
  std::size_t message_bytes_max = 4u << 20;
  /// Results that wait because the client does not read, when there are several. Beyond it the session ends;
  /// the client comes again and asks anew.
  std::size_t pending_reply_bytes_max = 64u << 20;
  /// What one batch holds of deltas, and of snapshots; replies are not held back.
  std::size_t batch_bytes_max = 256u << 10;
  std::size_t snapshot_chunk_bytes = 64u << 10;
  /// Of changes, that may wait for a subscription which is to end when it is slow.
  std::size_t subscription_bytes_max = 1u << 20;
  /// What may be held of snapshots and replies for a client that does not read, before another snapshot is
  /// begun.
  std::size_t session_bytes_max = 4u << 20;
  Duration heartbeat_interval = std::chrono::seconds(5);
  Duration handshake_timeout = std::chrono::seconds(10);
  /// How often each subscription is told where it stands, with a hash of what the client should hold. Zero:
  /// never.
  Duration bookmark_interval = std::chrono::seconds(30);
};

/// Who is at the other end, as the authenticator said when the connection was made.
using Peer = Identity;

/// What a `ServerSession` has done since it was asked last.
struct ServerSessionStats {
  static constexpr std::size_t kReasons = 11;

  std::uint64_t deltas = 0;
  std::array<std::uint64_t, kReasons> snapshots{};  // By reason; the last one is for what is no reason.
  std::uint64_t resumed_replayed = 0;               // From a client's position, with what it had missed.
  std::uint64_t resumed_empty = 0;
  std::uint64_t silences = 0;            // Ends because nothing came.
  std::uint64_t slow_subscriptions = 0;  // Ends because they were too slow.
};

/// What a `ServerSession` asks its owner to do. The session has these names as its own.
struct ServerActions {
  struct FindLedger {  // Find or make the incarnation's ledger, end its other session, then call `OnLedger`.
    std::uint64_t incarnation;
  };
  struct StartCall {  // Ask the ledger; run it; report with `OnCallEnded`.
    std::uint64_t number;
    ActorId actor;
    std::string method;
    std::string arguments;
    std::optional<Duration> timeout;
    bool may_have_run;
    std::optional<Duration> sent_ago;  // With it: since when it may have.
    std::uint32_t streams = 0;  // As in `wire::Call`. Report where its items come from with `OnStreamOpened`.
    std::uint32_t rerun = 0;    // As in `wire::Call`.
    bool streams_begun = false;  // Items of it have been received, or taken, before.
  };
  // Of a call that was started and has streams: hand on to where its items come from. What that finds wrong
  // ends the session.
  struct TakeItem {
    std::uint64_t number;
    std::uint64_t sequence;
    std::string item;
  };
  struct TakeStreamEnd {
    std::uint64_t number;
    std::uint64_t items;
  };
  struct TakeCredit {
    std::uint64_t number;
    std::uint64_t through;
  };
  struct CancelCall {
    std::uint64_t number;
  };
  struct ForgetClient {};  // It has gone for ever: drop its ledger, and cancel what of its calls runs.
  struct AcknowledgeCalls {
    std::uint64_t through;
  };
  struct OpenFeed {  // Activate the actor; report with `OnFeedOpened`.
    std::uint64_t subscription;
    ActorId actor;
    std::string filter;
    std::string view;
    bool resumes = false;                  // With a token that was given to this same peer.
    std::uint64_t schema_fingerprint = 0;  // That of the client's field tree; zero: it does not say.
    std::shared_ptr<const generated::FieldTree> field_tree;  // If it is known. Else `OnFieldTreeWanted` asks.
    std::optional<Position> from;                            // What the client has.
  };
  struct CloseFeed {
    std::uint64_t subscription;
  };
  struct Disconnect {  // Once the last batch is written.
    absl::Status reason;
  };
  using Action = std::variant<FindLedger, StartCall, TakeItem, TakeStreamEnd, TakeCredit, CancelCall,
                              AcknowledgeCalls, ForgetClient, OpenFeed, CloseFeed, Disconnect>;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_SERVER_ACTIONS_H_
