#ifndef ONAGER_RUNTIME_SERVER_SERVER_CORE_H_
#define ONAGER_RUNTIME_SERVER_SERVER_CORE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/authenticator.h"
#include "onager/generated/actor_base.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/server/client_directory.h"
#include "runtime/session/server_session.h"
#include "runtime/store/store.h"
#include "runtime/transport/transport.h"
#include "runtime/wire/resume_token.h"

namespace onager::server {

class SessionHost;

struct ServerCoreOptions {
  session::ServerSessionOptions session;
  session::LedgerLimits ledger;
  actor::ActorRuntimeOptions actors;
  std::size_t sessions_max = 10'000;
  std::size_t idle_clients_max = 10'000;
  std::map<std::uint32_t, std::string> token_keys;
  std::uint32_t token_signing_key = 1;
  Authenticator authenticator;  // Empty: everybody is anonymous.
  Authorizer authorizer;        // Empty: everybody may do everything.
};

/// A server without its transports: actors, sessions and what connects them. Real servers, tests and
/// simulations run this same code, each with its own environment, store and listeners.
///
/// Thread-safe once a listener was added. Destroy it after `Shutdown` (or `BeginShutdown`, with the executor
/// run until `idle`), when the executor runs nothing of it any more.
class ServerCore {
 public:
  /// `environment`'s parts and `store` outlive the core.
  ServerCore(ServerCoreOptions options, const Environment& environment, store::Store& store);
  ~ServerCore();
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;

  absl::Status Host(const generated::ActorType& type, actor::MakeActor make);
  /// Starts the listener and keeps it.
  absl::Status AddListener(std::unique_ptr<transport::Listener> listener);
  std::vector<std::string> addresses() const;

  /// Accepts no more, says goodbye to every client, refuses new calls and cancels what runs.
  void BeginShutdown();
  bool idle() const;
  /// `BeginShutdown`, and blocks until no turn is open and every connection is gone.
  void Shutdown();

  /// Who presents these credentials, for every way into the server. Thread-safe; runs the application's code.
  absl::StatusOr<Identity> Authenticate(const Credentials& credentials) const;
  /// Whether they may, asked before each call and each observation. As `Authenticate`.
  absl::Status Authorize(const Identity& identity, const Access& access) const;

  actor::ActorRuntime& actors() { return actors_; }
  std::size_t session_count() const;
  ServerUsage usage() const;

 private:
  friend class SessionHost;

  void Accept(std::unique_ptr<transport::Connection> connection);
  void OnSessionEnded(const std::shared_ptr<SessionHost>& host);
  void Remove(const std::shared_ptr<SessionHost>& host);
  /// Clients that stay away are forgotten also when nobody else comes.
  void ForgetIdleClientsLater();

  const ServerCoreOptions options_;
  const Environment environment_;
  const wire::TokenSigner signer_;
  actor::ActorRuntime actors_;
  ClientDirectory clients_;

  mutable Mutex mutex_;
  CondVar sessions_changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Timers::Id forget_timer_ ABSL_GUARDED_BY(mutex_) = 0;  // Zero: none waits.
  std::vector<std::unique_ptr<transport::Listener>> listeners_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<const SessionHost*, std::shared_ptr<SessionHost>> sessions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_SERVER_CORE_H_
