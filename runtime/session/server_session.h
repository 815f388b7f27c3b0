#ifndef ONAGER_RUNTIME_SESSION_SERVER_SESSION_H_
#define ONAGER_RUNTIME_SESSION_SERVER_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "onager/resync_reason.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/session/call_ledger.h"
#include "runtime/session/state_feed.h"
#include "runtime/transport/transport.h"
#include "runtime/wire/frame.h"
#include "runtime/wire/resume_token.h"

namespace onager::session {

struct ServerSessionOptions {
  std::uint64_t server_instance = 1;
  std::size_t calls_max = 10'000;
  std::size_t subscriptions_max = 10'000;
  std::size_t message_bytes_max = 4u << 20;
  /// What one batch holds of deltas, and of snapshots; replies are not held back.
  std::size_t batch_bytes_max = 256u << 10;
  std::size_t snapshot_chunk_bytes = 64u << 10;
  Duration heartbeat_interval = std::chrono::seconds(5);
  Duration handshake_timeout = std::chrono::seconds(10);
};

/// Who is at the other end, as the authenticator said when the connection was made.
struct Peer {
  std::string tenant;
  std::string principal;
};

/// One client's session at the server: a state machine without threads, sockets or a clock of its own. It
/// is fed messages, outcomes and time, and asked for actions and for the next message.
///
/// Its owner calls one method at a time and afterwards always takes the actions and, when no write is in
/// flight, the next batch.
class ServerSession {
 public:
  /// What the owner is to do.
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
  };
  struct CancelCall {
    std::uint64_t number;
  };
  struct AcknowledgeCalls {
    std::uint64_t through;
  };
  struct OpenFeed {  // Activate the actor; report with `OnFeedOpened`.
    std::uint64_t subscription;
    ActorId actor;
  };
  struct CloseFeed {
    std::uint64_t subscription;
  };
  struct Disconnect {  // Once the last batch is written.
    absl::Status reason;
  };
  using Action =
      std::variant<FindLedger, StartCall, CancelCall, AcknowledgeCalls, OpenFeed, CloseFeed, Disconnect>;

  /// `signer` outlives the session.
  ServerSession(ServerSessionOptions options, Peer peer, const wire::TokenSigner& signer, Time now);

  // Events.
  void OnMessage(std::string_view message, Time now);
  void OnLedger(bool incarnation_known, Time now);
  /// A call that `StartCall` asked for ended, now or in an earlier session.
  void OnCallEnded(std::uint64_t number, SharedOutcome outcome);
  /// A call that the client has acknowledged already, which needs no reply.
  void OnCallForgotten(std::uint64_t number);
  void OnFeedOpened(std::uint64_t subscription, absl::StatusOr<std::shared_ptr<StateFeed>> feed,
                    std::uint64_t schema_fingerprint);
  /// The subscription's feed has something new.
  void OnFeedChanged(std::uint64_t subscription);
  /// Its actor is gone: the subscription ends.
  void OnFeedEnded(std::uint64_t subscription, const absl::Status& reason);
  void OnTime(Time now);
  /// Ends the session from this side, with a last frame that says why.
  void Close(const absl::Status& reason);
  /// The connection is gone.
  void Abandon(const absl::Status& reason) { Fail(reason); }

  std::vector<Action> TakeActions();
  /// Everything that is pending as one message, as far as the budgets allow; nothing when nothing is pending.
  /// What does not fit is pending still.
  std::optional<transport::OutMessage> NextBatch(Time now);
  /// When `OnTime` must be called at the latest.
  Time next_deadline() const;

  bool closed() const { return phase_ == Phase::kClosed; }
  std::size_t subscription_count() const { return subscriptions_.size(); }
  std::size_t pending_calls() const { return calls_.size(); }

 private:
  enum class Phase { kAwaitingHello, kAwaitingLedger, kLive, kClosed };

  struct Subscription {
    ActorId actor;
    std::shared_ptr<StateFeed> feed;  // Null until the actor is active.
    std::uint64_t client_fingerprint = 0;
    std::string offered_binding;
    std::optional<Position> position;  // What the client has, or will have when all that is sent has arrived.
    ResyncReason reason = ResyncReason::kInitial;
    std::string binding;
    bool announced = false;  // `Subscribed` was sent.
    bool dirty = false;      // In `dirty_`.

    // A snapshot that is being sent.
    SharedBytes snapshot;
    Position snapshot_at;
    std::size_t snapshot_offset = 0;
  };

  void Handle(const wire::Hello& frame, Time now);
  void Handle(const wire::Call& frame, Time now);
  void Handle(const wire::AcknowledgeReplies& frame, Time now);
  void Handle(const wire::Cancel& frame, Time now);
  void Handle(const wire::Subscribe& frame, Time now);
  void Handle(const wire::Unsubscribe& frame, Time now);
  void Handle(const wire::Heartbeat& frame, Time now);
  void Handle(const wire::Goodbye& frame, Time now);
  template <typename ServerFrame>
  void Handle(const ServerFrame& frame, Time now);

  /// Decides what an offered token is worth, and sets position and reason. False when the subscription was
  /// refused.
  bool ExamineToken(std::uint64_t id, Subscription& subscription);
  void RefuseSubscription(std::uint64_t id, const absl::Status& status);
  void MarkDirty(std::uint64_t id, Subscription& subscription);
  void Fail(const absl::Status& reason);

  // Parts of a batch.
  struct Batch;
  void AppendReplies(Batch& batch, Time now);
  void AppendSubscriptions(Batch& batch, Time now);
  /// Sends what follows the subscription's position. True when nothing is left of it.
  bool Pump(Batch& batch, std::uint64_t id, Subscription& subscription, Time now);
  bool PumpSnapshot(Batch& batch, std::uint64_t id, Subscription& subscription);

  const ServerSessionOptions options_;
  const Peer peer_;
  const wire::TokenSigner& signer_;

  Phase phase_ = Phase::kAwaitingHello;
  std::vector<Action> actions_;
  std::uint64_t peer_message_bytes_max_ = 0;

  absl::flat_hash_map<std::uint64_t, ActorId> calls_;  // Those that have not ended.
  std::deque<std::pair<std::uint64_t, SharedOutcome>> replies_;

  std::map<std::uint64_t, Subscription> subscriptions_;
  std::multimap<ActorId, std::uint64_t> subscriptions_by_actor_;
  std::deque<std::uint64_t> dirty_;
  std::deque<std::pair<std::uint64_t, absl::Status>> ended_subscriptions_;

  bool welcome_due_ = false;
  bool incarnation_known_ = false;
  std::optional<absl::Status> goodbye_;
  Time last_received_;
  Time last_sent_;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_SERVER_SESSION_H_
