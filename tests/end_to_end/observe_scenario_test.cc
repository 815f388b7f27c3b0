// What is promised of filters, views and events, over every transport.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "market.h"
#include "onager/executor.h"
#include "onager/generated/choice.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using market::v1::Item;
using market::v1::Note;
using Door = World::Door;
using MarketViews = market::v1::Market;

class ObserveScenarioTest : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    Start();
  }
  void Start() {
    world_->StartServer();
    HostMarket(world_->server());
  }
  World& world() { return *world_; }
  void Edit(const MarketClient& market, Market::Body body) {
    const absl::Status done = world().Get(market.Edit(std::move(body)));
    EXPECT_TRUE(done.ok()) << done;
  }
  void SetOpen(const MarketClient& market, std::int32_t open) {
    const absl::Status done = world().Get(market.SetOpen(open));
    EXPECT_TRUE(done.ok()) << done;
  }
  void Emit(const MarketClient& market, std::int64_t number) {
    Edit(market, [number](Tracked<MarketState>&, Market& actor) {
      actor.Emit(Sold(number));
      return absl::OkStatus();
    });
  }

  std::unique_ptr<World> world_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, ObserveScenarioTest, testing::ValuesIn(WorldKinds()),
                         [](const auto& kind) { return kind.param.name; });

/// The events that an observer was told of, and how many it was told that it missed. Thread-safe.
class Events {
 public:
  Observation<MarketState> Attach(Observation<MarketState> observation) {
    return std::move(observation)
        .OnEvent<Sold>([data = data_](const Sold& event) {
          MutexLock lock(data->mutex);
          data->numbers.push_back(event.number);
        })
        .OnEventsDropped([data = data_](std::uint64_t count) {
          MutexLock lock(data->mutex);
          data->dropped += count;
        });
  }
  std::vector<std::int64_t> numbers() const {
    MutexLock lock(data_->mutex);
    return data_->numbers;
  }
  std::size_t size() const { return numbers().size(); }
  std::uint64_t dropped() const {
    MutexLock lock(data_->mutex);
    return data_->dropped;
  }

 private:
  struct Data {
    Mutex mutex;
    std::vector<std::int64_t> numbers ABSL_GUARDED_BY(mutex);
    std::uint64_t dropped ABSL_GUARDED_BY(mutex) = 0;
  };
  std::shared_ptr<Data> data_ = std::make_shared<Data>();
};

std::vector<std::int64_t> UpTo(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 1; i <= count; ++i) numbers.push_back(i);
  return numbers;
}

TEST_P(ObserveScenarioTest, AFilterHoldsBackWhatItDoesNotLetPassAndThenBringsTheStateAsItIs) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> journal;
  auto watch = journal.Attach(market.Observe().Where(Market::OpenAtLeast(5))).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  for (const int open : {1, 2, 5, 6, 3, 4, 9}) SetOpen(market, open);
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 7; }));
  const auto entries = journal.entries();
  ASSERT_EQ(entries.size(), 4u);
  const std::vector<std::vector<std::uint64_t>> expected = {{0, 0, 0}, {0, 3, 5}, {3, 4, 6}, {4, 7, 9}};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].base, expected[i][0]);
    EXPECT_EQ(entries[i].revision, expected[i][1]);
    EXPECT_EQ(entries[i].state.open, static_cast<std::int32_t>(expected[i][2]));
  }
}

TEST_P(ObserveScenarioTest, AFilterComparesWithThePreviousRevision) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> journal;
  auto watch = journal.Attach(market.Observe().Where(MarketViews::Crosses(3))).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  for (const int open : {1, 2, 3, 4, 2, 1, 7}) SetOpen(market, open);
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 7; }));
  std::vector<std::uint64_t> revisions;
  for (const auto& entry : journal.entries()) revisions.push_back(entry.revision);
  EXPECT_EQ(revisions, (std::vector<std::uint64_t>{0, 3, 5, 7}));
}

