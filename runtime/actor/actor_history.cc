#include "runtime/actor/actor_history.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/wire/batch.h"

namespace onager::actor {
namespace {

using session::FeedRead;
using session::FeedStep;
using session::LogEntry;
using session::Position;
using session::ReplayWindow;

// A reader that is behind by more than this gets one composed patch instead of the single ones.
constexpr std::ptrdiff_t kSingleStepsMax = 256;

// Patches of this size after an older snapshot cost less than encoding a fresh one, however small the state.
constexpr std::size_t kPatchesAfterSnapshotMin = 4096;

// Readers that move together ask for the same composition; those that do not are few at any moment.
constexpr std::size_t kComposedMax = 4;

// A hash whose slices hold less than this part of what they may is taken in fewer.
constexpr std::size_t kSlicesTooMany = 8;

// Views of which a commit drops what is too old, though it shows nothing through them.
constexpr int kTrimmedPerCommit = 4;

// Revisions with events of which the count is remembered.
constexpr std::size_t kEventRevisionsMax = 4096;

using Listeners = std::vector<std::shared_ptr<FeedListener>>;

void Notify(const Listeners& listeners) {
  for (const std::shared_ptr<FeedListener>& listener : listeners) (*listener)();
}

}  // namespace

ActorHistory::ActorHistory(const generated::StateCodec& codec, session::ReplayLimits limits, Position head)
    : codec_(codec), limits_(limits), head_(head) {}

void ActorHistory::ServeSnapshots(RequestSnapshot request_snapshot) {
  MutexLock lock(mutex_);
  request_snapshot_ = std::move(request_snapshot);
}

bool ActorHistory::ReplaysAnything(Time now) const {
  MutexLock lock(mutex_);
  return std::any_of(views_.begin(), views_.end(), [&](const auto& known) {
    const ReplayWindow& window = known.second->window;
    return window.size() > 0 && now - std::prev(window.end())->committed_at <= limits_.age_max;
  });
}

std::shared_ptr<ViewLog> ActorHistory::AddView(std::uint64_t revision) {
  MutexLock lock(mutex_);
  const std::uint64_t id = ++last_id_;
  return views_.emplace(id, std::make_shared<ViewLog>(id, limits_, revision)).first->second;
}

std::shared_ptr<FilterGate> ActorHistory::AddGate(std::uint64_t revision) {
  MutexLock lock(mutex_);
  const std::uint64_t id = ++last_id_;
  return gates_.emplace(id, std::make_shared<FilterGate>(id, revision)).first->second;
}

void ActorHistory::Forget(const std::shared_ptr<ViewLog>& view) {
  MutexLock lock(mutex_);
  views_.erase(view->id);
}

void ActorHistory::Forget(const std::shared_ptr<FilterGate>& gate) {
  MutexLock lock(mutex_);
  gates_.erase(gate->id);
}

void ActorHistory::AddReader(ViewLog& view, FilterGate* gate) {
  readers_.fetch_add(1);
  view.readers.fetch_add(1);
  if (gate != nullptr) gate->readers.fetch_add(1);
}

void ActorHistory::RemoveReader(const std::shared_ptr<ViewLog>& view,
                                const std::shared_ptr<FilterGate>& gate) {
  MutexLock lock(mutex_);
  if (view->readers.fetch_sub(1) == 1) unread_.views.push_back(view);
  if (gate != nullptr && gate->readers.fetch_sub(1) == 1) unread_.gates.push_back(gate);
  readers_.fetch_sub(1);
}

ActorHistory::Unread ActorHistory::TakeUnread() {
  MutexLock lock(mutex_);
  return std::exchange(unread_, Unread());
}

session::ReplayWindow& ActorHistory::WindowOf(ViewLog& view) const {
  view.window.AdvanceTo(head_.revision);
  return view.window;
}

void ActorHistory::Publish(const ShownCommit& commit, Time now) {
  Listeners listeners;
  {
    MutexLock lock(mutex_);
    const std::uint64_t revision = ++head_.revision;
    for (const std::shared_ptr<FilterGate>& gate : commit.opened) gate->opened = revision;
    if (commit.event_count > 0) {
      events_through_.emplace_back(revision, EventsThrough(revision) + commit.event_count);
      // Those that can still be replayed are known one by one, so that what remains is counted exactly.
      if (events_through_.size() > std::max(kEventRevisionsMax, limits_.count_max)) {
        events_before_ = events_through_.front().second;
        events_through_.pop_front();
      }
    }
    for (const auto& [view, change] : commit.hashes) {
      if (!change.has_value()) view->hash.reset();
      if (view->hash == nullptr) continue;
      if (view->hash.use_count() > 1) view->hash = std::make_shared<generated::StateHash>(*view->hash);
      change->AddTo(*view->hash);
    }
    for (const auto& [view, patch] : commit.patches) {
      if (patch != nullptr) Append(*view, patch, commit, now, listeners);
    }
    if (commit.events != nullptr) {
      // Every view shows them. One whose window is there already came behind this commit.
      for (const auto& [id, view] : views_) {
        if (view->window.head() < revision) Append(*view, nullptr, commit, now, listeners);
      }
    }
    TrimSome(now);
  }
  Notify(listeners);
}

void ActorHistory::Append(ViewLog& view, const SharedBytes& patch, const ShownCommit& commit, Time now,
                          Listeners& listeners) {
  view.window.AdvanceTo(head_.revision - 1);
  view.window.Append(patch, commit.events, now);
  view.composed.clear();
  for (const auto& [id, reader] : view.listeners) {
    if (reader.gate == nullptr || IsDue(*reader.gate, head_.revision - 1))
      listeners.push_back(reader.listener);
  }
}

void ActorHistory::TrimSome(Time now) {
  for (int i = 0; i < kTrimmedPerCommit && !views_.empty(); ++i) {
    auto next = views_.upper_bound(trimmed_);
    if (next == views_.end()) next = views_.begin();
    trimmed_ = next->first;
    next->second->window.Trim(now);
  }
}

void ActorHistory::PublishSnapshot(ViewLog& view, std::uint64_t revision, SharedBytes snapshot) {
  Listeners listeners;
  {
    MutexLock lock(mutex_);
    view.snapshot = std::move(snapshot);
    view.snapshot_revision = revision;
    view.snapshot_events = EventsThrough(revision);
    view.snapshot_requested = false;
    for (const auto& [id, reader] : view.listeners) listeners.push_back(reader.listener);
  }
  Notify(listeners);
}

void ActorHistory::PublishHash(ViewLog& view, generated::StateHash hash) {
  MutexLock lock(mutex_);
  view.hash = std::make_shared<generated::StateHash>(std::move(hash));
  view.hash_requested = false;
}

void ActorHistory::RestoreEvents(const store::StoredActor& stored) {
  MutexLock lock(mutex_);
  if (!events_through_.empty() || events_before_ != 0) return;  // It is known better here.
  std::uint64_t count = 0;
  const auto add = [&count, head = head_.revision](auto& counted, const auto& step) {
    if (step.events == nullptr || step.revision > head) return;
    count += wire::CountEvents(*step.events);
    counted.emplace_back(step.revision, count);
  };
  if (stored.earlier != nullptr) {
    for (const store::EarlierStep& step : *stored.earlier) add(events_through_, step);
  }
  for (const store::LogStep& step : stored.log) add(events_through_, step);
}

void ActorHistory::AddPast(ViewLog& view, FilterGate* gate, const ViewLog& past,
                           const FilterGate* past_gate) {
  MutexLock lock(mutex_);
  view.window.AddPast(past.window);
  if (gate == nullptr || past_gate == nullptr || gate->since < past_gate->since) return;
  if (past.window.head() < gate->since) return;
  // A gate that has not opened since it is here was open last when the past says.
  if (gate->opened == gate->since) gate->opened = past_gate->opened;
  gate->since = past_gate->since;
}

void ActorHistory::Restart(Position head) {
  {
    MutexLock lock(mutex_);
    head_ = head;
    events_through_.clear();
    events_before_ = 0;
    for (const auto& [id, view] : views_) Restart(*view);
    for (const auto& [id, gate] : gates_) gate->since = gate->opened = head.revision;
  }
  NotifyAll();
}

void ActorHistory::Continue() {
  MutexLock lock(mutex_);
  for (const auto& [id, view] : views_) {
    view->hash.reset();
    view->hash_requested = false;
    if (view->window.head() > head_.revision) Restart(*view);
  }
  for (const auto& [id, gate] : gates_) {
    if (gate->since > head_.revision) gate->since = gate->opened = head_.revision;
  }
}

void ActorHistory::Restart(ViewLog& view) {
  view.window = ReplayWindow(limits_, head_.revision);
  view.snapshot.reset();
  view.snapshot_requested = false;
  view.composed.clear();
  view.hash.reset();
  view.hash_requested = false;
}

Position ActorHistory::HeadOf(ViewLog& view) const {
  return {head_.epoch, std::min(head_.revision, WindowOf(view).head())};
}

void ActorHistory::End(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    end_ = status;
  }
  NotifyAll();
}

