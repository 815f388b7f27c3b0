#include "runtime/session/server_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "runtime/session/frame_status.h"
#include "runtime/wire/batch.h"

namespace onager::session {
namespace {

// A peer is dead when nothing came from it for this many heartbeats.
constexpr int kSilentHeartbeats = 3;

// What a message holds besides one payload: the frame's own fields and what stands around it.
constexpr std::size_t kFrameOverheadMax = 4096;

// What every client takes, whatever it says.
constexpr std::uint64_t kMessageBytesMin = 64u << 10;

constexpr std::size_t kActorTypeLengthMax = 256;
constexpr std::size_t kActorKeyLengthMax = 512;

absl::Status CheckAddress(std::string_view type, std::string_view key) {
  if (type.empty() || type.size() > kActorTypeLengthMax) {
    return absl::InvalidArgumentError("the actor type is empty or too long");
  }
  if (key.size() > kActorKeyLengthMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the actor key is longer than ", kActorKeyLengthMax, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckSelection(std::string_view filter, std::string_view view) {
  if (std::max(filter.size(), view.size()) <= wire::kSelectionBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a filter or a view of more than ", wire::kSelectionBytesMax, " bytes"));
}

ResyncReason ReasonOf(FeedRead::Why why, bool resuming, ResyncReason without_position) {
  switch (why) {
    case FeedRead::Why::kNoPosition:
      return without_position;
    case FeedRead::Why::kOtherEpoch:
      return ResyncReason::kNewEpoch;
    case FeedRead::Why::kOutsideWindow:
      return resuming ? ResyncReason::kExpired : ResyncReason::kLagged;
    case FeedRead::Why::kTooCostly:
      return ResyncReason::kLagged;
  }
  return without_position;
}

}  // namespace

struct ServerSession::Batch {
  wire::BatchWriter writer;
};

ServerSession::ServerSession(ServerSessionOptions options, Peer peer, const wire::TokenSigner& signer,
                             Time now)
    : options_(options),
      peer_(std::move(peer)),
      signer_(signer),
      created_(now),
      last_received_(now),
      last_sent_(now) {}

void ServerSession::OnMessage(std::string_view message, Time now) {
  if (phase_ == Phase::kClosed) return;
  last_received_ = now;
  wire::BatchReader reader(message);
  while (phase_ != Phase::kClosed) {
    absl::StatusOr<std::optional<wire::Frame>> frame = reader.Next();
    if (!frame.ok()) return Fail(frame.status());
    if (!frame->has_value()) return;
    const bool may_be_first =
        std::holds_alternative<wire::Hello>(**frame) || std::holds_alternative<wire::Goodbye>(**frame);
    if (phase_ == Phase::kAwaitingHello && !may_be_first) {
      return Fail(absl::InvalidArgumentError("a frame before Hello"));
    }
    if (goodbye_.has_value()) return;  // Nothing new is begun.
    std::visit([this, now](const auto& kind) { Handle(kind, now); }, **frame);
  }
}

void ServerSession::Handle(const wire::Hello& frame, Time /*now*/) {
  if (phase_ != Phase::kAwaitingHello) return Fail(absl::InvalidArgumentError("a second Hello"));
  if (frame.version != wire::kProtocolVersion) {
    return Close(absl::FailedPreconditionError(absl::StrCat(
        "this server speaks protocol version ", wire::kProtocolVersion, ", the client ", frame.version)));
  }
  if (frame.incarnation == 0) return Fail(absl::InvalidArgumentError("Hello without an incarnation"));
  const std::uint64_t peer_max = std::max<std::uint64_t>(frame.message_bytes_max, kMessageBytesMin);
  message_bytes_max_ =
      static_cast<std::size_t>(std::min<std::uint64_t>(peer_max, options_.message_bytes_max));
  // The last step or chunk of a batch may begin just below the limit, and be as large as it.
  batch_bytes_max_ = std::min(options_.batch_bytes_max, message_bytes_max_ / 2);
  snapshot_chunk_bytes_ = std::min(options_.snapshot_chunk_bytes, batch_bytes_max_ - kFrameOverheadMax);
  phase_ = Phase::kAwaitingLedger;
  actions_.emplace_back(FindLedger{frame.incarnation});
  if (frame.calls_acknowledged > 0) actions_.emplace_back(AcknowledgeCalls{frame.calls_acknowledged});
}

void ServerSession::OnLedger(bool incarnation_known, Time now, std::uint64_t ledger_id) {
  if (phase_ != Phase::kAwaitingLedger) return;
  phase_ = Phase::kLive;
  incarnation_known_ = incarnation_known;
  ledger_id_ = ledger_id;
  welcome_due_ = true;
  last_received_ = now;
}

// What a client sends in one message with its Hello is handled before the ledger is there: the owner
// takes the actions in order, so that the ledger is found before the first call is started.
void ServerSession::Handle(const wire::Call& frame, Time /*now*/) {
  if (frame.number == 0) return Fail(absl::InvalidArgumentError("a Call without a number"));
  ActorId actor{std::string(frame.actor_type), std::string(frame.key)};
  absl::Status refusal = CheckAddress(frame.actor_type, frame.key);
  if (refusal.ok() && calls_.size() + replies_.size() >= options_.calls_max) {
    refusal = absl::ResourceExhaustedError(
        absl::StrCat("this session has ", options_.calls_max, " calls that have not ended"));
  }
  if (replies_.size() >= 2 * options_.calls_max) {
    return Fail(absl::ResourceExhaustedError("the client calls and does not read the replies"));
  }
  if (!calls_.insert(frame.number).second) {
    return Fail(
        absl::InvalidArgumentError(absl::StrCat("call ", frame.number, " was sent twice in one session")));
  }
  calls_seen_max_ = std::max(calls_seen_max_, frame.number);
  if (!refusal.ok()) {
    auto outcome = std::make_shared<CallOutcome>();
    outcome->status = std::move(refusal);
    OnCallEnded(frame.number, std::move(outcome));
    return;
  }
  streams_.Add(frame);
  std::optional<Duration> timeout;
  if (frame.timeout_ms > 0) {
    constexpr std::uint64_t kTimeoutMsMax = 1000ull * 3600 * 24 * 365;
    timeout = std::chrono::milliseconds(std::min(frame.timeout_ms, kTimeoutMsMax));
  }
  actions_.emplace_back(StartCall{frame.number, std::move(actor), std::string(frame.method),
                                  std::string(frame.arguments), timeout, frame.may_have_run, frame.streams,
                                  frame.received > 0 || frame.taken > 0});
}

bool ServerSession::MayHandOn(std::uint64_t number, bool is_stream) {
  if (is_stream) return true;
  if (number == 0 || number > calls_seen_max_ || calls_.contains(number)) {
    Fail(absl::InvalidArgumentError(absl::StrCat("call ", number, " has no such stream")));
  }
  return false;
}

void ServerSession::Handle(const wire::StreamItem& frame, Time /*now*/) {
  if (!MayHandOn(frame.number, streams_.TakesItems(frame.number))) return;
  actions_.emplace_back(TakeItem{frame.number, frame.sequence, std::string(frame.item)});
}

void ServerSession::Handle(const wire::StreamEnd& frame, Time /*now*/) {
  if (!MayHandOn(frame.number, streams_.TakesItems(frame.number))) return;
  actions_.emplace_back(TakeStreamEnd{frame.number, frame.items});
}

void ServerSession::Handle(const wire::StreamCredit& frame, Time /*now*/) {
  if (!MayHandOn(frame.number, streams_.Contains(frame.number))) return;
  actions_.emplace_back(TakeCredit{frame.number, frame.through});
}

void ServerSession::Handle(const wire::AcknowledgeReplies& frame, Time /*now*/) {
  actions_.emplace_back(AcknowledgeCalls{frame.through});
}

void ServerSession::Handle(const wire::Cancel& frame, Time /*now*/) {
  if (!calls_.contains(frame.number)) return;
  actions_.emplace_back(CancelCall{frame.number});
  if (streams_.Abandon(frame.number)) calls_.erase(frame.number);
}

void ServerSession::Handle(const wire::Subscribe& frame, Time /*now*/) {
  if (frame.id == 0 || subscriptions_.contains(frame.id)) {
    return Fail(absl::InvalidArgumentError("a subscription id that is zero or in use"));
  }
  if (absl::Status address = CheckAddress(frame.actor_type, frame.key); !address.ok()) {
    return RefuseSubscription(frame.id, address);
  }
  if (absl::Status selection = CheckSelection(frame.filter, frame.view); !selection.ok()) {
    return RefuseSubscription(frame.id, selection);
  }
  if (subscriptions_.size() >= options_.subscriptions_max) {
    return RefuseSubscription(
        frame.id, absl::ResourceExhaustedError(
                      absl::StrCat("this session has ", options_.subscriptions_max, " subscriptions")));
  }
  Subscription subscription;
  subscription.actor = {std::string(frame.actor_type), std::string(frame.key)};
  subscription.client_fingerprint = frame.schema_fingerprint;
  subscription.filter_fingerprint = wire::Fingerprint(frame.filter);
  subscription.view_fingerprint = wire::Fingerprint(frame.view);
  subscription.reason = frame.reason;
  if (frame.epoch != 0) subscription.shown = Position{frame.epoch, frame.revision};
  if (!frame.binding.empty()) {
    subscription.offered_binding = std::string(frame.binding);
    subscription.position = Position{frame.epoch, frame.revision};
    subscription.shown = subscription.position;
    if (!ExamineToken(frame.id, subscription)) return;
  }
  actions_.emplace_back(OpenFeed{frame.id, subscription.actor, std::string(frame.filter),
                                 std::string(frame.view), !subscription.offered_binding.empty()});
  subscriptions_by_actor_.emplace(subscription.actor, frame.id);
  subscriptions_.emplace(frame.id, std::move(subscription));
}

bool ServerSession::ExamineToken(std::uint64_t id, Subscription& subscription) {
  const absl::StatusOr<wire::TokenBinding> binding = signer_.Verify(subscription.offered_binding);
  if (absl::IsNotFound(binding.status())) {
    subscription.position.reset();
    subscription.offered_binding.clear();
    subscription.reason = ResyncReason::kUnknownKey;
    return true;
  }
  if (!binding.ok()) {
    RefuseSubscription(id, binding.status());
    return false;
  }
  if (binding->tenant != peer_.tenant || binding->principal != peer_.principal) {
    RefuseSubscription(id, absl::PermissionDeniedError("this resume token was given to another principal"));
    return false;
  }
  if (binding->actor_type != subscription.actor.type || binding->key != subscription.actor.key) {
    RefuseSubscription(id, absl::InvalidArgumentError("this resume token belongs to another actor"));
    return false;
  }
  return true;
}

void ServerSession::RefuseSubscription(std::uint64_t id, const absl::Status& status) {
  if (ended_subscriptions_.size() > options_.subscriptions_max) {
    return Fail(absl::ResourceExhaustedError("the client subscribes and does not read the answers"));
  }
  ended_subscriptions_.emplace_back(id, status);
}

void ServerSession::Handle(const wire::Unsubscribe& frame, Time /*now*/) {
  const auto found = subscriptions_.find(frame.id);
  if (found == subscriptions_.end()) return;  // It ended here while the request was under way.
  const auto [first, last] = subscriptions_by_actor_.equal_range(found->second.actor);
  subscriptions_by_actor_.erase(
      std::find_if(first, last, [&frame](const auto& entry) { return entry.second == frame.id; }));
  subscriptions_.erase(found);
  actions_.emplace_back(CloseFeed{frame.id});
}

void ServerSession::Handle(const wire::Heartbeat& /*frame*/, Time /*now*/) {}

void ServerSession::Handle(const wire::Goodbye& /*frame*/, Time /*now*/) { Fail(absl::OkStatus()); }

template <typename ServerFrame>
void ServerSession::Handle(const ServerFrame& /*frame*/, Time /*now*/) {
  Fail(absl::InvalidArgumentError("a frame that only a server sends"));
}

void ServerSession::OnCallEnded(std::uint64_t number, SharedOutcome outcome) {
  if (phase_ == Phase::kClosed || !calls_.contains(number)) return;
  if (streams_.OnEnded(number, outcome)) return;  // Its items go first.
  QueueReply(number, std::move(outcome));
}

void ServerSession::QueueReply(std::uint64_t number, SharedOutcome outcome) {
  calls_.erase(number);
  reply_bytes_ += outcome->size();
  replies_.emplace_back(number, std::move(outcome));
  if (reply_bytes_ > options_.pending_reply_bytes_max) {
    Fail(absl::ResourceExhaustedError("the client calls and does not read the replies"));
  }
}

void ServerSession::OnCallForgotten(std::uint64_t number) {
  calls_.erase(number);
  streams_.Remove(number);
}

void ServerSession::OnStreamOpened(std::uint64_t number, std::shared_ptr<StreamPort> port) {
  if (phase_ == Phase::kClosed) return;
  if (absl::Status opened = streams_.Open(number, std::move(port)); !opened.ok()) Fail(opened);
}

void ServerSession::OnFeedOpened(std::uint64_t id, absl::StatusOr<std::shared_ptr<StateFeed>> feed,
                                 std::uint64_t schema_fingerprint) {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  if (!feed.ok()) return OnFeedRefused(id, feed.status());
  Subscription& subscription = found->second;
  subscription.feed = *std::move(feed);

  wire::TokenBinding binding;
  binding.tenant = peer_.tenant;
  binding.principal = peer_.principal;
  binding.actor_type = subscription.actor.type;
  binding.key = subscription.actor.key;
  // Both ends' field trees decide what a delta means, so a change of either ends a token's use.
  binding.schema_fingerprint = schema_fingerprint * 0x9E3779B97F4A7C15ull + subscription.client_fingerprint;
  binding.filter_fingerprint = subscription.filter_fingerprint;
  binding.view_fingerprint = subscription.view_fingerprint;
  subscription.binding = signer_.Sign(binding);
  if (subscription.position.has_value()) {
    const absl::StatusOr<wire::TokenBinding> offered = signer_.Verify(subscription.offered_binding);
    if (!offered.ok() || !(*offered == binding)) {
      subscription.position.reset();
      subscription.reason = offered.ok() && offered->schema_fingerprint == binding.schema_fingerprint
                                ? ResyncReason::kViewChanged
                                : ResyncReason::kSchemaChanged;
    }
  }
  subscription.offered_binding.clear();
  if (!subscription.position.has_value() && subscription.reason != ResyncReason::kInitial) {
    // The client has been shown something already: a snapshot that the feed has kept may be older than that.
    subscription.snapshot_wanted = subscription.feed->head();
  }
  MarkDirty(id, subscription);
}

void ServerSession::OnFeedRefused(std::uint64_t id, const absl::Status& reason) {
  if (!subscriptions_.contains(id)) return;
  wire::Unsubscribe gone;
  gone.id = id;
  Handle(gone, last_received_);
  RefuseSubscription(id, reason);
}

void ServerSession::OnFeedChanged(std::uint64_t id) {
  const auto found = subscriptions_.find(id);
  if (found != subscriptions_.end()) MarkDirty(id, found->second);
}

void ServerSession::OnFeedEnded(std::uint64_t id, const absl::Status& reason) {
  if (!subscriptions_.contains(id)) return;
  wire::Unsubscribe gone;
  gone.id = id;
  Handle(gone, last_received_);
  ended_subscriptions_.emplace_back(id, reason);
}

void ServerSession::MarkDirty(std::uint64_t id, Subscription& subscription) {
  if (subscription.dirty) return;
  subscription.dirty = true;
  dirty_.push_back(id);
}

void ServerSession::OnTime(Time now) {
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kAwaitingHello && now >= created_ + options_.handshake_timeout) {
    return Fail(absl::DeadlineExceededError("no Hello came"));
  }
  if (now >= last_received_ + kSilentHeartbeats * options_.heartbeat_interval) {
    return Fail(absl::UnavailableError("the client has been silent for three heartbeats"));
  }
  heartbeat_due_ = phase_ == Phase::kLive && now >= last_sent_ + options_.heartbeat_interval;
}

Time ServerSession::next_deadline() const {
  switch (phase_) {
    case Phase::kClosed:
      return kNever;
    case Phase::kAwaitingHello:
      return std::min(created_ + options_.handshake_timeout,
                      last_received_ + kSilentHeartbeats * options_.heartbeat_interval);
    case Phase::kAwaitingLedger:
      return last_received_ + kSilentHeartbeats * options_.heartbeat_interval;
    case Phase::kLive: {
      const Time silent = last_received_ + kSilentHeartbeats * options_.heartbeat_interval;
      // A heartbeat that is due waits for the write in flight, not for a timer.
      return heartbeat_due_ ? silent : std::min(silent, last_sent_ + options_.heartbeat_interval);
    }
  }
  return kNever;
}

void ServerSession::Close(const absl::Status& reason) {
  if (phase_ == Phase::kClosed || goodbye_.has_value()) return;
  goodbye_ = reason;
}

void ServerSession::Fail(const absl::Status& reason) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  for (const auto& [id, subscription] : subscriptions_) actions_.emplace_back(CloseFeed{id});
  actions_.emplace_back(Disconnect{reason});
  subscriptions_.clear();
  subscriptions_by_actor_.clear();
  dirty_.clear();
  ended_subscriptions_.clear();
  calls_.clear();
  streams_.Clear();
  replies_.clear();
  reply_bytes_ = 0;
}

std::vector<ServerSession::Action> ServerSession::TakeActions() { return std::exchange(actions_, {}); }

std::optional<transport::OutMessage> ServerSession::NextBatch(Time now) {
  if (phase_ == Phase::kClosed) return std::nullopt;
  Batch batch;
  if (welcome_due_) {
    welcome_due_ = false;
    wire::Welcome welcome;
    welcome.server_instance = ledger_id_ != 0 ? ledger_id_ : options_.server_instance;
    welcome.incarnation_known = incarnation_known_;
    welcome.calls_in_flight_max = options_.calls_in_flight_max;
    welcome.message_bytes_max = options_.message_bytes_max;
    welcome.heartbeat_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.heartbeat_interval).count());
    batch.writer.Append(welcome);
  }
  if (phase_ == Phase::kLive) {
    AppendReplies(batch, now);
    AppendStreams(batch, now);
    AppendSubscriptions(batch, now);
    if (batch.writer.empty() && now >= last_sent_ + options_.heartbeat_interval) {
      batch.writer.Append(wire::Heartbeat());
    }
  }
  if (goodbye_.has_value()) {
    wire::Goodbye goodbye;
    goodbye.code = static_cast<std::uint32_t>(goodbye_->code());
    goodbye.message = ShortMessage(*goodbye_);
    batch.writer.Append(goodbye);
    Fail(*goodbye_);
  }
  if (batch.writer.empty()) return std::nullopt;
  last_sent_ = now;
  heartbeat_due_ = false;
  return batch.writer.Take();
}

