#include "runtime/session/client_subscriptions.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/session/frame_status.h"

namespace onager::session {
namespace {

// A binding, an actor's address and the rest of a Subscribe but its filter and its view.
constexpr std::size_t kSubscribeSizeMax = 8192;

}  // namespace

ClientSubscriptions::ClientSubscriptions(const ClientSessionOptions& options, Random& random,
                                         std::vector<ClientActions::Action>& actions, ClientStats& stats)
    : options_(options), random_(random), actions_(actions), stats_(stats) {}

ClientSubscriptions::SubscriptionId ClientSubscriptions::Add(SubscribeRequest request) {
  const SubscriptionId id = ++last_id_;
  if (ended_.has_value()) {
    actions_.emplace_back(SubscriptionEnded{id, *ended_});
    return id;
  }
  if (std::max(request.filter.size(), request.view.size()) > wire::kSelectionBytesMax) {
    actions_.emplace_back(
        SubscriptionEnded{id, absl::InvalidArgumentError(absl::StrCat("a filter or a view of more than ",
                                                                      wire::kSelectionBytesMax, " bytes"))});
    return id;
  }
  Subscription subscription;
  subscription.has_position = !request.binding.empty();
  subscription.request = std::move(request);
  subscription.retry_backoff = Backoff(options_.backoff());
  SubscribeSoon(id, subscriptions_.emplace(id, std::move(subscription)).first->second);
  return id;
}

void ClientSubscriptions::Remove(SubscriptionId id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  ForgetWireId(id, found->second, /*tell_server=*/true);
  subscriptions_.erase(found);
}

void ClientSubscriptions::Resync(SubscriptionId id, ResyncReason reason) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  if (reason == ResyncReason::kReplicaDiverged) ++stats_.divergences;
  GiveUpPosition(id, found->second, reason);
}

void ClientSubscriptions::GiveUpPosition(SubscriptionId id, Subscription& subscription, ResyncReason reason) {
  ForgetWireId(id, subscription, /*tell_server=*/true);
  subscription.has_position = false;
  subscription.reason = reason;
  SubscribeSoon(id, subscription);
}

void ClientSubscriptions::SubscribeSoon(SubscriptionId id, const Subscription& subscription) {
  if (live_ && !subscription.paused) subscribes_due_.push_back(id);
}

void ClientSubscriptions::Pause(SubscriptionId id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end() || found->second.paused) return;
  found->second.paused = true;
  ForgetWireId(id, found->second, /*tell_server=*/true);
}

void ClientSubscriptions::Resume(SubscriptionId id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end() || !found->second.paused) return;
  found->second.paused = false;
  SubscribeSoon(id, found->second);
}

// One step for the server too: it lets go of the old subscription and begins the new one with the same
// message, and the position, whose binding is that of the old filter and view, says which events come between
// the two. What still arrives for the old one belongs to an id that is given up. Where the connection breaks
// before the new snapshot is here, position, binding and what was asked for are those of before, and it is
// asked again.
void ClientSubscriptions::Change(SubscriptionId id, std::string filter, std::string view) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  Subscription& subscription = found->second;
  subscription.request.filter = std::move(filter);
  subscription.request.view = std::move(view);
  if (subscription.has_position && subscription.request.binding.empty()) {
    subscription.has_position = false;
    subscription.reason = ResyncReason::kViewChanged;
  }
  ForgetWireId(id, subscription, /*tell_server=*/true);
  SubscribeSoon(id, subscription);
}

SubscriptionPhase ClientSubscriptions::phase(SubscriptionId id) const {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return SubscriptionPhase::kEnded;
  const Subscription& subscription = found->second;
  if (subscription.paused) return SubscriptionPhase::kPaused;
  const bool live = subscription.announced && subscription.has_position && !subscription.receiving_snapshot;
  return live ? SubscriptionPhase::kLive : SubscriptionPhase::kConnecting;
}