TEST_P(ObserveScenarioTest, FiltersAreCombinedAndOneThatFailsIsOpen) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> between;
  Journal<MarketState> broken;
  auto between_watch =
      between.Attach(market.Observe().Where(Market::OpenAtLeast(2) && !Market::OpenAtLeast(4))).Start();
  auto broken_watch = broken.Attach(market.Observe().Where(Market::Broken())).Start();
  ASSERT_TRUE(world().Until([&] { return between.size() == 1 && broken.size() == 1; }));
  for (const int open : {1, 2, 3, 4, 5, 3}) SetOpen(market, open);
  ASSERT_TRUE(world().Until([&] { return between.revision() == 6 && broken.revision() == 6; }));
  std::vector<std::uint64_t> revisions;
  for (const auto& entry : between.entries()) revisions.push_back(entry.revision);
  EXPECT_EQ(revisions, (std::vector<std::uint64_t>{0, 2, 3, 6}));
  EXPECT_EQ(broken.size(), 7u);
}

TEST_P(ObserveScenarioTest, AViewShowsAnElementThatEntersMovesChangesAndLeaves) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> all;
  Journal<MarketState> mine;
  auto all_watch = all.Attach(market.Observe()).Start();
  struct Seen {
    Mutex mutex;
    std::vector<std::string> changes ABSL_GUARDED_BY(mutex);
  };
  auto seen = std::make_shared<Seen>();
  auto mine_watch = mine.Attach(market.Observe().Through(MarketViews::Mine("ann")))
                        .OnChange([seen](const MarketState&, const Change<MarketState>& change) {
                          std::string text;
                          for (const Item* item : change.items().inserted()) text += "+" + item->title;
                          for (const Item* item : change.items().removed()) text += "-" + item->title;
                          for (const Item* item : change.items().moved()) text += ">" + item->title;
                          for (const auto& updated : change.items().updated())
                            text += "~" + updated.element->title;
                          MutexLock lock(seen->mutex);
                          seen->changes.push_back(text);
                        })
                        .Start();
  ASSERT_TRUE(world().Until([&] { return all.size() == 1 && mine.size() == 1; }));
  const auto with_tags = [](std::uint8_t number, std::string title, Set<std::string> tags) {
    return [=](Tracked<MarketState>& state, Market&) {
      state.mutable_items().Insert(Item().with_id(IdOf(number)).with_title(title).with_tags(tags));
      return absl::OkStatus();
    };
  };
  const auto on_item = [](std::uint8_t number, const std::function<void(Tracked<Item>&)>& change) {
    return [=](Tracked<MarketState>& state, Market&) {
      auto item = state.mutable_items().Find(IdOf(number));
      change(*item);
      return absl::OkStatus();
    };
  };
  Edit(market, with_tags(1, "one", {"bob"}));         // Unseen.
  Edit(market, with_tags(2, "two", {"ann", "bob"}));  // Inserted.
  Edit(market,
       on_item(1, [](Tracked<Item>& item) { item.mutable_tags().Insert("ann"); }));  // Enters, in front.
  Edit(market, on_item(2, [](Tracked<Item>& item) { item.set_title("zwei"); }));     // Changed.
  Edit(market, on_item(2, [](Tracked<Item>& item) { item.set_done(true); }));        // In an unseen field.
  Edit(market, [](Tracked<MarketState>& state, Market&) {                            // Moved.
    state.mutable_items().MoveBefore(IdOf(2), IdOf(1));
    return absl::OkStatus();
  });
  Edit(market, on_item(2, [](Tracked<Item>& item) { item.mutable_tags().Remove("ann"); }));  // Leaves.
  Edit(market, [](Tracked<MarketState>& state, Market&) {                                    // Removed.
    state.mutable_items().Remove(IdOf(1));
    return absl::OkStatus();
  });
  ASSERT_TRUE(world().Until([&] { return all.revision() == 8 && mine.revision() == 8; }));
  {
    MutexLock lock(seen->mutex);
    EXPECT_EQ(seen->changes,
              (std::vector<std::string>{"", "+two", "+one", "~zwei", ">zwei", "-zwei", "-one"}));
  }
  const auto truth = all.entries();
  ASSERT_EQ(truth.size(), 9u);
  std::uint64_t previous = 0;
  for (const auto& entry : mine.entries()) {
    EXPECT_EQ(entry.state, MineOf(truth[entry.revision].state, "ann")) << "at revision " << entry.revision;
    EXPECT_EQ(entry.base, previous);
    previous = entry.revision;
  }
}

