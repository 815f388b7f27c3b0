#include "runtime/client/client_core.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/time/time.h"
#include "onager/generated/past_messages.h"
#include "runtime/wire/resume_token.h"

namespace onager::client {
namespace {

using session::ClientSession;

Duration ToDuration(absl::Duration duration) {
  return absl::ToChronoNanoseconds(std::max(duration, absl::ZeroDuration()));
}

session::ClientSessionOptions SessionOptions(const ClientOptions& options, Random& random) {
  session::ClientSessionOptions session;
  session.incarnation = random.Next() | 1;
  session.reconnect_delay_min = ToDuration(options.reconnect_delay_min);
  session.reconnect_delay_max = ToDuration(options.reconnect_delay_max);
  session.connect_timeout = ToDuration(options.connect_timeout);
  session.peer_timeout = ToDuration(options.peer_timeout);
  session.pending_calls_max = options.pending_calls_max;
  session.message_bytes_max = options.message_bytes_max;
  return session;
}

ClientSession::CallRequest MakeRequest(const generated::ActorType& type, const std::string& key,
                                       const generated::MethodInfo& method, std::string arguments,
                                       const CallOptions& options, const OfflinePolicy& offline,
                                       const Clock& clock) {
  absl::Duration timeout = options.timeout().value_or(method.timeout);
  if (options.deadline().has_value()) {
    const absl::Duration left = *options.deadline() - clock.WallNow();
    timeout = options.timeout().has_value() ? std::min(timeout, left) : left;
  }
  ClientSession::CallRequest request;
  request.actor = {std::string(type.name), key};
  request.method = std::string(method.name);
  request.arguments = std::move(arguments);
  if (timeout != absl::InfiniteDuration()) request.timeout = ToDuration(timeout);
  if (method.streamed_parameter) request.streams |= wire::kStreamedParameter;
  if (method.streamed_result) request.streams |= wire::kStreamedResult;
  if (options.may_run_again().has_value()) {
    request.rerun = *options.may_run_again() ? wire::kMayRunAgain : wire::kMayNotRunAgain;
  }
  request.offline_calls_max = options.while_offline().value_or(offline).calls_max();
  return request;
}

/// The method that every actor has besides its own.
constexpr generated::MethodInfo kPast{.name = generated::kPastMethod, .idempotent = true, .readonly = true};

absl::Status ClosedStatus() { return absl::CancelledError("the client is closed"); }

}  // namespace

std::shared_ptr<ClientCore> ClientCore::Create(const ClientOptions& options, const Environment& environment,
                                               transport::Connector& connector) {
  std::shared_ptr<ClientCore> core(new ClientCore(options, environment, connector));
  core->Step([](ClientSession& session, Time now) { session.Start(now); });
  return core;
}

ClientCore::ClientCore(const ClientOptions& options, const Environment& environment,
                       transport::Connector& connector)
    : options_(options),
      environment_(environment),
      connector_(connector),
      callbacks_(std::make_shared<CallbackQueue>(environment.executor, options.callback_executor)),
      session_(SessionOptions(options, environment.random), environment.random) {}

ClientCore::~ClientCore() = default;

bool ClientCore::Step(absl::FunctionRef<void(ClientSession&, Time)> event) {
  {
    MutexLock lock(mutex_);
    if (closed_) return false;
    ++active_steps_;
    event(session_, environment_.clock.Now());
  }
  while (SendAndDo()) {
  }
  MutexLock lock(mutex_);
  --active_steps_;
  step_ended_.NotifyAll();
  return true;
}

// Sends what is pending and does what the session asks for. True when that may have left more to do.
bool ClientCore::SendAndDo() {
  std::optional<transport::OutMessage> batch;
  std::shared_ptr<Link> link;
  std::vector<ClientSession::Action> actions;
  {
    MutexLock lock(mutex_);
    const Time now = environment_.clock.Now();
    QueueActions();
    // While something is still to be done, `link_` may be a connection that the session has given up already.
    link = link_;
    if (link != nullptr && !writing_ && !doing_ && actions_.empty()) {
      batch = session_.NextBatch(now);
      writing_ = batch.has_value();
      QueueActions();
    }
    if (!doing_ && !actions_.empty()) {
      doing_ = true;
      actions.swap(actions_);
    }
    ArmTimer(now);
  }
  if (batch.has_value()) link->Write(*std::move(batch));
  if (actions.empty()) return false;
  for (ClientSession::Action& action : actions) {
    std::visit([this](auto& kind) { Do(kind); }, action);
  }
  MutexLock lock(mutex_);
  doing_ = false;
  return true;
}

void ClientCore::QueueActions() {
  std::vector<ClientSession::Action> wanted = session_.TakeActions();
  std::move(wanted.begin(), wanted.end(), std::back_inserter(actions_));
}

void ClientCore::ArmTimer(Time now) {
  const Time deadline = std::max(session_.next_deadline(), now);
  if (deadline >= timer_at_ || deadline == kNever) return;  // A timer that fires early looks again.
  if (timer_ != 0) environment_.timers.Cancel(timer_);
  timer_at_ = deadline;
  timer_ = environment_.timers.At(deadline, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnTimer();
  });
}

