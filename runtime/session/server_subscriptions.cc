#include "runtime/session/server_subscriptions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/session/frame_limits.h"
#include "runtime/session/frame_status.h"
#include "runtime/session/token_check.h"
#include "runtime/wire/error_details.h"

namespace onager::session {
namespace {

// Of one session: as many versions of states as it may come from.
constexpr std::size_t kFieldTreesMax = 64;

absl::Status CheckSelection(std::string_view filter, std::string_view view) {
  if (std::max(filter.size(), view.size()) <= wire::kSelectionBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a filter or a view of more than ", wire::kSelectionBytesMax, " bytes"));
}

}  // namespace

absl::Status ServerSubscriptions::On(const wire::Subscribe& frame) {
  // An id that came back could be taken for the subscription that it stood for before.
  if (frame.id <= last_id_) {
    return absl::InvalidArgumentError("a subscription id that is not larger than those before");
  }
  last_id_ = frame.id;
  if (absl::Status read = CheckThatAnswersAreRead(); !read.ok()) return read;
  if (absl::Status address = CheckAddress(frame.actor_type, frame.key); !address.ok()) {
    return Refuse(frame.id, address);
  }
  if (absl::Status selection = CheckSelection(frame.filter, frame.view); !selection.ok()) {
    return Refuse(frame.id, selection);
  }
  if (frame.when_slow > wire::kDisconnectWhenSlow) {
    return Refuse(frame.id,
                  absl::InvalidArgumentError(absl::StrCat(
                      "a policy for slow subscriptions that is not known here: ", frame.when_slow)));
  }
  if (subscriptions_.size() >= options_.subscriptions_max) {
    return Refuse(frame.id, absl::ResourceExhaustedError(absl::StrCat(
                                "this session has ", options_.subscriptions_max, " subscriptions")));
  }
  Subscription subscription;
  subscription.actor = {std::string(frame.actor_type), std::string(frame.key)};
  subscription.client_fingerprint = frame.schema_fingerprint;
  subscription.filter_fingerprint = wire::Fingerprint(frame.filter);
  subscription.view_fingerprint = wire::Fingerprint(frame.view);
  subscription.is_filtered = !frame.filter.empty();
  subscription.ends_when_slow = frame.when_slow == wire::kDisconnectWhenSlow;
  subscription.reason = frame.reason;
  if (frame.epoch != 0) subscription.shown = Position{frame.epoch, frame.revision};
  if (!frame.binding.empty()) {
    subscription.position = Position{frame.epoch, frame.revision};
    subscription.shown = subscription.position;
    subscription.asked_through = frame.covered;
    if (absl::Status token = ExamineToken(frame.binding, subscription); !token.ok()) {
      return Refuse(frame.id, token);
    }
  }
  const auto field_tree = field_trees_.find(frame.schema_fingerprint);
  actions_.emplace_back(
      OpenFeed{frame.id, subscription.actor, std::string(frame.filter), std::string(frame.view),
               subscription.offered != nullptr, frame.schema_fingerprint,
               field_tree == field_trees_.end() ? nullptr : field_tree->second, subscription.position});
  by_actor_.emplace(subscription.actor, frame.id);
  subscriptions_.emplace(frame.id, std::move(subscription));
  return absl::OkStatus();
}

absl::Status ServerSubscriptions::OnFieldTreeWanted(OpenFeed feed) {
  if (!subscriptions_.contains(feed.subscription)) return absl::OkStatus();
  if (const auto known = field_trees_.find(feed.schema_fingerprint); known != field_trees_.end()) {
    feed.field_tree = known->second;  // It has come meanwhile.
    actions_.emplace_back(std::move(feed));
    return absl::OkStatus();
  }
  field_trees_wanted_.insert(feed.subscription);
  const std::uint64_t fingerprint = feed.schema_fingerprint;
  field_tree_waiters_.emplace(fingerprint, std::move(feed));
  return absl::OkStatus();
}

absl::Status ServerSubscriptions::On(const wire::FieldTree& frame) {
  const auto [first, last] = field_tree_waiters_.equal_range(frame.fingerprint);
  if (first == last) return absl::OkStatus();  // Said already, or never asked for.
  absl::StatusOr<std::shared_ptr<const generated::FieldTree>> tree =
      field_trees_.size() < kFieldTreesMax ? generated::FieldTree::Parse(frame.tree)
                                           : absl::ResourceExhaustedError("too many versions in one session");
  if (tree.ok() && (*tree)->fingerprint() != frame.fingerprint) {
    tree = absl::InvalidArgumentError("a field tree with another fingerprint");
  }
  if (tree.ok()) field_trees_.emplace(frame.fingerprint, *tree);
  std::vector<OpenFeed> waiters;
  for (auto waiter = first; waiter != last; ++waiter) waiters.push_back(std::move(waiter->second));
  field_tree_waiters_.erase(first, last);
  absl::Status accepted = absl::OkStatus();
  for (OpenFeed& feed : waiters) {
    if (tree.ok()) {
      feed.field_tree = *tree;
      actions_.emplace_back(std::move(feed));
    } else if (accepted.ok()) {
      accepted = OnFeedRefused(feed.subscription, tree.status());
    }
  }
  return accepted;
}

absl::Status ServerSubscriptions::ExamineToken(std::string_view token, Subscription& subscription) const {
  absl::StatusOr<wire::TokenBinding> offered =
      CheckToken(signer_, token, peer_.tenant, peer_.principal, subscription.actor);
  if (offered.ok()) {
    subscription.offered = std::make_unique<const wire::TokenBinding>(*std::move(offered));
    return absl::OkStatus();
  }
  if (!absl::IsNotFound(offered.status())) return offered.status();
  subscription.position.reset();
  subscription.reason = ResyncReason::kUnknownKey;
  return absl::OkStatus();
}

absl::Status ServerSubscriptions::CheckThatAnswersAreRead() const {
  if (ended_.size() <= options_.subscriptions_max) return absl::OkStatus();
  return absl::ResourceExhaustedError("the client subscribes and does not read the answers");
}

absl::Status ServerSubscriptions::Refuse(std::uint64_t id, const absl::Status& status) {
  if (absl::Status read = CheckThatAnswersAreRead(); !read.ok()) return read;
  ended_.emplace_back(id, status);
  return absl::OkStatus();
}

void ServerSubscriptions::Remove(std::uint64_t id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;  // It ended here while the request was under way.
  const auto [first, last] = by_actor_.equal_range(found->second.actor);
  by_actor_.erase(std::find_if(first, last, [id](const auto& entry) { return entry.second == id; }));
  if (found->second.waits_until.has_value()) waiting_.erase({*found->second.waits_until, id});
  const auto [first_waiter, last_waiter] = field_tree_waiters_.equal_range(found->second.client_fingerprint);
  const auto waiter = std::find_if(first_waiter, last_waiter,
                                   [id](const auto& entry) { return entry.second.subscription == id; });
  if (waiter != last_waiter) field_tree_waiters_.erase(waiter);
  field_trees_wanted_.erase(id);
  DropSnapshot(found->second);
  subscriptions_.erase(found);
  actions_.emplace_back(CloseFeed{id});
}

void ServerSubscriptions::EndAll(const absl::Status& reason) {
  for (const auto& [id, subscription] : subscriptions_) ended_.emplace_back(id, reason);
  CloseAll();
}

void ServerSubscriptions::Clear() {
  CloseAll();
  ended_.clear();
}

void ServerSubscriptions::CloseAll() {
  for (const auto& [id, subscription] : subscriptions_) actions_.emplace_back(CloseFeed{id});
  subscriptions_.clear();
  by_actor_.clear();
  snapshot_sizes_.clear();
  snapshot_bytes_ = 0;
  dirty_.clear();
  waiting_.clear();
  field_tree_waiters_.clear();
  field_trees_wanted_.clear();
  bookmarks_due_.reset();
}

absl::Status ServerSubscriptions::OnFeedOpened(std::uint64_t id,
                                               absl::StatusOr<std::shared_ptr<StateFeed>> feed,
                                               std::uint64_t schema_fingerprint,
                                               const std::optional<generated::CommonTree>& common) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return absl::OkStatus();
  if (!feed.ok()) return OnFeedRefused(id, feed.status());
  Subscription& subscription = found->second;
  subscription.feed = *std::move(feed);
  const bool is_same = subscription.client_fingerprint == schema_fingerprint;
  const bool agrees = common.has_value() && common->agrees;
  subscription.is_hashed = options_.bookmark_interval > Duration::zero() && (is_same || agrees);

