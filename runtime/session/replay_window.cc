#include "runtime/session/replay_window.h"

#include <utility>

namespace onager::session {

void ReplayWindow::Append(SharedBytes patch, Time now) {
  bytes_ += patch->size();
  entries_.push_back({++head_, std::move(patch), now});
  while (!entries_.empty() && (entries_.size() > limits_.count_max || bytes_ > limits_.bytes_max ||
                               now - entries_.front().committed_at > limits_.age_max)) {
    DropOldest();
  }
}

bool ReplayWindow::Covers(std::uint64_t revision, Time now) const {
  if (revision == head_) return true;
  if (revision > head_ || head_ - revision > entries_.size()) return false;
  return now - At(revision + 1).committed_at <= limits_.age_max;
}

const LogEntry& ReplayWindow::At(std::uint64_t revision) const {
  return entries_[entries_.size() - 1 - static_cast<std::size_t>(head_ - revision)];
}

void ReplayWindow::DropOldest() {
  bytes_ -= entries_.front().patch->size();
  entries_.pop_front();
}

}  // namespace onager::session
