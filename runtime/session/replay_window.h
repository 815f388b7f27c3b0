#ifndef ONAGER_RUNTIME_SESSION_REPLAY_WINDOW_H_
#define ONAGER_RUNTIME_SESSION_REPLAY_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "runtime/base/clock.h"
#include "runtime/base/shared_bytes.h"

namespace onager::session {

struct ReplayLimits {
  std::size_t count_max = 1024;
  std::size_t bytes_max = 1u << 20;
  Duration age_max = std::chrono::minutes(5);
};

/// One committed revision: the patch that leads from `revision - 1` to it.
struct LogEntry {
  std::uint64_t revision = 0;
  SharedBytes patch;
  Time committed_at{};
};

/// The newest revisions of one epoch, without a hole, as far back as its limits allow. A plain object.
class ReplayWindow {
 public:
  ReplayWindow(ReplayLimits limits, std::uint64_t head) : limits_(limits), head_(head) {}

  /// Appends the revision after `head()`.
  void Append(SharedBytes patch, Time now);

  std::uint64_t head() const { return head_; }

  /// Whether every revision after `revision` is still here and young enough. True for the head itself,
  /// however old.
  bool Covers(std::uint64_t revision, Time now) const;

  /// The entry of a revision that `Covers(revision - 1)` vouches for.
  const LogEntry& At(std::uint64_t revision) const;

  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  void DropOldest();

  ReplayLimits limits_;
  std::uint64_t head_;
  std::size_t bytes_ = 0;
  std::deque<LogEntry> entries_;  // Ends with `head_`.
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_REPLAY_WINDOW_H_
