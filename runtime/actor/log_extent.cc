#include "runtime/actor/log_extent.h"

namespace onager::actor {

void LogExtent::Load(const store::StoredActor& stored) {
  const std::uint64_t begin = stored.log.empty() ? stored.revision : stored.log.front().revision - 1;
  Restart(stored.earlier == nullptr ? begin : stored.earlier->front().revision - 1);
  if (stored.earlier != nullptr) {
    for (const store::EarlierStep& step : *stored.earlier) {
      AddStep(step.revision, step.patch_bytes, step.events, step.committed_at);
    }
  }
  for (const store::LogStep& step : stored.log) Add(step);
}

void LogExtent::Restart(std::uint64_t revision) {
  steps_.clear();
  bytes_ = 0;
  floor_ = revision;
}

void LogExtent::Add(const store::LogStep& step) {
  AddStep(step.revision, step.patch->size(), step.events, step.committed_at);
}

void LogExtent::AddStep(std::uint64_t revision, std::size_t patch_bytes, const SharedBytes& events,
                        absl::Time committed_at) {
  const std::size_t bytes = patch_bytes + (events == nullptr ? 0 : events->size());
  steps_.push_back({revision, bytes, committed_at});
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
