// Random schedules of changes, events, cuts and resyncs in virtual time: whatever is shown through a view and
// a filter is what the state was at that revision, and every event is told once or counted.

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "market.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using market::v1::Item;
using market::v1::Note;
using Door = World::Door;
using MarketViews = market::v1::Market;

const Sight kSights[] = {{Sight::kAll},
                         {Sight::kMine, "ann"},
                         {Sight::kMine, "bob"},
                         {Sight::kTitled, "ann", 3},
                         {Sight::kTitled, "bob", 1},
                         {Sight::kNoted, "bob"}};

/// One way to look at the market.
struct Look {
  Sight sight;
  std::int32_t open_at_least = -100;  // Of the filter; below zero: none.

  Filter<MarketState> filter() const {
    return open_at_least < 0 ? Filter<MarketState>() : Market::OpenAtLeast(open_at_least);
  }
};

/// An observer: how it has looked at the market, and what it saw.
struct Watcher {
  std::vector<Look> looks;  // One after the other.
  bool paused = false;
  Journal<MarketState> journal;
  std::set<Uuid> shown;  // The elements that came and did not go, by what changes say.
  std::vector<std::int64_t> events;
  std::uint64_t dropped = 0;
  std::unique_ptr<Subscription<MarketState>> subscription;
};

class RandomMarket {
 public:
  explicit RandomMarket(std::uint64_t seed)
      : world_(seed),
        random_(seed * 7919 + 1),
        front_((Start(world_), world_.NewClient(Door::kFront))),
        back_(world_.NewClient(Door::kBack)),
        market_(back_, "m") {
    truth_watch_ = std::make_unique<Subscription<MarketState>>(truth_.Attach(market_.Observe()).Start());
    EXPECT_TRUE(world_.Until([&] { return truth_.size() == 1; }));
    int number = 0;
    for (const Sight& sight : kSights) {
      for (const std::int32_t open : {-100, 2, 5}) {
        auto watcher = std::make_unique<Watcher>();
        watcher->looks.push_back({sight, open});
        Observation<MarketState> observation =
            MarketClient(++number % 2 == 0 ? front_ : back_, "m")
                .Observe()
                .Through(sight.view())
                .Where(watcher->looks[0].filter())
                .OnChange(
                    [raw = watcher.get()](const MarketState& now, const onager::Change<MarketState>& change) {
                      // One that was taken out and put in again is in both.
                      for (const Item* item : change.items().removed())
                        EXPECT_EQ(raw->shown.erase(item->id), 1u);
                      for (const Item* item : change.items().inserted()) {
                        EXPECT_TRUE(raw->shown.insert(item->id).second);
                      }
                      std::set<Uuid> items;
                      for (const Item& item : now.items) items.insert(item.id);
                      EXPECT_EQ(raw->shown, items);
                    })
                .OnEvent<Sold>(
                    [raw = watcher.get()](const Sold& event) { raw->events.push_back(event.number); })
                .OnEventsDropped([raw = watcher.get()](std::uint64_t count) { raw->dropped += count; });
        watcher->subscription = std::make_unique<Subscription<MarketState>>(
            watcher->journal.Attach(std::move(observation)).Start());
        watchers_.push_back(std::move(watcher));
      }
    }
    EXPECT_TRUE(world_.Until([&] {
      for (const auto& watcher : watchers_) {
        if (watcher->journal.size() == 0) return false;
      }
      return true;
    }));
  }

