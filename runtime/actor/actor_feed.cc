#include "runtime/actor/actor_feed.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace onager::actor {
namespace {

using session::FeedRead;
using session::FeedStep;
using session::Position;

// A reader that is behind by more than this gets one composed patch instead of the single ones.
constexpr std::uint64_t kSingleStepsMax = 256;

// Patches of this size after an older snapshot cost less than encoding a fresh one, however small the state.
constexpr std::size_t kPatchesAfterSnapshotMin = 4096;

}  // namespace

ActorFeed::ActorFeed(const generated::StateCodec& codec, session::ReplayLimits limits, Position head,
                     absl::AnyInvocable<void() const> request_snapshot)
    : codec_(codec),
      limits_(limits),
      request_snapshot_(std::move(request_snapshot)),
      epoch_(head.epoch),
      window_(limits, head.revision) {}

void ActorFeed::Publish(SharedBytes patch, Time now) {
  {
    MutexLock lock(mutex_);
    window_.Append(std::move(patch), now);
  }
  NotifyListeners();
}

void ActorFeed::PublishSnapshot(std::uint64_t revision, SharedBytes snapshot) {
  {
    MutexLock lock(mutex_);
    snapshot_ = std::move(snapshot);
    snapshot_revision_ = revision;
    snapshot_requested_ = false;
  }
  NotifyListeners();
}

void ActorFeed::Restart(Position head) {
  {
    MutexLock lock(mutex_);
    epoch_ = head.epoch;
    window_ = session::ReplayWindow(limits_, head.revision);
    snapshot_.reset();
    snapshot_requested_ = false;
    composed_.reset();
  }
  NotifyListeners();
}

void ActorFeed::End(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    end_ = status;
  }
  NotifyListeners();
}

ActorFeed::ListenerId ActorFeed::AddListener(std::shared_ptr<Listener> listener) {
  MutexLock lock(mutex_);
  const ListenerId id = ++last_listener_;
  listeners_.emplace(id, std::move(listener));
  return id;
}

void ActorFeed::RemoveListener(ListenerId id) {
  MutexLock lock(mutex_);
  listeners_.erase(id);
}

std::size_t ActorFeed::listener_count() const {
  MutexLock lock(mutex_);
  return listeners_.size();
}

void ActorFeed::NotifyListeners() {
  std::vector<std::shared_ptr<Listener>> listeners;
  {
    MutexLock lock(mutex_);
    listeners.reserve(listeners_.size());
    for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
  }
  for (const std::shared_ptr<Listener>& listener : listeners) (*listener)();
}

Position ActorFeed::head() const {
  MutexLock lock(mutex_);
  return {epoch_, window_.head()};
}

FeedRead ActorFeed::Read(const std::optional<Position>& from, std::size_t bytes_max, Time now) {
  bool request = false;
  FeedRead read;
  {
    MutexLock lock(mutex_);
    if (end_.has_value()) {
      read.kind = FeedRead::Kind::kEnded;
      read.end = *end_;
    } else if (!from.has_value()) {
      read = FindCheapSnapshot(FeedRead::Why::kNoPosition, now, request);
    } else if (from->epoch != epoch_ || from->revision > window_.head()) {
      // A position ahead of the head belongs to a history that was lost.
      read = FindCheapSnapshot(FeedRead::Why::kOtherEpoch, now, request);
    } else if (!window_.Covers(from->revision, now)) {
      read = FindCheapSnapshot(FeedRead::Why::kOutsideWindow, now, request);
    } else {
      read = ReadSteps(from->revision, bytes_max, request);
    }
  }
  if (request) request_snapshot_();
  return read;
}

