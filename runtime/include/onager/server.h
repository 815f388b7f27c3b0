#ifndef ONAGER_SERVER_H_
#define ONAGER_SERVER_H_

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "onager/authenticator.h"
#include "onager/generated/actor_base.h"
#include "onager/log.h"
#include "onager/metrics.h"
#include "onager/past.h"
#include "onager/tls.h"

namespace onager {

/// How a server behaves. Every member has a usable default.
struct ServerOptions {
  ServerOptions() = default;
  /// A server on these addresses ("127.0.0.1:7000"; port 0 lets the system choose).
  explicit ServerOptions(std::vector<std::string> addresses) : listen(std::move(addresses)) {}

  std::vector<std::string> listen = {"127.0.0.1:0"};
  /// Threads that run actors; 0 is one for each core.
  int threads = 0;

  /// Turns that wait at one actor; one more call fails with `RESOURCE_EXHAUSTED`.
  std::size_t mailbox_max = 1024;
  /// An actor that nobody has called or observed for so long is deactivated; what is kept of it is what one
  /// that is active keeps. `absl::InfiniteDuration()`: never.
  absl::Duration idle_timeout = absl::Minutes(10);
  /// What an actor's replay window keeps. Whatever is reached first.
  std::size_t replay_count_max = 1024;
  std::size_t replay_bytes_max = 1u << 20;
  absl::Duration replay_age_max = absl::Minutes(5);
  /// What is kept of one client's answered calls, to recognise a call that is sent again.
  std::size_t dedupe_count_max = 1024;
  std::size_t dedupe_bytes_max = 1u << 20;
  absl::Duration dedupe_age_max = absl::Minutes(5);

  /// Where `[persist]` actors are stored: "sqlite:data.db", a file that no other process may open at the
  /// time; "postgres://…", which many servers may share; or "memory:", for the life of this server. Empty:
  /// nowhere, and no such actor can be hosted.
  std::string store;
  /// How long a turn of `durability = async` waits for more before it is written: about what a crash may
  /// lose.
  absl::Duration write_behind_delay = absl::Milliseconds(50);
  /// A `postgres://` store also has each state as JSON, private fields included, for those who use SQL, and
  /// this server makes the changes that they ask for; see docs/stores.md. False: neither.
  bool store_json = true;

  /// Sessions of all clients, those of one principal (who is anonymous is not counted), and connections that
  /// have not begun one.
  std::size_t sessions_max = 10'000;
  std::size_t principal_sessions_max = 1'000;
  std::size_t handshakes_max = 1'000;
  /// One session's calls that have not ended, and its subscriptions.
  std::size_t session_calls_max = 10'000;
  std::size_t session_subscriptions_max = 10'000;
  /// One client's calls with streams that have not ended.
  std::size_t client_streams_max = 256;
  /// RPCs of plain gRPC clients that have not ended, `Watch`es among them.
  std::size_t rpcs_max = 10'000;
  std::size_t message_bytes_max = 4u << 20;
  /// Bytes of changes that may wait for one subscription before `SlowPolicy::Disconnect` ends it, and that
  /// one batch has of it.
  std::size_t subscription_bytes_max = 1u << 20;
  /// Bytes of the snapshots that one session is being sent at a time, besides the largest of them; others
  /// wait. One batch has no more of changes either. Replies have a bound of their own.
  std::size_t session_bytes_max = 4u << 20;
  /// Bytes that all sessions may hold for clients that have not read them. Beyond it sessions of which no
  /// message was read for a `heartbeat_interval` end with `RESOURCE_EXHAUSTED`, the one that holds most
  /// first; their clients come again with their resume tokens. Who reads goes on.
  std::size_t server_bytes_max = 256u << 20;
  /// A heartbeat goes out each so often; a peer that is silent for three of them is taken for dead.
  absl::Duration heartbeat_interval = absl::Seconds(5);
  /// How often each subscription's copy is held against a hash of the state, a part of up to 64 KiB at a
  /// time. Zero: never.
  absl::Duration bookmark_interval = absl::Seconds(30);

  /// Without it everything is plaintext, which is refused on addresses that others can reach unless
  /// `insecure` says that something else protects it. "unix:/run/a" listens on a socket in the file system.
  std::optional<ServerTls> tls;
  bool insecure = false;
  /// Clients reach this server through a proxy that keeps broken HTTP/2 away. Without one, a server that runs
  /// on a gRPC older than 1.59.2 and can be reached from outside warns of it.
  bool behind_proxy = false;
  /// Who somebody is, and whether they may; see there. Empty: everybody is anonymous, and may do everything.
  Authenticator authenticator;
  Authorizer authorizer;