void ActorHistory::NotifyAll() {
  Listeners listeners;
  {
    MutexLock lock(mutex_);
    for (const auto& [number, view] : views_) {
      for (const auto& [id, reader] : view->listeners) listeners.push_back(reader.listener);
    }
  }
  Notify(listeners);
}

Position ActorHistory::head() const {
  MutexLock lock(mutex_);
  return head_;
}

bool ActorHistory::ended() const {
  MutexLock lock(mutex_);
  return end_.has_value();
}

FeedListenerId ActorHistory::AddListener(ViewLog& view, std::shared_ptr<FilterGate> gate,
                                         std::shared_ptr<FeedListener> listener) {
  MutexLock lock(mutex_);
  const FeedListenerId id = ++last_listener_;
  view.listeners.emplace(id, ViewLog::Reader{std::move(listener), std::move(gate)});
  return id;
}

void ActorHistory::RemoveListener(ViewLog& view, FeedListenerId id) {
  MutexLock lock(mutex_);
  view.listeners.erase(id);
}

std::size_t ActorHistory::listener_count() const {
  MutexLock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [id, view] : views_) count += view->listeners.size();
  return count;
}

// Events pass every filter: they are no state that a later delivery would bring.
bool ActorHistory::IsDue(const FilterGate& gate, std::uint64_t from) const {
  const std::uint64_t last_event = events_through_.empty() ? 0 : events_through_.back().first;
  return from < gate.since || from < gate.opened || from < last_event;
}

