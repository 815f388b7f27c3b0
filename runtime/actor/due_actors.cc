#include "runtime/actor/due_actors.h"

#include <algorithm>

namespace onager::actor {

std::vector<store::DueActor> DueActors::Choose(const std::vector<store::DueActor>& found, Time now,
                                               absl::Time wall,
                                               absl::FunctionRef<bool(const ActorId&)> is_busy) {
  ++list_;
  std::vector<store::DueActor> chosen;
  std::size_t passed_over = 0;
  bool stopped = false;
  for (const store::DueActor& entry : found) {
    if (chosen.size() == kWokenMax) {
      stopped = true;
      break;
    }
    const auto attempt = attempts_.find(entry.actor);
    if (attempt != attempts_.end()) attempt->second.list = list_;
    if (is_busy(entry.actor) || (attempt != attempts_.end() && now < attempt->second.not_before)) {
      ++passed_over;
      continue;
    }
    if (entry.due <= wall) {
      Attempt& next = attempts_[entry.actor];
      next.delay = std::clamp(next.delay * 2, kAgainMin, kAgainMax);
      next.not_before = now + next.delay;
      next.list = list_;
    }
    chosen.push_back(entry);
  }
  has_more_ = stopped || found.size() >= limit_;
  hides_others_ = has_more_ && chosen.empty() && limit_ < kListMax;
  // Who is in no list any more was helped.
  if (!has_more_) absl::erase_if(attempts_, [this](const auto& one) { return one.second.list != list_; });
  if (!stopped) limit_ = std::min(kListMax, 2 * passed_over + kWokenMax);
  return chosen;
}

}  // namespace onager::actor
