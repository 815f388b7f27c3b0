#ifndef ONAGER_RUNTIME_ACTOR_ACTOR_PAST_H_
#define ONAGER_RUNTIME_ACTOR_ACTOR_PAST_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "onager/generated/actor_base.h"
#include "onager/generated/past_messages.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/actor_id.h"
#include "runtime/store/store.h"

namespace onager::actor {

/// What a store holds of an actor's past, and the states that it leads to. Each state is made by an instance
/// of its own, from the last snapshot before it and the log, and brought up to the present version; private
/// fields are in nothing that is told.
///
/// Errors: `OUT_OF_RANGE` for what is not kept, with what is; `FAILED_PRECONDITION` for what a newer server
/// has written; `DATA_LOSS` where it cannot be read. Used by one thread; runs the application's constructor
/// and migrations.
class ActorPast {
 public:
  /// `hosted` outlives it.
  ActorPast(const HostedType& hosted, ActorId actor, store::StoredPast past);

  /// The encoded answer.
  absl::StatusOr<std::string> Answer(const generated::PastQuery& query) const;

  absl::StatusOr<generated::PastStateMessage> State(const generated::StateAsOf& query) const;
  absl::StatusOr<generated::PastRevisionsMessage> Revisions(const generated::ListRevisions& query) const;
  absl::StatusOr<generated::PastDiffMessage> Diff(const generated::DiffRevisions& query) const;

 private:
  using Instance = std::unique_ptr<generated::ActorBase>;

  absl::Status CheckKept(std::uint64_t revision) const;
  absl::Status NotKept(const std::string& what) const;
  /// The last revision that was committed at `time` or before.
  absl::StatusOr<std::uint64_t> RevisionAt(absl::Time time) const;
  std::uint32_t VersionAt(std::uint64_t revision) const;
  /// As the state was, without regard to its version. `revision` is kept.
  absl::StatusOr<Instance> Make(std::uint64_t revision) const;
  absl::StatusOr<std::string> PresentSnapshot(std::uint64_t revision) const;
  /// The last snapshot up to that revision; null when there is none.
  const store::StoredSnapshot* SnapshotBefore(std::uint64_t revision) const;

  const HostedType& hosted_;
  const ActorId actor_;
  const store::StoredPast past_;
  absl::Status whole_;        // Whether what follows means anything.
  std::uint64_t oldest_ = 0;  // The state can be made as of each revision from here to `past_.revision`.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_ACTOR_PAST_H_
