#ifndef ONAGER_RUNTIME_SESSION_SERVER_SESSION_H_
#define ONAGER_RUNTIME_SESSION_SERVER_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/session/call_ledger.h"
#include "runtime/session/server_actions.h"
#include "runtime/session/server_streams.h"
#include "runtime/session/server_subscriptions.h"
#include "runtime/session/state_feed.h"
#include "runtime/transport/transport.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/frame.h"
#include "runtime/wire/resume_token.h"

namespace onager::session {

/// One client's session at the server: a state machine without threads, sockets or a clock of its own. It
/// is fed messages, outcomes and time, and asked for the next message and for actions.
///
/// Its owner calls one method at a time and afterwards always takes, when no write is in flight, the next
/// batch, and then the actions.
class ServerSession : public ServerActions {
 public:
  /// `signer` outlives the session.
  ServerSession(ServerSessionOptions options, Peer peer, const wire::TokenSigner& signer, Time now);

  // Events.
  void OnMessage(std::string_view message, Time now);
  /// `ledger_id` names this ledger, for ever: a client compares it with the one that its calls went to. Zero
  /// when the server's instance says as much.
  void OnLedger(bool incarnation_known, Time now, std::uint64_t ledger_id = 0);
  /// A call that `StartCall` asked for ended, now or in an earlier session.
  void OnCallEnded(std::uint64_t number, SharedOutcome outcome);
  /// Whether a result of so many bytes would be sent now: `RESOURCE_EXHAUSTED` where it is larger than a
  /// message may be, and, with a `RetryInfo`, where too much waits for a client that does not read. For what
  /// changes nothing, and can be refused afterwards.
  absl::Status CheckRoomForResult(std::size_t bytes) const;
  /// A call that the client has acknowledged already, which needs no reply.
  void OnCallForgotten(std::uint64_t number);
  /// Where the items of a call with streams come from; before the call can end.
  void OnStreamOpened(std::uint64_t number, std::shared_ptr<StreamPort> port);
  /// The call's stream has an item or credit to send.
  void OnStreamChanged(std::uint64_t number) { streams_.OnChanged(number); }
  void OnFeedOpened(std::uint64_t subscription, absl::StatusOr<std::shared_ptr<StateFeed>> feed,
                    std::uint64_t schema_fingerprint,
                    const std::optional<generated::CommonTree>& common = std::nullopt) {
    FailUnless(subscriptions_.OnFeedOpened(subscription, std::move(feed), schema_fingerprint, common));
  }
  /// The actor's state has another field tree than the client, whose own is to be asked for: `OpenFeed` comes
  /// again with it.
  void OnFieldTreeWanted(OpenFeed feed) { FailUnless(subscriptions_.OnFieldTreeWanted(std::move(feed))); }
  void OnFeedRefused(std::uint64_t subscription, const absl::Status& reason) {
    FailUnless(subscriptions_.OnFeedRefused(subscription, reason));
  }
  /// The subscription's feed has something new.
  void OnFeedChanged(std::uint64_t subscription) { subscriptions_.OnFeedChanged(subscription); }
  /// Its actor is gone: the subscription ends.
  void OnFeedEnded(std::uint64_t subscription, const absl::Status& reason) {
    subscriptions_.OnFeedEnded(subscription, reason);
  }
  void OnTime(Time now);
  /// Begins nothing new: calls that run are replied to, others are refused. The client is told, and how long
  /// its owner will wait for all that.
  void Drain(Duration within);
  /// No call runs any more in any session, so that nothing more will be committed: once the client has said
  /// that it is done and its subscriptions have got what there is, the session ends.
  void FinishDrain() { finishing_ = true; }
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
  /// Of results that wait to be written.
  std::size_t reply_bytes() const { return reply_bytes_; }
  /// Of those, and of snapshots that are being sent; without what has been given to the transport.
  std::size_t held_bytes() const { return reply_bytes_ + subscriptions_.snapshot_bytes(); }
  ServerSessionStats TakeStats() { return std::exchange(stats_, {}); }

 private:
  enum class Phase { kAwaitingHello, kAwaitingLedger, kLive, kClosed };

  void Handle(const wire::Hello& frame, Time now);
  void Handle(const wire::Call& frame, Time now);
  void Handle(const wire::AcknowledgeReplies& frame, Time now);
  void Handle(const wire::Cancel& frame, Time now);
  void Handle(const wire::StreamItem& frame, Time now);
  void Handle(const wire::StreamCredit& frame, Time now);
  void Handle(const wire::StreamEnd& frame, Time now);
  void Handle(const wire::Subscribe& frame, Time now);
  void Handle(const wire::Unsubscribe& frame, Time /*now*/) { subscriptions_.On(frame); }
  void Handle(const wire::FieldTree& frame, Time /*now*/) { FailUnless(subscriptions_.On(frame)); }
  void Handle(const wire::Heartbeat& frame, Time now);
  void Handle(const wire::Goodbye& frame, Time now);
  void Handle(const wire::GoingAway& frame, Time now);
  template <typename ServerFrame>
  void Handle(const ServerFrame& frame, Time now);

  void Fail(const absl::Status& reason);
  void FailUnless(const absl::Status& accepted) {
    if (!accepted.ok()) Fail(accepted);
  }
  void QueueReply(std::uint64_t number, SharedOutcome outcome);
  /// Whether such a frame is to be handed on. One of a call that has ended is passed over; one of a call that
  /// has no such stream ends the session.
  bool MayHandOn(std::uint64_t number, bool is_stream);

  // Parts of a batch.
  void AppendReplies(wire::BatchWriter& writer, Time now);
  void AppendStreams(wire::BatchWriter& writer, Time now);
  /// The client's part in the drain, and what ends it.
  void AppendDrain(wire::BatchWriter& writer);

  const ServerSessionOptions options_;
  const Peer peer_;

  Phase phase_ = Phase::kAwaitingHello;
  std::vector<Action> actions_;
  // Within what both ends take.
  std::size_t message_bytes_max_ = 0;
  std::size_t batch_bytes_max_ = 0;

  absl::flat_hash_set<std::uint64_t> calls_;  // Those that have not ended.
  std::uint64_t calls_seen_max_ = 0;
  ServerStreams streams_;  // Of `calls_`.
  std::deque<std::pair<std::uint64_t, SharedOutcome>> replies_;
  std::size_t reply_bytes_ = 0;      // Of `replies_`.
  bool front_reply_waited_ = false;  // For its observers, in the batch before.

  ServerSessionStats stats_;
  ServerSubscriptions subscriptions_;  // Adds to `actions_` and `stats_`.

  bool welcome_due_ = false;
  bool incarnation_known_ = false;
  std::uint64_t ledger_id_ = 0;
  bool heartbeat_due_ = false;  // `OnTime` asked for one, which waits for a write to complete.
  Time next_bookmark_ = kNever;
  std::uint64_t bookmark_turn_ = 0;
  bool draining_ = false;
  bool finishing_ = false;
  std::optional<Duration> going_away_due_;  // The client is to be told.
  bool client_done_ = false;                // It begins nothing new.
  std::optional<absl::Status> goodbye_;
  const Time created_;
  Time last_received_;
  Time last_sent_;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_SERVER_SESSION_H_