void ClientSubscriptions::ForgetWireId(SubscriptionId id, Subscription& subscription, bool tell_server) {
  subscription.partial.clear();
  subscription.receiving_snapshot = false;
  subscription.announced = false;
  subscription.answer_due = kNever;
  if (subscription.answer_listed != kNever) {
    answers_due_.erase({std::exchange(subscription.answer_listed, kNever), id});
  }
  subscription.replay_target = 0;
  if (subscription.wire_id == 0) return;
  if (tell_server) unsubscribes_due_.push_back(subscription.wire_id);
  by_wire_id_.erase(subscription.wire_id);
  subscription.wire_id = 0;
}

void ClientSubscriptions::End(SubscriptionId id, const absl::Status& status) {
  const auto found = subscriptions_.find(id);
  ForgetWireId(id, found->second, /*tell_server=*/false);
  subscriptions_.erase(found);
  actions_.emplace_back(SubscriptionEnded{id, status});
}

void ClientSubscriptions::EndAll(const absl::Status& reason) {
  ended_ = reason;
  while (!subscriptions_.empty()) End(subscriptions_.begin()->first, reason);
}

void ClientSubscriptions::OnConnected(Duration bookmark_interval) {
  live_ = true;
  bookmark_interval_ = bookmark_interval;
  for (const auto& [id, subscription] : subscriptions_) SubscribeSoon(id, subscription);
}

void ClientSubscriptions::OnConnectionLost() {
  live_ = false;
  subscribes_due_.clear();
  subscribe_retries_.clear();
  unsubscribes_due_.clear();
  field_trees_due_.clear();
  for (auto& [id, subscription] : subscriptions_) ForgetWireId(id, subscription, /*tell_server=*/false);
}

void ClientSubscriptions::OnTime(Time now) {
  while (!subscribe_retries_.empty() && subscribe_retries_.begin()->first <= now) {
    if (subscriptions_.contains(subscribe_retries_.begin()->second)) {
      subscribes_due_.push_back(subscribe_retries_.begin()->second);
    }
    subscribe_retries_.erase(subscribe_retries_.begin());
  }
  AskAgain(now);
}

Time ClientSubscriptions::next_deadline() const {
  Time deadline = kNever;
  if (!subscribe_retries_.empty()) deadline = subscribe_retries_.begin()->first;
  if (!answers_due_.empty()) deadline = std::min(deadline, answers_due_.begin()->first);
  return deadline;
}

ClientSubscriptions::Subscription* ClientSubscriptions::FindByWireId(std::uint64_t wire_id,
                                                                     SubscriptionId& id) {
  const auto found = by_wire_id_.find(wire_id);
  if (found == by_wire_id_.end()) return nullptr;  // It was given up meanwhile.
  id = found->second;
  return &subscriptions_.at(id);
}

// A connection keeps what it carries, so this is for one that does not, and for a server that forgot.
void ClientSubscriptions::AwaitAnswer(SubscriptionId id, Subscription& subscription, Time now) {
  Await(id, subscription, now + options_.peer_timeout);
}

// Of a lost delta the next frame tells. After a lost end there is none, and the silence tells.
void ClientSubscriptions::AwaitBookmark(SubscriptionId id, Subscription& subscription, Time now) {
  const bool comes = bookmark_interval_ > Duration::zero();
  Await(id, subscription, comes ? now + 2 * bookmark_interval_ + options_.peer_timeout : kNever);
}

// What is due later than before stays listed as it was, until then: frames that come one after the other move
// nothing.
void ClientSubscriptions::Await(SubscriptionId id, Subscription& subscription, Time due) {
  subscription.answer_due = due;
  if (due >= subscription.answer_listed) return;
  if (subscription.answer_listed != kNever) answers_due_.erase({subscription.answer_listed, id});
  subscription.answer_listed = due;
  answers_due_.emplace(due, id);
}

