// Servers that restart, and clients that know several, in virtual time.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors.h"
#include "runtime/transport/rotating_connector.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using lab::v1::LabClient;
using lab::v1::LabState;

TEST(BounceTest, A43_AServerThatBouncesIsFoundAgainEachTime) {
  SimulatedWorld world;
  world.StartServer();
  Client client = world.NewClient();
  CounterClient counter(client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  for (std::int64_t round = 1; round <= 5; ++round) {
    ASSERT_TRUE(world.Get(counter.Set(round)).ok());
    ASSERT_TRUE(
        world.Until([&] { return journal.size() > 0 && journal.entries().back().state.value == round; }));
    const std::uint64_t epoch = watch.epoch();
    world.StopServer();
    world.Pass(std::chrono::seconds(round));
    world.StartServer();
    ASSERT_TRUE(world.Until([&] { return watch.epoch() != epoch; }));
    EXPECT_EQ(watch.last_resync(), ResyncReason::kNewEpoch);
    EXPECT_EQ(watch.state().value, 0);
  }
  EXPECT_EQ(client.stats().connections, 6u);
}

/// Two servers with one token key, and clients that know both.
class FailoverTest : public testing::Test {
 protected:
  struct Host {
    std::unique_ptr<store::MemoryStore> store = std::make_unique<store::MemoryStore>();
    std::unique_ptr<server::ServerCore> core;
  };

  void SetUp() override {
    Start("a");
    Start("b");
  }
  void TearDown() override {
    for (auto& [address, host] : hosts_) host.core->BeginShutdown();
    manual_.Advance(std::chrono::seconds(5));
  }
  void Start(const std::string& address) {
    Host& host = hosts_[address];
    server::ServerCoreOptions options;
    options.session.server_instance = ++instances_;
    options.token_keys = {{1, "the key of these tests"}};
    host.core = std::make_unique<server::ServerCore>(options, environment_, *host.store);
    ASSERT_TRUE(host.core->Host(Lab::Type(), [] { return std::make_unique<Lab>(); }).ok());
    ASSERT_TRUE(host.core->AddListener(network_.MakeListener(address)).ok());
  }
  void Stop(const std::string& address) {
    hosts_[address].core->BeginShutdown();
    ASSERT_TRUE(Until([&] { return hosts_[address].core->idle(); }));
  }
  std::size_t SessionsAt(const std::string& address) { return hosts_[address].core->session_count(); }
  std::unique_ptr<transport::RotatingConnector> NewConnector(std::vector<std::string> addresses) {
    std::vector<std::unique_ptr<transport::Connector>> connectors;
    for (const std::string& address : addresses) connectors.push_back(network_.MakeConnector(address));
    return std::make_unique<transport::RotatingConnector>(std::move(connectors), environment_.random);
  }
  Client NewClient(transport::Connector& connector) {
    return Client(client::ClientCore::Create(World::FastReconnect(), environment_, connector));
  }
  bool Until(const std::function<bool()>& predicate) {
    return manual_.RunUntil(predicate, std::chrono::minutes(30));
  }
  template <typename T>
  TaskResult<T> Get(Call<T> call) {
    std::optional<TaskResult<T>> result;
    call.Then([&result](TaskResult<T> ended) { result.emplace(std::move(ended)); });
    EXPECT_TRUE(Until([&] { return result.has_value(); }));
    return *std::move(result);
  }

  simulation::ManualEnvironment manual_;
  const Environment environment_ = manual_.environment();
  simulation::SimulatedNetwork network_{environment_};
  std::map<std::string, Host> hosts_;
  std::uint64_t instances_ = 0;
};

TEST_F(FailoverTest, ClientsSpreadOverTheServersThatTheyKnow) {
  std::vector<std::unique_ptr<transport::RotatingConnector>> connectors;
  std::vector<Client> clients;
  for (int i = 0; i < 40; ++i) {
    connectors.push_back(NewConnector({"a", "b"}));
    clients.push_back(NewClient(*connectors.back()));
  }
  ASSERT_TRUE(Until([&] { return SessionsAt("a") + SessionsAt("b") == 40; }));
  EXPECT_GT(SessionsAt("a"), 8u);
  EXPECT_GT(SessionsAt("b"), 8u);
}

TEST_F(FailoverTest, ABrokenConnectionIsMadeAgainToTheSameServerAndAServerThatGoesIsLeft) {
  const auto connector = NewConnector({"a", "b"});
  Client client = NewClient(*connector);
  LabClient lab(client, "l");
  Journal<LabState> journal;
  auto watch = journal.Attach(lab.Observe()).Start();
  ASSERT_TRUE(Get(lab.Add(1)).ok());
  ASSERT_TRUE(Until([&] { return journal.revision() == 1; }));
  const std::string first = SessionsAt("a") == 1 ? "a" : "b";
  const std::string second = first == "a" ? "b" : "a";
  for (std::uint64_t round = 1; round <= 5; ++round) {
    network_.CutAll();
    ASSERT_TRUE(Until([&] { return client.stats().resumes == round; }));
    EXPECT_EQ(SessionsAt(second), 0u);
  }
  // Its goodbye sends the client to the other one, which has another history and says so.
  Stop(first);
  ASSERT_TRUE(Until([&] { return SessionsAt(second) == 1; }));
  ASSERT_TRUE(Get(lab.Add(5)).ok());
  ASSERT_TRUE(Until([&] { return journal.entries().back().state.value == 5; }));
  EXPECT_EQ(watch.last_resync(), ResyncReason::kNewEpoch);
}

TEST_F(FailoverTest, AServerThatCannotBeReachedIsPassedOver) {
  for (int i = 0; i < 10; ++i) {
    const auto connector = NewConnector({"nobody", "nowhere", "b"});
    Client client = NewClient(*connector);
    EXPECT_EQ(Get(LabClient(client, std::to_string(i)).Add(1)).value(), 1);
  }
}

}  // namespace
}  // namespace onager::end_to_end
