#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "random_market.h"
#include "random_turns.h"

namespace onager::testing {
namespace {

using generated::Replica;
using generated::StructOps;
using generated::TrackedState;

// ONAGER_RANDOM_PAIRS scales the tests down where a build is slow.
int Pairs() {
  const char* pairs = std::getenv("ONAGER_RANDOM_PAIRS");
  return pairs != nullptr ? std::atoi(pairs) : 1'000'000;
}

template <typename S>
std::string StoredSnapshot(const TrackedState<S>& state) {
  std::string bytes;
  state.EncodeStoredSnapshot(bytes);
  return bytes;
}

// With the handles, as those of both sides must agree, and with private fields.
template <typename S>
std::string Snapshot(const S& value) {
  std::string bytes;
  generated::Writer writer(bytes);
  StructOps<S>::Encode(writer, value, true);
  writer.Finish();
  return bytes;
}

template <typename S>
std::string Snapshot(const TrackedState<S>& state) {
  return Snapshot(state.value());
}

template <typename S>
void MutateSome(TrackedState<S>& state, Dice& dice, std::uint32_t most) {
  for (std::uint32_t i = dice.Below(most) + 1; i > 0; --i) Mutate(state.state(), dice);
}

template <typename S>
class PatchPropertyTest : public ::testing::Test {};
using States = ::testing::Types<todo::v1::TodoListState, shapes::v1::ShapesState, market::v1::MarketState>;
TYPED_TEST_SUITE(PatchPropertyTest, States);

// Each turn is a pair: the replica holds the old state and must hold the new one after the patch.
TYPED_TEST(PatchPropertyTest, A17_EveryPatchLeadsFromTheOldStateToTheNewOne) {
  // The market's turns cost four times as much.
  const int pairs = std::is_same_v<TypeParam, market::v1::MarketState> ? Pairs() / 4 : Pairs();
  int patches = 0;
  std::string patch;
  for (std::uint64_t seed = 1; patches < pairs; ++seed) {
    Dice dice(seed);
    TrackedState<TypeParam> state;
    Replica<TypeParam> replica;
    for (int turn = 0; turn < 200 && patches < pairs; ++turn, ++patches) {
      MutateSome(state, dice, 6);
      patch.clear();
      const bool changed = state.EncodePatch(patch);
      ASSERT_EQ(changed, !patch.empty());
      state.Commit();
      if (changed) {
        const absl::Status applied = replica.ApplyPatch(patch);
        ASSERT_TRUE(applied.ok()) << applied << ", seed " << seed << ", turn " << turn;
      }
      ASSERT_TRUE(StructOps<TypeParam>::Same(replica.state(), state.value()))
          << "seed " << seed << ", turn " << turn << "\n"
          << replica.state() << "\n"
          << state.value();
      if (dice.OneIn(4)) replica.ClearChange();
    }
    ASSERT_EQ(Snapshot(replica.state()), Snapshot(state)) << "seed " << seed;
  }
}

TYPED_TEST(PatchPropertyTest, RollbackRestoresValuesOrderAndHandles) {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(Pairs() / 2000); ++seed) {
    Dice dice(seed);
    TrackedState<TypeParam> state;
    for (int turn = 0; turn < 60; ++turn) {
      const std::string before = StoredSnapshot(state);
      MutateSome(state, dice, 12);
      const std::string after = StoredSnapshot(state);
      state.ReadCommitted([&](const TypeParam& committed) {
        std::string then = Snapshot(committed);
        ASSERT_EQ(then, before.substr(0, then.size())) << "seed " << seed << ", turn " << turn;
      });
      ASSERT_EQ(StoredSnapshot(state), after) << "seed " << seed << ", turn " << turn;
      if (dice.OneIn(2)) {
        state.Commit();
        continue;
      }
      state.Rollback();
      ASSERT_EQ(StoredSnapshot(state), before) << "seed " << seed << ", turn " << turn;
      std::string patch;
      ASSERT_FALSE(state.EncodePatch(patch));
    }
  }
}

// What a nested call did is undone, what the turn did before and after it is kept, and the patch says so.
TYPED_TEST(PatchPropertyTest, RollbackToAPointOfTheTurn) {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(Pairs() / 2000); ++seed) {
    Dice dice(seed);
    TrackedState<TypeParam> state;
    Replica<TypeParam> replica;
    for (int turn = 0; turn < 40; ++turn) {
      MutateSome(state, dice, 4);
      const auto mark = state.Now();
      const std::string before = StoredSnapshot(state);
      MutateSome(state, dice, 8);
      state.RollBackTo(mark);
      ASSERT_EQ(StoredSnapshot(state), before) << "seed " << seed << ", turn " << turn;
      if (dice.OneIn(2)) MutateSome(state, dice, 4);
      std::string patch;
      state.EncodePatch(patch);
      state.Commit();
      const absl::Status applied = replica.ApplyPatch(patch);
      ASSERT_TRUE(applied.ok()) << applied << ", seed " << seed << ", turn " << turn;
      ASSERT_EQ(Snapshot(replica.state()), Snapshot(state)) << "seed " << seed << ", turn " << turn;
    }
  }
}

