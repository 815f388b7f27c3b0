// Subscriptions that are paused, and whose filter and view change while they live, in each world.

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "market.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using market::v1::Item;
using Door = World::Door;
using MarketViews = market::v1::Market;

class ControlScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    world_->StartServer();
    HostMarket(world_->server());
  }
  World& world() { return *world_; }
  void Put(const MarketClient& market, std::uint8_t number, std::string title, Set<std::string> tags) {
    const absl::Status done = world().Get(market.Edit([=](Tracked<MarketState>& state, Market&) {
      state.mutable_items().Insert(Item().with_id(IdOf(number)).with_title(title).with_tags(tags));
      return absl::OkStatus();
    }));
    EXPECT_TRUE(done.ok()) << done;
  }
  void SetOpen(const MarketClient& market, std::int32_t open) {
    const absl::Status done = world().Get(market.SetOpen(open));
    EXPECT_TRUE(done.ok()) << done;
  }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, ControlScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

/// The elements that came and went, as the application was told. Thread-safe.
class Arrivals {
 public:
  Observation<MarketState> Attach(Observation<MarketState> observation) {
    return std::move(observation)
        .OnChange([data = data_](const MarketState&, const Change<MarketState>& change) {
          std::string text;
          for (const Item* item : change.items().inserted()) text += "+" + item->title;
          for (const Item* item : change.items().removed()) text += "-" + item->title;
          for (const auto& updated : change.items().updated()) text += "~" + updated.element->title;
          MutexLock lock(data->mutex);
          data->changes.push_back(text);
        });
  }
  std::vector<std::string> changes() const {
    MutexLock lock(data_->mutex);
    return data_->changes;
  }

 private:
  struct Data {
    Mutex mutex;
    std::vector<std::string> changes ABSL_GUARDED_BY(mutex);
  };
  std::shared_ptr<Data> data_ = std::make_shared<Data>();
};

TEST_P(ControlScenarioTest, AnotherViewComesInOneStepAndTheChangeSaysWhatCameAndWent) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Put(market, 1, "a", {"ann"});
  Put(market, 2, "ab", {"ann", "bob"});
  Put(market, 3, "b", {"bob"});
  Journal<MarketState> journal;
  Arrivals arrivals;
  auto watch = arrivals.Attach(journal.Attach(market.Observe().Through(MarketViews::Mine("ann")))).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kLive);
  EXPECT_FALSE(watch.last_resync().has_value());
  const std::string token = watch.token();

  ASSERT_TRUE(watch.ChangeView(MarketViews::Mine("bob")).ok());
  ASSERT_TRUE(world().Until([&] { return journal.size() == 2; }));
  EXPECT_EQ(journal.entries()[1].snapshot, ResyncReason::kViewChanged);
  EXPECT_EQ(journal.entries()[1].revision, 3u);
  EXPECT_EQ(watch.last_resync(), ResyncReason::kViewChanged);
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kLive);
  EXPECT_EQ(arrivals.changes(), (std::vector<std::string>{"+a+ab", "+b-a"}));
  EXPECT_NE(watch.token(), token);

  // From here on deltas of the new view, also across a lost connection.
  Put(market, 4, "ann's", {"ann"});
  Put(market, 5, "bob's", {"bob"});
  ASSERT_TRUE(world().Until([&] { return journal.size() == 3; }));
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.stats().resumes == 1; }));
  Put(market, 6, "bob's too", {"bob"});
  ASSERT_TRUE(world().Until([&] { return journal.size() == 4; }));
  EXPECT_EQ(arrivals.changes().back(), "+bob's too");
  EXPECT_EQ(client.stats().snapshots, 2u);

  // What the checkpoint says is what is observed now.
  const std::string checkpoint = watch.checkpoint();
  Put(market, 7, "and this", {"bob"});
  Journal<MarketState> resumed;
  auto resumed_watch = resumed.Attach(market.Observe().ResumeFrom(checkpoint)).Start();
  ASSERT_TRUE(world().Until([&] { return resumed.size() == 2; }));
  EXPECT_EQ(resumed.entries()[0].state.items.size(), 4u);
  EXPECT_EQ(resumed.entries()[1].state.items.size(), 5u);
  EXPECT_FALSE(resumed.entries()[1].snapshot.has_value());
}

