#include "runtime/actor/dormant_actors.h"

namespace onager::actor {

void DormantActors::Keep(const ActorId& id, DormantActor actor, Time now) {
  (void)Take(id);
  // The store knows it all, or there is nothing to know.
  if (actor.history == nullptr && (actor.revision > 0 || actor.epoch == 0)) return;
  // An entry may be replayed as long as its age is not above the maximum.
  const bool expires = actor.history != nullptr && actor.replay_age_max < kNever - now;
  const Place place{expires ? now + actor.replay_age_max : kNever, ++last_serial_};
  OrderOf(actor).emplace(place, id);
  actors_.emplace(id, Entry{std::move(actor), place});
  Expire(now);
}

std::optional<DormantActor> DormantActors::Take(const ActorId& id) {
  const auto found = actors_.find(id);
  if (found == actors_.end()) return std::nullopt;
  OrderOf(found->second.actor).erase(found->second.place);
  std::optional<DormantActor> actor(std::move(found->second.actor));
  actors_.erase(found);
  return actor;
}

void DormantActors::Drop(const ActorId& id) {
  std::optional<DormantActor> actor = Take(id);
  if (!actor.has_value() || actor->history == nullptr || actor->revision > 0) return;
  actor->history.reset();
  actor->observed.reset();
  const Place place{kNever, ++last_serial_};
  epochs_.emplace(place, id);
  actors_.emplace(id, Entry{*std::move(actor), place});
}

void DormantActors::Expire(Time now) {
  while (!histories_.empty()) {
    const auto first = histories_.begin();
    if (now <= first->first.first && histories_.size() <= kCountMax) break;
    Drop(ActorId(first->second));
  }
  while (epochs_.size() > kCountMax) Drop(ActorId(epochs_.begin()->second));
}

Time DormantActors::next_expiry() const {
  if (histories_.empty() || histories_.begin()->first.first == kNever) return kNever;
  return histories_.begin()->first.first + Duration(1);
}

}  // namespace onager::actor
