// What callers and observers see of actors' lives and of their calls of each other, over every transport.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors.h"
#include "depot.h"
#include "onager/client.h"
#include "onager/generated/channel.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using counter::v1::CounterState;
using depot::v1::DepotClient;
using depot::v1::Parcel;
using lab::v1::LabClient;
using Door = World::Door;

constexpr generated::MethodInfo kRelayMethods[] = {{.name = "Ask"}};

const generated::ActorType& RelayType() {
  static const generated::ActorType type{.name = "relay.v1.Relay",
                                         .methods = kRelayMethods,
                                         .state = &generated::TrackedState<CounterState>::Codec()};
  return type;
}

absl::StatusOr<std::int64_t> ToNumber(std::string_view text) { return std::stoll(std::string(text)); }

Call<std::int64_t> Ask(const std::shared_ptr<generated::Channel>& channel, const std::string& key) {
  return Call<std::int64_t>(channel->Call(RelayType(), key, 0, "", CallOptions()), &ToNumber);
}

/// Does nothing itself: its key says whom it asks.
class Relay final : public generated::ActorBase {
 public:
  const generated::ActorType& actor_type() const override { return RelayType(); }
  generated::StateInterface& state_interface() override { return state_; }
  absl::Status BindKey(std::string_view key) override {
    key_ = key;
    return absl::OkStatus();
  }
  Task<std::string> Dispatch(Turn& turn, std::size_t, std::string_view) override {
    const LabClient lab(turn.channel(), "asked");
    absl::StatusOr<std::int64_t> value = 0;
    if (key_ == "lab") {
      value = co_await lab.Add(5);
    } else if (key_ == "refused") {
      const absl::Status refused = co_await lab.Refuse("by the lab");
      co_return refused;
    } else if (key_ == "slow") {
      value = co_await lab.AddSlowly(1, 60'000);
    } else if (key_.starts_with("stream")) {
      value = co_await Stream(turn);
    } else {  // "a" asks "b", which asks "a".
      value = co_await Ask(turn.channel(), key_ == "a" ? "b" : "a");
    }
    if (!value.ok()) co_return value.status();
    co_return std::to_string(*value);
  }

 private:
  // Through streams of the depot: more items than may be under way, so that both sides wait for each other.
  Task<std::int64_t> Stream(Turn& turn) {
    const DepotClient depot(turn.channel(), "asked");
    std::int64_t sum = 0;
    if (key_ == "stream out" || key_ == "stream out and fail") {
      auto parcels = key_ == "stream out" ? depot.Export(500, 4096) : depot.ExportAndFail(100);
      while (true) {
        const absl::StatusOr<std::optional<Parcel>> parcel = co_await parcels.Read();
        if (!parcel.ok() && ErrorAs<depot::v1::Full>(parcel.status()).has_value()) co_return -sum;
        if (!parcel.ok()) co_return parcel.status();
        if (!parcel->has_value()) co_return sum;
        sum += (*parcel)->number;
      }
    } else if (key_ == "stream in" || key_ == "stream in and fail") {
      auto parcels = depot.Import(key_ == "stream in" ? 500 : 100);
      Parcel parcel;
      parcel.load = Bytes(std::string(4096, 'x'));
      absl::Status written;
      for (parcel.number = 1; parcel.number <= 500 && written.ok(); ++parcel.number) {
        written = co_await parcels.Write(parcel);
      }
      auto end = parcels.Finish();
      const absl::StatusOr<std::int64_t> stored = co_await std::move(end);
      if (!stored.ok() && ErrorAs<depot::v1::Full>(stored.status()).has_value()) co_return -parcel.number;
      co_return stored;
    } else if (key_ == "stream both ways") {
      auto products = depot.Multiply(3);
      for (std::int64_t number = 1; number <= 200; ++number) {
        const absl::Status written = co_await products.Write(number);
        if (!written.ok()) co_return written;
        const absl::StatusOr<std::optional<std::int64_t>> product = co_await products.Read();
        if (!product.ok()) co_return product.status();
        sum += product->value();
      }
      products.FinishWriting();
      const auto end = co_await products.Read();
      if (!end.ok() || end->has_value()) co_return absl::InternalError("it did not end");
      co_return sum;
    } else {  // One item of a stream without end.
      auto numbers = depot.Count(7);
      const absl::StatusOr<std::optional<std::int64_t>> first = co_await numbers.Read();
      if (!first.ok()) co_return first.status();
      co_return first->value();
    }
  }

  generated::TrackedState<CounterState> state_;
  std::string key_;
};

class ActorScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    world().HostAlso([](server::ServerCore& server) {
      return server.Host(RelayType(), [] { return std::make_unique<Relay>(); });
    });
  }
  World& world() { return *world_; }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, ActorScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(ActorScenarioTest, A12_ActorTermination) {
  world().StartServer();
  std::vector<Client> clients;
  std::vector<Journal<CounterState>> journals(5);
  std::vector<Subscription<CounterState>> watches;
  for (Journal<CounterState>& journal : journals) {
    clients.push_back(world().NewClient());
    watches.push_back(journal.Attach(CounterClient(clients.back(), "doomed").Observe()).Start());
  }
  ASSERT_TRUE(world().Get(CounterClient(clients[0], "doomed").Set(7)).ok());
  for (const Journal<CounterState>& journal : journals) {
    ASSERT_TRUE(
        world().Until([&] { return journal.size() > 0 && journal.entries().back().state.value == 7; }));
  }
  const std::uint64_t epoch = journals[0].entries().back().epoch;
  struct Destroyed {
    Mutex mutex;
    std::optional<absl::Status> status ABSL_GUARDED_BY(mutex);
  };
  auto destroyed = std::make_shared<Destroyed>();
  world().server().actors().Destroy({"counter.v1.Counter", "doomed"}, [destroyed](absl::Status status) {
    MutexLock lock(destroyed->mutex);
    destroyed->status = std::move(status);
  });
  for (const Journal<CounterState>& journal : journals) {
    ASSERT_TRUE(world().Until([&] { return journal.end().has_value(); }));
    EXPECT_EQ(journal.end()->code(), absl::StatusCode::kNotFound);
    const auto info = journal.end()->GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
    ASSERT_TRUE(info.has_value());
    EXPECT_NE(std::string(*info).find("ACTOR_TERMINATED"), std::string::npos);
  }
  MutexLock lock(destroyed->mutex);
  EXPECT_EQ(destroyed->status, absl::OkStatus());
  // Whoever asks next meets another actor.
  Journal<CounterState> next;
  const auto watch = next.Attach(CounterClient(clients[0], "doomed").Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return next.size() == 1; }));
  EXPECT_EQ(next.entries()[0].state.value, 0);
  EXPECT_NE(next.entries()[0].epoch, epoch);
}

