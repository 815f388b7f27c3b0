// Connections on which nothing arrives any more, over real gRPC through a real proxy. The 15 seconds that
// hold by default are tested in virtual time; here the interval is shorter.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "actors.h"
#include "onager/client.h"
#include "onager/server.h"
#include "runtime/base/mutex.h"
#include "runtime/testing/reset_proxy.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;

constexpr absl::Duration kHeartbeat = absl::Milliseconds(200);

class HalfOpenTest : public testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.heartbeat_interval = kHeartbeat;
    options.log = nullptr;
    server_ = std::make_unique<Server>(std::move(options));
    server_->Host<Counter>();
    ASSERT_TRUE(server_->Start().ok());
    proxy_ = simulation::ResetProxy::Start(server_->addresses().front()).value();
  }

  ClientOptions Options() {
    ClientOptions options;
    options.reconnect_delay_min = absl::Milliseconds(5);
    options.reconnect_delay_max = absl::Milliseconds(50);
    options.connect_timeout = 5 * kHeartbeat;
    options.peer_timeout = 3 * kHeartbeat;
    options.on_connection_state = [this](ConnectionState state, const absl::Status& reason) {
      MutexLock lock(mutex_);
      state_ = state;
      if (!reason.ok()) reasons_.push_back(std::string(reason.message()));
      changed_.NotifyAll();
    };
    return options;
  }
  void AwaitState(ConnectionState state) {
    MutexLock lock(mutex_);
    while (state_ != state) changed_.Wait(mutex_);
  }
  double Value(const std::string& name) {
    double sum = 0;
    for (const MetricSample& sample : server_->metrics().Collect()) {
      if (sample.name == name) sum += sample.value;
    }
    return sum;
  }
  // Looks at the server's counters again and again; nobody tells when they change.
  bool Until(const std::function<bool()>& predicate) {
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

  Mutex mutex_;
  CondVar changed_;
  ConnectionState state_ ABSL_GUARDED_BY(mutex_) = ConnectionState::kConnecting;
  std::vector<std::string> reasons_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Server> server_;
  std::unique_ptr<simulation::ResetProxy> proxy_;
};

TEST_F(HalfOpenTest, BothSidesNoticeThatNothingArrivesAnyMoreThoughTcpSaysNothing) {
  Client client = Client::Connect(proxy_->address(), Options());
  ASSERT_EQ(CounterClient(client, "c").Increment().Wait().value(), 1);
  ASSERT_EQ(Value("onager_server_sessions"), 1);
  // Connections stay open, and nothing goes through them.
  proxy_->BlackHole(true);
  const auto start = std::chrono::steady_clock::now();
  AwaitState(ConnectionState::kReconnecting);
  ASSERT_TRUE(Until([&] { return Value("onager_server_sessions") == 0; }));
  EXPECT_LT(std::chrono::steady_clock::now() - start, absl::ToChronoMilliseconds(20 * kHeartbeat));
  EXPECT_EQ(Value("onager_server_heartbeats_missed_total"), 1);
  proxy_->BlackHole(false);
  EXPECT_EQ(CounterClient(client, "c").Increment().Wait().value(), 2);
}

TEST_F(HalfOpenTest, AQuietConnectionLivesAndNobodyIsSentAwayForTooManyPings) {
  Client client = Client::Connect(proxy_->address(), Options());
  ASSERT_EQ(CounterClient(client, "c").Increment().Wait().value(), 1);
  const double before = Value("onager_server_messages_received_total");
  ASSERT_TRUE(Until([&] { return Value("onager_server_messages_received_total") >= before + 10; }));
  EXPECT_EQ(client.stats().connections, 1u);
  EXPECT_EQ(client.state(), ConnectionState::kConnected);
  MutexLock lock(mutex_);
  EXPECT_TRUE(reasons_.empty()) << reasons_.front();
}

}  // namespace
}  // namespace onager::end_to_end
