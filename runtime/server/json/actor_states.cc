#include "runtime/server/json/actor_states.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/stored_state.h"
#include "runtime/base/status_macros.h"
#include "runtime/protos/message_json.h"

namespace onager::server {
namespace {

absl::Status NotHosted(const ActorId& actor) {
  return absl::NotFoundError(absl::StrCat(actor.type, " is not known here"));
}

}  // namespace

ActorStates::ActorStates() = default;

ActorStates::~ActorStates() = default;

void ActorStates::Begin(std::vector<actor::HostedType> hosted) {
  auto known = std::make_unique<Known>();
  std::vector<const generated::ProtoFile*> files;
  for (actor::HostedType& type : hosted) {
    if (!type.type->persist || type.type->proto == nullptr) continue;
    files.push_back(&type.type->proto());
    known->types.emplace(std::string(type.type->name), std::move(type));
  }
  known->json = std::make_unique<protos::MessageJson>(files);
  MutexLock lock(mutex_);
  if (known_ == nullptr) known_ = std::move(known);
}

const ActorStates::Known* ActorStates::known() const {
  MutexLock lock(mutex_);
  return known_.get();
}

std::vector<std::string> ActorStates::types() const {
  std::vector<std::string> names;
  if (const Known* const all = known()) {
    for (const auto& [name, type] : all->types) names.push_back(name);
  }
  return names;
}

absl::StatusOr<std::string> ActorStates::ToJson(const ActorId& actor, const store::StoredActor& stored) {
  const Known* const all = known();
  if (all == nullptr) return NotHosted(actor);
  const auto found = all->types.find(actor.type);
  if (found == all->types.end()) return NotHosted(actor);
  ONAGER_ASSIGN_OR_RETURN(const std::string snapshot, actor::PresentSnapshot(found->second, actor, stored));
  return all->json->ToJson(std::string(found->second.type->state->state_name), snapshot);
}

absl::StatusOr<store::StoredSnapshot> ActorStates::FromJson(const ActorId& actor, std::string_view json) {
  const Known* const all = known();
  if (all == nullptr) return NotHosted(actor);
  const auto found = all->types.find(actor.type);
  if (found == all->types.end()) return NotHosted(actor);
  ONAGER_ASSIGN_OR_RETURN(const std::string snapshot,
                          all->json->FromJson(std::string(found->second.type->state->state_name), json));
  return actor::SnapshotOfOthers(found->second, actor, snapshot);
}

}  // namespace onager::server
