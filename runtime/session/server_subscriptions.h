#ifndef ONAGER_RUNTIME_SESSION_SERVER_SUBSCRIPTIONS_H_
#define ONAGER_RUNTIME_SESSION_SERVER_SUBSCRIPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/resync_reason.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/session/call_ledger.h"
#include "runtime/session/feed_reading.h"
#include "runtime/session/server_actions.h"
#include "runtime/session/state_feed.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/frame.h"
#include "runtime/wire/resume_token.h"

namespace onager::session {

/// The subscriptions of one session: a part of `ServerSession`. Each is a position in a feed, and what of a
/// snapshot is still to be sent.
class ServerSubscriptions : private ServerActions {
 public:
  /// All of them outlive this; what is to be done is added to `actions`, what was done to `stats`.
  ServerSubscriptions(const ServerSessionOptions& options, const Peer& peer, const wire::TokenSigner& signer,
                      std::vector<ServerActions::Action>& actions, ServerSessionStats& stats)
      : options_(options), peer_(peer), signer_(signer), actions_(actions), stats_(stats) {}

  /// What a batch, and a chunk of a snapshot, hold at the most; known once the client has said what it takes.
  void SetLimits(std::size_t batch_bytes_max, std::size_t snapshot_chunk_bytes) {
    batch_bytes_max_ = batch_bytes_max;
    snapshot_chunk_bytes_ = snapshot_chunk_bytes;
  }

  // An error ends the session.
  absl::Status On(const wire::Subscribe& frame);
  void On(const wire::Unsubscribe& frame) { Remove(frame.id); }
  absl::Status On(const wire::FieldTree& frame);
  /// `common` is what the client's field tree has in common with the state's, where they are not the same.
  absl::Status OnFeedOpened(std::uint64_t id, absl::StatusOr<std::shared_ptr<StateFeed>> feed,
                            std::uint64_t schema_fingerprint,
                            const std::optional<generated::CommonTree>& common = std::nullopt);
  absl::Status OnFieldTreeWanted(ServerActions::OpenFeed feed);
  absl::Status OnFeedRefused(std::uint64_t id, const absl::Status& reason);

  void OnFeedChanged(std::uint64_t id);
  /// What had to wait for its time, and when the next one has to be looked at.
  void OnTime(Time now);
  Time next_deadline() const { return waiting_.empty() ? kNever : waiting_.begin()->first; }
  void OnFeedEnded(std::uint64_t id, const absl::Status& reason);

  /// To be told to the client. An error ends the session.
  absl::Status Refuse(std::uint64_t id, const absl::Status& status);
  /// Ends every subscription, for that reason.
  void EndAll(const absl::Status& reason);
  /// Closes every feed and forgets everything.
  void Clear();

  /// Appends what is due, of each subscription in its turn, as far as the batch takes it.
  void Append(wire::BatchWriter& writer, Time now);
  /// The part of that which tells of subscriptions that have ended. False when the batch is full before.
  bool AppendEnds(wire::BatchWriter& writer);
  /// Appends what the client observes of the call's actor and has not got. False when the batch is full
  /// before.
  bool AppendObservers(wire::BatchWriter& writer, const CallOutcome& outcome, Time now);

  /// Every subscription is due to be told where it stands. `turn` grows by one each time: it decides which
  /// slice of a hash that is taken in several goes along.
  void BookmarksDue(std::uint64_t turn);
  /// Appends those that are due. False when the batch is full before.
  bool AppendBookmarks(wire::BatchWriter& writer, Time now);

  std::size_t size() const { return subscriptions_.size(); }
  /// Whether there is something that could be sent and has not been.
  bool behind() const { return !dirty_.empty(); }
  /// Of snapshots that are being sent.
  std::size_t snapshot_bytes() const { return snapshot_bytes_; }

 private:
  struct Subscription {
    ActorId actor;
    std::shared_ptr<StateFeed> feed;  // Null until the actor is active.
    std::uint64_t client_fingerprint = 0;
    std::uint64_t filter_fingerprint = 0;
    std::uint64_t view_fingerprint = 0;
    bool is_filtered = false;
    bool ends_when_slow = false;
    bool is_hashed = false;  // Of the fields that both ends have the same is meant by both.
    std::unique_ptr<const wire::TokenBinding> offered;  // With the position, until the feed is open.
    // What the client was shown last, or will have been when all that is sent has arrived.
    std::optional<Position> shown;
    // Where reading goes on: at `shown`, or later in its epoch when what came since shows nothing. Unset: a
    // snapshot is due, for `reason`.
    std::optional<Position> position;
    ResyncReason reason = ResyncReason::kInitial;
    std::uint64_t due_through = 0;    // Up to here the filter is not asked: the first snapshot was older.
    std::uint64_t held_back = 0;      // The filter holds something back up to this revision.
    bool held_back_is_due = false;    // It was not asked: its rate holds back what there is.
    std::uint64_t covered = 0;        // As the client was told.
    std::uint64_t asked_through = 0;  // Where it resumed: up to here the filter held everything back.
    // Of a subscription with a filter: the hash of what the client was shown last, once it is known, as the
    // feed knows none of what it holds something back after.
    std::shared_ptr<const generated::StateHash> hash;
    Position hash_at;
    // How many events of its epoch came up to what the client was shown last, once that is known.
    std::optional<std::uint64_t> events_through;
    // Of one that ends when it is slow: what came after this, and after its position, waits for the client.
    // What came before it is part of a resume, or was held back.
    Position slow_from;
    std::string binding;
    bool announced = false;  // `Subscribed` was sent.
    std::uint64_t announced_epoch = 0;
    bool dirty = false;  // In `dirty_`.
    DeliveryPace pace;
    std::optional<Time> waits_until;  // In `waiting_`.

