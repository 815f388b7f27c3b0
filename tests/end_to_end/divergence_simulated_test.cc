// A client's copy that differs from what the server says it is, in virtual time: it is found, repaired and
// counted, whatever differs and through every view, within the period that the session's README states.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "market.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using market::v1::Item;
using market::v1::Note;
using Door = World::Door;
using MarketViews = market::v1::Market;

constexpr Duration kInterval = std::chrono::seconds(30);
// The first bookmark asks for the hash, the second has it.
constexpr int kBookmarksUntilHashed = 2;

/// A wrong copy: what a broken memory, or a broken patch, would leave.
struct Corruption {
  const char* name;
  std::function<void(MarketState& copy)> corrupt;
};

Item& ItemOf(MarketState& copy, std::uint8_t number) {
  return const_cast<Item&>(*copy.items.Find(IdOf(number)));
}

std::vector<Corruption> Corruptions() {
  return {
      {"a byte", [](MarketState& copy) { ItemOf(copy, 2).title[1] ^= 4; }},
      {"a number", [](MarketState& copy) { copy.open ^= 1; }},
      {"a byte added", [](MarketState& copy) { ItemOf(copy, 3).title += '\0'; }},
      {"a lost removal",
       [](MarketState& copy) {
         copy.items.Append(Item().with_id(IdOf(99)).with_title("gone").with_tags({"ann"}));
       }},
      {"a lost insertion", [](MarketState& copy) { copy.items.Remove(IdOf(3)); }},
      {"all lost", [](MarketState& copy) { copy = MarketState(); }},
      {"a swapped order",
       [](MarketState& copy) {
         const Item moved = ItemOf(copy, 4);
         copy.items.Remove(IdOf(4));
         copy.items.InsertBefore(IdOf(3), moved);
       }},
      {"the first put last",
       [](MarketState& copy) {
         const Item moved = copy.items.front();
         copy.items.Remove(moved.id);
         copy.items.Append(moved);
       }},
      {"a key", [](MarketState& copy) { ItemOf(copy, 2).id = IdOf(77); }},
      {"two values exchanged",
       [](MarketState& copy) { std::swap(ItemOf(copy, 2).title, ItemOf(copy, 4).title); }},
      {"an element of an element",
       [](MarketState& copy) { ItemOf(copy, 2).notes.Append(Note().with_name("new")); }},
      {"an element of an element less", [](MarketState& copy) { ItemOf(copy, 2).notes.Remove("n"); }},
  };
}

struct DivergenceWorld {
  explicit DivergenceWorld(int items = 5, std::string title = "some title") {
    world.server_options().session.bookmark_interval = kInterval;
    world.StartServer();
    HostMarket(world.server());
    client = std::make_unique<Client>(world.NewClient(Door::kFront));
    market = std::make_unique<MarketClient>(*client, "m");
    Edit([items, title](Tracked<MarketState>& state) {
      for (int i = 1; i <= items; ++i) {
        Item item = Item().with_id(IdOf32(i)).with_title(title + std::to_string(i)).with_tags({"ann"});
        item.notes.Append(Note().with_name("n").with_weight(1));
        state.mutable_items().Insert(std::move(item));
      }
      state.set_open(7);
    });
  }

  static Uuid IdOf32(int number) {
    Uuid::Bytes bytes{};
    bytes[14] = static_cast<std::uint8_t>(number >> 8);
    bytes[15] = static_cast<std::uint8_t>(number);
    return Uuid(bytes);
  }

  void Edit(std::function<void(Tracked<MarketState>&)> edit) {
    const absl::Status done = world.Get(market->Edit([edit](Tracked<MarketState>& state, Market&) {
      edit(state);
      return absl::OkStatus();
    }));
    EXPECT_TRUE(done.ok()) << done;
  }
  Subscription<MarketState> Start(Observation<MarketState> observation) {
    Subscription<MarketState> watch = journal.Attach(std::move(observation)).Start();
    EXPECT_TRUE(world.Until([&] { return journal.size() == 1; }));
    return watch;
  }
  static void Corrupt(const Subscription<MarketState>& watch,
                      const std::function<void(MarketState& copy)>& corrupt) {
    watch.Read([&](const MarketState& copy) { corrupt(const_cast<MarketState&>(copy)); });
  }

