#ifndef ONAGER_RUNTIME_SERVER_CLIENT_DIRECTORY_H_
#define ONAGER_RUNTIME_SERVER_CLIENT_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/session/call_ledger.h"

namespace onager::server {

/// A session as its client's calls see it. Thread-safe.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  virtual void OnCallEnded(std::uint64_t number, session::SharedOutcome outcome) = 0;
  /// The call's streams have something to send.
  virtual void OnStreamChanged(std::uint64_t number) = 0;
  /// The same client has come again on another connection.
  virtual void OnSuperseded() = 0;
};

/// What a server holds on behalf of its clients, besides the actors themselves.
struct ServerUsage {
  ServerUsage() = default;

  std::size_t sessions = 0;
  std::size_t clients = 0;        // That it remembers; see `ClientDirectory`.
  std::size_t calls_running = 0;  // Theirs, those with streams included.
  std::size_t calls_ended = 0;    // Whose outcome is kept.
  std::size_t outcome_bytes = 0;
  std::size_t subscriptions = 0;
  std::size_t reply_bytes = 0;  // That wait to be written.
  std::size_t held_bytes = 0;   // Those, snapshots that are being sent, and what is being written.

  friend bool operator==(const ServerUsage&, const ServerUsage&) = default;
};

/// What the server knows of one incarnation of a client, over all its sessions: its calls. Thread-safe.
class ClientRecord : public std::enable_shared_from_this<ClientRecord> {
 public:
  /// `id` names this record for ever, and is not zero. `client` names whose it is, on every server.
  ClientRecord(std::uint64_t id, std::uint64_t client, session::LedgerLimits limits)
      : id_(id), client_(client), ledger_(limits) {}

  std::uint64_t id() const { return id_; }

  /// Makes `sink` the one that replies go to, and returns the one before it.
  std::shared_ptr<ReplySink> Attach(std::weak_ptr<ReplySink> sink);
  /// Does nothing when another sink has been attached since.
  void Detach(const ReplySink& sink, Time now);

  /// The client has gone for ever: nobody waits for what of its calls runs. False, and nothing happens, when
  /// another sink has been attached since.
  bool End(const ReplySink& sink);

  /// Decides about a call; when it is to run, `call` is kept, so that it can be cancelled, and its `id`,
  /// `unsure`, `acknowledged` and `done` are set.
  session::CallLedger::Admission Admit(std::uint64_t number, bool may_have_run, bool may_run_again, Time now,
                                       const std::shared_ptr<actor::ActorCall>& call, const Clock& clock);
  /// The streams of a call that runs, or of one that has ended and is remembered; null when there are none.
  std::shared_ptr<session::StreamPort> FindStream(std::uint64_t number) const;
  void Cancel(std::uint64_t number);
  void AcknowledgeThrough(std::uint64_t number);

  /// Whether no session is attached; and whether moreover nothing runs and nothing has happened since `time`.
  bool detached() const;
  bool IdleSince(Time time) const;
  void AddTo(ServerUsage& usage) const;

 private:
  void Complete(std::uint64_t number, session::SharedOutcome outcome, Time now);
  void OnStreamChanged(std::uint64_t number);
  void SetStreamsAttached(bool attached) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::uint64_t id_;
  const std::uint64_t client_;
  mutable Mutex mutex_;
  session::CallLedger ledger_ ABSL_GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::shared_ptr<actor::ActorCall>> running_ ABSL_GUARDED_BY(mutex_);
  std::weak_ptr<ReplySink> sink_ ABSL_GUARDED_BY(mutex_);
  const ReplySink* attached_ ABSL_GUARDED_BY(mutex_) = nullptr;  // Compared only.
  Time detached_at_ ABSL_GUARDED_BY(mutex_){};
};

/// One incarnation of a client, which only its own principal can name.
struct ClientId {
  std::string tenant;
  std::string principal;
  std::uint64_t incarnation = 0;

  /// What tells it from all others, the same on every server; not zero. The first bytes of the SHA-256 of its
  /// parts, so that nobody who chooses one can make it another's.
  std::uint64_t Digest() const;

  friend bool operator==(const ClientId&, const ClientId&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const ClientId& id) {
    return H::combine(std::move(state), id.tenant, id.principal, id.incarnation);
  }
};

/// The clients that a server remembers: those with a session, and those whose session ended a short while
/// ago. Thread-safe.
class ClientDirectory {
 public:
  /// `random` outlives the directory.
  ClientDirectory(session::LedgerLimits limits, std::size_t idle_clients_max, Random& random)
      : limits_(limits), idle_clients_max_(idle_clients_max), random_(random) {}

  struct Found {
    std::shared_ptr<ClientRecord> record;
    bool known = false;  // It was here before.
  };
  /// The record of a client, made if need be. Forgets clients that have been away for too long.
  Found FindOrCreate(const ClientId& client, Time now);
  /// A session of that client has ended.
  void NoteDetached(const ClientId& client, Time now);
  /// That client has gone for ever, if its record is still this one.
  void Forget(const ClientId& client, const ClientRecord& record);

  std::size_t size() const;
  void AddTo(ServerUsage& usage) const;

  /// Forgets clients that have been away for too long.
  void ForgetIdle(Time now);

 private:
  void ForgetIdleLocked(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const session::LedgerLimits limits_;
  const std::size_t idle_clients_max_;
  Random& random_;
  mutable Mutex mutex_;
  absl::flat_hash_map<ClientId, std::shared_ptr<ClientRecord>> clients_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::pair<Time, ClientId>> detached_ ABSL_GUARDED_BY(mutex_);  // In the order of time.
};

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_CLIENT_DIRECTORY_H_
