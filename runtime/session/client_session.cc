#include "runtime/session/client_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/session/frame_limits.h"
#include "runtime/session/frame_status.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/error_details.h"

namespace onager::session {
namespace {

// Replies are acknowledged with whatever else is sent, and by themselves when so many are due.
constexpr std::uint64_t kAcknowledgeAlone = 64;

// What a welcome may set the heartbeat to.
constexpr Duration kHeartbeatMin = std::chrono::milliseconds(100);
constexpr Duration kHeartbeatMax = std::chrono::seconds(60);

// What a welcome may set the interval of bookmarks to.
constexpr Duration kBookmarkIntervalMin = std::chrono::milliseconds(100);
constexpr std::uint64_t kBookmarkMsMax = 24 * 60 * 60 * 1000;

Duration HeartbeatOf(const wire::Welcome& welcome) {
  if (welcome.heartbeat_ms == 0) return std::chrono::seconds(5);
  const auto bounded = std::min<std::uint64_t>(welcome.heartbeat_ms, 60'000);
  return std::clamp<Duration>(std::chrono::milliseconds(bounded), kHeartbeatMin, kHeartbeatMax);
}

// Zero: no bookmark is to be waited for.
Duration BookmarkIntervalOf(const wire::Welcome& welcome) {
  if (welcome.bookmark_ms == 0) return Duration::zero();
  const auto bounded = std::min(welcome.bookmark_ms, kBookmarkMsMax);
  return std::max<Duration>(std::chrono::milliseconds(bounded), kBookmarkIntervalMin);
}

}  // namespace

ClientSession::ClientSession(ClientSessionOptions options, Random& random)
    : options_(options),
      random_(random),
      backoff_(options_.backoff()),
      subscriptions_(options_, random, actions_, stats_) {}

void ClientSession::Start(Time now) {
  if (phase_ == Phase::kIdle) BeginConnecting(now);
}

ClientSession::CallNumber ClientSession::Call(CallRequest request, Time now) {
  const CallNumber number = ++last_number_;
  if (phase_ == Phase::kClosed) {
    actions_.emplace_back(CallEnded{number, absl::CancelledError("the client is closed")});
    return number;
  }
  if (request.timeout.has_value() && *request.timeout <= Duration::zero()) {
    actions_.emplace_back(CallEnded{
        number,
        absl::DeadlineExceededError("the deadline had passed when the call was made; it has not run")});
    return number;
  }
  if (calls_.size() >= options_.pending_calls_max) {
    actions_.emplace_back(CallEnded{number, absl::ResourceExhaustedError(absl::StrCat(
                                                calls_.size(), " calls of this client have not ended"))});
    return number;
  }
  if ((phase_ != Phase::kLive || leaving_) && AtLeastWait(request.offline_calls_max)) {
    actions_.emplace_back(CallEnded{
        number, request.offline_calls_max == 0
                    ? absl::UnavailableError("there is no session, and the call does not wait for one")
                    : absl::ResourceExhaustedError(
                          absl::StrCat(request.offline_calls_max, " calls wait for a session already"))});
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

// Calls are sent in the order of their numbers, so those that were not are the last.
bool ClientSession::AtLeastWait(std::size_t count) const {
  if (count > calls_.size()) return false;
  for (auto call = calls_.rbegin(); count > 0; --count, ++call) {
    if (call->second.first_server_instance != 0) return false;
  }
  return true;
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

void ClientSession::Close(const absl::Status& why) {
  if (phase_ == Phase::kClosed) return;
  // What has not ended did not end well.
  const absl::Status reason = why.ok() ? absl::CancelledError("the client is closed") : why;
  const bool connected = phase_ == Phase::kConnecting || phase_ == Phase::kLive;
  phase_ = Phase::kClosed;
  if (connected) actions_.emplace_back(Disconnect{reason, Farewell()});
  while (!calls_.empty()) EndCall(calls_.begin(), reason);
  subscriptions_.EndAll(reason);
  SetState(ConnectionState::kClosed, reason);
}

// Also before the welcome: the server may know this client from an earlier connection. Nothing precedes
// Hello.
std::optional<transport::OutMessage> ClientSession::Farewell() const {
  if (hello_due_) return std::nullopt;
  wire::BatchWriter writer;
  writer.Append(wire::Goodbye());
  return writer.Take();
}

void ClientSession::BeginConnecting(Time now) {
  phase_ = Phase::kConnecting;
  connect_deadline_ = now + options_.connect_timeout;
  hello_due_ = true;
  actions_.emplace_back(Connect{std::exchange(elsewhere_, false)});
}

void ClientSession::LoseConnection(const absl::Status& reason, Time now, bool tell_owner) {
  if (tell_owner) actions_.emplace_back(Disconnect{reason});
  elsewhere_ = phase_ == Phase::kConnecting;
  phase_ = Phase::kWaiting;
  attempt_at_ = now + backoff_.Next(random_.Next());
  hello_due_ = false;
  heartbeat_due_ = false;
  leaving_ = false;
  going_away_due_ = false;
  calls_due_.clear();
  cancels_due_.clear();
  for (auto& [number, call] : calls_) call.sent_in_session = false;
  calls_in_flight_ = 0;
  streams_.OnConnectionLost();
  subscriptions_.OnConnectionLost();
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
      if (now >= last_received_ + peer_timeout()) {
        return LoseConnection(absl::UnavailableError("nothing came from the server for too long"), now,
                              /*tell_owner=*/true);
      }
      subscriptions_.OnTime(now);
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
      deadline = std::min(deadline, subscriptions_.next_deadline());
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
  subscriptions_.OnConnected(BookmarkIntervalOf(frame));
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
  if (frame.code == 0) return EndCall(call, std::string(frame.result));
  const absl::Status status = StatusOf(frame);
  if (leaving_ && wire::HasReason(status, "GOING_AWAY")) {
    // It came too late to be run, and waits for the next session. In an earlier one it may have run.
    call->second.sent_in_session = false;
    --calls_in_flight_;
    if (call->second.first_sent_here) call->second.first_server_instance = 0;
    return;
  }
  EndCall(call, status);
}

void ClientSession::Handle(const wire::Heartbeat& /*frame*/, Time /*now*/) {}

void ClientSession::Handle(const wire::GoingAway& /*frame*/, Time now) {
  if (phase_ != Phase::kLive) {
    return LoseConnection(absl::InternalError("a GoingAway before the Welcome"), now, /*tell_owner=*/true);
  }
  leaving_ = true;
  going_away_due_ = true;
}

void ClientSession::Handle(const wire::Goodbye& frame, Time now) {
  const absl::Status reason = StatusOf(frame.code, frame.message);
  LoseConnection(reason.ok() ? absl::UnavailableError("the server ended the session") : reason, now,
                 /*tell_owner=*/true);
  elsewhere_ = true;
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
    if (!leaving_) subscriptions_.Append(writer, server_message_bytes_max_, now);
    AppendCalls(writer, now);
    AppendStreams(writer);
    if (std::exchange(going_away_due_, false)) writer.Append(wire::GoingAway());
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

void ClientSession::AppendCalls(wire::BatchWriter& writer, Time now) {
  for (; !leaving_ && !calls_due_.empty() && writer.size() < options_.batch_bytes_max &&
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
    pending.first_sent_here = pending.first_server_instance == 0;
    if (pending.first_sent_here) {
      pending.first_server_instance = server_instance_;
      pending.first_sent_at = now;
    }
    wire::Call call;
    call.number = found->first;
    call.actor_type = pending.request.actor.type;
    call.key = pending.request.actor.key;
    call.method = pending.request.method;
    call.arguments = pending.request.arguments;
    call.may_have_run = pending.may_have_run;
    if (pending.may_have_run) {
      const auto ago = std::chrono::ceil<std::chrono::milliseconds>(now - pending.first_sent_at).count();
      call.sent_ago_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(ago, 1));
    }
    call.rerun = pending.request.rerun;
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