void ClientCore::OnTimer() {
  {
    MutexLock lock(mutex_);
    timer_ = 0;
    timer_at_ = kNever;
  }
  Step([](ClientSession& session, Time now) { session.OnTime(now); });
}

void ClientCore::OnLinkMessage(const Link& link, std::string_view bytes) {
  Step([this, &link, bytes](ClientSession& session, Time now) {
    if (IsCurrent(link)) session.OnMessage(bytes, now);
  });
}

void ClientCore::OnLinkWriteDone(const Link& link) {
  Step([this, &link](ClientSession&, Time) {
    if (IsCurrent(link)) NoteWriteDone();
  });
}

void ClientCore::OnLinkClosed(const Link& link, const absl::Status& reason) {
  Step([this, &link, &reason](ClientSession& session, Time now) {
    if (IsCurrent(link)) session.OnConnectionClosed(reason, now);
  });
}

void ClientCore::Do(ClientSession::Connect& action) {
  if (action.elsewhere) connector_.GoElsewhere();
  Metadata metadata = options_.metadata;
  if (options_.credentials) metadata.merge(options_.credentials());
  auto link = std::make_shared<Link>(weak_from_this(), connector_.Connect(metadata));
  {
    MutexLock lock(mutex_);
    link_ = link;
    writing_ = false;
  }
  link->Start();
}

void ClientCore::Do(ClientSession::Disconnect& action) {
  std::shared_ptr<Link> link;
  {
    MutexLock lock(mutex_);
    link = std::move(link_);
    link_.reset();
    writing_ = false;
  }
  if (link == nullptr) return;
  if (action.last_words.has_value()) {
    link->Part(*std::move(action.last_words), environment_);
    MutexLock lock(mutex_);
    parting_link_ = std::move(link);
    return;
  }
  link->Close(action.reason);
  // Freed elsewhere: this may be one of its own events.
  environment_.executor.Post([link = std::move(link)]() mutable { link.reset(); });
}

void ClientCore::Do(ClientSession::CallEnded& action) {
  std::shared_ptr<CallHandle> handle;
  std::shared_ptr<StreamHandle> stream;
  {
    MutexLock lock(mutex_);
    if (const auto found = calls_.find(action.number); found != calls_.end()) {
      handle = std::move(found->second);
      calls_.erase(found);
    } else if (const auto with_streams = streams_.find(action.number); with_streams != streams_.end()) {
      stream = std::move(with_streams->second);
      streams_.erase(with_streams);
    }
  }
  if (handle != nullptr) handle->End(std::move(action.result));
  if (stream != nullptr) stream->End(std::move(action.result));
}

