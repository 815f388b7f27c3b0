#ifndef ONAGER_RUNTIME_STORE_SQLITE_ROW_CACHE_H_
#define ONAGER_RUNTIME_STORE_SQLITE_ROW_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/node_hash_map.h"
#include "runtime/base/actor_id.h"
#include "runtime/store/sqlite/actor_rows.h"

namespace onager::store {

/// What the writer knows of an actor's row.
struct CachedRow {
  CachedRow() = default;

  ActorRow row;
  std::uint32_t seed = 0;   // `RowChecksum::Seed` of the actor.
  bool exists = false;      // There is such an actor.
  bool is_in_file = false;  // The file has a row of it, which may be an older one.
  bool is_changed = false;  // It is not in the file as it is here.
};

/// The rows of the actors that were written lately, so that the next commit of one need not look for it. Two
/// generations: when the young one is full, it becomes the old one, and what is not used of that goes. A
/// value.
class RowCache {
 public:
  using Entry = std::pair<const ActorId, CachedRow>;

  /// Null when it is not here. Stays where it is until `Age` or `Clear`.
  Entry* Find(const ActorId& actor) {
    if (const auto found = young_.find(actor); found != young_.end()) return &*found;
    const auto found = old_.find(actor);
    if (found == old_.end()) return nullptr;
    return &*young_.insert(old_.extract(found)).position;
  }

  /// One that is not here.
  Entry& Insert(const ActorId& actor) { return *young_.try_emplace(actor).first; }

  /// To be called now and then, when nothing is changed: makes room.
  void Age() {
    if (young_.size() < kGenerationMax) return;
    old_ = std::move(young_);
    young_.clear();
  }

  void Clear() {
    young_.clear();
    old_.clear();
  }

 private:
  static constexpr std::size_t kGenerationMax = 16'384;

  absl::node_hash_map<ActorId, CachedRow> young_;
  absl::node_hash_map<ActorId, CachedRow> old_;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_ROW_CACHE_H_
