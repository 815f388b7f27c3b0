#include "runtime/session/server_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/session/frame_limits.h"
#include "runtime/session/frame_status.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/error_details.h"

namespace onager::session {
namespace {

// A peer is dead when nothing came from it for this many heartbeats.
constexpr int kSilentHeartbeats = 3;

// What every client takes, whatever it says.
constexpr std::uint64_t kMessageBytesMin = 64u << 10;

// A batch may be so large, however little a session may hold.
constexpr std::size_t kBatchBytesMin = 16u << 10;

// By then a client may have found another server.
constexpr Duration kRetryDelay = std::chrono::milliseconds(100);

absl::Status GoingAwayStatus() { return absl::UnavailableError("GOING_AWAY: the server is about to stop"); }

}  // namespace

ServerSession::ServerSession(ServerSessionOptions options, Peer peer, const wire::TokenSigner& signer,
                             Time now)
    : options_(options),
      peer_(std::move(peer)),
      subscriptions_(options_, peer_, signer, actions_, stats_),
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
  batch_bytes_max_ = std::min({options_.batch_bytes_max, message_bytes_max_ / 2,
                               std::max(options_.session_bytes_max, kBatchBytesMin)});
  subscriptions_.SetLimits(batch_bytes_max_,
                           std::min(options_.snapshot_chunk_bytes, batch_bytes_max_ - kFrameOverheadMax));
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
  if (options_.bookmark_interval > Duration::zero()) {
    next_bookmark_ = now + options_.bookmark_interval;
    // Whoever comes again goes on where the slices of hashes would have come to.
    bookmark_turn_ = static_cast<std::uint64_t>(now.time_since_epoch() / options_.bookmark_interval);
  }
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
  if (refusal.ok() && draining_) {
    refusal = wire::WithRetryDelay(wire::WithReason(GoingAwayStatus(), "GOING_AWAY"), kRetryDelay);
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
  constexpr std::uint64_t kSentAgoMsMax = 1000ull * 3600 * 24 * 365;
  std::optional<Duration> sent_ago;
  if (frame.sent_ago_ms > 0) sent_ago = std::chrono::milliseconds(std::min(frame.sent_ago_ms, kSentAgoMsMax));
  actions_.emplace_back(StartCall{frame.number, std::move(actor), std::string(frame.method),
                                  std::string(frame.arguments), timeout, frame.may_have_run, sent_ago,
                                  frame.streams, frame.rerun, frame.received > 0 || frame.taken > 0});
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
  FailUnless(draining_ ? subscriptions_.Refuse(frame.id, GoingAwayStatus()) : subscriptions_.On(frame));
}

void ServerSession::Handle(const wire::Heartbeat& /*frame*/, Time /*now*/) {}

void ServerSession::Handle(const wire::GoingAway& /*frame*/, Time /*now*/) { client_done_ = true; }

void ServerSession::Handle(const wire::Goodbye& /*frame*/, Time /*now*/) {
  actions_.emplace_back(ForgetClient{});
  Fail(absl::OkStatus());
}

template <typename ServerFrame>
void ServerSession::Handle(const ServerFrame& /*frame*/, Time /*now*/) {
  Fail(absl::InvalidArgumentError("a frame that only a server sends"));
}

void ServerSession::OnCallEnded(std::uint64_t number, SharedOutcome outcome) {
  if (phase_ == Phase::kClosed || !calls_.contains(number)) return;
  if (streams_.OnEnded(number, outcome)) return;  // Its items go first.
  QueueReply(number, std::move(outcome));
}

// A result that cannot be sent counts for nothing. One that can is taken, however large it is, when no other
// waits.
void ServerSession::QueueReply(std::uint64_t number, SharedOutcome outcome) {
  calls_.erase(number);
  if (outcome->result_size() + kFrameOverheadMax > message_bytes_max_) {
    auto refusal = std::make_shared<CallOutcome>(*outcome);
    refusal->status =
        absl::ResourceExhaustedError(absl::StrCat("the call ran, but its result of ", outcome->result_size(),
                                                  " bytes is larger than a message may be"));
    refusal->result = nullptr;
    outcome = std::move(refusal);
  }
  reply_bytes_ += outcome->size();
  replies_.emplace_back(number, std::move(outcome));
  if (reply_bytes_ > options_.pending_reply_bytes_max && replies_.size() > 1) {
    Fail(absl::ResourceExhaustedError("the client calls and does not read the replies"));
  }
}

absl::Status ServerSession::CheckRoomForResult(std::size_t bytes) const {
  if (bytes + kFrameOverheadMax > message_bytes_max_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("an answer of ", bytes, " bytes is larger than a message may be"));
  }
  if (!replies_.empty() && reply_bytes_ + bytes > options_.pending_reply_bytes_max) {
    return wire::WithRetryDelay(absl::ResourceExhaustedError("too many answers wait to be read"),
                                kRetryDelay);
  }
  return absl::OkStatus();
}

void ServerSession::OnCallForgotten(std::uint64_t number) {
  calls_.erase(number);
  streams_.Remove(number);
}

void ServerSession::OnStreamOpened(std::uint64_t number, std::shared_ptr<StreamPort> port) {
  if (phase_ == Phase::kClosed) return;
  if (absl::Status opened = streams_.Open(number, std::move(port)); !opened.ok()) Fail(opened);
}

