// Views that are found by a parameter's value, over a real state: what a commit costs and what it shows.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hand_written_market.h"
#include "onager/generated/tracked_state_impl.h"
#include "runtime/actor/observed_parts.h"

namespace onager::actor {
namespace {

using generated::Replica;
using generated::StructOps;
using generated::TrackedState;
using market::v1::Item;
using market::v1::Market;
using market::v1::MarketState;
using market::v1::Note;
using session::FeedRead;
using session::Position;

constexpr std::int32_t kNoStop = -1;

Uuid IdOf(int number) { return Uuid::FromRandom(1, static_cast<std::uint64_t>(number)); }
std::string NameOf(int number) { return absl::StrCat("user ", number); }

/// Who looks through one view, with the copy that it has.
struct Looker {
  ~Looker() {
    if (feed != nullptr) feed->RemoveListener(listener);
  }

  std::shared_ptr<ActorFeed> feed;
  ActorFeed::ListenerId listener{};
  std::uint64_t revision = 0;
  int wakes = 0;
  Replica<MarketState> replica;
};

struct IndexedWorld {
  IndexedWorld()
      : history(std::make_shared<ActorHistory>(TrackedState<MarketState>::Codec(), session::ReplayLimits(),
                                               Position{1, 0})) {}

  std::unique_ptr<Looker> Open(const View<MarketState>& view) {
    auto looker = std::make_unique<Looker>();
    looker->feed = parts.Open("", std::string(view.bytes()), nullptr, revision, now).value();
    looker->revision = revision;
    Looker* const raw = looker.get();
    looker->listener = looker->feed->AddListener(std::make_shared<FeedListener>([raw] { ++raw->wakes; }));
    return looker;
  }
  /// To be called before it is followed, where there is something to be seen already.
  void Load(int number) {
    EXPECT_TRUE(lookers[static_cast<std::size_t>(number)]
                    ->replica.LoadSnapshot(SnapshotOf(Market::Titled(NameOf(number), kNoStop)))
                    .ok());
  }
  std::string SnapshotOf(const View<MarketState>& view) const {
    std::string snapshot;
    generated::ParseView(Market::Type(), "here", view.bytes()).value()->EncodeSnapshot(state, snapshot);
    return snapshot;
  }
  void OpenTitled(int count) {
    for (int i = 0; i < count; ++i) lookers.push_back(Open(Market::Titled(NameOf(i), kNoStop)));
  }

  /// Runs a turn and returns how many views were asked about it.
  std::size_t Commit(const std::function<void(Tracked<MarketState>&)>& turn, std::uint64_t events = 0) {
    turn(state.state());
    std::string bytes;
    const bool changed = state.EncodePatch(bytes);
    if (!changed && events == 0) {
      state.Commit();
      return 0;
    }
    ShownCommit shown = parts.Show(state, changed ? ShareBytes(std::move(bytes)) : nullptr, now);
    state.Commit();
    ++revision;
    shown.event_count = events;
    if (events > 0) shown.events = ShareBytes(std::string("event"));
    patches = shown.patches.size();
    elements_seen = shown.indexed_elements;
    for (const auto& [log, change] : shown.hashes) {
      const auto kept = hashes.find(log.get());
      if (kept != hashes.end() && change.has_value()) change->AddTo(kept->second);
    }
    history->Publish(shown, now);
    return shown.view_evaluations;
  }

