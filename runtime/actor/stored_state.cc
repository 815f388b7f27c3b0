#include "runtime/actor/stored_state.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "onager/task.h"
#include "runtime/base/status_macros.h"

namespace onager::actor {
namespace {

using Instance = std::unique_ptr<generated::ActorBase>;

absl::StatusOr<Instance> MakeInstance(const HostedType& hosted, const ActorId& actor) {
  Instance instance = hosted.make();
  if (instance == nullptr) {
    return absl::InternalError(absl::StrCat("no instance of ", actor.type, " was made"));
  }
  ONAGER_RETURN_IF_ERROR(instance->BindKey(actor.key));
  return instance;
}

std::string StoredSnapshotOf(generated::ActorBase& instance) {
  std::string snapshot;
  instance.state_interface().EncodeStoredSnapshot(snapshot);
  return snapshot;
}

absl::StatusOr<std::string> BringUp(const HostedType& hosted, const ActorId& actor,
                                    const store::StoredActor& stored) {
  const std::uint32_t from = std::max<std::uint32_t>(stored.version, 1);
  const std::uint32_t to = hosted.type->version;
  if (!IsWhole(stored)) {
    return absl::DataLossError(absl::StrCat("the stored state of ", actor.ToString(), " has a hole"));
  }
  if (from > to) {
    return absl::FailedPreconditionError(
        absl::StrCat("it is of version ", from, ", which is newer than version ", to, " that is known here"));
  }
  ONAGER_ASSIGN_OR_RETURN(const Instance instance, MakeInstance(hosted, actor));
  generated::StateInterface& state = instance->state_interface();
  if (stored.snapshot.state != nullptr) {
    ONAGER_RETURN_IF_ERROR(state.LoadSnapshot(*stored.snapshot.state));
  }
  for (const store::LogStep& step : stored.log) {
    if (step.revision > stored.snapshot.revision) ONAGER_RETURN_IF_ERROR(state.ApplyPatch(*step.patch));
  }
  for (std::uint32_t version = from; version < to; ++version) {
    ONAGER_RETURN_IF_ERROR(instance->Migrate(version));
  }
  (void)instance->TakeEvents();
  (void)instance->TakeReminders();
  state.Commit();
  return StoredSnapshotOf(*instance);
}

absl::StatusOr<store::StoredSnapshot> TakeOver(const HostedType& hosted, const ActorId& actor,
                                               std::string_view snapshot) {
  ONAGER_ASSIGN_OR_RETURN(const Instance instance, MakeInstance(hosted, actor));
  ONAGER_RETURN_IF_ERROR(instance->state_interface().LoadSnapshot(snapshot));
  store::StoredSnapshot stored;
  stored.state = ShareBytes(StoredSnapshotOf(*instance));
  stored.version = hosted.type->version;
  return stored;
}

}  // namespace

bool IsWhole(const store::StoredActor& stored) {
  const std::uint64_t from = stored.snapshot.revision;
  if (from > stored.revision || (stored.snapshot.state == nullptr && from != 0)) return false;
  if (stored.log.empty()) return from == stored.revision;
  std::uint64_t expected = stored.log.front().revision;
  if (expected == 0 || expected > from + 1) return false;
  for (const store::LogStep& step : stored.log) {
    if (step.revision != expected++ || step.patch == nullptr) return false;
  }
  return stored.log.back().revision == stored.revision;
}

absl::StatusOr<std::string> PresentSnapshot(const HostedType& hosted, const ActorId& actor,
                                            const store::StoredActor& stored) {
  try {
    return BringUp(hosted, actor, stored);
  } catch (...) {  // The user's constructor, and migrations.
    return internal::StatusOfCurrentException();
  }
}

absl::StatusOr<store::StoredSnapshot> SnapshotOfOthers(const HostedType& hosted, const ActorId& actor,
                                                       std::string_view snapshot) {
  try {
    return TakeOver(hosted, actor, snapshot);
  } catch (...) {
    return internal::StatusOfCurrentException();
  }
}

}  // namespace onager::actor
