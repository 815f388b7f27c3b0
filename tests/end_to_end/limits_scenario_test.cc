// What a server takes, and what it counts and says of it. Over in-process, simulated and real gRPC.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "actors.h"
#include "onager/log.h"
#include "onager/metrics.h"
#include "runtime/testing/kept_log.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using lab::v1::LabClient;
using Door = World::Door;

// Every state that a client was in, with the reason.
class Reasons {
 public:
  ClientOptions Options(const std::string& who = "") {
    ClientOptions options = World::FastReconnect();
    if (!who.empty()) options.metadata = {{"who", who}};
    options.on_connection_state = [this](ConnectionState, const absl::Status& reason) {
      MutexLock lock(mutex_);
      if (!reason.ok()) reasons_.push_back(reason);
    };
    return options;
  }
  bool Saw(absl::StatusCode code) const {
    MutexLock lock(mutex_);
    for (const absl::Status& reason : reasons_) {
      if (reason.code() == code) return true;
    }
    return false;
  }

 private:
  mutable Mutex mutex_;
  std::vector<absl::Status> reasons_ ABSL_GUARDED_BY(mutex_);
};

class LimitScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    world_->server_options().metrics = metrics_;
    world_->server_options().log = log_;
  }
  World& world() { return *world_; }
  server::ServerCoreOptions& options() { return world_->server_options(); }

  // The sum over the labels that contain `label`.
  double Value(const std::string& name, const std::string& label = "") const {
    double sum = 0;
    for (const MetricSample& sample : metrics_->Collect()) {
      if (sample.name != name) continue;
      bool matches = label.empty();
      for (const auto& [key, value] : sample.labels) matches = matches || value == label;
      if (!matches) continue;
      sum += sample.value;
    }
    return sum;
  }
  void AuthenticateByName() {
    options().authenticator = [](const Credentials& credentials) -> absl::StatusOr<Identity> {
      const auto found = credentials.metadata.find("who");
      return Identity("acme", found == credentials.metadata.end() ? std::string() : found->second);
    };
  }

  const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  const std::shared_ptr<KeptLog> log_ = std::make_shared<KeptLog>();
  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, LimitScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(LimitScenarioTest, A30_APayloadMayBeAsLargeAsTheLimitAndNoLarger) {
  constexpr std::size_t kMessageBytesMax = 256u << 10;
  options().session.message_bytes_max = kMessageBytesMax;
  world().StartServer();
  Client client = world().NewClient();
  LabClient lab(client, "l");
  // A message has room for 4 KiB besides its payload, and the payload's field takes four bytes itself.
  constexpr std::size_t kLargest = kMessageBytesMax - 4096 - 4;
  for (const std::size_t size : {kLargest - 1, kLargest}) {
    const auto echo = world().Get(lab.Echo(Bytes(size, 'x')));
    ASSERT_TRUE(echo.ok()) << size << ": " << echo.status();
    EXPECT_EQ(echo->size(), size);
  }
  EXPECT_EQ(world().Get(lab.Echo(Bytes(kLargest + 1, 'x'))).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(world().Get(lab.Add(1)).value(), 1);
  EXPECT_EQ(client.stats().connections, 1u);
}

TEST_P(LimitScenarioTest, A30_TwoMegabytesTravelByDefault) {
  world().StartServer();
  Client client = world().NewClient();
  const auto echo = world().Get(LabClient(client, "l").Echo(Bytes(2u << 20, 'x')));
  ASSERT_TRUE(echo.ok()) << echo.status();
  EXPECT_EQ(echo->size(), 2u << 20);
}

TEST_P(LimitScenarioTest, SessionsAreBoundedAndAPlaceThatBecomesFreeIsTaken) {
  options().sessions_max = 2;
  world().StartServer();
  Reasons reasons;
  auto first = std::make_unique<Client>(world().NewClient());
  Client second = world().NewClient();
  ASSERT_TRUE(world().Get(CounterClient(*first, "c").Increment()).ok());
  ASSERT_TRUE(world().Get(CounterClient(second, "c").Increment()).ok());
  Client third = world().NewClient(Door::kFront, reasons.Options());
  ASSERT_TRUE(world().Until([&] { return reasons.Saw(absl::StatusCode::kResourceExhausted); }));
  EXPECT_GE(Value("onager_server_connections_refused_total", "RESOURCE_EXHAUSTED"), 1);
  EXPECT_GE(log_->Count("msg=\"connection refused\" code=RESOURCE_EXHAUSTED"), 1);
  first.reset();
  EXPECT_EQ(world().Get(CounterClient(third, "c").Increment()).value(), 3);
}

TEST_P(LimitScenarioTest, SessionsOfOnePrincipalAreBoundedAndNobodyElseIsAffected) {
  options().principal_sessions_max = 1;
  AuthenticateByName();
  world().StartServer();
  Reasons reasons;
  Client ann = world().NewClient(Door::kFront, reasons.Options("ann"));
  ASSERT_TRUE(world().Get(CounterClient(ann, "c").Increment()).ok());
  Reasons too_many;
  Client ann_again = world().NewClient(Door::kFront, too_many.Options("ann"));
  ASSERT_TRUE(world().Until([&] { return too_many.Saw(absl::StatusCode::kResourceExhausted); }));
  Client bob = world().NewClient(Door::kFront, reasons.Options("bob"));
  EXPECT_TRUE(world().Get(CounterClient(bob, "c").Increment()).ok());
  // Nobody in particular, however many they are.
  Client nobody = world().NewClient(Door::kFront, reasons.Options());
  Client nobody_else = world().NewClient(Door::kFront, reasons.Options());
  EXPECT_TRUE(world().Get(CounterClient(nobody, "c").Increment()).ok());
  EXPECT_TRUE(world().Get(CounterClient(nobody_else, "c").Increment()).ok());
  // The place of a session that has ended is free.
  ann.Close();
  EXPECT_TRUE(world().Get(CounterClient(ann_again, "c").Increment()).ok());
}

TEST_P(LimitScenarioTest, SubscriptionsOfASessionAreBounded) {
  options().session.subscriptions_max = 2;
  world().StartServer();
  Client client = world().NewClient();
  std::vector<Journal<CounterState>> journals(3);
  std::vector<Subscription<CounterState>> watches;
  for (std::size_t i = 0; i < journals.size(); ++i) {
    watches.push_back(journals[i].Attach(CounterClient(client, std::to_string(i)).Observe()).Start());
  }
  ASSERT_TRUE(world().Until([&] { return journals[2].end().has_value(); }));
  EXPECT_EQ(journals[2].end()->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(world().Until([&] { return journals[0].size() == 1 && journals[1].size() == 1; }));
}

TEST_P(LimitScenarioTest, WhatHappensIsCounted) {
  world().StartServer();
  Client client = world().NewClient();
  Client other = world().NewClient(Door::kBack);
  CounterClient counter(client, "c");
  Journal<CounterState> journal;
  auto watch = journal.Attach(counter.Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  ASSERT_TRUE(world().Get(counter.Increment()).ok());
  ASSERT_TRUE(world().Get(counter.Increment()).ok());
  EXPECT_FALSE(world().Get(LabClient(other, "l").Refuse("because")).ok());
  EXPECT_FALSE(world().Get(LabClient(other, "l").Throw()).ok());
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 2; }));
  EXPECT_EQ(Value("onager_server_calls_started_total"), 4);
  EXPECT_EQ(Value("onager_server_calls_ended_total"), 4);
  EXPECT_EQ(Value("onager_server_calls_ended_total", "OK"), 2);
  EXPECT_EQ(Value("onager_server_subscriptions"), 1);
  EXPECT_EQ(Value("onager_server_sessions"), 2);
  EXPECT_EQ(Value("onager_server_turns_total", "call"), 4);
  EXPECT_EQ(Value("onager_server_failed_turns_total", "call"), 2);
  EXPECT_EQ(Value("onager_server_commits_total", "done"), 2);
  EXPECT_EQ(Value("onager_server_activations_total", "active"), 2);
  EXPECT_EQ(Value("onager_server_actors"), 2);
  EXPECT_EQ(Value("onager_server_snapshots_total", "INITIAL"), 1);
  EXPECT_EQ(Value("onager_server_deltas_total"), 2);
  EXPECT_EQ(Value("onager_server_actors"), 2);
  EXPECT_TRUE(world().Until([&] { return Value("onager_server_queue_bytes") == 0; }));
  EXPECT_GT(Value("onager_server_sent_bytes_total"), 0);
  EXPECT_GT(Value("onager_server_received_bytes_total"), 0);
  std::uint64_t timed = 0;
  for (const MetricSample& sample : metrics_->Collect()) {
    if (sample.name != "onager_server_call_duration_seconds") continue;
    for (const std::uint64_t count : sample.counts) timed += count;
  }
  EXPECT_EQ(timed, 4u);
  // A handler's own mistake is in the log, and nothing that was said with it.
  EXPECT_EQ(log_->Count("msg=\"a call failed\" actor=lab.v1.Lab method=Throw"), 1);
  EXPECT_EQ(log_->Count("because"), 0);

  // Nothing missed; then one change missed.
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.stats().resumes == 1; }));
  EXPECT_EQ(Value("onager_server_resumes_total", "empty"), 1);
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Get(CounterClient(other, "c").Increment()).ok());
  world().ShutFront(false);
  ASSERT_TRUE(world().Until([&] { return client.stats().resumes == 2; }));
  EXPECT_EQ(Value("onager_server_resumes_total", "replayed"), 1);
  EXPECT_EQ(Value("onager_server_snapshots_total"), 1);
  // Names alone, and no ids.
  const std::string text = PrometheusText(*metrics_);
  EXPECT_EQ(text.find("counter.v1"), std::string::npos);
}

