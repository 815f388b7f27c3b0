// What the gRPC listener shows to clients that are not ours, and TLS.

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/client_callback.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "runtime/transport/grpc/grpc_transport.h"
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

/// A stream that does nothing but wait for its status.
class Waiter final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit Waiter(Signal& signal) : signal_(signal) {}
  void OnDone(const grpc::Status& status) override {
    signal_.Tell([&] { result = status; });
  }
  std::optional<grpc::Status> result;

 private:
  Signal& signal_;
};

TEST(GrpcForeignTest, AnUnknownMethodIsUnimplemented) {
  RealWorld world;
  const auto listener = MakeGrpcListener(GrpcListenerOptions());
  ASSERT_TRUE(listener->Start([](std::unique_ptr<Connection>) { ADD_FAILURE(); }).ok());
  grpc::GenericStub stub(grpc::CreateChannel(listener->address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  Waiter waiter(world.signal);
  stub.PrepareBidiStreamingCall(&context, "/onager.v1.Session/NoSuchMethod", grpc::StubOptions(), &waiter);
  waiter.StartCall();
  ASSERT_TRUE(world.Await([&] { return waiter.result.has_value(); }));
  EXPECT_EQ(waiter.result->error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

struct Identity {
  std::string certificate;
  std::string key;
};

template <typename Write>
std::string ToPem(Write write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  write(bio);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

/// A key and a certificate for "localhost" that it signed itself.
Identity MakeIdentity() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                             -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(certificate, names, -1);
  X509_sign(certificate, key, EVP_sha256());
  Identity identity;
  identity.certificate = ToPem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
  identity.key =
      ToPem([&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
  X509_EXTENSION_free(names);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return identity;
}

class GrpcTlsTest : public ::testing::Test {
 protected:
  void Serve(bool asks_client) {
    GrpcListenerOptions options;
    options.tls.emplace();
    options.tls->certificate_chain = server_.certificate;
    options.tls->private_key = server_.key;
    if (asks_client) options.tls->client_root_certificates = client_.certificate;
    listener_ = MakeGrpcListener(options);
    ASSERT_TRUE(listener_
                    ->Start([this](std::unique_ptr<Connection> connection) {
                      Connection& accepted = *connection;
                      world_.signal.Tell([&] { connection_ = std::move(connection); });
                      accepted.Start(server_recorder_);
                    })
                    .ok());
  }

  /// Whether a message of a client of these options arrives; otherwise the connection ends UNAVAILABLE.
  bool Arrives(std::optional<GrpcClientTls> tls) {
    GrpcConnectorOptions options;
    options.address = listener_->address();
    options.tls = std::move(tls);
    Recorder recorder(world_.signal);
    const auto client = MakeGrpcConnector(options)->Connect();
    client->Start(recorder);
    client->Write(Flat("secret"));
    EXPECT_TRUE(world_.Await([&] { return recorder.closed || !server_recorder_.messages.empty(); }));
    if (recorder.closed) {
      EXPECT_EQ(recorder.closed->code(), absl::StatusCode::kUnavailable);
    }
    return !server_recorder_.messages.empty();
  }

  GrpcClientTls ClientTls(const Identity& root) {
    GrpcClientTls tls;
    tls.root_certificates = root.certificate;
    tls.server_name = "localhost";
    return tls;
  }

  RealWorld world_;
  const Identity server_ = MakeIdentity();
  const Identity client_ = MakeIdentity();
  Recorder server_recorder_{world_.signal};
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(GrpcTlsTest, AClientThatTrustsTheServerConnects) {
  Serve(false);
  EXPECT_TRUE(Arrives(ClientTls(server_)));
}

TEST_F(GrpcTlsTest, AClientDoesNotTrustAnotherServer) {
  Serve(false);
  EXPECT_FALSE(Arrives(ClientTls(client_)));
  GrpcClientTls wrong_name = ClientTls(server_);
  wrong_name.server_name = "example.com";
  EXPECT_FALSE(Arrives(wrong_name));
}

TEST_F(GrpcTlsTest, PlaintextDoesNotReachATlsServer) {
  Serve(false);
  EXPECT_FALSE(Arrives(std::nullopt));
}

TEST_F(GrpcTlsTest, AServerThatAsksForACertificateGetsOne) {
  Serve(true);
  EXPECT_FALSE(Arrives(ClientTls(server_)));
  GrpcClientTls tls = ClientTls(server_);
  tls.certificate_chain = client_.certificate;
  tls.private_key = client_.key;
  EXPECT_TRUE(Arrives(tls));
}

}  // namespace
}  // namespace onager::transport
