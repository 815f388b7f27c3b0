#include "runtime/server/server_core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/server/session_host.h"

namespace onager::server {
namespace {

// A resume token holds both names, and is itself bounded.
constexpr std::size_t kNameLengthMax = 512;

}  // namespace

ServerCore::ServerCore(ServerCoreOptions options, const Environment& environment, store::Store& store)
    : options_([&options] {
        options.session.calls_in_flight_max =
            std::min(options.session.calls_in_flight_max, options.ledger.count_max);
        return std::move(options);
      }()),
      environment_(environment),
      signer_(options_.token_keys, options_.token_signing_key),
      actors_(options_.actors, environment, store),
      clients_(options_.ledger, options_.idle_clients_max, environment.random) {}

ServerCore::~ServerCore() {
  BeginShutdown();
  absl::flat_hash_map<const SessionHost*, std::shared_ptr<SessionHost>> left;
  {
    MutexLock lock(mutex_);
    left.swap(sessions_);
  }
  for (const auto& [key, host] : left) host->Dispose();
}

absl::Status ServerCore::Host(const generated::ActorType& type, actor::MakeActor make) {
  return actors_.Host(type, std::move(make));
}

absl::Status ServerCore::AddListener(std::unique_ptr<transport::Listener> listener) {
  absl::Status started = listener->Start(
      [this](std::unique_ptr<transport::Connection> connection) { Accept(std::move(connection)); });
  if (!started.ok()) return started;
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

void ServerCore::Accept(std::unique_ptr<transport::Connection> connection) {
  absl::StatusOr<Identity> peer = Authenticate(connection->credentials());
  std::shared_ptr<SessionHost> host;
  absl::Status refusal = peer.status();
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      refusal = absl::UnavailableError("the server is shutting down");
    } else if (sessions_.size() >= options_.sessions_max) {
      refusal = absl::ResourceExhaustedError(absl::StrCat("the server has ", sessions_.size(), " sessions"));
    }
    host = std::make_shared<SessionHost>(*this, peer.ok() ? *std::move(peer) : Identity(),
                                         std::move(connection));
    sessions_.emplace(host.get(), host);
  }
  host->Start();
  if (!refusal.ok()) host->Close(refusal);
}

void ServerCore::OnSessionEnded(const std::shared_ptr<SessionHost>& host) {
  // Not here: this is a call of the connection that is to be freed.
  environment_.executor.Post([this, host] { Remove(host); });
}

void ServerCore::Remove(const std::shared_ptr<SessionHost>& host) {
  host->Dispose();
  MutexLock lock(mutex_);
  sessions_.erase(host.get());
  sessions_changed_.NotifyAll();
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

void ServerCore::BeginShutdown() {
  std::vector<std::unique_ptr<transport::Listener>> listeners;
  std::vector<std::shared_ptr<SessionHost>> hosts;
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    listeners.swap(listeners_);
    for (const auto& [key, host] : sessions_) hosts.push_back(host);
    if (forget_timer_ != 0) environment_.timers.Cancel(forget_timer_);
  }
  for (const auto& listener : listeners) listener->Stop();
  for (const auto& host : hosts) host->Close(absl::UnavailableError("the server is shutting down"));
  actors_.BeginShutdown();
  // The listeners go last: connections may refer to them.
  MutexLock lock(mutex_);
  listeners_.swap(listeners);
}

bool ServerCore::idle() const {
  MutexLock lock(mutex_);
  return actors_.idle() && sessions_.empty();
}

void ServerCore::Shutdown() {
  BeginShutdown();
  actors_.Shutdown();
  MutexLock lock(mutex_);
  while (!sessions_.empty()) sessions_changed_.Wait(mutex_);
}

std::size_t ServerCore::session_count() const {
  MutexLock lock(mutex_);
  return sessions_.size();
}

ServerUsage ServerCore::usage() const {
  ServerUsage usage;
  clients_.AddTo(usage);
  std::vector<std::shared_ptr<SessionHost>> hosts;
  {
    MutexLock lock(mutex_);
    for (const auto& [key, host] : sessions_) hosts.push_back(host);
  }
  for (const auto& host : hosts) host->AddTo(usage);
  return usage;
}

}  // namespace onager::server
