// Readers that stall, in virtual time: what they cost the server, what they are given then, and that nobody
// else notices. Latency is the same for every piece, so that a delivery that waits for anybody comes later.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors.h"
#include "market.h"
#include "onager/metrics.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using lab::v1::LabClient;
using lab::v1::LabState;
using simulation::Side;
using Door = World::Door;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kLatency = milliseconds(2);
// From the writer to the server, and from there to the observer.
constexpr Duration kTwoWays = 2 * kLatency;

simulation::SimulatedNetworkOptions EvenNetwork() {
  simulation::SimulatedNetworkOptions options;
  options.latency_min = options.latency_max = kLatency;
  options.fragment_bytes_min = options.fragment_bytes_max = 16 * 1024;
  options.window_bytes = 16 * 1024;
  return options;
}

// How long readers stall. Builds that are slow take less than the minute.
seconds StallTime() {
  const char* const text = std::getenv("ONAGER_STALL_SECONDS");
  return seconds(text == nullptr ? 60 : std::atoi(text));
}
// What is written in it, at a thousand hertz.
std::uint64_t StallWrites() { return static_cast<std::uint64_t>(StallTime().count()) * 1000; }

// Who read beside each other. Builds that are slow have fewer.
std::size_t Readers() {
  const char* const text = std::getenv("ONAGER_READERS");
  return text == nullptr ? 1000 : static_cast<std::size_t>(std::atoi(text));
}

// Of this process; zero where sanitizers keep what is freed.
std::size_t ResidentBytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return 0;
#endif
#endif
  std::size_t pages = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::string ReasonOf(const absl::Status& status) {
  const auto info = status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
  return info.has_value() ? std::string(*info) : std::string();
}

class SlowReaderTest : public testing::Test {
 protected:
  SlowReaderTest() : world_(1, EvenNetwork()) {
    world_.server_options().metrics = metrics_;
    world_.HostAlso([](server::ServerCore& server) {
      HostMarket(server);
      return absl::OkStatus();
    });
  }

  void Stall(bool stalled) {
    stalled_ = stalled;
    for (std::size_t i = 0; i < world_.network().link_count(); ++i) {
      simulation::SimulatedLink& link = world_.network().link(i);
      if (link.address() == "front") link.StallReader(Side::kClient, stalled);
    }
    // Who gives up and comes again does not read either.
    world_.network().OnLink([this](simulation::SimulatedLink& link) {
      if (link.address() == "front" && stalled_) link.StallReader(Side::kClient, true);
    });
  }

  /// Changes the actor at a thousand hertz, by some 2 kB each time, or less often.
  void Write(const LabClient& lab, Duration duration, Duration interval = milliseconds(1)) {
    for (const Time until = world_.time().Now() + duration; world_.time().Now() < until;) {
      written_at_.push_back(world_.time().Now());
      lab.Fill(2000 + static_cast<std::int64_t>(written_at_.size() % 100)).Then([](const auto& filled) {
        EXPECT_TRUE(filled.ok()) << filled;
      });
      world_.Pass(interval);
      held_max_ = std::max(held_max_, world_.server().usage().held_bytes);
    }
  }

  /// An observer that must not notice anything: each change comes when nobody holds it up.
  Subscription<LabState> Watch(const LabClient& lab) {
    return lab.Observe()
        .OnUpdate([this](const Update<LabState>& update) {
          if (update.revision == 0) return;
          ++punctual_;
          EXPECT_EQ(update.base + 1, update.revision);
          EXPECT_EQ(world_.time().Now() - written_at_.at(update.revision - 1), kTwoWays)
              << "at revision " << update.revision;
        })
        .Start();
  }

  double Value(const std::string& name, const std::string& label) const {
    double sum = 0;
    for (const MetricSample& sample : metrics_->Collect()) {
      if (sample.name != name) continue;
      for (const auto& [key, value] : sample.labels) sum += value == label ? sample.value : 0;
    }
    return sum;
  }

  const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  SimulatedWorld world_;
  bool stalled_ = false;
  std::vector<Time> written_at_;  // Of each revision.
  std::uint64_t punctual_ = 0;
  std::size_t held_max_ = 0;
};