  wire::TokenBinding binding;
  binding.tenant = peer_.tenant;
  binding.principal = peer_.principal;
  binding.actor_type = subscription.actor.type;
  binding.key = subscription.actor.key;
  // What both ends' field trees have in common decides what a delta means, so a change of that ends a token's
  // use.
  const std::uint64_t ours = agrees ? common->fingerprint : schema_fingerprint;
  const std::uint64_t theirs = agrees ? common->fingerprint : subscription.client_fingerprint;
  binding.schema_fingerprint = ours * 0x9E3779B97F4A7C15ull + theirs;
  binding.filter_fingerprint = subscription.filter_fingerprint;
  binding.view_fingerprint = subscription.view_fingerprint;
  subscription.binding = signer_.Sign(binding);
  if (subscription.offered != nullptr) {
    if (const std::optional<ResyncReason> why = WhyBeginAnew(*subscription.offered, binding)) {
      subscription.position.reset();
      subscription.reason = *why;
    }
    subscription.offered.reset();
  }
  if (!subscription.position.has_value()) subscription.asked_through = 0;
  if (!subscription.position.has_value() && subscription.reason != ResyncReason::kInitial) {
    // The client has been shown something already: a snapshot that the feed has kept may be older than that.
    subscription.snapshot_wanted = subscription.feed->head();
  }
  MarkDirty(id, subscription);
  return absl::OkStatus();
}

absl::Status ServerSubscriptions::OnFeedRefused(std::uint64_t id, const absl::Status& reason) {
  if (!subscriptions_.contains(id)) return absl::OkStatus();
  Remove(id);
  return Refuse(id, reason);
}

void ServerSubscriptions::OnFeedChanged(std::uint64_t id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  MarkDirty(id, found->second);
  // Not only once it is written to again: until then it would be told of every commit.
  (void)EndIfTooSlow(id, found->second, std::nullopt);
}

void ServerSubscriptions::OnFeedEnded(std::uint64_t id, const absl::Status& reason) {
  if (!subscriptions_.contains(id)) return;
  Remove(id);
  ended_.emplace_back(id, reason);
}

void ServerSubscriptions::MarkDirty(std::uint64_t id, Subscription& subscription) {
  if (subscription.dirty) return;
  subscription.dirty = true;
  // Those that are gone are passed over when it is their turn, which does not come while nothing is read.
  if (dirty_.size() > 2 * subscriptions_.size()) {
    std::erase_if(dirty_, [this](std::uint64_t other) { return !subscriptions_.contains(other); });
  }
  dirty_.push_back(id);
  if (!subscription.ends_when_slow || !subscription.position.has_value()) return;
  // What a filter or a rate held back until now was nobody's to read, and a change that is larger than what
  // may wait has not waited yet.
  if (subscription.is_filtered || IsTooMuch(LagOf(subscription, std::nullopt))) {
    subscription.slow_from = subscription.feed->head();
  }
}

bool ServerSubscriptions::IsTooMuch(const FeedLag& lag) const {
  return lag.lost || lag.bytes > options_.subscription_bytes_max;
}

FeedLag ServerSubscriptions::LagOf(const Subscription& subscription, std::optional<Time> now) const {
  const Position& position = *subscription.position;
  const Position& from = subscription.slow_from;
  const bool is_past = from.epoch == position.epoch && from.revision < position.revision;
  return subscription.feed->Lag(is_past ? position : from, now);
}

bool ServerSubscriptions::EndIfTooSlow(std::uint64_t id, const Subscription& subscription,
                                       std::optional<Time> now) {
  // While a snapshot is under way there is no position that could be left behind.
  if (!subscription.ends_when_slow || !subscription.announced || !subscription.position.has_value()) {
    return false;
  }
  const FeedLag lag = LagOf(subscription, now);
  if (!IsTooMuch(lag)) return false;
  absl::Status reason = absl::ResourceExhaustedError(
      absl::StrCat("the subscription was too slow: it was ", lag.revisions, " revisions behind, of which ",
                   lag.lost ? "some are not kept any more" : absl::StrCat(lag.bytes, " bytes waited")));
  ++stats_.slow_subscriptions;
  Remove(id);
  ended_.emplace_back(id, wire::WithReason(std::move(reason), "SLOW_SUBSCRIPTION"));
  return true;
}

bool ServerSubscriptions::MayHoldSnapshot(std::size_t size) const {
  const std::size_t largest = snapshot_sizes_.empty() ? 0 : *snapshot_sizes_.rbegin();
  return snapshot_bytes_ + size - std::max(largest, size) <= options_.session_bytes_max;
}

void ServerSubscriptions::DropSnapshot(Subscription& subscription) {
  if (subscription.snapshot == nullptr) return;
  snapshot_bytes_ -= subscription.snapshot->size();
  snapshot_sizes_.erase(snapshot_sizes_.find(subscription.snapshot->size()));
  subscription.snapshot.reset();
}

void ServerSubscriptions::OnTime(Time now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const std::uint64_t id = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    Subscription& subscription = subscriptions_.at(id);
    subscription.waits_until.reset();
    MarkDirty(id, subscription);
  }
}