void ClientSubscriptions::AskAgain(Time now) {
  while (!answers_due_.empty() && answers_due_.begin()->first <= now) {
    const SubscriptionId id = answers_due_.begin()->second;
    answers_due_.erase(answers_due_.begin());
    Subscription& subscription = subscriptions_.at(id);
    subscription.answer_listed = kNever;
    if (subscription.answer_due > now) {
      Await(id, subscription, subscription.answer_due);
      continue;
    }
    ForgetWireId(id, subscription, /*tell_server=*/true);
    subscribes_due_.push_back(id);
  }
}

void ClientSubscriptions::On(const wire::Subscribed& frame, Time now) {
  SubscriptionId id = 0;
  Subscription* subscription = FindByWireId(frame.id, id);
  if (subscription == nullptr) return;
  if (subscription->announced) return GiveUpPosition(id, *subscription, ResyncReason::kBaseMismatch);
  subscription->announced = true;
  subscription->announced_epoch = frame.epoch;
  subscription->retry_backoff.Reset();
  if (!frame.binding.empty() && subscription->request.binding != frame.binding) {
    subscription->request.binding = std::string(frame.binding);
    // Otherwise it comes with the snapshot that it is for.
    if (frame.resumed) actions_.emplace_back(BindingArrived{id, subscription->request.binding});
  }
  if (!frame.resumed) {
    subscription->has_position = false;
    subscription->reason = frame.reason;  // Also when the connection breaks before the snapshot is here.
    AwaitAnswer(id, *subscription, now);
    return;
  }
  if (!subscription->has_position || subscription->request.position.epoch != frame.epoch) {
    return GiveUpPosition(id, *subscription, ResyncReason::kBaseMismatch);
  }
  AwaitBookmark(id, *subscription, now);
  subscription->replay_target = frame.replay_target;
  ++stats_.resumes;
}

void ClientSubscriptions::On(const wire::SnapshotChunk& frame, Time now) {
  SubscriptionId id = 0;
  Subscription* subscription = FindByWireId(frame.id, id);
  if (subscription == nullptr) return;
  stats_.payload_bytes_received += frame.data.size();
  // Who has a position expects none but one that is later, or of another epoch, and that replaces what
  // followed the position: events that came before and did not arrive would not be counted.
  const Position& position = subscription->request.position;
  const bool unexpected =
      !subscription->announced || frame.base != position.revision ||
      (subscription->has_position && frame.epoch == position.epoch && frame.revision <= position.revision);
  if (unexpected) return GiveUpPosition(id, *subscription, ResyncReason::kBaseMismatch);
  if (frame.total_bytes > options_.snapshot_bytes_max) {
    ForgetWireId(id, *subscription, /*tell_server=*/true);
    return End(id, absl::ResourceExhaustedError(absl::StrCat("the state's snapshot of ", frame.total_bytes,
                                                             " bytes is larger than this client takes")));
  }
  if (frame.offset == 0) {
    subscription->receiving_snapshot = true;
    subscription->partial.clear();
    subscription->partial_at = {frame.epoch, frame.revision};
    subscription->partial_total = frame.total_bytes;
    subscription->partial_events_dropped = frame.events_dropped;
  }
  if (!subscription->receiving_snapshot || frame.offset != subscription->partial.size() ||
      subscription->partial_at != Position{frame.epoch, frame.revision} ||
      frame.total_bytes != subscription->partial_total ||
      frame.data.size() > frame.total_bytes - frame.offset) {
    return GiveUpPosition(id, *subscription, ResyncReason::kBaseMismatch);
  }
  subscription->partial.append(frame.data);
  if (subscription->partial.size() < frame.total_bytes) return AwaitAnswer(id, *subscription, now);
  AwaitBookmark(id, *subscription, now);

  SnapshotArrived arrived;
  arrived.subscription = id;
  arrived.at = {frame.epoch, frame.revision};
  arrived.previous_revision = subscription->request.position.revision;
  arrived.reason = frame.reason;
  arrived.snapshot = std::exchange(subscription->partial, {});
  arrived.events_dropped = subscription->partial_events_dropped;
  arrived.filter = subscription->request.filter;
  arrived.view = subscription->request.view;
  arrived.binding = subscription->request.binding;
  subscription->receiving_snapshot = false;
  subscription->has_position = true;
  subscription->replay_target = 0;
  subscription->request.position = arrived.at;
  subscription->request.covered = 0;
  ++stats_.snapshots;
  stats_.events_dropped += arrived.events_dropped;
  if (frame.reason != ResyncReason::kInitial) ++stats_.resyncs;
  actions_.emplace_back(std::move(arrived));
}