TYPED_TEST(PatchPropertyTest, ComposedPatchesHaveTheEffectOfTheSequence) {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(Pairs() / 500); ++seed) {
    Dice dice(seed);
    TrackedState<TypeParam> state;
    MutateSome(state, dice, 60);
    state.Commit();
    Replica<TypeParam> replica;
    ASSERT_TRUE(replica.LoadSnapshot(Snapshot(state)).ok());

    std::vector<std::string> patches;
    for (std::uint32_t i = dice.Below(12) + 1; i > 0; --i) {
      MutateSome(state, dice, 6);
      patches.emplace_back();
      state.EncodePatch(patches.back());
      state.Commit();
    }
    // In two steps, as a composed patch is composed further.
    const auto& compose = *TrackedState<TypeParam>::Codec().compose;
    const std::vector<std::string_view> all(patches.begin(), patches.end());
    const std::size_t middle = dice.Below(static_cast<std::uint32_t>(all.size()) + 1);
    const auto first = compose(absl::MakeConstSpan(all).first(middle));
    const auto second = compose(absl::MakeConstSpan(all).subspan(middle));
    ASSERT_TRUE(first.ok() && second.ok());
    const auto composed = compose({*first, *second});
    ASSERT_TRUE(composed.ok());
    std::size_t total = 0;
    for (const std::string& patch : patches) total += patch.size();
    EXPECT_LE(composed->size(), total + 32);

    const absl::Status applied = replica.ApplyPatch(*composed);
    ASSERT_TRUE(applied.ok()) << applied << ", seed " << seed;
    ASSERT_EQ(Snapshot(replica.state()), Snapshot(state)) << "seed " << seed << "\n"
                                                          << replica.state() << "\n"
                                                          << state.value();
  }
}

TYPED_TEST(PatchPropertyTest, SnapshotsRoundTrip) {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(Pairs() / 1000); ++seed) {
    Dice dice(seed);
    TrackedState<TypeParam> state;
    MutateSome(state, dice, 100);
    state.Commit();
    TrackedState<TypeParam> loaded;
    ASSERT_TRUE(loaded.LoadSnapshot(StoredSnapshot(state)).ok());
    ASSERT_EQ(StoredSnapshot(loaded), StoredSnapshot(state)) << "seed " << seed;
    // The two go on alike.
    Dice same = dice;
    MutateSome(state, dice, 20);
    MutateSome(loaded, same, 20);
    ASSERT_EQ(StoredSnapshot(loaded), StoredSnapshot(state)) << "seed " << seed;
  }
}

// A replica that was away loads a snapshot over what it has: it ends at the same state, handles included, and
// patches go on from there.
TYPED_TEST(PatchPropertyTest, SnapshotOverAnOldState) {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(Pairs() / 1000); ++seed) {
    Dice dice(seed);
    TrackedState<TypeParam> state;
    Replica<TypeParam> replica;
    for (int round = 0; round < 4; ++round) {
      MutateSome(state, dice, 30);
      state.Commit();
      ASSERT_TRUE(replica.LoadSnapshot(Snapshot(state)).ok());
      ASSERT_EQ(Snapshot(replica.state()), Snapshot(state)) << "seed " << seed;
      MutateSome(state, dice, 4);
      std::string patch;
      state.EncodePatch(patch);
      state.Commit();
      const absl::Status applied = replica.ApplyPatch(patch);
      ASSERT_TRUE(applied.ok()) << applied << ", seed " << seed;
      ASSERT_EQ(Snapshot(replica.state()), Snapshot(state)) << "seed " << seed;
    }
  }
}

// Bytes that are not what they should be are refused or change the replica, but never break it: after an
// error it is as before.
TYPED_TEST(PatchPropertyTest, DamagedBytesDoNoHarm) {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(Pairs() / 500); ++seed) {
    Dice dice(seed);
    TrackedState<TypeParam> state;
    MutateSome(state, dice, 40);
    state.Commit();
    Replica<TypeParam> replica;
    ASSERT_TRUE(replica.LoadSnapshot(Snapshot(state)).ok());
    MutateSome(state, dice, 10);
    std::string bytes;
    state.EncodePatch(bytes);
    if (bytes.empty()) continue;
    std::string snapshot = Snapshot(state);
    for (int i = 0; i < 8; ++i) {
      std::string damaged = bytes;
      for (std::uint32_t n = dice.Below(3) + 1; n > 0; --n) {
        damaged[dice.Below(static_cast<std::uint32_t>(damaged.size()))] =
            static_cast<char>(dice.Next() >> 30);
      }
      if (dice.OneIn(4)) damaged.resize(dice.Below(static_cast<std::uint32_t>(damaged.size())));
      const std::string before = Snapshot(replica.state());
      if (!replica.ApplyPatch(damaged).ok()) {
        ASSERT_EQ(Snapshot(replica.state()), before) << "seed " << seed;
      }
      (void)TrackedState<TypeParam>::Codec().compose({bytes, damaged});
    }
    snapshot.push_back('\x08');
    snapshot[dice.Below(static_cast<std::uint32_t>(snapshot.size()))] = static_cast<char>(dice.Next() >> 30);
    (void)replica.LoadSnapshot(snapshot);
    (void)Snapshot(replica.state());
  }
}

}  // namespace
}  // namespace onager::testing
