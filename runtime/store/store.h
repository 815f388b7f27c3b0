#ifndef ONAGER_RUNTIME_STORE_STORE_H_
#define ONAGER_RUNTIME_STORE_STORE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/shared_bytes.h"

namespace onager::store {

/// What a store holds of one actor: a snapshot and the patches after it.
struct StoredActor {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;           // Of the state: the snapshot with all patches applied.
  std::uint64_t snapshot_revision = 0;  // `revision` less the number of patches.
  SharedBytes snapshot;                 // Null: the empty state, at revision 0.
  std::vector<SharedBytes> patches;     // One for each revision after the snapshot's, in order.
  std::uint32_t version = 1;            // Of the state's meaning: that of the last commit.
  // The actor was destroyed: only `epoch` means something, and is not to be used again.
  bool destroyed = false;
};

/// One committed turn, which a store takes whole or not at all.
struct CommitRecord {
  ActorId actor;
  std::uint64_t epoch = 0;
  std::uint64_t base_revision = 0;  // What the store must hold; 0 with no actor there begins the epoch.
  SharedBytes patch;     // Leads to `base_revision + 1`. Never null; empty when there are only events.
  SharedBytes events;    // Of the turn, as `wire::AppendEvent` makes them. Null: none.
  SharedBytes snapshot;  // Set now and then: the state at `base_revision + 1`, so that the patches can go.
  std::uint32_t version = 1;  // Of the state's meaning.
  // Ends the actor: all that is held of it goes but its epoch. There is no patch, and no next revision.
  bool destroy = false;
};

/// Where actors' states outlive their turns. Compare-and-swap on (epoch, revision) is the only write.
///
/// Loads and commits of one actor are decided in the order of their calls, and their callbacks run in that
/// order, one after the other: the caller has one call after the other, without waiting in between.
///
/// Thread-safe. Callbacks run exactly once, on any thread, also inside the call.
class Store {
 public:
  using LoadDone = absl::AnyInvocable<void(absl::StatusOr<std::optional<StoredActor>>)>;
  using CommitDone = absl::AnyInvocable<void(absl::Status)>;

  virtual ~Store() = default;

  /// What is held of the actor, or nothing when there is none.
  virtual void Load(const ActorId& actor, LoadDone done) = 0;

  /// Appends one revision. `ABORTED` when the store holds another (epoch, revision) than the record's base;
  /// after any error nothing is written.
  ///
  /// Revision 0 begins the epoch where nothing is held; also where a destroyed actor's epoch is, if that is
  /// another one. A destroyed actor has no other revisions.
  virtual void Commit(CommitRecord record, CommitDone done) = 0;

  /// The state at a revision that was committed: a snapshot in place of the patches up to it, if the store
  /// still holds just that revision. It saves room and may be forgotten; the default forgets it.
  virtual void Compact(const ActorId& /*actor*/, std::uint64_t /*epoch*/, std::uint64_t /*revision*/,
                       SharedBytes /*snapshot*/) {}
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_STORE_H_