TEST_P(LimitScenarioTest, ADrainIsInTheLog) {
  world().StartServer();
  Client client = world().NewClient();
  ASSERT_TRUE(world().Get(CounterClient(client, "c").Increment()).ok());
  world().server().BeginDrain(std::chrono::seconds(30));
  EXPECT_TRUE(world().Until([&] { return log_->Count("msg=drained sessions=0") == 1; }));
  EXPECT_EQ(log_->Count("msg=draining sessions=1"), 1);
}

// Time is virtual here.
TEST(HandshakeLimitTest, ConnectionsThatSayNothingAreBoundedAndEndAfterAWhile) {
  SimulatedWorld world;
  world.server_options().handshakes_max = 2;
  world.StartServer();
  class Silent final : public transport::ConnectionHandler {
   public:
    void OnMessage(std::string_view) override {}
    void OnWriteDone() override {}
    void OnClosed(const absl::Status&) override { closed = true; }
    bool closed = false;
  };
  Silent silent[2];
  const auto connector = world.network().MakeConnector("front");
  std::vector<std::unique_ptr<transport::Connection>> connections;
  for (Silent& handler : silent) {
    connections.push_back(connector->Connect());
    connections.back()->Start(handler);
  }
  ASSERT_TRUE(world.Until([&] { return world.server().session_count() == 2; }));
  Reasons reasons;
  const Time begin = world.time().Now();
  Client client = world.NewClient(Door::kFront, reasons.Options());
  ASSERT_TRUE(world.Until([&] { return reasons.Saw(absl::StatusCode::kResourceExhausted); }));
  ASSERT_TRUE(world.Get(CounterClient(client, "c").Increment()).ok());
  EXPECT_TRUE(silent[0].closed && silent[1].closed);
  EXPECT_LE(world.time().Now() - begin, std::chrono::seconds(11));
}

}  // namespace
}  // namespace onager::end_to_end
