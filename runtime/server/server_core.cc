#include "runtime/server/server_core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/server/session_host.h"
#include "runtime/wire/error_details.h"

namespace onager::server {
namespace {

// A resume token holds both names, and is itself bounded.
constexpr std::size_t kNameLengthMax = 512;

// How often a server that is drained looks whether it is.
constexpr Duration kDrainLook = std::chrono::milliseconds(20);

// How often, within one heartbeat's time, a server that holds too much looks who does not read.
constexpr int kHeldLooks = 10;

}  // namespace

ServerCore::ServerCore(ServerCoreOptions options, const Environment& environment, store::Store& store,
                       store::Store* persistent)
    : options_([&options] {
        options.actors.log = options.log;
        options.session.calls_in_flight_max =
            std::min(options.session.calls_in_flight_max, options.ledger.count_max);
        return std::move(options);
      }()),
      environment_(environment),
      signer_(options_.token_keys, options_.token_signing_key),
      metrics_(options_.metrics != nullptr ? options_.metrics : std::make_shared<Metrics>()),
      counters_(*metrics_),
      actor_metrics_(*metrics_),
      log_(options_.log, environment.clock),
      persistent_(persistent == nullptr
                      ? std::optional<MeasuredStore>()
                      : std::make_optional<MeasuredStore>(*persistent, environment.clock, *metrics_)),
      actors_(options_.actors, environment, store, persistent_.has_value() ? &*persistent_ : nullptr),
      door_(
          options_.door, environment, actors_, signer_,
          [this](const Credentials& credentials) { return Authenticate(credentials); },
          [this](const Identity& identity, const Access& access) { return Authorize(identity, access); },
          [this](const generated::ActorType& type, const generated::MethodInfo& method,
                 const absl::Status& status, Time began) { NoteCallEnded(type, method, status, began); }),
      clients_(options_.ledger, options_.idle_clients_max, environment.random),
      refresh_(metrics_->AddRefresh([this] { RefreshMetrics(); })) {
  AddEntrance(door_entrance_);
}

ServerCore::~ServerCore() {
  metrics_->RemoveRefresh(refresh_);
  actor_metrics_.Refresh(actors_.stats());  // The metrics may live on.
  BeginShutdown();
  absl::flat_hash_map<const SessionHost*, Session> left;
  {
    MutexLock lock(mutex_);
    left.swap(sessions_);
  }
  for (const auto& [key, session] : left) session.host->Dispose();
}

absl::Status ServerCore::Host(const generated::ActorType& type, actor::MakeActor make) {
  return actors_.Host(type, std::move(make));
}

absl::Status ServerCore::AddListener(std::unique_ptr<transport::Listener> listener) {
  absl::Status started = listener->Start(
      [this](std::unique_ptr<transport::Connection> connection) { Accept(std::move(connection)); });
  if (!started.ok()) return started;
  actors_.Begin();
  MutexLock lock(mutex_);
  listeners_.push_back(std::move(listener));
  return absl::OkStatus();
}

std::vector<std::string> ServerCore::addresses() const {
  MutexLock lock(mutex_);
  std::vector<std::string> addresses;
  for (const auto& listener : listeners_) addresses.push_back(listener->address());
  return addresses;
}

absl::StatusOr<Identity> ServerCore::Authenticate(const Credentials& credentials) const {
  if (!options_.authenticator) return Identity();
  try {
    absl::StatusOr<Identity> identity = options_.authenticator(credentials);
    if (identity.ok() && std::max(identity->tenant.size(), identity->principal.size()) > kNameLengthMax) {
      return absl::UnauthenticatedError(absl::StrCat(
          "the name of the tenant or of the principal is longer than ", kNameLengthMax, " bytes"));
    }
    return identity;
  } catch (...) {
    return absl::InternalError("the authenticator failed");
  }
}

absl::Status ServerCore::Authorize(const Identity& identity, const Access& access) const {
  if (!options_.authorizer) return absl::OkStatus();
  try {
    return options_.authorizer(identity, access);
  } catch (...) {
    return absl::InternalError("the authorizer failed");
  }
}

absl::Status ServerCore::AdmitLocked(const absl::StatusOr<Identity>& peer) const {
  if (stopping_) return absl::UnavailableError("the server is shutting down");
  if (draining_) return absl::UnavailableError("GOING_AWAY: the server is about to stop");
  if (!peer.ok()) return peer.status();
  if (admitted_ >= options_.sessions_max) {
    return absl::ResourceExhaustedError(absl::StrCat("the server has ", admitted_, " sessions"));
  }
  if (handshakes_ >= options_.handshakes_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat(handshakes_, " connections have not said Hello, and no more may wait"));
  }
  const auto principal = principals_.find({peer->tenant, peer->principal});
  if (principal != principals_.end() && principal->second >= options_.principal_sessions_max) {
    return absl::ResourceExhaustedError(absl::StrCat("this principal has ", principal->second, " sessions"));
  }
  return absl::OkStatus();
}

