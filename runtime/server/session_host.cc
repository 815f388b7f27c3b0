#include "runtime/server/session_host.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "onager/generated/past_messages.h"
#include "runtime/server/server_core.h"
#include "runtime/wire/error_details.h"

namespace onager::server {
namespace {

using session::CallLedger;
using session::ServerSession;

// How long the last write of a session, the one that says goodbye, may take.
constexpr Duration kLastWriteTimeout = std::chrono::milliseconds(250);

std::uint32_t StreamsOf(const generated::MethodInfo& method) {
  return (method.streamed_parameter ? wire::kStreamedParameter : 0) |
         (method.streamed_result ? wire::kStreamedResult : 0);
}

}  // namespace

SessionHost::SessionHost(ServerCore& core, session::Peer peer,
                         std::unique_ptr<transport::Connection> connection)
    : core_(core),
      peer_(peer),
      session_(core.options_.session, std::move(peer), core.signer_, core.environment_.clock.Now()),
      connection_(std::move(connection)) {}

SessionHost::~SessionHost() { Dispose(); }

void SessionHost::Start(const absl::Status& refusal) {
  std::shared_ptr<transport::Connection> connection;
  {
    MutexLock lock(mutex_);
    connection = connection_;
    // Not after the start: until then nobody knows whom it would serve.
    if (!refusal.ok()) session_.Close(refusal);
  }
  connection->Start(*this);
  Step([](ServerSession&, Time) {});
}

void SessionHost::Drain(Duration within) {
  Step([within](ServerSession& session, Time) { session.Drain(within); });
}

void SessionHost::FinishDrain() {
  Step([](ServerSession& session, Time) { session.FinishDrain(); });
}

bool SessionHost::has_pending_calls() {
  MutexLock lock(mutex_);
  return session_.pending_calls() > 0;
}

void SessionHost::Close(const absl::Status& reason) {
  Step([&reason](ServerSession& session, Time) { session.Close(reason); });
}

void SessionHost::Dispose() {
  std::shared_ptr<transport::Connection> connection;  // Freed under no lock.
  MutexLock lock(mutex_);
  connection.swap(connection_);
}

void SessionHost::AddTo(ServerUsage& usage) {
  MutexLock lock(mutex_);
  ++usage.sessions;
  usage.subscriptions += feeds_.size();
  usage.reply_bytes += session_.reply_bytes();
  usage.held_bytes += held_bytes_;
}

SessionHost::Held SessionHost::held(Time now) {
  MutexLock lock(mutex_);
  Held held;
  held.bytes = held_bytes_;
  if (writing_) held.unread_for = now - writing_since_;
  held.over = session_.closed();
  return held;
}

void SessionHost::CutOff(const absl::Status& reason) {
  Step([&reason](ServerSession& session, Time) { session.Abandon(reason); });
}

void SessionHost::OnMessage(std::string_view bytes) {
  core_.counters_.messages_received.Add();
  core_.counters_.received_bytes.Add(bytes.size());
  Step([bytes](ServerSession& session, Time now) { session.OnMessage(bytes, now); });
}

void SessionHost::OnWriteDone() {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    writing_bytes_ = 0;
  }
  Step([](ServerSession&, Time) {});
}

void SessionHost::OnClosed(const absl::Status& reason) {
  {
    MutexLock lock(mutex_);
    connection_closed_ = true;
    writing_bytes_ = 0;
  }
  // Gone without a goodbye, the client is told nothing; what the session holds is given back all the same.
  Step([&reason](ServerSession& session, Time) { session.Abandon(reason); });
  std::shared_ptr<ClientRecord> client;
  std::uint64_t incarnation = 0;
  {
    MutexLock lock(mutex_);
    if (timer_ != 0) core_.environment_.timers.Cancel(timer_);
    timer_ = 0;
    client = std::move(record_);
    incarnation = incarnation_;
  }
  if (client != nullptr) {
    const Time now = core_.environment_.clock.Now();
    client->Detach(*this, now);
    core_.clients_.NoteDetached({peer_.tenant, peer_.principal, incarnation}, now);
    core_.ForgetIdleClientsLater();
  }
  core_.OnSessionEnded(shared_from_this());
}