  /// How long `Run` lets clients and calls go on after the first SIGTERM; see `Server::Drain`.
  absl::Duration drain_timeout = absl::Seconds(30);

  /// What the server counts, and where an application may add its own; null: the server makes one. Read over
  /// HTTP/1.1 as `GET /metrics` at `metrics_address` ("127.0.0.1:9464"; empty: nowhere), in plaintext, hence
  /// refused on addresses that others can reach unless `insecure`.
  std::shared_ptr<Metrics> metrics;
  std::string metrics_address;
  /// Where the server's log goes; null: nowhere.
  std::shared_ptr<LogSink> log = StderrLog();

  /// Signs resume tokens; empty: a random key for the life of this server. Servers that share it can continue
  /// each other's subscriptions.
  std::string token_key;
  /// Keys that are not signed with any more, and whose tokens are still good: when a key is replaced, the old
  /// one goes here for as long as its tokens are to be honoured.
  std::vector<std::string> old_token_keys;
};

namespace internal {
class ServerImpl;
}

/// Hosts actors and serves them over gRPC. Set up from one thread; thread-safe once started.
///
/// Destruction shuts down: connections are closed, turns that run are waited for, nothing of the
/// application's code runs afterwards.
class Server {
 public:
  explicit Server(ServerOptions options = ServerOptions());
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Makes the actors of `A`'s type available; each is made with `make()` when it is first used, and others
  /// to look at what a store holds. Called on any thread, several at a time. Before `Start`.
  template <std::derived_from<generated::ActorBase> A>
  void Host(std::function<std::unique_ptr<A>()> make = [] { return std::make_unique<A>(); }) {
    HostType(A::Type(),
             [make = std::move(make)]() -> std::unique_ptr<generated::ActorBase> { return make(); });
  }

  /// Listens and serves until `Shutdown`. An address that cannot be had is an error that names it.
  absl::Status Start();
  /// The address of each listener, with the port that was chosen. Empty before `Start`.
  std::vector<std::string> addresses() const;
  /// The address of the metrics, with the port that was chosen; empty when they are not served.
  std::string metrics_address() const;
  /// What this server counts. Lives as long as the server.
  Metrics& metrics();

  /// Ends the actor of that key for good, as `Turn::Destroy` does from inside, after the calls that wait for
  /// it: its state is gone, its observers are told so, and the next call makes a new one. `done` is called
  /// once, on one of the server's threads; `NOT_FOUND` when there is no such type here.
  template <std::derived_from<generated::ActorBase> A>
  void Destroy(std::string key, std::function<void(absl::Status)> done) {
    DestroyActor(A::Type(), std::move(key), std::move(done));
  }

  /// What the actor of that key was, as far as its store remembers; `State` is that of `A`. The calls that
  /// are made of it end before the server does, which outlives it: `server.Past<Groceries,
  /// TodoListState>("groceries").AsOf(41)`. `Then` runs on one of the server's threads. Waiting in one of
  /// those keeps it from everything else.
  template <std::derived_from<generated::ActorBase> A, typename State>
  onager::Past<State> Past(std::string key) {
    return onager::Past<State>([this, key = std::move(key)](std::string query, const CallOptions& options) {
      return AskPast(A::Type(), key, std::move(query), options);
    });
  }

  /// Lets everybody go in peace, then `Shutdown`: clients are told to go elsewhere and take their resume
  /// tokens along, new sessions and calls are refused with `UNAVAILABLE`, calls that run are replied to.
  /// Returns when nobody is left, and soon after `timeout` in any case: what runs then is cancelled, and
  /// waited for.
  void Drain(absl::Duration timeout);
  /// Closes every connection, lets running turns end and returns. Idempotent.
  void Shutdown();

  /// `Start`, wait for SIGINT or SIGTERM, `Drain` for `drain_timeout`. A second signal ends the drain at
  /// once. Returns the exit code for `main`; a failure is printed to stderr. A turn that has not ended one
  /// second after that is left behind: the process exits with code 1, without running destructors.
  int Run();

 private:
  void HostType(const generated::ActorType& type,
                std::function<std::unique_ptr<generated::ActorBase>()> make);
  void DestroyActor(const generated::ActorType& type, std::string key,
                    std::function<void(absl::Status)> done);
  std::shared_ptr<generated::PendingCall> AskPast(const generated::ActorType& type, const std::string& key,
                                                  std::string query, const CallOptions& options);

  std::unique_ptr<internal::ServerImpl> impl_;
};

}  // namespace onager

#endif  // ONAGER_SERVER_H_