/// A stalled connection is kept, as heartbeats are seldom.
class KeptConnectionTest : public SlowReaderTest {
 protected:
  void SetUp() override {
    world_.server_options().session.heartbeat_interval = seconds(30);
    world_.server_options().session.session_bytes_max = 64u << 10;
    world_.StartServer();
  }
};

TEST_F(KeptConnectionTest, A15_AReaderThatStallsForAMinuteIsConflatedInBoundedMemory) {
  Client slow_client = world_.NewClient(Door::kFront);
  Client client = world_.NewClient(Door::kBack);
  const LabClient lab(client, "l");
  Journal<LabState> slow;
  auto slow_watch =
      slow.Attach(LabClient(slow_client, "l").Observe().WhenSlow(SlowPolicy::Conflate())).Start();
  auto watch = Watch(lab);
  ASSERT_TRUE(world_.Until([&] { return slow.size() == 1 && watch.phase() == SubscriptionPhase::kLive; }));
  world_.Pass(seconds(1));
  Stall(true);
  Write(lab, seconds(1));  // What the process takes once and keeps.
  const std::size_t resident_before = ResidentBytes();
  Write(lab, StallTime() - seconds(1));
  const std::size_t resident = ResidentBytes();
  Stall(false);
  world_.Pass(seconds(1));
  EXPECT_EQ(punctual_, StallWrites());
  // Some 120 MB were written in a minute. The actor's log may fill up to a MiB, and this test notes when it
  // wrote.
  EXPECT_LE(resident, resident_before + (8u << 20));
  EXPECT_LE(held_max_, 64u << 10);
  EXPECT_GT(held_max_, 0u);
  EXPECT_EQ(slow.revision(), StallWrites());
  EXPECT_TRUE(slow_watch.state() == watch.state());
  EXPECT_EQ(slow_watch.last_resync(), ResyncReason::kLagged);
  EXPECT_LT(slow.size(), 200u);
  EXPECT_EQ(slow_client.stats().connections, 1u);
  EXPECT_EQ(world_.server().usage().held_bytes, 0u);
}

TEST_F(KeptConnectionTest, A15_AReaderThatStallsForAMinuteMayBeDisconnectedInstead) {
  Client slow_client = world_.NewClient(Door::kFront);
  Client client = world_.NewClient(Door::kBack);
  const LabClient lab(client, "l");
  const LabClient other(client, "other");
  Journal<LabState> slow;
  Journal<LabState> patient;
  Journal<LabState> elsewhere;
  const LabClient slow_lab(slow_client, "l");
  auto slow_watch = slow.Attach(slow_lab.Observe().WhenSlow(SlowPolicy::Disconnect())).Start();
  auto patient_watch = patient.Attach(slow_lab.Observe()).Start();
  auto elsewhere_watch =
      elsewhere.Attach(LabClient(slow_client, "other").Observe().WhenSlow(SlowPolicy::Disconnect())).Start();
  auto watch = Watch(lab);
  ASSERT_TRUE(world_.Until([&] { return slow.size() + patient.size() + elsewhere.size() == 3; }));
  world_.Pass(seconds(1));
  Stall(true);
  Write(lab, seconds(2));
  // It is over before anybody reads again.
  EXPECT_EQ(Value("onager_server_slow_ends_total", "subscription"), 1);
  EXPECT_EQ(world_.server().usage().subscriptions, 3u);
  Write(lab, StallTime() - seconds(2));
  EXPECT_FALSE(slow.end().has_value());
  Stall(false);
  ASSERT_TRUE(world_.Until([&] { return slow.end().has_value(); }));
  EXPECT_EQ(slow.end()->code(), absl::StatusCode::kResourceExhausted) << *slow.end();
  EXPECT_NE(ReasonOf(*slow.end()).find("SLOW_SUBSCRIPTION"), std::string::npos);
  // What it was shown was every revision up to where it ended.
  for (std::size_t i = 0; i < slow.size(); ++i) EXPECT_EQ(slow.entries()[i].revision, i);
  world_.Pass(seconds(1));
  EXPECT_EQ(punctual_, StallWrites());
  EXPECT_LE(held_max_, 64u << 10);

  // The session and the others go on.
  ASSERT_TRUE(world_.Until([&] { return patient.revision() == StallWrites(); }));
  EXPECT_TRUE(patient_watch.state() == watch.state());
  ASSERT_TRUE(world_.Get(other.Fill(7)).ok());
  ASSERT_TRUE(world_.Until([&] { return elsewhere.revision() == 1; }));
  EXPECT_EQ(slow_client.stats().connections, 1u);

  // What it had can be gone on from.
  Journal<LabState> again;
  auto again_watch = again.Attach(slow_lab.Observe().ResumeFrom(slow_watch.checkpoint())).Start();
  ASSERT_TRUE(world_.Until([&] { return again.revision() == StallWrites(); }));
  EXPECT_TRUE(again_watch.state() == watch.state());
  EXPECT_EQ(again_watch.last_resync(), ResyncReason::kExpired);
}

