// The hash of a state: kept up with each turn it is what the whole state hashes to, at both ends; and nothing
// that differs hashes alike.

#include "onager/generated/state_hash.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "random_market.h"
#include "random_turns.h"

namespace onager::testing {
namespace {

using generated::Replica;
using generated::StateHash;
using generated::StateHashChange;
using generated::TrackedState;
using market::v1::Item;
using market::v1::MarketState;
using market::v1::Note;
using shapes::v1::ShapesState;
using todo::v1::Todo;
using todo::v1::TodoListState;

template <typename S>
StateHash HashOf(const S& value, std::uint32_t slices = 1) {
  TrackedState<S> state;
  generated::StructOps<S>::Assign(generated::ChangePlace(state.journal(), state.journal().root()),
                                  const_cast<S&>(state.value()), S(value), generated::Handles::kNew);
  state.Commit();
  return state.Hash(slices);
}

// Every sample state, through patches, at both ends. Fault that makes it fail: an order that is not hashed
// with its predecessor; handles, or what a turn only touched, in the hash.
template <typename S>
void KeepUp(std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::uint32_t slices = seed % 2 == 0 ? 1 : 16;
    Dice dice(seed);
    TrackedState<S> state;
    Replica<S> replica;
    StateHash kept(slices);
    for (int turn = 0; turn < 60; ++turn) {
      for (std::uint32_t i = dice.Below(5) + 1; i > 0; --i) Mutate(state.state(), dice);
      if (dice.OneIn(3)) {
        const auto mark = state.Now();
        for (std::uint32_t i = dice.Below(5) + 1; i > 0; --i) Mutate(state.state(), dice);
        state.RollBackTo(mark);
        if (dice.OneIn(2)) Mutate(state.state(), dice);
      }
      std::string patch;
      const bool changed = state.EncodePublicPatch(patch);
      const StateHashChange change = state.HashChange(slices);
      if (dice.OneIn(8)) {
        state.Rollback();
        ASSERT_EQ(state.Hash(slices), kept);
        continue;
      }
      change.AddTo(kept);
      state.Commit();
      ASSERT_EQ(state.Hash(slices), kept) << "seed " << seed << ", turn " << turn;
      if (changed) {
        ASSERT_TRUE(replica.ApplyPatch(patch).ok());
      }
      if (dice.OneIn(4)) {
        std::string snapshot;
        state.EncodeSnapshot(snapshot);
        ASSERT_TRUE(replica.LoadSnapshot(snapshot).ok());
      }
      for (std::uint32_t slice = 0; slice < slices; ++slice) {
        ASSERT_EQ(replica.HashSlice(slice, slices), kept.sums[slice]) << "seed " << seed << ", turn " << turn;
      }
      if (dice.OneIn(2)) replica.ClearChange();
    }
    ASSERT_EQ(kept.Folded(1), state.Hash(1));
    // Handles do not enter it.
    ASSERT_EQ(HashOf(replica.state(), slices), kept);
  }
}

TEST(StateHashTest, WhatIsKeptUpIsWhatTheReplicaHashesTo_TodoList) { KeepUp<TodoListState>(100); }
TEST(StateHashTest, WhatIsKeptUpIsWhatTheReplicaHashesTo_Shapes) { KeepUp<ShapesState>(100); }
TEST(StateHashTest, WhatIsKeptUpIsWhatTheReplicaHashesTo_Market) { KeepUp<MarketState>(60); }

MarketState Sample() {
  MarketState state;
  state.items.Append(Item().with_id(IdOf(1)).with_title("milk").with_tags({"a", "b"}));
  state.items.Append(Item().with_id(IdOf(2)).with_tags({"b"}));
  state.items.Append(Item().with_id(IdOf(3)));
  state.archive.Set("x", Item().with_title("old"));
  state.open = 2;
  return state;
}

// Each differs from all others in one thing.
TEST(StateHashTest, NoTwoDifferentStatesHashAlike) {
  std::vector<MarketState> states(14, Sample());
  states[1].open = 3;
  states[2].items.Remove(IdOf(3));
  states[3].items.Remove(IdOf(2));
  states[4].items = {};
  for (const std::uint32_t number : {2u, 1u, 3u}) states[4].items.Append(*Sample().items.Find(IdOf(number)));
  states[5].items = {};
  for (const std::uint32_t number : {1u, 3u, 2u}) states[5].items.Append(*Sample().items.Find(IdOf(number)));
  const auto item = [&](std::size_t i) -> Item& { return const_cast<Item&>(*states[i].items.Find(IdOf(1))); };
  item(6).title = "silk";
  item(7).tags.Remove("a");
  item(8).tags.Insert("c");
  item(9).comment.emplace();  // There, and empty.
  states[10].archive.Set("y", *states[10].archive.Find("x"));
  states[10].archive.Remove("x");
  states[11].archive.Set("x", Item());
  states[12].remarks.push_back(Note());
  states[13].remarks.push_back(Note());
  states[13].remarks.push_back(Note());
  std::set<std::uint64_t> hashes;
  for (const MarketState& state : states) hashes.insert(HashOf(state).sums[0]);
  EXPECT_EQ(hashes.size(), states.size());
}

TEST(StateHashTest, WhatHasItsDefaultContributesNothing) {
  EXPECT_EQ(HashOf(MarketState()).sums[0], 0u);
  EXPECT_EQ(HashOf(ShapesState()).sums[0], 0u);
}

TEST(StateHashTest, AllNansAreOneAndMinusZeroIsNotZero) {
  const auto with_weight = [](float weight) {
    shapes::v1::ShapesState state;
    state.scalars.float_value = weight;
    return HashOf(state).sums[0];
  };
  EXPECT_EQ(with_weight(std::nanf("1")), with_weight(-std::nanf("2")));
  EXPECT_NE(with_weight(std::nanf("1")), with_weight(1));
  EXPECT_NE(with_weight(-0.0f), with_weight(0.0f));
}

// What it is must not change between builds: the two ends may be of different ones.
TEST(StateHashTest, TheHashIsTheOneOfThePage) {
  TodoListState state;
  state.todos.Append(Todo().with_id("a").with_title("milk"));
  state.todos.Append(Todo().with_id("b").with_done(true));
  const auto mix = [](std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) + 0x9e3779b97f4a7c15;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
    return hash ^ (hash >> 31);
  };
  const auto bytes = [&mix](std::uint64_t hash, const std::string& text) {
    for (std::size_t at = 0; at < text.size(); at += 8) {
      std::uint64_t word = 0;
      for (std::size_t i = at; i < text.size() && i < at + 8; ++i) {
        word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * (i - at));
      }
      hash = mix(hash, word);
    }
    return mix(hash, text.size());
  };
  const std::uint64_t list = mix(0, 1);
  const std::uint64_t key_a = bytes(0,
                                    "\x01"
                                    "a");
  const std::uint64_t a = mix(list, key_a);
  const std::uint64_t b = mix(list, bytes(0,
                                          "\x01"
                                          "b"));
  std::uint64_t expected = mix(mix(a, 2), 0) + mix(mix(b, 2), key_a);
  expected += bytes(a,
                    "\x0a\x01"
                    "a") +
              bytes(a,
                    "\x12\x04"
                    "milk");
  expected += bytes(b,
                    "\x0a\x01"
                    "b") +
              bytes(b, "\x18\x01");
  EXPECT_EQ(HashOf(state).sums[0], expected);
}

