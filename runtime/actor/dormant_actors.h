#ifndef ONAGER_RUNTIME_ACTOR_DORMANT_ACTORS_H_
#define ONAGER_RUNTIME_ACTOR_DORMANT_ACTORS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "runtime/actor/actor_history.h"
#include "runtime/actor/observed_parts.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"

namespace onager::actor {

/// What is kept, besides the store's, of an actor that is not active.
struct DormantActor {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;  // 0: the store has never heard of it, and only this knows the epoch.
  // Null when nothing could be replayed any more.
  std::shared_ptr<ActorHistory> history;
  std::unique_ptr<ObservedParts> observed;
  Duration replay_age_max{};  // How old what the history has may be.
};

/// The actors that are not active and of which something is kept, each for so long as it can be of use: a
/// history until its entries are too old to be replayed, an epoch that no store knows for ever; those that
/// would go first, or have been here longest, go when there are too many. Whoever comes back for those gets a
/// snapshot that says why. A plain object; its owner locks.
class DormantActors {
 public:
  static constexpr std::size_t kCountMax = 65'536;

  void Keep(const ActorId& id, DormantActor actor, Time now);
  std::optional<DormantActor> Take(const ActorId& id);
  /// Drops what is of no use any more.
  void Expire(Time now);
  /// When `Expire` has something to do next.
  Time next_expiry() const;

  std::size_t size() const { return actors_.size(); }

 private:
  /// The last moment at which an entry is of use, and a number that grows with each entry.
  using Place = std::pair<Time, std::uint64_t>;
  struct Entry {
    DormantActor actor;
    Place place;
  };
  using Order = absl::btree_map<Place, ActorId>;

  Order& OrderOf(const DormantActor& actor) { return actor.history != nullptr ? histories_ : epochs_; }
  /// Without its history, if that is all that is of no use.
  void Drop(const ActorId& id);

  std::uint64_t last_serial_ = 0;
  absl::flat_hash_map<ActorId, Entry> actors_;
  Order histories_;
  Order epochs_;  // Of entries without a history.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_DORMANT_ACTORS_H_
