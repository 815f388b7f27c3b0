// `onager::Server`, as a process runs it, when it is told to stop.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "actors.h"
#include "onager/client.h"
#include "onager/server.h"
#include "runtime/base/mutex.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using lab::v1::LabClient;

constexpr int kCalls = 50;
constexpr int kClients = 10;
constexpr int kSubscriptionsEach = 100;

ServerOptions OptionsAt(const std::string& address) {
  ServerOptions options({address});
  options.token_key = "the key that both servers have";
  options.log = nullptr;
  return options;
}

ClientOptions FastReconnect() {
  ClientOptions options;
  options.reconnect_delay_min = absl::Milliseconds(5);
  options.reconnect_delay_max = absl::Milliseconds(50);
  return options;
}

// Counts what observers are told, and finds out about gaps.
class Tally {
 public:
  Subscription<CounterState> Observe(Client& client, const std::string& key) {
    return CounterClient(client, key)
        .Observe()
        .OnUpdate([this, last = std::uint64_t{0}](const Update<CounterState>& update) mutable {
          MutexLock lock(mutex_);
          if (update.snapshot.has_value()) {
            if (*update.snapshot == ResyncReason::kNewEpoch) ++new_epochs_;
          } else if (update.base != last) {
            ++gaps_;
          }
          last = update.revision;
          ++updates_;
          changed_.NotifyAll();
        })
        .OnEnd([this](const absl::Status&) {
          MutexLock lock(mutex_);
          ++ends_;
        })
        .Start();
  }
  void AwaitUpdates(int count) {
    MutexLock lock(mutex_);
    while (updates_ < count) changed_.Wait(mutex_);
  }
  void AwaitNewEpochs(int count) {
    MutexLock lock(mutex_);
    while (new_epochs_ < count) changed_.Wait(mutex_);
  }
  int gaps() const {
    MutexLock lock(mutex_);
    return gaps_;
  }
  int ends() const {
    MutexLock lock(mutex_);
    return ends_;
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  int updates_ ABSL_GUARDED_BY(mutex_) = 0;
  int new_epochs_ ABSL_GUARDED_BY(mutex_) = 0;
  int gaps_ ABSL_GUARDED_BY(mutex_) = 0;
  int ends_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A server in `Run`, as `main` has it.
class RunningServer {
 public:
  explicit RunningServer(ServerOptions options) : server_(std::make_unique<Server>(std::move(options))) {
    server_->Host<Counter>();
    server_->Host<Lab>();
    thread_ = std::thread([this] { exit_code_ = server_->Run(); });
    while (server_->addresses().empty()) std::this_thread::yield();
  }
  ~RunningServer() {
    if (thread_.joinable()) thread_.join();
  }
  std::string address() const { return server_->addresses().front(); }
  void Signal() { kill(getpid(), SIGTERM); }
  int Join() {
    thread_.join();
    return exit_code_;
  }

 private:
  std::unique_ptr<Server> server_;
  int exit_code_ = -1;
  std::thread thread_;
};

TEST(RunningServerDrainTest, A25_AThousandSubscriptionsAndFiftyCallsMoveWithoutALossOrAGap) {
  auto first = std::make_unique<RunningServer>(OptionsAt("127.0.0.1:0"));
  const std::string address = first->address();
  Tally tally;
  std::vector<Client> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(Client::Connect(address, FastReconnect()));
  std::vector<Subscription<CounterState>> watches;
  for (int i = 0; i < kClients * kSubscriptionsEach; ++i) {
    watches.push_back(
        tally.Observe(clients[static_cast<std::size_t>(i / kSubscriptionsEach)], std::to_string(i % 10)));
  }
  tally.AwaitUpdates(kClients * kSubscriptionsEach);

  std::vector<Call<std::int64_t>> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(LabClient(clients[0], std::to_string(i)).AddSlowly(i, 300));
  }
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(CounterClient(clients[0], std::to_string(i)).Increment().Wait().ok());
  }
  const auto start = std::chrono::steady_clock::now();
  first->Signal();
  for (int i = 0; i < kCalls; ++i) {
    const absl::StatusOr<std::int64_t> result = calls[static_cast<std::size_t>(i)].Wait();
    ASSERT_TRUE(result.ok()) << i << ": " << result.status();
    EXPECT_EQ(*result, i);
  }
  EXPECT_EQ(first->Join(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << "well before its deadline";
  tally.AwaitUpdates(2 * kClients * kSubscriptionsEach);
  EXPECT_EQ(tally.gaps(), 0);

  // Another server, which has the key and not the history: every token is good, and every epoch a new one.
  first.reset();
  const RunningServer second(OptionsAt(address));
  tally.AwaitNewEpochs(kClients * kSubscriptionsEach);
  EXPECT_EQ(tally.gaps(), 0);
  EXPECT_EQ(tally.ends(), 0);
  kill(getpid(), SIGTERM);
}

TEST(RunningServerDrainTest, ItEndsByItsDeadlineWithStreamsThatDoNotEndByThemselves) {
  ServerOptions options = OptionsAt("127.0.0.1:0");
  options.drain_timeout = absl::Milliseconds(500);
  RunningServer server(std::move(options));
  Client client = Client::Connect(server.address(), FastReconnect());
  auto endless = LabClient(client, "a").AddSlowly(1, 3'600'000);
  ASSERT_TRUE(LabClient(client, "b").Add(1).Wait().ok());
  const auto start = std::chrono::steady_clock::now();
  server.Signal();
  EXPECT_EQ(server.Join(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1500));
  client.Close();
  EXPECT_FALSE(endless.Wait().ok());
}

TEST(RunningServerDrainTest, ASecondSignalEndsTheDrainAtOnce) {
  RunningServer server(OptionsAt("127.0.0.1:0"));
  Client client = Client::Connect(server.address(), FastReconnect());
  auto endless = LabClient(client, "a").AddSlowly(1, 3'600'000);
  ASSERT_TRUE(LabClient(client, "b").Add(1).Wait().ok());
  const auto start = std::chrono::steady_clock::now();
  server.Signal();
  server.Signal();
  EXPECT_EQ(server.Join(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << "the drain has 30 s";
}

// Never gives its thread back.
class Stuck final : public counter::v1::CounterActor {
 public:
  Task<std::int64_t> Increment(Turn&, std::int64_t) override {
    std::promise<std::int64_t> never;
    co_return never.get_future().get();
  }
  Task<std::int64_t> Set(Turn&, std::int64_t value) override { co_return value; }
};

TEST(RunningServerDrainDeathTest, ATurnThatNeverEndsIsLeftBehind) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        ServerOptions options = OptionsAt("127.0.0.1:0");
        options.drain_timeout = absl::Milliseconds(100);
        Server server(std::move(options));
        server.Host<Stuck>();
        std::thread user([&server] {
          while (server.addresses().empty()) std::this_thread::yield();
          Client client = Client::Connect(server.addresses().front());
          auto stuck = CounterClient(client, "c").Increment();
          ASSERT_TRUE(CounterClient(client, "other").Set(1).Wait().ok());
          kill(getpid(), SIGTERM);
          (void)stuck.Wait();
        });
        server.Run();
      },
      testing::ExitedWithCode(1), "a turn does not end, and is left behind");
}

}  // namespace
}  // namespace onager::end_to_end
