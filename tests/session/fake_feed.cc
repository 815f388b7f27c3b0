#include "tests/session/fake_feed.h"

#include <algorithm>
#include <cstdlib>

#include "runtime/wire/batch.h"

namespace onager::session {

std::string FakeFeed::Patch(std::uint64_t growth, std::size_t padding) {
  return std::to_string(growth) + "|" + std::string(padding, '.');
}

std::string FakeFeed::Snapshot() const { return Patch(value_, snapshot_padding_); }

std::uint64_t FakeFeed::ReadNumber(std::string_view bytes) {
  return std::strtoull(std::string(bytes.substr(0, bytes.find('|'))).c_str(), nullptr, 10);
}

void FakeFeed::Commit(std::uint64_t growth, Time now, std::size_t padding) {
  value_ += growth;
  Append(ShareBytes(Patch(growth, padding)), nullptr, now);
}

void FakeFeed::CommitNothing(Time now) { Append(nullptr, nullptr, now); }

void FakeFeed::CommitEvent(std::string_view event, Time now, std::uint64_t growth) {
  value_ += growth;
  std::string events;
  wire::AppendEvent(events, event);
  event_at_.push_back(window_.head() + 1);
  opened_ = window_.head() + 1;
  Append(growth == 0 ? nullptr : ShareBytes(Patch(growth)), ShareBytes(std::move(events)), now);
}

void FakeFeed::Append(SharedBytes patch, SharedBytes events, Time now) {
  window_.Append(std::move(patch), std::move(events), now);
  if (filter_open_) opened_ = window_.head();
  Note();
}

std::uint64_t FakeFeed::CountEvents(const Position& after, const Position& through) const {
  if (after.epoch != epoch_ || through.epoch != epoch_) return 0;
  return static_cast<std::uint64_t>(std::count_if(
      event_at_.begin(), event_at_.end(),
      [&](std::uint64_t revision) { return revision > after.revision && revision <= through.revision; }));
}

void FakeFeed::Restart(std::uint64_t epoch, std::uint64_t revision, std::uint64_t value) {
  epoch_ = epoch;
  value_ = value;
  window_ = ReplayWindow(limits_, revision);
  snapshot_.reset();
  snapshot_asked_ = false;
  opened_ = revision;
  event_at_.clear();
  Note();
}

void FakeFeed::set_limits(ReplayLimits limits) {
  limits_ = limits;
  window_ = ReplayWindow(limits_, window_.head());
}

void FakeFeed::MakeSnapshot() {
  snapshot_ = ShareBytes(Snapshot());
  snapshot_at_ = head();
  snapshot_asked_ = false;
}

FeedRead FakeFeed::Snapshot(FeedRead::Why why, std::uint64_t revision_min) {
  if (!snapshots_wait_) MakeSnapshot();
  FeedRead read;
  read.why = why;
  if (snapshot_ == nullptr || snapshot_at_.revision < revision_min) {
    snapshot_asked_ = true;
    read.kind = FeedRead::Kind::kSnapshotPending;
    read.at = {epoch_, revision_min};
    return read;
  }
  read.kind = FeedRead::Kind::kSnapshot;
  read.at = snapshot_at_;
  read.snapshot = snapshot_;
  return read;
}

FeedRead FakeFeed::ReadSnapshot(const Position& at_least, Time /*now*/) {
  ++reads_;
  if (!end_.has_value()) {
    return at_least.epoch == epoch_ ? Snapshot(FeedRead::Why::kNoPosition, at_least.revision)
                                    : Snapshot(FeedRead::Why::kOtherEpoch, window_.head());
  }
  FeedRead read;
  read.kind = FeedRead::Kind::kEnded;
  read.end = *end_;
  return read;
}

std::shared_ptr<const generated::StateHash> FakeFeed::Hash(const Position& at, Time now) {
  if (!hashes_ || at.epoch != epoch_ || !window_.Covers(at.revision, now)) return nullptr;
  if (window_.After(at.revision) != window_.end()) return nullptr;
  auto hash = std::make_shared<generated::StateHash>(2);
  hash->sums = {value_, ~value_};
  return hash;
}

FeedLag FakeFeed::Lag(const Position& from, std::optional<Time> now) const {
  FeedLag lag;
  if (from.epoch != epoch_ || from.revision >= window_.head()) return lag;
  lag.revisions = window_.head() - from.revision;
  lag.lost = now.has_value() ? !window_.Covers(from.revision, *now) : !window_.Holds(from.revision);
  lag.bytes = window_.BytesAfter(from.revision);
  return lag;
}

FeedRead FakeFeed::Read(const std::optional<Position>& from, bool due, std::size_t bytes_max, Time now,
                        std::uint64_t covered, bool each) {
  if (end_.has_value()) return ReadSnapshot(head(), now);
  ++reads_;
  const std::uint64_t head = window_.head();
  if (!from.has_value()) return Snapshot(FeedRead::Why::kNoPosition, head);
  if (from->epoch != epoch_ || from->revision > head) return Snapshot(FeedRead::Why::kOtherEpoch, head);
  if (!due && opened_ <= std::max(from->revision, covered > head ? 0 : covered)) {
    FeedRead read;
    read.at = {epoch_, head};
    read.held_back = !window_.Covers(from->revision, now) || window_.After(from->revision) != window_.end();
    read.through = read.held_back ? from->revision : head;
    return read;
  }
  if (!window_.Covers(from->revision, now)) return Snapshot(FeedRead::Why::kOutsideWindow, head);
  FeedRead read;
  read.at = {epoch_, head};
  read.through = head;
  std::size_t bytes = 0;
  std::uint64_t base = from->revision;
  for (auto entry = window_.After(from->revision); entry != window_.end(); ++entry) {
    if (!read.steps.empty() && bytes + entry->size() > bytes_max) {
      read.through = base;
      break;
    }
    bytes += entry->size();
    read.steps.push_back({base, entry->revision, entry->patch, entry->events});
    base = entry->revision;
  }
  if (!read.steps.empty()) read.kind = FeedRead::Kind::kSteps;
  if (!each && read.steps.size() > single_steps_max_) {
    std::uint64_t growth = 0;
    std::string events;
    for (const FeedStep& step : read.steps) {
      if (step.patch != nullptr) growth += ReadNumber(*step.patch);
      if (step.events != nullptr) events += *step.events;
    }
    SharedBytes joined = events.empty() ? nullptr : ShareBytes(std::move(events));
    read.steps = {{from->revision, base, ShareBytes(Patch(growth)), std::move(joined)}};
  }
  return read;
}

}  // namespace onager::session
