#ifndef ONAGER_RUNTIME_SESSION_CLIENT_SESSION_H_
#define ONAGER_RUNTIME_SESSION_CLIENT_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/client.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/backoff.h"
#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/session/client_actions.h"
#include "runtime/session/client_streams.h"
#include "runtime/session/client_subscriptions.h"
#include "runtime/transport/transport.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/frame.h"

namespace onager::session {

/// One client's side of its sessions, over all its connections: a state machine without threads, sockets or a
/// clock of its own. It is fed the application's wishes, messages and time, and asked for actions and for the
/// next message.
///
/// Its owner calls one method at a time and afterwards always takes, when no write is in flight on the
/// current connection, the next batch, and then the actions.
class ClientSession : public ClientActions {
 public:
  struct CallRequest {
    ActorId actor;
    std::string method;
    std::string arguments;
    std::optional<Duration> timeout;  // Unset: none.
    std::uint32_t streams = 0;        // As in `wire::Call`.
    std::uint32_t rerun = 0;          // As in `wire::Call`.
    /// Without a session it is refused when so many calls wait for one already.
    std::size_t offline_calls_max = std::numeric_limits<std::size_t>::max();
  };
  using SubscribeRequest = ClientSubscriptions::SubscribeRequest;

  /// `random` outlives the session.
  ClientSession(ClientSessionOptions options, Random& random);

  // The application's wishes.
  void Start(Time now);
  /// Always gives a number; a call that is refused ends at once with an action.
  CallNumber Call(CallRequest request, Time now);
  void CancelCall(CallNumber number);
  /// The next item of the call's parameter: `ItemWritten` follows, unless the call ends before.
  void WriteItem(CallNumber number, SharedBytes item);
  /// The parameter ends with what was written.
  void FinishItems(CallNumber number) { streams_.Finish(number); }
  void ItemsTaken(CallNumber number, std::size_t items, std::size_t bytes) {
    streams_.OnTaken(number, items, bytes);
  }
  SubscriptionId Subscribe(SubscribeRequest request) { return subscriptions_.Add(std::move(request)); }
  void Unsubscribe(SubscriptionId id) { subscriptions_.Remove(id); }
  /// Gives up the subscription's state and asks for a snapshot.
  void Resync(SubscriptionId id, ResyncReason reason) { subscriptions_.Resync(id, reason); }
  void Pause(SubscriptionId id) { subscriptions_.Pause(id); }
  void Resume(SubscriptionId id) { subscriptions_.Resume(id); }
  void Change(SubscriptionId id, std::string filter, std::string view) {
    subscriptions_.Change(id, std::move(filter), std::move(view));
  }
  SubscriptionPhase subscription_phase(SubscriptionId id) const { return subscriptions_.phase(id); }
  std::size_t subscription_count() const { return subscriptions_.size(); }
  /// Ends everything that is pending with `reason`. Final.
  void Close(const absl::Status& why);

  // Events of the current connection.
  void OnMessage(std::string_view message, Time now);
  void OnConnectionClosed(const absl::Status& reason, Time now);

  void OnTime(Time now);

  std::vector<Action> TakeActions();
  std::optional<transport::OutMessage> NextBatch(Time now);
  Time next_deadline() const;

  ConnectionState state() const { return state_; }
  const ClientStats& stats() const { return stats_; }
  std::size_t pending_calls() const { return calls_.size(); }

 private:
  // kWaiting: for the next attempt. kConnecting: for the connection's first message.
  enum class Phase { kIdle, kWaiting, kConnecting, kLive, kClosed };

  struct PendingCall {
    CallRequest request;
    Time deadline = kNever;
    bool sent_in_session = false;
    // The server that the call was sent to first; zero: it has not been sent.
    std::uint64_t first_server_instance = 0;
    bool may_have_run = false;
    Time first_sent_at{};          // If it was sent at all.
    bool first_sent_here = false;  // It was not sent in any earlier session.
  };

  std::optional<transport::OutMessage> Farewell() const;
  void BeginConnecting(Time now);
  /// Whether so many calls, or more, wait for a session in which they can be sent.
  bool AtLeastWait(std::size_t count) const;
  void LoseConnection(const absl::Status& reason, Time now, bool tell_owner);
  void SetState(ConnectionState state, const absl::Status& reason);
  void EndCall(std::map<CallNumber, PendingCall>::iterator call, absl::StatusOr<std::string> result);

  void Handle(const wire::Welcome& frame, Time now);
  void Handle(const wire::Reply& frame, Time now);
  void Handle(const wire::StreamItem& frame, Time now);
  void Handle(const wire::StreamCredit& frame, Time now);
  void Handle(const wire::Subscribed& frame, Time now) { subscriptions_.On(frame, now); }
  void Handle(const wire::SnapshotChunk& frame, Time now) { subscriptions_.On(frame, now); }
  void Handle(const wire::Delta& frame, Time now) { subscriptions_.On(frame, now); }
  void Handle(const wire::Covered& frame, Time now) { subscriptions_.On(frame, now); }
  void Handle(const wire::Bookmark& frame, Time now) { subscriptions_.On(frame, now); }
  void Handle(const wire::FieldTreeWanted& frame, Time /*now*/) { subscriptions_.On(frame); }
  void Handle(const wire::End& frame, Time now) { subscriptions_.On(frame, now); }
  void Handle(const wire::Heartbeat& frame, Time now);
  void Handle(const wire::Goodbye& frame, Time now);
  void Handle(const wire::GoingAway& frame, Time now);
  template <typename ClientFrame>
  void Handle(const ClientFrame& frame, Time now);

  std::uint64_t AcknowledgeableThrough() const;
  Duration peer_timeout() const;
  void AppendCalls(wire::BatchWriter& writer, Time now);
  void AppendStreams(wire::BatchWriter& writer);

  const ClientSessionOptions options_;
  Random& random_;
  Phase phase_ = Phase::kIdle;
  ConnectionState state_ = ConnectionState::kConnecting;
  bool was_connected_ = false;
  Backoff backoff_;
  Time attempt_at_ = kNever;
  Time connect_deadline_ = kNever;
  Time last_received_{};
  Time last_sent_{};
  Duration heartbeat_interval_ = std::chrono::seconds(5);
  std::uint64_t server_instance_ = 0;
  std::size_t server_message_bytes_max_ = 1u << 20;
  bool hello_due_ = false;
  bool elsewhere_ = false;       // The next connection is to go to another server.
  bool leaving_ = false;         // The server goes away: nothing new is begun in this session.
  bool going_away_due_ = false;  // It is to be told so.
  bool heartbeat_due_ = false;   // `OnTime` asked for one, which waits for a write to complete.

  CallNumber last_number_ = 0;
  std::map<CallNumber, PendingCall> calls_;
  std::set<std::pair<Time, CallNumber>> call_deadlines_;
  std::size_t calls_in_flight_ = 0;  // Sent in this session and not ended.
  std::size_t calls_in_flight_max_ = 0;
  std::deque<CallNumber> calls_due_;    // To be sent in this session, in the order of their numbers.
  std::deque<CallNumber> cancels_due_;  // Of calls that were sent in this session.
  std::uint64_t acknowledged_ = 0;      // What the server was told in this session.
  ClientStreams streams_;               // Of `calls_`.

  std::vector<Action> actions_;
  ClientStats stats_;
  ClientSubscriptions subscriptions_;  // Adds to both.
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_CLIENT_SESSION_H_
