#ifndef ONAGER_RUNTIME_STORE_SQLITE_ROW_CACHE_H_
#define ONAGER_RUNTIME_STORE_SQLITE_ROW_CACHE_H_

#include <cstddef>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "runtime/base/actor_id.h"
#include "runtime/store/sqlite/actor_rows.h"

namespace onager::store {

/// The rows of the actors that were written lately, so that the next commit of one need not look for it. Two
/// generations: when the young one is full, it becomes the old one, and what is not used of that goes. A
/// value.
class RowCache {
 public:
  static constexpr std::size_t kGenerationMax = 16'384;

  /// Null when it is not here. Holds until the cache is used again.
  ActorRow* Find(const ActorId& actor) {
    if (const auto found = young_.find(actor); found != young_.end()) return &found->second;
    const auto found = old_.find(actor);
    if (found == old_.end()) return nullptr;
    const ActorRow row = found->second;
    old_.erase(found);
    return &Insert(actor, row);
  }

  void Set(const ActorId& actor, const ActorRow& row) {
    if (ActorRow* found = Find(actor)) {
      *found = row;
    } else {
      Insert(actor, row);
    }
  }

  void Clear() {
    young_.clear();
    old_.clear();
  }

 private:
  ActorRow& Insert(const ActorId& actor, const ActorRow& row) {
    if (young_.size() >= kGenerationMax) {
      old_ = std::move(young_);
      young_ = {};
    }
    return young_.insert_or_assign(actor, row).first->second;
  }

  absl::flat_hash_map<ActorId, ActorRow> young_;
  absl::flat_hash_map<ActorId, ActorRow> old_;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_ROW_CACHE_H_