void SessionHost::OnCallEnded(std::uint64_t number, session::SharedOutcome outcome) {
  Step([number, &outcome](ServerSession& session, Time) { session.OnCallEnded(number, std::move(outcome)); });
}

void SessionHost::OnStreamChanged(std::uint64_t number) {
  Step([number](ServerSession& session, Time) { session.OnStreamChanged(number); });
}

void SessionHost::OnSuperseded() { Close(absl::AbortedError("the client has connected again")); }

void SessionHost::Step(absl::FunctionRef<void(ServerSession&, Time)> event) {
  const Time now = core_.environment_.clock.Now();
  std::vector<ServerSession::Action> actions;
  std::optional<transport::OutMessage> batch;
  std::optional<absl::Status> close;
  std::shared_ptr<transport::Connection> connection;
  session::ServerSessionStats stats;
  std::size_t held_before = 0;
  std::size_t held_now = 0;
  {
    MutexLock lock(mutex_);
    event(session_, now);
    if (!writing_ && !connection_closed_) {
      batch = session_.NextBatch(now);
      writing_ = batch.has_value();
      writing_since_ = now;
      writing_bytes_ = writing_ ? batch->size() : 0;
    }
    held_before = std::exchange(held_bytes_, session_.held_bytes() + writing_bytes_);
    held_now = held_bytes_;
    if (!writing_ || now >= close_at_) close = std::exchange(close_reason_, std::nullopt);
    actions = session_.TakeActions();
    stats = session_.TakeStats();
    connection = connection_;
    ArmTimer(now);
  }
  core_.counters_.Add(stats);
  if (held_now != held_before) core_.OnHeld(held_before, held_now);
  // No other write is in flight, and none starts before `OnWriteDone`, so this one needs no lock.
  if (batch.has_value()) {
    core_.counters_.messages_sent.Add();
    core_.counters_.sent_bytes.Add(batch->size());
    connection->Write(*std::move(batch));
  }
  for (ServerSession::Action& action : actions) {
    std::visit([this](auto& kind) { Do(kind); }, action);
  }
  if (close.has_value() && connection != nullptr) connection->Close(*close);
}

void SessionHost::ArmTimer(Time now) {
  Time deadline = connection_closed_ ? kNever : session_.next_deadline();
  if (close_reason_.has_value()) deadline = std::min(deadline, close_at_);
  deadline = std::max(deadline, now);
  if (deadline >= timer_at_) return;  // A timer that fires early looks again.
  if (timer_ != 0) core_.environment_.timers.Cancel(timer_);
  timer_at_ = deadline;
  timer_ = core_.environment_.timers.At(deadline, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnTimer();
  });
}

void SessionHost::OnTimer() {
  {
    MutexLock lock(mutex_);
    timer_ = 0;
    timer_at_ = kNever;
  }
  Step([](ServerSession& session, Time now) { session.OnTime(now); });
}

std::shared_ptr<ClientRecord> SessionHost::record() {
  MutexLock lock(mutex_);
  return record_;
}

void SessionHost::Do(ServerSession::FindLedger& action) {
  core_.OnHello(*this);
  const Time now = core_.environment_.clock.Now();
  const ClientDirectory::Found found =
      core_.clients_.FindOrCreate({peer_.tenant, peer_.principal, action.incarnation}, now);
  const std::shared_ptr<ReplySink> previous = found.record->Attach(weak_from_this());
  if (previous != nullptr && previous.get() != this) previous->OnSuperseded();
  {
    MutexLock lock(mutex_);
    record_ = found.record;
    incarnation_ = action.incarnation;
  }
  Step([&found](ServerSession& session, Time at) { session.OnLedger(found.known, at, found.record->id()); });
}