  SimulatedWorld world;
  std::unique_ptr<Client> client;
  std::unique_ptr<MarketClient> market;
  Journal<MarketState> journal;
};

TEST(DivergenceTest, EveryKindOfCorruptionIsFoundAndRepairedWithinAPeriod) {
  for (const bool with_view : {false, true}) {
    for (const bool with_filter : {false, true}) {
      DivergenceWorld world;
      const View<MarketState> view = with_view ? MarketViews::Mine("ann") : View<MarketState>();
      const Filter<MarketState> filter = with_filter ? Market::OpenAtLeast(7) : Filter<MarketState>();
      Subscription<MarketState> watch = world.Start(world.market->Observe().Through(view).Where(filter));
      const MarketState truth = watch.state();
      world.world.Pass(kBookmarksUntilHashed * kInterval);
      // Held back from now on: what is hashed is what the client has.
      if (with_filter) world.Edit([](Tracked<MarketState>& state) { state.set_open(3); });
      std::uint64_t divergences = 0;
      for (const Corruption& corruption : Corruptions()) {
        SCOPED_TRACE(testing::Message() << corruption.name << (with_view ? ", through a view" : "")
                                        << (with_filter ? ", behind a filter" : ""));
        const MarketState before = watch.state();
        DivergenceWorld::Corrupt(watch, corruption.corrupt);
        ASSERT_FALSE(watch.state() == before);
        world.world.Pass(kInterval + std::chrono::seconds(1));
        ASSERT_EQ(world.client->stats().divergences, ++divergences);
        EXPECT_EQ(watch.last_resync(), ResyncReason::kReplicaDiverged);
        MarketState expected = truth;
        // The snapshot is of the newest state, whatever the filter says.
        if (with_filter) expected.open = 3;
        ASSERT_TRUE(watch.state() == expected) << watch.state() << "\n" << expected;
        // Another one needs to be hashed anew behind a filter.
        world.world.Pass(kBookmarksUntilHashed * kInterval);
        ASSERT_EQ(world.client->stats().divergences, divergences);
      }
      // It goes on as if nothing had been.
      world.Edit([](Tracked<MarketState>& state) {
        state.set_open(9);
        state.mutable_items().MoveToFront(IdOf(3));
        state.mutable_items().Remove(IdOf(1));
      });
      ASSERT_TRUE(world.world.Until([&] { return watch.state().open == 9; }));
      EXPECT_EQ(watch.state().items.size(), 4u);
      EXPECT_EQ(watch.state().items.front().id, IdOf(3));
      world.world.Pass(4 * kInterval);
      EXPECT_EQ(world.client->stats().divergences, divergences);
    }
  }
}

// Of a large copy a slice is looked at with each bookmark, so that all of it is looked at within as many.
TEST(DivergenceTest, OneByteOfALargeCopyIsFoundWithinOneScrubPeriod) {
  constexpr int kItems = 3000;
  DivergenceWorld world(kItems, std::string(100, 't'));
  Subscription<MarketState> watch = world.Start(world.market->Observe());
  world.world.Pass(kBookmarksUntilHashed * kInterval);
  constexpr int kSlices = 8;  // About 370 KiB.
  std::mt19937_64 random(std::random_device{}());
  int soonest = 100;
  for (int i = 1; i <= 8; ++i) {
    const Uuid id = DivergenceWorld::IdOf32(1 + static_cast<int>(random() % kItems));
    const std::size_t byte = random() % 100;
    DivergenceWorld::Corrupt(watch, [&](MarketState& copy) {
      const_cast<Item&>(*copy.items.Find(id)).title[byte] ^= static_cast<char>(1 + random() % 127);
    });
    int bookmarks = 0;
    while (world.client->stats().divergences < static_cast<std::uint64_t>(i)) {
      ASSERT_LT(bookmarks, kSlices);
      world.world.Pass(kInterval);
      ++bookmarks;
    }
    soonest = std::min(soonest, bookmarks);
    world.world.Pass(std::chrono::seconds(1));
    EXPECT_EQ(watch.state().items.Find(id)->title[byte], 't');
  }
  EXPECT_LT(soonest, kSlices);
}

