#ifndef ONAGER_RUNTIME_ACTOR_ACTOR_HISTORY_H_
#define ONAGER_RUNTIME_ACTOR_ACTOR_HISTORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "onager/generated/state_interface.h"
#include "runtime/base/mutex.h"
#include "runtime/session/replay_window.h"
#include "runtime/session/state_feed.h"
#include "runtime/store/store.h"

namespace onager::actor {

using FeedListener = absl::AnyInvocable<void()>;
using FeedListenerId = std::uint64_t;

/// For which revisions one filter was open. Its history's, which guards it.
struct FilterGate {
  FilterGate(std::uint64_t number, std::uint64_t revision) : id(number), since(revision), opened(revision) {}

  const std::uint64_t id;        // As that of a view. Not guarded.
  std::uint64_t since;           // It was asked at every revision after this one.
  std::uint64_t opened;          // The last revision that it let pass; `since` when there is none.
  std::atomic<int> readers = 0;  // Feeds that look through it. Not guarded.
};

/// What one view shows of the history. The history's, which guards it.
struct ViewLog {
  ViewLog(std::uint64_t number, session::ReplayLimits limits, std::uint64_t revision)
      : id(number), window(limits, revision) {}

  struct Reader {
    std::shared_ptr<FeedListener> listener;
    std::shared_ptr<FilterGate> gate;  // Null: everything passes.
  };

  const std::uint64_t id;  // In its history, in the order of making. Not guarded.
  // Its head may be behind the history's: then what came between shows nothing.
  session::ReplayWindow window;
  SharedBytes snapshot;  // Null until one was needed.
  std::uint64_t snapshot_revision = 0;
  std::uint64_t snapshot_events = 0;  // That came up to it.
  bool snapshot_requested = false;
  // Steps to the head from the revision of their first entry.
  std::deque<std::pair<std::uint64_t, session::FeedStep>> composed;
  // Of what it shows at the head; null: not kept up. Those who were given it keep it as it is.
  std::shared_ptr<generated::StateHash> hash;
  bool hash_requested = false;
  absl::btree_map<FeedListenerId, Reader> listeners;  // Told in one order in every run.
  std::atomic<int> readers = 0;                       // Feeds that look through it. Not guarded.
};

/// One revision as those who observe the actor see it.
struct ShownCommit {
  SharedBytes events;  // As `wire::AppendEvent` makes them; null: none.
  std::uint64_t event_count = 0;
  // Of the views through which it is to be seen, by rising id. It shows nothing through all others.
  std::vector<std::pair<std::shared_ptr<ViewLog>, SharedBytes>> patches;
  std::vector<std::shared_ptr<FilterGate>> opened;
  // Of the views whose hash is kept up and may have changed; none: it is kept up no longer.
  std::vector<std::pair<std::shared_ptr<ViewLog>, std::optional<generated::StateHashChange>>> hashes;
  std::size_t view_evaluations = 0;  // Declared views, each with its parameters, that were asked about it.
  std::size_t indexed_elements = 0;  // Touched elements that those of them that are indexed have looked at.
};

/// The committed history of one actor, between the actor, which publishes, and feeds, which read it, each
/// through one view and one filter. Nothing is encoded or composed twice for feeds with the same view.
/// Thread-safe.
class ActorHistory {
 public:
  enum class Wanted { kSnapshot, kHash };
  using RequestSnapshot = std::function<void(const std::shared_ptr<ViewLog>&, Wanted)>;

  ActorHistory(const generated::StateCodec& codec, session::ReplayLimits limits, session::Position head);

  // For the actor.
  /// `request_snapshot` is called, from any thread and under no lock, when a reader needs a snapshot or a
  /// hash that is not here; the answer is `PublishSnapshot` or `PublishHash`. Set before there are readers.
  void ServeSnapshots(RequestSnapshot request_snapshot);
  /// Whether something could still be replayed to who comes back.
  bool ReplaysAnything(Time now) const;
  /// A view, and a filter, that is looked through from now on. `revision` is the actor's, which may be ahead
  /// of what is published.
  std::shared_ptr<ViewLog> AddView(std::uint64_t revision);
  std::shared_ptr<FilterGate> AddGate(std::uint64_t revision);
  /// Nobody looks through it any more.
  void Forget(const std::shared_ptr<ViewLog>& view);
  void Forget(const std::shared_ptr<FilterGate>& gate);
  /// The views and filters whose last reader has gone since the last call. They may have new ones.
  struct Unread {
    std::vector<std::shared_ptr<ViewLog>> views;
    std::vector<std::shared_ptr<FilterGate>> gates;
  };
  Unread TakeUnread();

