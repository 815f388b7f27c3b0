#include "world.h"

#include <chrono>
#include <map>

#include "actors.h"
#include "depot.h"
#include "runtime/base/system_environment.h"
#include "runtime/transport/inprocess/inprocess_transport.h"
#include "threaded_world.h"

namespace onager::end_to_end {
namespace {

constexpr char kFrontAddress[] = "front";
constexpr char kBackAddress[] = "back";

const char* AddressOf(World::Door door) { return door == World::Door::kFront ? kFrontAddress : kBackAddress; }

}  // namespace

server::ServerCoreOptions World::DefaultServerOptions() {
  server::ServerCoreOptions options;
  options.token_keys = {{1, "the key of these tests"}};
  return options;
}

ClientOptions World::FastReconnect() {
  ClientOptions options;
  options.reconnect_delay_min = absl::Milliseconds(5);
  options.reconnect_delay_max = absl::Milliseconds(50);
  return options;
}

void World::StartServer() {
  stores_.push_back(std::make_unique<store::MemoryStore>());
  server_options_.session.server_instance = ++server_count_;
  server_ =
      std::make_unique<server::ServerCore>(server_options_, environment(), *stores_.back(), persistent_);
  ASSERT_TRUE(server_->Host(Counter::Type(), [] { return std::make_unique<Counter>(); }).ok());
  ASSERT_TRUE(server_->Host(TodoList::Type(), [] { return std::make_unique<TodoList>(); }).ok());
  ASSERT_TRUE(server_->Host(Depot::Type(), [] { return std::make_unique<Depot>(); }).ok());
  const generated::ActorType& lab = persistent_ == nullptr ? Lab::Type() : lab_type_;
  ASSERT_TRUE(server_->Host(lab, [] { return std::make_unique<Lab>(); }).ok());
  if (host_also_) {
    ASSERT_TRUE(host_also_(*server_).ok());
  }
  for (const Door door : {Door::kFront, Door::kBack}) {
    const absl::Status started = server_->AddListener(NewListener(door));
    ASSERT_TRUE(started.ok()) << started;
    OnListening(door, server_->addresses().back());
  }
}

void World::PersistLabs(store::Store& store, generated::Durability durability) {
  persistent_ = &store;
  lab_type_ = Lab::Type();
  lab_type_.persist = true;
  lab_type_.durability = durability;
  lab_methods_.assign(lab_type_.methods.begin(), lab_type_.methods.end());
  for (generated::MethodInfo& method : lab_methods_) method.durability = durability;
  lab_type_.methods = lab_methods_;
}

void World::StopServer() {
  if (server_ == nullptr) return;
  AwaitShutdown(*server_);
  stopped_servers_.push_back(std::move(server_));
}

void World::DestroyServer() {
  server_.reset();
  stopped_servers_.clear();
}

Client World::NewClient(Door door, ClientOptions options) {
  return Client(client::ClientCore::Create(options, environment(), connector(door)));
}

SimulatedWorld::SimulatedWorld(std::uint64_t seed, const simulation::SimulatedNetworkOptions& network)
    : manual_([seed] {
        simulation::ManualEnvironmentOptions options;
        options.seed = seed;
        return options;
      }()),
      ports_(manual_.environment()),
      network_(std::make_unique<simulation::SimulatedNetwork>(ports_, network)),
      front_(network_->MakeConnector(kFrontAddress)),
      back_(network_->MakeConnector(kBackAddress)) {}

SimulatedWorld::~SimulatedWorld() {
  StopServer();
  manual_.Advance(std::chrono::seconds(2));  // Clients that have just left are still saying goodbye.
  DestroyServer();
}

void SimulatedWorld::CutFront() {
  // The network keeps links that have ended, which there may be many thousands of.
  while (ended_links_ < network_->link_count() && !network_->link(ended_links_).is_open()) ++ended_links_;
  for (std::size_t i = ended_links_; i < network_->link_count(); ++i) {
    simulation::SimulatedLink& link = network_->link(i);
    if (link.address() == kFrontAddress && link.is_open()) link.CutNow();
  }
}

simulation::SimulatedLink& SimulatedWorld::front_link() {
  for (std::size_t i = network_->link_count(); i-- > 0;) {
    if (network_->link(i).address() == kFrontAddress) return network_->link(i);
  }
  ADD_FAILURE() << "nobody has come through the front door";
  return network_->latest_link();
}

void SimulatedWorld::ShutFront(bool shut) { network_->RefuseConnects(kFrontAddress, shut); }

bool SimulatedWorld::Until(const std::function<bool()>& predicate) {
  return manual_.RunUntil(predicate, std::chrono::minutes(30));
}

void SimulatedWorld::Pass(Duration duration) { manual_.Advance(duration); }

std::unique_ptr<transport::Listener> SimulatedWorld::NewListener(Door door) {
  return network_->MakeListener(AddressOf(door));
}

transport::Connector& SimulatedWorld::connector(Door door) { return door == Door::kFront ? *front_ : *back_; }

void SimulatedWorld::AwaitShutdown(server::ServerCore& core) {
  core.BeginShutdown();
  EXPECT_TRUE(manual_.RunUntil([&core] { return core.idle(); }, std::chrono::minutes(1)));
}

ThreadedWorld::ThreadedWorld()
    : system_(std::make_unique<SystemEnvironment>()), ports_(system_->environment()) {}

ThreadedWorld::~ThreadedWorld() = default;

void ThreadedWorld::End() {
  StopServer();
  system_.reset();  // Joins: nothing runs any more.
  DestroyServer();
}

bool ThreadedWorld::Until(const std::function<bool()>& predicate) {
  // The predicate looks at what other threads write under locks of their own, so nobody can wake this one.
  Mutex mutex;
  CondVar never_notified;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!predicate()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    MutexLock lock(mutex);
    never_notified.WaitUntil(mutex, std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
  }
  return true;
}

void ThreadedWorld::AwaitShutdown(server::ServerCore& core) { core.Shutdown(); }

namespace {

// Connections that can be broken from outside, over any connector.
class BreakableConnector final : public transport::Connector {
 public:
  explicit BreakableConnector(std::unique_ptr<transport::Connector> connector)
      : connector_(std::move(connector)) {}