std::shared_ptr<StreamHandle> ClientCore::FindStream(std::uint64_t number) {
  MutexLock lock(mutex_);
  const auto found = streams_.find(number);
  return found == streams_.end() ? nullptr : found->second;
}

void ClientCore::Do(ClientSession::ItemArrived& action) {
  if (const auto stream = FindStream(action.number)) stream->OnItem(std::move(action.item));
}

void ClientCore::Do(ClientSession::ItemWritten& action) {
  if (const auto stream = FindStream(action.number)) stream->OnWritten();
}

std::shared_ptr<Subscription> ClientCore::FindSubscription(std::uint64_t id) {
  MutexLock lock(mutex_);
  const auto found = subscriptions_.find(id);
  return found == subscriptions_.end() ? nullptr : found->second;
}

void ClientCore::Do(ClientSession::SnapshotArrived& action) {
  if (const auto subscription = FindSubscription(action.subscription)) {
    subscription->OnSnapshot(action.at, action.previous_revision, action.reason, std::move(action.snapshot),
                             {std::move(action.filter), std::move(action.view), std::move(action.binding)},
                             action.events_dropped, {});
  }
}

void ClientCore::Do(ClientSession::DeltaArrived& action) {
  if (const auto subscription = FindSubscription(action.subscription)) {
    subscription->OnDelta(action.at, action.base, action.replayed, std::move(action.patch),
                          std::move(action.events));
  }
}

void ClientCore::Do(ClientSession::CoveredArrived& action) {
  if (const auto subscription = FindSubscription(action.subscription))
    subscription->OnCovered(action.revision, action.due);
}

void ClientCore::Do(ClientSession::BookmarkArrived& action) {
  if (const auto subscription = FindSubscription(action.subscription)) {
    subscription->OnBookmark(action.at, action.slice, action.slices, action.hash);
  }
}

void ClientCore::Do(ClientSession::BindingArrived& action) {
  if (const auto subscription = FindSubscription(action.subscription)) {
    subscription->OnBinding(std::move(action.binding));
  }
}

void ClientCore::Do(ClientSession::SubscriptionEnded& action) {
  std::shared_ptr<Subscription> subscription;
  {
    MutexLock lock(mutex_);
    const auto found = subscriptions_.find(action.subscription);
    if (found == subscriptions_.end()) return;
    subscription = std::move(found->second);
    subscriptions_.erase(found);
  }
  subscription->OnEnd(action.status);
}

void ClientCore::Do(ClientSession::StateChanged& action) {
  if (!options_.on_connection_state) return;
  callbacks_->Post([self = shared_from_this(), state = action.state, reason = std::move(action.reason)] {
    self->options_.on_connection_state(state, reason);
  });
}

std::shared_ptr<generated::PendingCall> ClientCore::Call(const generated::ActorType& type,
                                                         const std::string& key, std::size_t method,
                                                         std::string arguments, const CallOptions& options) {
  return StartCall(MakeRequest(type, key, type.methods[method], std::move(arguments), options,
                               options_.offline, environment_.clock),
                   options);
}

std::shared_ptr<generated::PendingCall> ClientCore::AskPast(const generated::ActorType& type,
                                                            const std::string& key, std::string query,
                                                            const CallOptions& options) {
  return StartCall(
      MakeRequest(type, key, kPast, std::move(query), options, options_.offline, environment_.clock),
      options);
}

std::shared_ptr<generated::PendingCall> ClientCore::StartCall(ClientSession::CallRequest request,
                                                              const CallOptions& options) {
  auto handle = std::make_shared<CallHandle>(callbacks_, [weak = weak_from_this()](CallHandle& cancelled) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->Step([&cancelled](ClientSession& session, Time) { session.CancelCall(cancelled.number); });
  });
  if (options.cancellation().has_value() && options.cancellation()->cancelled()) {
    handle->End(absl::CancelledError("the call was cancelled before it was made"));
    return handle;
  }
  const bool open = Step([this, &request, &handle](ClientSession& session, Time now) {
    handle->number = session.Call(std::move(request), now);
    KeepCall(handle);
  });
  if (!open) handle->End(ClosedStatus());
  if (options.cancellation().has_value()) options.cancellation()->Add(handle);
  return handle;
}