// Fault that makes it fail: a hash made of the whole state, or of the whole list, at each commit.
TEST(StateHashTest, OneFieldOfManyElementsIsAFewLeaves) {
  for (const int items : {10, 100'000}) {
    TrackedState<TodoListState> state;
    for (int i = 0; i < items; ++i) {
      state.state().mutable_todos().Insert(Todo().with_id(std::to_string(i)).with_title("milk"));
    }
    state.Commit();
    const std::string id = std::to_string(items / 2);
    state.state().mutable_todos().Find(id)->set_done(true);
    EXPECT_EQ(state.HashChange(128).leaves, 1u);  // It was not done: what there was contributed nothing.
    state.Commit();
    state.state().mutable_todos().Find(id)->set_title("bread");
    EXPECT_EQ(state.HashChange(128).leaves, 2u);
    state.Commit();
    state.state().mutable_todos().MoveToFront(id);
    EXPECT_EQ(state.HashChange(128).leaves, 6u);  // Three stand behind another one.
    state.Commit();
    state.state().mutable_todos().Remove(id);
    EXPECT_LE(state.HashChange(128).leaves, 6u);
  }
}

TEST(StateHashTest, SlicesAreOfSixtyFourKibibytes) {
  EXPECT_EQ(StateHash::SlicesFor(0), 1u);
  EXPECT_EQ(StateHash::SlicesFor(64 << 10), 1u);
  EXPECT_EQ(StateHash::SlicesFor((64 << 10) + 1), 2u);
  EXPECT_EQ(StateHash::SlicesFor(1 << 20), 16u);
  EXPECT_EQ(StateHash::SlicesFor(std::uint64_t{1} << 40), generated::kHashSlicesMax);
  TrackedState<TodoListState> state;
  for (int i = 0; i < 20'000; ++i) {
    state.state().mutable_todos().Insert(Todo().with_id(std::to_string(i)).with_title("milk"));
  }
  state.Commit();
  const StateHash hash = state.Hash(8);
  EXPECT_GT(hash.bytes, 200'000u);
  for (const std::uint64_t sum : hash.sums) EXPECT_NE(sum, 0u);
  std::uint64_t sum = 0;
  for (const std::uint64_t slice : hash.sums) sum += slice;
  EXPECT_EQ(sum, state.Hash(1).sums[0]);
}

}  // namespace
}  // namespace onager::testing
