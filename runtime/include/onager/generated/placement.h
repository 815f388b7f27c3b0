#ifndef ONAGER_GENERATED_PLACEMENT_H_
#define ONAGER_GENERATED_PLACEMENT_H_

#include "onager/generated/journal.h"

namespace onager::generated {

inline bool WasInserted(const ElementChange& change) { return !change.was_present && change.is_present; }
inline bool WasRemoved(const ElementChange& change) { return change.was_present && !change.is_present; }
inline bool MayStandElsewhere(const ElementChange& change) {
  return change.is_present && (change.moved || !change.was_present);
}

// Calls `place(element, is_new)` for the elements that were inserted or moved, so that each stands behind an
// element that stayed or that was given before. Elements that were moved and are back are left out: such a
// one stands behind the element it stood behind when the turn began, and that one stays as well.
template <typename F>
void ForEachPlacement(const ContainerChange& list, F place) {
  for (const ElementChange* head = list.first; head != nullptr; head = head->next) {
    if (!MayStandElsewhere(*head)) continue;
    const auto* link = static_cast<const ListLink*>(head->slot);
    const ElementChange* before = link->previous->change;
    if (before != nullptr && MayStandElsewhere(*before)) continue;  // Not the first of its run.
    bool previous_stays = true;
    for (const ElementChange* change = head; change != nullptr && MayStandElsewhere(*change);
         link = link->next, change = link->change) {
      const bool stays = previous_stays && change->was_present && change->original_previous == link->previous;
      if (!stays) place(*change, !change->was_present);
      previous_stays = stays;
    }
  }
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PLACEMENT_H_