TEST_P(ActorScenarioTest, ASubscriptionGoesOnWhereItWasThoughItsActorWasDeactivatedMeanwhile) {
  world().server_options().actors.idle_timeout = std::chrono::milliseconds(20);
  world().StartServer();
  Client client = world().NewClient();
  Client other = world().NewClient(Door::kBack);
  Journal<CounterState> journal;
  const auto watch = journal.Attach(CounterClient(client, "idle").Observe()).Start();
  ASSERT_TRUE(world().Get(CounterClient(other, "idle").Set(1)).ok());
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 1; }));
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  ASSERT_TRUE(world().Get(CounterClient(other, "idle").Set(2)).ok());
  ASSERT_TRUE(world().Until([&] { return world().server().actors().active_actors() == 0; }));
  world().ShutFront(false);
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 2; }));
  EXPECT_EQ(journal.entries().back().state.value, 2);
  EXPECT_TRUE(journal.entries().back().replayed);
  EXPECT_FALSE(journal.entries().back().snapshot.has_value());
}

TEST_P(ActorScenarioTest, HandlersCallOtherActorsThroughTheSameStubs) {
  world().StartServer();
  Client client = world().NewClient();
  EXPECT_EQ(world().Get(Ask(client.channel(), "lab")).value(), 5);
  EXPECT_EQ(world().Get(LabClient(client, "asked").Get()).value(), 5);
  const absl::StatusOr<std::int64_t> refused = world().Get(Ask(client.channel(), "refused"));
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(ErrorAs<lab::v1::Refused>(refused.status()).has_value());  // A declared error stays one.
  const absl::StatusOr<std::int64_t> circle = world().Get(Ask(client.channel(), "a"));
  EXPECT_EQ(circle.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(circle.status().message().find("relay.v1.Relay/a > relay.v1.Relay/b > relay.v1.Relay/a.Ask"),
            absl::string_view::npos)
      << circle.status();
  // A caller that goes away takes all that waits for it along.
  auto slow = Ask(client.channel(), "slow");
  ASSERT_TRUE(world().Until([&] { return world().server().actors().stats().open_turns == 2; }));
  slow.Cancel();
  ASSERT_TRUE(world().Until([&] { return world().server().actors().stats().open_turns == 0; }));
  EXPECT_EQ(world().Get(LabClient(client, "asked").Get()).value(), 5);
}

TEST_P(ActorScenarioTest, HandlersStreamFromAndToOtherActors) {
  world().StartServer();
  Client client = world().NewClient();
  Depot::log.Reset();
  EXPECT_EQ(world().Get(Ask(client.channel(), "stream out")).value(), 500 * 501 / 2);
  EXPECT_EQ(world().Get(Ask(client.channel(), "stream out and fail")).value(), -100 * 101 / 2);
  EXPECT_EQ(world().Get(Ask(client.channel(), "stream both ways")).value(), 3 * 200 * 201 / 2);
  EXPECT_EQ(world().Get(Ask(client.channel(), "stream in")).value(), 500);
  const absl::StatusOr<std::int64_t> refused = world().Get(Ask(client.channel(), "stream in and fail"));
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_LE(*refused, -100);
  EXPECT_EQ(world().Get(DepotClient(client, "asked").Stored()).value(), 500);
  // Who reads no more lets the other actor go on with something else.
  Depot::log.Reset();
  EXPECT_EQ(world().Get(Ask(client.channel(), "stream a little")).value(), 7);
  ASSERT_TRUE(world().Until([] { return Depot::log.end().has_value(); }));
  EXPECT_TRUE(absl::IsCancelled(*Depot::log.end()));
  EXPECT_LE(Depot::log.written, 70);
  EXPECT_EQ(world().Get(DepotClient(client, "asked").Stored()).value(), 500);
}

}  // namespace
}  // namespace onager::end_to_end
