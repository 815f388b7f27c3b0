#ifndef ONAGER_RUNTIME_ACTOR_ACTOR_CALL_H_
#define ONAGER_RUNTIME_ACTOR_ACTOR_CALL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "runtime/actor/call_streams.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/session/call_ledger.h"

namespace onager::actor {

class ActorCell;
class TurnContext;

/// What tells one call from all others. Zero: none was given.
struct CallId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend bool operator==(const CallId&, const CallId&) = default;
  bool empty() const { return high == 0 && low == 0; }

  /// The id of the `ordinal`th call that the turn of this call makes: when the turn runs again under the same
  /// id, its calls have the same ids too.
  CallId Derive(std::uint64_t ordinal) const;
  /// The id of what `text` describes: the same text has the same id on every server.
  static CallId Of(std::string_view text);
};

/// An open turn that a call was made in, and how that turn's own call came about. Never changed.
struct CallLink {
  /// A call that would make the chain longer is refused: it is taken for a recursion without an end.
  static constexpr std::size_t kDepthMax = 64;

  ActorId actor;
  std::uint64_t turn = 0;                  // Of all turns of the server.
  std::size_t depth = 1;                   // Links up to here.
  std::shared_ptr<const CallLink> caller;  // Null: it came from outside.
};

/// "t.v1.A/x > t.v1.B/y": the chain, from outside to `link`.
std::string DescribeChain(const CallLink& link);

/// A call on its way through an actor. Shared by the actor and by whoever may cancel it. Thread-safe.
class ActorCall {
 public:
  using Done = absl::AnyInvocable<void(session::SharedOutcome)>;
  enum class Kind { kMethod, kTimer, kReminder, kActivation, kDestruction };

  ActorCall() = default;

  ActorId actor;
  Kind kind = Kind::kMethod;
  std::size_t method = 0;  // Of a timer's or a reminder's turn: the timer, the reminder.
  std::string arguments;   // Of a reminder's turn: its.
  std::string principal;
  Time deadline = kNever;
  CallId id;
  // With an id: it may have run before, and was sent first then, if anybody knows; a second run does no harm;
  // its client (`id.high`) has the replies of all its calls up to `acknowledged` (`id.low`).
  bool unsure = false;
  std::optional<absl::Time> sent_at;
  bool may_run_again = false;
  std::uint64_t acknowledged = 0;
  std::shared_ptr<const CallLink> caller;  // Null: no actor.
  std::shared_ptr<CallStreams> streams;    // Null: the method has none.
  Done done;                               // Called exactly once, from any thread, under no lock.

  /// The caller waits no more. A turn that runs is told and goes on; a call that waits is answered
  /// `CANCELLED` when its turn comes.
  void Cancel();
  bool cancelled() const;

 private:
  friend class ActorCell;

  int conflicts_ = 0;  // The actor's: times that its turn met somebody else's commit.

  mutable Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<TurnContext> turn_ ABSL_GUARDED_BY(mutex_);
};

/// Brings a call to the actor that it names, wherever that is. Thread-safe.
class CallRouter {
 public:
  virtual ~CallRouter() = default;
  /// The call's `done` is called exactly once, whatever happens, possibly before this returns.
  virtual void Route(std::shared_ptr<ActorCall> call) = 0;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_CALL_H_
