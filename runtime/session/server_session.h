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

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "onager/authenticator.h"
#include "onager/resync_reason.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/session/call_ledger.h"
#include "runtime/session/server_streams.h"
#include "runtime/session/state_feed.h"
#include "runtime/transport/transport.h"
#include "runtime/wire/frame.h"
#include "runtime/wire/resume_token.h"

namespace onager::session {

struct ServerSessionOptions {
  std::uint64_t server_instance = 1;
  std::size_t calls_max = 10'000;
  /// What the client is told to keep to. No more than the ledger keeps, so that no call whose reply is lost
  /// with the connection falls out of it.
  std::size_t calls_in_flight_max = 1024;
  std::size_t subscriptions_max = 10'000;
  std::size_t message_bytes_max = 4u << 20;
  /// Results that wait because the client does not read. Beyond it the session ends; the client comes again
  /// and asks anew.
  std::size_t pending_reply_bytes_max = 64u << 20;
  /// What one batch holds of deltas, and of snapshots; replies are not held back.
  std::size_t batch_bytes_max = 256u << 10;
  std::size_t snapshot_chunk_bytes = 64u << 10;
  Duration heartbeat_interval = std::chrono::seconds(5);
  Duration handshake_timeout = std::chrono::seconds(10);
};

/// Who is at the other end, as the authenticator said when the connection was made.
using Peer = Identity;

/// One client's session at the server: a state machine without threads, sockets or a clock of its own. It
/// is fed messages, outcomes and time, and asked for the next message and for actions.
///
/// Its owner calls one method at a time and afterwards always takes, when no write is in flight, the next
/// batch, and then the actions.
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
    std::uint32_t streams = 0;  // As in `wire::Call`. Report where its items come from with `OnStreamOpened`.
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
  struct AcknowledgeCalls {
    std::uint64_t through;
  };
  struct OpenFeed {  // Activate the actor; report with `OnFeedOpened`.
    std::uint64_t subscription;
    ActorId actor;
    std::string filter;
    std::string view;
    bool resumes = false;  // With a token that was given to this same peer.
  };
  struct CloseFeed {
    std::uint64_t subscription;
  };
  struct Disconnect {  // Once the last batch is written.
    absl::Status reason;
  };
  using Action = std::variant<FindLedger, StartCall, TakeItem, TakeStreamEnd, TakeCredit, CancelCall,
                              AcknowledgeCalls, OpenFeed, CloseFeed, Disconnect>;

  /// `signer` outlives the session.
  ServerSession(ServerSessionOptions options, Peer peer, const wire::TokenSigner& signer, Time now);

  // Events.
  void OnMessage(std::string_view message, Time now);
  /// `ledger_id` names this ledger, for ever: a client compares it with the one that its calls went to. Zero
  /// when the server's instance says as much.
  void OnLedger(bool incarnation_known, Time now, std::uint64_t ledger_id = 0);
  /// A call that `StartCall` asked for ended, now or in an earlier session.
  void OnCallEnded(std::uint64_t number, SharedOutcome outcome);
  /// A call that the client has acknowledged already, which needs no reply.
  void OnCallForgotten(std::uint64_t number);
  /// Where the items of a call with streams come from; before the call can end.
  void OnStreamOpened(std::uint64_t number, std::shared_ptr<StreamPort> port);
  /// The call's stream has an item or credit to send.
  void OnStreamChanged(std::uint64_t number) { streams_.OnChanged(number); }
  void OnFeedOpened(std::uint64_t subscription, absl::StatusOr<std::shared_ptr<StateFeed>> feed,
                    std::uint64_t schema_fingerprint);
  void OnFeedRefused(std::uint64_t subscription, const absl::Status& reason);
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
  /// What does not fit is pending still. May leave actions to be taken.
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
    std::uint64_t filter_fingerprint = 0;
    std::uint64_t view_fingerprint = 0;
    std::string offered_binding;
    // What the client was shown last, or will have been when all that is sent has arrived.
    std::optional<Position> shown;
    // Where reading goes on: at `shown`, or later in its epoch when what came since shows nothing. Unset: a
    // snapshot is due, for `reason`.
    std::optional<Position> position;
    ResyncReason reason = ResyncReason::kInitial;
    std::uint64_t due_through = 0;  // Up to here the filter is not asked: the first snapshot was older.
    std::uint64_t held_back = 0;    // The filter holds something back up to this revision.
    std::uint64_t covered = 0;      // As the client was told.
    std::string binding;
    bool announced = false;  // `Subscribed` was sent.
    std::uint64_t announced_epoch = 0;
    bool dirty = false;  // In `dirty_`.

