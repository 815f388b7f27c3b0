#include "runtime/actor/dormant_actors.h"

namespace onager::actor {

void DormantActors::Keep(const ActorId& id, DormantActor actor, Time now) {
  // The store knows it all, or there is nothing to know.
  if (actor.history == nullptr && (actor.revision > 0 || actor.epoch == 0)) return;
  const std::uint64_t serial = ++last_serial_;
  std::deque<Mark>& marks = actor.history != nullptr ? histories_ : epochs_;
  // An entry may be replayed as long as its age is not above the maximum.
  const bool expires = actor.history != nullptr && replay_age_max_ < kNever - now;
  marks.push_back({id, serial, expires ? now + replay_age_max_ : kNever});
  actors_.insert_or_assign(id, Entry{std::move(actor), serial});
  // Each round is paid for by the marks that have come since the last one.
  if (marks.size() > 2 * actors_.size() + 16) {
    std::erase_if(marks, [this](const Mark& mark) { return Find(mark) == actors_.end(); });
  }
  Expire(now);
}

std::optional<DormantActor> DormantActors::Take(const ActorId& id) {
  const auto found = actors_.find(id);
  if (found == actors_.end()) return std::nullopt;
  std::optional<DormantActor> actor(std::move(found->second.actor));
  actors_.erase(found);
  return actor;
}

DormantActors::Actors::iterator DormantActors::Find(const Mark& mark) {
  const auto found = actors_.find(mark.id);
  return found != actors_.end() && found->second.serial == mark.serial ? found : actors_.end();
}

void DormantActors::Expire(Time now) {
  while (!histories_.empty()) {
    const auto found = Find(histories_.front());
    const bool too_many = histories_.size() > kCountMax;
    if (found != actors_.end() && now <= histories_.front().expires_at && !too_many) break;
    if (found != actors_.end()) {
      Entry& entry = found->second;
      entry.actor.history.reset();
      entry.actor.observed.reset();
      if (entry.actor.revision == 0) {
        epochs_.push_back({histories_.front().id, entry.serial, kNever});
      } else {
        actors_.erase(found);
      }
    }
    histories_.pop_front();
  }
  while (!epochs_.empty()) {
    const auto found = Find(epochs_.front());
    if (found != actors_.end() && epochs_.size() <= kCountMax) break;
    if (found != actors_.end()) actors_.erase(found);
    epochs_.pop_front();
  }
}

Time DormantActors::next_expiry() const {
  if (histories_.empty() || histories_.front().expires_at == kNever) return kNever;
  return histories_.front().expires_at + Duration(1);
}

}  // namespace onager::actor