TEST_P(ObserveScenarioTest, PrivateFieldsAreNotShownAndTheirRevisionsAreSpanned) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> journal;
  auto watch = journal.Attach(market.Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  Edit(market, [](Tracked<MarketState>& state, Market&) {
    state.set_owner("nobody's business");
    return absl::OkStatus();
  });
  EXPECT_EQ(journal.size(), 1u);
  // Read your writes: the position is there all the same.
  ASSERT_TRUE(world().Until([&] { return watch.revision() == 1; }));
  SetOpen(market, 3);
  ASSERT_TRUE(world().Until([&] { return journal.revision() == 2; }));
  const auto entries = journal.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].base, 0u);
  EXPECT_EQ(entries[1].state.owner, "");
  Journal<MarketState> late;
  auto late_watch = late.Attach(market.Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return late.revision() == 2; }));
  EXPECT_EQ(late.entries().back().state, entries[1].state);
}

TEST_P(ObserveScenarioTest, ReadYourWritesASubscriptionKnowsWhatItsFilterHoldsBack) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> journal;
  auto watch = journal.Attach(market.Observe().Where(Market::OpenAtLeast(5))).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  for (std::uint64_t revision = 1; revision <= 20; ++revision) {
    SetOpen(market, static_cast<std::int32_t>(revision % 4));
    EXPECT_EQ(watch.covered(), revision);
    EXPECT_EQ(watch.revision(), 0u);
  }
  EXPECT_EQ(journal.size(), 1u);
  EXPECT_EQ(client.stats().deltas, 0u);
}

TEST_P(ObserveScenarioTest, WhatTheActorDoesNotHaveEndsTheSubscription) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> filtered;
  Journal<MarketState> viewed;
  auto filter_watch = filtered
                          .Attach(market.Observe().Where(
                              Filter<MarketState>::FromBytes(generated::EncodeChoice(9999, std::string()))))
                          .Start();
  auto view_watch = viewed.Attach(market.Observe().Through(View<MarketState>::FromBytes("nonsense"))).Start();
  ASSERT_TRUE(world().Until([&] { return filtered.end().has_value() && viewed.end().has_value(); }));
  EXPECT_EQ(filtered.end()->code(), absl::StatusCode::kInvalidArgument) << *filtered.end();
  EXPECT_EQ(viewed.end()->code(), absl::StatusCode::kInvalidArgument) << *viewed.end();
  EXPECT_EQ(filtered.size() + viewed.size(), 0u);
}

TEST_P(ObserveScenarioTest, EventsComeOnceInOrderAfterTheChangeThatTheyCameWith) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  struct Log {
    Mutex mutex;
    std::vector<std::string> lines ABSL_GUARDED_BY(mutex);
    void Add(std::string line) {
      MutexLock lock(mutex);
      lines.push_back(std::move(line));
    }
    std::vector<std::string> all() {
      MutexLock lock(mutex);
      return lines;
    }
  };
  auto log = std::make_shared<Log>();
  auto watch = market.Observe()
                   .OnChange([log](const MarketState& state, const Change<MarketState>&) {
                     log->Add("open " + std::to_string(state.open));
                   })
                   .OnEvent<Sold>([log](const Sold& event) {
                     log->Add(event.title + " " + std::to_string(event.number));
                   })
                   .Start();
  ASSERT_TRUE(world().Until([&] { return log->all().size() == 1; }));
  Edit(market, [](Tracked<MarketState>& state, Market& actor) {
    actor.Emit(Sold(1, "first"));
    state.set_open(7);
    actor.Emit(Sold(2, "second"));
    return absl::OkStatus();
  });
  Edit(market, [](Tracked<MarketState>&, Market& actor) {
    actor.Emit(Sold(3, "alone"));
    return absl::OkStatus();
  });
  SetOpen(market, 8);
  const absl::Status undone = world().Get(market.Edit([](Tracked<MarketState>& state, Market& actor) {
    state.set_open(100);
    actor.Emit(Sold(4, "never"));
    return absl::NotFoundError("no such thing");
  }));
  EXPECT_EQ(undone.code(), absl::StatusCode::kNotFound);
  SetOpen(market, 9);
  ASSERT_TRUE(world().Until([&] { return log->all().size() >= 7; }));
  EXPECT_EQ(log->all(), (std::vector<std::string>{"open 0", "open 7", "first 1", "second 2", "alone 3",
                                                  "open 8", "open 9"}));
  EXPECT_EQ(watch.revision(), 4u);
}