// Negative control of all of the above, while the state grows over the border of one slice and shrinks again.
TEST(DivergenceTest, NoCopyThatIsRightIsTakenForAWrongOne) {
  DivergenceWorld world;
  Subscription<MarketState> watch = world.Start(world.market->Observe());
  Journal<MarketState> other;
  Subscription<MarketState> mine =
      other.Attach(world.market->Observe().Through(MarketViews::Mine("ann"))).Start();
  std::mt19937_64 random(7);
  int last = 5;
  for (int round = 0; round < 120; ++round) {
    world.Edit([&](Tracked<MarketState>& state) {
      const bool grows = round % 60 < 40;
      for (int i = 0; i < 10; ++i) {
        if (grows) {
          state.mutable_items().InsertFront(Item()
                                                .with_id(DivergenceWorld::IdOf32(++last))
                                                .with_title(std::string(random() % 1000, 'x'))
                                                .with_tags({random() % 2 == 0 ? "ann" : "bob"}));
        } else if (state.value().items.size() > 1) {
          const Uuid back = state.value().items.back().id;
          const Uuid front = state.value().items.front().id;
          state.mutable_items().Remove(back);
          state.mutable_items().Remove(front);
        }
      }
    });
    world.world.Pass(std::chrono::seconds(static_cast<int>(random() % 60)));
    if (round % 20 == 0) world.world.CutFront();
  }
  world.world.Pass(3 * kInterval);
  EXPECT_EQ(world.client->stats().divergences, 0u);
  EXPECT_GT(world.client->stats().bookmarks, 100u);
}

// An idle subscription behind a filter, and a client that was away longer than the server remembers what the
// filter said. Fault that makes it fail: a position that only deliveries move.
TEST(BookmarkedTokenTest, WhatWasHeldBackIsNoGapHoweverLongTheClientWasAway) {
  for (const bool bookmarks : {true, false}) {
    SimulatedWorld world;
    world.server_options().session.bookmark_interval = bookmarks ? kInterval : Duration::zero();
    world.server_options().actors.replay.count_max = 4;
    world.StartServer();
    HostMarket(world.server());
    Client client = world.NewClient(Door::kFront);
    Client back = world.NewClient(Door::kBack);
    const MarketClient market(back, "m");
    Journal<MarketState> journal;
    Subscription<MarketState> watch =
        journal.Attach(MarketClient(client, "m").Observe().Where(Market::OpenAtLeast(100))).Start();
    ASSERT_TRUE(world.Until([&] { return journal.size() == 1; }));
    for (int i = 1; i <= 20; ++i) ASSERT_TRUE(world.Get(market.SetOpen(i)).ok());
    world.Pass(kInterval + std::chrono::seconds(1));
    world.ShutFront(true);
    world.CutFront();
    world.Pass(std::chrono::minutes(10));
    world.ShutFront(false);
    ASSERT_TRUE(world.Until([&] { return client.stats().connections == 2; }));
    world.Pass(std::chrono::seconds(1));
    EXPECT_EQ(client.stats().snapshots, bookmarks ? 1u : 2u);
    EXPECT_EQ(client.stats().resumes, bookmarks ? 1u : 0u);
    EXPECT_EQ(watch.last_resync().has_value(), !bookmarks);
    // What opens the filter comes, as a delta or as the snapshot that replaces what the window has lost.
    ASSERT_TRUE(world.Get(market.SetOpen(100)).ok());
    ASSERT_TRUE(world.Until([&] { return watch.state().open == 100; }));
  }
}

}  // namespace
}  // namespace onager::end_to_end
