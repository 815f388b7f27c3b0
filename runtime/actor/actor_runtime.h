#ifndef ONAGER_RUNTIME_ACTOR_ACTOR_RUNTIME_H_
#define ONAGER_RUNTIME_ACTOR_ACTOR_RUNTIME_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "onager/generated/actor_base.h"
#include "onager/generated/past_messages.h"
#include "runtime/actor/actor_call.h"
#include "runtime/actor/actor_feed.h"
#include "runtime/actor/call_records.h"
#include "runtime/actor/dormant_actors.h"
#include "runtime/actor/due_actors.h"
#include "runtime/actor/load_gate.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/logger.h"
#include "runtime/base/mutex.h"
#include "runtime/session/replay_window.h"
#include "runtime/store/store.h"
#include "runtime/store/write_behind.h"

namespace onager::actor {

class ActorCell;

using MakeActor = std::function<std::unique_ptr<generated::ActorBase>()>;

struct ActorRuntimeOptions {
  std::size_t mailbox_max = 1024;
  session::ReplayLimits replay;
  /// An actor that nobody has called or observed for so long is deactivated. `Duration::max()`: never.
  Duration idle_timeout = std::chrono::minutes(10);
  CallRecordLimits call_records;  // Of each persisted actor.
  /// So many persisted actors at a time read what their store has of them; see `LoadGate`.
  std::size_t loads_max = 128;
  Duration load_wait_max = std::chrono::seconds(20);  // For one's turn to do so.
  store::WriteBehindOptions write_behind;             // Of turns that do not wait for the store.
  std::shared_ptr<LogSink> log;                       // Null: nothing is logged.
};

/// One actor type that the runtime can activate.
struct HostedType {
  const generated::ActorType* type = nullptr;
  MakeActor make;
};

/// What an actor runtime has at the moment, and what it has counted since it was made.
struct ActorRuntimeStats {
  // At the moment.
  std::int64_t active = 0;   // Actors that were asked for and have not been deactivated.
  std::int64_t dormant = 0;  // Those that are not, of which something is kept besides what the store has.
  std::int64_t cells = 0;    // Live objects: as `active`, and those about to go; and actors' instances.
  std::int64_t instances = 0;
  std::int64_t open_turns = 0;
  std::int64_t waiting_calls = 0;  // In all mailboxes.
  std::int64_t loads = 0;          // Of persisted actors, that the store has not answered or nobody has used.
  std::int64_t waiting_loads = 0;  // For their turn to begin.
  // Of turns that are written behind and not written yet: how many, their bytes, since when the oldest waits,
  // and `store::WriteBehind::loss_window`.
  std::int64_t unwritten_records = 0;
  std::int64_t unwritten_bytes = 0;
  std::int64_t oldest_unwritten_us = 0;
  std::int64_t loss_window_us = 0;
  // Since the beginning.
  std::int64_t activations = 0;
  std::int64_t failed_activations = 0;
  std::int64_t deactivations = 0;
  std::int64_t destroyed = 0;
  std::int64_t turns = 0;  // Of calls, failed ones among them.
  std::int64_t failed_turns = 0;
  std::int64_t guest_turns = 0;  // Of [readonly] calls that ran while another turn waited.
  std::int64_t timer_turns = 0;
  std::int64_t failed_timer_turns = 0;
  std::int64_t failed_hooks = 0;   // `OnDeactivate` and `AfterCommit` that threw.
  std::int64_t refused_calls = 0;  // Full mailboxes, and calls that came back along their own chain.
  std::int64_t calls_between_actors = 0;
  std::int64_t commits = 0;
  std::int64_t failed_commits = 0;
  std::int64_t repeated_calls = 0;   // Answered from what persisted actors remember of their calls.
  std::int64_t outside_commits = 0;  // Revisions that others have made, shown to those who observe the actor.
  std::int64_t lost_writes = 0;      // Times that what was told of could not be stored.
  std::int64_t repeated_writes = 0;  // Of what is written behind, after the store had failed.
  std::int64_t reminder_turns = 0;
  std::int64_t failed_reminder_turns = 0;
  std::int64_t view_evaluations = 0;  // Times that a turn was looked at for one view with its parameters.
};

/// All actors of one server: finds or activates them and runs their turns on the environment's executor, one
/// turn at a time for each actor and actors in parallel.
///
/// Thread-safe. Types are hosted before the first call. Destroy after `Shutdown` has returned and the
/// executor runs nothing of it.
class ActorRuntime final : public CallRouter, private store::ChangeListener, private store::LostListener {
 public:
  /// How far ahead actors are woken for their reminders; one that is due sooner keeps its actor active.
  static constexpr absl::Duration kReminderHorizon = absl::Seconds(5);

  /// `environment`'s parts and the stores outlive the runtime. `store` has the actors that are not persisted,
  /// and those that are where `persistent` is null.
  ActorRuntime(ActorRuntimeOptions options, const Environment& environment, store::Store& store,
               store::Store* persistent = nullptr);
  ~ActorRuntime() override;

  /// `FAILED_PRECONDITION` when a type of that name is hosted already.
  absl::Status Host(const generated::ActorType& type, MakeActor make);
  const HostedType* FindType(std::string_view name) const;
  /// To be called once all types are hosted: from now on actors hear of what others write, and are woken for
  /// their reminders.
  void Begin();
  /// Of all that are hosted, sorted.
  std::vector<std::string> type_names() const;