TEST_P(ObserveScenarioTest, NeitherFilterNorViewHoldsAnEventBack) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Events filtered;
  Events viewed;
  auto filter_watch = filtered.Attach(market.Observe().Where(Market::OpenAtLeast(100))).Start();
  auto view_watch = viewed.Attach(market.Observe().Through(MarketViews::Mine("ann"))).Start();
  for (std::int64_t i = 1; i <= 5; ++i) {
    SetOpen(market, static_cast<std::int32_t>(i));
    Emit(market, i);
  }
  // Those that came before a subscription's first snapshot are not its.
  ASSERT_TRUE(world().Until([&] { return filter_watch.covered() == 10 && view_watch.covered() == 10; }));
  for (const Events* events : {&filtered, &viewed}) {
    const std::vector<std::int64_t> numbers = events->numbers();
    ASSERT_FALSE(numbers.empty());
    EXPECT_EQ(numbers.back(), 5);
    for (std::size_t i = 1; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], numbers[i - 1] + 1);
  }
}

// Two parts of one state, each with an observer: each is told of its own and of nothing else.
TEST_P(ObserveScenarioTest, A10_TwoViewsOfOneActorDoNotMix) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  Journal<MarketState> anns;
  Journal<MarketState> bobs;
  auto anns_watch = anns.Attach(market.Observe().Through(MarketViews::Mine("ann"))).Start();
  auto bobs_watch = bobs.Attach(market.Observe().Through(MarketViews::Mine("bob"))).Start();
  ASSERT_TRUE(world().Until([&] { return anns.size() == 1 && bobs.size() == 1; }));
  for (std::uint8_t i = 1; i <= 6; ++i) {
    const std::string user = i % 2 == 0 ? "bob" : "ann";
    Edit(market, [i, user](Tracked<MarketState>& state, Market&) {
      state.mutable_items().Insert(Item().with_id(IdOf(i)).with_title(user).with_tags({user}));
      return absl::OkStatus();
    });
  }
  ASSERT_TRUE(world().Until([&] { return anns.size() == 4 && bobs.size() == 4; }));
  for (const auto& entry : anns.entries()) {
    for (const Item& item : entry.state.items) EXPECT_EQ(item.title, "ann");
  }
  for (const auto& entry : bobs.entries()) {
    for (const Item& item : entry.state.items) EXPECT_EQ(item.title, "bob");
  }
  EXPECT_EQ(anns.entries().back().state.items.size(), 3u);
  EXPECT_EQ(bobs.entries().back().state.items.size(), 3u);
}

TEST_P(ObserveScenarioTest, A8_FilterAndViewAreResumedThroughACut) {
  Client client = world().NewClient(Door::kFront);
  Client other = world().NewClient(Door::kBack);
  const MarketClient market(other, "m");
  Journal<MarketState> journal;
  auto watch = journal
                   .Attach(MarketClient(client, "m")
                               .Observe()
                               .Where(Market::OpenAtLeast(5))
                               .Through(MarketViews::Mine("ann")))
                   .Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  SetOpen(market, 3);  // Held back: the position that is resumed is 0.
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  Edit(market, [](Tracked<MarketState>& state, Market&) {
    state.mutable_items().Insert(Item().with_id(IdOf(1)).with_title("mine").with_tags({"ann"}));
    state.mutable_items().Insert(Item().with_id(IdOf(2)).with_title("theirs").with_tags({"bob"}));
    return absl::OkStatus();
  });
  world().ShutFront(false);
  ASSERT_TRUE(world().Until([&] { return client.stats().resumes == 1; }));
  EXPECT_EQ(journal.size(), 1u);
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  SetOpen(market, 6);
  SetOpen(market, 4);
  world().ShutFront(false);
  ASSERT_TRUE(world().Until([&] { return journal.size() == 2; }));
  const auto entry = journal.entries()[1];
  EXPECT_EQ(entry.base, 0u);
  EXPECT_EQ(entry.revision, 4u);
  EXPECT_EQ(entry.state.open, 4);
  ASSERT_EQ(entry.state.items.size(), 1u);
  EXPECT_EQ(entry.state.items.front().title, "mine");
  EXPECT_TRUE(entry.replayed);
  EXPECT_EQ(client.stats().snapshots, 1u);
}