FeedRead ActorHistory::Read(const std::shared_ptr<ViewLog>& view, const FilterGate* gate, bool as_one,
                            const std::optional<Position>& from, std::size_t bytes_max, Time now,
                            std::uint64_t covered, bool each) {
  bool request = false;
  RequestSnapshot request_snapshot;
  FeedRead read;
  {
    MutexLock lock(mutex_);
    const ReplayWindow& window = WindowOf(*view);
    if (end_.has_value()) {
      read.kind = FeedRead::Kind::kEnded;
      read.end = *end_;
    } else if (!from.has_value()) {
      read = FindCheapSnapshot(*view, FeedRead::Why::kNoPosition, now, request);
    } else if (from->epoch != head_.epoch || from->revision > window.head()) {
      // A position ahead of the head belongs to a history that was lost.
      read = FindCheapSnapshot(*view, FeedRead::Why::kOtherEpoch, now, request);
    } else if (gate != nullptr &&
               !IsDue(*gate, covered > window.head() ? from->revision : std::max(from->revision, covered))) {
      read.at = HeadOf(*view);
      // What has left the window showed something.
      read.held_back = !window.Covers(from->revision, now) || window.After(from->revision) != window.end();
      read.through = read.held_back ? from->revision : read.at.revision;
    } else if (!window.Covers(from->revision, now)) {
      read = FindCheapSnapshot(*view, FeedRead::Why::kOutsideWindow, now, request);
    } else {
      read = ReadSteps(*view, as_one, each, from->revision, bytes_max, request);
    }
    const bool continues = read.kind == FeedRead::Kind::kUpToDate || read.kind == FeedRead::Kind::kSteps;
    if (continues) read.events_through = EventsThrough(read.through);
    if (request) request_snapshot = request_snapshot_;
  }
  if (request_snapshot) request_snapshot(view, Wanted::kSnapshot);
  return read;
}

