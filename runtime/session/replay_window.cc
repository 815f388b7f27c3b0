#include "runtime/session/replay_window.h"

#include <algorithm>
#include <utility>

namespace onager::session {

void ReplayWindow::Append(SharedBytes patch, SharedBytes events, Time now) {
  ++head_;
  if (patch != nullptr || events != nullptr) {
    entries_.push_back({head_, std::move(patch), std::move(events), now});
    bytes_ += entries_.back().size();
    bytes_ever_ += entries_.back().size();
    entries_.back().bytes_through = bytes_ever_;
  }
  Trim(now);
}

void ReplayWindow::AddPast(const ReplayWindow& past) {
  if (past.head_ < floor_ || past.floor_ >= floor_) return;
  // Sums of bytes wrap around: only their differences are looked at.
  std::uint64_t through =
      entries_.empty() ? bytes_ever_ : entries_.front().bytes_through - entries_.front().size();
  const std::uint64_t floor = floor_;
  for (auto entry = past.entries_.rbegin(); entry != past.entries_.rend(); ++entry) {
    if (entry->revision > floor) continue;
    bytes_ += entry->size();
    entries_.push_front(*entry);
    entries_.front().bytes_through = through;
    through -= entry->size();
  }
  floor_ = past.floor_;
}

void ReplayWindow::Trim(Time now) {
  while (!entries_.empty() && (entries_.size() > limits_.count_max || bytes_ > limits_.bytes_max ||
                               now - entries_.front().committed_at > limits_.age_max)) {
    DropOldest();
  }
}

bool ReplayWindow::Covers(std::uint64_t revision, Time now) const {
  if (!Holds(revision)) return false;
  const Iterator first = After(revision);
  return first == entries_.end() || now - first->committed_at <= limits_.age_max;
}

ReplayWindow::Iterator ReplayWindow::After(std::uint64_t revision) const {
  return std::partition_point(entries_.begin(), entries_.end(),
                              [revision](const LogEntry& entry) { return entry.revision <= revision; });
}

std::size_t ReplayWindow::BytesAfter(std::uint64_t revision) const {
  const Iterator first = After(revision);
  if (first == entries_.end()) return 0;
  return static_cast<std::size_t>(bytes_ever_ - first->bytes_through) + first->size();
}

void ReplayWindow::DropOldest() {
  floor_ = entries_.front().revision;
  bytes_ -= entries_.front().size();
  entries_.pop_front();
}

}  // namespace onager::session