void ServerCore::Accept(std::unique_ptr<transport::Connection> connection) {
  const std::string peer_address = connection->credentials().peer_address;
  absl::StatusOr<Identity> peer = Authenticate(connection->credentials());
  std::shared_ptr<SessionHost> host;
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    refusal = AdmitLocked(peer);
    Session session;
    session.identity = peer.ok() ? *std::move(peer) : Identity();
    session.admitted = refusal.ok();
    host = std::make_shared<SessionHost>(*this, session.identity, std::move(connection));
    session.number = ++sessions_begun_;
    session.host = host;
    if (session.admitted) {
      ++admitted_;
      ++handshakes_;
      if (!session.identity.principal.empty()) {
        ++principals_[{session.identity.tenant, session.identity.principal}];
      }
    }
    sessions_.emplace(host.get(), std::move(session));
  }
  host->Start(refusal);
  if (refusal.ok()) return;
  counters_.OnConnectionRefused(refusal.code());
  log_.Log(LogLevel::kWarning, "connection refused",
           {{"code", absl::StatusCodeToString(refusal.code())},
            {"reason", std::string(refusal.message())},
            {"peer", peer_address}});
}

void ServerCore::OnHello(const SessionHost& host) {
  MutexLock lock(mutex_);
  const auto found = sessions_.find(&host);
  if (found == sessions_.end() || !found->second.admitted || found->second.said_hello) return;
  found->second.said_hello = true;
  --handshakes_;
}

void ServerCore::OnHeld(std::size_t bytes_before, std::size_t bytes) {
  // Of two steps of one session the later may be told first.
  const std::int64_t more = static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(bytes_before);
  const std::int64_t held = held_bytes_.fetch_add(more) + more;
  if (more > 0 && held > static_cast<std::int64_t>(options_.held_bytes_max)) LookAtHeldLater();
}

void ServerCore::LookAtHeldLater() {
  if (looks_at_held_.exchange(true)) return;
  const Time when = environment_.clock.Now() + options_.session.heartbeat_interval / kHeldLooks;
  MutexLock lock(mutex_);
  if (stopping_) return;
  held_timer_ = environment_.timers.At(when, [this] { CutOffWhoDoesNotRead(); });
}

// Those who read let go of what they hold by themselves, however much that is.
void ServerCore::CutOffWhoDoesNotRead() {
  std::vector<std::shared_ptr<SessionHost>> hosts;
  {
    MutexLock lock(mutex_);
    held_timer_ = 0;
    if (stopping_) return;
    hosts = HostsLocked(/*admitted_only=*/false);
  }
  looks_at_held_ = false;
  const Time now = environment_.clock.Now();
  std::size_t held_bytes = 0;
  std::vector<std::pair<std::size_t, SessionHost*>> unread;
  for (const auto& host : hosts) {
    const SessionHost::Held held = host->held(now);
    if (held.over) continue;
    held_bytes += held.bytes;
    if (held.unread_for >= options_.session.heartbeat_interval) unread.emplace_back(held.bytes, host.get());
  }
  std::stable_sort(unread.begin(), unread.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [bytes, host] : unread) {
    if (held_bytes <= options_.held_bytes_max) break;
    held_bytes -= bytes;
    counters_.slow_sessions.Add();
    host->CutOff(wire::WithReason(
        absl::ResourceExhaustedError(absl::StrCat("the client did not read, while ", bytes,
                                                  " bytes waited for it and the server held too many")),
        "SLOW_SESSION"));
  }
  if (held_bytes > options_.held_bytes_max) LookAtHeldLater();
}

