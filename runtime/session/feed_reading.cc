#include "runtime/session/feed_reading.h"

namespace onager::session {

FeedRead ReadOn(StateFeed& feed, const ReadingFrom& from, std::size_t bytes_max, std::size_t step_bytes_max,
                Time now) {
  if (from.snapshot_wanted.has_value()) {
    FeedRead read = feed.ReadSnapshot(*from.snapshot_wanted, now);
    read.why = FeedRead::Why::kNoPosition;  // The reason is known already.
    return read;
  }
  const bool due = from.position.has_value() && from.position->revision < from.due_through;
  FeedRead read = feed.Read(from.position, due, bytes_max, now, from.covered, from.each);
  for (const FeedStep& step : read.steps) {
    if (step.size() <= step_bytes_max) continue;
    const Position after{read.at.epoch, step.revision};
    read = feed.ReadSnapshot(after, now);
    read.why = FeedRead::Why::kTooCostly;
    break;
  }
  return read;
}

ResyncReason ReasonOf(FeedRead::Why why, bool resuming, ResyncReason known) {
  switch (why) {
    case FeedRead::Why::kNoPosition:
      return known;
    case FeedRead::Why::kOtherEpoch:
      return ResyncReason::kNewEpoch;
    case FeedRead::Why::kOutsideWindow:
      return resuming ? ResyncReason::kExpired : ResyncReason::kLagged;
    case FeedRead::Why::kTooCostly:
      return ResyncReason::kLagged;
  }
  return known;
}

void DeliveryPace::NoteDelivery(const StateFeed& feed, Time now) {
  const Duration interval = feed.min_interval();
  next_ = interval < kNever - now ? now + interval : kNever;
}

std::optional<Position> DeliveryPace::HoldsBackUpTo(const StateFeed& feed, const Position& position,
                                                    Time now) const {
  if (now >= next_ || feed.ended()) return std::nullopt;
  const Position head = feed.head();
  if (head.epoch != position.epoch) return std::nullopt;
  return head;
}

}  // namespace onager::session