bool ServerSubscriptions::HoldBack(std::uint64_t id, Subscription& subscription, Time now) {
  if (!subscription.announced || !subscription.position.has_value() ||
      subscription.snapshot_wanted.has_value()) {
    return false;
  }
  const std::optional<Position> head =
      subscription.pace.HoldsBackUpTo(*subscription.feed, *subscription.position, now);
  if (!head.has_value()) return false;
  if (head->revision > subscription.position->revision) {
    subscription.held_back = head->revision;
    subscription.held_back_is_due = true;
    if (!subscription.waits_until.has_value()) {
      subscription.waits_until = subscription.pace.next();
      waiting_.emplace(*subscription.waits_until, id);
    }
  }
  return true;
}

bool ServerSubscriptions::AppendObservers(wire::BatchWriter& writer, const CallOutcome& outcome, Time now) {
  const auto [first, last] = by_actor_.equal_range(outcome.actor);
  for (auto observer = first; observer != last;) {
    const std::uint64_t id = observer->second;
    ++observer;  // The subscription may end meanwhile.
    Subscription& subscription = subscriptions_.at(id);
    const bool told = subscription.position.has_value() &&
                      std::max(subscription.shown->revision, subscription.covered) >= outcome.revision;
    if (told && !subscription.dirty) continue;
    if (writer.size() >= batch_bytes_max_) return false;
    switch (Pump(writer, id, subscription, now)) {
      case Pumped::kAll:
        Cover(writer, id, subscription, outcome.revision);
        break;
      case Pumped::kPart:
        MarkDirty(id, subscription);
        break;
      case Pumped::kEnded:
        break;
    }
  }
  return true;
}