TEST_F(KeptConnectionTest, ACheckpointHoldsThePolicy) {
  Client slow_client = world_.NewClient(Door::kFront);
  Client client = world_.NewClient(Door::kBack);
  const LabClient lab(client, "l");
  const LabClient slow_lab(slow_client, "l");
  std::string checkpoint;
  {
    Journal<LabState> before;
    auto watch = before.Attach(slow_lab.Observe().WhenSlow(SlowPolicy::Disconnect())).Start();
    ASSERT_TRUE(world_.Until([&] { return before.size() == 1; }));
    checkpoint = watch.checkpoint();
  }
  Journal<LabState> ends;
  Journal<LabState> goes_on;
  auto ends_watch = ends.Attach(slow_lab.Observe().ResumeFrom(checkpoint)).Start();
  auto goes_on_watch =
      goes_on.Attach(slow_lab.Observe().ResumeFrom(checkpoint).WhenSlow(SlowPolicy::Conflate())).Start();
  world_.Pass(seconds(1));
  Stall(true);
  Write(lab, seconds(2));
  Stall(false);
  ASSERT_TRUE(world_.Until([&] { return ends.end().has_value() && goes_on.revision() == 2000; }));
  EXPECT_EQ(ends.end()->code(), absl::StatusCode::kResourceExhausted);
}

