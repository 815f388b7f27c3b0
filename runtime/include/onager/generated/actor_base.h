#ifndef ONAGER_GENERATED_ACTOR_BASE_H_
#define ONAGER_GENERATED_ACTOR_BASE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
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

  /// The events of the open turn, which are gone here then.
  TurnEvents TakeEvents();
  /// Gives the open turn its events back: those before and those after, in that order.
  void RestoreEvents(TurnEvents before, TurnEvents after);

 protected:
  /// Adds an event to the open turn, whose commit sends it to the actor's subscribers: `number` is its in the
  /// actor's event message, `fields` its encoding. With more than `kEventsPerTurnMax` of them, or
  /// `kEventBytesPerTurnMax`, the turn fails with `RESOURCE_EXHAUSTED`.
  void EmitEvent(std::uint32_t number, std::string_view fields);

 private:
  TurnEvents events_;
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

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_ACTOR_BASE_H_