std::shared_ptr<const generated::StateHash> ActorHistory::Hash(const std::shared_ptr<ViewLog>& view,
                                                               const Position& at, Time now) {
  RequestSnapshot request;
  std::shared_ptr<const generated::StateHash> hash;
  {
    MutexLock lock(mutex_);
    const ReplayWindow& window = WindowOf(*view);
    if (end_.has_value() || at.epoch != head_.epoch || !window.Covers(at.revision, now) ||
        window.After(at.revision) != window.end()) {
      return nullptr;
    }
    hash = view->hash;
    const std::size_t slices = hash == nullptr ? 0 : hash->sums.size();
    const std::size_t wanted = hash == nullptr ? 1 : generated::StateHash::SlicesFor(hash->bytes);
    if (!view->hash_requested && (slices < wanted || slices >= kSlicesTooMany * wanted)) {
      view->hash_requested = true;
      request = request_snapshot_;
    }
  }
  if (request) request(view, Wanted::kHash);
  return hash;
}

bool ActorHistory::ReachesBackTo(const ViewLog& view, std::uint64_t revision) const {
  MutexLock lock(mutex_);
  return view.window.floor() <= revision;
}

session::FeedLag ActorHistory::Lag(ViewLog& view, const Position& from, std::optional<Time> now) const {
  MutexLock lock(mutex_);
  session::FeedLag lag;
  const Position head = HeadOf(view);
  if (end_.has_value() || from.epoch != head.epoch || from.revision >= head.revision) return lag;
  lag.revisions = head.revision - from.revision;
  lag.lost = now.has_value() ? !view.window.Covers(from.revision, *now) : !view.window.Holds(from.revision);
  lag.bytes = lag.lost ? view.window.bytes() : view.window.BytesAfter(from.revision);
  return lag;
}

FeedRead ActorHistory::ReadSnapshot(const std::shared_ptr<ViewLog>& view, const Position& at_least,
                                    Time now) {
  bool request = false;
  RequestSnapshot request_snapshot;
  FeedRead read;
  {
    MutexLock lock(mutex_);
    if (end_.has_value()) {
      read.kind = FeedRead::Kind::kEnded;
      read.end = *end_;
    } else if (at_least.epoch != head_.epoch) {
      read = FindCheapSnapshot(*view, FeedRead::Why::kOtherEpoch, now, request);
    } else {
      read = FindSnapshot(*view, FeedRead::Why::kNoPosition, at_least.revision, request);
    }
    if (request) request_snapshot = request_snapshot_;
  }
  if (request_snapshot) request_snapshot(view, Wanted::kSnapshot);
  return read;
}

FeedRead ActorHistory::FindCheapSnapshot(ViewLog& view, FeedRead::Why why, Time now, bool& request) {
  // An older snapshot serves as long as the patches after it are here and cost less than a fresh one.
  // A reader that must give its position up gets a later one: what is outside the window is older than this.
  if (view.snapshot != nullptr && WindowOf(view).Covers(view.snapshot_revision, now)) {
    std::size_t cost = 0;
    const std::size_t cost_max = std::max(kPatchesAfterSnapshotMin, view.snapshot->size() / 2);
    auto entry = view.window.After(view.snapshot_revision);
    for (; entry != view.window.end() && cost <= cost_max; ++entry) cost += entry->size();
    if (cost <= cost_max) return FindSnapshot(view, why, view.snapshot_revision, request);
  }
  return AwaitSnapshot(view, why, HeadOf(view).revision, request);
}