void ServerCore::OnSessionEnded(const std::shared_ptr<SessionHost>& host) {
  // Not here: this is a call of the connection that is to be freed.
  environment_.executor.Post([this, host] { Remove(host); });
}

void ServerCore::Remove(const std::shared_ptr<SessionHost>& host) {
  host->Dispose();
  MutexLock lock(mutex_);
  const auto found = sessions_.find(host.get());
  if (found == sessions_.end()) return;
  const Session& session = found->second;
  if (session.admitted) {
    --admitted_;
    if (!session.said_hello) --handshakes_;
    const auto principal = principals_.find({session.identity.tenant, session.identity.principal});
    if (principal != principals_.end() && --principal->second == 0) principals_.erase(principal);
  }
  sessions_.erase(found);
  sessions_changed_.NotifyAll();
}

void ServerCore::NoteSessionEnd(const absl::Status& reason) {
  // What a client does wrong; who goes, is superseded or is lost is nothing to speak of.
  if (!absl::IsInvalidArgument(reason) && !absl::IsResourceExhausted(reason)) return;
  log_.Log(LogLevel::kWarning, "session ended by an error",
           {{"code", absl::StatusCodeToString(reason.code())}, {"reason", std::string(reason.message())}});
}

void ServerCore::NoteCallEnded(const generated::ActorType& type, const generated::MethodInfo& method,
                               const absl::Status& status, Time began) {
  counters_.OnCallEnded(status.code(), environment_.clock.Now() - began);
  LogIfOurs(type.name, method.name, status);
}

void ServerCore::NotePastAsked(const ActorId& actor, const absl::Status& status, Time began) {
  counters_.OnCallEnded(status.code(), environment_.clock.Now() - began);
  LogIfOurs(actor.type, generated::kPastMethod, status);
}

void ServerCore::LogIfOurs(std::string_view actor_type, std::string_view method, const absl::Status& status) {
  // A handler that threw, or a store that failed: the server's own mistakes. The message may hold what is not
  // for a log.
  const bool is_ours = absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDataLoss(status);
  if (!is_ours) return;
  log_.Log(LogLevel::kError, "a call failed",
           {{"actor", std::string(actor_type)},
            {"method", std::string(method)},
            {"code", absl::StatusCodeToString(status.code())}});
}

void ServerCore::ForgetIdleClientsLater() {
  MutexLock lock(mutex_);
  if (stopping_ || forget_timer_ != 0) return;
  const Time when = environment_.clock.Now() + options_.ledger.age_max + std::chrono::seconds(1);
  forget_timer_ = environment_.timers.At(when, [this] {
    clients_.ForgetIdle(environment_.clock.Now());
    {
      MutexLock timer_lock(mutex_);
      forget_timer_ = 0;
    }
    if (clients_.size() > session_count()) ForgetIdleClientsLater();
  });
}

std::vector<std::shared_ptr<SessionHost>> ServerCore::HostsLocked(bool admitted_only) const {
  std::vector<const Session*> sessions;
  for (const auto& [key, session] : sessions_) {
    if (session.admitted || !admitted_only) sessions.push_back(&session);
  }
  std::sort(sessions.begin(), sessions.end(),
            [](const Session* a, const Session* b) { return a->number < b->number; });
  std::vector<std::shared_ptr<SessionHost>> hosts;
  hosts.reserve(sessions.size());
  for (const Session* const session : sessions) hosts.push_back(session->host);
  return hosts;
}

void ServerCore::BeginDrain(Duration within) {
  std::vector<std::shared_ptr<SessionHost>> hosts;
  {
    MutexLock lock(mutex_);
    if (draining_ || stopping_) return;
    draining_ = true;
    hosts = HostsLocked(/*admitted_only=*/true);
  }
  log_.Log(LogLevel::kInfo, "draining", {{"sessions", absl::StrCat(hosts.size())}});
  for (Entrance* const entrance : entrances_) entrance->BeginDrain();
  for (const auto& host : hosts) host->Drain(within);
  WatchDrain(environment_.clock.Now() + within);
}

