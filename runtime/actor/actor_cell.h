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
#include "runtime/actor/actor_call.h"
#include "runtime/actor/actor_history.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/actor/dormant_actors.h"
#include "runtime/actor/observed_parts.h"
#include "runtime/actor/turn_host.h"
#include "runtime/base/mutex.h"
#include "runtime/store/store.h"

namespace onager::actor {

/// One active actor: its mailbox, its instance, and what is between a turn's end and its release.
///
/// Everything reaches it as an event in its inbox. A run, of which there is at most one at a time, takes the
/// events in order; whatever is said to be the run's is touched by nobody else. While a turn is open, calls
/// wait in the mailbox, other events do not. The application's code runs in the run too: a turn's coroutines
/// go on as events, unless something that is not the runtime's resumes them.
///
/// Turns nest. On an open turn that waits, a `[reentrant]` method that the turn's own calls lead to runs as a
/// part of it, and a `[readonly]` method as its guest, on committed values. Only the innermost goes on.
///
/// The output gate: a turn that changed the state is committed to the store, and the next turn may start
/// before the store has answered. Its outcome, and those of all later turns, wait in `gate_` until it has.
/// When a commit fails, all turns behind the gate are undone: the instance is dropped and made anew from the
/// store.
///
/// actor_cell.cc has the inbox and the run, actor_activation.cc an instance's beginning and end,
/// actor_turns.cc the turns, actor_gate.cc commits and the gate.
class ActorCell final : public TurnHost, public std::enable_shared_from_this<ActorCell> {
 public:
  /// `runtime` outlives the cell. `dormant` is what was kept of the actor when it was last active.
  ActorCell(ActorRuntime& runtime, ActorId id, const HostedType& hosted, std::optional<DormantActor> dormant);
  ~ActorCell() override;

  const ActorId& id() const { return id_; }

  // From any thread.
  /// False, with the arguments as they were, when the cell has been retired: the actor is to be found anew.
  [[nodiscard]] bool Call(std::shared_ptr<ActorCall>& call);
  [[nodiscard]] bool OpenFeed(std::string& filter, std::string& view,
                              std::shared_ptr<const generated::FieldTree>& known,
                              ActorRuntime::FeedDone& done);
  void RequestSnapshot(std::shared_ptr<ViewLog> view, ActorHistory::Wanted wanted);
  /// Answers everything that waits with `UNAVAILABLE` and cancels the open turn.
  void Stop();
  // TurnHost
  void Resume(std::uint64_t turn, Executor::Function continuation) override;
  void Send(std::shared_ptr<ActorCall> call) override;
  void OnParked() override;

  // For the runtime, which asks them in the cell's run and under its own lock.
  /// Whether nothing waits in the cell; then nothing comes any more.
  bool RetireUnlessBusy();
  /// What is to be kept of the actor.
  DormantActor TakeRest(Time now);

 private:
  /// kActivating: `OnActivate` runs. kEnding: the actor was destroyed, which is not committed yet.
  enum class Phase { kCold, kLoading, kActivating, kActive, kEnding, kFailed, kRetired };

  // Events.
  struct Loaded {
    absl::StatusOr<std::optional<store::StoredActor>> stored;
  };
  struct TurnEnded {
    std::uint64_t turn;
    absl::StatusOr<std::string> result;
  };
  struct Resumed {
    std::uint64_t turn;
    Executor::Function continuation;
  };
  struct CallMade {
    std::shared_ptr<ActorCall> call;
  };
  struct Committed {
    std::uint64_t generation;
    absl::Status status;
  };
  struct SnapshotRequested {
    std::shared_ptr<ViewLog> view;
    ActorHistory::Wanted wanted = ActorHistory::Wanted::kSnapshot;
  };
  struct TimerFired {
    std::uint64_t generation;
    std::size_t timer;
  };
  struct IdleChecked {
    std::uint64_t generation;
  };
  struct StopRequested {};
  using Event = std::variant<Loaded, TurnEnded, Resumed, CallMade, Committed, SnapshotRequested, TimerFired,
                             IdleChecked, StopRequested>;

  /// kPart: inside the turn that led to it. kGuest: on committed values, while another turn waits.
  enum class TurnKind { kWhole, kPart, kGuest };
  struct OpenTurn {
    std::shared_ptr<ActorCall> call;
    std::shared_ptr<TurnContext> context;
    TurnKind kind = TurnKind::kWhole;
    generated::TurnEvents events_before;                // What the turn below it has emitted.
    std::deque<Executor::Function> continuations;       // To be run when it is the innermost.
    std::optional<absl::StatusOr<std::string>> result;  // Set when its handler has ended.
  };
  /// A turn that has ended and may not be spoken of yet.
  struct GatedTurn {
    std::shared_ptr<ActorCall> call;
    session::SharedOutcome outcome;    // Null: nobody waits for it.
    std::optional<ShownCommit> shown;  // None: the turn changed nothing, and only waits its turn.
    bool activates = false;            // It is a part of the activation, which fails with it.
    bool destroys = false;
    bool committed = false;
    std::vector<std::pair<std::shared_ptr<ViewLog>, SharedBytes>> snapshots;  // At this turn's revision.
    std::vector<std::pair<std::shared_ptr<ViewLog>, generated::StateHash>> hashes;  // As well.
    std::uint64_t revision = 0;
  };
  struct FeedWaiter {
    std::string filter;
    std::string view;
    std::shared_ptr<const generated::FieldTree> known;
    ActorRuntime::FeedDone done;
  };
  struct ActorTimer {
    Duration period{};
    Timers::Id id = 0;
    bool due = false;  // Its turn waits.
  };

