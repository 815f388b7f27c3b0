#ifndef ONAGER_TESTS_END_TO_END_WORLD_H_
#define ONAGER_TESTS_END_TO_END_WORLD_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "onager/call.h"
#include "onager/client.h"
#include "onager/observe.h"
#include "runtime/base/mutex.h"
#include "runtime/client/client_core.h"
#include "runtime/server/server_core.h"
#include "runtime/store/memory_store.h"
#include "runtime/testing/manual_environment.h"
#include "runtime/testing/simulated_network.h"
#include "runtime/transport/transport.h"

namespace onager::end_to_end {

/// A server and the way to it: over threads in one process, over real gRPC, or simulated. A test is written
/// once and runs in each.
///
/// There are two ways in: the front door, which can be shut and whose connections can be broken, and the
/// back door, by which a test changes things meanwhile.
class World {
 public:
  enum class Door { kFront, kBack };

  World() = default;
  virtual ~World() = default;

  /// Starts the server; again after `StopServer`, as one whose memory is gone.
  void StartServer();
  void StopServer();
  Client NewClient(Door door = Door::kFront, ClientOptions options = FastReconnect());
  static ClientOptions FastReconnect();

  /// Breaks every connection through the front door at once: a TCP reset, where there is TCP.
  virtual void CutFront() = 0;
  /// While shut, nobody comes in through the front door.
  virtual void ShutFront(bool shut) = 0;
  /// Waits until `predicate` holds. False when it does not for a long while.
  [[nodiscard]] virtual bool Until(const std::function<bool()>& predicate) = 0;
  /// Lets so much time go by, where time is virtual; elsewhere none.
  virtual void Pass(Duration duration) = 0;
  virtual const Environment& environment() = 0;

  /// The result of a call, without blocking the thread that the simulated world runs in.
  template <typename T>
  TaskResult<T> Get(Call<T> call) {
    auto slot = std::make_shared<Slot<TaskResult<T>>>();
    call.Then([slot](TaskResult<T> result) {
      MutexLock lock(slot->mutex);
      slot->result.emplace(std::move(result));
    });
    const bool ended = Until([&slot] {
      MutexLock lock(slot->mutex);
      return slot->result.has_value();
    });
    if (!ended) return absl::InternalError("the test waited in vain for the end of a call");
    MutexLock lock(slot->mutex);
    return *std::move(slot->result);
  }

  server::ServerCore& server() { return *server_; }
  /// Changes what the next `StartServer` makes.
  server::ServerCoreOptions& server_options() { return server_options_; }
  /// Hosts more than the usual actors in the next `StartServer`.
  void HostAlso(std::function<absl::Status(server::ServerCore&)> host) { host_also_ = std::move(host); }
  /// Has the next `StartServer` keep its labs in this store, as if they were declared `[persist]`. It
  /// outlives the world.
  void PersistLabs(store::Store& store, generated::Durability durability = generated::Durability::kSync);

 protected:
  template <typename R>
  struct Slot {
    Mutex mutex;
    std::optional<R> result ABSL_GUARDED_BY(mutex);
  };

  virtual std::unique_ptr<transport::Listener> NewListener(Door door) = 0;
  virtual void OnListening(Door /*door*/, const std::string& /*address*/) {}
  virtual transport::Connector& connector(Door door) = 0;
  /// Blocks, or runs the simulation, until the core is idle.
  virtual void AwaitShutdown(server::ServerCore& core) = 0;
  /// For destructors of the worlds: the server's code no longer runs after it.
  void DestroyServer();

 private:
  server::ServerCoreOptions server_options_ = DefaultServerOptions();
  std::function<absl::Status(server::ServerCore&)> host_also_;
  store::Store* persistent_ = nullptr;
  generated::ActorType lab_type_;
  std::vector<generated::MethodInfo> lab_methods_;
  static server::ServerCoreOptions DefaultServerOptions();

  std::uint64_t server_count_ = 0;
  // A server that was stopped is kept to the end: something of it may still be posted.
  std::vector<std::unique_ptr<server::ServerCore>> stopped_servers_;
  std::vector<std::unique_ptr<store::MemoryStore>> stores_;
  std::unique_ptr<server::ServerCore> server_;
};

/// The simulated world, for tests that need virtual time or faults that only it has.
class SimulatedWorld final : public World {
 public:
  explicit SimulatedWorld(std::uint64_t seed = 1, const simulation::SimulatedNetworkOptions& network =
                                                      simulation::SimulatedNetworkOptions());
  ~SimulatedWorld() override;

  void CutFront() override;
  void ShutFront(bool shut) override;
  bool Until(const std::function<bool()>& predicate) override;
  void Pass(Duration duration) override;
  const Environment& environment() override { return ports_; }

  simulation::ManualEnvironment& time() { return manual_; }
  simulation::SimulatedNetwork& network() { return *network_; }
  /// The newest connection through the front door.
  simulation::SimulatedLink& front_link();

 protected:
  std::unique_ptr<transport::Listener> NewListener(Door door) override;
  transport::Connector& connector(Door door) override;
  void AwaitShutdown(server::ServerCore& core) override;

 private:
  simulation::ManualEnvironment manual_;
  const Environment ports_;
  std::unique_ptr<simulation::SimulatedNetwork> network_;
  std::size_t ended_links_ = 0;  // The first ones.
  std::unique_ptr<transport::Connector> front_;
  std::unique_ptr<transport::Connector> back_;
};

/// Every kind of world that this program was built with, by name: "InProcess", "Simulated", "Grpc".
struct WorldKind {
  std::string name;
  std::function<std::unique_ptr<World>()> make;

  friend void PrintTo(const WorldKind& kind, std::ostream* out) { *out << kind.name; }
};
/// Those that a program runs its scenarios in: of local_worlds.cc, or of grpc_world.cc where gRPC is linked.
std::vector<WorldKind> WorldKinds();
std::vector<WorldKind> LocalWorldKinds();

/// What an observer saw, for tests to look at. Thread-safe.
template <typename State>
class Journal {
 public:
  struct Entry {
    State state;
    std::uint64_t epoch = 0;
    std::uint64_t base = 0;
    std::uint64_t revision = 0;
    std::optional<ResyncReason> snapshot;
    bool replayed = false;
  };

  /// Adds this journal to an observation.
  Observation<State> Attach(Observation<State> observation) {
    return std::move(observation)
        .OnUpdate([data = data_](const Update<State>& update) {
          MutexLock lock(data->mutex);
          data->entries.push_back(
              {update.state, update.epoch, update.base, update.revision, update.snapshot, update.replayed});
        })
        .OnEnd([data = data_](const absl::Status& status) {
          MutexLock lock(data->mutex);
          data->end = status;
        });
  }

  std::vector<Entry> entries() const {
    MutexLock lock(data_->mutex);
    return data_->entries;
  }
  std::size_t size() const {
    MutexLock lock(data_->mutex);
    return data_->entries.size();
  }
  std::uint64_t revision() const {
    MutexLock lock(data_->mutex);
    return data_->entries.empty() ? 0 : data_->entries.back().revision;
  }
  std::optional<absl::Status> end() const {
    MutexLock lock(data_->mutex);
    return data_->end;
  }

 private:
  struct Data {
    mutable Mutex mutex;
    std::vector<Entry> entries ABSL_GUARDED_BY(mutex);
    std::optional<absl::Status> end ABSL_GUARDED_BY(mutex);
  };
  std::shared_ptr<Data> data_ = std::make_shared<Data>();
};

}  // namespace onager::end_to_end

#endif  // ONAGER_TESTS_END_TO_END_WORLD_H_
