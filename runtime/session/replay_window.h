#ifndef ONAGER_RUNTIME_SESSION_REPLAY_WINDOW_H_
#define ONAGER_RUNTIME_SESSION_REPLAY_WINDOW_H_

#include <algorithm>
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

/// One committed revision that shows something.
struct LogEntry {
  std::uint64_t revision = 0;
  SharedBytes patch;   // Null: there are only events.
  SharedBytes events;  // As `wire::AppendEvent` makes them; null: none.
  Time committed_at{};
  std::uint64_t bytes_through = 0;  // Of all entries that ever were, up to this one.

  std::size_t size() const {
    return (patch == nullptr ? 0 : patch->size()) + (events == nullptr ? 0 : events->size());
  }
};

/// The newest revisions of one epoch, as far back as its limits allow. A revision that shows nothing is not
/// kept, and costs nothing: it is known to show nothing. A plain object.
class ReplayWindow {
 public:
  using Iterator = std::deque<LogEntry>::const_iterator;

  ReplayWindow(ReplayLimits limits, std::uint64_t head) : limits_(limits), floor_(head), head_(head) {}

  /// The revisions after `head()`, up to this one, show nothing. O(1), however many they are; nothing where
  /// `head()` is there already.
  void AdvanceTo(std::uint64_t revision) { head_ = std::max(head_, revision); }
  /// Drops what is too old to be read.
  void Trim(Time now);

  /// Puts what another window holds of the revisions before this one's in front, where it reaches to them.
  void AddPast(const ReplayWindow& past);

  /// Appends the revision after `head()`. Both may be null.
  void Append(SharedBytes patch, SharedBytes events, Time now);

  std::uint64_t head() const { return head_; }
  /// It holds nothing of this revision and those before.
  std::uint64_t floor() const { return floor_; }

  /// Whether all that came after `revision` is still here and young enough. True where nothing came, however
  /// old it is.
  bool Covers(std::uint64_t revision, Time now) const;

  /// Whether all that came after `revision` is still here, however old.
  bool Holds(std::uint64_t revision) const { return revision >= floor_ && revision <= head_; }

  /// The first entry after a revision that is covered.
  Iterator After(std::uint64_t revision) const;
  Iterator end() const { return entries_.end(); }

  /// The bytes of all entries after a revision that it holds.
  std::size_t BytesAfter(std::uint64_t revision) const;

  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  void DropOldest();

  ReplayLimits limits_;
  std::uint64_t floor_;  // What came after it is here.
  std::uint64_t head_;
  std::size_t bytes_ = 0;
  std::uint64_t bytes_ever_ = 0;
  std::deque<LogEntry> entries_;  // In the order of their revisions.
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_REPLAY_WINDOW_H_
