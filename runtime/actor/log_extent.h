#ifndef ONAGER_RUNTIME_ACTOR_LOG_EXTENT_H_
#define ONAGER_RUNTIME_ACTOR_LOG_EXTENT_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/time/time.h"
#include "runtime/session/replay_window.h"
#include "runtime/store/store.h"

namespace onager::actor {

/// How far back an actor's stored log is of use: as far as somebody may resume from, within the replay
/// limits. Knows the sizes of the steps, not the steps. A plain object.
class LogExtent {
 public:
  explicit LogExtent(session::ReplayLimits limits) : limits_(limits) {}

  /// What the store has, in place of what was known.
  void Load(const store::StoredActor& stored);
  /// The log begins anew at this revision.
  void Restart(std::uint64_t revision);
  /// A step that leads to the next revision.
  void Add(const store::LogStep& step);

  /// The revision that nobody asks for anything before any more.
  std::uint64_t Floor(absl::Time now);

 private:
  struct Step {
    std::uint64_t revision;
    std::size_t bytes;
    absl::Time committed_at;
  };

  void AddStep(std::uint64_t revision, std::size_t patch_bytes, const SharedBytes& events,
               absl::Time committed_at);

  const session::ReplayLimits limits_;
  std::deque<Step> steps_;  // Those after the floor.
  std::size_t bytes_ = 0;
  std::uint64_t floor_ = 0;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_LOG_EXTENT_H_
