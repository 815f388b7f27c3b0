#ifndef ONAGER_TESTING_SIMULATION_H_
#define ONAGER_TESTING_SIMULATION_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "onager/call.h"
#include "onager/client.h"
#include "onager/server.h"
#include "onager/testing/fault.h"

namespace onager::simulation {

/// A simulated world. Every member has a usable default.
struct SimulationOptions {
  SimulationOptions();

  /// Everything that is random is drawn from it: the same seed gives the same run.
  std::uint64_t seed = 1;
  /// How long bytes travel.
  absl::Duration latency_min = absl::Milliseconds(1);
  absl::Duration latency_max = absl::Milliseconds(10);
  /// Messages travel in pieces of up to so many bytes.
  std::size_t fragment_bytes_max = 16 * 1024;
  /// Bytes of one direction of a connection that are not read yet: with so many the writer waits.
  std::size_t window_bytes = 256 * 1024;
  /// How long the store of persisted actors takes at most for one thing that it is asked. A server that
  /// crashes leaves some of what it was writing written, and does not know what. Zero: no time.
  absl::Duration disk_delay_max = absl::ZeroDuration();
  /// Of the server; what concerns threads, addresses, TLS and the metrics' address means nothing here. The
  /// log is off unless it is set.
  ServerOptions server;
};

/// A server, its clients and the network between them in one thread, in virtual time: the code that is
/// shipped, on a simulated world that can be harmed. What happens depends on nothing but the seed and what
/// the test does.
///
/// Nothing moves by itself: time passes inside `Run`, `RunUntil` and `Await`. Used by one thread. Clients,
/// subscriptions and calls may outlive it, and are closed then. Do not block on a call here: `Await` it.
class Simulation {
 public:
  explicit Simulation(SimulationOptions options = SimulationOptions());
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // The server ---------------------------------------------------------------------------------------

  /// As `Server::Host`, for this server and those that come after a crash. Before `StartServer`.
  template <std::derived_from<generated::ActorBase> A>
  void Host(std::function<std::unique_ptr<A>()> make = [] { return std::make_unique<A>(); }) {
    HostType(A::Type(),
             [make = std::move(make)]() -> std::unique_ptr<generated::ActorBase> { return make(); });
  }
  /// Starts the server, again after it stopped or crashed. No-op while it runs.
  void StartServer();
  /// Lets what runs end, says goodbye to clients and stops.
  void StopServer();
  bool server_running() const;

  // Clients ------------------------------------------------------------------------------------------

  /// Adds a client, which begins to connect. Returns its number, from zero.
  std::size_t AddClient(const ClientOptions& options = ClientOptions());
  const Client& client(std::size_t number) const;
  std::size_t client_count() const;

  /// Closes all clients, for ever, and stops the server: no code of the application's runs after it.
  void Stop();

  // Time ---------------------------------------------------------------------------------------------

  /// Since the simulation began.
  absl::Duration now() const;
  /// Lets time pass.
  void Run(absl::Duration duration);
  /// Lets time pass until `predicate` holds, which is asked before each event. False when it does not within
  /// `limit`.
  [[nodiscard]] bool RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration limit);
  /// Lets time pass until the call has ended, for at most an hour.
  template <typename T>
  TaskResult<T> Await(Call<T> call) {
    const auto result = std::make_shared<std::optional<TaskResult<T>>>();
    call.Then([result](TaskResult<T> ended) { result->emplace(std::move(ended)); });
    if (!RunUntil([&] { return result->has_value(); }, absl::Hours(1))) {
      return absl::InternalError("the call did not end within an hour");
    }
    return **result;
  }
  /// A random number in [low, high]. Not drawn from what the world draws from: tests may ask for more or
  /// fewer without changing what latencies are.
  std::uint64_t Draw(std::uint64_t low, std::uint64_t high);

  // Faults -------------------------------------------------------------------------------------------

  /// Harms the world: see `Fault`. `client` is the number of one where the fault is a client's.
  void Inject(Fault fault, std::size_t client, std::uint64_t number);
  /// Lets time pass until the faults that last are over; clocks run as they should from then on, and what was
  /// to be cut or harmed later is not.
  void Heal();
  /// What took effect so far.
  const FaultCounts& faults() const;

  // What is found ------------------------------------------------------------------------------------

  /// Says that something is wrong, from anywhere, callbacks included. The first of these is kept.
  void Fail(std::string_view what);
  /// As `Fail`, unless the status is OK.
  void Require(const absl::Status& status);
  /// What was found first; OK: nothing.
  const absl::Status& failure() const;

  /// Adds something to the trace, which is a hash over all that happened: each message with its link, its
  /// time and its bytes, each end of a connection, each fault. Two runs of one seed have the same.
  void Note(std::string_view what);
  std::uint64_t trace_hash() const;
  /// How many events the trace is of.
  std::uint64_t trace_length() const;

 private:
  class World;

  void HostType(const generated::ActorType& type,
                std::function<std::unique_ptr<generated::ActorBase>()> make);

  const std::unique_ptr<World> world_;
};

}  // namespace onager::simulation

#endif  // ONAGER_TESTING_SIMULATION_H_
