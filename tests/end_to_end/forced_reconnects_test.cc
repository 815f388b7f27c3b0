// Real gRPC over real sockets that are reset again and again, under continuous change, with every kind of
// view and filter. `ONAGER_RECONNECTS` says how many sessions are broken; tests/soak has the long run.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "market.h"
#include "onager/client.h"
#include "onager/field_filter.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using Door = World::Door;

constexpr std::size_t kClients = 8;

std::uint64_t ReconnectsWanted() {
  const char* const text = std::getenv("ONAGER_RECONNECTS");
  return text == nullptr ? 400 : std::strtoull(text, nullptr, 10);
}

struct Watcher {
  Sight sight;
  std::string filter;
  Journal<MarketState> journal;
  std::unique_ptr<Subscription<MarketState>> subscription;
};

// Makes one change after the other, each when the one before is done.
class Writer : public std::enable_shared_from_this<Writer> {
 public:
  Writer(MarketClient market, std::uint64_t seed) : market_(std::move(market)), random_(seed) {}

  void Next() {
    if (stopping_) {
      stopped_ = true;
      return;
    }
    const std::uint64_t seed = random_();
    market_
        .Edit([seed](Tracked<MarketState>& state, Market&) {
          std::mt19937_64 random(seed);
          for (std::uint64_t n = random() % 4; n > 0; --n) ChangeAtRandom(state, random);
          return absl::OkStatus();
        })
        .Then([self = shared_from_this()](const absl::Status& done) {
          EXPECT_TRUE(done.ok()) << done;
          ++self->edits_;
          self->Next();
        });
  }
  void Stop() { stopping_ = true; }
  bool stopped() const { return stopped_; }
  std::uint64_t edits() const { return edits_; }

 private:
  const MarketClient market_;
  std::mt19937_64 random_;  // One callback at a time.
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> stopped_ = false;
  std::atomic<std::uint64_t> edits_ = 0;
};

