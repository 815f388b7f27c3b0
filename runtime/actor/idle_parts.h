#ifndef ONAGER_RUNTIME_ACTOR_IDLE_PARTS_H_
#define ONAGER_RUNTIME_ACTOR_IDLE_PARTS_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/btree_map.h"
#include "runtime/base/clock.h"

namespace onager::actor {

/// The parts that nobody looks through any more, in the order in which they became so. A part's `idle` is its
/// number here, zero while it is not here. Every operation costs O(log n). Not thread-safe; does not own
/// them.
template <typename Part>
class IdleParts {
 public:
  /// `now` is never before that of an earlier call.
  void Add(Part& part, Time now) {
    if (part.idle != 0) return;
    part.idle = ++last_;
    parts_.emplace(part.idle, Entry{&part, now});
  }
  void Remove(Part& part) {
    if (part.idle == 0) return;
    parts_.erase(part.idle);
    part.idle = 0;
  }
  /// The one that has been here longest, if it came before `since` or they are more than `count_max`; null
  /// otherwise.
  Part* Oldest(Time since, std::size_t count_max) const {
    if (parts_.empty()) return nullptr;
    const Entry& oldest = parts_.begin()->second;
    return oldest.since < since || parts_.size() > count_max ? oldest.part : nullptr;
  }

 private:
  struct Entry {
    Part* part;
    Time since;
  };

  absl::btree_map<std::uint64_t, Entry> parts_;
  std::uint64_t last_ = 0;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_IDLE_PARTS_H_
