// The gRPC transport, over real sockets on the loopback interface.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/testing/reset_proxy.h"
#include "runtime/transport/grpc/grpc_transport.h"
#include "tests/transport/transport_conformance.h"

namespace onager::transport {
namespace {

class GrpcWorld final : public World {
 public:
  GrpcWorld() : unused_(simulation::ResetProxy::Start("127.0.0.1:1").value()) { unused_->Refuse(true); }

  // Held by someone who refuses, so that no other program can come to listen there.
  std::string UnusedAddress() override { return unused_->address(); }
  std::unique_ptr<Listener> MakeListener() override { return MakeGrpcListener(GrpcListenerOptions()); }
  std::unique_ptr<Connector> MakeConnector(const std::string& address) override {
    GrpcConnectorOptions options;
    options.address = address;
    return MakeGrpcConnector(options);
  }
  bool Await(const std::function<bool()>& predicate) override { return AwaitReal(predicate); }

 private:
  const std::unique_ptr<simulation::ResetProxy> unused_;
};

INSTANTIATE_TEST_SUITE_P(Grpc, TransportConformance,
                         ::testing::Values(TransportUnderTest{"Grpc",
                                                              [] { return std::make_unique<GrpcWorld>(); }}),
                         NameOf);

/// A server that takes every connection and keeps it.
class GrpcTest : public ::testing::Test {
 protected:
  struct End {
    explicit End(Signal& signal) : recorder(signal) {}
    Recorder recorder;
    std::unique_ptr<Connection> connection;
  };

  void Serve(const GrpcListenerOptions& options = GrpcListenerOptions()) {
    listener_ = MakeGrpcListener(options);
    ASSERT_TRUE(listener_
                    ->Start([this](std::unique_ptr<Connection> connection) {
                      auto end = std::make_unique<End>(world_.signal);
                      end->connection = std::move(connection);
                      End& kept = *end;
                      world_.signal.Tell([&] { servers_.push_back(std::move(end)); });
                      kept.connection->Start(kept.recorder);
                    })
                    .ok());
  }

  std::unique_ptr<End> Connect(const std::string& address, const Metadata& metadata = Metadata()) {
    GrpcConnectorOptions options;
    options.address = address;
    auto end = std::make_unique<End>(world_.signal);
    end->connection = MakeGrpcConnector(options)->Connect(metadata);
    end->connection->Start(end->recorder);
    return end;
  }

  bool Reaches(End& client) {
    client.connection->Write(Flat("ping"));
    return world_.Await([&] {
      return !servers_.empty() && !servers_.back()->recorder.messages.empty() &&
             client.recorder.writes_done == 1;
    });
  }