void SessionHost::EndCallAtOnce(std::uint64_t number, const ActorId& actor, absl::Status status) {
  core_.counters_.OnCallRefused(status.code());
  auto outcome = std::make_shared<session::CallOutcome>();
  outcome->status = std::move(status);
  outcome->actor = actor;
  OnCallEnded(number, std::move(outcome));
}

void SessionHost::Do(ServerSession::StartCall& action) {
  core_.counters_.calls_started.Add();
  if (action.method == generated::kPastMethod) return AskPast(action);
  const Access access(Access::Kind::kCall, action.actor.type, action.actor.key, action.method);
  if (absl::Status allowed = core_.Authorize(peer_, access); !allowed.ok()) {
    return EndCallAtOnce(action.number, action.actor, std::move(allowed));
  }
  const actor::HostedType* hosted = core_.actors_.FindType(action.actor.type);
  if (hosted == nullptr) {
    return EndCallAtOnce(
        action.number, action.actor,
        absl::NotFoundError(absl::StrCat("no actor type ", action.actor.type, " is hosted here")));
  }
  const std::optional<std::size_t> method = hosted->type->FindMethod(action.method);
  if (!method.has_value()) {
    return EndCallAtOnce(
        action.number, action.actor,
        absl::UnimplementedError(absl::StrCat(action.actor.type, " has no method ", action.method)));
  }
  const Time now = core_.environment_.clock.Now();
  auto call = std::make_shared<actor::ActorCall>();
  call->actor = action.actor;
  call->method = *method;
  call->arguments = std::move(action.arguments);
  call->principal = peer_.principal;
  if (action.timeout.has_value()) call->deadline = now + *action.timeout;
  const generated::MethodInfo& info = hosted->type->methods[*method];
  if (action.streams != StreamsOf(info)) {
    return EndCallAtOnce(action.number, action.actor,
                         absl::FailedPreconditionError(absl::StrCat(
                             action.actor.type, ".", action.method,
                             " has other streams than the client takes it for: another version of it?")));
  }
  if (info.streamed()) {
    call->streams = std::make_shared<actor::CallStreams>(core_.environment_, call->deadline,
                                                         core_.options_.ledger.age_max);
  }
  // Another run would tell another story than the one that has been begun.
  call->may_run_again =
      (action.rerun == 0 ? info.idempotent : action.rerun == wire::kMayRunAgain) && !action.streams_begun;
  // An actor that keeps its calls knows whether this one has run, or says that it does not.
  const bool actor_knows = hosted->type->persist && !info.streamed();
  if (action.sent_ago.has_value()) {
    call->sent_at = core_.environment_.clock.WallNow() - absl::FromChrono(*action.sent_ago);
  }
  const std::shared_ptr<ClientRecord> client = record();
  if (client == nullptr) return;  // The connection is gone.
  const CallLedger::Admission admission =
      client->Admit(action.number, action.may_have_run, call->may_run_again || actor_knows, now, call,
                    core_.environment_.clock);
  switch (admission.verdict) {
    case CallLedger::Verdict::kRun:
      OpenStream(action.number, call->streams);
      call->done = [done = std::move(call->done), &core = core_, began = now, &type = *hosted->type,
                    &info](session::SharedOutcome outcome) mutable {
        core.NoteCallEnded(type, info, outcome->status, began);
        done(std::move(outcome));
      };
      core_.actors_.Call(std::move(call));
      break;
    case CallLedger::Verdict::kRunning:
      OpenStream(action.number, FindStream(action.number));
      break;
    case CallLedger::Verdict::kEnded:
      OnCallEnded(action.number, admission.outcome);
      break;
    case CallLedger::Verdict::kOutcomeDropped:
      EndCallAtOnce(action.number, action.actor, wire::AlreadyExecuted(admission.outcome->revision));
      break;
    case CallLedger::Verdict::kUnknown:
      EndCallAtOnce(action.number, action.actor, wire::OutcomeUnknown());
      break;
    case CallLedger::Verdict::kSaturated:
      EndCallAtOnce(
          action.number, action.actor,
          wire::WithRetryDelay(absl::ResourceExhaustedError("too many of this client's calls are running"),
                               std::chrono::seconds(1)));
      break;
    case CallLedger::Verdict::kAcknowledged:
      Step([&action](ServerSession& session, Time) { session.OnCallForgotten(action.number); });
      break;
  }
}

