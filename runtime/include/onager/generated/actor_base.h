#ifndef ONAGER_GENERATED_ACTOR_BASE_H_
#define ONAGER_GENERATED_ACTOR_BASE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "onager/generated/actor_type.h"
#include "onager/generated/call_streams.h"
#include "onager/generated/state_interface.h"
#include "onager/task.h"
#include "onager/turn.h"

namespace onager::generated {

/// What a turn has emitted.
struct TurnEvents {
  std::string records;  // As deltas carry them.
  std::uint64_t count = 0;
  bool too_many = false;  // More than a turn may; the turn is to fail.
};

inline constexpr std::uint64_t kEventsPerTurnMax = 1024;
inline constexpr std::size_t kEventBytesPerTurnMax = std::size_t{1} << 20;

/// A change of the open turn to the actor's reminders, each of which is known by its declaration and its
/// encoded arguments.
struct ReminderChange {
  ReminderChange() = default;

  std::size_t reminder = 0;  // The index of its declaration.
  std::string arguments;
  std::optional<absl::Time> due;  // None: it is cancelled.
  absl::Duration period;          // Zero: it is due once.
};

inline constexpr std::size_t kReminderChangesPerTurnMax = 1024;
inline constexpr std::size_t kReminderArgumentBytesMax = std::size_t{4} << 10;
// One that is due more often would keep its actor from everything else.
inline constexpr absl::Duration kReminderPeriodMin = absl::Milliseconds(1);

/// `RESOURCE_EXHAUSTED` when these are more than a turn may make, or one's arguments are too long: the turn
/// is to fail.
absl::Status CheckReminderChanges(absl::Span<const ReminderChange> changes);

/// A revision that is durable.
struct CommittedRevision {
  CommittedRevision() = default;

  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
};

/// What every generated skeleton is to the actor runtime. Owned by the runtime, which calls it from one
/// thread at a time and destroys it when the actor is deactivated.
class ActorBase {
 public:
  ActorBase() = default;
  ActorBase(const ActorBase&) = delete;
  ActorBase& operator=(const ActorBase&) = delete;
  virtual ~ActorBase() = default;

  virtual const ActorType& actor_type() const = 0;
  virtual StateInterface& state_interface() = 0;

  /// Takes the key's parts; called once, before anything else. `INVALID_ARGUMENT` when it is not a key of
  /// this type.
  virtual absl::Status BindKey(std::string_view key) = 0;

  /// Runs the method of that index with encoded arguments and returns its encoded result. `turn` and
  /// `arguments` outlive the task.
  virtual Task<std::string> Dispatch(Turn& turn, std::size_t method, std::string_view arguments) = 0;

  /// As `Dispatch`, for methods with streams. `streams` outlives the task.
  virtual Task<std::string> DispatchStreamed(Turn& turn, std::size_t method, std::string_view arguments,
                                             CallStreams& streams);

  /// Brings the state, which is of version `from`, to the version after it. Called before the first turn,
  /// once for each version that is missing. With an error the actor is not activated.
  virtual absl::Status Migrate(std::uint32_t from);

  // What an application may override.
  /// Runs as a turn before the first call of each instance: what it changes is committed and streamed like
  /// any turn's. An error, or an exception, fails the activation and all calls that wait for it.
  virtual Task<> OnActivate(Turn& turn);
  /// The instance is about to go: the actor was idle or is destroyed, the server stops, or a commit failed.
  /// Called once for each instance whose `OnActivate` ended well, and not inside a turn: changes of the state
  /// are lost. What it throws is counted and dropped.
  virtual void OnDeactivate();
  /// A turn that changed the state has become durable. Called in order, once for each revision that this
  /// process commits, between turns: later turns may have run already, and changes of the state are undone.
  /// What it throws is counted and dropped.
  virtual void AfterCommit(const CommittedRevision& committed);

  /// Runs the turn of the timer of that index. `turn` outlives the task.
  virtual Task<> OnTimer(Turn& turn, std::size_t index);

  /// Runs the turn of the reminder of that index. `INVALID_ARGUMENT` when the arguments, which are those that
  /// it was set with, cannot be read. `turn` and `arguments` outlive the task.
  virtual Task<> OnReminder(Turn& turn, std::size_t index, std::string_view arguments);

  /// The events of the open turn, which are gone here then.
  TurnEvents TakeEvents();
  /// Gives the open turn its events back: those before and those after, in that order.
  void RestoreEvents(TurnEvents before, TurnEvents after);