void ServerSubscriptions::Cover(wire::BatchWriter& writer, std::uint64_t id, Subscription& subscription,
                                std::uint64_t revision) {
  if (!subscription.announced || !subscription.position.has_value()) return;  // A snapshot is on its way.
  if (subscription.shown->revision < revision &&
      subscription.shown->revision < subscription.position->revision) {
    FeedStep nothing;
    nothing.revision = subscription.position->revision;
    SendStep(writer, id, subscription, nothing);
  }
  if (std::max(subscription.shown->revision, subscription.covered) < revision &&
      subscription.held_back >= revision) {
    wire::Covered covered;
    covered.id = id;
    covered.revision = subscription.held_back;
    covered.base = subscription.shown->revision;
    covered.due = subscription.held_back_is_due;
    writer.Append(covered);
    subscription.covered = subscription.held_back;
  }
}

void ServerSubscriptions::Append(wire::BatchWriter& writer, Time now) {
  while (!field_trees_wanted_.empty() && writer.size() < batch_bytes_max_) {
    wire::FieldTreeWanted wanted;
    wanted.id = *field_trees_wanted_.begin();
    field_trees_wanted_.erase(field_trees_wanted_.begin());
    writer.Append(wanted);
  }
  // Each dirty subscription has its turn once; those that are not through go to the back of the queue.
  for (std::size_t turns = dirty_.size(); turns > 0 && !dirty_.empty() && writer.size() < batch_bytes_max_;
       --turns) {
    const std::uint64_t id = dirty_.front();
    dirty_.pop_front();
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end()) continue;
    switch (Pump(writer, id, found->second, now)) {
      case Pumped::kAll:
        found->second.dirty = false;
        break;
      case Pumped::kPart:
        dirty_.push_back(id);
        break;
      case Pumped::kEnded:
        break;
    }
  }
  (void)AppendEnds(writer);
}