// Nothing is kept of it: one that comes again is answered again.
void SessionHost::AskPast(const ServerSession::StartCall& action) {
  const Access access(Access::Kind::kObserve, action.actor.type, action.actor.key);
  if (absl::Status allowed = core_.Authorize(peer_, access); !allowed.ok()) {
    return EndCallAtOnce(action.number, action.actor, std::move(allowed));
  }
  absl::StatusOr<generated::PastQuery> query = generated::DecodePast<generated::PastQuery>(action.arguments);
  if (!query.ok()) return EndCallAtOnce(action.number, action.actor, query.status());
  if (action.streams != 0) {
    return EndCallAtOnce(action.number, action.actor,
                         absl::InvalidArgumentError("what is asked of the past has no streams"));
  }
  core_.actors_.AskPast(action.actor, *std::move(query),
                        [self = shared_from_this(), number = action.number, actor = action.actor,
                         began = core_.environment_.clock.Now()](absl::StatusOr<std::string> answer) {
                          if (answer.ok()) {
                            const absl::Status fits = self->CheckRoomForResult(answer->size());
                            if (!fits.ok()) answer = fits;
                          }
                          auto outcome = std::make_shared<session::CallOutcome>();
                          outcome->status = answer.status();
                          if (answer.ok()) outcome->result = ShareBytes(*std::move(answer));
                          outcome->actor = actor;
                          self->core_.NotePastAsked(actor, outcome->status, began);
                          self->OnCallEnded(number, std::move(outcome));
                        });
}

absl::Status SessionHost::CheckRoomForResult(std::size_t bytes) {
  MutexLock lock(mutex_);
  return session_.CheckRoomForResult(bytes);
}

std::shared_ptr<session::StreamPort> SessionHost::FindStream(std::uint64_t number) {
  const std::shared_ptr<ClientRecord> client = record();
  return client == nullptr ? nullptr : client->FindStream(number);
}

void SessionHost::OpenStream(std::uint64_t number, std::shared_ptr<session::StreamPort> stream) {
  if (stream == nullptr) return;
  Step(
      [number, &stream](ServerSession& session, Time) { session.OnStreamOpened(number, std::move(stream)); });
}

void SessionHost::CloseUnless(const absl::Status& accepted) {
  if (!accepted.ok()) Close(accepted);
}

void SessionHost::Do(ServerSession::TakeItem& action) {
  if (const auto stream = FindStream(action.number)) {
    CloseUnless(stream->OnItem(action.sequence, action.item));
  }
}

void SessionHost::Do(ServerSession::TakeStreamEnd& action) {
  if (const auto stream = FindStream(action.number)) CloseUnless(stream->OnEnd(action.items));
}

void SessionHost::Do(ServerSession::TakeCredit& action) {
  if (const auto stream = FindStream(action.number)) CloseUnless(stream->OnCredit(action.through));
}

void SessionHost::Do(ServerSession::CancelCall& action) {
  if (const std::shared_ptr<ClientRecord> client = record()) client->Cancel(action.number);
}

void SessionHost::Do(ServerSession::AcknowledgeCalls& action) {
  if (const std::shared_ptr<ClientRecord> client = record()) client->AcknowledgeThrough(action.through);
}