// Observers stay until nothing is committed any more: who has memory for a store sees the last changes here
// or nowhere.
void ServerCore::FinishDrainOnceNothingRuns() {
  std::vector<std::shared_ptr<SessionHost>> hosts;
  {
    MutexLock lock(mutex_);
    if (finishing_) return;
    hosts = HostsLocked(/*admitted_only=*/true);
  }
  const bool running =
      std::any_of(hosts.begin(), hosts.end(), [](const auto& host) { return host->has_pending_calls(); }) ||
      std::any_of(entrances_.begin(), entrances_.end(),
                  [](const Entrance* entrance) { return !entrance->idle(); });
  if (running) return;
  {
    MutexLock lock(mutex_);
    finishing_ = true;
  }
  for (const auto& host : hosts) host->FinishDrain();
}

// Looks again and again, since sessions, entrances and what they wait for end in many places.
void ServerCore::WatchDrain(Time until) {
  const Time now = environment_.clock.Now();
  FinishDrainOnceNothingRuns();
  bool drained = std::all_of(entrances_.begin(), entrances_.end(),
                             [](const Entrance* entrance) { return entrance->idle(); });
  std::size_t left = 0;
  {
    MutexLock lock(mutex_);
    // Not those who were refused: they come again and again, until somebody else answers there.
    left = admitted_;
    drained = drained && left == 0;
    drain_timer_ = 0;
    if (stopping_) return;
    if (!drained && now < until) {
      drain_timer_ =
          environment_.timers.At(std::min(now + kDrainLook, until), [this, until] { WatchDrain(until); });
      return;
    }
  }
  log_.Log(drained ? LogLevel::kInfo : LogLevel::kWarning, drained ? "drained" : "not drained in time",
           {{"sessions", absl::StrCat(left)}});
  BeginShutdown();
}

bool ServerCore::draining() const {
  MutexLock lock(mutex_);
  return draining_;
}

void ServerCore::Drain(Duration within) {
  BeginDrain(within);
  MutexLock lock(mutex_);
  while (!stopping_) sessions_changed_.Wait(mutex_);
}

void ServerCore::BeginShutdown() {
  std::vector<std::unique_ptr<transport::Listener>> listeners;
  std::vector<std::shared_ptr<SessionHost>> hosts;
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    listeners.swap(listeners_);
    hosts = HostsLocked(/*admitted_only=*/false);
    if (forget_timer_ != 0) environment_.timers.Cancel(forget_timer_);
    if (drain_timer_ != 0) environment_.timers.Cancel(drain_timer_);
    if (held_timer_ != 0) environment_.timers.Cancel(held_timer_);
    sessions_changed_.NotifyAll();
  }
  for (const auto& listener : listeners) listener->Stop();
  for (const auto& host : hosts) host->Close(absl::UnavailableError("the server is shutting down"));
  door_.BeginShutdown();
  actors_.BeginShutdown();
  // The listeners go last: connections may refer to them.
  MutexLock lock(mutex_);
  listeners_.swap(listeners);
}

bool ServerCore::idle() const {
  MutexLock lock(mutex_);
  return actors_.idle() && door_.idle() && sessions_.empty();
}

void ServerCore::Shutdown() {
  BeginShutdown();
  actors_.Shutdown();
  door_.Shutdown();
  MutexLock lock(mutex_);
  while (!sessions_.empty()) sessions_changed_.Wait(mutex_);
}

std::size_t ServerCore::session_count() const {
  MutexLock lock(mutex_);
  return sessions_.size();
}

void ServerCore::RefreshMetrics() {
  const ServerUsage now = usage();
  counters_.sessions.Set(static_cast<std::int64_t>(now.sessions));
  counters_.subscriptions.Set(static_cast<std::int64_t>(now.subscriptions));
  counters_.queue_bytes.Set(static_cast<std::int64_t>(now.held_bytes));
  actor_metrics_.Refresh(actors_.stats());
}

ServerUsage ServerCore::usage() const {
  ServerUsage usage;
  clients_.AddTo(usage);
  std::vector<std::shared_ptr<SessionHost>> hosts;
  {
    MutexLock lock(mutex_);
    for (const auto& [key, session] : sessions_) hosts.push_back(session.host);
  }
  for (const auto& host : hosts) host->AddTo(usage);
  return usage;
}

}  // namespace onager::server