bool ServerSubscriptions::AppendEnds(wire::BatchWriter& writer) {
  for (; !ended_.empty() && writer.size() < batch_bytes_max_; ended_.pop_front()) {
    const auto& [id, status] = ended_.front();
    AppendEnd(writer, id, status);
  }
  return ended_.empty();
}

FeedRead ServerSubscriptions::ReadFeed(const Subscription& subscription, std::size_t budget, Time now) const {
  ReadingFrom from;
  from.position = subscription.position;
  from.snapshot_wanted = subscription.snapshot_wanted;
  from.due_through = subscription.due_through;
  from.covered = subscription.asked_through;
  from.each = subscription.ends_when_slow;
  // What is larger than a batch can be sent in pieces only, which snapshots are.
  const std::size_t step_bytes_max = batch_bytes_max_ - std::min(batch_bytes_max_, kFrameOverheadMax);
  return ReadOn(*subscription.feed, from, std::min(budget, options_.subscription_bytes_max), step_bytes_max,
                now);
}

ServerSubscriptions::Pumped ServerSubscriptions::Pump(wire::BatchWriter& writer, std::uint64_t id,
                                                      Subscription& subscription, Time now) {
  if (subscription.feed == nullptr) return Pumped::kAll;
  if (subscription.snapshot != nullptr && !PumpSnapshot(writer, id, subscription, now)) return Pumped::kPart;
  const std::size_t budget = batch_bytes_max_ - std::min(batch_bytes_max_, writer.size());
  if (budget == 0) return Pumped::kPart;

  if (HoldBack(id, subscription, now)) return Pumped::kAll;
  if (EndIfTooSlow(id, subscription, now)) return Pumped::kEnded;
  FeedRead read = ReadFeed(subscription, budget, now);
  if (read.kind == FeedRead::Kind::kEnded) {
    OnFeedEnded(id, read.end);
    return Pumped::kEnded;
  }
  const bool continues = read.kind == FeedRead::Kind::kUpToDate || read.kind == FeedRead::Kind::kSteps;
  if (!continues) {
    const bool resuming = !subscription.announced;
    subscription.reason = ReasonOf(read.why, resuming, subscription.reason);
    subscription.position.reset();
  }
  if (!subscription.announced) {
    subscription.announced = true;
    subscription.announced_epoch = read.at.epoch;
    wire::Subscribed subscribed;
    subscribed.id = id;
    subscribed.epoch = read.at.epoch;
    subscribed.resumed = continues;
    subscribed.replay_target = continues ? read.at.revision : 0;
    subscribed.reason = continues ? ResyncReason::kInitial : subscription.reason;
    subscribed.binding = subscription.binding;
    writer.Append(subscribed);
    if (subscription.ends_when_slow) subscription.slow_from = read.at;
    if (continues)
      ++(subscription.position->revision == read.at.revision ? stats_.resumed_empty
                                                             : stats_.resumed_replayed);
  }
  switch (read.kind) {
    case FeedRead::Kind::kEnded:
      return Pumped::kAll;
    case FeedRead::Kind::kUpToDate:
    case FeedRead::Kind::kSteps:
      for (const FeedStep& step : read.steps) SendStep(writer, id, subscription, step);
      if (!read.steps.empty()) subscription.pace.NoteDelivery(*subscription.feed, now);
      subscription.position->revision = read.through;
      subscription.events_through = read.events_through;
      subscription.held_back = read.held_back ? read.at.revision : 0;
      subscription.held_back_is_due = false;
      KeepHash(subscription, now);
      return read.held_back || read.through == read.at.revision ? Pumped::kAll : Pumped::kPart;
    case FeedRead::Kind::kSnapshotPending:
      // The feed says when the snapshot is there.
      if (!subscription.snapshot_wanted.has_value() || subscription.snapshot_wanted->epoch != read.at.epoch) {
        subscription.snapshot_wanted = read.at;
      }
      return Pumped::kAll;
    case FeedRead::Kind::kSnapshot:
      // One that goes out whole at once is not held.
      if (read.snapshot->size() > snapshot_chunk_bytes_ && !MayHoldSnapshot(read.snapshot->size())) {
        subscription.snapshot_wanted = read.at;
        return Pumped::kPart;
      }
      subscription.snapshot_wanted.reset();
      subscription.snapshot = std::move(read.snapshot);
      snapshot_bytes_ += subscription.snapshot->size();
      snapshot_sizes_.insert(subscription.snapshot->size());
      subscription.snapshot_at = read.at;
      subscription.snapshot_offset = 0;
      subscription.slow_from = subscription.feed->head();
      subscription.due_through = subscription.slow_from.revision;
      subscription.snapshot_events_dropped = CountDroppedEvents(subscription, read);
      subscription.events_through = read.events_through;
      // What was committed after the snapshot follows in the next batch.
      (void)PumpSnapshot(writer, id, subscription, now);
      return Pumped::kPart;
  }
  return Pumped::kAll;
}