  std::unique_ptr<transport::Connection> Connect(const Metadata& metadata) override {
    MutexLock lock(mutex_);
    auto connection = std::make_unique<Breakable>(*this, (shut_ ? nowhere_ : connector_)->Connect(metadata));
    open_.emplace(connection.get(), connection.get());
    return connection;
  }
  void set_nowhere(std::unique_ptr<transport::Connector> nowhere) { nowhere_ = std::move(nowhere); }
  void Shut(bool shut) {
    MutexLock lock(mutex_);
    shut_ = shut;
  }
  void BreakAll() {
    MutexLock lock(mutex_);
    for (const auto& [key, connection] : open_)
      connection->Close(absl::UnavailableError("the test broke it"));
  }

 private:
  class Breakable final : public transport::Connection {
   public:
    Breakable(BreakableConnector& owner, std::unique_ptr<transport::Connection> connection)
        : owner_(owner), connection_(std::move(connection)) {}
    ~Breakable() override {
      MutexLock lock(owner_.mutex_);
      owner_.open_.erase(this);
    }
    void Start(transport::ConnectionHandler& handler) override { connection_->Start(handler); }
    void Write(transport::OutMessage message) override { connection_->Write(std::move(message)); }
    void Close(const absl::Status& reason) override { connection_->Close(reason); }
    const Credentials& credentials() const override { return connection_->credentials(); }

   private:
    BreakableConnector& owner_;
    std::unique_ptr<transport::Connection> connection_;
  };

  std::unique_ptr<transport::Connector> connector_;
  std::unique_ptr<transport::Connector> nowhere_;
  Mutex mutex_;
  bool shut_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<Breakable*, Breakable*> open_ ABSL_GUARDED_BY(mutex_);
};

class InProcessWorld final : public ThreadedWorld {
 public:
  InProcessWorld()
      : transport_(environment().executor),
        front_(transport_.MakeConnector(kFrontAddress)),
        back_(transport_.MakeConnector(kBackAddress)) {
    front_.set_nowhere(transport_.MakeConnector("nowhere"));
  }
  ~InProcessWorld() override { End(); }

  void CutFront() override { front_.BreakAll(); }
  void ShutFront(bool shut) override { front_.Shut(shut); }

 protected:
  std::unique_ptr<transport::Listener> NewListener(Door door) override {
    return transport_.MakeListener(AddressOf(door));
  }
  transport::Connector& connector(Door door) override { return door == Door::kFront ? front_ : *back_; }

 private:
  transport::InProcessTransport transport_;
  BreakableConnector front_;
  std::unique_ptr<transport::Connector> back_;
};

}  // namespace

std::vector<WorldKind> LocalWorldKinds() {
  return {
      {"InProcess", [] { return std::make_unique<InProcessWorld>(); }},
      {"Simulated", [] { return std::make_unique<SimulatedWorld>(); }},
  };
}

}  // namespace onager::end_to_end