std::shared_ptr<generated::StreamingCall> ClientCore::CallWithStreams(const generated::ActorType& type,
                                                                      const std::string& key,
                                                                      std::size_t method,
                                                                      std::string arguments,
                                                                      const CallOptions& options) {
  const auto step = [weak = weak_from_this()](auto event) {
    if (const auto self = weak.lock()) self->Step([&event](ClientSession& session, Time) { event(session); });
  };
  StreamHandle::Owner owner;
  owner.cancel = [step](std::uint64_t number) {
    step([number](ClientSession& session) { session.CancelCall(number); });
  };
  owner.write = [step](std::uint64_t number, SharedBytes item) {
    step([number, &item](ClientSession& session) { session.WriteItem(number, std::move(item)); });
  };
  owner.finish = [step](std::uint64_t number) {
    step([number](ClientSession& session) { session.FinishItems(number); });
  };
  owner.taken = [step](std::uint64_t number, std::size_t items, std::size_t bytes) {
    step([=](ClientSession& session) { session.ItemsTaken(number, items, bytes); });
  };
  auto handle = std::make_shared<StreamHandle>(callbacks_, std::move(owner));
  if (options.cancellation().has_value() && options.cancellation()->cancelled()) {
    handle->End(absl::CancelledError("the call was cancelled before it was made"));
    return handle;
  }
  ClientSession::CallRequest request = MakeRequest(type, key, type.methods[method], std::move(arguments),
                                                   options, options_.offline, environment_.clock);
  const bool open = Step([this, &request, &handle](ClientSession& session, Time now) {
    const std::uint64_t number = session.Call(std::move(request), now);
    handle->set_number(number);
    KeepStream(number, handle);
  });
  if (!open) handle->End(ClosedStatus());
  if (options.cancellation().has_value()) options.cancellation()->Add(handle);
  return handle;
}

