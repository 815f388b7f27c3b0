// Two versions of one state, each with a copy of the other.

#include "onager/generated/field_tree.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "board_after.actor.impl.h"
#include "board_before.actor.impl.h"
#include "onager/generated/state_impl.h"
#include "random_board.h"

namespace onager::testing {
namespace {

using board::after::BoardState;
using generated::CommonTree;
using generated::FieldKind;
using generated::FieldShape;
using generated::FieldTree;
using generated::Presence;
using generated::Replica;
using generated::ScalarKind;
using generated::StateHash;
using generated::StateHashChange;
using generated::TrackedState;
using generated::TypeShape;
using Before = board::before::BoardState;

template <typename S>
FieldTree TreeOf() {
  return TrackedState<S>::Codec().field_tree();
}

TEST(FieldTreeTest, ItIsReadAsItWasWritten) {
  const FieldTree tree = TreeOf<BoardState>();
  const auto read = FieldTree::Parse(tree.Encode());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ((*read)->fingerprint(), tree.fingerprint());
  EXPECT_EQ((*read)->Encode(), tree.Encode());
  EXPECT_EQ(TrackedState<BoardState>::Codec().schema_fingerprint, tree.fingerprint());
}

TEST(FieldTreeTest, WhatAVersionAddsIsNotInCommon) {
  const FieldTree before = TreeOf<Before>();
  const FieldTree after = TreeOf<BoardState>();
  const CommonTree common = Common(after, before);
  EXPECT_TRUE(common.agrees);
  EXPECT_EQ(common.fingerprint, Common(before, after).fingerprint);
  EXPECT_NE(common.fingerprint, before.fingerprint());  // Which has a field that was retired.
  EXPECT_NE(common.fingerprint, after.fingerprint());
}

TEST(FieldTreeTest, AFieldThatMeansSomethingElseIsADisagreement) {
  const auto tree_of = [](const FieldShape& second) {
    const FieldShape fields[] = {{.number = 1, .slot = 1, .scalar = ScalarKind::kString}, second};
    return FieldTree::Of(TypeShape{"t", fields});
  };
  const FieldShape base{.number = 2, .slot = 2, .scalar = ScalarKind::kInt32};
  FieldShape scalar = base;
  scalar.scalar = ScalarKind::kInt64;
  FieldShape presence = base;
  presence.presence = Presence::kExplicit;
  FieldShape kind = base;
  kind.kind = FieldKind::kLeafList;
  FieldShape alternative = base;
  alternative.is_alternative = true;
  FieldShape with_default = base;
  with_default.default_hash = []() -> std::uint64_t { return 7; };
  FieldShape other_number = base;
  other_number.number = other_number.slot = 3;
  const struct {
    const char* what;
    const FieldShape& field;
    bool agrees;
  } cases[] = {{"the same", base, true},
               {"another number", other_number, true},
               {"another scalar", scalar, false},
               {"another presence", presence, false},
               {"another kind", kind, false},
               {"in a oneof", alternative, false},
               {"another default", with_default, false}};
  for (const auto& test : cases) {
    const FieldTree other = tree_of(test.field);
    EXPECT_EQ(Common(tree_of(base), other).agrees, test.agrees) << test.what;
    EXPECT_EQ(Common(other, tree_of(base)).agrees, test.agrees) << test.what;
  }
}

TEST(FieldTreeTest, OneofsThatAreCutDifferentlyDisagree) {
  const auto tree_of = [](std::uint32_t slot_of_third) {
    const FieldShape fields[] = {
        {.number = 1, .slot = 1, .is_alternative = true, .scalar = ScalarKind::kBool},
        {.number = 2, .slot = 1, .is_alternative = true, .scalar = ScalarKind::kBool},
        {.number = 3, .slot = slot_of_third, .is_alternative = true, .scalar = ScalarKind::kBool}};
    return FieldTree::Of(TypeShape{"t", fields});
  };
  EXPECT_FALSE(Common(tree_of(1), tree_of(3)).agrees);
  EXPECT_FALSE(Common(tree_of(3), tree_of(1)).agrees);
  EXPECT_TRUE(Common(tree_of(3), tree_of(3)).agrees);
}

TEST(FieldTreeTest, AnyBytesAreReadOrRefused) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const FieldTree own = TreeOf<BoardState>();
  const std::string good = own.Encode();
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    for (int flips = static_cast<int>(random() % 4) + 1; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto tree = FieldTree::Parse(bytes);
    if (!tree.ok()) continue;
    ++read;
    (void)(*tree)->fingerprint();
    (void)Common(own, **tree);
  }
  EXPECT_GT(read, 0);
  EXPECT_FALSE(FieldTree::Parse("").ok());
  EXPECT_FALSE(FieldTree::Parse(std::string(FieldTree::kBytesMax + 1, '\0')).ok());
}

// A chain of types that none of ours is: whoever follows it must come to an end.
TEST(FieldTreeTest, AVeryDeepTreeIsNone) {
  std::string bytes;
  generated::Writer writer(bytes);
  for (std::uint32_t type = 0; type < 3000; ++type) {
    const auto open_type = writer.Begin(1);
    const auto open_field = writer.Begin(1);
    const std::uint64_t parts[][2] = {
        {1, 1}, {3, static_cast<std::uint64_t>(FieldKind::kStruct)}, {9, type + 1 < 3000 ? type + 2 : 1}};
    for (const auto& [part, value] : parts) {
      writer.Tag(static_cast<std::uint32_t>(part), generated::WireType::kVarint);
      writer.Varint(value);
    }
    writer.End(open_field);
    writer.End(open_type);
  }
  writer.Finish();
  const auto tree = FieldTree::Parse(bytes);
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_FALSE(Common(**tree, **tree).agrees);
}

// Fault that makes it fail: an unknown alternative that leaves a reader with the one before; a field, or a
// part of one, that only the server knows in the hash; a change that is hashed and shows nothing.
template <typename Server, typename Client>
void Skew() {
  const FieldTree known = TreeOf<Client>();
  ASSERT_TRUE(Common(TreeOf<Server>(), known).agrees);
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    const std::uint32_t slices = seed % 2 == 0 ? 1 : 16;
    Dice dice(seed);
    TrackedState<Server> state;
    Replica<Client> replica;
    StateHash kept(slices);
    std::string missed;
    bool is_missed = false;
    for (int turn = 0; turn < 60; ++turn) {
      for (std::uint32_t i = dice.Below(5) + 1; i > 0; --i) EditBoard(state.state(), dice);
      std::string patch;
      const bool changed = state.EncodePublicPatch(patch);
      const StateHashChange change = state.HashChange(slices, &known);
      if (dice.OneIn(8)) {
        state.Rollback();
        continue;
      }
      change.AddTo(kept);
      state.Commit();
      ASSERT_EQ(state.Hash(slices, &known), kept) << "turn " << turn;
      if (changed && is_missed) {
        const auto composed = TrackedState<Server>::Codec().compose({missed, patch});
        ASSERT_TRUE(composed.ok());
        patch = *composed;
      }
      is_missed = (changed || is_missed) && dice.OneIn(3);
      if (is_missed) {
        if (changed) missed = patch;
        continue;
      }
      if (!changed && !missed.empty()) patch = missed;
      missed.clear();
      ASSERT_TRUE(replica.ApplyPatch(patch).ok());
      if (dice.OneIn(6)) {
        std::string snapshot;
        state.EncodeSnapshot(snapshot);
        ASSERT_TRUE(replica.LoadSnapshot(snapshot).ok());
      }
      ASSERT_EQ(replica.state(), BoardAs<Client>(state.value())) << "turn " << turn;
      for (std::uint32_t slice = 0; slice < slices; ++slice) {
        ASSERT_EQ(replica.HashSlice(slice, slices), kept.sums[slice]) << "turn " << turn;
      }
    }
  }
}

TEST(SchemaSkewTest, AClientOfTheVersionBeforeHasWhatItKnowsAndItsHash) { Skew<BoardState, Before>(); }
TEST(SchemaSkewTest, AClientOfTheVersionAfterHasWhatTheServerKnowsAndItsHash) { Skew<Before, BoardState>(); }
TEST(SchemaSkewTest, OneOfTheSameVersionToo) { Skew<BoardState, BoardState>(); }

}  // namespace
}  // namespace onager::testing
