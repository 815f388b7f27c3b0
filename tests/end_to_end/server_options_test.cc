// What a server is told by its options: who may listen in, who is who, what it shows of itself; and its end
// in every state.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "actors.h"
#include "onager/client.h"
#include "onager/log.h"
#include "onager/server.h"
#include "runtime/testing/kept_log.h"
#include "tests/transport/certificates.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using lab::v1::LabClient;
using transport::Authority;
using transport::Certified;

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "onager-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string Path(const std::string& name) const { return path_ / name; }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

class ServerOptionsTest : public testing::Test {
 protected:
  ServerOptions Options(const std::string& address = "127.0.0.1:0") {
    ServerOptions options({address});
    options.log = log_;
    return options;
  }
  absl::Status Start(ServerOptions options) {
    server_ = std::make_unique<Server>(std::move(options));
    server_->Host<Counter>();
    server_->Host<Lab>();
    return server_->Start();
  }
  std::string address() const { return server_->addresses().front(); }

  const std::shared_ptr<KeptLog> log_ = std::make_shared<KeptLog>();
  std::unique_ptr<Server> server_;
};

TEST_F(ServerOptionsTest, PlaintextWhereOthersCanReadItHasToBeAskedFor) {
  const absl::Status refused = Start(Options("0.0.0.0:0"));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  ServerOptions metrics = Options();
  metrics.metrics_address = "0.0.0.0:0";
  EXPECT_EQ(Start(std::move(metrics)).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(log_->text().find("CVE"), std::string::npos);

  ServerOptions insecure = Options("0.0.0.0:0");
  insecure.insecure = true;
  ASSERT_TRUE(Start(std::move(insecure)).ok());
  EXPECT_NE(log_->text().find("CVE-2023-44487"), std::string::npos) << log_->text();
}

TEST_F(ServerOptionsTest, BehindAProxyAnOldGrpcIsNothingToWarnOf) {
  ServerOptions options = Options("0.0.0.0:0");
  options.insecure = true;
  options.behind_proxy = true;
  ASSERT_TRUE(Start(std::move(options)).ok());
  EXPECT_EQ(log_->text().find("CVE"), std::string::npos) << log_->text();
}

TEST_F(ServerOptionsTest, AUnixSocketWillDo) {
  const TemporaryFolder folder;
  const std::string socket = "unix:" + folder.Path("socket");
  ASSERT_TRUE(Start(Options(socket)).ok());
  EXPECT_EQ(address(), socket);
  Client client = Client::Connect(socket);
  EXPECT_EQ(CounterClient(client, "c").Increment().Wait().value(), 1);
}

TEST_F(ServerOptionsTest, ACertificateSaysWhoTheClientIs) {
  const Authority authority("the authority");
  const Certified server = authority.Issue("server", "DNS:localhost,IP:127.0.0.1");
  const Certified ann = authority.Issue("ann", "DNS:ann.example");
  const TemporaryFolder folder;
  ServerOptions options = Options();
  options.tls.emplace();
  options.tls->certificate_chain = folder.Write("server.pem", server.certificate);
  options.tls->private_key = folder.Write("server.key", server.key);
  options.tls->client_roots = folder.Write("roots.pem", authority.root());
  options.authenticator = [](const Credentials& credentials) -> absl::StatusOr<Identity> {
    return Identity("acme", credentials.certificate_common_name);
  };
  options.authorizer = [](const Identity& identity, const Access& access) -> absl::Status {
    if (access.key == identity.principal) return absl::OkStatus();
    return absl::PermissionDeniedError("not yours");
  };
  ASSERT_TRUE(Start(std::move(options)).ok());

  ClientOptions trusted;
  trusted.tls.emplace();
  trusted.tls->roots = authority.root();
  trusted.tls->certificate_chain = ann.certificate;
  trusted.tls->private_key = ann.key;
  Client client = Client::Connect(address(), trusted);
  EXPECT_EQ(CounterClient(client, "ann").Increment().Wait().value(), 1);
  EXPECT_EQ(CounterClient(client, "bob").Increment().Wait().status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(ServerOptionsTest, ACertificateThatCannotBeReadIsNamed) {
  ServerOptions options = Options();
  options.tls.emplace();
  options.tls->certificate_chain = "/nowhere/server.pem";
  const absl::Status started = Start(std::move(options));
  EXPECT_EQ(started.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(started.message()).find("/nowhere/server.pem"), std::string::npos) << started;
}

TEST_F(ServerOptionsTest, MetricsHaveAListenerOfTheirOwn) {
  ASSERT_TRUE(Start(Options()).ok());
  EXPECT_EQ(server_->metrics_address(), "");
  ServerOptions options = Options();
  options.metrics_address = "127.0.0.1:0";
  ASSERT_TRUE(Start(std::move(options)).ok());
  EXPECT_EQ(server_->metrics_address().rfind("127.0.0.1:", 0), 0u);
  EXPECT_NE(server_->metrics_address(), address());
  // What the listener sends is this.
  server_->metrics().Counter("app_things_total", "Of the application.").Add(2);
  const std::string text = PrometheusText(server_->metrics());
  EXPECT_NE(text.find("app_things_total 2\n"), std::string::npos);
  EXPECT_NE(text.find("onager_server_sessions 0\n"), std::string::npos) << text;
  EXPECT_NE(log_->text().find("msg=serving"), std::string::npos) << log_->text();
}

// The end of a server, in every state that it can be in.
using ServerEndTest = ServerOptionsTest;

TEST_F(ServerEndTest, BeforeItHasStarted) {
  {
    Server never_touched(Options());
  }
  Server server(Options());
  server.Host<Counter>();
  server.Drain(absl::Seconds(10));
  server.Shutdown();
}

TEST_F(ServerEndTest, AfterItCouldNotStart) {
  ASSERT_TRUE(Start(Options()).ok());
  ServerOptions options({"127.0.0.1:0", address()});
  options.log = nullptr;
  Server second(std::move(options));
  second.Host<Counter>();
  EXPECT_FALSE(second.Start().ok()) << "it has one of its two addresses";
}

class BusyServerEndTest : public ServerOptionsTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Start(Options()).ok());
    client_ = std::make_unique<Client>(Client::Connect(address()));
    call_.emplace(LabClient(*client_, "slow").AddSlowly(1, 3'600'000));
    watch_.emplace(CounterClient(*client_, "c").Observe().Start());
    ASSERT_TRUE(CounterClient(*client_, "c").Increment().Wait().ok());
  }
  std::unique_ptr<Client> client_;
  std::optional<Call<std::int64_t>> call_;
  std::optional<Subscription<CounterState>> watch_;
};

TEST_F(BusyServerEndTest, ByItsDestruction) {
  server_.reset();
  client_.reset();
  EXPECT_FALSE(call_->Wait().ok());
}

TEST_F(BusyServerEndTest, AfterItsClient) {
  client_.reset();
  EXPECT_FALSE(call_->Wait().ok());
  server_.reset();
}

TEST_F(BusyServerEndTest, AtTheSameTimeAsItsClient) {
  std::thread closing([this] { client_.reset(); });
  server_.reset();
  closing.join();
  EXPECT_FALSE(call_->Wait().ok());
}

TEST_F(BusyServerEndTest, ByAShutdownDuringADrain) {
  std::thread draining([this] { server_->Drain(absl::Hours(1)); });
  server_->Shutdown();
  draining.join();
  server_.reset();
}

TEST_F(BusyServerEndTest, ByADrainWhoseTimeIsUp) {
  server_->Drain(absl::ZeroDuration());
  server_->Drain(absl::Hours(1));
  server_.reset();
}

TEST_F(BusyServerEndTest, WithAHandleLeftThatOutlivesEverything) {
  server_.reset();
  client_.reset();
  watch_->Close();
  watch_.reset();
}

}  // namespace
}  // namespace onager::end_to_end
