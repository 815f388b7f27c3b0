#include "runtime/testing/simulated_network.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/testing/manual_environment.h"
#include "tests/transport/transport_world.h"

namespace onager::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using transport::Connection;
using transport::Flat;
using transport::Recorder;

constexpr std::size_t kLengthBytes = 4;

ManualEnvironmentOptions Seeded(std::uint64_t seed) {
  ManualEnvironmentOptions options;
  options.seed = seed;
  return options;
}

class SimulatedNetworkTest : public ::testing::Test {
 protected:
  explicit SimulatedNetworkTest(std::uint64_t seed = 1)
      : environment_(Seeded(seed)), network_(environment_), listener_(network_.MakeListener("server")) {
    EXPECT_TRUE(listener_
                    ->Start([this](std::unique_ptr<Connection> connection) {
                      server_ = std::move(connection);
                      server_->Start(server_recorder_);
                    })
                    .ok());
  }

  void Connect() {
    client_ = network_.MakeConnector("server")->Connect();
    client_->Start(client_recorder_);
    environment_.Advance(seconds(1));
    ASSERT_NE(server_, nullptr);
  }

  /// Writes one message and lets everything settle.
  void Send(Connection& from, const std::string& message) {
    from.Write(Flat(message));
    environment_.Advance(seconds(1));
  }

  SimulatedLink& link() { return network_.latest_link(); }

  ManualEnvironment environment_;
  SimulatedNetwork network_;
  transport::Signal signal_;
  Recorder client_recorder_{signal_};
  Recorder server_recorder_{signal_};
  std::unique_ptr<transport::Listener> listener_;
  std::unique_ptr<Connection> client_;
  std::unique_ptr<Connection> server_;
};

TEST_F(SimulatedNetworkTest, CountsMessagesAndBytes) {
  Connect();
  Send(*client_, "12345");
  Send(*client_, "");
  Send(*server_, "1");
  const LinkCounters up = link().counters(Side::kClient);
  EXPECT_EQ(up.messages_written, 2U);
  EXPECT_EQ(up.messages_delivered, 2U);
  EXPECT_EQ(up.bytes_sent, 5 + 2 * kLengthBytes);
  EXPECT_EQ(up.bytes_delivered, up.bytes_sent);
  EXPECT_EQ(network_.counters(Side::kServer).bytes_sent, 1 + kLengthBytes);
}

TEST_F(SimulatedNetworkTest, TakesTime) {
  Connect();
  const Time before = environment_.Now();
  client_->Write(Flat("x"));
  ASSERT_TRUE(environment_.RunUntil([this] { return !server_recorder_.messages.empty(); }, seconds(1)));
  EXPECT_GE(environment_.Now() - before, SimulatedNetworkOptions().latency_min);
}

