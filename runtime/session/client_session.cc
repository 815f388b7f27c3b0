#include "runtime/session/client_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/session/frame_status.h"
#include "runtime/wire/batch.h"

namespace onager::session {
namespace {

// Replies are acknowledged with whatever else is sent, and by themselves when so many are due.
constexpr std::uint64_t kAcknowledgeAlone = 64;

constexpr std::size_t kFrameOverheadMax = 4096;
// A binding, an actor's address and the rest of a Subscribe but its filter and its view.
constexpr std::size_t kSubscribeSizeMax = 8192;

// What a welcome may set the heartbeat to.
constexpr Duration kHeartbeatMin = std::chrono::milliseconds(100);
constexpr Duration kHeartbeatMax = std::chrono::seconds(60);

Duration HeartbeatOf(const wire::Welcome& welcome) {
  if (welcome.heartbeat_ms == 0) return std::chrono::seconds(5);
  const auto bounded = std::min<std::uint64_t>(welcome.heartbeat_ms, 60'000);
  return std::clamp<Duration>(std::chrono::milliseconds(bounded), kHeartbeatMin, kHeartbeatMax);
}

BackoffOptions BackoffOf(const ClientSessionOptions& options) {
  BackoffOptions backoff;
  backoff.base = options.reconnect_delay_min;
  backoff.cap = options.reconnect_delay_max;
  return backoff;
}

}  // namespace

ClientSession::ClientSession(ClientSessionOptions options, Random& random)
    : options_(options), random_(random), backoff_(BackoffOf(options)) {}

void ClientSession::Start(Time now) {
  if (phase_ == Phase::kIdle) BeginConnecting(now);
}

ClientSession::CallNumber ClientSession::Call(CallRequest request, Time now) {
  const CallNumber number = ++last_number_;
  if (phase_ == Phase::kClosed) {
    actions_.emplace_back(CallEnded{number, absl::CancelledError("the client is closed")});
    return number;
  }
  if (calls_.size() >= options_.pending_calls_max) {
    actions_.emplace_back(CallEnded{number, absl::ResourceExhaustedError(absl::StrCat(
                                                calls_.size(), " calls of this client have not ended"))});
    return number;
  }
  PendingCall call;
  call.request = std::move(request);
  if (call.request.timeout.has_value()) {
    call.deadline = *call.request.timeout < kNever - now ? now + *call.request.timeout : kNever;
  }
  if (call.deadline != kNever) call_deadlines_.emplace(call.deadline, number);
  streams_.Add(number, call.request.streams);
  calls_.emplace(number, std::move(call));
  if (phase_ == Phase::kLive) calls_due_.push_back(number);
  return number;
}

void ClientSession::CancelCall(CallNumber number) {
  const auto call = calls_.find(number);
  if (call == calls_.end()) return;
  if (call->second.sent_in_session) cancels_due_.push_back(number);
  EndCall(call, absl::CancelledError("the call was cancelled"));
}

void ClientSession::EndCall(std::map<CallNumber, PendingCall>::iterator call,
                            absl::StatusOr<std::string> result) {
  if (call->second.sent_in_session) --calls_in_flight_;
  call_deadlines_.erase({call->second.deadline, call->first});
  streams_.Remove(call->first);
  actions_.emplace_back(CallEnded{call->first, std::move(result)});
  calls_.erase(call);
}

void ClientSession::WriteItem(CallNumber number, SharedBytes item) {
  if (streams_.Write(number, std::move(item))) actions_.emplace_back(ItemWritten{number});
}

ClientSession::SubscriptionId ClientSession::Subscribe(SubscribeRequest request, Time /*now*/) {
  const SubscriptionId id = ++last_subscription_;
  if (phase_ == Phase::kClosed) {
    actions_.emplace_back(SubscriptionEnded{id, absl::CancelledError("the client is closed")});
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
  subscription.retry_backoff = Backoff(BackoffOf(options_));
  subscriptions_.emplace(id, std::move(subscription));
  if (phase_ == Phase::kLive) subscribes_due_.push_back(id);
  return id;
}

void ClientSession::Unsubscribe(SubscriptionId id) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  ForgetWireId(found->second, /*tell_server=*/true);
  subscriptions_.erase(found);
}

void ClientSession::Resync(SubscriptionId id, ResyncReason reason) {
  const auto found = subscriptions_.find(id);
  if (found != subscriptions_.end()) GiveUpPosition(id, found->second, reason);
}

void ClientSession::GiveUpPosition(SubscriptionId id, Subscription& subscription, ResyncReason reason) {
  ForgetWireId(subscription, /*tell_server=*/true);
  subscription.has_position = false;
  subscription.reason = reason;
  if (phase_ == Phase::kLive) subscribes_due_.push_back(id);
}

void ClientSession::ForgetWireId(Subscription& subscription, bool tell_server) {
  subscription.partial.clear();
  subscription.receiving_snapshot = false;
  subscription.announced = false;
  subscription.answer_due = kNever;
  subscription.replay_target = 0;
  if (subscription.wire_id == 0) return;
  if (tell_server) unsubscribes_due_.push_back(subscription.wire_id);
  by_wire_id_.erase(subscription.wire_id);
  subscription.wire_id = 0;
}

void ClientSession::EndSubscription(SubscriptionId id, const absl::Status& status) {
  const auto found = subscriptions_.find(id);
  ForgetWireId(found->second, /*tell_server=*/false);
  subscriptions_.erase(found);
  actions_.emplace_back(SubscriptionEnded{id, status});
}

void ClientSession::Close(const absl::Status& why) {
  if (phase_ == Phase::kClosed) return;
  // What has not ended did not end well.
  const absl::Status reason = why.ok() ? absl::CancelledError("the client is closed") : why;
  const bool connected = phase_ == Phase::kConnecting || phase_ == Phase::kLive;
  phase_ = Phase::kClosed;
  if (connected) actions_.emplace_back(Disconnect{reason});
  while (!calls_.empty()) EndCall(calls_.begin(), reason);
  while (!subscriptions_.empty()) EndSubscription(subscriptions_.begin()->first, reason);
  SetState(ConnectionState::kClosed, reason);
}

void ClientSession::BeginConnecting(Time now) {
  phase_ = Phase::kConnecting;
  connect_deadline_ = now + options_.connect_timeout;
  hello_due_ = true;
  actions_.emplace_back(Connect{});
}

void ClientSession::LoseConnection(const absl::Status& reason, Time now, bool tell_owner) {
  if (tell_owner) actions_.emplace_back(Disconnect{reason});
  phase_ = Phase::kWaiting;
  attempt_at_ = now + backoff_.Next(random_.Next());
  hello_due_ = false;
  heartbeat_due_ = false;
  calls_due_.clear();
  cancels_due_.clear();
  subscribes_due_.clear();
  subscribe_retries_.clear();
  answers_due_.clear();
  unsubscribes_due_.clear();
  for (auto& [number, call] : calls_) call.sent_in_session = false;
  calls_in_flight_ = 0;
  streams_.OnConnectionLost();
  for (auto& [id, subscription] : subscriptions_) ForgetWireId(subscription, /*tell_server=*/false);
  SetState(was_connected_ ? ConnectionState::kReconnecting : ConnectionState::kConnecting, reason);
}

void ClientSession::SetState(ConnectionState state, const absl::Status& reason) {
  state_ = state;
  actions_.emplace_back(StateChanged{state, reason});
}

void ClientSession::OnConnectionClosed(const absl::Status& reason, Time now) {
  if (phase_ != Phase::kConnecting && phase_ != Phase::kLive) return;
  LoseConnection(reason.ok() ? absl::UnavailableError("the server closed the connection") : reason, now,
                 /*tell_owner=*/true);
}

void ClientSession::OnTime(Time now) {
  while (!call_deadlines_.empty() && call_deadlines_.begin()->first <= now) {
    const CallNumber number = call_deadlines_.begin()->second;
    const auto call = calls_.find(number);
    if (call->second.sent_in_session) cancels_due_.push_back(number);
    EndCall(call, absl::DeadlineExceededError(call->second.first_server_instance == 0
                                                  ? "the deadline passed before the call could be sent"
                                                  : "the deadline passed; the call may or may not have run"));
  }
  switch (phase_) {
    case Phase::kWaiting:
      if (now >= attempt_at_) BeginConnecting(now);
      break;
    case Phase::kConnecting:
      if (now >= connect_deadline_) {
        LoseConnection(absl::UnavailableError("the server did not answer in time"), now, /*tell_owner=*/true);
      }
      break;
    case Phase::kLive:
      while (!subscribe_retries_.empty() && subscribe_retries_.begin()->first <= now) {
        if (subscriptions_.contains(subscribe_retries_.begin()->second)) {
          subscribes_due_.push_back(subscribe_retries_.begin()->second);
        }
        subscribe_retries_.erase(subscribe_retries_.begin());
      }
      if (now >= last_received_ + peer_timeout()) {
        return LoseConnection(absl::UnavailableError("nothing came from the server for too long"), now,
                              /*tell_owner=*/true);
      }
      AskAgain(now);
      heartbeat_due_ = now >= last_sent_ + heartbeat_interval_;
      break;
    case Phase::kIdle:
    case Phase::kClosed:
      break;
  }
}

Time ClientSession::next_deadline() const {
  Time deadline = call_deadlines_.empty() ? kNever : call_deadlines_.begin()->first;
  switch (phase_) {
    case Phase::kIdle:
      break;
    case Phase::kWaiting:
      deadline = std::min(deadline, attempt_at_);
      break;
    case Phase::kConnecting:
      deadline = std::min(deadline, connect_deadline_);
      break;
    case Phase::kLive:
      deadline = std::min(deadline, last_received_ + peer_timeout());
      // One that is due waits for the write in flight, not for a timer.
      if (!heartbeat_due_) deadline = std::min(deadline, last_sent_ + heartbeat_interval_);
      if (!subscribe_retries_.empty()) deadline = std::min(deadline, subscribe_retries_.begin()->first);
      if (!answers_due_.empty()) deadline = std::min(deadline, answers_due_.begin()->first);
      break;
    case Phase::kClosed:
      return kNever;
  }
  return deadline;
}

void ClientSession::OnMessage(std::string_view message, Time now) {
  if (phase_ != Phase::kConnecting && phase_ != Phase::kLive) return;
  last_received_ = now;
  stats_.bytes_received += message.size();
  wire::BatchReader reader(message);
  while (phase_ == Phase::kConnecting || phase_ == Phase::kLive) {
    absl::StatusOr<std::optional<wire::Frame>> frame = reader.Next();
    if (!frame.ok()) return LoseConnection(frame.status(), now, /*tell_owner=*/true);
    if (!frame->has_value()) return;
    std::visit([this, now](const auto& kind) { Handle(kind, now); }, **frame);
  }
}

void ClientSession::Handle(const wire::Welcome& frame, Time now) {
  if (phase_ != Phase::kConnecting || hello_due_) {
    return LoseConnection(absl::InternalError("a Welcome that nobody asked for"), now, /*tell_owner=*/true);
  }
  if (frame.version != wire::kProtocolVersion) {
    return LoseConnection(
        absl::FailedPreconditionError(absl::StrCat("this client speaks protocol version ",
                                                   wire::kProtocolVersion, ", the server ", frame.version)),
        now, /*tell_owner=*/true);
  }
  phase_ = Phase::kLive;
  was_connected_ = true;
  backoff_.Reset();
  server_instance_ = frame.server_instance;
  server_message_bytes_max_ =
      static_cast<std::size_t>(std::clamp<std::uint64_t>(frame.message_bytes_max, 64u << 10, 1u << 30));
  heartbeat_interval_ = HeartbeatOf(frame);
  calls_in_flight_max_ = frame.calls_in_flight_max == 0
                             ? options_.pending_calls_max
                             : static_cast<std::size_t>(std::min<std::uint64_t>(frame.calls_in_flight_max,
                                                                                options_.pending_calls_max));
  last_sent_ = now;
  acknowledged_ = 0;
  ++stats_.connections;
  for (auto& [number, call] : calls_) {
    const bool same_ledger = frame.incarnation_known && call.first_server_instance == server_instance_;
    if (call.first_server_instance != 0 && !same_ledger) call.may_have_run = true;
    calls_due_.push_back(number);
  }
  for (const auto& [id, subscription] : subscriptions_) subscribes_due_.push_back(id);
  SetState(ConnectionState::kConnected, absl::OkStatus());
}

void ClientSession::Handle(const wire::StreamItem& frame, Time now) {
  const absl::StatusOr<bool> is_new = streams_.OnItem(frame);
  if (!is_new.ok()) return LoseConnection(is_new.status(), now, /*tell_owner=*/true);
  if (*is_new) actions_.emplace_back(ItemArrived{frame.number, std::string(frame.item)});
}

void ClientSession::Handle(const wire::StreamCredit& frame, Time now) {
  const absl::StatusOr<bool> written = streams_.OnCredit(frame);
  if (!written.ok()) return LoseConnection(written.status(), now, /*tell_owner=*/true);
  if (*written) actions_.emplace_back(ItemWritten{frame.number});
}

void ClientSession::Handle(const wire::Reply& frame, Time now) {
  const auto call = calls_.find(frame.number);
  if (call == calls_.end() || !call->second.sent_in_session) return;  // It was given up meanwhile.
  if (absl::Status whole = streams_.OnReply(frame); !whole.ok()) {
    return LoseConnection(whole, now, /*tell_owner=*/true);
  }
  if (frame.code == 0) {
    EndCall(call, std::string(frame.result));
  } else {
    EndCall(call, StatusOf(frame));
  }
}

ClientSession::Subscription* ClientSession::FindByWireId(std::uint64_t wire_id, SubscriptionId& id) {
  const auto found = by_wire_id_.find(wire_id);
  if (found == by_wire_id_.end()) return nullptr;  // It was given up meanwhile.
  id = found->second;
  return &subscriptions_.at(id);
}

// A connection keeps what it carries, so this is for one that does not, and for a server that forgot.
void ClientSession::AwaitAnswer(SubscriptionId id, Subscription& subscription, Time now) {
  const bool listed = subscription.answer_due != kNever;
  subscription.answer_due = now + options_.peer_timeout;
  if (!listed) answers_due_.emplace(subscription.answer_due, id);
}

void ClientSession::AskAgain(Time now) {
  while (!answers_due_.empty() && answers_due_.begin()->first <= now) {
    const SubscriptionId id = answers_due_.begin()->second;
    answers_due_.erase(answers_due_.begin());
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end() || found->second.answer_due == kNever) continue;
    if (found->second.answer_due > now) {
      answers_due_.emplace(found->second.answer_due, id);
      continue;
    }
    ForgetWireId(found->second, /*tell_server=*/true);
    subscribes_due_.push_back(id);
  }
}

void ClientSession::Handle(const wire::Subscribed& frame, Time now) {
  SubscriptionId id = 0;
  Subscription* subscription = FindByWireId(frame.id, id);
  if (subscription == nullptr) return;
  if (subscription->announced) return GiveUpPosition(id, *subscription, ResyncReason::kBaseMismatch);
  subscription->announced = true;
  subscription->announced_epoch = frame.epoch;
  subscription->retry_backoff.Reset();
  if (!frame.binding.empty() && subscription->request.binding != frame.binding) {
    subscription->request.binding = std::string(frame.binding);
    actions_.emplace_back(BindingArrived{id, subscription->request.binding});
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
  subscription->answer_due = kNever;
  subscription->replay_target = frame.replay_target;
  ++stats_.resumes;
}

void ClientSession::Handle(const wire::SnapshotChunk& frame, Time now) {
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
    ForgetWireId(*subscription, /*tell_server=*/true);
    return EndSubscription(
        id, absl::ResourceExhaustedError(absl::StrCat("the state's snapshot of ", frame.total_bytes,
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
  subscription->answer_due = kNever;

  SnapshotArrived arrived;
  arrived.subscription = id;
  arrived.at = {frame.epoch, frame.revision};
  arrived.previous_revision = subscription->request.position.revision;
  arrived.reason = frame.reason;
  arrived.snapshot = std::exchange(subscription->partial, {});
  arrived.events_dropped = subscription->partial_events_dropped;
  subscription->receiving_snapshot = false;
  subscription->has_position = true;
  subscription->replay_target = 0;
  subscription->request.position = arrived.at;
  ++stats_.snapshots;
  stats_.events_dropped += arrived.events_dropped;
  if (frame.reason != ResyncReason::kInitial) ++stats_.resyncs;
  actions_.emplace_back(std::move(arrived));
}

void ClientSession::Handle(const wire::Delta& frame, Time /*now*/) {
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

void ClientSession::Handle(const wire::Covered& frame, Time /*now*/) {
  SubscriptionId id = 0;
  const Subscription* subscription = FindByWireId(frame.id, id);
  if (subscription == nullptr || !subscription->has_position) return;
  actions_.emplace_back(CoveredArrived{id, frame.revision});
}

void ClientSession::Handle(const wire::End& frame, Time now) {
  SubscriptionId id = 0;
  Subscription* subscription = FindByWireId(frame.id, id);
  if (subscription == nullptr) return;
  const absl::Status status = StatusOf(frame.code, frame.message);
  if (!absl::IsUnavailable(status)) return EndSubscription(id, status);
  // The server cannot serve it at the moment: the subscription stays and is asked for again.
  ForgetWireId(*subscription, /*tell_server=*/false);
  const Duration wait = options_.reconnect_delay_min + subscription->retry_backoff.Next(random_.Next());
  subscribe_retries_.emplace(now + wait, id);
}

void ClientSession::Handle(const wire::Heartbeat& /*frame*/, Time /*now*/) {}

void ClientSession::Handle(const wire::Goodbye& frame, Time now) {
  const absl::Status reason = StatusOf(frame.code, frame.message);
  LoseConnection(reason.ok() ? absl::UnavailableError("the server ended the session") : reason, now,
                 /*tell_owner=*/true);
}

template <typename ClientFrame>
void ClientSession::Handle(const ClientFrame& /*frame*/, Time now) {
  LoseConnection(absl::InternalError("the server sent a frame that only a client sends"), now,
                 /*tell_owner=*/true);
}

std::vector<ClientSession::Action> ClientSession::TakeActions() { return std::exchange(actions_, {}); }

// A server that was told a longer interval than ours must not be taken for dead in between.
Duration ClientSession::peer_timeout() const {
  return std::max<Duration>(options_.peer_timeout, 3 * heartbeat_interval_);
}

std::uint64_t ClientSession::AcknowledgeableThrough() const {
  return calls_.empty() ? last_number_ : calls_.begin()->first - 1;
}

std::optional<transport::OutMessage> ClientSession::NextBatch(Time now) {
  wire::BatchWriter writer;
  if (phase_ == Phase::kConnecting && hello_due_) {
    hello_due_ = false;
    wire::Hello hello;
    hello.incarnation = options_.incarnation;
    hello.message_bytes_max = options_.message_bytes_max;
    hello.calls_acknowledged = AcknowledgeableThrough();
    writer.Append(hello);
  }
  if (phase_ == Phase::kLive) {
    AppendSubscriptions(writer, now);
    AppendCalls(writer, now);
    AppendStreams(writer);
    const std::uint64_t through = AcknowledgeableThrough();
    const bool heartbeat_due = now >= last_sent_ + heartbeat_interval_;
    if (through > acknowledged_ &&
        (!writer.empty() || heartbeat_due || through - acknowledged_ >= kAcknowledgeAlone)) {
      acknowledged_ = through;
      wire::AcknowledgeReplies acknowledge;
      acknowledge.through = through;
      writer.Append(acknowledge);
    }
    if (writer.empty() && heartbeat_due) writer.Append(wire::Heartbeat());
  }
  if (writer.empty()) return std::nullopt;
  last_sent_ = now;
  heartbeat_due_ = false;
  stats_.bytes_sent += writer.size();
  return writer.Take();
}

std::size_t ClientSession::SizeOf(const SubscribeRequest& request) {
  return kSubscribeSizeMax + request.filter.size() + request.view.size();
}

void ClientSession::AppendSubscriptions(wire::BatchWriter& writer, Time now) {
  for (; !unsubscribes_due_.empty(); unsubscribes_due_.pop_front()) {
    wire::Unsubscribe unsubscribe;
    unsubscribe.id = unsubscribes_due_.front();
    writer.Append(unsubscribe);
  }
  for (; !subscribes_due_.empty() && writer.size() < options_.batch_bytes_max; subscribes_due_.pop_front()) {
    const SubscriptionId id = subscribes_due_.front();
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end() || found->second.wire_id != 0) continue;
    Subscription& subscription = found->second;
    const std::size_t size = SizeOf(subscription.request);
    if (size > server_message_bytes_max_) {
      EndSubscription(
          id, absl::ResourceExhaustedError("the filter and the view are larger than the server takes"));
      continue;
    }
    if (!writer.empty() && writer.size() + size > server_message_bytes_max_) return;
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
    if (subscription.has_position && subscription.request.binding.empty()) {
      subscription.has_position = false;  // The server gave nothing to resume with.
      subscription.reason = ResyncReason::kExpired;
    }
    // Also one that was given up: the server then knows which events are missed.
    subscribe.epoch = subscription.request.position.epoch;
    subscribe.revision = subscription.request.position.revision;
    if (subscription.has_position) {
      subscribe.binding = subscription.request.binding;
    } else {
      subscribe.reason = subscription.reason;
    }
    writer.Append(subscribe);
  }
}

void ClientSession::AppendCalls(wire::BatchWriter& writer, Time now) {
  for (; !calls_due_.empty() && writer.size() < options_.batch_bytes_max &&
         calls_in_flight_ < calls_in_flight_max_;
       calls_due_.pop_front()) {
    const auto found = calls_.find(calls_due_.front());
    if (found == calls_.end() || found->second.sent_in_session) continue;  // It ended before it was sent.
    PendingCall& pending = found->second;
    const std::size_t size = pending.request.arguments.size() + kFrameOverheadMax;
    if (size > server_message_bytes_max_) {
      EndCall(found,
              absl::ResourceExhaustedError(absl::StrCat("the arguments of ", pending.request.arguments.size(),
                                                        " bytes are larger than the server takes")));
      continue;
    }
    if (!writer.empty() && writer.size() + size > server_message_bytes_max_) return;
    pending.sent_in_session = true;
    ++calls_in_flight_;
    if (pending.first_server_instance == 0) pending.first_server_instance = server_instance_;
    wire::Call call;
    call.number = found->first;
    call.actor_type = pending.request.actor.type;
    call.key = pending.request.actor.key;
    call.method = pending.request.method;
    call.arguments = pending.request.arguments;
    call.may_have_run = pending.may_have_run;
    streams_.BeginSending(call);
    if (pending.deadline != kNever) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(pending.deadline - now).count();
      call.timeout_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(left, 1));
    }
    writer.Append(call);
  }
  for (; !cancels_due_.empty(); cancels_due_.pop_front()) {
    wire::Cancel cancel;
    cancel.number = cancels_due_.front();
    writer.Append(cancel);
  }
}

// After the calls, so that no stream delays one by more than the batch that is under way.
void ClientSession::AppendStreams(wire::BatchWriter& writer) {
  for (const CallNumber number :
       streams_.Append(writer, options_.batch_bytes_max, server_message_bytes_max_)) {
    wire::Cancel cancel;
    cancel.number = number;
    writer.Append(cancel);
    EndCall(calls_.find(number),
            absl::ResourceExhaustedError("an item of the parameter is larger than the server takes"));
  }
}

}  // namespace onager::session
