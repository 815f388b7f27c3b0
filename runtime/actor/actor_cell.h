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
#include "runtime/actor/actor_reminders.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/actor/call_records.h"
#include "runtime/actor/dormant_actors.h"
#include "runtime/actor/load_gate.h"
#include "runtime/actor/log_extent.h"
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
/// Of a persisted actor more goes into a commit than its state: the call that made the turn, and reminders.
/// What others have written is found out by a commit that conflicts, or by being told, and shown to those who
/// observe the actor like a commit of its own.
///
/// actor_cell.cc has the inbox and the run, actor_activation.cc an instance's beginning and end,
/// actor_turns.cc the turns, actor_gate.cc the gate, actor_commit.cc what is committed and how durably,
/// actor_catch_up.cc what others have committed, and what was before.
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
                              ActorRuntime::FeedDone& done, const std::optional<session::Position>& from);
  void RequestSnapshot(std::shared_ptr<ViewLog> view, ActorHistory::Wanted wanted);
  /// Answers everything that waits with `UNAVAILABLE` and cancels the open turn.
  void Stop();
  /// Activates the actor, for a reminder. False as for `Call`.
  [[nodiscard]] bool Wake();
  /// Somebody else may have written its state; commits that were taken are lost.
  void OnChangedOutside();
  void OnWritesLost(absl::Status reason);
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
    bool catches_up = false;  // For an instance that lives.
    LoadGate::Place place;    // Until what was read is used.
  };
  struct PastLoaded {
    std::uint64_t generation;
    absl::StatusOr<std::optional<store::StoredPast>> past;
    LoadGate::Place place;
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
    std::uint64_t commit;
    absl::Status status;
  };
  struct ChangedOutside {};
  struct WritesLost {
    absl::Status reason;
  };
  struct SnapshotRequested {
    std::shared_ptr<ViewLog> view;
    ActorHistory::Wanted wanted = ActorHistory::Wanted::kSnapshot;
  };
  struct TimerFired {
    std::uint64_t generation;
    std::size_t timer;
  };
  struct ReminderFired {
    std::uint64_t generation;
  };
  struct IdleChecked {
    std::uint64_t generation;
  };
  struct StopRequested {};
  using Event =
      std::variant<Loaded, PastLoaded, TurnEnded, Resumed, CallMade, Committed, ChangedOutside, WritesLost,
                   SnapshotRequested, TimerFired, ReminderFired, IdleChecked, StopRequested>;

  /// kPart: inside the turn that led to it. kGuest: on committed values, while another turn waits.
  enum class TurnKind { kWhole, kPart, kGuest };
  struct OpenTurn {
    std::shared_ptr<ActorCall> call;
    std::shared_ptr<TurnContext> context;
    TurnKind kind = TurnKind::kWhole;
    generated::TurnEvents events_before;                      // What the turn below it has emitted,
    std::vector<generated::ReminderChange> reminders_before;  // and changed of the reminders.
    std::deque<Executor::Function> continuations;             // To be run when it is the innermost.
    std::optional<absl::StatusOr<std::string>> result;        // Set when its handler has ended.
  };
  /// A turn that has ended and may not be spoken of yet.
  struct GatedTurn {
    std::shared_ptr<ActorCall> call;
    session::SharedOutcome outcome;    // Null: nobody waits for it.
    std::optional<ShownCommit> shown;  // None: the turn changed no state.
    std::uint64_t commit = 0;          // That it waits for; 0: for none, only its turn.
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
    std::optional<session::Position> from;  // What the reader has.
  };
  /// A feed that is there, whose reader comes back for what is not in its window.
  struct PastWaiter {
    FeedWaiter request;
    std::shared_ptr<ActorFeed> feed;
    std::uint64_t since = 0;  // The feed shows what follows this revision; up to there it lacks everything.
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
  void Handle(PastLoaded& event);
  void Handle(TurnEnded& event);
  void Handle(Resumed& event);
  void Handle(CallMade& event);
  void Handle(Committed& event);
  void Handle(ChangedOutside& event);
  void Handle(WritesLost& event);
  void Handle(SnapshotRequested& event);
  void Handle(TimerFired& event);
  void Handle(ReminderFired& event);
  void Handle(IdleChecked& event);
  void Handle(StopRequested& event);

  // An instance's beginning and end.
  void BeginLoading(bool catches_up = false);
  void AskToLoad(LoadGate::Admitted admitted);
  void Activate(std::optional<store::StoredActor> stored);
  absl::Status LoadInstance(const std::optional<store::StoredActor>& stored,
                            std::vector<store::LogStep>& missed);
  absl::Status LoadState(const store::StoredActor& stored, std::vector<store::LogStep>& missed);
  void LoadBeside(const store::StoredActor& stored);
  std::uint64_t NewEpoch(std::uint64_t other_than) const;
  absl::Status MigrateState(std::uint32_t from);
  void OpenHistory();
  void CommitMigration();
  void CommitEpoch(const store::StoredActor& stored);
  void BecomeActive();
  void FailActivation(const absl::Status& status);
  void FailActivationUnlessConflict(const absl::Status& status);
  void DropInstance();
  void Reload();
  bool MayDeactivate() const;
  void Deactivate();
  void EndActor();
  void NoteUse();
  void ArmIdleTimer(Time now);
  void ArmTimers();
  void ArmTimer(std::size_t timer);
  void ArmReminders();

  // What others have committed, and what was before.
  void CatchUp(absl::StatusOr<std::optional<store::StoredActor>> stored);
  void CatchUpWith(absl::StatusOr<std::optional<store::StoredActor>> stored);
  absl::Status ShowMissed(absl::Span<const store::LogStep> steps);
  bool NeedsPast(const FeedWaiter& request, const ActorFeed& feed);
  void LoadPast();
  void ServePast(std::vector<PastWaiter> waiters, const std::optional<store::StoredPast>& past);

  // Turns.
  bool StartNext();
  std::shared_ptr<ActorCall> NextCall();
  std::shared_ptr<ActorCall> NextDue();
  bool AnswerFromRecord(const std::shared_ptr<ActorCall>& call);
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
  absl::Status CheckReminders(const std::vector<generated::ReminderChange>& changes) const;
  void FailReminder(const ActorCall& call);
  void EndPart(OpenTurn turn, absl::StatusOr<std::string> result);
  void EndGuest(OpenTurn turn, absl::StatusOr<std::string> result);
  absl::Status NotReadonly(const ActorCall& call) const;
  void TellCommitted();

  // Commits and the gate.
  ShownCommit Show(const SharedBytes& patch, generated::TurnEvents events);
  void PassGate(OpenTurn turn, absl::StatusOr<std::string> result, GatedTurn gated);
  store::CommitRecord NewRecord(std::uint64_t base_revision);
  void AddStep(store::CommitRecord& record, SharedBytes patch, SharedBytes events, bool with_snapshot);
  void AddBeside(store::CommitRecord& record, const ActorCall& call, const std::string& result,
                 const std::vector<generated::ReminderChange>& reminders);
  generated::Durability DurabilityOf(const ActorCall& call) const;
  std::uint64_t Commit(store::CommitRecord record, generated::Durability durability);
  void SendToStore(std::uint64_t commit, store::CommitRecord record, generated::Durability durability);
  void CommitDestruction(GatedTurn& gated);
  void AddSnapshot(store::CommitRecord& record);
  void DropUndeclaredReminders();
  void CloseStored();
  bool TryAgain(const std::shared_ptr<ActorCall>& call, const absl::Status& reason);
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
  store::Store& store_;
  const bool persists_;  // Otherwise what the store has is the process's memory of it.
  const session::ReplayLimits replay_;

  Mutex mutex_;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;  // A run is posted or running.
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool retired_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t arrivals_ ABSL_GUARDED_BY(mutex_) = 0;  // Grows with whatever the run should look at.
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<ActorCall>> mailbox_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<ActorCall>> chained_ ABSL_GUARDED_BY(mutex_);  // From a turn of this actor.
  std::deque<FeedWaiter> feed_waiters_ ABSL_GUARDED_BY(mutex_);
  bool wanted_awake_ ABSL_GUARDED_BY(mutex_) = false;

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
  std::deque<std::shared_ptr<ActorCall>> again_;        // Undone for what others wrote; first in the mailbox.
  int activation_conflicts_ = 0;                        // In a row.
  std::deque<generated::CommittedRevision> committed_;  // Not told to the instance yet.
  std::vector<SnapshotRequested> snapshots_due_;
  std::size_t snapshot_bytes_ = 0;  // Of the last one stored.
  std::size_t patch_bytes_since_snapshot_ = 0;
  std::size_t patches_since_snapshot_ = 0;
  std::uint64_t last_commit_ = 0;
  std::uint64_t base_commit_ = 0;  // `CommitRecord::commit` of the last one; 0: the store has none.
  LogExtent log_extent_;
  // Of a persisted actor.
  CallRecords calls_;
  ActorReminders reminders_;
  Timers::Id reminder_timer_ = 0;
  bool reminder_due_ = false;  // One may be; to be looked for.
  bool undeclared_dropped_ = false;
  bool ahead_ = false;  // The store knows that revisions may be told of that it does not have.
  std::optional<store::CommitRecord> unsent_;  // Of turns that wait for no store; the next commit takes it.
  bool changed_outside_ = false;               // Somebody else may have written.
  std::vector<PastWaiter> past_waiters_;       // Until what they lack is committed.
  std::vector<PastWaiter> past_readers_;       // While it is loaded.
  bool past_loading_ = false;
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
