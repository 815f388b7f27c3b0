#ifndef ONAGER_RUNTIME_ACTOR_DUE_ACTORS_H_
#define ONAGER_RUNTIME_ACTOR_DUE_ACTORS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/clock.h"
#include "runtime/store/store.h"

namespace onager::actor {

/// Which of the actors that a store finds due are to be woken: so many at a time, and those whom it did not
/// help later each time, so that they keep nobody from being found. A plain object; its owner locks.
class DueActors {
 public:
  /// What is woken for one list, and how many a list has at most.
  static constexpr std::size_t kWokenMax = 1024;
  static constexpr std::size_t kListMax = std::size_t{1} << 20;
  /// One that is overdue though it was woken is woken again after this, and twice as long each time.
  static constexpr Duration kAgainMin = std::chrono::seconds(1);
  static constexpr Duration kAgainMax = std::chrono::minutes(1);

  /// How many to ask the store for.
  std::size_t limit() const { return limit_; }

  /// Of what the store has found, the earliest first. `is_busy` says of whom nothing needs to be done: they
  /// are active or will be, or nobody here can wake them.
  std::vector<store::DueActor> Choose(const std::vector<store::DueActor>& found, Time now, absl::Time wall,
                                      absl::FunctionRef<bool(const ActorId&)> is_busy);

  /// Whether the last list had no room for those who come after it; with nobody to be woken in it, these
  /// wait for the next list, which has room.
  bool has_more() const { return has_more_; }
  bool hides_others() const { return hides_others_; }

 private:
  struct Attempt {
    Time not_before{};
    Duration delay{};
    std::uint64_t list = 0;  // The last one that it was in.
  };

  std::size_t limit_ = kWokenMax;
  bool has_more_ = false;
  bool hides_others_ = false;
  std::uint64_t list_ = 0;
  absl::flat_hash_map<ActorId, Attempt> attempts_;  // Of those that were overdue when they were woken.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_DUE_ACTORS_H_