// The connection of a client that does not read is given up, and those that it makes anew as well.
TEST_F(SlowReaderTest, A15_AReaderThatStallsForAMinuteAndLosesItsConnectionsIsExactInTheEnd) {
  world_.StartServer();
  Client slow_client = world_.NewClient(Door::kFront);
  Client client = world_.NewClient(Door::kBack);
  const LabClient lab(client, "l");
  Journal<LabState> slow;
  auto slow_watch = slow.Attach(LabClient(slow_client, "l").Observe()).Start();
  auto watch = Watch(lab);
  ASSERT_TRUE(world_.Until([&] { return slow.size() == 1 && watch.phase() == SubscriptionPhase::kLive; }));
  world_.Pass(seconds(1));
  Stall(true);
  Write(lab, seconds(60), milliseconds(10));
  Stall(false);
  ASSERT_TRUE(world_.Until([&] { return slow.revision() == 6'000; }));
  EXPECT_TRUE(slow_watch.state() == watch.state());
  EXPECT_GT(slow_client.stats().connections, 1u);
  EXPECT_EQ(punctual_, 6'000u);
  EXPECT_LE(held_max_, 4u << 20);
}

// When somebody is sent something, by subscriber.
std::vector<std::vector<Duration>> DeliveriesToAThousand(bool stall, std::size_t& held_max) {
  constexpr int kUpdates = 60;
  SimulatedWorld world(1, EvenNetwork());
  world.server_options().session.session_bytes_max = 64u << 10;
  world.StartServer();
  Client writer = world.NewClient(Door::kBack);
  const LabClient lab(writer, "l");
  std::vector<std::vector<Duration>> deliveries(Readers());
  std::vector<Client> clients;
  std::vector<Subscription<LabState>> watches;
  const auto watch = [&](std::size_t number, Door door) {
    clients.push_back(world.NewClient(door));
    watches.push_back(LabClient(clients.back(), "l")
                          .Observe()
                          .OnUpdate([&world, &mine = deliveries[number]](const Update<LabState>&) {
                            mine.push_back(world.time().Now().time_since_epoch());
                          })
                          .Start());
  };
  watch(0, Door::kFront);
  for (std::size_t i = 1; i < deliveries.size(); ++i) watch(i, Door::kBack);
  EXPECT_TRUE(world.Until([&] {
    return std::all_of(deliveries.begin(), deliveries.end(),
                       [](const auto& mine) { return mine.size() == 1; });
  }));
  world.Pass(milliseconds(100));
  if (stall) world.front_link().StallReader(Side::kClient, true);
  for (int i = 0; i < kUpdates; ++i) {
    lab.Fill(1000 + i).Then([](const auto& filled) { EXPECT_TRUE(filled.ok()); });
    world.Pass(milliseconds(1));
    if (i % 10 == 9) held_max = std::max(held_max, world.server().usage().held_bytes);
  }
  world.Pass(milliseconds(100));
  held_max = std::max(held_max, world.server().usage().held_bytes);
  EXPECT_EQ(deliveries[0].size() < kUpdates, stall);
  deliveries.erase(deliveries.begin());
  for (const auto& mine : deliveries) EXPECT_EQ(mine.size(), 1u + kUpdates);
  return deliveries;
}

TEST(SlowReaderOfAThousandTest, OneThatStallsDelaysNoOtherByOneTickAndIsHeldWithinItsBudget) {
  std::size_t held_without = 0;
  std::size_t held_with = 0;
  const auto without = DeliveriesToAThousand(/*stall=*/false, held_without);
  const auto with = DeliveriesToAThousand(/*stall=*/true, held_with);
  EXPECT_TRUE(without == with);
  EXPECT_GT(held_with, 0u);
  EXPECT_LE(held_with, held_without + (64u << 10));
}

/// The server may hold 100 kB. Three clients stall, for whom 200, 60 and 30 kB wait, and one reads.
class ServerBudgetTest : public SlowReaderTest {
 protected:
  void SetUp() override {
    world_.server_options().held_bytes_max = 100'000;
    world_.StartServer();
    for (const char* const name : {"heavy", "medium", "light"}) {
      clients_.push_back(world_.NewClient(Door::kFront));
      watches_.push_back(journals_.emplace_back().Attach(LabClient(clients_.back(), name).Observe()).Start());
    }
    reader_watch_ =
        std::make_unique<Subscription<LabState>>(read_.Attach(LabClient(reader_, "read").Observe()).Start());
    EXPECT_TRUE(world_.Until([&] {
      return read_.size() == 1 && std::all_of(journals_.begin(), journals_.end(),
                                              [](const auto& journal) { return journal.size() == 1; });
    }));
    world_.Pass(seconds(1));
  }
  void Fill(const std::string& name, std::int64_t size) {
    EXPECT_TRUE(world_.Get(LabClient(writer_, name).Fill(size)).ok());
  }
  double SlowSessions() const { return Value("onager_server_slow_ends_total", "session"); }

  Client writer_ = world_.NewClient(Door::kBack);
  Client reader_ = world_.NewClient(Door::kBack);
  std::vector<Client> clients_;
  std::vector<Journal<LabState>> journals_;
  std::vector<Subscription<LabState>> watches_;
  Journal<LabState> read_;
  std::unique_ptr<Subscription<LabState>> reader_watch_;
};

TEST_F(ServerBudgetTest, OfThreeThatStallTheHeaviestGoesFirstAndIsExactInTheEnd) {
  Stall(true);
  Fill("light", 30'000);
  Fill("medium", 60'000);
  Fill("heavy", 200'000);
  EXPECT_GT(world_.server().usage().held_bytes, 200'000u);
  // Nobody is taken for stalled at once.
  world_.Pass(seconds(4));
  EXPECT_EQ(SlowSessions(), 0);
  world_.Pass(seconds(3));
  EXPECT_EQ(SlowSessions(), 1);
  EXPECT_LE(world_.server().usage().held_bytes, 100'000u);
  // Who reads is served meanwhile, also with more than the others hold.
  Fill("read", 90'000);
  ASSERT_TRUE(world_.Until([&] { return read_.revision() == 1; }));
  Stall(false);
  ASSERT_TRUE(world_.Until([&] {
    return std::all_of(journals_.begin(), journals_.end(),
                       [](const auto& journal) { return journal.revision() == 1; });
  }));
  EXPECT_EQ(watches_[0].state().ballast.size(), 200'000u);
  EXPECT_EQ(watches_[1].state().ballast.size(), 60'000u);
  EXPECT_EQ(watches_[2].state().ballast.size(), 30'000u);
  EXPECT_EQ(clients_[0].stats().connections, 2u);
  EXPECT_EQ(clients_[0].stats().resumes, 1u);
  EXPECT_EQ(clients_[0].stats().snapshots, 1u);
  EXPECT_EQ(clients_[1].stats().connections, 1u);
  EXPECT_EQ(clients_[2].stats().connections, 1u);
  EXPECT_EQ(reader_.stats().connections, 1u);
  EXPECT_EQ(SlowSessions(), 1);
  EXPECT_EQ(world_.server().usage().held_bytes, 0u);
}

TEST_F(ServerBudgetTest, WhoReadsIsNeverCutOffHoweverMuchIsHeld) {
  // For twelve seconds more is on its way to the reader than the server may hold.
  std::int64_t size = 200'000;
  for (const Time until = world_.time().Now() + seconds(12); world_.time().Now() < until;) {
    LabClient(writer_, "read").Fill(++size).Then([](const auto&) {});
    world_.Pass(milliseconds(10));
    held_max_ = std::max(held_max_, world_.server().usage().held_bytes);
  }
  EXPECT_GT(held_max_, 100'000u);
  EXPECT_EQ(SlowSessions(), 0);
  ASSERT_TRUE(
      world_.Until([&] { return reader_watch_->state().ballast.size() == static_cast<std::size_t>(size); }));
  EXPECT_EQ(reader_.stats().connections, 1u);
}

// Events of a reader that stalls wait in the replay window, and the oldest are dropped. How many is told, and
// exactly, though far more came than the server remembers one by one.
TEST_F(SlowReaderTest, EventsOfAReaderThatStallsAreToldOrCountedOneByOne) {
  constexpr std::int64_t kEvents = 9'000;
  world_.StartServer();
  Client slow_client = world_.NewClient(Door::kFront);
  Client client = world_.NewClient(Door::kBack);
  const MarketClient market(client, "m");
  std::vector<std::int64_t> told;
  std::uint64_t dropped = 0;
  Journal<MarketState> slow;
  auto watch = slow.Attach(MarketClient(slow_client, "m")
                               .Observe()
                               .OnEvent<Sold>([&](const Sold& event) { told.push_back(event.number); })
                               .OnEventsDropped([&](std::uint64_t count) { dropped += count; }))
                   .Start();
  ASSERT_TRUE(world_.Until([&] { return slow.size() == 1; }));
  world_.Pass(seconds(1));
  const auto sell = [&](std::int64_t number) {
    market
        .Edit([number](Tracked<MarketState>&, Market& at) {
          at.Emit(Sold(number, std::string(100, 't')));
          return absl::OkStatus();
        })
        .Then([](const auto& sold) { EXPECT_TRUE(sold.ok()); });
    world_.Pass(milliseconds(1));
  };
  std::int64_t number = 0;
  while (number < 100) sell(number++);
  Stall(true);
  while (number < kEvents) sell(number++);
  Stall(false);
  world_.Pass(seconds(1));
  while (number < kEvents + 100) sell(number++);
  world_.Pass(seconds(1));
  EXPECT_EQ(slow_client.stats().connections, 1u);
  EXPECT_EQ(told.size() + dropped, static_cast<std::size_t>(number));
  EXPECT_GT(dropped, 7'000u);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(std::adjacent_find(told.begin(), told.end()), told.end());
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), number - 1);
}

}  // namespace
}  // namespace onager::end_to_end