std::shared_ptr<generated::SubscriptionHandle> ClientCore::Observe(
    const generated::ActorType& type, generated::ObserveRequest wanted,
    std::shared_ptr<generated::Observer> observer) {
  absl::Status readable;
  wire::Checkpoint kept;
  wire::ResumeToken token;
  if (!wanted.checkpoint.empty()) {
    absl::StatusOr<wire::Checkpoint> checkpoint = wire::Checkpoint::Decode(wanted.checkpoint);
    absl::StatusOr<wire::ResumeToken> decoded = checkpoint.ok()
                                                    ? wire::ResumeToken::Decode(checkpoint->token)
                                                    : absl::StatusOr<wire::ResumeToken>(checkpoint.status());
    readable = decoded.status();
    if (readable.ok()) {
      kept = *std::move(checkpoint);
      token = *std::move(decoded);
    }
  }
  ClientSession::SubscribeRequest request;
  request.actor = {std::string(type.name), std::move(wanted.key)};
  request.schema_fingerprint = type.state->schema_fingerprint;
  request.field_tree = type.state->field_tree;
  request.filter = wanted.filter.has_value() ? *std::move(wanted.filter) : kept.filter;
  request.view = wanted.view.has_value() ? *std::move(wanted.view) : kept.view;

  request.when_slow =
      wanted.when_slow.has_value() ? wanted.when_slow->number() : static_cast<std::uint32_t>(kept.when_slow);

  Subscription::Owner owner;
  owner.unsubscribe = [weak = weak_from_this()](std::uint64_t id) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->Step([&self, id](ClientSession& session, Time) {
      session.Unsubscribe(id);
      self->DropSubscription(id);
    });
  };
  owner.resync = [weak = weak_from_this()](std::uint64_t id, ResyncReason reason) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->Step([id, reason](ClientSession& session, Time) { session.Resync(id, reason); });
  };
  owner.pause = [weak = weak_from_this()](std::uint64_t id, bool paused) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->Step([id, paused](ClientSession& session, Time) {
      if (paused) {
        session.Pause(id);
      } else {
        session.Resume(id);
      }
    });
  };
  owner.change = [weak = weak_from_this()](std::uint64_t id, std::string filter, std::string view) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->Step([&](ClientSession& session, Time) { session.Change(id, std::move(filter), std::move(view)); });
  };
  owner.phase = [weak = weak_from_this()](std::uint64_t id) {
    const auto self = weak.lock();
    return self == nullptr ? SubscriptionPhase::kEnded : self->PhaseOf(id);
  };
  Subscription::Selection selection;
  selection.filter = request.filter;
  selection.view = request.view;
  selection.binding = token.binding;
  std::shared_ptr<CallbackQueue> callbacks = callbacks_;
  if (wanted.executor != nullptr) {
    callbacks = std::make_shared<CallbackQueue>(environment_.executor, std::move(wanted.executor));
  }
  auto subscription =
      std::make_shared<Subscription>(*type.state, std::move(observer), callbacks,
                                     options_.callback_backlog_max, selection, std::move(owner));
  subscription->set_when_slow(request.when_slow);
  if (!readable.ok()) {
    subscription->OnEnd(readable);
    return subscription;
  }
  if (!token.binding.empty()) {
    request.binding = token.binding;
    request.position = {token.epoch, token.revision};
    request.covered = token.covered;
    subscription->OnSnapshot(request.position, token.revision, ResyncReason::kInitial,
                             std::move(kept.snapshot), {kept.filter, kept.view, token.binding},
                             /*events_dropped=*/0, std::move(kept.events));
    subscription->OnCovered(token.covered, /*due=*/false);
  }
  const bool open = Step([this, &request, &subscription, &callbacks](ClientSession& session, Time) {
    const std::uint64_t id = session.Subscribe(std::move(request));
    subscription->set_id(id);
    KeepSubscription(id, subscription, callbacks);
  });
  if (!open) subscription->OnEnd(ClosedStatus());
  return subscription;
}

void ClientCore::Close() {
  Step([](ClientSession& session, Time) { session.Close(ClosedStatus()); });
  {
    MutexLock lock(mutex_);
    closed_ = true;
    while (active_steps_ > 0) step_ended_.Wait(mutex_);
    if (timer_ != 0) environment_.timers.Cancel(timer_);
    timer_ = 0;
  }
  callbacks_->Stop();
  std::vector<std::weak_ptr<CallbackQueue>> others;
  {
    MutexLock lock(mutex_);
    others.swap(other_callbacks_);
  }
  for (const auto& weak : others) {
    if (const auto queue = weak.lock()) queue->Stop();
  }
}

void ClientCore::AwaitParted() {
  std::shared_ptr<Link> link;
  {
    MutexLock lock(mutex_);
    link = std::move(parting_link_);
  }
  if (link != nullptr) link->AwaitParted();
}

SubscriptionPhase ClientCore::PhaseOf(std::uint64_t id) const {
  MutexLock lock(mutex_);
  return session_.subscription_phase(id);
}

ClientUsage ClientCore::usage() const {
  MutexLock lock(mutex_);
  ClientUsage usage;
  usage.calls = session_.pending_calls();
  usage.handles = calls_.size() + streams_.size();
  usage.subscriptions = session_.subscription_count();
  usage.subscription_handles = subscriptions_.size();
  usage.links = (link_ != nullptr ? 1 : 0) + (parting_link_ != nullptr ? 1 : 0);
  return usage;
}

ConnectionState ClientCore::state() const {
  MutexLock lock(mutex_);
  return session_.state();
}

ClientStats ClientCore::stats() const {
  MutexLock lock(mutex_);
  return session_.stats();
}

}  // namespace onager::client