void ServerSession::OnTime(Time now) {
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kAwaitingHello && now >= created_ + options_.handshake_timeout) {
    return Fail(absl::DeadlineExceededError("no Hello came"));
  }
  if (now >= last_received_ + kSilentHeartbeats * options_.heartbeat_interval) {
    ++stats_.silences;
    return Fail(absl::UnavailableError("the client has been silent for three heartbeats"));
  }
  heartbeat_due_ = phase_ == Phase::kLive && now >= last_sent_ + options_.heartbeat_interval;
  subscriptions_.OnTime(now);
  if (phase_ == Phase::kLive && now >= next_bookmark_) {
    next_bookmark_ = now + options_.bookmark_interval;
    subscriptions_.BookmarksDue(++bookmark_turn_);
  }
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
      const Time bookmark = subscriptions_.size() > 0 ? next_bookmark_ : kNever;
      // A heartbeat that is due waits for the write in flight, not for a timer.
      const Time heartbeat = heartbeat_due_ ? kNever : last_sent_ + options_.heartbeat_interval;
      return std::min({silent, bookmark, heartbeat, subscriptions_.next_deadline()});
    }
  }
  return kNever;
}

void ServerSession::Drain(Duration within) {
  if (phase_ == Phase::kClosed || draining_) return;
  // A client that has got no welcome yet has sent nothing that could be lost.
  if (phase_ != Phase::kLive) return Close(GoingAwayStatus());
  draining_ = true;
  going_away_due_ = within;
}

void ServerSession::AppendDrain(wire::BatchWriter& writer) {
  if (going_away_due_.has_value()) {
    wire::GoingAway going_away;
    going_away.within_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(*going_away_due_).count());
    writer.Append(going_away);
    going_away_due_.reset();
  }
  // The client's word came after its last call, so none can be on its way here.
  if (!finishing_ || !client_done_ || !calls_.empty() || !replies_.empty() || subscriptions_.behind()) return;
  subscriptions_.EndAll(GoingAwayStatus());
  if (subscriptions_.AppendEnds(writer)) Close(GoingAwayStatus());
}

void ServerSession::Close(const absl::Status& reason) {
  if (phase_ == Phase::kClosed || goodbye_.has_value()) return;
  goodbye_ = reason;
}

void ServerSession::Fail(const absl::Status& reason) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  subscriptions_.Clear();
  actions_.emplace_back(Disconnect{reason});
  calls_.clear();
  streams_.Clear();
  replies_.clear();
  reply_bytes_ = 0;
}

std::vector<ServerSession::Action> ServerSession::TakeActions() { return std::exchange(actions_, {}); }

std::optional<transport::OutMessage> ServerSession::NextBatch(Time now) {
  if (phase_ == Phase::kClosed) return std::nullopt;
  wire::BatchWriter writer;
  if (welcome_due_) {
    welcome_due_ = false;
    wire::Welcome welcome;
    welcome.server_instance = ledger_id_ != 0 ? ledger_id_ : options_.server_instance;
    welcome.incarnation_known = incarnation_known_;
    welcome.calls_in_flight_max = options_.calls_in_flight_max;
    welcome.message_bytes_max = options_.message_bytes_max;
    welcome.heartbeat_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.heartbeat_interval).count());
    // Rounded up: who is told of none waits for none.
    const Duration interval = std::max(options_.bookmark_interval, Duration::zero());
    welcome.bookmark_ms =
        static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(interval).count());
    writer.Append(welcome);
  }
  if (phase_ == Phase::kLive) {
    AppendReplies(writer, now);
    AppendStreams(writer, now);
    subscriptions_.Append(writer, now);
    (void)subscriptions_.AppendBookmarks(writer, now);
    if (draining_) AppendDrain(writer);
    if (writer.empty() && now >= last_sent_ + options_.heartbeat_interval) {
      writer.Append(wire::Heartbeat());
    }
  }
  if (goodbye_.has_value()) {
    wire::Goodbye goodbye;
    goodbye.code = static_cast<std::uint32_t>(goodbye_->code());
    goodbye.message = ShortMessage(*goodbye_);
    writer.Append(goodbye);
    Fail(*goodbye_);
  }
  if (writer.empty()) return std::nullopt;
  last_sent_ = now;
  heartbeat_due_ = false;
  return writer.Take();
}

void ServerSession::AppendReplies(wire::BatchWriter& writer, Time now) {
  for (; !replies_.empty(); replies_.pop_front()) {
    const auto& [number, outcome] = replies_.front();
    // Read your writes: what this client observes of the actor goes before the reply. When the batch is full
    // with other things, the reply waits for the next one, but no longer: a reply never waits for a
    // subscription that is far behind, and says by its revision how far that has to come.
    if (!subscriptions_.AppendObservers(writer, *outcome, now) && !front_reply_waited_) {
      front_reply_waited_ = true;
      return;
    }
    const std::size_t size =
        outcome->result_size() + kFrameOverheadMax + (outcome->status.ok() ? 0 : kStatusSizeMax);
    if (!writer.empty() && writer.size() + size > message_bytes_max_) return;
    AppendReply(writer, number, *outcome);
    front_reply_waited_ = false;
    reply_bytes_ -= outcome->size();
  }
}

// After the replies, so that no stream delays a plain call by more than the batch that is under way; half of
// what a batch holds, so that subscriptions have their part.
void ServerSession::AppendStreams(wire::BatchWriter& writer, Time now) {
  std::vector<ServerStreams::Ended> ended = streams_.Append(writer, batch_bytes_max_ / 2, message_bytes_max_);
  for (ServerStreams::Ended& call : ended) {
    if (call.outcome == nullptr) {
      actions_.emplace_back(CancelCall{call.number});
      CallOutcome refusal;
      refusal.status = absl::ResourceExhaustedError("an item of the result is larger than a message may be");
      call.outcome = std::make_shared<const CallOutcome>(std::move(refusal));
    }
    QueueReply(call.number, std::move(call.outcome));
  }
  if (!ended.empty()) AppendReplies(writer, now);
}

}  // namespace onager::session
