// The transports that need no socket.

#include <memory>

#include "runtime/base/system_environment.h"
#include "runtime/testing/manual_environment.h"
#include "runtime/testing/simulated_network.h"
#include "runtime/transport/inprocess/inprocess_transport.h"
#include "tests/transport/transport_conformance.h"

namespace onager::transport {
namespace {

class InProcessWorld final : public World {
 public:
  InProcessWorld() : environment_(FourThreads()), transport_(environment_.environment().executor) {}

  std::string UnusedAddress() override { return "nobody"; }
  std::unique_ptr<Listener> MakeListener() override {
    return transport_.MakeListener("server " + std::to_string(++listener_count_));
  }
  std::unique_ptr<Connector> MakeConnector(const std::string& address) override {
    return transport_.MakeConnector(address);
  }
  bool Await(const std::function<bool()>& predicate) override { return AwaitReal(predicate); }

 private:
  static SystemEnvironmentOptions FourThreads() {
    SystemEnvironmentOptions options;
    options.thread_count = 4;
    return options;
  }

  SystemEnvironment environment_;
  InProcessTransport transport_;
  int listener_count_ = 0;
};

class SimulatedWorld final : public World {
 public:
  SimulatedWorld() : network_(environment_) {}

  std::string UnusedAddress() override { return "nobody"; }
  std::unique_ptr<Listener> MakeListener() override {
    return network_.MakeListener("server " + std::to_string(++listener_count_));
  }
  std::unique_ptr<Connector> MakeConnector(const std::string& address) override {
    return network_.MakeConnector(address);
  }
  bool Await(const std::function<bool()>& predicate) override {
    return environment_.RunUntil(
        [&] {
          MutexLock lock(signal.mutex);
          return predicate();
        },
        std::chrono::hours(1));
  }

 private:
  simulation::ManualEnvironment environment_;
  simulation::SimulatedNetwork network_;
  int listener_count_ = 0;
};

INSTANTIATE_TEST_SUITE_P(
    Local, TransportConformance,
    ::testing::Values(TransportUnderTest{"InProcess", [] { return std::make_unique<InProcessWorld>(); }},
                      TransportUnderTest{"Simulated", [] { return std::make_unique<SimulatedWorld>(); }}),
    NameOf);

TEST(InProcessTransportTest, AnAddressHasOneListener) {
  SystemEnvironment environment;
  InProcessTransport transport(environment.environment().executor);
  const auto first = transport.MakeListener("a");
  const auto second = transport.MakeListener("a");
  EXPECT_TRUE(first->Start([](std::unique_ptr<Connection>) {}).ok());
  EXPECT_EQ(second->Start([](std::unique_ptr<Connection>) {}).code(), absl::StatusCode::kAlreadyExists);
  first->Stop();
  EXPECT_TRUE(second->Start([](std::unique_ptr<Connection>) {}).ok());
}

TEST(InProcessTransportTest, WithholdsWritesBeyondTheWindow) {
  simulation::ManualEnvironment environment;
  InProcessOptions options;
  options.window_bytes = 10;
  InProcessTransport transport(environment.environment().executor, options);
  const auto listener = transport.MakeListener("a");
  Signal signal;
  Recorder client_recorder(signal);
  Recorder server_recorder(signal);
  std::unique_ptr<Connection> server;
  ASSERT_TRUE(
      listener->Start([&](std::unique_ptr<Connection> connection) { server = std::move(connection); }).ok());
  const auto client = transport.MakeConnector("a")->Connect({{"name", "ann"}});
  client->Start(client_recorder);
  client->Write(Flat("12345678"));
  environment.RunReady();
  EXPECT_EQ(client_recorder.writes_done, 1U);
  client->Write(Flat("9abc"));
  environment.RunReady();
  EXPECT_EQ(client_recorder.writes_done, 1U) << "twelve bytes wait for the server";
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->credentials().metadata.find("name")->second, "ann");
  EXPECT_TRUE(client->credentials().metadata.empty());
  server->Start(server_recorder);
  environment.RunReady();
  EXPECT_EQ(client_recorder.writes_done, 2U);
}

}  // namespace
}  // namespace onager::transport
