#ifndef ONAGER_RUNTIME_ACTOR_ACTOR_RUNTIME_H_
#define ONAGER_RUNTIME_ACTOR_ACTOR_RUNTIME_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "onager/generated/actor_base.h"
#include "runtime/actor/actor_feed.h"
#include "runtime/actor/call_streams.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/session/call_ledger.h"
#include "runtime/session/replay_window.h"
#include "runtime/store/store.h"

namespace onager::actor {

class ActorCell;
class TurnContext;

using MakeActor = std::function<std::unique_ptr<generated::ActorBase>()>;

struct ActorRuntimeOptions {
  std::size_t mailbox_max = 1024;
  session::ReplayLimits replay;
};

/// One actor type that the runtime can activate.
struct HostedType {
  const generated::ActorType* type = nullptr;
  MakeActor make;
};

/// A call on its way through an actor. Shared by the actor and by whoever may cancel it. Thread-safe.
class ActorCall {
 public:
  using Done = absl::AnyInvocable<void(session::SharedOutcome)>;

  ActorCall() = default;

  ActorId actor;
  std::size_t method = 0;
  std::string arguments;
  std::string principal;
  Time deadline = kNever;
  std::shared_ptr<CallStreams> streams;  // Null: the method has none.
  Done done;                             // Called exactly once, from any thread, under no lock.

  /// The caller waits no more. A turn that runs is told and goes on; a call that waits is answered
  /// `CANCELLED` when its turn comes.
  void Cancel();
  bool cancelled() const;

 private:
  friend class ActorCell;

  mutable Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<TurnContext> turn_ ABSL_GUARDED_BY(mutex_);
};

/// All actors of one server: finds or activates them and runs their turns on the environment's executor, one
/// turn at a time for each actor and actors in parallel.
///
/// Thread-safe. Types are hosted before the first call. Destroy after `Shutdown` has returned and the
/// executor runs nothing of it.
class ActorRuntime {
 public:
  /// `environment`'s parts and `store` outlive the runtime.
  ActorRuntime(ActorRuntimeOptions options, const Environment& environment, store::Store& store);
  ~ActorRuntime();

  /// `FAILED_PRECONDITION` when a type of that name is hosted already.
  absl::Status Host(const generated::ActorType& type, MakeActor make);
  const HostedType* FindType(std::string_view name) const;
  /// Of all that are hosted, sorted.
  std::vector<std::string> type_names() const;

  /// Runs a call; its `done` is called exactly once, whatever happens.
  void Call(std::shared_ptr<ActorCall> call);

  using FeedDone = absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<ActorFeed>>)>;
  /// Activates the actor if need be and gives its feed through that filter and that view, each the encoding
  /// of the actor's message for it, or empty. `INVALID_ARGUMENT` when it has no such. `done` is called once,
  /// from any thread, under no lock.
  void OpenFeed(const ActorId& actor, std::string filter, std::string view, FeedDone done);

  /// Refuses new work with `UNAVAILABLE`, cancels what waits and what runs, and blocks until no turn is open.
  /// With an executor that the caller runs itself, `BeginShutdown` and `idle` do the same without blocking.
  void Shutdown();
  void BeginShutdown();
  bool idle() const { return busy_cells_.load() == 0; }

  std::size_t active_actors() const;

 private:
  friend class ActorCell;

  absl::StatusOr<std::shared_ptr<ActorCell>> FindOrCreate(const ActorId& actor);
  /// Forgets a cell that could not be activated, so that the next caller tries again.
  void Forget(const ActorCell& cell);
  void OnCellBusy() { busy_cells_.fetch_add(1); }
  void OnCellIdle();

  const ActorRuntimeOptions options_;
  const Environment environment_;
  store::Store& store_;
  absl::flat_hash_map<std::string, HostedType> types_;  // Constant once calls come.

  mutable Mutex mutex_;
  CondVar idle_changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<ActorId, std::shared_ptr<ActorCell>> cells_ ABSL_GUARDED_BY(mutex_);
  std::atomic<int> busy_cells_ = 0;  // Cells with a run posted or a turn open.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_RUNTIME_H_