void ClientSubscriptions::On(const wire::Delta& frame, Time now) {
  SubscriptionId id = 0;
  Subscription* subscription = FindByWireId(frame.id, id);
  if (subscription == nullptr) return;
  stats_.payload_bytes_received += frame.patch.size();
  Position& position = subscription->request.position;
  // The rule that everything rests on: a delta continues exactly what is here, or nothing is applied.
  // A revision alone does not say so, because another epoch counts its own.
  const std::uint64_t epoch = frame.epoch == 0 ? subscription->announced_epoch : frame.epoch;
  if (!subscription->announced || !subscription->has_position || subscription->receiving_snapshot ||
      epoch != position.epoch || frame.span == 0 || frame.span > frame.revision ||
      frame.revision - frame.span != position.revision) {
    return GiveUpPosition(id, *subscription, ResyncReason::kBaseMismatch);
  }
  AwaitBookmark(id, *subscription, now);
  DeltaArrived arrived;
  arrived.subscription = id;
  arrived.base = position.revision;
  arrived.at = {position.epoch, frame.revision};
  arrived.patch = std::string(frame.patch);
  arrived.replayed = frame.revision <= subscription->replay_target;
  arrived.events.assign(frame.events.begin(), frame.events.end());
  for (const std::string_view event : frame.events) stats_.payload_bytes_received += event.size();
  stats_.events += frame.events.size();
  position.revision = frame.revision;
  ++stats_.deltas;
  if (arrived.replayed) ++stats_.replayed_deltas;
  actions_.emplace_back(std::move(arrived));
}

void ClientSubscriptions::On(const wire::Covered& frame, Time now) {
  SubscriptionId id = 0;
  Subscription* subscription = FindByWireId(frame.id, id);
  if (subscription == nullptr) return;
  // Of another position it would say of a lost delta that it was held back.
  if (!subscription->announced || !subscription->has_position || subscription->receiving_snapshot ||
      frame.base != subscription->request.position.revision) {
    return GiveUpPosition(id, *subscription, ResyncReason::kBaseMismatch);
  }
  AwaitBookmark(id, *subscription, now);
  // What is due is not to be passed over when the position is resumed.
  if (!frame.due) subscription->request.covered = frame.revision;
  actions_.emplace_back(CoveredArrived{id, frame.revision, frame.due});
}

void ClientSubscriptions::On(const wire::Bookmark& frame, Time now) {
  SubscriptionId id = 0;
  Subscription* subscription = FindByWireId(frame.id, id);
  if (subscription == nullptr) return;
  // What a lost frame leaves behind is found here, also when nothing follows it.
  const Position& position = subscription->request.position;
  const std::uint64_t epoch = frame.epoch == 0 ? subscription->announced_epoch : frame.epoch;
  if (!subscription->announced || !subscription->has_position || subscription->receiving_snapshot ||
      Position{epoch, frame.revision} != position) {
    return GiveUpPosition(id, *subscription, ResyncReason::kBaseMismatch);
  }
  AwaitBookmark(id, *subscription, now);
  if (!std::has_single_bit(frame.slices) || frame.slice >= frame.slices) return;
  ++stats_.bookmarks;
  actions_.emplace_back(BookmarkArrived{id, position, frame.slice, frame.slices, frame.hash});
}