  void Run(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      const std::uint64_t dice = random_() % 20;
      if (dice == 0) {
        world_.CutFront();
        ++cuts_;
      } else if (dice == 1) {
        world_.ShutFront(random_() % 2 == 0);
      } else if (dice == 2) {
        world_.Pass(std::chrono::milliseconds(random_() % 30'000));
      } else if (dice == 3 && random_() % 4 == 0) {
        watchers_[random_() % watchers_.size()]->subscription->Resync();
      } else if (dice == 4) {
        Watcher& watcher = *watchers_[random_() % watchers_.size()];
        watcher.paused = !watcher.paused;
        if (watcher.paused) {
          watcher.subscription->Pause();
        } else {
          watcher.subscription->Resume();
        }
      } else if (dice == 5) {
        Watcher& watcher = *watchers_[random_() % watchers_.size()];
        const std::int32_t opens[] = {-100, 2, 5};
        const Look look{kSights[random_() % std::size(kSights)], opens[random_() % 3]};
        watcher.looks.push_back(look);
        EXPECT_TRUE(watcher.subscription->Change(look.filter(), look.sight.view()).ok());
        ++looks_;
      } else {
        Turn();
      }
    }
    world_.ShutFront(false);
    for (const auto& watcher : watchers_) watcher->subscription->Resume();
    // The last change passes every filter and shows through every view.
    const absl::Status last = world_.Get(market_.Edit([](Tracked<MarketState>& state, Market&) {
      state.set_open(1'000'000);
      ShowEverywhere(state, "last");
      return absl::OkStatus();
    }));
    EXPECT_TRUE(last.ok()) << last;
    EXPECT_TRUE(world_.Until([&] { return truth_.entries().back().state.open == 1'000'000; }));
    const MarketState due = truth_.entries().back().state;
    EXPECT_TRUE(world_.Until([&] {
      for (const auto& watcher : watchers_) {
        if (!(watcher->journal.entries().back().state == watcher->looks.back().sight.Of(due))) return false;
      }
      return true;
    }));
    for (const auto& watcher : watchers_) Check(*watcher);
    // Nobody was told that a copy is wrong which is not.
    world_.Pass(std::chrono::seconds(5));
    EXPECT_EQ(front_.stats().divergences + back_.stats().divergences, 0u);
  }

  std::uint64_t cuts() const { return cuts_; }
  std::uint64_t looks() const { return looks_; }
  std::uint64_t bookmarks() const { return front_.stats().bookmarks + back_.stats().bookmarks; }
  std::uint64_t resumes() const { return front_.stats().resumes; }
  std::size_t events() const {
    std::size_t count = 0;
    for (const auto& watcher : watchers_) count += watcher->events.size();
    return count;
  }
  std::size_t deliveries() const {
    std::size_t count = 0;
    for (const auto& watcher : watchers_) count += watcher->journal.size();
    return count;
  }
  std::size_t filtered() const { return watchers_.size() * truth_.size() - deliveries(); }

 private:
  static void Start(SimulatedWorld& world) {
    world.server_options().actors.replay.count_max = 40;
    world.server_options().session.bookmark_interval = std::chrono::seconds(1);
    world.StartServer();
    HostMarket(world.server());
  }

  // One turn with some changes, and perhaps with events.
  void Turn() {
    const std::uint64_t seed = random_();
    const std::int64_t first_event = next_event_;
    std::int64_t emitted = 0;
    const absl::Status done =
        world_.Get(market_.Edit([seed, first_event, &emitted](Tracked<MarketState>& state, Market& market) {
          std::mt19937_64 random(seed);
          emitted = 0;
          const int changes = static_cast<int>(random() % 4);
          for (int i = 0; i < changes; ++i) ChangeAtRandom(state, random);
          if (random() % 3 == 0) {
            for (std::uint64_t n = random() % 3 + 1; n > 0; --n) market.Emit(Sold(first_event + emitted++));
          }
          return random() % 10 == 0 ? absl::AbortedError("undone") : absl::OkStatus();
        }));
    if (done.ok()) {
      next_event_ += emitted;
    } else {
      EXPECT_EQ(done.code(), absl::StatusCode::kAborted) << done;
    }
  }

  void Check(const Watcher& watcher) {
    SCOPED_TRACE(testing::Message() << watcher.looks[0].sight << ", open at least "
                                    << watcher.looks[0].open_at_least);
    // A revision that nobody may see is not in the truth; it shows what the one before it does.
    std::map<std::uint64_t, MarketState> truth;
    for (const auto& entry : truth_.entries()) truth[entry.revision] = entry.state;
    const auto at = [&truth](std::uint64_t revision) {
      return std::prev(truth.upper_bound(revision))->second;
    };
    std::uint64_t previous = 0;
    std::size_t index = 0;
    // The looks that may be the one in force: a later one comes with a snapshot, and never an earlier one.
    std::set<std::size_t> in_force = {0};
    for (const auto& entry : watcher.journal.entries()) {
      if (entry.snapshot.has_value()) {
        for (std::size_t later = *in_force.begin(); later < watcher.looks.size(); ++later)
          in_force.insert(later);
      }
      std::erase_if(in_force, [&](std::size_t look) {
        return !(entry.state == watcher.looks[look].sight.Of(at(entry.revision)));
      });
      ASSERT_FALSE(in_force.empty()) << "at revision " << entry.revision;
      if (index > 0 && !entry.snapshot.has_value()) {
        EXPECT_EQ(entry.base, previous);
        EXPECT_LT(previous, entry.revision);
        // Behind a filter a change and its opposite may come as one, and an element that takes the place of
        // another in one turn may look the same where little of it is shown.
        if (watcher.looks.size() == 1 && watcher.looks[0].open_at_least < 0 &&
            watcher.looks[0].sight.kind != Sight::kNoted) {
          EXPECT_NE(entry.state, watcher.looks[0].sight.Of(at(previous))) << "nothing is no delivery";
        }
      }
      previous = entry.revision;
      ++index;
    }
    EXPECT_TRUE(in_force.contains(watcher.looks.size() - 1));
    // Every event after the first one that it was told of is told, or counted; in order.
    if (!watcher.events.empty()) {
      std::int64_t expected = watcher.events.front();
      std::uint64_t missing = 0;
      for (const std::int64_t number : watcher.events) {
        ASSERT_GE(number, expected);
        missing += static_cast<std::uint64_t>(number - expected);
        expected = number + 1;
      }
      missing += static_cast<std::uint64_t>(next_event_ - expected);
      const std::uint64_t before_first = static_cast<std::uint64_t>(watcher.events.front() - 1);
      EXPECT_GE(watcher.dropped, missing);
      EXPECT_LE(watcher.dropped, missing + before_first);
    }
  }

  SimulatedWorld world_;
  std::mt19937_64 random_;
  Client front_;
  Client back_;
  const MarketClient market_;
  Journal<MarketState> truth_;
  std::unique_ptr<Subscription<MarketState>> truth_watch_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::int64_t next_event_ = 1;
  std::uint64_t cuts_ = 0;
  std::uint64_t looks_ = 0;
};

// At every byte at which a connection may break while filter and view change, the observer is shown the old
// view's state or the new one's, each whole, and arrives at the new one.
TEST(CutDuringAChangeTest, A16_AConnectionThatBreaksAtAnyByteOfAChangeHarmsNothing) {
  for (std::uint64_t offset = 1; offset < 1'000; offset += 3) {
    SCOPED_TRACE(testing::Message() << "cut at byte " << offset);
    SimulatedWorld world(offset);
    world.StartServer();
    HostMarket(world.server());
    Client back = world.NewClient(Door::kBack);
    const MarketClient behind(back, "m");
    const auto put = [&](std::uint8_t number, const std::string& user) {
      ASSERT_TRUE(world
                      .Get(behind.Edit([=](Tracked<MarketState>& state, Market&) {
                        state.mutable_items().Insert(
                            Item().with_id(IdOf(number)).with_title(user).with_tags({user}));
                        return absl::OkStatus();
                      }))
                      .ok());
    };
    for (std::uint8_t i = 1; i <= 3; ++i) put(i, i % 2 == 0 ? "bob" : "ann");
    Client client = world.NewClient(Door::kFront);
    Journal<MarketState> journal;
    auto watch =
        journal.Attach(MarketClient(client, "m").Observe().Through(MarketViews::Mine("ann"))).Start();
    ASSERT_TRUE(world.Until([&] { return journal.size() == 1; }));
    simulation::SimulatedLink& link = world.front_link();
    const simulation::Side side = offset % 2 == 0 ? simulation::Side::kServer : simulation::Side::kClient;
    link.CutAtByte(side, link.counters(side).bytes_sent + offset / 2);
    put(4, "ann");
    ASSERT_TRUE(watch.Change(Market::OpenAtLeast(0), MarketViews::Mine("bob")).ok());
    put(5, "bob");
    put(6, "ann");
    ASSERT_TRUE(world.Until([&] {
      const MarketState now = journal.entries().back().state;
      return now.items.size() == 2 && now.items.front().title == "bob";
    }));
    for (const auto& entry : journal.entries()) {
      std::set<std::string> users;
      for (const Item& item : entry.state.items) users.insert(item.title);
      EXPECT_LE(users.size(), 1u) << "two views at once, at revision " << entry.revision;
    }
    const MarketState last = watch.state();
    ASSERT_EQ(last.items.size(), 2u);
    for (const Item& item : last.items) EXPECT_EQ(item.title, "bob");
    EXPECT_EQ(watch.last_resync(), ResyncReason::kViewChanged);
  }
}

TEST(RandomMarketTest, WhatIsSeenThroughAViewAndAFilterIsTheStateAtThatRevision) {
  const std::uint64_t first_seed = std::random_device{}();
  std::uint64_t cuts = 0;
  std::uint64_t resumes = 0;
  std::size_t deliveries = 0;
  std::size_t filtered = 0;
  std::size_t events = 0;
  std::uint64_t looks = 0;
  std::uint64_t bookmarks = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 12; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomMarket market(seed);
    market.Run(150);
    if (testing::Test::HasFailure()) return;
    cuts += market.cuts();
    resumes += market.resumes();
    deliveries += market.deliveries();
    filtered += market.filtered();
    events += market.events();
    looks += market.looks();
    bookmarks += market.bookmarks();
  }
  // The schedules did what they are for.
  EXPECT_GT(cuts, 20u);
  EXPECT_GT(resumes, 50u);
  EXPECT_GT(deliveries, 1000u);
  EXPECT_GT(filtered, 1000u);
  EXPECT_GT(events, 1000u);
  EXPECT_GT(looks, 30u);
  EXPECT_GT(bookmarks, 1000u);
}

}  // namespace
}  // namespace onager::end_to_end