  GrpcWorld world_;
  std::vector<std::unique_ptr<End>> servers_;  // Outlive the listener, as their owners may.
  std::unique_ptr<Listener> listener_;
};

TEST_F(GrpcTest, TellsThePortThatWasChosen) {
  Serve();
  EXPECT_NE(listener_->address(), "127.0.0.1:0");
  EXPECT_EQ(listener_->address().rfind("127.0.0.1:", 0), 0U);
  GrpcListenerOptions taken;
  taken.address = listener_->address();
  EXPECT_EQ(MakeGrpcListener(taken)->Start([](std::unique_ptr<Connection>) {}).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(GrpcTest, HandsMetadataAndTheClientsAddressToTheServer) {
  Serve();
  const auto client = Connect(
      listener_->address(),
      {{"authorization", "Bearer x"}, {"tag", "a"}, {"tag", "b"}, {"raw-bin", std::string("\0\xff", 2)}});
  ASSERT_TRUE(Reaches(*client));
  const Credentials& credentials = servers_[0]->connection->credentials();
  EXPECT_EQ(credentials.metadata.find("authorization")->second, "Bearer x");
  EXPECT_EQ(credentials.metadata.count("tag"), 2U);
  EXPECT_EQ(credentials.metadata.find("raw-bin")->second, std::string("\0\xff", 2));
  EXPECT_EQ(credentials.peer_address.rfind("ipv4:127.0.0.1:", 0), 0U) << credentials.peer_address;
  EXPECT_EQ(credentials.certificate_common_name, "");
}

TEST_F(GrpcTest, MetadataThatCannotBeSentIsAnErrorAndNotTheEndOfTheProcess) {
  Serve();
  for (const auto& [name, value] : Metadata{{"", "x"},
                                            {"Upper", "x"},
                                            {"with space", "x"},
                                            {"grpc-timeout", "1S"},
                                            {":path", "/"},
                                            {"line", "a\r\nb: c"},
                                            {"accent", "\xc3\xa9"}}) {
    const auto client = Connect(listener_->address(), {{name, value}});
    ASSERT_TRUE(world_.Await([&] { return client->recorder.closed.has_value(); })) << name;
    EXPECT_EQ(client->recorder.closed->code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_TRUE(servers_.empty());
}

TEST_F(GrpcTest, RefusesMessagesBeyondTheLimit) {
  Serve();
  const auto client = Connect(listener_->address());
  client->connection->Write(Flat(std::string(kGrpcMessageBytesMax + 1, 'x')));
  ASSERT_TRUE(world_.Await([&] { return client->recorder.closed.has_value(); }));
  EXPECT_FALSE(client->recorder.closed->ok());
  EXPECT_TRUE(world_.Await([&] { return servers_[0]->recorder.closed.has_value(); }));
  EXPECT_TRUE(servers_[0]->recorder.messages.empty());
}

TEST_F(GrpcTest, ATcpResetEndsBothSidesAndANewConnectionWorks) {
  Serve();
  const auto proxy = simulation::ResetProxy::Start(listener_->address()).value();
  for (std::size_t round = 1; round <= 3; ++round) {
    const auto client = Connect(proxy->address());
    ASSERT_TRUE(world_.Await([&] { return servers_.size() == round; }));
    ASSERT_TRUE(Reaches(*client));
    EXPECT_EQ(proxy->ResetAll(), 1U);
    ASSERT_TRUE(world_.Await([&] { return client->recorder.closed && servers_.back()->recorder.closed; }));
    EXPECT_EQ(client->recorder.closed->code(), absl::StatusCode::kUnavailable) << *client->recorder.closed;
    EXPECT_FALSE(servers_.back()->recorder.closed->ok());
  }
  EXPECT_EQ(proxy->active_connections(), 0U);
  EXPECT_GT(proxy->bytes_to_server(), 0U);
  EXPECT_GT(proxy->bytes_to_client(), 0U);
}

TEST_F(GrpcTest, ConnectionsThatTheProxyRefusesEndUnavailable) {
  Serve();
  const auto proxy = simulation::ResetProxy::Start(listener_->address()).value();
  proxy->Refuse(true);
  const auto refused = Connect(proxy->address());
  ASSERT_TRUE(world_.Await([&] { return refused->recorder.closed.has_value(); }));
  EXPECT_EQ(refused->recorder.closed->code(), absl::StatusCode::kUnavailable);
  proxy->Refuse(false);
  const auto client = Connect(proxy->address());
  EXPECT_TRUE(Reaches(*client)) << "no backoff is inherited";
}

TEST_F(GrpcTest, ABlackHoleKeepsWhatWasSentUntilItEnds) {
  Serve();
  const auto proxy = simulation::ResetProxy::Start(listener_->address()).value();
  const auto client = Connect(proxy->address());
  ASSERT_TRUE(Reaches(*client));
  proxy->BlackHole(true);
  const std::uint64_t before = proxy->bytes_to_server();
  client->connection->Write(Flat("into the hole"));
  ASSERT_TRUE(world_.Await([&] { return client->recorder.writes_done == 2; }));
  EXPECT_EQ(proxy->bytes_to_server(), before);
  proxy->BlackHole(false);
  ASSERT_TRUE(world_.Await([&] { return servers_[0]->recorder.messages.size() == 2; }));
  EXPECT_EQ(servers_[0]->recorder.messages[1], "into the hole");
}

TEST_F(GrpcTest, AClientThatDoesNotReadIsCutOffAfterClose) {
  Serve();
  const auto proxy = simulation::ResetProxy::Start(listener_->address()).value();
  const auto client = Connect(proxy->address());
  ASSERT_TRUE(Reaches(*client));
  proxy->BlackHole(true);
  Connection& server = *servers_[0]->connection;
  // More than the sockets' buffers hold, so the write stays in flight.
  server.Write(Flat(std::string(32 << 20, 'x')));
  const auto start = std::chrono::steady_clock::now();
  server.Close(absl::UnavailableError("too slow"));
  ASSERT_TRUE(world_.Await([&] { return servers_[0]->recorder.closed.has_value(); }));
  EXPECT_EQ(*servers_[0]->recorder.closed, absl::UnavailableError("too slow"));
  EXPECT_EQ(servers_[0]->recorder.writes_done, 0U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << "gRPC alone takes 20 s";
}

TEST_F(GrpcTest, AServerThatDoesNotReadDoesNotKeepAClientThatCloses) {
  Serve();
  const auto proxy = simulation::ResetProxy::Start(listener_->address()).value();
  for (const absl::Status& reason : {absl::OkStatus(), absl::UnavailableError("no heartbeat")}) {
    proxy->BlackHole(false);
    servers_.clear();
    const auto client = Connect(proxy->address());
    ASSERT_TRUE(Reaches(*client));
    proxy->BlackHole(true);
    client->connection->Write(Flat(std::string(32 << 20, 'x')));
    const auto start = std::chrono::steady_clock::now();
    client->connection->Close(reason);
    ASSERT_TRUE(world_.Await([&] { return client->recorder.closed.has_value(); }));
    EXPECT_EQ(*client->recorder.closed, reason);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  }
}

TEST_F(GrpcTest, DestroyingTheListenerEndsWhatIsLeft) {
  Serve();
  const auto client = Connect(listener_->address());
  ASSERT_TRUE(Reaches(*client));
  listener_ = nullptr;
  EXPECT_TRUE(world_.Await([&] { return client->recorder.closed && servers_[0]->recorder.closed; }));
  EXPECT_FALSE(client->recorder.closed->ok());
  EXPECT_FALSE(servers_[0]->recorder.closed->ok());
  servers_[0]->connection->Write(Flat("too late"));
}

TEST_F(GrpcTest, AServerThatRestartsAtItsAddressIsFound) {
  Serve();
  const std::string address = listener_->address();
  {
    const auto client = Connect(address);
    ASSERT_TRUE(Reaches(*client));
    listener_ = nullptr;
    ASSERT_TRUE(world_.Await([&] { return client->recorder.closed.has_value(); }));
  }
  GrpcListenerOptions options;
  options.address = address;
  Serve(options);
  const auto client = Connect(address);
  ASSERT_TRUE(world_.Await([&] { return servers_.size() == 2; }));
  EXPECT_TRUE(Reaches(*client));
}

TEST_F(GrpcTest, ConnectionsOutliveTheirConnector) {
  Serve();
  const auto client = Connect(listener_->address());  // Its connector is gone already.
  EXPECT_TRUE(Reaches(*client));
}

}  // namespace
}  // namespace onager::transport