void SessionHost::Do(ServerSession::ForgetClient& /*action*/) {
  std::shared_ptr<ClientRecord> client;
  std::uint64_t incarnation = 0;
  {
    MutexLock lock(mutex_);
    client = std::move(record_);
    record_ = nullptr;
    incarnation = incarnation_;
  }
  if (client == nullptr || !client->End(*this)) return;  // The same client has come again meanwhile.
  core_.clients_.Forget({peer_.tenant, peer_.principal, incarnation}, *client);
}

void SessionHost::Do(ServerSession::OpenFeed& action) {
  const Access access(action.resumes ? Access::Kind::kResume : Access::Kind::kObserve, action.actor.type,
                      action.actor.key);
  if (absl::Status allowed = core_.Authorize(peer_, access); !allowed.ok()) {
    return Step([&](ServerSession& session, Time) { session.OnFeedRefused(action.subscription, allowed); });
  }
  const actor::HostedType* hosted = core_.actors_.FindType(action.actor.type);
  const std::uint64_t fingerprint = hosted == nullptr ? 0 : hosted->type->state->schema_fingerprint;
  std::optional<generated::CommonTree> common;
  if (hosted != nullptr && hosted->type->state->field_tree != nullptr && action.schema_fingerprint != 0 &&
      action.schema_fingerprint != fingerprint) {
    if (action.field_tree == nullptr) {
      return Step([&](ServerSession& session, Time) { session.OnFieldTreeWanted(std::move(action)); });
    }
    common = generated::Common(hosted->type->state->field_tree(), *action.field_tree);
  }
  {
    MutexLock lock(mutex_);
    feeds_.emplace(action.subscription, OpenFeed{});
  }
  core_.actors_.OpenFeed(
      action.actor, std::move(action.filter), std::move(action.view),
      [self = shared_from_this(), id = action.subscription, fingerprint,
       common](absl::StatusOr<std::shared_ptr<actor::ActorFeed>> feed) {
        self->OnFeedOpened(id, fingerprint, common, std::move(feed));
      },
      common.has_value() && common->agrees ? std::move(action.field_tree) : nullptr, action.from);
}

void SessionHost::OnFeedOpened(std::uint64_t subscription, std::uint64_t schema_fingerprint,
                               const std::optional<generated::CommonTree>& common,
                               absl::StatusOr<std::shared_ptr<actor::ActorFeed>> feed) {
  absl::StatusOr<std::shared_ptr<session::StateFeed>> opened = absl::UnknownError("");
  if (!feed.ok()) {
    opened = feed.status();
  } else {
    MutexLock lock(mutex_);
    const auto found = feeds_.find(subscription);
    if (found == feeds_.end()) return;  // It was closed meanwhile.
    // The listener is there before the first read, so that no commit falls between the two.
    found->second.feed = *feed;
    found->second.listener = (*feed)->AddListener(
        std::make_shared<actor::ActorFeed::Listener>([weak = weak_from_this(), subscription] {
          const auto self = weak.lock();
          if (self == nullptr) return;
          self->Step([subscription](ServerSession& session, Time) { session.OnFeedChanged(subscription); });
        }));
    opened = std::shared_ptr<session::StateFeed>(*feed);
  }
  Step([&](ServerSession& session, Time) {
    session.OnFeedOpened(subscription, std::move(opened), schema_fingerprint, common);
  });
}

void SessionHost::Do(ServerSession::CloseFeed& action) {
  OpenFeed closed;
  {
    MutexLock lock(mutex_);
    const auto found = feeds_.find(action.subscription);
    if (found == feeds_.end()) return;
    closed = std::move(found->second);
    feeds_.erase(found);
  }
  if (closed.feed != nullptr) closed.feed->RemoveListener(closed.listener);
}

void SessionHost::Do(ServerSession::Disconnect& action) {
  core_.NoteSessionEnd(action.reason);
  {
    MutexLock lock(mutex_);
    close_reason_ = action.reason;
    close_at_ = core_.environment_.clock.Now() + kLastWriteTimeout;
  }
  Step([](ServerSession&, Time) {});
}

}  // namespace onager::server
