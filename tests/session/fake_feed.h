#ifndef ONAGER_TESTS_SESSION_FAKE_FEED_H_
#define ONAGER_TESTS_SESSION_FAKE_FEED_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/session/replay_window.h"
#include "runtime/session/state_feed.h"

namespace onager::session {

/// A history of a state that is one number. A patch says by how much it grows, so that a patch that is lost,
/// applied twice or applied to another state shows. Single-threaded.
class FakeFeed final : public StateFeed {
 public:
  FakeFeed(std::uint64_t epoch, std::uint64_t revision) : epoch_(epoch), window_(limits_, revision) {
    Note();
  }

  // What a patch and a snapshot hold, with as many more bytes as are asked for.
  static std::string Patch(std::uint64_t growth, std::size_t padding = 0);
  std::string Snapshot() const;
  static std::uint64_t ReadNumber(std::string_view bytes);

  void Commit(std::uint64_t growth, Time now, std::size_t padding = 0);
  /// A revision that shows nothing, and one with that event, in which the state may grow too.
  void CommitNothing(Time now);
  void CommitEvent(std::string_view event, Time now, std::uint64_t growth = 0);
  /// Commits are held back from now on, until one is made while the filter is open again. Events pass.
  void set_filter_open(bool open) { filter_open_ = open; }
  /// The filter has not been asked about what came before.
  void set_opened(std::uint64_t revision) { opened_ = revision; }
  /// Another history takes over, with a head that says nothing about the old one.
  void Restart(std::uint64_t epoch, std::uint64_t revision, std::uint64_t value);
  void End(const absl::Status& status) { end_ = status; }

  void set_limits(ReplayLimits limits);
  void set_snapshot_padding(std::size_t bytes) { snapshot_padding_ = bytes; }
  /// Snapshots are made only by `MakeSnapshot`, as an actor's are between turns.
  void set_snapshots_wait(bool wait) { snapshots_wait_ = wait; }
  void MakeSnapshot();
  bool snapshot_asked() const { return snapshot_asked_; }
  /// Deliveries are to be so far apart, each of them one step.
  void LimitRate(Duration min_interval) {
    min_interval_ = min_interval;
    single_steps_max_ = 1;
  }
  /// More steps than this are composed into one.
  void set_single_steps_max(std::size_t count) { single_steps_max_ = count; }

  FeedRead Read(const std::optional<Position>& from, bool due, std::size_t bytes_max, Time now,
                std::uint64_t covered = 0, bool each = false) override;
  FeedLag Lag(const Position& from, std::optional<Time> now) const override;
  FeedRead ReadSnapshot(const Position& at_least, Time now) override;
  /// The number itself, in two slices.
  std::shared_ptr<const generated::StateHash> Hash(const Position& at, Time now) override;
  /// Whether hashes are known.
  void set_hashes(bool known) { hashes_ = known; }
  Position head() const override { return {epoch_, window_.head()}; }
  bool ended() const override { return end_.has_value(); }
  Duration min_interval() const override { return min_interval_; }
  std::uint64_t CountEvents(const Position& after, const Position& through) const override;
  std::uint64_t value() const { return value_; }
  /// The number at each position that was ever committed.
  const std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t>& truth() const { return truth_; }
  /// How many events of its epoch had come by then.
  const std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t>& event_counts() const {
    return event_counts_;
  }
  int reads() const { return reads_; }

 private:
  void Append(SharedBytes patch, SharedBytes events, Time now);
  FeedRead Snapshot(FeedRead::Why why, std::uint64_t revision_min);
  void Note() {
    truth_[{epoch_, window_.head()}] = value_;
    event_counts_[{epoch_, window_.head()}] = event_at_.size();
  }

  std::uint64_t epoch_;
  ReplayLimits limits_;
  ReplayWindow window_;
  std::uint64_t value_ = 0;
  std::size_t snapshot_padding_ = 0;
  std::size_t single_steps_max_ = 1000;
  bool filter_open_ = true;
  std::uint64_t opened_ = 0;             // The last revision that the filter let pass.
  std::vector<std::uint64_t> event_at_;  // The revision of each event.
  bool hashes_ = true;
  bool snapshots_wait_ = false;
  bool snapshot_asked_ = false;
  SharedBytes snapshot_;
  Position snapshot_at_;
  std::optional<absl::Status> end_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> truth_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> event_counts_;
  int reads_ = 0;
  Duration min_interval_ = Duration::zero();
};

}  // namespace onager::session

#endif  // ONAGER_TESTS_SESSION_FAKE_FEED_H_