  /// Runs a call; its `done` is called exactly once, whatever happens.
  void Call(std::shared_ptr<ActorCall> call);
  /// A call that one of these actors makes.
  void Route(std::shared_ptr<ActorCall> call) override { Call(std::move(call)); }
  /// Ends the actor, as `Turn::Destroy` does, after what waits before it. `done` is called exactly once with
  /// how that went, from any thread, under no lock.
  void Destroy(const ActorId& actor, absl::AnyInvocable<void(absl::Status)> done);

  using FeedDone = absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<ActorFeed>>)>;
  /// Activates the actor if need be and gives its feed through that filter and that view, each the encoding
  /// of the actor's message for it, or empty. `INVALID_ARGUMENT` when it has no such. `done` is called once,
  /// from any thread, under no lock.
  void OpenFeed(const ActorId& actor, std::string filter, std::string view, FeedDone done,
                std::shared_ptr<const generated::FieldTree> known = nullptr,
                const std::optional<session::Position>& from = std::nullopt);

  using PastDone = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;
  /// Answers what is asked of the actor's past from what its store holds, without activating it; see
  /// `ActorPast`. `NOT_FOUND` where nothing is held, `RESOURCE_EXHAUSTED` when 64 are being answered. `done`
  /// is called once, from any thread, under no lock.
  void AskPast(const ActorId& actor, generated::PastQuery query, PastDone done);

  /// Refuses new work with `UNAVAILABLE`, cancels what waits and what runs, and blocks until no turn is open.
  /// With an executor that the caller runs itself, `BeginShutdown` and `idle` do the same without blocking.
  void Shutdown();
  void BeginShutdown();
  bool idle() const { return busy_cells_.load() == 0; }

  std::size_t active_actors() const;
  ActorRuntimeStats stats() const;

 private:
  friend class ActorCell;

  using Counter = std::atomic<std::int64_t>;
  struct Counters {
    Counter cells = 0, instances = 0, open_turns = 0, waiting_calls = 0;
    Counter activations = 0, failed_activations = 0, deactivations = 0, destroyed = 0;
    Counter turns = 0, failed_turns = 0, guest_turns = 0, timer_turns = 0, failed_timer_turns = 0;
    Counter failed_hooks = 0, refused_calls = 0, calls_between_actors = 0, commits = 0, failed_commits = 0;
    Counter view_evaluations = 0, repeated_calls = 0, outside_commits = 0, lost_writes = 0;
    Counter reminder_turns = 0, failed_reminder_turns = 0;
  };

  absl::StatusOr<std::shared_ptr<ActorCell>> FindOrCreate(const ActorId& actor);
  /// Forgets a cell in which nothing waits, and keeps what is left of its actor. False when something does.
  bool Retire(ActorCell& cell);
  absl::Status AdmitPastQuery();
  store::Store& StoreOf(const HostedType& hosted) const;
  session::ReplayLimits ReplayOf(const HostedType& hosted) const;
  /// As a commit that may be answered before it is durable.
  void CommitBehind(store::CommitRecord record, store::Store::CommitDone done);
  void OnActorChanged(const ActorId& actor) override;
  void OnWritesLost(const ActorId& actor, const absl::Status& why) override;
  std::shared_ptr<ActorCell> Find(const ActorId& actor) const;
  void Wake(const ActorId& actor);
  void StopListening();
  void LookForReminders();
  absl::Duration OnReminders(const std::vector<store::DueActor>& found);
  void LookForRemindersIn(absl::Duration wait);
  void ArmDormantTimer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnCellBusy() { busy_cells_.fetch_add(1); }
  void OnCellIdle();

  const ActorRuntimeOptions options_;
  const Environment environment_;
  Logger log_;
  store::Store& store_;
  store::Store& persistent_;
  // Before `persistent_`, for all that actors do there of which some turns do not wait. Null: there are none
  // such.
  std::unique_ptr<store::WriteBehind> behind_;
  absl::flat_hash_map<std::string, HostedType> types_;  // Constant once calls come.

  const std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();  // Cells may go later.
  const std::shared_ptr<LoadGate> load_gate_;
  std::atomic<std::uint64_t> last_turn_ = 0;

  // Taken before a cell's lock, never inside it.
  mutable Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int past_queries_ ABSL_GUARDED_BY(mutex_) = 0;  // Not answered.
  absl::flat_hash_map<ActorId, std::shared_ptr<ActorCell>> cells_ ABSL_GUARDED_BY(mutex_);
  DormantActors dormant_ ABSL_GUARDED_BY(mutex_);
  Timers::Id dormant_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  Time dormant_timer_at_ ABSL_GUARDED_BY(mutex_){};
  bool listens_ ABSL_GUARDED_BY(mutex_) = false;  // For changes from outside.
  Timers::Id reminder_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  DueActors due_ ABSL_GUARDED_BY(mutex_);
  // Actors that will be woken, and the timers that do it.
  absl::flat_hash_map<ActorId, Timers::Id> waking_ ABSL_GUARDED_BY(mutex_);

  Mutex idle_mutex_;
  CondVar idle_changed_;
  std::atomic<int> busy_cells_ = 0;  // Cells with a run posted or a turn open.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_RUNTIME_H_
