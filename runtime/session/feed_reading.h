#ifndef ONAGER_RUNTIME_SESSION_FEED_READING_H_
#define ONAGER_RUNTIME_SESSION_FEED_READING_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "onager/resync_reason.h"
#include "runtime/base/clock.h"
#include "runtime/session/state_feed.h"

// How a reader of a feed goes on: the same for a subscription of a session and for a plain watch.
namespace onager::session {

struct ReadingFrom {
  std::optional<Position> position;  // Unset: a snapshot is wanted.
  /// This snapshot or a later one is waited for, and why is known already.
  std::optional<Position> snapshot_wanted;
  std::uint64_t due_through = 0;  // Up to here the filter is not asked.
  std::uint64_t covered = 0;      // As in `StateFeed::Read`.
  bool each = false;              // The same.
};

/// What follows, or a snapshot in place of steps of which one is larger than `step_bytes_max`.
FeedRead ReadOn(StateFeed& feed, const ReadingFrom& from, std::size_t bytes_max, std::size_t step_bytes_max,
                Time now);

/// Why a reader that cannot go on where it stands is given a snapshot. `known` is the reason of one that has
/// no position, and `resuming` is who has been told nothing yet.
ResyncReason ReasonOf(FeedRead::Why why, bool resuming, ResyncReason known);

/// When a reader may be given something again: the feed's interval after the last time.
class DeliveryPace {
 public:
  void NoteDelivery(const StateFeed& feed, Time now);
  /// The feed's head, where all that follows `position` has to wait until `next`; none where it has not. The
  /// end of the actor and that of its epoch are told at once.
  std::optional<Position> HoldsBackUpTo(const StateFeed& feed, const Position& position, Time now) const;
  Time next() const { return next_; }

 private:
  Time next_{};
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_FEED_READING_H_