  // The inbox and the run.
  void Push(Event event);
  void ScheduleLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  bool RunOne();
  bool StepOpenTurn();
  bool StepIdle();
  bool Rest(std::uint64_t arrivals);
  bool Retire();
  void RefuseAll(const absl::Status& status);
  bool SomethingWaitsLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void Handle(Loaded& event);
  void Handle(TurnEnded& event);
  void Handle(Resumed& event);
  void Handle(CallMade& event);
  void Handle(Committed& event);
  void Handle(SnapshotRequested& event);
  void Handle(TimerFired& event);
  void Handle(IdleChecked& event);
  void Handle(StopRequested& event);

  // An instance's beginning and end.
  void BeginLoading();
  absl::Status LoadInstance(std::optional<store::StoredActor> stored);
  absl::Status LoadState(const store::StoredActor& stored);
  absl::Status MigrateState(std::uint32_t from);
  void OpenHistory();
  void CommitMigration();
  void BecomeActive();
  void FailActivation(const absl::Status& status);
  void DropInstance();
  void Reload();
  bool MayDeactivate() const;
  void Deactivate();
  void EndActor();
  void NoteUse();
  void ArmIdleTimer(Time now);
  void ArmTimers();
  void ArmTimer(std::size_t timer);

  // Turns.
  bool StartNext();
  bool StartGuest();
  bool ServeChained();
  bool ServeFeed();
  std::optional<std::size_t> TurnThatLedTo(const ActorCall& call) const;
  absl::Status MayRunInside(std::size_t turn, const ActorCall& call) const;
  const generated::MethodInfo* MethodOf(const ActorCall& call) const;
  bool IsReadonly(const ActorCall& call) const;
  void StartTurn(std::shared_ptr<ActorCall> call, TurnKind kind);
  Task<std::string> Dispatch(const OpenTurn& turn);
  void FinishInnermost();
  void EndWhole(OpenTurn turn, absl::StatusOr<std::string> result);
  void EndPart(OpenTurn turn, absl::StatusOr<std::string> result);
  void EndGuest(OpenTurn turn, absl::StatusOr<std::string> result);
  absl::Status NotReadonly(const ActorCall& call) const;
  void TellCommitted();

  // Commits and the gate.
  ShownCommit Show(const SharedBytes& patch, generated::TurnEvents events);
  void PassGate(OpenTurn turn, absl::StatusOr<std::string> result, GatedTurn gated);
  void Commit(SharedBytes patch, SharedBytes events, bool with_snapshot);
  void CommitDestruction();
  void SendToStore(store::CommitRecord record);
  void SendBeside(store::CommitRecord record);
  void Address(store::CommitRecord& record) const;
  void ReleaseGate();
  void DiscardGate(const absl::Status& status);
  void ReleaseCalls();
  void TakeSnapshots();
  void TakeHash(const std::shared_ptr<ViewLog>& view);
  void Answer(const std::shared_ptr<ActorCall>& call, absl::Status status);
  void Count(const ActorCall& call, const absl::Status& status);

  ActorRuntime& runtime_;
  const std::shared_ptr<ActorRuntime::Counters> counters_;
  const ActorId id_;
  const HostedType& hosted_;

  Mutex mutex_;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;  // A run is posted or running.
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool retired_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t arrivals_ ABSL_GUARDED_BY(mutex_) = 0;  // Grows with whatever the run should look at.
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<ActorCall>> mailbox_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<ActorCall>> chained_ ABSL_GUARDED_BY(mutex_);  // From a turn of this actor.
  std::deque<FeedWaiter> feed_waiters_ ABSL_GUARDED_BY(mutex_);

  // The run's.
  bool chained_wait_ = false;  // What the run has seen waiting when its step began.
  bool feeds_wait_ = false;
  Phase phase_ = Phase::kCold;
  bool stopping_ = false;
  std::optional<absl::Status> failure_;  // Of the activation.
  std::unique_ptr<generated::ActorBase> actor_;
  bool activated_ = false;        // `OnActivate` of the instance has ended well.
  std::uint64_t generation_ = 0;  // Grows with each instance: events of an earlier one are stale.
  std::uint64_t epoch_ = 0;
  std::uint64_t revision_ = 0;  // Of the instance's state; the history's head may be behind.
  // Made once, when the actor is active for the first time; kept by the runtime while it is not active.
  std::shared_ptr<ActorHistory> history_;
  std::unique_ptr<ObservedParts> observed_;
  bool migrated_ = false;  // The instance's state was brought to a newer version, which is to be committed.
  std::deque<OpenTurn> open_;                  // The innermost last.
  std::optional<absl::Status> failed_commit_;  // Set while a turn is open whose gate has failed.
  bool activation_failed_ = false;             // With it: a part of the activation was among what failed.
  std::deque<GatedTurn> gate_;
  std::deque<std::shared_ptr<ActorCall>> held_calls_;   // Made by the open turn; they wait for the gate.
  std::deque<generated::CommittedRevision> committed_;  // Not told to the instance yet.
  std::vector<SnapshotRequested> snapshots_due_;
  std::size_t snapshot_bytes_ = 0;  // Of the last one stored.
  std::size_t patch_bytes_since_snapshot_ = 0;
  Time activated_at_{};
  std::vector<ActorTimer> timers_;
  std::size_t next_timer_ = 0;   // Looked at first, so that timers take turns.
  bool timer_ran_last_ = false;  // Timers and calls take turns too.
  Time last_used_{};
  Timers::Id idle_timer_ = 0;
  bool idle_ = false;  // Not used for so long that it may go.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_CELL_H_
