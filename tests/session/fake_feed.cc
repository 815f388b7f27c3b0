#include "tests/session/fake_feed.h"

#include <cstdlib>

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
  window_.Append(ShareBytes(Patch(growth, padding)), now);
  Note();
}

void FakeFeed::Restart(std::uint64_t epoch, std::uint64_t revision, std::uint64_t value) {
  epoch_ = epoch;
  value_ = value;
  window_ = ReplayWindow(limits_, revision);
  snapshot_.reset();
  snapshot_asked_ = false;
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

FeedRead FakeFeed::Read(const std::optional<Position>& from, std::size_t bytes_max, Time now) {
  if (end_.has_value()) return ReadSnapshot(head(), now);
  ++reads_;
  const std::uint64_t head = window_.head();
  if (!from.has_value()) return Snapshot(FeedRead::Why::kNoPosition, head);
  if (from->epoch != epoch_ || from->revision > head) return Snapshot(FeedRead::Why::kOtherEpoch, head);
  if (!window_.Covers(from->revision, now)) return Snapshot(FeedRead::Why::kOutsideWindow, head);
  FeedRead read;
  read.at = {epoch_, head};
  if (from->revision == head) return read;
  read.kind = FeedRead::Kind::kSteps;
  std::size_t bytes = 0;
  for (std::uint64_t revision = from->revision + 1; revision <= head; ++revision) {
    const SharedBytes& patch = window_.At(revision).patch;
    if (!read.steps.empty() && bytes + patch->size() > bytes_max) break;
    bytes += patch->size();
    read.steps.push_back({revision - 1, revision, patch});
  }
  if (read.steps.size() > single_steps_max_) {
    const std::uint64_t last = read.steps.back().revision;
    std::uint64_t growth = 0;
    for (const FeedStep& step : read.steps) growth += ReadNumber(*step.patch);
    read.steps = {{from->revision, last, ShareBytes(Patch(growth))}};
  }
  return read;
}

}  // namespace onager::session