  void KeepHash(const Looker& looker) {
    hashes.emplace(looker.feed->view().get(), parts.Hash(*looker.feed->view(), state).value());
  }
  /// Reads what there is, and holds the copy against what the view shows of the state.
  void Follow(Looker& looker, const View<MarketState>& view) {
    const FeedRead read = looker.feed->Read(Position{1, looker.revision}, false, 1 << 20, now);
    ASSERT_TRUE(read.kind == FeedRead::Kind::kSteps || read.kind == FeedRead::Kind::kUpToDate);
    for (const session::FeedStep& step : read.steps) {
      EXPECT_EQ(step.base, looker.revision);
      looker.revision = step.revision;
      if (step.patch == nullptr) continue;
      ASSERT_TRUE(looker.replica.ApplyPatch(*step.patch).ok());
    }
    EXPECT_EQ(read.through, revision);
    looker.revision = read.through;
    Replica<MarketState> fresh;
    ASSERT_TRUE(fresh.LoadSnapshot(SnapshotOf(view)).ok());
    EXPECT_TRUE(StructOps<MarketState>::Same(looker.replica.state(), fresh.state()));
    const auto hash = hashes.find(looker.feed->view().get());
    if (hash == hashes.end()) return;
    const auto leaf = generated::ParseView(Market::Type(), "here", view.bytes()).value();
    const auto slices = static_cast<std::uint32_t>(hash->second.sums.size());
    EXPECT_EQ(hash->second, leaf->Hash(state, slices));
  }
  void FollowTitled(int number) {
    Follow(*lookers[static_cast<std::size_t>(number)], Market::Titled(NameOf(number), kNoStop));
  }
  /// Who was woken since the last call.
  std::vector<int> Woken() {
    std::vector<int> woken;
    for (std::size_t i = 0; i < lookers.size(); ++i) {
      if (std::exchange(lookers[i]->wakes, 0) > 0) woken.push_back(static_cast<int>(i));
    }
    return woken;
  }