void ServerSession::AppendReplies(Batch& batch, Time now) {
  for (; !replies_.empty(); replies_.pop_front()) {
    const auto& [number, outcome] = replies_.front();
    // Read your writes: what this client observes of the actor goes before the reply. When the batch is full
    // with other things, the reply waits for the next one, but no longer: a reply never waits for a
    // subscription that is far behind, and says by its revision how far that has to come.
    if (!PumpObservers(batch, *outcome, now) && !front_reply_waited_) {
      front_reply_waited_ = true;
      return;
    }
    const std::size_t size =
        outcome->result_size() + kFrameOverheadMax + (outcome->status.ok() ? 0 : kStatusSizeMax);
    if (size > message_bytes_max_) {
      CallOutcome refusal;
      refusal.status = absl::ResourceExhaustedError(absl::StrCat("the call ran, but its result of ",
                                                                 outcome->result_size(),
                                                                 " bytes is larger than a message may be"));
      refusal.revision = outcome->revision;
      AppendReply(batch.writer, number, refusal);
    } else {
      if (!batch.writer.empty() && batch.writer.size() + size > message_bytes_max_) return;
      AppendReply(batch.writer, number, *outcome);
    }
    front_reply_waited_ = false;
    reply_bytes_ -= outcome->size();
  }
}

