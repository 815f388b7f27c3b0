#ifndef ONAGER_RUNTIME_ACTOR_STORED_STATE_H_
#define ONAGER_RUNTIME_ACTOR_STORED_STATE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/actor_id.h"
#include "runtime/store/store.h"

// States of actors that are not active. Each is made by an instance of its own: these run the application's
// constructor and migrations, and what those throw is an error. On any thread.
namespace onager::actor {

/// Whether the snapshot and the log make up the state.
bool IsWhole(const store::StoredActor& stored);

/// What a store holds as one snapshot with all that a store is told, brought up to the present version.
/// `DATA_LOSS` where it has a hole, `FAILED_PRECONDITION` for what a newer server has written.
absl::StatusOr<std::string> PresentSnapshot(const HostedType& hosted, const ActorId& actor,
                                            const store::StoredActor& stored);

/// A snapshot of the present version that somebody else has made of an actor's state, as a store is to have
/// it. An error where it is none, or the actor's key is not one of its type's.
absl::StatusOr<store::StoredSnapshot> SnapshotOfOthers(const HostedType& hosted, const ActorId& actor,
                                                       std::string_view snapshot);

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_STORED_STATE_H_
