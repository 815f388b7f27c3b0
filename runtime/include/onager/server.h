#ifndef ONAGER_SERVER_H_
#define ONAGER_SERVER_H_

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "onager/authenticator.h"
#include "onager/generated/actor_base.h"

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
  /// What an actor's replay window keeps. Whatever is reached first.
  std::size_t replay_count_max = 1024;
  std::size_t replay_bytes_max = 1u << 20;
  absl::Duration replay_age_max = absl::Minutes(5);
  /// What is kept of one client's answered calls, to recognise a call that is sent again.
  std::size_t dedupe_count_max = 1024;
  std::size_t dedupe_bytes_max = 1u << 20;
  absl::Duration dedupe_age_max = absl::Minutes(5);

  /// One session's calls that have not ended, and its subscriptions.
  std::size_t session_calls_max = 10'000;
  std::size_t session_subscriptions_max = 10'000;
  /// One client's calls with streams that have not ended.
  std::size_t client_streams_max = 256;
  std::size_t message_bytes_max = 4u << 20;
  /// A heartbeat goes out each so often; a peer that is silent for three of them is taken for dead.
  absl::Duration heartbeat_interval = absl::Seconds(5);

  /// Who somebody is, and whether they may; see there. Empty: everybody is anonymous, and may do everything.
  Authenticator authenticator;
  Authorizer authorizer;

  /// Signs resume tokens; empty: a random key for the life of this server.
  std::string token_key;
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

  /// Makes the actors of `A`'s type available; each is made with `make()` when it is first used. Before
  /// `Start`.
  template <std::derived_from<generated::ActorBase> A>
  void Host(std::function<std::unique_ptr<A>()> make = [] { return std::make_unique<A>(); }) {
    HostType(A::Type(),
             [make = std::move(make)]() -> std::unique_ptr<generated::ActorBase> { return make(); });
  }

  /// Listens and serves until `Shutdown`. An address that cannot be had is an error that names it.
  absl::Status Start();
  /// The address of each listener, with the port that was chosen. Empty before `Start`.
  std::vector<std::string> addresses() const;
  /// Closes every connection, lets running turns end and returns. Idempotent.
  void Shutdown();

  /// `Start`, wait for SIGINT or SIGTERM, `Shutdown`. Returns the exit code for `main`; a failure is printed
  /// to stderr.
  int Run();

 private:
  void HostType(const generated::ActorType& type,
                std::function<std::unique_ptr<generated::ActorBase>()> make);

  std::unique_ptr<internal::ServerImpl> impl_;
};

}  // namespace onager

#endif  // ONAGER_SERVER_H_