void ClientSubscriptions::On(const wire::FieldTreeWanted& frame) {
  if (by_wire_id_.contains(frame.id)) field_trees_due_.insert(frame.id);
}

void ClientSubscriptions::On(const wire::End& frame, Time now) {
  SubscriptionId id = 0;
  Subscription* subscription = FindByWireId(frame.id, id);
  if (subscription == nullptr) return;
  const absl::Status status = StatusOf(frame);
  if (!absl::IsUnavailable(status)) return End(id, status);
  // The server cannot serve it at the moment: the subscription stays and is asked for again.
  ForgetWireId(id, *subscription, /*tell_server=*/false);
  const Duration wait = options_.reconnect_delay_min + subscription->retry_backoff.Next(random_.Next());
  subscribe_retries_.emplace(now + wait, id);
}

std::size_t ClientSubscriptions::SizeOf(const SubscribeRequest& request) {
  return kSubscribeSizeMax + request.filter.size() + request.view.size();
}

void ClientSubscriptions::Append(wire::BatchWriter& writer, std::size_t message_bytes_max, Time now) {
  for (; !unsubscribes_due_.empty(); unsubscribes_due_.pop_front()) {
    wire::Unsubscribe unsubscribe;
    unsubscribe.id = unsubscribes_due_.front();
    writer.Append(unsubscribe);
  }
  while (!field_trees_due_.empty() && writer.size() < options_.batch_bytes_max) {
    SubscriptionId id = 0;
    const Subscription* const subscription = FindByWireId(*field_trees_due_.begin(), id);
    field_trees_due_.erase(field_trees_due_.begin());
    if (subscription == nullptr || subscription->request.field_tree == nullptr) continue;
    const std::string bytes = subscription->request.field_tree().Encode();
    if (!writer.empty() && writer.size() + bytes.size() + kSubscribeSizeMax > message_bytes_max) {
      field_trees_due_.insert(subscription->wire_id);
      return;
    }
    wire::FieldTree tree;
    tree.fingerprint = subscription->request.schema_fingerprint;
    tree.tree = bytes;
    writer.Append(tree);
  }
  for (; !subscribes_due_.empty() && writer.size() < options_.batch_bytes_max; subscribes_due_.pop_front()) {
    const SubscriptionId id = subscribes_due_.front();
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end() || found->second.wire_id != 0 || found->second.paused) continue;
    Subscription& subscription = found->second;
    const std::size_t size = SizeOf(subscription.request);
    if (size > message_bytes_max) {
      End(id, absl::ResourceExhaustedError("the filter and the view are larger than the server takes"));
      continue;
    }
    if (!writer.empty() && writer.size() + size > message_bytes_max) return;
    subscription.wire_id = ++last_wire_id_;
    by_wire_id_.emplace(subscription.wire_id, id);
    AwaitAnswer(id, subscription, now);
    wire::Subscribe subscribe;
    subscribe.id = subscription.wire_id;
    subscribe.actor_type = subscription.request.actor.type;
    subscribe.key = subscription.request.actor.key;
    subscribe.schema_fingerprint = subscription.request.schema_fingerprint;
    subscribe.filter = subscription.request.filter;
    subscribe.view = subscription.request.view;
    subscribe.when_slow = subscription.request.when_slow;
    if (subscription.has_position && subscription.request.binding.empty()) {
      subscription.has_position = false;  // The server gave nothing to resume with.
      subscription.reason = ResyncReason::kExpired;
    }
    // Also one that was given up: the server then knows which events are missed.
    subscribe.epoch = subscription.request.position.epoch;
    subscribe.revision = subscription.request.position.revision;
    if (subscription.has_position) {
      subscribe.binding = subscription.request.binding;
      subscribe.covered = subscription.request.covered;
    } else {
      subscribe.reason = subscription.reason;
    }
    writer.Append(subscribe);
  }
}

}  // namespace onager::session
