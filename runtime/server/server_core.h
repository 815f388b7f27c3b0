#ifndef ONAGER_RUNTIME_SERVER_SERVER_CORE_H_
#define ONAGER_RUNTIME_SERVER_SERVER_CORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/authenticator.h"
#include "onager/generated/actor_base.h"
#include "onager/log.h"
#include "onager/metrics.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/executor.h"
#include "runtime/base/logger.h"
#include "runtime/base/mutex.h"
#include "runtime/door/door.h"
#include "runtime/server/actor_metrics.h"
#include "runtime/server/client_directory.h"
#include "runtime/server/measured_store.h"
#include "runtime/server/server_metrics.h"
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
  door::DoorOptions door;
  std::size_t sessions_max = 10'000;
  /// Of one principal of one tenant; who is anonymous is nobody in particular, and not counted.
  std::size_t principal_sessions_max = 1'000;
  /// Connections that have not said Hello.
  std::size_t handshakes_max = 1'000;
  std::size_t idle_clients_max = 10'000;
  /// That sessions hold for clients who have not read them; see `ServerOptions`.
  std::size_t held_bytes_max = 256u << 20;
  std::map<std::uint32_t, std::string> token_keys;  // By `TokenKeyId`.
  std::uint32_t token_signing_key = 1;
  Authenticator authenticator;       // Empty: everybody is anonymous.
  Authorizer authorizer;             // Empty: everybody may do everything.
  std::shared_ptr<Metrics> metrics;  // Null: it counts for nobody.
  std::shared_ptr<LogSink> log;      // Null: nothing is logged.
};

/// Another way into the server, which is drained with the sessions. Thread-safe.
class Entrance {
 public:
  virtual ~Entrance() = default;
  /// Begins nothing new, and lets what was begun end by itself.
  virtual void BeginDrain() = 0;
  /// Whether all of it has ended.
  virtual bool idle() const = 0;
};

/// A server without its transports: actors, sessions and what connects them. Real servers, tests and
/// simulations run this same code, each with its own environment, store and listeners.
///
/// Thread-safe once a listener was added. Destroy it after `Shutdown` (or `BeginShutdown`, with the executor
/// run until `idle`), when the executor runs nothing of it any more.
class ServerCore {
 public:
  /// `environment`'s parts and the stores outlive the core; see `ActorRuntime`.
  ServerCore(ServerCoreOptions options, const Environment& environment, store::Store& store,
             store::Store* persistent = nullptr);
  ~ServerCore();
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;

  absl::Status Host(const generated::ActorType& type, actor::MakeActor make);
  /// Starts the listener and keeps it.
  absl::Status AddListener(std::unique_ptr<transport::Listener> listener);
  std::vector<std::string> addresses() const;

  /// To be drained with the sessions. `entrance` outlives the core. Before the first listener.
  void AddEntrance(Entrance& entrance) { entrances_.push_back(&entrance); }

  /// Tells every client to go elsewhere and refuses new sessions and calls with `UNAVAILABLE`, while calls
  /// that run go on and subscriptions get what there is. Once nobody is left, and after `within` in any case,
  /// it is `BeginShutdown`. Idempotent.
  void BeginDrain(Duration within);
  bool draining() const;
  /// `BeginDrain`, and blocks until the shutdown begins.
  void Drain(Duration within);

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
  Logger& log() { return log_; }
  /// For plain gRPC clients.
  door::Door& door() { return door_; }
  std::size_t session_count() const;
  ServerUsage usage() const;

 private:
  friend class SessionHost;

  void Accept(std::unique_ptr<transport::Connection> connection);
  void OnSessionEnded(const std::shared_ptr<SessionHost>& host);
  void Remove(const std::shared_ptr<SessionHost>& host);
  absl::Status AdmitLocked(const absl::StatusOr<Identity>& peer) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// In the order of their coming, the same in every run.
  std::vector<std::shared_ptr<SessionHost>> HostsLocked(bool admitted_only) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WatchDrain(Time until);
  /// Where too much is held, cuts off sessions whose client does not read, and looks again later.
  void CutOffWhoDoesNotRead();
  void LookAtHeldLater();
  void FinishDrainOnceNothingRuns();
  void RefreshMetrics();
  // What hosts tell.
  void OnHello(const SessionHost& host);
  /// What one session holds is no longer so much, but so much.
  void OnHeld(std::size_t bytes_before, std::size_t bytes);
  void NoteSessionEnd(const absl::Status& reason);
  void NoteCallEnded(const generated::ActorType& type, const generated::MethodInfo& method,
                     const absl::Status& status, Time began);
  void NotePastAsked(const ActorId& actor, const absl::Status& status, Time began);
  void LogIfOurs(std::string_view actor_type, std::string_view method, const absl::Status& status);
  /// Clients that stay away are forgotten also when nobody else comes.
  void ForgetIdleClientsLater();

  const ServerCoreOptions options_;
  const Environment environment_;
  const wire::TokenSigner signer_;
  const std::shared_ptr<Metrics> metrics_;
  ServerMetrics counters_;
  ActorMetrics actor_metrics_;
  Logger log_;
  std::optional<MeasuredStore> persistent_;  // Of a server that persists its actors.
  actor::ActorRuntime actors_;
  door::Door door_;
  class DoorEntrance final : public Entrance {
   public:
    explicit DoorEntrance(door::Door& door) : door_(door) {}
    void BeginDrain() override { door_.BeginDrain(); }
    bool idle() const override { return door_.drained(); }

   private:
    door::Door& door_;
  };
  DoorEntrance door_entrance_{door_};
  ClientDirectory clients_;
  std::vector<Entrance*> entrances_;  // Constant once clients come.
  struct Session {
    std::uint64_t number = 0;  // In the order of their coming.
    std::shared_ptr<SessionHost> host;
    Identity identity;
    bool admitted = false;    // Otherwise it was refused, and only hears of it.
    bool said_hello = false;  // Counts no more as a handshake.
  };

  mutable Mutex mutex_;
  CondVar sessions_changed_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;  // Sessions have been told that nothing runs any more.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Timers::Id drain_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t admitted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t handshakes_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the admitted.
  absl::flat_hash_map<std::pair<std::string, std::string>, std::size_t> principals_ ABSL_GUARDED_BY(mutex_);
  Timers::Id forget_timer_ ABSL_GUARDED_BY(mutex_) = 0;  // Zero: none waits.
  std::atomic<std::int64_t> held_bytes_ = 0;             // Of all sessions.
  std::atomic<bool> looks_at_held_ = false;              // A timer waits.
  Timers::Id held_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<transport::Listener>> listeners_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t sessions_begun_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<const SessionHost*, Session> sessions_ ABSL_GUARDED_BY(mutex_);
  const std::uint64_t refresh_;  // Of the metrics; last, since it may run at once.
};

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_SERVER_CORE_H_