// The feed remembers some of the newest events one by one, and how many there were in all: who knows that of
// its position too is told an exact number, however long it was away from the feed.
std::uint64_t ServerSubscriptions::CountDroppedEvents(const Subscription& subscription,
                                                      const FeedRead& snapshot) {
  if (!subscription.shown.has_value()) return 0;
  const Position& shown = *subscription.shown;
  if (shown.epoch == snapshot.at.epoch && subscription.events_through.has_value() &&
      snapshot.events_through.has_value()) {
    return std::max(*snapshot.events_through, *subscription.events_through) - *subscription.events_through;
  }
  return subscription.feed->CountEvents(shown, snapshot.at);
}

// What lies between what was shown and the step's base shows nothing, so the delta spans it too.
void ServerSubscriptions::SendStep(wire::BatchWriter& writer, std::uint64_t id, Subscription& subscription,
                                   const FeedStep& step) {
  Position& shown = *subscription.shown;
  wire::Delta delta;
  delta.id = id;
  delta.revision = step.revision;
  delta.span = step.revision - shown.revision;
  delta.epoch = shown.epoch == subscription.announced_epoch ? 0 : shown.epoch;
  writer.Append(delta, step.patch, step.events);
  shown.revision = step.revision;
  ++stats_.deltas;
}