  /// The revision after the head. Costs what it shows: views through which nothing is to be seen are not
  /// looked at, but for a few, in turn, that may hold what is too old.
  void Publish(const ShownCommit& commit, Time now);
  void PublishSnapshot(ViewLog& view, std::uint64_t revision, SharedBytes snapshot);
  /// Of the head; kept up from now on.
  void PublishHash(ViewLog& view, generated::StateHash hash);
  /// What was committed before the history began: how many events there were. Nothing was published yet.
  void RestoreEvents(const store::StoredActor& stored);
  /// What was before the view's window, and for which revisions the filter was open; both from another
  /// history that nobody else uses any more, and that has the same head. Gates may be null.
  void AddPast(ViewLog& view, FilterGate* gate, const ViewLog& past, const FilterGate* past_gate);
  /// What was not published at the last `AddView` and `AddGate` never will be.
  void Continue();
  /// The history was replaced by another: every reader will get a snapshot.
  void Restart(session::Position head);
  /// The history ends here; every reader is told.
  void End(const absl::Status& status);
  session::Position head() const;
  bool ended() const;

  // For feeds; see StateFeed and ActorFeed. `gate` may be null.
  void AddReader(ViewLog& view, FilterGate* gate);
  void RemoveReader(const std::shared_ptr<ViewLog>& view, const std::shared_ptr<FilterGate>& gate);
  FeedListenerId AddListener(ViewLog& view, std::shared_ptr<FilterGate> gate,
                             std::shared_ptr<FeedListener> listener);
  void RemoveListener(ViewLog& view, FeedListenerId id);
  std::size_t listener_count() const;
  /// Feeds that there are.
  int reader_count() const { return readers_.load(); }
  /// `as_one`: steps are made one, however few they are.
  session::FeedRead Read(const std::shared_ptr<ViewLog>& view, const FilterGate* gate, bool as_one,
                         const std::optional<session::Position>& from, std::size_t bytes_max, Time now,
                         std::uint64_t covered = 0, bool each = false);
  /// Whether the view lacks nothing of what comes after the revision, or will come.
  bool ReachesBackTo(const ViewLog& view, std::uint64_t revision) const;
  session::FeedLag Lag(ViewLog& view, const session::Position& from, std::optional<Time> now) const;
  session::FeedRead ReadSnapshot(const std::shared_ptr<ViewLog>& view, const session::Position& at_least,
                                 Time now);
  std::shared_ptr<const generated::StateHash> Hash(const std::shared_ptr<ViewLog>& view,
                                                   const session::Position& at, Time now);
  std::uint64_t CountEvents(const session::Position& after, const session::Position& through) const;

 private:
  /// A snapshot that a reader can begin with; `FindSnapshot` one of that revision or later.
  session::FeedRead FindCheapSnapshot(ViewLog& view, session::FeedRead::Why why, Time now, bool& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  session::FeedRead FindSnapshot(ViewLog& view, session::FeedRead::Why why, std::uint64_t revision_min,
                                 bool& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  session::FeedRead AwaitSnapshot(ViewLog& view, session::FeedRead::Why why, std::uint64_t revision_min,
                                  bool& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  session::FeedRead ReadSteps(ViewLog& view, bool as_one, bool each, std::uint64_t from,
                              std::size_t bytes_max, bool& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Everything from `first` on as one step; none when it cannot be composed.
  std::optional<session::FeedStep> Compose(ViewLog& view, session::ReplayWindow::Iterator first)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsDue(const FilterGate& gate, std::uint64_t from) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::uint64_t EventsThrough(std::uint64_t revision) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// The newest revision that the view can be read at.
  session::Position HeadOf(ViewLog& view) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// The view's window, up to the head.
  session::ReplayWindow& WindowOf(ViewLog& view) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Append(ViewLog& view, const SharedBytes& patch, const ShownCommit& commit, Time now,
              std::vector<std::shared_ptr<FeedListener>>& listeners) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TrimSome(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Restart(ViewLog& view) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NotifyAll() ABSL_LOCKS_EXCLUDED(mutex_);

  const generated::StateCodec& codec_;
  const session::ReplayLimits limits_;

  mutable Mutex mutex_;
  RequestSnapshot request_snapshot_ ABSL_GUARDED_BY(mutex_);
  session::Position head_ ABSL_GUARDED_BY(mutex_);
  absl::btree_map<std::uint64_t, std::shared_ptr<ViewLog>> views_ ABSL_GUARDED_BY(mutex_);     // By id.
  absl::btree_map<std::uint64_t, std::shared_ptr<FilterGate>> gates_ ABSL_GUARDED_BY(mutex_);  // As well.
  std::uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t trimmed_ ABSL_GUARDED_BY(mutex_) = 0;  // The view that was looked at last.
  Unread unread_ ABSL_GUARDED_BY(mutex_);
  std::atomic<int> readers_ = 0;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  FeedListenerId last_listener_ ABSL_GUARDED_BY(mutex_) = 0;
  // How many events there were up to each of the last revisions that had some, and before the first of them.
  std::deque<std::pair<std::uint64_t, std::uint64_t>> events_through_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t events_before_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_HISTORY_H_