  /// What the open turn changes of the actor's reminders, gone here then: in order, so that of two changes of
  /// one reminder the later counts. To be checked by `CheckReminderChanges` before they are used.
  std::vector<ReminderChange> TakeReminders();
  /// Gives the open turn its changes back: those before and those after, in that order.
  void RestoreReminders(std::vector<ReminderChange> before, std::vector<ReminderChange> after);

 protected:
  /// Adds an event to the open turn, whose commit sends it to the actor's subscribers: `number` is its in the
  /// actor's event message, `fields` its encoding. With more than `kEventsPerTurnMax` of them, or
  /// `kEventBytesPerTurnMax`, the turn fails with `RESOURCE_EXHAUSTED`.
  void EmitEvent(std::uint32_t number, std::string_view fields);

  /// Sets a reminder when the open turn commits, in place of the one of the same index and arguments. It is
  /// due at `due`, or never at an infinite future, and then each `period`, which is at least
  /// `kReminderPeriodMin`, or zero for once. With more than `kReminderChangesPerTurnMax` changes, or more
  /// than `kReminderArgumentBytesMax` of arguments, the turn fails with `RESOURCE_EXHAUSTED`.
  void SetReminder(std::size_t index, std::string arguments, absl::Time due, absl::Duration period);
  /// As `SetReminder`, but there is none then. Without effect when there was none.
  void CancelReminder(std::size_t index, std::string arguments);

 private:
  void AddReminderChange(ReminderChange change);

  TurnEvents events_;
  std::vector<ReminderChange> reminders_;  // At most one more than a turn may make.
};

inline Task<std::string> ActorBase::DispatchStreamed(Turn&, std::size_t, std::string_view, CallStreams&) {
  return absl::UnimplementedError("the actor has no method with streams");
}
inline Task<> ActorBase::OnActivate(Turn&) { return absl::OkStatus(); }
inline void ActorBase::OnDeactivate() {}
inline void ActorBase::AfterCommit(const CommittedRevision&) {}
inline Task<> ActorBase::OnTimer(Turn&, std::size_t) {
  return absl::UnimplementedError("the actor has no timer");
}
inline Task<> ActorBase::OnReminder(Turn&, std::size_t, std::string_view) {
  return absl::UnimplementedError("the actor has no reminder");
}

inline absl::Status CheckReminderChanges(absl::Span<const ReminderChange> changes) {
  if (changes.size() > kReminderChangesPerTurnMax) {
    return absl::ResourceExhaustedError("the turn changes too many reminders");
  }
  for (const ReminderChange& change : changes) {
    if (change.arguments.size() > kReminderArgumentBytesMax) {
      return absl::ResourceExhaustedError("the arguments of a reminder are too long");
    }
  }
  return absl::OkStatus();
}

inline std::vector<ReminderChange> ActorBase::TakeReminders() { return std::exchange(reminders_, {}); }

inline void ActorBase::RestoreReminders(std::vector<ReminderChange> before,
                                        std::vector<ReminderChange> after) {
  reminders_ = std::move(before);
  for (ReminderChange& change : after) AddReminderChange(std::move(change));
}

inline void ActorBase::SetReminder(std::size_t index, std::string arguments, absl::Time due,
                                   absl::Duration period) {
  // What stores can hold: whole microseconds of the years that calendars have.
  constexpr absl::Time kDueMax = absl::FromUnixSeconds(253'402'300'799);  // The end of the year 9999.
  constexpr absl::Duration kPeriodMax = absl::Hours(24 * 365'250);
  ReminderChange change;
  change.reminder = index;
  change.arguments = std::move(arguments);
  if (due != absl::InfiniteFuture()) change.due = std::clamp(due, absl::UnixEpoch(), kDueMax);
  if (period > absl::ZeroDuration() && period != absl::InfiniteDuration()) {
    change.period = std::clamp(period, kReminderPeriodMin, kPeriodMax);
  }
  AddReminderChange(std::move(change));
}

inline void ActorBase::CancelReminder(std::size_t index, std::string arguments) {
  ReminderChange change;
  change.reminder = index;
  change.arguments = std::move(arguments);
  AddReminderChange(std::move(change));
}

inline void ActorBase::AddReminderChange(ReminderChange change) {
  // What is beyond the bounds fails the turn, so that no more is kept of it than shows that.
  if (reminders_.size() > kReminderChangesPerTurnMax) return;
  if (change.arguments.size() > kReminderArgumentBytesMax) {
    change.arguments.resize(kReminderArgumentBytesMax + 1);
  }
  reminders_.push_back(std::move(change));
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_ACTOR_BASE_H_