void ServerSubscriptions::KeepHash(Subscription& subscription, Time now) {
  if (!subscription.is_hashed || !subscription.is_filtered) return;
  if (subscription.hash != nullptr && subscription.hash_at == *subscription.shown) return;
  subscription.hash = subscription.feed->Hash(*subscription.shown, now);
  subscription.hash_at = *subscription.shown;
}

void ServerSubscriptions::BookmarksDue(std::uint64_t turn) {
  bookmarks_due_ = 0;
  bookmark_turn_ = turn;
}

bool ServerSubscriptions::AppendBookmarks(wire::BatchWriter& writer, Time now) {
  while (bookmarks_due_.has_value()) {
    if (writer.size() >= batch_bytes_max_) return false;
    const auto next = subscriptions_.lower_bound(*bookmarks_due_);
    if (next == subscriptions_.end()) {
      bookmarks_due_.reset();
    } else {
      bookmarks_due_ = next->first + 1;
      AppendBookmark(writer, next->first, next->second, now);
    }
  }
  return true;
}

void ServerSubscriptions::AppendBookmark(wire::BatchWriter& writer, std::uint64_t id,
                                         Subscription& subscription, Time now) {
  if (!subscription.announced || !subscription.position.has_value()) return;
  switch (Pump(writer, id, subscription, now)) {
    case Pumped::kAll:
      break;
    case Pumped::kPart:
      return MarkDirty(id, subscription);
    case Pumped::kEnded:
      return;
  }
  if (!subscription.position.has_value()) return;  // A snapshot is on its way.
  Cover(writer, id, subscription, std::max(subscription.position->revision, subscription.held_back));
  const Position& shown = *subscription.shown;
  wire::Bookmark bookmark;
  bookmark.id = id;
  bookmark.revision = shown.revision;
  bookmark.epoch = shown.epoch == subscription.announced_epoch ? 0 : shown.epoch;
  std::shared_ptr<const generated::StateHash> hash;
  if (subscription.is_hashed) hash = subscription.feed->Hash(shown, now);
  if (hash == nullptr && subscription.hash_at == shown) hash = subscription.hash;
  if (hash != nullptr) {
    bookmark.slices = static_cast<std::uint32_t>(hash->sums.size());
    bookmark.slice = static_cast<std::uint32_t>(bookmark_turn_ % bookmark.slices);
    bookmark.hash = hash->sums[bookmark.slice];
  }
  writer.Append(bookmark);
}

bool ServerSubscriptions::PumpSnapshot(wire::BatchWriter& writer, std::uint64_t id,
                                       Subscription& subscription, Time now) {
  const std::string& bytes = *subscription.snapshot;
  do {
    const std::size_t size = std::min(snapshot_chunk_bytes_, bytes.size() - subscription.snapshot_offset);
    wire::SnapshotChunk chunk;
    chunk.id = id;
    chunk.epoch = subscription.snapshot_at.epoch;
    chunk.revision = subscription.snapshot_at.revision;
    chunk.total_bytes = bytes.size();
    chunk.offset = subscription.snapshot_offset;
    chunk.reason = subscription.reason;
    chunk.events_dropped = subscription.snapshot_events_dropped;
    chunk.base = subscription.shown.has_value() ? subscription.shown->revision : 0;
    writer.Append(chunk, subscription.snapshot, size);
    subscription.snapshot_offset += size;
  } while (subscription.snapshot_offset < bytes.size() && writer.size() < batch_bytes_max_);
  if (subscription.snapshot_offset < bytes.size()) return false;
  ++stats_.snapshots[std::min(static_cast<std::size_t>(subscription.reason), stats_.snapshots.size() - 1)];
  subscription.position = subscription.snapshot_at;
  subscription.shown = subscription.snapshot_at;
  subscription.held_back = 0;
  subscription.covered = 0;
  subscription.asked_through = 0;
  DropSnapshot(subscription);
  subscription.pace.NoteDelivery(*subscription.feed, now);
  return true;
}

}  // namespace onager::session