  Time now{};
  std::uint64_t revision = 0;
  std::size_t patches = 0;                                // Of the last turn.
  std::size_t elements_seen = 0;                          // The same.
  std::map<const ViewLog*, generated::StateHash> hashes;  // That are kept up.
  TrackedState<MarketState> state;
  std::shared_ptr<ActorHistory> history;
  ObservedParts parts{Market::Type(), "here", history, std::chrono::minutes(5), 0};
  std::vector<std::unique_ptr<Looker>> lookers;
};

Item ItemOf(int number, const std::string& title) { return Item().with_id(IdOf(number)).with_title(title); }

// Fault that makes it fail: a commit that asks every view.
TEST(IndexedViewsTest, TenThousandObserversWithTenThousandParametersCostWhatMatches) {
  constexpr int kCount = 10'000;
  IndexedWorld world;
  world.Commit([](Tracked<MarketState>& state) {
    for (int i = 0; i < kCount; ++i) state.mutable_items().Insert(ItemOf(i, NameOf(i)));
  });
  world.OpenTitled(kCount);
  for (const int number : {5, 7, 11, 20, 21, 4'000, 9'000}) world.Load(number);
  using State = Tracked<MarketState>;

  // Another field of an element.
  EXPECT_EQ(world.Commit([](State& state) { state.mutable_items().Find(IdOf(7))->set_done(true); }), 1u);
  EXPECT_EQ(world.Woken(), std::vector<int>({7}));
  world.FollowTitled(7);
  // One that goes from one observer to another.
  EXPECT_EQ(world.Commit([](State& s) { s.mutable_items().Find(IdOf(7))->set_title(NameOf(9'000)); }), 2u);
  EXPECT_EQ(world.Woken(), std::vector<int>({7, 9'000}));
  world.FollowTitled(7);
  world.FollowTitled(9'000);
  EXPECT_EQ(world.lookers[7]->replica.state().items.size(), 0u);
  EXPECT_EQ(world.lookers[9'000]->replica.state().items.size(), 2u);
  // One that comes, one that goes, one that moves, and one that comes and goes within a turn.
  EXPECT_EQ(world.Commit([](State& s) { s.mutable_items().Insert(ItemOf(kCount, NameOf(5))); }), 1u);
  EXPECT_EQ(world.Commit([](State& s) { s.mutable_items().Remove(IdOf(5)); }), 1u);
  EXPECT_EQ(world.Commit([](State& s) { s.mutable_items().MoveToFront(IdOf(9'000)); }), 1u);
  EXPECT_EQ(world.Woken(), std::vector<int>({5, 9'000}));
  world.FollowTitled(5);
  world.FollowTitled(9'000);
  EXPECT_EQ(world.Commit([](State& state) {
    state.mutable_items().Insert(ItemOf(kCount + 1, NameOf(6)));
    state.mutable_items().Remove(IdOf(kCount + 1));
    state.mutable_items().Find(IdOf(8))->set_done(true);
  }),
            1u);
  // What no view shows, what only the store sees, and a change of nobody's element.
  EXPECT_EQ(world.Commit([](State& state) { state.set_open(3); }), 0u);
  EXPECT_EQ(world.Commit([](State& state) { state.set_owner("me"); }), 0u);
  EXPECT_EQ(world.Commit([](State& s) { s.mutable_items().Insert(ItemOf(kCount + 2, "nobody")); }), 0u);
  // Another container, by its own value.
  EXPECT_EQ(world.Commit([](State& s) { s.mutable_archive().Set("x", ItemOf(1, NameOf(11))); }), 1u);
  EXPECT_EQ(world.Woken(), std::vector<int>({8, 11}));
  world.FollowTitled(11);
  // A part of a turn, and a turn, that are undone.
  EXPECT_EQ(world.Commit([&](State& state) {
    world.state.BeginPart();
    for (int i = 20; i < 40; ++i) state.mutable_items().Remove(IdOf(i));
    world.state.EndPart(/*keep=*/false);
  }),
            0u);
  world.state.state().mutable_items().Clear();
  world.state.Rollback();
  EXPECT_EQ(world.Commit([](State& state) { state.mutable_items().Find(IdOf(20))->set_done(true); }), 1u);
  world.FollowTitled(20);
  world.FollowTitled(21);
  // An untouched observer is at the head all the same, and was never woken.
  EXPECT_EQ(world.lookers[4'000]->feed->head().revision, world.revision);
  world.FollowTitled(4'000);
  EXPECT_EQ(world.Woken(), std::vector<int>({20}));
}

TEST(IndexedViewsTest, WhenEverythingIsExchangedThoseWhoHaveSomethingAreAsked) {
  constexpr int kCount = 500;
  IndexedWorld world;
  world.OpenTitled(kCount);
  const auto fill = [](Tracked<MarketState>& state) {
    for (int i = 0; i < 300; ++i) state.mutable_items().Insert(ItemOf(i, NameOf(i)));
  };
  EXPECT_EQ(world.Commit(fill), 300u);
  market::v1::MarketState wanted;
  for (int i = 250; i < 350; ++i) wanted.items.Append(ItemOf(i, NameOf(i)));
  // 0 to 249 lose theirs, 300 to 349 get one; the others' have moved at most.
  EXPECT_LE(world.Commit([&](auto& state) { state.mutable_items().Assign(wanted.items); }), 350u);
  EXPECT_EQ(world.patches, 301u);  // And that of those who see everything.
  for (const int number : {0, 249, 250, 299, 300, 349, 350}) world.FollowTitled(number);
  EXPECT_EQ(world.Commit([](auto& state) { state.mutable_items().Clear(); }), 100u);
  for (const int number : {0, 249, 250, 299, 300, 349, 350}) world.FollowTitled(number);
}

// Each looks at its own elements only, also where a turn concerns everybody and whatever else it does.
TEST(IndexedViewsTest, AChangeOfEverybodysElementsCostsEachWhatItHas) {
  constexpr int kCount = 2'000;
  IndexedWorld world;
  world.OpenTitled(kCount);
  for (const int number : {0, 7, kCount - 1})
    world.KeepHash(*world.lookers[static_cast<std::size_t>(number)]);
  const auto follow = [&] {
    for (const int number : {0, 7, 1'000, kCount - 1}) world.FollowTitled(number);
  };
  EXPECT_EQ(world.Commit([](Tracked<MarketState>& state) {
    for (int i = 0; i < kCount; ++i) state.mutable_items().Insert(ItemOf(i, NameOf(i)));
  }),
            static_cast<std::size_t>(kCount));
  EXPECT_EQ(world.elements_seen, static_cast<std::size_t>(kCount));
  follow();
  // Twice: as it was and as it is.
  EXPECT_EQ(world.Commit([](Tracked<MarketState>& state) {
    for (int i = 0; i < kCount; ++i) state.mutable_items().Find(IdOf(i))->set_title(NameOf(kCount - 1 - i));
    state.mutable_items().MoveToFront(IdOf(7));
  }),
            static_cast<std::size_t>(kCount));
  EXPECT_EQ(world.elements_seen, 2u * kCount);
  follow();
  EXPECT_EQ(world.Commit([](Tracked<MarketState>& state) { state.mutable_items().Clear(); }),
            static_cast<std::size_t>(kCount));
  EXPECT_EQ(world.elements_seen, static_cast<std::size_t>(kCount));
  follow();
}

// More than are answered at once: what all show is looked at by each, some at a time.
TEST(IndexedViewsTest, HoweverMuchThereIsToBeLookedAtEverybodyIsAnswered) {
  constexpr int kLookers = 200;
  constexpr int kItems = 1'000;
  IndexedWorld world;
  std::vector<std::unique_ptr<Looker>> lookers;
  for (int i = 0; i < kLookers; ++i) {
    lookers.push_back(world.Open(Market::Noted(NameOf(i))));
    world.KeepHash(*lookers.back());
  }
  const auto follow = [&] {
    for (const int i : {0, 1, 63, 64, 65, 66, 130, 131, kLookers - 1})
      world.Follow(*lookers[static_cast<std::size_t>(i)], Market::Noted(NameOf(i)));
  };
  EXPECT_EQ(world.Commit([](Tracked<MarketState>& state) {
    for (int i = 0; i < kItems; ++i) {
      Item item = ItemOf(i, "");
      item.notes.Append(Note().with_name(NameOf(i % kLookers)));
      state.mutable_items().Insert(std::move(item));
    }
  }),
            static_cast<std::size_t>(kLookers));
  EXPECT_EQ(world.elements_seen, static_cast<std::size_t>(kLookers) * kItems);
  follow();
  EXPECT_EQ(world.Commit([](Tracked<MarketState>& state) { state.mutable_items().Clear(); }),
            static_cast<std::size_t>(kLookers));
  follow();
}

// All look at more of what a turn has touched than is held at once: each at 4,200 elements, and 65,536 are.
TEST(IndexedViewsTest, HoweverMuchWasShownEverybodyIsAnswered) {
  constexpr int kLookers = 20;
  constexpr int kItems = 200;
  IndexedWorld world;
  std::vector<std::unique_ptr<Looker>> lookers;
  for (int i = 0; i < kLookers; ++i) lookers.push_back(world.Open(Market::Noted(NameOf(i))));
  const auto follow = [&] {
    for (const int i : {0, kLookers / 2, kLookers - 2, kLookers - 1})
      world.Follow(*lookers[static_cast<std::size_t>(i)], Market::Noted(NameOf(i)));
  };
  (void)world.Commit([](Tracked<MarketState>& state) {
    for (int i = 0; i < kItems; ++i) {
      Item item = ItemOf(i, "");
      for (int looker = 0; looker < kLookers; ++looker) item.notes.Append(Note().with_name(NameOf(looker)));
      state.mutable_items().Insert(std::move(item));
    }
  });
  follow();
  EXPECT_EQ(world.Commit([](Tracked<MarketState>& state) {
    for (int i = 0; i < kItems; ++i) {
      auto notes = state.mutable_items().Find(IdOf(i))->mutable_notes();
      for (int looker = 0; looker < kLookers; ++looker) notes.Find(NameOf(looker))->set_weight(looker + 1);
    }
  }),
            static_cast<std::size_t>(kLookers));
  EXPECT_EQ(world.elements_seen, std::size_t{kLookers} * kItems * (1 + kLookers));
  follow();
}

// What a view shows outside of its indexed containers concerns all its parameters.
TEST(IndexedViewsTest, WhatAllShowIsAskedOfAll) {
  IndexedWorld world;
  std::vector<std::unique_ptr<Looker>> lookers;
  for (int i = 0; i < 100; ++i) lookers.push_back(world.Open(Market::Noted(NameOf(i))));
  const auto add_note = [](int item, int note) {
    return [item, note](Tracked<MarketState>& state) {
      state.mutable_items().Find(IdOf(item))->mutable_notes().Insert(Note().with_name(NameOf(note)));
    };
  };
  EXPECT_EQ(world.Commit([](auto& state) { state.mutable_items().Insert(ItemOf(1, "")); }), 100u);
  EXPECT_EQ(world.Commit(add_note(1, 42)), 1u);
  EXPECT_EQ(world.Commit([](auto& s) { s.mutable_archive().Set(NameOf(43), ItemOf(2, "")); }), 1u);
  EXPECT_EQ(world.Commit([](auto& state) { state.mutable_thread().mutable_likes().Insert("x"); }), 100u);
  EXPECT_EQ(world.Commit([](auto& state) { state.mutable_thread().set_text("x"); }), 0u);
  for (const int i : {0, 42, 43})
    world.Follow(*lookers[static_cast<std::size_t>(i)], Market::Noted(NameOf(i)));
}

// Several groups share a value, and views without an index are always asked.
TEST(IndexedViewsTest, EveryGroupWithTheValueIsAsked) {
  IndexedWorld world;
  std::vector<std::unique_ptr<Looker>> lookers;
  for (int stop = 0; stop < 3; ++stop) lookers.push_back(world.Open(Market::Titled("x", stop)));
  lookers.push_back(world.Open(Market::Titled("y", 1)));
  lookers.push_back(world.Open(Market::Titled("x", 1)));  // As another one.
  lookers.push_back(world.Open(Market::Mine("ann")));
  EXPECT_EQ(world.parts.view_count(), 6u);
  EXPECT_EQ(world.Commit([](auto& state) { state.mutable_items().Insert(ItemOf(1, "x")); }), 3u + 1u);
  EXPECT_EQ(world.Commit([](auto& state) {
    geo::Stop stop;
    stop.number = 1;
    state.mutable_route().Insert(stop);
  }),
            2u + 1u);
}

// What a commit costs is counted, not timed: it does not depend on how many look on.
TEST(IndexedViewsTest, ThousandTimesTheObserversCostTheSame) {
  std::vector<std::size_t> evaluations;
  for (const int count : {10, 1'000, 10'000}) {
    IndexedWorld world;
    world.OpenTitled(count);
    std::size_t sum = 0;
    for (int i = 0; i < 10; ++i) {
      sum += world.Commit([i](auto& state) { state.mutable_items().Insert(ItemOf(i, NameOf(i))); });
      sum += world.Commit([i](auto& state) { state.mutable_items().Find(IdOf(i))->set_done(true); });
    }
    evaluations.push_back(sum);
  }
  EXPECT_EQ(evaluations, std::vector<std::size_t>({20, 20, 20}));
}

// Events are for everybody, whatever they look at; the next patch spans what showed nothing.
TEST(IndexedViewsTest, EventsReachThoseWhomNothingElseConcerns) {
  IndexedWorld world;
  world.OpenTitled(3);
  world.Commit([](auto& state) { state.set_open(1); });
  EXPECT_EQ(world.Commit([](auto& state) { state.mutable_items().Insert(ItemOf(1, NameOf(1))); }, 2), 1u);
  EXPECT_EQ(world.Woken(), std::vector<int>({0, 1, 2}));
  const auto late = world.Open(Market::Titled(NameOf(4), kNoStop));
  for (int i = 0; i < 3; ++i) {
    const auto& looker = world.lookers[static_cast<std::size_t>(i)];
    const FeedRead read = looker->feed->Read(Position{1, 0}, false, 1 << 20, world.now);
    ASSERT_EQ(read.steps.size(), 1u);
    EXPECT_EQ(read.steps[0].revision, 2u);
    EXPECT_EQ(read.steps[0].patch != nullptr, i == 1);
    EXPECT_EQ(*read.steps[0].events, "event");
  }
  EXPECT_EQ(late->feed->Read(Position{1, 2}, false, 1 << 20, world.now).kind, FeedRead::Kind::kUpToDate);
  EXPECT_EQ(world.Commit([](auto&) {}, 1), 0u);
  EXPECT_EQ(world.Woken(), std::vector<int>({0, 1, 2}));
  EXPECT_EQ(late->feed->Read(Position{1, 2}, false, 1 << 20, world.now).steps.size(), 1u);
}

// The hash is kept up where a commit concerns the view, and is right where it does not.
TEST(IndexedViewsTest, TheHashOfAnUntouchedViewStays) {
  IndexedWorld world;
  world.OpenTitled(2);
  world.Commit([](auto& state) { state.mutable_items().Insert(ItemOf(1, NameOf(1))); });
  std::vector<std::shared_ptr<ViewLog>> logs;
  world.history->ServeSnapshots(
      [&](const std::shared_ptr<ViewLog>& view, ActorHistory::Wanted) { logs.push_back(view); });
  const auto hash = [&](int number) {
    Looker& looker = *world.lookers[static_cast<std::size_t>(number)];
    return looker.feed->Hash(Position{1, world.revision}, world.now);
  };
  EXPECT_EQ(hash(1), nullptr);
  ASSERT_EQ(logs.size(), 1u);
  world.history->PublishHash(*logs[0], world.parts.Hash(*logs[0], world.state).value());
  const auto first = hash(1);
  ASSERT_NE(first, nullptr);
  for (int i = 2; i < 10; ++i) {
    world.Commit([i](auto& state) { state.mutable_items().Insert(ItemOf(i, NameOf(i))); });
  }
  EXPECT_EQ(hash(1), first);
  world.Commit([](auto& state) { state.mutable_items().Find(IdOf(1))->set_done(true); });
  const auto second = hash(1);
  ASSERT_NE(second, nullptr);
  EXPECT_NE(second->sums, first->sums);
  EXPECT_EQ(*second, *world.parts.Hash(*logs[0], world.state));
  EXPECT_EQ(logs.size(), 1u);
}

TEST(IndexedViewsTest, WhoGoesIsForgottenAfterAWhileAndWhoComesBackIsNot) {
  IndexedWorld world;
  world.OpenTitled(3);
  world.lookers[0].reset();
  world.lookers[1].reset();
  EXPECT_EQ(world.Commit([](auto& state) { state.mutable_items().Insert(ItemOf(0, NameOf(0))); }), 1u);
  world.now += std::chrono::minutes(4);
  world.lookers[1] = world.Open(Market::Titled(NameOf(1), kNoStop));
  world.now += std::chrono::minutes(2);
  EXPECT_EQ(world.Commit([](auto& state) { state.mutable_items().Find(IdOf(0))->set_done(true); }), 0u);
  EXPECT_EQ(world.parts.view_count(), 3u);
  EXPECT_EQ(world.Commit([](auto& state) { state.mutable_items().Insert(ItemOf(1, NameOf(1))); }), 1u);
  world.FollowTitled(1);
  // Of its past nothing is known any more.
  const auto again = world.Open(Market::Titled(NameOf(0), kNoStop));
  EXPECT_EQ(again->feed->Read(Position{1, 0}, false, 100, world.now).why, FeedRead::Why::kOutsideWindow);
}

TEST(IndexedViewsTest, TheyAreBounded) {
  IndexedWorld world;
  std::vector<std::shared_ptr<ActorFeed>> feeds;
  const auto open = [&](int number) {
    return world.parts.Open("", std::string(Market::Titled(NameOf(number), kNoStop).bytes()), nullptr, 0,
                            world.now);
  };
  for (std::size_t i = 0; i < ObservedParts::kIndexedViewsMax; ++i) {
    feeds.push_back(open(static_cast<int>(i)).value());
  }
  EXPECT_EQ(open(-1).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(open(0).ok());
  EXPECT_TRUE(world.parts.Open("", std::string(Market::Mine("ann").bytes()), nullptr, 0, world.now).ok());
  feeds.clear();
  world.Commit([](auto& state) { state.set_open(1); });
  EXPECT_EQ(world.parts.view_count(), 1 + ObservedParts::kIdleIndexedViewsMax + 1);
  EXPECT_TRUE(open(-1).ok());
}

// What is too old goes although nothing touches the view, so that memory is not held for ever.
TEST(IndexedViewsTest, WindowsOfUntouchedViewsGiveUpWhatIsTooOld) {
  IndexedWorld world;
  world.OpenTitled(1);
  world.Commit([](auto& state) { state.mutable_items().Insert(ItemOf(0, NameOf(0))); });
  const FeedRead read = world.lookers[0]->feed->Read(Position{1, 0}, false, 1 << 20, world.now);
  const std::weak_ptr<const std::string> patch = read.steps.at(0).patch;
  EXPECT_TRUE(world.history->ReplaysAnything(world.now));
  world.now += std::chrono::minutes(6);
  world.Commit([](auto& state) { state.set_owner("me"); });
  EXPECT_FALSE(world.history->ReplaysAnything(world.now));
  EXPECT_EQ(patch.use_count(), 1);  // That of `read`.
}

}  // namespace
}  // namespace onager::actor
