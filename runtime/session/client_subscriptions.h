#ifndef ONAGER_RUNTIME_SESSION_CLIENT_SUBSCRIPTIONS_H_
#define ONAGER_RUNTIME_SESSION_CLIENT_SUBSCRIPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "onager/generated/field_tree.h"
#include "onager/resync_reason.h"
#include "onager/subscription_phase.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/backoff.h"
#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/session/client_actions.h"
#include "runtime/session/state_feed.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/frame.h"

namespace onager::session {

/// The subscriptions of one client, over all its connections: a part of `ClientSession`. Each keeps the
/// position that it has reached, and believes nothing that does not continue it.
class ClientSubscriptions : private ClientActions {
 public:
  using ClientActions::SubscriptionId;

  struct SubscribeRequest {
    ActorId actor;
    std::uint64_t schema_fingerprint = 0;
    generated::FieldTree (*field_tree)() = nullptr;  // With that fingerprint.
    std::string filter;
    std::string view;
    std::string binding;  // Of a resume token; empty: from the beginning.
    Position position;
    std::uint64_t covered = 0;  // The filter holds back what followed the position up to here.
    std::uint32_t when_slow = wire::kConflateWhenSlow;
  };

  /// All of them outlive this; what happens is added to `actions` and counted in `stats`.
  ClientSubscriptions(const ClientSessionOptions& options, Random& random,
                      std::vector<ClientActions::Action>& actions, ClientStats& stats);

  /// Always gives an id; a subscription that is refused ends at once with an action.
  SubscriptionId Add(SubscribeRequest request);
  void Remove(SubscriptionId id);
  /// Gives up the subscription's state and asks for a snapshot.
  void Resync(SubscriptionId id, ResyncReason reason);
  /// While it is paused the server knows nothing of it; `Resume` goes on from the position that it has.
  void Pause(SubscriptionId id);
  void Resume(SubscriptionId id);
  /// From now on through another filter and view, which are small enough to be sent: a snapshot of what they
  /// show follows, `VIEW_CHANGED`, and nothing more through those before.
  void Change(SubscriptionId id, std::string filter, std::string view);
  SubscriptionPhase phase(SubscriptionId id) const;
  std::size_t size() const { return subscriptions_.size(); }
  /// Ends all of them, and those that are still to come.
  void EndAll(const absl::Status& reason);

  /// A live subscription is sent a bookmark at least every `bookmark_interval`; zero: there are none.
  void OnConnected(Duration bookmark_interval);
  void OnConnectionLost();
  void OnTime(Time now);
  Time next_deadline() const;

  void On(const wire::Subscribed& frame, Time now);
  void On(const wire::SnapshotChunk& frame, Time now);
  void On(const wire::Delta& frame, Time now);
  void On(const wire::Covered& frame, Time now);
  void On(const wire::Bookmark& frame, Time now);
  void On(const wire::FieldTreeWanted& frame);
  void On(const wire::End& frame, Time now);

  /// Appends what is due, as far as a message of the server's size takes it.
  void Append(wire::BatchWriter& writer, std::size_t message_bytes_max, Time now);

 private:
  struct Subscription {
    SubscribeRequest request;   // With the current binding and position.
    bool has_position = false;  // Otherwise a snapshot is wanted, for `reason`.
    ResyncReason reason = ResyncReason::kInitial;
    std::uint64_t wire_id = 0;          // Under which it runs in this session; zero: `Subscribe` is due.
    std::uint64_t announced_epoch = 0;  // Of this session's `Subscribed`; zero until it came.
    bool announced = false;
    bool paused = false;
    std::uint64_t replay_target = 0;
    // A snapshot that is arriving.
    std::string partial;
    Position partial_at;
    std::uint64_t partial_total = 0;
    std::uint64_t partial_events_dropped = 0;
    bool receiving_snapshot = false;
    Backoff retry_backoff;  // While the server says `UNAVAILABLE`.
    // By then the server's answer, the rest of a snapshot or, of one that is live, anything has come, or it
    // is asked again. Never: nothing is awaited.
    Time answer_due = kNever;
    Time answer_listed = kNever;  // Under which time it is in `answers_due_`, no later than `answer_due`.
  };

  void End(SubscriptionId id, const absl::Status& status);
  /// Has `Subscribe` sent, unless that must wait.
  void SubscribeSoon(SubscriptionId id, const Subscription& subscription);
  static std::size_t SizeOf(const SubscribeRequest& request);
  Subscription* FindByWireId(std::uint64_t wire_id, SubscriptionId& id);
  void ForgetWireId(SubscriptionId id, Subscription& subscription, bool tell_server);
  void GiveUpPosition(SubscriptionId id, Subscription& subscription, ResyncReason reason);
  /// From now on something must come for it by `due`.
  void Await(SubscriptionId id, Subscription& subscription, Time due);
  void AwaitAnswer(SubscriptionId id, Subscription& subscription, Time now);
  void AwaitBookmark(SubscriptionId id, Subscription& subscription, Time now);
  void AskAgain(Time now);

  const ClientSessionOptions& options_;
  Random& random_;
  std::vector<ClientActions::Action>& actions_;
  ClientStats& stats_;

  bool live_ = false;                              // There is a session.
  Duration bookmark_interval_ = Duration::zero();  // Of the session's server.
  std::optional<absl::Status> ended_;              // All have ended, for this reason.
  SubscriptionId last_id_ = 0;
  std::uint64_t last_wire_id_ = 0;
  std::map<SubscriptionId, Subscription> subscriptions_;
  std::map<std::uint64_t, SubscriptionId> by_wire_id_;
  std::deque<SubscriptionId> subscribes_due_;
  std::set<std::pair<Time, SubscriptionId>> subscribe_retries_;
  std::set<std::pair<Time, SubscriptionId>> answers_due_;  // Each at most once, under its `answer_listed`.
  std::deque<std::uint64_t> unsubscribes_due_;             // Wire ids.
  std::set<std::uint64_t> field_trees_due_;                // Wire ids.
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_CLIENT_SUBSCRIPTIONS_H_