TEST_P(ControlScenarioTest, AnotherFilterCountsFromNowOn) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> journal;
  auto watch = journal.Attach(market.Observe().Where(Market::OpenAtLeast(10))).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  SetOpen(market, 5);  // Held back, and seen when another filter asks for the state.
  ASSERT_TRUE(watch.Refilter(Market::OpenAtLeast(3)).ok());
  ASSERT_TRUE(world().Until([&] { return journal.size() == 2; }));
  EXPECT_EQ(journal.entries()[1].state.open, 5);
  SetOpen(market, 2);
  SetOpen(market, 4);
  ASSERT_TRUE(world().Until([&] { return journal.size() == 3; }));
  EXPECT_EQ(journal.entries()[2].state.open, 4);
  EXPECT_EQ(journal.entries()[2].revision, 3u);
}

TEST_P(ControlScenarioTest, ThereAndBackAgainIsNoChangeAtAll) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Put(market, 1, "a", {"ann"});
  Journal<MarketState> journal;
  auto watch = journal.Attach(market.Observe().Through(MarketViews::Mine("ann"))).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kConnecting);
  ASSERT_TRUE(watch.ChangeView(MarketViews::Mine("bob")).ok());
  ASSERT_TRUE(watch.ChangeView(MarketViews::Mine("ann")).ok());
  world().ShutFront(false);
  ASSERT_TRUE(world().Until([&] { return client.stats().resumes == 1; }));
  EXPECT_EQ(client.stats().snapshots, 1u);
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kLive);
}

TEST_P(ControlScenarioTest, WhatTheActorDoesNotHaveEndsTheSubscription) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> journal;
  auto watch = journal.Attach(market.Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  EXPECT_EQ(watch.ChangeView(View<MarketState>::FromBytes(std::string(70'000, 'x'))).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kLive);
  ASSERT_TRUE(watch.ChangeView(View<MarketState>::FromBytes("nonsense")).ok());
  ASSERT_TRUE(world().Until([&] { return journal.end().has_value(); }));
  EXPECT_EQ(journal.end()->code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kEnded);
  EXPECT_EQ(watch.Refilter(Filter<MarketState>()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(ControlScenarioTest, APausedSubscriptionCostsTheServerNothingAndGoesOnWhereItStood) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> journal;
  auto watch = journal.Attach(market.Observe()).Start();
  SetOpen(market, 1);
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 1; }));
  watch.Pause();
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kPaused);
  ASSERT_TRUE(world().Until([&] { return world().server().usage().subscriptions == 0; }));
  for (int i = 2; i <= 5; ++i) SetOpen(market, i);
  // Neither a change nor a reconnect wakes it.
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.stats().connections == 2; }));
  SetOpen(market, 6);
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kPaused);
  EXPECT_EQ(journal.revision(), 1u);

  watch.Resume();
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 6; }));
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kLive);
  EXPECT_EQ(journal.entries().back().state.open, 6);
  EXPECT_EQ(client.stats().snapshots, 1u);
  std::uint64_t previous = 0;
  for (const auto& entry : journal.entries()) {
    EXPECT_EQ(entry.base, previous);
    previous = entry.revision;
  }
}

TEST_P(ControlScenarioTest, APauseBeyondTheReplayWindowEndsWithASnapshotThatSaysSo) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> journal;
  auto watch = journal.Attach(market.Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  watch.Pause();
  ASSERT_TRUE(world().Until([&] { return world().server().usage().subscriptions == 0; }));
  for (int i = 1; i <= 1'100; ++i) SetOpen(market, i);
  watch.Resume();
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 1'100; }));
  EXPECT_EQ(journal.size(), 2u);
  EXPECT_EQ(watch.last_resync(), ResyncReason::kExpired);
}

TEST_P(ControlScenarioTest, AChangeWhilePausedComesWithTheResume) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Put(market, 1, "a", {"ann"});
  Put(market, 2, "b", {"bob"});
  Journal<MarketState> journal;
  Arrivals arrivals;
  auto watch = arrivals.Attach(journal.Attach(market.Observe().Through(MarketViews::Mine("ann")))).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  watch.Pause();
  ASSERT_TRUE(watch.ChangeView(MarketViews::Mine("bob")).ok());
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kPaused);
  watch.Resume();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 2; }));
  EXPECT_EQ(arrivals.changes(), (std::vector<std::string>{"+a", "+b-a"}));
  watch.Pause();
  watch.Close();
  EXPECT_EQ(watch.phase(), SubscriptionPhase::kEnded);
  watch.Resume();
  EXPECT_TRUE(world().Until([&] { return world().server().usage().subscriptions == 0; }));
}

}  // namespace
}  // namespace onager::end_to_end