    // A snapshot that is waited for: this position or a later one will do.
    std::optional<Position> snapshot_wanted;
    // A snapshot that is being sent.
    SharedBytes snapshot;
    Position snapshot_at;
    std::size_t snapshot_offset = 0;
    std::uint64_t snapshot_events_dropped = 0;
  };

  /// Decides what an offered token is worth, and sets position and reason. An error refuses the subscription.
  absl::Status ExamineToken(std::string_view token, Subscription& subscription) const;
  absl::Status CheckThatAnswersAreRead() const;
  void Remove(std::uint64_t id);
  void CloseAll();
  void MarkDirty(std::uint64_t id, Subscription& subscription);
  /// Whether it is too soon after the last delivery. What is there then waits.
  bool HoldBack(std::uint64_t id, Subscription& subscription, Time now);

  enum class Pumped { kAll, kPart, kEnded };  // After the last one the subscription is gone.
  /// Sends what follows the subscription's position, as far as the batch takes it.
  Pumped Pump(wire::BatchWriter& writer, std::uint64_t id, Subscription& subscription, Time now);
  FeedRead ReadFeed(const Subscription& subscription, std::size_t budget, Time now) const;
  /// How far one that ends when it is slow is behind.
  FeedLag LagOf(const Subscription& subscription, std::optional<Time> now) const;
  bool IsTooMuch(const FeedLag& lag) const;
  /// Ends it where it is to end when it is slow, and is so.
  bool EndIfTooSlow(std::uint64_t id, const Subscription& subscription, std::optional<Time> now);
  /// Whether one of that size may be held besides those that are being sent. The largest of all does not
  /// count, so that there is always one that may, and that it holds up no other.
  bool MayHoldSnapshot(std::size_t size) const;
  void DropSnapshot(Subscription& subscription);
  /// Those that a snapshot replaces.
  static std::uint64_t CountDroppedEvents(const Subscription& subscription, const FeedRead& snapshot);
  void SendStep(wire::BatchWriter& writer, std::uint64_t id, Subscription& subscription,
                const FeedStep& step);
  void KeepHash(Subscription& subscription, Time now);
  void AppendBookmark(wire::BatchWriter& writer, std::uint64_t id, Subscription& subscription, Time now);
  bool PumpSnapshot(wire::BatchWriter& writer, std::uint64_t id, Subscription& subscription, Time now);
  /// Tells the client, as far as there is no change to tell it with, that it has been told of everything up
  /// to `revision`.
  void Cover(wire::BatchWriter& writer, std::uint64_t id, Subscription& subscription, std::uint64_t revision);

  const ServerSessionOptions& options_;
  const Peer& peer_;
  const wire::TokenSigner& signer_;
  std::vector<ServerActions::Action>& actions_;
  ServerSessionStats& stats_;
  std::size_t batch_bytes_max_ = 0;
  std::size_t snapshot_chunk_bytes_ = 0;
  std::size_t snapshot_bytes_ = 0;             // Of those that are being sent, whole.
  std::multiset<std::size_t> snapshot_sizes_;  // The same, one by one.

  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Subscription> subscriptions_;
  std::multimap<ActorId, std::uint64_t> by_actor_;
  std::deque<std::uint64_t> dirty_;
  std::set<std::pair<Time, std::uint64_t>> waiting_;
  std::optional<std::uint64_t> bookmarks_due_;  // Of the subscriptions from that id on.
  std::uint64_t bookmark_turn_ = 0;
  // The field trees of clients of other versions, by their fingerprints; what waits for one; and the
  // subscriptions with which they are asked for.
  std::map<std::uint64_t, std::shared_ptr<const generated::FieldTree>> field_trees_;
  std::multimap<std::uint64_t, ServerActions::OpenFeed> field_tree_waiters_;
  std::set<std::uint64_t> field_trees_wanted_;
  std::deque<std::pair<std::uint64_t, absl::Status>> ended_;  // Of which the client is to be told.
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_SERVER_SUBSCRIPTIONS_H_
