#include <cstdint>
#include <string>
#include <type_traits>

#include "gtest/gtest.h"
#include "random_market.h"
#include "random_turns.h"

// Parts of a turn that are undone alone, and turns that are put aside for a while.
namespace onager::testing {
namespace {

using generated::Replica;
using generated::TrackedState;

template <typename S>
std::string StoredSnapshot(const TrackedState<S>& state) {
  std::string bytes;
  state.EncodeStoredSnapshot(bytes);
  return bytes;
}

template <typename S>
std::string Patch(TrackedState<S>& state) {
  std::string patch;
  state.EncodePatch(patch);
  return patch;
}

template <typename S>
void MutateSome(TrackedState<S>& state, Dice& dice, std::uint32_t most) {
  for (std::uint32_t i = dice.Below(most) + 1; i > 0; --i) Mutate(state.state(), dice);
}

template <typename S>
class TurnPartsTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSeeds = 60;

  // Parts to a random depth, each of which may end by being undone.
  static void PlayPart(TrackedState<S>& state, Dice& dice, int depth) {
    state.BeginPart();
    const std::string before = StoredSnapshot(state);
    EXPECT_FALSE(state.PartChanged());
    MutateSome(state, dice, 3);
    while (depth > 0 && dice.OneIn(2)) PlayPart(state, dice, depth - 1);
    const std::string after = StoredSnapshot(state);
    if (after != before) {
      EXPECT_TRUE(state.PartChanged());
    }
    const bool keep = dice.OneIn(2);
    state.EndPart(keep);
    EXPECT_EQ(StoredSnapshot(state), keep ? after : before);
  }
};
using States = ::testing::Types<todo::v1::TodoListState, shapes::v1::ShapesState, market::v1::MarketState>;
TYPED_TEST_SUITE(TurnPartsTest, States);

TYPED_TEST(TurnPartsTest, APartIsUndoneAlone) {
  for (std::uint64_t seed = 1; seed <= this->kSeeds && !this->HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    TrackedState<TypeParam> state;
    Replica<TypeParam> replica;
    for (int turn = 0; turn < 40; ++turn) {
      if (dice.OneIn(2)) MutateSome(state, dice, 3);
      this->PlayPart(state, dice, 3);
      if (dice.OneIn(2)) MutateSome(state, dice, 3);
      const std::string patch = Patch(state);
      state.Commit();
      ASSERT_TRUE(replica.ApplyPatch(patch).ok());
      std::string theirs;
      std::string ours;
      replica.EncodeSnapshot(theirs);
      state.EncodeSnapshot(ours);
      if constexpr (!std::is_same_v<TypeParam, market::v1::MarketState>) {
        ASSERT_EQ(theirs, ours);  // The market has private fields.
      }
    }
  }
}

TYPED_TEST(TurnPartsTest, AHiddenTurnComesBackAsItWas) {
  for (std::uint64_t seed = 1; seed <= this->kSeeds && !this->HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    TrackedState<TypeParam> state;
    Replica<TypeParam> replica;
    for (int turn = 0; turn < 40; ++turn) {
      std::string committed;
      state.EncodeSnapshot(committed);
      MutateSome(state, dice, 6);
      if (dice.OneIn(3)) this->PlayPart(state, dice, 2);
      const std::string open = StoredSnapshot(state);
      const std::string patch = Patch(state);
      bool touched = false;
      for (int hidden = 0; hidden < 2; ++hidden) {
        state.HideTurn();
        std::string seen;
        state.EncodeSnapshot(seen);
        ASSERT_EQ(seen, committed);
        ASSERT_EQ(Patch(state), "");
        const bool changes = dice.OneIn(2);
        if (changes) MutateSome(state, dice, 6);
        std::string after;
        state.EncodeSnapshot(after);
        const bool changed = state.ShowTurn();
        ASSERT_TRUE(changed || after == committed);
        ASSERT_TRUE(changes || !changed);
        ASSERT_EQ(StoredSnapshot(state), open);
        // Where elements were touched in between the patch may say more than it must.
        touched = touched || changes;
        if (!touched) {
          ASSERT_EQ(Patch(state), patch);
        }
      }
      if (dice.OneIn(3)) MutateSome(state, dice, 3);
      if (dice.OneIn(3)) {
        state.Rollback();
        std::string back;
        state.EncodeSnapshot(back);
        ASSERT_EQ(back, committed);
      } else {
        const absl::Status applied = replica.ApplyPatch(Patch(state));
        ASSERT_TRUE(applied.ok()) << applied;
        state.Commit();
        ASSERT_EQ(generated::StructOps<TypeParam>::Same(replica.state(), state.value()), true);
      }
    }
  }
}

}  // namespace
}  // namespace onager::testing
