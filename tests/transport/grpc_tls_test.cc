// TLS on the gRPC transport: who is let in, who is not, and what they are told.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/transport/grpc/grpc_transport.h"
#include "tests/transport/certificates.h"
#include "tests/transport/transport_world.h"

namespace onager::transport {
namespace {

class RealWorld final : public World {
 public:
  std::string UnusedAddress() override { return ""; }
  std::unique_ptr<Listener> MakeListener() override { return nullptr; }
  std::unique_ptr<Connector> MakeConnector(const std::string&) override { return nullptr; }
  bool Await(const std::function<bool()>& predicate) override { return AwaitReal(predicate); }
};

class GrpcTlsTest : public ::testing::Test {
 protected:
  ServerTls TlsOf(const Certified& server) const {
    ServerTls tls;
    tls.certificate_chain = server.certificate;
    tls.private_key = server.key;
    return tls;
  }

  void Serve(const ServerTls& tls) {
    GrpcListenerOptions options;
    options.tls = tls;
    listener_ = MakeGrpcListener(options);
    const absl::Status started = listener_->Start([this](std::unique_ptr<Connection> connection) {
      Connection& accepted = *connection;
      world_.signal.Tell([&] { connection_ = std::move(connection); });
      accepted.Start(server_recorder_);
    });
    ASSERT_TRUE(started.ok()) << started;
  }

  absl::Status StartStatus(const ServerTls& tls) {
    GrpcListenerOptions options;
    options.tls = tls;
    return MakeGrpcListener(options)->Start([](std::unique_ptr<Connection>) {});
  }

  /// OK when a message of a client of these options arrives; else how its connection ended.
  absl::Status Connect(const std::optional<ClientTls>& tls) {
    GrpcConnectorOptions options;
    options.address = listener_->address();
    options.tls = tls;
    Recorder recorder(world_.signal);
    const auto client = MakeGrpcConnector(options)->Connect();
    client->Start(recorder);
    client->Write(Flat("secret"));
    EXPECT_TRUE(world_.Await([&] { return recorder.closed || !server_recorder_.messages.empty(); }));
    if (server_recorder_.messages.empty()) return recorder.closed.value_or(absl::OkStatus());
    return absl::OkStatus();
  }

  ClientTls Trusting(const Authority& authority) const {
    ClientTls tls;
    tls.roots = authority.root();
    return tls;
  }
  ClientTls Trusting(const Authority& authority, const Certified& client) const {
    ClientTls tls = Trusting(authority);
    tls.certificate_chain = client.certificate;
    tls.private_key = client.key;
    return tls;
  }
  /// UNAVAILABLE, and nothing came through.
  void ExpectTurnedAway(const absl::Status& status, const std::string& told = "") {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(std::string(status.message()).find(told), std::string::npos) << status;
    EXPECT_TRUE(server_recorder_.messages.empty());
  }

  RealWorld world_;
  const Authority authority_{"the right one"};
  const Authority other_{"another one"};
  const Certified server_ = authority_.Issue("the server", "DNS:localhost,IP:127.0.0.1");
  Recorder server_recorder_{world_.signal};
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(GrpcTlsTest, AClientThatTrustsTheServerConnects) {
  Serve(TlsOf(server_));
  EXPECT_EQ(Connect(Trusting(authority_)), absl::OkStatus());
  EXPECT_EQ(connection_->credentials().certificate_common_name, "");
}

TEST_F(GrpcTlsTest, AServerOfAnotherAuthorityIsNotTrusted) {
  Serve(TlsOf(server_));
  ExpectTurnedAway(Connect(Trusting(other_)), "certificate verify failed");
}

TEST_F(GrpcTlsTest, ACertificateForAnotherNameIsNotTrusted) {
  Serve(TlsOf(server_));
  ClientTls tls = Trusting(authority_);
  tls.server_name = "example.com";
  ExpectTurnedAway(Connect(tls), "example.com");
  tls.server_name = "localhost";
  EXPECT_EQ(Connect(tls), absl::OkStatus());
}

TEST_F(GrpcTlsTest, AnExpiredServerIsNotTrusted) {
  Serve(TlsOf(authority_.IssueExpired("the server", "DNS:localhost,IP:127.0.0.1")));
  ExpectTurnedAway(Connect(Trusting(authority_)), "certificate verify failed");
}

TEST_F(GrpcTlsTest, PlaintextDoesNotReachATlsServer) {
  Serve(TlsOf(server_));
  ExpectTurnedAway(Connect(std::nullopt));
}

TEST_F(GrpcTlsTest, AClientThatProvesItselfIsKnownByName) {
  ServerTls tls = TlsOf(server_);
  tls.client_roots = authority_.root();
  Serve(tls);
  EXPECT_EQ(Connect(Trusting(authority_, authority_.Issue("ann", "DNS:ann.example,URI:spiffe://a/ann"))),
            absl::OkStatus());
  const Credentials& credentials = connection_->credentials();
  EXPECT_EQ(credentials.certificate_common_name, "ann");
  EXPECT_EQ(credentials.certificate_names, (std::vector<std::string>{"ann.example", "spiffe://a/ann"}));
}

TEST_F(GrpcTlsTest, AClientThatCannotProveItselfIsTurnedAway) {
  ServerTls tls = TlsOf(server_);
  tls.client_roots = authority_.root();
  Serve(tls);
  ExpectTurnedAway(Connect(Trusting(authority_)));
  ExpectTurnedAway(Connect(Trusting(authority_, other_.Issue("ann", "DNS:ann"))));
  ExpectTurnedAway(Connect(Trusting(authority_, authority_.IssueExpired("ann", "DNS:ann"))));
}

TEST_F(GrpcTlsTest, CertificatesThatCannotBeUsedAreNamed) {
  const auto expect = [](const absl::Status& status, absl::StatusCode code, const std::string& told) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_NE(std::string(status.message()).find(told), std::string::npos) << status;
  };
  ServerTls tls = TlsOf(server_);
  tls.private_key = authority_.Issue("somebody", "DNS:else").key;
  expect(StartStatus(tls), absl::StatusCode::kInvalidArgument, "does not belong");
  tls.private_key = server_.certificate;
  expect(StartStatus(tls), absl::StatusCode::kInvalidArgument, "no key");
  tls.private_key = "";
  expect(StartStatus(tls), absl::StatusCode::kInvalidArgument, "the private key");
  tls = TlsOf(server_);
  tls.certificate_chain = "/nowhere/server.pem";
  expect(StartStatus(tls), absl::StatusCode::kNotFound, "/nowhere/server.pem");
  tls = TlsOf(server_);
  tls.client_roots = "-----BEGIN CERTIFICATE-----\nnonsense\n";
  expect(StartStatus(tls), absl::StatusCode::kInvalidArgument, "roots");

  Serve(TlsOf(server_));
  ClientTls client = Trusting(authority_);
  client.private_key = server_.key;
  expect(Connect(client), absl::StatusCode::kInvalidArgument, "the certificate chain");
  client = ClientTls();
  client.roots = "/nowhere/roots.pem";
  expect(Connect(client), absl::StatusCode::kNotFound, "/nowhere/roots.pem");
}

}  // namespace
}  // namespace onager::transport
