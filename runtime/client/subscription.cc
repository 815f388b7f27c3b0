#include "runtime/client/subscription.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/wire/frame.h"
#include "runtime/wire/resume_token.h"

namespace onager::client {
namespace {

// Undelivered bytes beyond which they are composed.
constexpr std::size_t kBacklogBytesMax = 1u << 20;

// Events cannot be composed: when those that wait take more than this, those that come are dropped.
constexpr std::size_t kEventBacklogBytesMax = 4u << 20;

std::size_t SizeOf(const std::vector<std::string>& events) {
  std::size_t size = 0;
  for (const std::string& event : events) size += sizeof(event) + event.size();
  return size;
}

void MoveTo(std::vector<std::string>& events, std::vector<std::string>& to) {
  to.insert(to.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
  events.clear();
}

}  // namespace

Subscription::Subscription(const generated::StateCodec& codec, std::shared_ptr<generated::Observer> observer,
                           std::shared_ptr<CallbackQueue> callbacks, std::size_t backlog_max,
                           Selection selection, Owner owner)
    : codec_(codec),
      observer_(std::move(observer)),
      callbacks_(std::move(callbacks)),
      backlog_max_(std::max<std::size_t>(backlog_max, 1)),
      owner_(std::move(owner)),
      wanted_(selection),
      selection_(std::move(selection)) {}

void Subscription::OnBinding(std::string binding) {
  MutexLock lock(mutex_);
  selection_.binding = std::move(binding);
}

void Subscription::OnSnapshot(session::Position at, std::uint64_t previous_revision, ResyncReason reason,
                              std::string bytes, Selection selection, std::uint64_t events_dropped,
                              std::vector<std::string> events) {
  Arrival arrival;
  arrival.delivery.epoch = at.epoch;
  arrival.delivery.base = previous_revision;
  arrival.delivery.revision = at.revision;
  arrival.delivery.snapshot = reason;
  arrival.bytes = std::move(bytes);
  arrival.selection = std::move(selection);
  arrival.events_dropped = events_dropped;
  arrival.events = std::move(events);
  Enqueue(std::move(arrival));
}

void Subscription::OnDelta(session::Position at, std::uint64_t base, bool replayed, std::string bytes,
                           std::vector<std::string> events) {
  Arrival arrival;
  arrival.delivery.epoch = at.epoch;
  arrival.delivery.base = base;
  arrival.delivery.revision = at.revision;
  arrival.delivery.replayed = replayed;
  arrival.bytes = std::move(bytes);
  arrival.events = std::move(events);
  Enqueue(std::move(arrival));
}

void Subscription::OnCovered(std::uint64_t revision, bool due) {
  MutexLock lock(mutex_);
  covered_ = revision;
  if (!due) passed_over_ = revision;
}

// It waits its turn, as the replica is behind what has arrived.
void Subscription::OnBookmark(session::Position at, std::uint32_t slice, std::uint32_t slices,
                              std::uint64_t hash) {
  Arrival arrival;
  arrival.delivery.epoch = at.epoch;
  arrival.delivery.base = arrival.delivery.revision = at.revision;
  arrival.check = HashCheck{slice, slices, hash};
  Enqueue(std::move(arrival));
}

void Subscription::Enqueue(Arrival arrival) {
  MutexLock lock(mutex_);
  if (closed_) return;
  const std::size_t event_bytes = SizeOf(arrival.events);
  if (event_bytes > 0 && event_bytes + events_bytes_ > kEventBacklogBytesMax) {
    arrival.events_dropped += arrival.events.size();
    arrival.events.clear();
  } else {
    events_bytes_ += event_bytes;
  }
  if (arrival.delivery.snapshot.has_value()) {
    covered_ = 0;
    passed_over_ = 0;
    // Whatever waits is superseded, but for events, and for the reason of a snapshot that the application has
    // not heard of.
    for (Arrival& old : arrivals_) {
      MoveTo(old.earlier_events, arrival.earlier_events);
      MoveTo(old.events, arrival.earlier_events);
      arrival.events_dropped += old.events_dropped;
      if (old.delivery.snapshot.has_value() && *arrival.delivery.snapshot == ResyncReason::kInitial) {
        arrival.delivery.snapshot = old.delivery.snapshot;
      }
    }
    arrivals_.clear();
    arrivals_bytes_ = 0;
  }
  arrivals_bytes_ += arrival.bytes.size();
  arrivals_.push_back(std::move(arrival));
  if (arrivals_bytes_ > kBacklogBytesMax + 2 * composed_bytes_) ComposeBacklog();
  ScheduleLocked();
}

// Replaces the deltas at the end of the backlog by one. A snapshot at its beginning stays as it is.
void Subscription::ComposeBacklog() {
  std::erase_if(arrivals_, [](const Arrival& arrival) { return arrival.check.has_value(); });
  const std::size_t first = arrivals_.front().delivery.snapshot.has_value() ? 1 : 0;
  if (arrivals_.size() < first + 2) return;
  std::vector<std::string_view> patches;
  for (std::size_t i = first; i < arrivals_.size(); ++i) {
    if (!arrivals_[i].bytes.empty()) patches.push_back(arrivals_[i].bytes);
  }
  if (patches.size() < 2) return;
  absl::StatusOr<std::string> composed = codec_.compose(patches);
  // What cannot be composed cannot be applied either: it is found out there, and repaired.
  if (!composed.ok()) return;
  Arrival arrival;
  for (std::size_t i = first; i < arrivals_.size(); ++i) {
    MoveTo(arrivals_[i].events, arrival.events);
    arrival.events_dropped += arrivals_[i].events_dropped;
  }
  arrival.delivery = arrivals_.back().delivery;
  arrival.delivery.base = arrivals_[first].delivery.base;
  arrival.bytes = *std::move(composed);
  composed_bytes_ = arrival.bytes.size();
  arrivals_.resize(first);
  arrivals_.push_back(std::move(arrival));
  arrivals_bytes_ = 0;
  for (const Arrival& left : arrivals_) arrivals_bytes_ += left.bytes.size();
}

void Subscription::OnEnd(const absl::Status& status) {
  MutexLock lock(mutex_);
  if (closed_ || end_.has_value()) return;
  end_ = status;
  ScheduleLocked();
}

void Subscription::ScheduleLocked() {
  if (scheduled_) return;
  // Each step is a callback of its own, so that other subscriptions and calls have their turns in between.
  scheduled_ = callbacks_->Post([self = shared_from_this()] { self->RunStep(); });
}

void Subscription::RunStep() {
  DeliverOne();
  MutexLock lock(mutex_);
  const bool more = !closed_ && (!arrivals_.empty() || end_.has_value());
  scheduled_ = more && callbacks_->PostNextStep([self = shared_from_this()] { self->RunStep(); });
}

// Takes what makes up the next step: a single arrival, or, when the application lags behind, all that go
// together.
bool Subscription::TakeArrivals(std::deque<Arrival>& taken, std::optional<absl::Status>& end) {
  MutexLock lock(mutex_);
  if (closed_) return false;
  if (arrivals_.empty()) {
    end = std::exchange(end_, std::nullopt);
    if (!end.has_value()) return false;
    closed_ = true;
    in_callback_ = true;
    return true;
  }
  const std::size_t count = arrivals_.size() > backlog_max_ ? arrivals_.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    arrivals_bytes_ -= arrivals_.front().bytes.size();
    taken.push_back(std::move(arrivals_.front()));
    arrivals_.pop_front();
  }
  if (arrivals_.empty()) composed_bytes_ = 0;
  in_callback_ = true;
  return true;
}

void Subscription::DeliverOne() {
  std::deque<Arrival> arrivals;
  std::optional<absl::Status> end;
  if (!TakeArrivals(arrivals, end)) return;
  bool failed = false;
  Step step;
  if (!end.has_value()) {
    MutexLock replica_lock(replica_mutex_);
    for (Arrival& arrival : arrivals) failed |= !Apply(arrival, step);
  }
  if (failed) owner_.resync(id_, ResyncReason::kReplicaDiverged);
  const bool diverged = step.diverged;
  Tell(std::move(step));
  if (diverged) {
    // After the change that is told, which looks into it.
    MutexLock replica_lock(replica_mutex_);
    observer_->replica().Rebuild();
  }
  if (end.has_value()) observer_->OnEnd(*end);
  MutexLock lock(mutex_);
  in_callback_ = false;
  callback_ended_.NotifyAll();
}

bool Subscription::Agrees(const Arrival& bookmark) {
  {
    MutexLock lock(mutex_);
    const session::Position at{bookmark.delivery.epoch, bookmark.delivery.revision};
    if (awaiting_snapshot_ || !delivered_any_ || delivered_ != at) return true;
  }
  const HashCheck& check = *bookmark.check;
  return observer_->replica().HashSlice(check.slice, check.slices) == check.hash;
}

bool Subscription::Apply(Arrival& arrival, Step& step) {
  if (arrival.check.has_value()) {
    if (Agrees(arrival)) return true;
    MutexLock lock(mutex_);
    awaiting_snapshot_ = true;
    step.diverged = true;
    return false;
  }
  const bool is_snapshot = arrival.delivery.snapshot.has_value();
  if (is_snapshot) {
    MoveTo(step.events, step.earlier_events);
    MoveTo(arrival.earlier_events, step.earlier_events);
  }
  MoveTo(arrival.events, step.events);
  step.events_dropped += arrival.events_dropped;
  {
    MutexLock lock(mutex_);
    if (is_snapshot) awaiting_snapshot_ = false;
    if (awaiting_snapshot_) return true;  // A delta of a state that is given up.
  }
  const bool changes = is_snapshot || !arrival.bytes.empty();
  absl::Status applied;
  if (is_snapshot) {
    applied = observer_->replica().LoadSnapshot(arrival.bytes);
  } else if (changes) {
    applied = observer_->replica().ApplyPatch(arrival.bytes);
  }
  MutexLock lock(mutex_);
  if (!applied.ok()) {
    awaiting_snapshot_ = true;
    step.update.reset();
    return false;
  }
  if (is_snapshot) {
    selection_ = std::move(arrival.selection);
    if (*arrival.delivery.snapshot != ResyncReason::kInitial) last_resync_ = arrival.delivery.snapshot;
  }
  delivered_any_ = true;
  delivered_ = {arrival.delivery.epoch, arrival.delivery.revision};
  if (!changes) {
    if (step.update.has_value()) {
      step.update->revision = arrival.delivery.revision;
    } else if (!update_base_.has_value()) {
      update_base_ = arrival.delivery.base;
    }
    return true;
  }
  generated::Delivery update = arrival.delivery;
  if (step.update.has_value()) {
    update.base = step.update->base;
    if (!is_snapshot) update.snapshot = step.update->snapshot;
    update.replayed = step.update->replayed && arrival.delivery.replayed;
  } else if (update_base_.has_value()) {
    update.base = *update_base_;
  }
  update_base_.reset();
  step.update = update;
  return true;
}

void Subscription::Tell(Step step) {
  {
    MutexLock lock(mutex_);
    std::move(step.earlier_events.begin(), step.earlier_events.end(), std::back_inserter(untold_events_));
    std::move(step.events.begin(), step.events.end(), std::back_inserter(untold_events_));
  }
  TellEvents(step.earlier_events.size());
  if (step.events_dropped > 0 && !IsClosed()) observer_->OnEventsDropped(step.events_dropped);
  if (step.update.has_value()) {
    if (!IsClosed()) observer_->OnUpdate(*step.update);
    MutexLock replica_lock(replica_mutex_);
    observer_->ForgetChange();
  }
  TellEvents(step.events.size());
}

// One by one, so that a checkpoint which is taken meanwhile holds those that are still to come.
void Subscription::TellEvents(std::size_t count) {
  for (; count > 0; --count) {
    std::string event;
    {
      MutexLock lock(mutex_);
      if (closed_) return;
      event = std::move(untold_events_.front());
      untold_events_.pop_front();
      events_bytes_ -= sizeof(event) + event.size();
    }
    observer_->OnEvent(event);
  }
}

bool Subscription::IsClosed() const {
  MutexLock lock(mutex_);
  return closed_;
}

bool Subscription::IsBehind() const {
  return std::any_of(arrivals_.begin(), arrivals_.end(),
                     [](const Arrival& arrival) { return !arrival.check.has_value(); });
}

std::string Subscription::TokenLocked() const {
  if (!delivered_any_ || selection_.binding.empty()) return std::string();
  wire::ResumeToken token;
  token.binding = selection_.binding;
  token.epoch = delivered_.epoch;
  token.revision = delivered_.revision;
  // What is being delivered may be older than what the server said last.
  if (!IsBehind() && !in_callback_ && passed_over_ > token.revision) token.covered = passed_over_;
  return token.Encode();
}

std::string Subscription::token() const {
  MutexLock lock(mutex_);
  return TokenLocked();
}

std::string Subscription::checkpoint() const {
  MutexLock replica_lock(replica_mutex_);
  wire::Checkpoint checkpoint;
  {
    MutexLock lock(mutex_);
    if (awaiting_snapshot_) return std::string();
    checkpoint.token = TokenLocked();
    checkpoint.filter = selection_.filter;
    checkpoint.view = selection_.view;
    checkpoint.events.assign(untold_events_.begin(), untold_events_.end());
  }
  if (checkpoint.token.empty()) return std::string();
  checkpoint.when_slow = when_slow_;
  observer_->replica().EncodeSnapshot(checkpoint.snapshot);
  return checkpoint.Encode();
}

std::uint64_t Subscription::epoch() const {
  MutexLock lock(mutex_);
  return delivered_.epoch;
}

std::uint64_t Subscription::revision() const {
  MutexLock lock(mutex_);
  return delivered_.revision;
}

std::uint64_t Subscription::covered() const {
  MutexLock lock(mutex_);
  return IsBehind() ? delivered_.revision : std::max(covered_, delivered_.revision);
}

void Subscription::Read(absl::FunctionRef<void()> read) const {
  MutexLock replica_lock(replica_mutex_);
  read();
}

void Subscription::Resync() { owner_.resync(id_, ResyncReason::kRequested); }

SubscriptionPhase Subscription::phase() const {
  {
    MutexLock lock(mutex_);
    if (closed_ || end_.has_value()) return SubscriptionPhase::kEnded;
  }
  return owner_.phase(id_);
}

std::optional<ResyncReason> Subscription::last_resync() const {
  MutexLock lock(mutex_);
  return last_resync_;
}

absl::Status Subscription::Change(std::optional<std::string> filter, std::optional<std::string> view) {
  Selection wanted;
  {
    MutexLock lock(mutex_);
    if (closed_ || end_.has_value()) return absl::FailedPreconditionError("the subscription has ended");
    wanted = wanted_;
    if (filter.has_value()) wanted.filter = *std::move(filter);
    if (view.has_value()) wanted.view = *std::move(view);
    if (std::max(wanted.filter.size(), wanted.view.size()) > wire::kSelectionBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("a filter or a view of more than ", wire::kSelectionBytesMax, " bytes"));
    }
    wanted_ = wanted;
  }
  owner_.change(id_, std::move(wanted.filter), std::move(wanted.view));
  return absl::OkStatus();
}

void Subscription::Close() {
  bool unsubscribe = false;
  {
    MutexLock lock(mutex_);
    unsubscribe = !closed_;
    closed_ = true;
    arrivals_.clear();
    // In one of this client's callbacks, this one's is either the very one or not running.
    while (in_callback_ && !callbacks_->InCallback()) callback_ended_.Wait(mutex_);
  }
  if (unsubscribe) owner_.unsubscribe(id_);
}

}  // namespace onager::client
