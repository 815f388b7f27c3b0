#include "runtime/actor/log_extent.h"

namespace onager::actor {

void LogExtent::Load(const store::StoredActor& stored) {
  Restart(stored.log.empty() ? stored.revision : stored.log.front().revision - 1);
  for (const store::LogStep& step : stored.log) Add(step);
}

void LogExtent::Restart(std::uint64_t revision) {
  steps_.clear();
  bytes_ = 0;
  floor_ = revision;
}

void LogExtent::Add(const store::LogStep& step) {
  const std::size_t bytes = step.patch->size() + (step.events == nullptr ? 0 : step.events->size());
  steps_.push_back({step.revision, bytes, step.committed_at});
  bytes_ += bytes;
  // What is too old goes later: that takes the time.
  while (steps_.size() > limits_.count_max || (bytes_ > limits_.bytes_max && !steps_.empty())) {
    floor_ = steps_.front().revision;
    bytes_ -= steps_.front().bytes;
    steps_.pop_front();
  }
}

std::uint64_t LogExtent::Floor(absl::Time now) {
  while (!steps_.empty() && now - steps_.front().committed_at > absl::FromChrono(limits_.age_max)) {
    floor_ = steps_.front().revision;
    bytes_ -= steps_.front().bytes;
    steps_.pop_front();
  }
  return floor_;
}

}  // namespace onager::actor