    // A snapshot that is waited for: this position or a later one will do.
    std::optional<Position> snapshot_wanted;
    // A snapshot that is being sent.
    SharedBytes snapshot;
    Position snapshot_at;
    std::size_t snapshot_offset = 0;
    std::uint64_t snapshot_events_dropped = 0;
  };

  void Handle(const wire::Hello& frame, Time now);
  void Handle(const wire::Call& frame, Time now);
  void Handle(const wire::AcknowledgeReplies& frame, Time now);
  void Handle(const wire::Cancel& frame, Time now);
  void Handle(const wire::StreamItem& frame, Time now);
  void Handle(const wire::StreamCredit& frame, Time now);
  void Handle(const wire::StreamEnd& frame, Time now);
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
  void QueueReply(std::uint64_t number, SharedOutcome outcome);
  /// Whether such a frame is to be handed on. One of a call that has ended is passed over; one of a call that
  /// has no such stream ends the session.
  bool MayHandOn(std::uint64_t number, bool is_stream);

  // Parts of a batch.
  struct Batch;
  void AppendReplies(Batch& batch, Time now);
  void AppendStreams(Batch& batch, Time now);
  void AppendSubscriptions(Batch& batch, Time now);
  enum class Pumped { kAll, kPart, kEnded };  // After the last one the subscription is gone.
  /// Sends what follows the subscription's position, as far as the batch takes it.
  Pumped Pump(Batch& batch, std::uint64_t id, Subscription& subscription, Time now);
  FeedRead ReadFeed(Subscription& subscription, std::size_t budget, Time now);
  void SendStep(Batch& batch, std::uint64_t id, Subscription& subscription, const FeedStep& step);
  bool PumpSnapshot(Batch& batch, std::uint64_t id, Subscription& subscription);
  /// Tells the client, as far as there is no change to tell it with, that it has been told of everything up
  /// to `revision`.
  void Cover(Batch& batch, std::uint64_t id, Subscription& subscription, std::uint64_t revision);
  /// Sends what the client observes of the actor and has not got. False when the batch is full before.
  bool PumpObservers(Batch& batch, const CallOutcome& outcome, Time now);

  const ServerSessionOptions options_;
  const Peer peer_;
  const wire::TokenSigner& signer_;

  Phase phase_ = Phase::kAwaitingHello;
  std::vector<Action> actions_;
  // Within what both ends take.
  std::size_t message_bytes_max_ = 0;
  std::size_t batch_bytes_max_ = 0;
  std::size_t snapshot_chunk_bytes_ = 0;

  absl::flat_hash_set<std::uint64_t> calls_;  // Those that have not ended.
  std::uint64_t calls_seen_max_ = 0;
  ServerStreams streams_;  // Of `calls_`.
  std::deque<std::pair<std::uint64_t, SharedOutcome>> replies_;
  std::size_t reply_bytes_ = 0;      // Of `replies_`.
  bool front_reply_waited_ = false;  // For its observers, in the batch before.

  std::map<std::uint64_t, Subscription> subscriptions_;
  std::multimap<ActorId, std::uint64_t> subscriptions_by_actor_;
  std::deque<std::uint64_t> dirty_;
  std::deque<std::pair<std::uint64_t, absl::Status>> ended_subscriptions_;

  bool welcome_due_ = false;
  bool incarnation_known_ = false;
  std::uint64_t ledger_id_ = 0;
  bool heartbeat_due_ = false;  // `OnTime` asked for one, which waits for a write to complete.
  std::optional<absl::Status> goodbye_;
  const Time created_;
  Time last_received_;
  Time last_sent_;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_SERVER_SESSION_H_