FeedRead ActorFeed::ReadSnapshot(const Position& at_least, Time now) {
  bool request = false;
  FeedRead read;
  {
    MutexLock lock(mutex_);
    if (end_.has_value()) {
      read.kind = FeedRead::Kind::kEnded;
      read.end = *end_;
    } else if (at_least.epoch != epoch_) {
      read = FindCheapSnapshot(FeedRead::Why::kOtherEpoch, now, request);
    } else {
      read = FindSnapshot(FeedRead::Why::kNoPosition, at_least.revision, request);
    }
  }
  if (request) request_snapshot_();
  return read;
}

FeedRead ActorFeed::FindCheapSnapshot(FeedRead::Why why, Time now, bool& request) {
  FeedRead read;
  read.why = why;
  // An older snapshot serves as long as the patches after it are here and cost less than a fresh one.
  // A reader that must give its position up gets a later one: what is outside the window is older than this.
  if (snapshot_ != nullptr && window_.Covers(snapshot_revision_, now)) {
    std::size_t cost = 0;
    const std::size_t cost_max = std::max(kPatchesAfterSnapshotMin, snapshot_->size() / 2);
    std::uint64_t revision = snapshot_revision_;
    while (revision < window_.head() && cost <= cost_max) cost += window_.At(++revision).patch->size();
    if (revision == window_.head() && cost <= cost_max) {
      read.kind = FeedRead::Kind::kSnapshot;
      read.at = {epoch_, snapshot_revision_};
      read.snapshot = snapshot_;
      return read;
    }
  }
  return AwaitSnapshot(why, window_.head(), request);
}

// What comes after it does not matter: a reader that waited is served, even if the next thing it needs is
// another snapshot.
FeedRead ActorFeed::FindSnapshot(FeedRead::Why why, std::uint64_t revision_min, bool& request) {
  if (snapshot_ == nullptr || snapshot_revision_ < revision_min) {
    return AwaitSnapshot(why, revision_min, request);
  }
  FeedRead read;
  read.kind = FeedRead::Kind::kSnapshot;
  read.why = why;
  read.at = {epoch_, snapshot_revision_};
  read.snapshot = snapshot_;
  return read;
}

FeedRead ActorFeed::AwaitSnapshot(FeedRead::Why why, std::uint64_t revision_min, bool& request) {
  FeedRead read;
  read.kind = FeedRead::Kind::kSnapshotPending;
  read.why = why;
  read.at = {epoch_, revision_min};
  request = !snapshot_requested_;
  snapshot_requested_ = true;
  return read;
}

FeedRead ActorFeed::ReadSteps(std::uint64_t from, std::size_t bytes_max, bool& request) {
  FeedRead read;
  const std::uint64_t head = window_.head();
  read.at = {epoch_, head};
  if (from == head) return read;
  read.kind = FeedRead::Kind::kSteps;
  if (head - from <= kSingleStepsMax) {
    std::size_t bytes = 0;
    for (std::uint64_t revision = from + 1; revision <= head; ++revision) {
      const session::LogEntry& entry = window_.At(revision);
      if (!read.steps.empty() && bytes + entry.patch->size() > bytes_max) break;
      bytes += entry.patch->size();
      read.steps.push_back({revision - 1, revision, entry.patch});
    }
    return read;
  }
  if (!composed_.has_value() || composed_->base != from || composed_->revision != head) {
    std::vector<std::string_view> patches;
    patches.reserve(static_cast<std::size_t>(head - from));
    for (std::uint64_t revision = from + 1; revision <= head; ++revision) {
      patches.push_back(*window_.At(revision).patch);
    }
    absl::StatusOr<std::string> patch = codec_.compose(patches);
    if (!patch.ok()) return FindSnapshot(FeedRead::Why::kTooCostly, head, request);
    composed_ = Composed{from, head, ShareBytes(*std::move(patch))};
  }
  if (snapshot_ != nullptr && composed_->patch->size() > snapshot_->size() + bytes_max) {
    return FindSnapshot(FeedRead::Why::kTooCostly, head, request);
  }
  read.steps.push_back({from, head, composed_->patch});
  return read;
}

}  // namespace onager::actor
