#ifndef ONAGER_RUNTIME_SESSION_STATE_FEED_H_
#define ONAGER_RUNTIME_SESSION_STATE_FEED_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "onager/generated/state_hash.h"
#include "runtime/base/clock.h"
#include "runtime/base/shared_bytes.h"

namespace onager::session {

/// A point in an actor's history.
struct Position {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

/// A patch from `base` to `revision`, and the events of the revisions that it spans.
struct FeedStep {
  std::uint64_t base = 0;
  std::uint64_t revision = 0;
  SharedBytes patch;   // Null: nothing has changed in what is seen.
  SharedBytes events;  // As `wire::AppendEvent` makes them; null: none.

  std::size_t size() const {
    return (patch == nullptr ? 0 : patch->size()) + (events == nullptr ? 0 : events->size());
  }
};

/// What follows a position in an actor's committed history.
struct FeedRead {
  enum class Kind {
    kUpToDate,         // Nothing, or nothing that is due.
    kSteps,            // `steps`, which continue the position without a hole.
    kSnapshot,         // `snapshot` at `at`: the position cannot be continued, for the reason `why`.
    kSnapshotPending,  // As above, but the snapshot is still being made; the listener is called when it is
                       // there.
    kEnded,            // There will be nothing more; `end` says why.
  };
  enum class Why {
    kNoPosition,
    kOtherEpoch,
    kOutsideWindow,
    kTooCostly
  };  // The last: a snapshot is cheaper.

  Kind kind = Kind::kUpToDate;
  Why why = Why::kNoPosition;
  Position at;  // The head; for a snapshot the snapshot's own position.
  /// kUpToDate, kSteps: the revision to go on from. What lies between the last step (or the position that was
  /// read from) and it shows nothing, so that a later step may begin at either.
  std::uint64_t through = 0;
  bool held_back = false;  // kUpToDate: there is something after `through` that a filter holds back.
  std::vector<FeedStep> steps;
  SharedBytes snapshot;
  absl::Status end;
  /// How many events of the epoch came up to `through`; of a snapshot, up to `at`. None: it is not known.
  std::optional<std::uint64_t> events_through;
};

/// How far a reader is behind.
struct FeedLag {
  std::uint64_t revisions = 0;
  std::size_t bytes = 0;  // Of steps.
  bool lost = false;      // Some of them are not here any more.
};

/// The committed history of one actor's state, as subscriptions with one filter and one view read it: each
/// keeps a position of its own, and the feed keeps no memory of them. Thread-safe.
class StateFeed {
 public:
  virtual ~StateFeed() = default;
  /// What follows `from`; at most about `bytes_max` of steps, and at least one. `due`: also what the filter
  /// would hold back.
  /// Up to `covered` the reader knows that the filter held everything back. `each`: what the reader is behind
  /// is not made one step because there is much of it.
  virtual FeedRead Read(const std::optional<Position>& from, bool due, std::size_t bytes_max, Time now,
                        std::uint64_t covered = 0, bool each = false) = 0;
  /// What came after that position; nothing where it is of another epoch. `now`: none asks not how old it is.
  virtual FeedLag Lag(const Position& from, std::optional<Time> now) const = 0;
  /// A snapshot of `at_least` or something later in that epoch, or of anything in another epoch. A reader
  /// that was told `kSnapshotPending` asks with the `at` it was given, so that it is served however fast the
  /// state moves on.
  virtual FeedRead ReadSnapshot(const Position& at_least, Time now) = 0;
  /// The hash of what is seen at that position. Null when it is not known, as nothing is hashed before it is
  /// asked for; then it may be known the next time. Of a position that something follows it never is.
  virtual std::shared_ptr<const generated::StateHash> Hash(const Position& at, Time now) = 0;
  virtual Position head() const = 0;
  /// Whether `Read` would say `kEnded`.
  virtual bool ended() const = 0;
  /// Between two deliveries to one reader, at least. Its readers' to keep; what comes then is one step.
  virtual Duration min_interval() const { return Duration::zero(); }
  /// How many events came after the one position, up to the other, as far as is remembered.
  virtual std::uint64_t CountEvents(const Position& after, const Position& through) const = 0;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_STATE_FEED_H_