TEST_P(ObserveScenarioTest, EventsAreToldExactlyOnceAcrossCuts) {
  Client client = world().NewClient(Door::kFront);
  Client other = world().NewClient(Door::kBack);
  const MarketClient market(other, "m");
  Events events;
  auto watch = events.Attach(MarketClient(client, "m").Observe()).Start();
  ASSERT_TRUE(world().Until([&] { return client.stats().snapshots == 1; }));
  for (std::int64_t i = 1; i <= 60; ++i) {
    Emit(market, i);
    if (i % 7 == 0) world().CutFront();
  }
  ASSERT_TRUE(world().Until([&] { return events.size() >= 60; }));
  EXPECT_EQ(events.numbers(), UpTo(60));
  EXPECT_EQ(events.dropped(), 0u);
  EXPECT_EQ(client.stats().snapshots, 1u);
}

TEST_P(ObserveScenarioTest, EventsThatASnapshotReplacesAreCounted) {
  world().StopServer();
  world().server_options().actors.replay.count_max = 10;
  Start();
  Client client = world().NewClient(Door::kFront);
  Client other = world().NewClient(Door::kBack);
  const MarketClient market(other, "m");
  Events events;
  Journal<MarketState> journal;
  auto watch = events.Attach(journal.Attach(MarketClient(client, "m").Observe())).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  Emit(market, 1);
  ASSERT_TRUE(world().Until([&] { return events.size() == 1; }));
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  for (std::int64_t i = 2; i <= 31; ++i) Emit(market, i);
  world().ShutFront(false);
  ASSERT_TRUE(world().Until([&] { return journal.size() == 2; }));
  EXPECT_EQ(journal.entries()[1].snapshot, ResyncReason::kExpired);
  EXPECT_EQ(events.dropped(), 30u);
  EXPECT_EQ(client.stats().events_dropped, 30u);
  Emit(market, 32);
  ASSERT_TRUE(world().Until([&] { return events.size() == 2; }));
  EXPECT_EQ(events.numbers(), (std::vector<std::int64_t>{1, 32}));
  // Also when the application itself gives the state up.
  Emit(market, 33);
  ASSERT_TRUE(world().Until([&] { return events.size() == 3; }));
  watch.Resync();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 3; }));
  EXPECT_EQ(events.dropped(), 30u);
}

/// Runs what it is given at once, or holds it until it is let go. Thread-safe.
class HeldExecutor final : public Executor {
 public:
  void Post(Function function) override {
    {
      MutexLock lock(mutex_);
      if (held_) {
        functions_.push_back(std::move(function));
        return;
      }
    }
    function();
  }
  void Hold() {
    MutexLock lock(mutex_);
    held_ = true;
  }
  void LetGo() {
    std::vector<Function> functions;
    {
      MutexLock lock(mutex_);
      held_ = false;
      functions.swap(functions_);
    }
    for (Function& function : functions) function();
  }

 private:
  Mutex mutex_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Function> functions_ ABSL_GUARDED_BY(mutex_);
};