// What comes after it does not matter: a reader that waited is served, even if the next thing it needs is
// another snapshot.
FeedRead ActorHistory::FindSnapshot(ViewLog& view, FeedRead::Why why, std::uint64_t revision_min,
                                    bool& request) {
  if (view.snapshot == nullptr || view.snapshot_revision < revision_min) {
    return AwaitSnapshot(view, why, revision_min, request);
  }
  FeedRead read;
  read.kind = FeedRead::Kind::kSnapshot;
  read.why = why;
  read.at = {head_.epoch, view.snapshot_revision};
  read.snapshot = view.snapshot;
  read.events_through = view.snapshot_events;
  return read;
}

FeedRead ActorHistory::AwaitSnapshot(ViewLog& view, FeedRead::Why why, std::uint64_t revision_min,
                                     bool& request) {
  FeedRead read;
  read.kind = FeedRead::Kind::kSnapshotPending;
  read.why = why;
  read.at = {head_.epoch, revision_min};
  request = !view.snapshot_requested;
  view.snapshot_requested = true;
  return read;
}

FeedRead ActorHistory::ReadSteps(ViewLog& view, bool as_one, bool each, std::uint64_t from,
                                 std::size_t bytes_max, bool& request) {
  FeedRead read;
  read.at = HeadOf(view);
  read.through = read.at.revision;
  const ReplayWindow::Iterator first = view.window.After(from);
  if (first == view.window.end()) return read;
  read.kind = FeedRead::Kind::kSteps;
  if (!as_one && (each || std::distance(first, view.window.end()) <= kSingleStepsMax)) {
    std::size_t bytes = 0;
    std::uint64_t base = from;
    for (auto entry = first; entry != view.window.end(); ++entry) {
      if (!read.steps.empty() && bytes + entry->size() > bytes_max) {
        read.through = base;
        break;
      }
      bytes += entry->size();
      read.steps.push_back({base, entry->revision, entry->patch, entry->events});
      base = entry->revision;
    }
    return read;
  }
  std::optional<FeedStep> step = Compose(view, first);
  // Events that can be sent are not given up for something cheaper.
  const bool too_costly = step.has_value() && step->events == nullptr && view.snapshot != nullptr &&
                          step->size() > view.snapshot->size() + bytes_max;
  if (!step.has_value() || too_costly) {
    return FindSnapshot(view, FeedRead::Why::kTooCostly, read.at.revision, request);
  }
  step->base = from;
  step->revision = read.at.revision;
  read.steps.push_back(*std::move(step));
  return read;
}

std::optional<FeedStep> ActorHistory::Compose(ViewLog& view, ReplayWindow::Iterator first) {
  if (std::next(first) == view.window.end()) return FeedStep{0, 0, first->patch, first->events};
  for (const auto& [revision, composed] : view.composed) {
    if (revision == first->revision) return composed;
  }
  std::vector<std::string_view> patches;
  std::string events;
  for (auto entry = first; entry != view.window.end(); ++entry) {
    if (entry->patch != nullptr) patches.push_back(*entry->patch);
    if (entry->events != nullptr) events += *entry->events;
  }
  FeedStep step;
  if (!patches.empty()) {
    absl::StatusOr<std::string> patch = codec_.compose(patches);
    if (!patch.ok()) return std::nullopt;
    step.patch = ShareBytes(*std::move(patch));
  }
  if (!events.empty()) step.events = ShareBytes(std::move(events));
  if (view.composed.size() == kComposedMax) view.composed.pop_front();
  view.composed.emplace_back(first->revision, step);
  return step;
}

std::uint64_t ActorHistory::EventsThrough(std::uint64_t revision) const {
  const auto after =
      std::partition_point(events_through_.begin(), events_through_.end(),
                           [revision](const auto& through) { return through.first <= revision; });
  return after == events_through_.begin() ? events_before_ : std::prev(after)->second;
}

std::uint64_t ActorHistory::CountEvents(const Position& after, const Position& through) const {
  MutexLock lock(mutex_);
  if (after.epoch != head_.epoch || through.epoch != head_.epoch) return 0;
  const std::uint64_t before = EventsThrough(after.revision);
  return std::max(EventsThrough(through.revision), before) - before;
}

}  // namespace onager::actor