// After the replies, so that no stream delays a plain call by more than the batch that is under way; half of
// what a batch holds, so that subscriptions have their part.
void ServerSession::AppendStreams(Batch& batch, Time now) {
  std::vector<ServerStreams::Ended> ended =
      streams_.Append(batch.writer, batch_bytes_max_ / 2, message_bytes_max_);
  for (ServerStreams::Ended& call : ended) {
    if (call.outcome == nullptr) {
      actions_.emplace_back(CancelCall{call.number});
      CallOutcome refusal;
      refusal.status = absl::ResourceExhaustedError("an item of the result is larger than a message may be");
      call.outcome = std::make_shared<const CallOutcome>(std::move(refusal));
    }
    QueueReply(call.number, std::move(call.outcome));
  }
  if (!ended.empty()) AppendReplies(batch, now);
}

bool ServerSession::PumpObservers(Batch& batch, const CallOutcome& outcome, Time now) {
  const auto [first, last] = subscriptions_by_actor_.equal_range(outcome.actor);
  for (auto observer = first; observer != last;) {
    const std::uint64_t id = observer->second;
    ++observer;  // The subscription may end meanwhile.
    Subscription& subscription = subscriptions_.at(id);
    const bool told = subscription.position.has_value() &&
                      std::max(subscription.shown->revision, subscription.covered) >= outcome.revision;
    if (told && !subscription.dirty) continue;
    if (batch.writer.size() >= batch_bytes_max_) return false;
    switch (Pump(batch, id, subscription, now)) {
      case Pumped::kAll:
        Cover(batch, id, subscription, outcome.revision);
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

void ServerSession::Cover(Batch& batch, std::uint64_t id, Subscription& subscription,
                          std::uint64_t revision) {
  if (!subscription.announced || !subscription.position.has_value()) return;  // A snapshot is on its way.
  if (subscription.shown->revision < revision &&
      subscription.shown->revision < subscription.position->revision) {
    FeedStep nothing;
    nothing.revision = subscription.position->revision;
    SendStep(batch, id, subscription, nothing);
  }
  if (std::max(subscription.shown->revision, subscription.covered) < revision &&
      subscription.held_back >= revision) {
    wire::Covered covered;
    covered.id = id;
    covered.revision = subscription.held_back;
    batch.writer.Append(covered);
    subscription.covered = subscription.held_back;
  }
}

void ServerSession::AppendSubscriptions(Batch& batch, Time now) {
  // Each dirty subscription has its turn once; those that are not through go to the back of the queue.
  for (std::size_t turns = dirty_.size(); turns > 0 && batch.writer.size() < batch_bytes_max_; --turns) {
    const std::uint64_t id = dirty_.front();
    dirty_.pop_front();
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end()) continue;
    switch (Pump(batch, id, found->second, now)) {
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
  for (; !ended_subscriptions_.empty() && batch.writer.size() < batch_bytes_max_;
       ended_subscriptions_.pop_front()) {
    const auto& [id, status] = ended_subscriptions_.front();
    wire::End end;
    end.id = id;
    end.code = static_cast<std::uint32_t>(status.code());
    end.message = ShortMessage(status);
    batch.writer.Append(end);
  }
}

// What follows the position; a snapshot when the feed has one that is waited for, or when a step is too large
// to be sent otherwise than in pieces.
FeedRead ServerSession::ReadFeed(Subscription& subscription, std::size_t budget, Time now) {
  if (subscription.snapshot_wanted.has_value()) {
    FeedRead read = subscription.feed->ReadSnapshot(*subscription.snapshot_wanted, now);
    read.why = FeedRead::Why::kNoPosition;  // The reason is known already.
    return read;
  }
  const bool due =
      subscription.position.has_value() && subscription.position->revision < subscription.due_through;
  FeedRead read = subscription.feed->Read(subscription.position, due, budget, now);
  for (const FeedStep& step : read.steps) {
    if (step.size() + kFrameOverheadMax <= batch_bytes_max_) continue;
    const Position after{read.at.epoch, step.revision};
    read = subscription.feed->ReadSnapshot(after, now);
    read.why = FeedRead::Why::kTooCostly;
    break;
  }
  return read;
}

ServerSession::Pumped ServerSession::Pump(Batch& batch, std::uint64_t id, Subscription& subscription,
                                          Time now) {
  if (subscription.feed == nullptr) return Pumped::kAll;
  if (subscription.snapshot != nullptr && !PumpSnapshot(batch, id, subscription)) return Pumped::kPart;
  const std::size_t budget = batch_bytes_max_ - std::min(batch_bytes_max_, batch.writer.size());
  if (budget == 0) return Pumped::kPart;

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
    batch.writer.Append(subscribed);
  }
  switch (read.kind) {
    case FeedRead::Kind::kEnded:
      return Pumped::kAll;
    case FeedRead::Kind::kUpToDate:
    case FeedRead::Kind::kSteps:
      for (const FeedStep& step : read.steps) SendStep(batch, id, subscription, step);
      subscription.position->revision = read.through;
      subscription.held_back = read.held_back ? read.at.revision : 0;
      return read.held_back || read.through == read.at.revision ? Pumped::kAll : Pumped::kPart;
    case FeedRead::Kind::kSnapshotPending:
      // The feed says when the snapshot is there.
      if (!subscription.snapshot_wanted.has_value() || subscription.snapshot_wanted->epoch != read.at.epoch) {
        subscription.snapshot_wanted = read.at;
      }
      return Pumped::kAll;
    case FeedRead::Kind::kSnapshot:
      subscription.snapshot_wanted.reset();
      subscription.snapshot = std::move(read.snapshot);
      subscription.snapshot_at = read.at;
      subscription.snapshot_offset = 0;
      subscription.due_through = subscription.feed->head().revision;
      subscription.snapshot_events_dropped =
          subscription.shown.has_value() ? subscription.feed->CountEvents(*subscription.shown, read.at) : 0;
      // What was committed after the snapshot follows in the next batch.
      (void)PumpSnapshot(batch, id, subscription);
      return Pumped::kPart;
  }
  return Pumped::kAll;
}

// What lies between what was shown and the step's base shows nothing, so the delta spans it too.
void ServerSession::SendStep(Batch& batch, std::uint64_t id, Subscription& subscription,
                             const FeedStep& step) {
  Position& shown = *subscription.shown;
  wire::Delta delta;
  delta.id = id;
  delta.revision = step.revision;
  delta.span = step.revision - shown.revision;
  delta.epoch = shown.epoch == subscription.announced_epoch ? 0 : shown.epoch;
  batch.writer.Append(delta, step.patch, step.events);
  shown.revision = step.revision;
}

bool ServerSession::PumpSnapshot(Batch& batch, std::uint64_t id, Subscription& subscription) {
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
    batch.writer.Append(chunk, subscription.snapshot, size);
    subscription.snapshot_offset += size;
  } while (subscription.snapshot_offset < bytes.size() && batch.writer.size() < batch_bytes_max_);
  if (subscription.snapshot_offset < bytes.size()) return false;
  subscription.position = subscription.snapshot_at;
  subscription.shown = subscription.snapshot_at;
  subscription.held_back = 0;
  subscription.covered = 0;
  subscription.snapshot.reset();
  return true;
}

}  // namespace onager::session