TEST_P(ObserveScenarioTest, ConflatedChangesBringAllTheirEvents) {
  const auto executor = std::make_shared<HeldExecutor>();
  ClientOptions options = World::FastReconnect();
  options.callback_backlog_max = 1;
  options.callback_executor = executor;
  Client client = world().NewClient(Door::kFront, options);
  Client other = world().NewClient(Door::kBack);
  const MarketClient market(other, "m");
  Events events;
  Journal<MarketState> journal;
  auto watch = events.Attach(journal.Attach(MarketClient(client, "m").Observe())).Start();
  ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
  world().ShutFront(true);
  world().CutFront();
  ASSERT_TRUE(world().Until([&] { return client.state() == ConnectionState::kReconnecting; }));
  const auto sell = [&](std::int64_t number) {
    Edit(market, [number](Tracked<MarketState>& state, Market& actor) {
      state.set_open(static_cast<std::int32_t>(number));
      actor.Emit(Sold(number));
      return absl::OkStatus();
    });
  };
  for (std::int64_t i = 1; i <= 50; ++i) sell(i);
  executor->Hold();
  world().ShutFront(false);
  ASSERT_TRUE(world().Until([&] { return client.stats().deltas >= 50; }));
  // They are counted a moment before they wait for the executor, and all wait for it when the next one comes.
  sell(51);
  ASSERT_TRUE(world().Until([&] { return client.stats().deltas >= 51; }));
  executor->LetGo();
  ASSERT_TRUE(world().Until([&] { return events.size() >= 51; }));
  EXPECT_EQ(events.numbers(), UpTo(51));
  EXPECT_EQ(journal.entries().back().state.open, 51);
  EXPECT_LT(journal.size(), 5u);
}

TEST_P(ObserveScenarioTest, ACheckpointHoldsFilterAndViewAndTheEventsThatWereNotToldYet) {
  Client client = world().NewClient();
  const MarketClient market(client, "m");
  std::string checkpoint;
  {
    struct Kept {
      Mutex mutex;
      std::string checkpoint ABSL_GUARDED_BY(mutex);
      std::vector<std::int64_t> told ABSL_GUARDED_BY(mutex);
      std::unique_ptr<Subscription<MarketState>> watch;
    };
    auto kept = std::make_shared<Kept>();
    Journal<MarketState> journal;
    kept->watch = std::make_unique<Subscription<MarketState>>(
        journal.Attach(market.Observe().Where(Market::OpenAtLeast(5)).Through(MarketViews::Mine("ann")))
            .OnEvent<Sold>([raw = kept.get()](const Sold& event) {
              const std::string now = event.number == 2 ? raw->watch->checkpoint() : std::string();
              MutexLock lock(raw->mutex);
              raw->told.push_back(event.number);
              if (!now.empty()) raw->checkpoint = now;
            })
            .Start());
    ASSERT_TRUE(world().Until([&] { return journal.size() == 1; }));
    Edit(market, [](Tracked<MarketState>& state, Market& actor) {
      state.set_open(5);
      for (std::int64_t i = 1; i <= 4; ++i) actor.Emit(Sold(i));
      return absl::OkStatus();
    });
    ASSERT_TRUE(world().Until([&] {
      MutexLock lock(kept->mutex);
      return kept->told.size() == 4;
    }));
    kept->watch->Close();
    MutexLock lock(kept->mutex);
    checkpoint = kept->checkpoint;
  }
  ASSERT_FALSE(checkpoint.empty());
  SetOpen(market, 1);  // Held back.
  SetOpen(market, 6);
  Emit(market, 5);

  Journal<MarketState> journal;
  Events events;
  auto watch = events.Attach(journal.Attach(market.Observe().ResumeFrom(checkpoint))).Start();
  ASSERT_TRUE(world().Until([&] { return events.size() == 3; }));
  EXPECT_EQ(events.numbers(), (std::vector<std::int64_t>{3, 4, 5}));
  std::vector<std::uint64_t> revisions;
  for (const auto& entry : journal.entries()) revisions.push_back(entry.revision);
  EXPECT_EQ(revisions, (std::vector<std::uint64_t>{1, 4}));
  EXPECT_EQ(journal.entries().back().state.open, 6);
  EXPECT_FALSE(journal.entries().back().snapshot.has_value());

  // Another view, or another filter, is another subscription.
  Journal<MarketState> changed;
  auto changed_watch = changed
                           .Attach(market.Observe()
                                       .Where(Market::OpenAtLeast(5))
                                       .Through(MarketViews::Mine("bob"))
                                       .ResumeFrom(checkpoint))
                           .Start();
  ASSERT_TRUE(world().Until([&] { return changed.size() >= 1 && changed.revision() == 4; }));
  EXPECT_EQ(changed.entries().back().snapshot, ResyncReason::kViewChanged);
}

}  // namespace
}  // namespace onager::end_to_end