TEST_F(SimulatedNetworkTest, ACutNowEndsBothSidesUnavailable) {
  Connect();
  client_->Write(Flat("under way"));
  link().CutNow();
  EXPECT_FALSE(client_recorder_.closed) << "each side learns it after its latency only";
  environment_.Advance(seconds(1));
  EXPECT_EQ(client_recorder_.closed->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(server_recorder_.closed->code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(server_recorder_.messages.empty());
  EXPECT_FALSE(link().is_open());
}

TEST_F(SimulatedNetworkTest, ACutAtEveryByteDeliversExactlyTheMessagesBeforeIt) {
  const std::vector<std::string> messages = {"one", "", "three"};
  std::size_t total = 0;
  for (const std::string& message : messages) total += kLengthBytes + message.size();
  for (const Side writer : {Side::kClient, Side::kServer}) {
    for (std::size_t offset = 0; offset <= total; ++offset) {
      SCOPED_TRACE(absl::StrCat("offset ", offset));
      Recorder client_recorder(signal_);
      Recorder server_recorder(signal_);
      server_ = nullptr;
      const auto listener = network_.MakeListener("cut");
      std::unique_ptr<Connection> server;
      ASSERT_TRUE(listener
                      ->Start([&](std::unique_ptr<Connection> connection) {
                        server = std::move(connection);
                        server->Start(server_recorder);
                      })
                      .ok());
      const auto client = network_.MakeConnector("cut")->Connect();
      client->Start(client_recorder);
      environment_.Advance(seconds(1));
      link().CutAtByte(writer, offset);
      Connection& from = writer == Side::kClient ? *client : *server;
      const Recorder& to = writer == Side::kClient ? server_recorder : client_recorder;
      for (const std::string& message : messages) Send(from, message);
      std::vector<std::string> expected;
      std::size_t end = 0;
      for (const std::string& message : messages) {
        end += kLengthBytes + message.size();
        if (end <= offset) expected.push_back(message);
      }
      EXPECT_EQ(to.messages, expected);
      EXPECT_EQ(client_recorder.closed->code(), absl::StatusCode::kUnavailable);
      EXPECT_EQ(server_recorder.closed->code(), absl::StatusCode::kUnavailable);
      EXPECT_LE(link().counters(writer).bytes_sent, offset);
    }
  }
}

TEST_F(SimulatedNetworkTest, ACutCanBeArmedBeforeAnythingTravels) {
  network_.OnLink([](SimulatedLink& link) { link.CutAtByte(Side::kClient, 6); });
  Connect();
  Send(*client_, "hello");
  EXPECT_EQ(client_recorder_.closed->code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(server_recorder_.messages.empty());
  EXPECT_EQ(link().counters(Side::kClient).bytes_sent, 6U);
}

TEST_F(SimulatedNetworkTest, RefusesConnects) {
  Connect();
  network_.RefuseConnects("server", true);
  Recorder refused(signal_);
  const auto connector = network_.MakeConnector("server");
  const auto first = connector->Connect();
  first->Start(refused);
  environment_.Advance(seconds(1));
  EXPECT_EQ(refused.closed->code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(client_recorder_.closed) << "established connections go on";
  network_.RefuseConnects("server", false);
  Recorder recorder(signal_);
  const auto second = connector->Connect();
  second->Start(recorder);
  environment_.Advance(seconds(1));
  EXPECT_FALSE(recorder.closed);
}

TEST_F(SimulatedNetworkTest, AHalfOpenLinkSwallowsBothWaysWithoutNotice) {
  Connect();
  link().GoHalfOpen();
  Send(*client_, "to nowhere");
  Send(*server_, "to nowhere");
  EXPECT_EQ(client_recorder_.writes_done, 1U);
  EXPECT_EQ(server_recorder_.writes_done, 1U);
  EXPECT_TRUE(client_recorder_.messages.empty());
  EXPECT_TRUE(server_recorder_.messages.empty());
  client_->Close(absl::UnavailableError("no heartbeat"));
  environment_.Advance(std::chrono::hours(1));
  EXPECT_TRUE(client_recorder_.closed);
  EXPECT_FALSE(server_recorder_.closed) << "nobody tells the server";
}

TEST_F(SimulatedNetworkTest, AHalfOpenLinkFillsItsWindow) {
  Connect();
  link().GoHalfOpen();
  Send(*client_, std::string(SimulatedNetworkOptions().window_bytes, 'x'));
  EXPECT_EQ(client_recorder_.writes_done, 0U);
}

TEST_F(SimulatedNetworkTest, AStalledReaderWithholdsWrites) {
  Connect();
  link().StallReader(Side::kServer, true);
  Send(*client_, std::string(SimulatedNetworkOptions().window_bytes, 'x'));
  EXPECT_EQ(client_recorder_.writes_done, 0U);
  EXPECT_TRUE(server_recorder_.messages.empty());
  Send(*server_, "the other way is free");
  EXPECT_EQ(client_recorder_.messages.size(), 1U);
  link().StallReader(Side::kServer, false);
  environment_.Advance(seconds(1));
  EXPECT_EQ(client_recorder_.writes_done, 1U);
  EXPECT_EQ(server_recorder_.messages.size(), 1U);
}

TEST_F(SimulatedNetworkTest, AStalledReaderSeesACleanEndLaterAndACutAtOnce) {
  Connect();
  link().StallReader(Side::kServer, true);
  Send(*client_, "read later");
  client_->Close(absl::OkStatus());
  environment_.Advance(seconds(1));
  EXPECT_FALSE(server_recorder_.closed);
  link().StallReader(Side::kServer, false);
  environment_.RunReady();
  EXPECT_THAT(server_recorder_.messages, ElementsAre("read later"));
  EXPECT_EQ(server_recorder_.closed, absl::OkStatus());

  Recorder second_recorder(signal_);
  server_ = nullptr;
  server_recorder_.closed.reset();
  const auto second = network_.MakeConnector("server")->Connect();
  second->Start(second_recorder);
  link().StallReader(Side::kClient, true);
  environment_.Advance(seconds(1));
  link().CutNow();
  environment_.Advance(seconds(1));
  EXPECT_EQ(second_recorder.closed->code(), absl::StatusCode::kUnavailable);
}

TEST_F(SimulatedNetworkTest, APartitionDelaysEverythingAndLosesNothing) {
  Connect();
  client_->Write(Flat("under way"));
  network_.Partition(seconds(30));
  Send(*server_, "sent during the partition");
  Recorder late_recorder(signal_);
  auto first_server = std::move(server_);
  const auto late = network_.MakeConnector("server")->Connect();
  environment_.Advance(seconds(28));
  EXPECT_TRUE(server_recorder_.messages.empty());
  EXPECT_TRUE(client_recorder_.messages.empty());
  EXPECT_EQ(server_, nullptr) << "nor is anyone connected";
  environment_.Advance(seconds(2));
  EXPECT_THAT(server_recorder_.messages, ElementsAre("under way"));
  EXPECT_THAT(client_recorder_.messages, ElementsAre("sent during the partition"));
  EXPECT_NE(server_, nullptr);
}

TEST_F(SimulatedNetworkTest, DropsDuplicatesAndDelaysWholeMessages) {
  Connect();
  link().DropMessage(Side::kClient, 1);
  link().DuplicateMessage(Side::kClient, 2);
  link().DelayMessage(Side::kClient, 4);
  for (const char* message : {"0", "1", "2", "3", "4", "5", "6"}) Send(*client_, message);
  EXPECT_THAT(server_recorder_.messages, ElementsAre("0", "2", "2", "3", "5", "4", "6"));
  EXPECT_EQ(client_recorder_.writes_done, 7U);
}

TEST_F(SimulatedNetworkTest, BreaksOnAMessageBeyondTheLimit) {
  SimulatedNetworkOptions options;
  options.message_bytes_max = 10;
  SimulatedNetwork network(environment_, options);
  const auto listener = network.MakeListener("small");
  ASSERT_TRUE(listener
                  ->Start([this](std::unique_ptr<Connection> connection) {
                    server_ = std::move(connection);
                    server_->Start(server_recorder_);
                  })
                  .ok());
  client_ = network.MakeConnector("small")->Connect();
  client_->Start(client_recorder_);
  Send(*client_, std::string(10, 'x'));
  client_->Write(Flat(std::string(11, 'x')));
  environment_.Advance(seconds(1));
  EXPECT_EQ(server_recorder_.messages.size(), 1U);
  EXPECT_EQ(client_recorder_.closed->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(server_recorder_.closed->code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(SimulatedNetworkTest, AServerMayRestart) {
  Connect();
  listener_->Stop();
  network_.CutAll();
  environment_.Advance(seconds(1));
  EXPECT_TRUE(client_recorder_.closed);
  EXPECT_TRUE(server_recorder_.closed);
  std::unique_ptr<Connection> server;
  ASSERT_TRUE(
      listener_->Start([&](std::unique_ptr<Connection> connection) { server = std::move(connection); }).ok());
  const auto client = network_.MakeConnector("server")->Connect({{"name", "ann"}});
  environment_.Advance(seconds(1));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->credentials().metadata.find("name")->second, "ann");
}

/// What happens, and when, in one run.
std::vector<std::string> Trace(std::uint64_t seed) {
  ManualEnvironment environment(Seeded(seed));
  SimulatedNetwork network(environment);
  transport::Signal signal;
  Recorder client_recorder(signal);
  Recorder server_recorder(signal);
  std::vector<std::string> trace;
  const auto note = [&](const std::string& what) {
    trace.push_back(absl::StrCat(environment.Now().time_since_epoch().count(), " ", what));
  };
  std::unique_ptr<Connection> server;
  const auto listener = network.MakeListener("server");
  EXPECT_TRUE(listener
                  ->Start([&](std::unique_ptr<Connection> connection) {
                    server = std::move(connection);
                    server->Start(server_recorder);
                    note("accepted");
                  })
                  .ok());
  const auto client = network.MakeConnector("server")->Connect();
  int sent = 0;
  server_recorder.on_message = [&](const std::string& message) {
    note(absl::StrCat("got ", message.size()));
  };
  client_recorder.on_write_done = [&] {
    note("write done");
    if (++sent < 20) client->Write(Flat(std::string(static_cast<std::size_t>(sent) * 5000, 'x')));
  };
  server_recorder.on_closed = [&] { note("closed"); };
  network.latest_link().CutAtByte(Side::kClient, 400'000);
  client->Start(client_recorder);
  client->Write(Flat("first"));
  environment.Advance(seconds(10));
  return trace;
}

TEST(SimulatedNetworkDeterminismTest, TheSameSeedGivesTheSameTrace) {
  const std::vector<std::string> trace = Trace(7);
  EXPECT_GT(trace.size(), 10U);
  EXPECT_EQ(trace, Trace(7));
  EXPECT_NE(trace, Trace(8));
}

}  // namespace
}  // namespace onager::simulation
