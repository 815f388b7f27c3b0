#ifndef ONAGER_RUNTIME_ACTOR_ACTOR_CELL_H_
#define ONAGER_RUNTIME_ACTOR_ACTOR_CELL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/generated/actor_base.h"
#include "runtime/actor/actor_history.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/actor/observed_parts.h"
#include "runtime/base/mutex.h"
#include "runtime/store/store.h"

namespace onager::actor {

/// One active actor: its mailbox, its instance, and what is between a turn's end and its release.
///
/// Everything reaches it as an event in its inbox. A run, of which there is at most one at a time, takes the
/// events in order; whatever is said to be the run's is touched by nobody else. While a turn is open, calls
/// wait in the mailbox, other events do not.
///
/// The output gate: a turn that changed the state is committed to the store, and the next turn may start
/// before the store has answered. Its outcome, and those of all later turns, wait in `gate_` until it has.
/// When a commit fails, all turns behind the gate are undone: the instance is dropped and made anew from the
/// store.
class ActorCell : public std::enable_shared_from_this<ActorCell> {
 public:
  /// `runtime` outlives the cell.
  ActorCell(ActorRuntime& runtime, ActorId id, const HostedType& hosted);
  ~ActorCell();

  const ActorId& id() const { return id_; }

  // From any thread.
  void Call(std::shared_ptr<ActorCall> call);
  void OpenFeed(std::string filter, std::string view, ActorRuntime::FeedDone done);
  void RequestSnapshot(std::shared_ptr<ViewLog> view);
  /// Answers everything that waits with `UNAVAILABLE` and cancels the open turn.
  void Stop();

 private:
  enum class Phase { kCold, kLoading, kActive, kFailed };

  // Events.
  struct Loaded {
    absl::StatusOr<std::optional<store::StoredActor>> stored;
  };
  struct TurnEnded {
    absl::StatusOr<std::string> result;
  };
  struct Committed {
    std::uint64_t generation;
    absl::Status status;
  };
  struct SnapshotRequested {
    std::shared_ptr<ViewLog> view;
  };
  struct StopRequested {};
  using Event = std::variant<Loaded, TurnEnded, Committed, SnapshotRequested, StopRequested>;

  /// A turn that has ended and may not be spoken of yet.
  struct GatedTurn {
    std::shared_ptr<ActorCall> call;  // Null: the state was brought to a newer version.
    session::SharedOutcome outcome;
    std::optional<ShownCommit> shown;  // None: the turn changed nothing, and only waits its turn.
    bool committed = false;
    std::vector<std::pair<std::shared_ptr<ViewLog>, SharedBytes>> snapshots;  // At this turn's revision.
    std::uint64_t revision = 0;
  };
  struct FeedWaiter {
    std::string filter;
    std::string view;
    ActorRuntime::FeedDone done;
  };

  void Push(Event event);
  void ScheduleLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  bool RunOne();

  void Handle(Loaded& event);
  void Handle(TurnEnded& event);
  void Handle(Committed& event);
  void Handle(SnapshotRequested& event);
  void Handle(StopRequested& event);

  void BeginLoading();
  absl::Status Activate(std::optional<store::StoredActor> stored);
  absl::Status LoadState(const store::StoredActor& stored);
  absl::Status MigrateState(std::uint32_t from);
  void BecomeActive();
  void CommitMigration();
  void ServeFeed(FeedWaiter waiter);
  void FailActivation(const absl::Status& status);
  void StartTurn(std::shared_ptr<ActorCall> call);
  void EndTurn(absl::StatusOr<std::string> result);
  ShownCommit Show(const SharedBytes& patch, generated::TurnEvents events);
  void Commit(SharedBytes patch, SharedBytes events, bool with_snapshot);
  void ReleaseGate();
  void DiscardGate(const absl::Status& status);
  void TakeSnapshots();
  void Answer(const std::shared_ptr<ActorCall>& call, absl::Status status);

  ActorRuntime& runtime_;
  const ActorId id_;
  const HostedType& hosted_;

  Mutex mutex_;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;  // A run is posted or running.
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<ActorCall>> mailbox_ ABSL_GUARDED_BY(mutex_);
  std::deque<FeedWaiter> feed_waiters_ ABSL_GUARDED_BY(mutex_);
  bool turn_open_ ABSL_GUARDED_BY(mutex_) = false;

  // The run's.
  Phase phase_ = Phase::kCold;
  std::unique_ptr<generated::ActorBase> actor_;
  std::uint64_t generation_ = 0;  // Grows with each instance: events of an earlier one are stale.
  std::uint64_t epoch_ = 0;
  std::uint64_t revision_ = 0;  // Of the instance's state; the history's head may be behind.
  // Made once, when the actor is active for the first time.
  std::shared_ptr<ActorHistory> history_;
  std::unique_ptr<ObservedParts> observed_;
  bool migrated_ = false;  // The instance's state was brought to a newer version, which is to be committed.
  std::shared_ptr<ActorCall> open_call_;
  std::shared_ptr<TurnContext> open_turn_;
  std::optional<absl::Status> failed_commit_;  // Set while a turn is open whose gate has failed.
  std::deque<GatedTurn> gate_;
  std::vector<std::shared_ptr<ViewLog>> snapshots_due_;
  std::size_t snapshot_bytes_ = 0;  // Of the last one stored.
  std::size_t patch_bytes_since_snapshot_ = 0;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_CELL_H_
