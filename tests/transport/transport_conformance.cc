#include "tests/transport/transport_conformance.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "runtime/transport/message_appender.h"

namespace onager::transport {
namespace {

using ::testing::ElementsAre;

/// Writes `count` messages from `connection`, each when the one before is done.
void WriteInTurn(Connection& connection, Recorder& recorder, const std::string& name, int count) {
  auto next = std::make_shared<int>(0);
  recorder.on_write_done = [&connection, name, count, next] {
    if (++*next < count) connection.Write(Flat(absl::StrCat(name, *next)));
  };
  connection.Write(Flat(absl::StrCat(name, 0)));
}

std::vector<std::string> Numbered(const std::string& name, int count) {
  std::vector<std::string> messages;
  for (int i = 0; i < count; ++i) messages.push_back(absl::StrCat(name, i));
  return messages;
}

TEST_P(TransportConformance, CarriesMessagesBothWays) {
  Link link(*world_);
  EXPECT_TRUE(link.Send(*link.client, link.server_recorder, "hello"));
  EXPECT_TRUE(link.Send(*link.server, link.client_recorder, "hello yourself"));
  EXPECT_THAT(link.server_recorder.messages, ElementsAre("hello"));
  EXPECT_THAT(link.client_recorder.messages, ElementsAre("hello yourself"));
}

TEST_P(TransportConformance, CarriesMessagesOfAnySize) {
  Link link(*world_);
  for (const std::size_t size : {0U, 1U, 2U, 1023U, 1024U, 65'535U, 65'536U, 1U << 20}) {
    std::string message(size, 'x');
    for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<char>(i * 7 + i / 251);
    ASSERT_TRUE(link.Send(*link.client, link.server_recorder, message));
    EXPECT_TRUE(link.server_recorder.messages.back() == message) << size << " bytes to the server";
    ASSERT_TRUE(link.Send(*link.server, link.client_recorder, message));
    EXPECT_TRUE(link.client_recorder.messages.back() == message) << size << " bytes to the client";
    ASSERT_TRUE(world_->Await([&] {
      return link.client_recorder.writes_done == link.server_recorder.messages.size() &&
             link.server_recorder.writes_done == link.client_recorder.messages.size();
    }));
  }
}

TEST_P(TransportConformance, SplicesSharedBytesIn) {
  Link link(*world_);
  const SharedBytes large = ShareBytes(std::string(1 << 20, 'L') + "end");
  OutMessage message;
  MessageAppender appender(message);
  appender.Append(large, 1000, 3000);
  appender.Append("between");
  appender.Append(large);
  appender.Append(large, 5, 2000);
  appender.Append(ShareBytes("small"));
  ASSERT_EQ(message.splices.size(), 3U);
  const std::string expected = message.Join();
  link.server->Write(std::move(message));
  ASSERT_TRUE(world_->Await([&] { return link.client_recorder.messages.size() == 1; }));
  EXPECT_TRUE(link.client_recorder.messages[0] == expected);
}

TEST_P(TransportConformance, KeepsTheOrderOfAThousandMessagesEachWay) {
  constexpr int kCount = 1000;
  Link link(*world_);
  // The recorders' hooks change before anything was written, so before anyone calls them.
  WriteInTurn(*link.client, link.client_recorder, "c", kCount);
  WriteInTurn(*link.server, link.server_recorder, "s", kCount);
  ASSERT_TRUE(world_->Await([&] {
    return link.client_recorder.messages.size() == kCount && link.server_recorder.messages.size() == kCount &&
           link.client_recorder.writes_done == kCount && link.server_recorder.writes_done == kCount;
  }));
  EXPECT_EQ(link.server_recorder.messages, Numbered("c", kCount));
  EXPECT_EQ(link.client_recorder.messages, Numbered("s", kCount));
}

TEST_P(TransportConformance, DoesNotFinishWritesThatNobodyReads) {
  // The server's end has not started, so it reads nothing; the client's writes stop after some.
  // What the hook uses outlives the connection: the hook's last run may end after the test saw its effect.
  const std::string chunk(1 << 20, 'x');
  constexpr std::size_t kCount = 32;
  std::size_t written = 1;
  const auto listener = world_->MakeListener();
  Recorder client_recorder(world_->signal);
  Recorder server_recorder(world_->signal);
  std::unique_ptr<Connection> server;
  ASSERT_TRUE(listener
                  ->Start([&](std::unique_ptr<Connection> connection) {
                    world_->signal.Tell([&] { server = std::move(connection); });
                  })
                  .ok());
  const auto client = world_->MakeConnector(listener->address())->Connect();
  client_recorder.on_write_done = [&] {
    if (written == kCount) return;
    ++written;
    client->Write(Flat(chunk));
  };
  client->Start(client_recorder);
  client->Write(Flat(chunk));
  ASSERT_TRUE(world_->Await([&] { return server != nullptr; }));
  world_->signal.Tell([&] { EXPECT_LT(client_recorder.writes_done, kCount) << "32 MiB went nowhere"; });
  server->Start(server_recorder);
  ASSERT_TRUE(world_->Await(
      [&] { return server_recorder.messages.size() == kCount && client_recorder.writes_done == kCount; }));
}

TEST_P(TransportConformance, CleanCloseByTheClientIsSeenOnceByBoth) {
  Link link(*world_);
  ASSERT_TRUE(link.Send(*link.client, link.server_recorder, "last"));
  ASSERT_TRUE(world_->Await([&] { return link.client_recorder.writes_done == 1; }));
  link.client->Close(absl::OkStatus());
  link.client->Close(absl::InternalError("closing twice is harmless"));
  ASSERT_TRUE(world_->Await([&] { return link.client_recorder.closed && link.server_recorder.closed; }));
  EXPECT_EQ(*link.client_recorder.closed, absl::OkStatus());
  EXPECT_EQ(*link.server_recorder.closed, absl::OkStatus());
}

TEST_P(TransportConformance, CleanCloseByTheServerIsSeenOnceByBoth) {
  Link link(*world_);
  ASSERT_TRUE(link.Send(*link.server, link.client_recorder, "last"));
  ASSERT_TRUE(world_->Await([&] { return link.server_recorder.writes_done == 1; }));
  link.server->Close(absl::OkStatus());
  ASSERT_TRUE(world_->Await([&] { return link.client_recorder.closed && link.server_recorder.closed; }));
  EXPECT_EQ(*link.client_recorder.closed, absl::OkStatus());
  EXPECT_EQ(*link.server_recorder.closed, absl::OkStatus());
}

TEST_P(TransportConformance, TheClientLearnsTheServersReason) {
  Link link(*world_);
  const absl::Status reason = absl::ResourceExhaustedError("too many sessions");
  link.server->Close(reason);
  ASSERT_TRUE(world_->Await([&] { return link.client_recorder.closed && link.server_recorder.closed; }));
  EXPECT_EQ(*link.client_recorder.closed, reason);
  EXPECT_EQ(*link.server_recorder.closed, reason);
}

TEST_P(TransportConformance, TheServerSeesAClientThatGivesUp) {
  Link link(*world_);
  const absl::Status reason = absl::DeadlineExceededError("no heartbeat");
  link.client->Close(reason);
  ASSERT_TRUE(world_->Await([&] { return link.client_recorder.closed && link.server_recorder.closed; }));
  EXPECT_EQ(*link.client_recorder.closed, reason);
  EXPECT_EQ(link.server_recorder.closed->code(), absl::StatusCode::kCancelled);
}

TEST_P(TransportConformance, WritesAfterTheEndAreHarmless) {
  Link link(*world_);
  link.server->Close(absl::UnavailableError("bye"));
  ASSERT_TRUE(world_->Await([&] { return link.client_recorder.closed && link.server_recorder.closed; }));
  link.client->Write(Flat("too late"));
  link.server->Write(Flat("too late"));
  link.client->Close(absl::OkStatus());
  link.server->Close(absl::OkStatus());
}

TEST_P(TransportConformance, ConnectingToNobodyEndsUnavailable) {
  Recorder recorder(world_->signal);
  const auto connection = world_->MakeConnector(world_->UnusedAddress())->Connect();
  connection->Start(recorder);
  ASSERT_TRUE(world_->Await([&] { return recorder.closed.has_value(); }));
  EXPECT_EQ(recorder.closed->code(), absl::StatusCode::kUnavailable);
}

TEST_P(TransportConformance, DestructionIsSeenByThePeer) {
  {
    Link link(*world_);
    link.client = nullptr;
    EXPECT_TRUE(world_->Await([&] { return link.server_recorder.closed.has_value(); }));
    EXPECT_FALSE(link.server_recorder.closed->ok());
    EXPECT_FALSE(link.client_recorder.closed);
  }
  Link link(*world_);
  link.server = nullptr;
  EXPECT_TRUE(world_->Await([&] { return link.client_recorder.closed.has_value(); }));
  EXPECT_FALSE(link.client_recorder.closed->ok());
  EXPECT_FALSE(link.server_recorder.closed);
}

TEST_P(TransportConformance, CanBeDestroyedBeforeItStarts) {
  Link link(*world_);
  auto idle = world_->MakeConnector(link.listener->address())->Connect();
  idle->Close(absl::UnavailableError("changed my mind"));
  idle = nullptr;
  idle = world_->MakeConnector(world_->UnusedAddress())->Connect();
  idle = nullptr;
  EXPECT_TRUE(link.Send(*link.client, link.server_recorder, "undisturbed"));
}

TEST_P(TransportConformance, CanBeDestroyedWhileConnecting) {
  const auto listener = world_->MakeListener();
  ASSERT_TRUE(listener->Start([](std::unique_ptr<Connection>) {}).ok());
  for (int i = 0; i < 20; ++i) {
    Recorder recorder(world_->signal);
    const auto connection = world_->MakeConnector(listener->address())->Connect();
    connection->Start(recorder);
    if (i % 2 == 0) connection->Write(Flat("never read"));
  }
}

TEST_P(TransportConformance, CanBeDestroyedByTheAcceptFunction) {
  const auto listener = world_->MakeListener();
  ASSERT_TRUE(listener->Start([](std::unique_ptr<Connection>) {}).ok());
  Recorder recorder(world_->signal);
  const auto connection = world_->MakeConnector(listener->address())->Connect();
  connection->Start(recorder);
  ASSERT_TRUE(world_->Await([&] { return recorder.closed.has_value(); }));
  EXPECT_FALSE(recorder.closed->ok());
}

TEST_P(TransportConformance, CanBeDestroyedWithAWriteInFlight) {
  for (int i = 0; i < 10; ++i) {
    Link link(*world_);
    link.client->Write(Flat(std::string(1 << 20, 'x')));
    link.server->Write(Flat(std::string(1 << 20, 'y')));
    (i % 2 == 0 ? link.client : link.server) = nullptr;
    Recorder& other = i % 2 == 0 ? link.server_recorder : link.client_recorder;
    EXPECT_TRUE(world_->Await([&] { return other.closed.has_value(); }));
  }
}

TEST_P(TransportConformance, CanBeDestroyedInsideAHandlerCall) {
  Link link(*world_);
  bool destroyed = false;
  link.client_recorder.on_message = [&](const std::string&) {
    link.client = nullptr;
    world_->signal.Tell([&] { destroyed = true; });
  };
  link.server->Write(Flat("go"));
  ASSERT_TRUE(world_->Await([&] { return destroyed && link.server_recorder.closed; }));
  EXPECT_FALSE(link.client_recorder.closed);

  Link second(*world_);
  destroyed = false;
  second.server_recorder.on_closed = [&] {
    second.server = nullptr;
    world_->signal.Tell([&] { destroyed = true; });
  };
  second.client = nullptr;
  ASSERT_TRUE(world_->Await([&] { return destroyed; }));
}

TEST_P(TransportConformance, AnEndThatCameBeforeTheStartIsToldAfterIt) {
  const auto listener = world_->MakeListener();
  Recorder client_recorder(world_->signal);
  Recorder server_recorder(world_->signal);
  std::unique_ptr<Connection> server;
  ASSERT_TRUE(listener
                  ->Start([&](std::unique_ptr<Connection> connection) {
                    world_->signal.Tell([&] { server = std::move(connection); });
                  })
                  .ok());
  auto client = world_->MakeConnector(listener->address())->Connect();
  client->Start(client_recorder);
  ASSERT_TRUE(world_->Await([&] { return server != nullptr; }));
  client->Close(absl::UnavailableError("gone"));
  ASSERT_TRUE(world_->Await([&] { return client_recorder.closed.has_value(); }));
  server->Start(server_recorder);
  ASSERT_TRUE(world_->Await([&] { return server_recorder.closed.has_value(); }));
  EXPECT_FALSE(server_recorder.closed->ok());
}

TEST_P(TransportConformance, CarriesManyConnectionsAtOnce) {
  constexpr std::size_t kCount = 50;
  const auto listener = world_->MakeListener();
  struct Echo {
    explicit Echo(Signal& signal) : recorder(signal) {}
    Recorder recorder;
    std::unique_ptr<Connection> connection;
  };
  std::vector<std::unique_ptr<Echo>> servers;
  ASSERT_TRUE(listener
                  ->Start([&](std::unique_ptr<Connection> connection) {
                    auto echo = std::make_unique<Echo>(world_->signal);
                    echo->connection = std::move(connection);
                    Connection& end = *echo->connection;
                    echo->recorder.on_message = [&end](const std::string& message) {
                      end.Write(Flat("echo of " + message));
                    };
                    Recorder& recorder = echo->recorder;
                    world_->signal.Tell([&] { servers.push_back(std::move(echo)); });
                    end.Start(recorder);
                  })
                  .ok());
  std::vector<std::unique_ptr<Echo>> clients;
  const auto connector = world_->MakeConnector(listener->address());
  for (std::size_t i = 0; i < kCount; ++i) {
    clients.push_back(std::make_unique<Echo>(world_->signal));
    clients[i]->connection = connector->Connect();
    clients[i]->connection->Start(clients[i]->recorder);
    clients[i]->connection->Write(Flat(absl::StrCat(i)));
  }
  for (std::size_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(world_->Await([&] { return !clients[i]->recorder.messages.empty(); }));
    EXPECT_THAT(clients[i]->recorder.messages, ElementsAre(absl::StrCat("echo of ", i)));
  }
  EXPECT_EQ(servers.size(), kCount);
  clients.clear();
  for (const auto& echo : servers)
    EXPECT_TRUE(world_->Await([&] { return echo->recorder.closed.has_value(); }));
}

TEST_P(TransportConformance, AStoppedListenerAcceptsNoMoreAndMayComeBack) {
  Link link(*world_);
  link.listener->Stop();
  const auto connector = world_->MakeConnector(link.listener->address());
  Recorder refused(world_->signal);
  const auto first = connector->Connect();
  first->Start(refused);
  ASSERT_TRUE(world_->Await([&] { return refused.closed.has_value(); }));
  EXPECT_EQ(refused.closed->code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(link.Send(*link.client, link.server_recorder, "established connections go on"));

  std::unique_ptr<Connection> accepted;
  ASSERT_TRUE(link.listener
                  ->Start([&](std::unique_ptr<Connection> connection) {
                    world_->signal.Tell([&] { accepted = std::move(connection); });
                  })
                  .ok());
  EXPECT_EQ(link.listener->Start([](std::unique_ptr<Connection>) {}).code(),
            absl::StatusCode::kFailedPrecondition);
  Recorder recorder(world_->signal);
  const auto second = connector->Connect();
  second->Start(recorder);
  EXPECT_TRUE(world_->Await([&] { return accepted != nullptr; }));
  link.listener->Stop();
}

}  // namespace
}  // namespace onager::transport