TEST(ForcedReconnectsTest, WhatIsSeenIsTheStateHoweverOftenConnectionsAreReset) {
  const std::uint64_t wanted = ReconnectsWanted();
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  const std::unique_ptr<World> world = WorldKinds().at(0).make();
  world->StartServer();
  HostMarket(world->server());
  Client back = world->NewClient(Door::kBack);
  const MarketClient market(back, "m");
  Journal<MarketState> truth;
  const auto truth_watch = truth.Attach(market.Observe()).Start();
  ASSERT_TRUE(world->Until([&] { return truth.size() == 1; }));

  std::vector<Client> clients;
  std::vector<std::unique_ptr<Watcher>> watchers;
  const std::pair<std::string, Filter<MarketState>> filters[] = {
      {"none", Filter<MarketState>()},
      {"declared", Market::OpenAtLeast(4)},
      {"not", !Market::OpenAtLeast(4)},
      {"changed", Changed(&MarketState::items)},
      {"threshold", Threshold(&MarketState::open, 4, Crossing::kEither)},
      {"non-empty or rising", NonEmpty(&MarketState::items) || Threshold(&MarketState::open, 6)},
      {"rate", MaxRate<MarketState>(200) && Changed(&MarketState::items)},
  };
  const Sight sights[] = {
      {Sight::kAll},         {Sight::kMine, "ann"},      {Sight::kTitled, "ann", 3}, {Sight::kNoted, "ann"},
      {Sight::kMine, "bob"}, {Sight::kTitled, "bob", 1}, {Sight::kTitled, "cid", 2}, {Sight::kNoted, "bob"}};
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(world->NewClient());
    for (const auto& [name, filter] : filters) {
      auto watcher = std::make_unique<Watcher>();
      watcher->sight = sights[i % std::size(sights)];
      watcher->filter = name;
      Observation<MarketState> observation =
          MarketClient(clients[i], "m").Observe().Where(filter).Through(watcher->sight.view());
      watcher->subscription = std::make_unique<Subscription<MarketState>>(
          watcher->journal.Attach(std::move(observation)).Start());
      watchers.push_back(std::move(watcher));
    }
  }
  const auto all = [&](auto predicate) {
    return world->Until([&] { return std::all_of(watchers.begin(), watchers.end(), predicate); });
  };
  ASSERT_TRUE(all([](const auto& watcher) { return watcher->journal.size() > 0; }));

  const auto writer = std::make_shared<Writer>(market, seed);
  writer->Next();
  std::mt19937_64 random(seed + 1);
  std::uint64_t reconnects = 0;
  while (reconnects < wanted) {
    const std::uint64_t edits = writer->edits() + random() % 8;
    ASSERT_TRUE(world->Until([&] { return writer->edits() >= edits; }));
    std::vector<std::uint64_t> connections;
    for (const Client& client : clients) connections.push_back(client.stats().connections);
    world->CutFront();
    ASSERT_TRUE(world->Until([&] {
      for (std::size_t i = 0; i < clients.size(); ++i) {
        if (clients[i].stats().connections == connections[i]) return false;
      }
      return true;
    }));
    reconnects += clients.size();
  }
  writer->Stop();
  ASSERT_TRUE(world->Until([&] { return writer->stopped(); }));
  // What passes every filter at last: items change, and `open` falls below every limit and rises above.
  const auto last = [&](std::int32_t open) {
    const absl::Status done = world->Get(market.Edit([open](Tracked<MarketState>& state, Market&) {
      state.set_open(open);
      ShowEverywhere(state, std::to_string(open));
      return absl::OkStatus();
    }));
    ASSERT_TRUE(done.ok()) << done;
    ASSERT_TRUE(world->Until([&] { return truth.entries().back().state.open == open; }));
  };
  last(-1);
  const MarketState below = truth.entries().back().state;
  last(1'000'000);
  const MarketState above = truth.entries().back().state;
  ASSERT_TRUE(all([&](const auto& watcher) {
    const MarketState& due = watcher->filter == "not" ? below : above;
    return watcher->journal.entries().back().state == watcher->sight.Of(due);
  })) << "a replica stands still";

  std::map<std::uint64_t, MarketState> states;
  for (const auto& entry : truth.entries()) states[entry.revision] = entry.state;
  std::size_t compared = 0;
  std::size_t replayed = 0;
  std::size_t snapshots = 0;
  for (const auto& watcher : watchers) {
    SCOPED_TRACE(testing::Message() << watcher->sight << ", filter " << watcher->filter);
    EXPECT_FALSE(watcher->journal.end().has_value());
    std::uint64_t previous = 0;
    for (const auto& entry : watcher->journal.entries()) {
      if (entry.snapshot.has_value()) {
        ++snapshots;
      } else {
        ASSERT_EQ(entry.base, previous);
        ASSERT_LT(previous, entry.revision);
      }
      replayed += entry.replayed ? 1 : 0;
      previous = entry.revision;
      const auto state = states.find(entry.revision);
      if (state == states.end()) continue;
      ASSERT_EQ(entry.state, watcher->sight.Of(state->second)) << "revision " << entry.revision;
      ++compared;
    }
  }
  std::uint64_t resumes = 0;
  for (const Client& client : clients) resumes += client.stats().resumes;
  RecordProperty("reconnects", std::to_string(reconnects));
  RecordProperty("edits", std::to_string(writer->edits()));
  std::cout << reconnects << " reconnects, " << resumes << " resumes, " << snapshots << " snapshots, "
            << replayed << " replayed, " << writer->edits() << " edits, " << compared << " states compared\n";
  EXPECT_GE(resumes, reconnects) << "each connection carries several subscriptions, and most of them go on";
  EXPECT_GT(compared, reconnects);
  EXPECT_GT(replayed, reconnects / 2);
}

}  // namespace
}  // namespace onager::end_to_end
