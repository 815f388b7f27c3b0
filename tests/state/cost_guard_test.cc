// What a change costs must not depend on how much there is besides it.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "gtest/gtest.h"
#include "hand_written_market.h"
#include "onager/generated/filter_tree.h"
#include "todo.actor.h"

namespace {
std::uint64_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace onager::testing {
namespace {

using todo::v1::Todo;
using todo::v1::TodoListState;

struct Cost {
  std::uint64_t set_allocations = 0;
  std::uint64_t apply_allocations = 0;
  std::size_t patch_size_max = 0;
  double set_ns = 0;
  double apply_ns = 0;
};

double NanosecondsEach(std::chrono::steady_clock::time_point start, int count) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / count;
}

Cost Measure(int items, int rounds) {
  generated::TrackedState<TodoListState> state;
  for (int i = 0; i < items; ++i) {
    state.state().mutable_todos().Insert(Todo().with_id(std::to_string(i)).with_title("milk"));
  }
  state.Commit();
  std::string snapshot;
  state.EncodeSnapshot(snapshot);
  generated::Replica<TodoListState> replica;
  EXPECT_TRUE(replica.LoadSnapshot(snapshot).ok());
  replica.ClearChange();

  const std::string id = std::to_string(items / 2);
  bool done = false;
  std::string patch;
  const auto find_and_set = [&] {
    state.state().mutable_todos().Find(id)->set_done(done = !done);
    patch.clear();
    EXPECT_TRUE(state.EncodePatch(patch));
    state.Commit();
  };
  const auto apply = [&] {
    EXPECT_TRUE(replica.ApplyPatch(patch).ok());
    replica.ClearChange();
  };
  find_and_set();  // The first turn makes the buffers that stay.
  apply();

  Cost cost;
  std::uint64_t before = allocations;
  for (int i = 0; i < 16; ++i) {
    find_and_set();
    cost.patch_size_max = std::max(cost.patch_size_max, patch.size());
  }
  cost.set_allocations = allocations - before;
  before = allocations;
  for (int i = 0; i < 16; ++i) apply();
  cost.apply_allocations = allocations - before;

  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) find_and_set();
  cost.set_ns = NanosecondsEach(start, rounds);
  start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) apply();
  cost.apply_ns = NanosecondsEach(start, rounds);
  return cost;
}

// Fault that makes it fail: a copy of the state at the start of a turn, a search by position.
TEST(CostGuardTest, OneBoolOfManyItems) {
  Cost smallest;
  for (const int items : {10, 1'000, 100'000}) {
    const Cost cost = Measure(items, 200'000);
    std::printf(
        "%7d items: set+encode+commit %.0f ns with the lookup, %llu allocations; apply %.0f ns, %llu; patch "
        "%zu B\n",
        items, cost.set_ns, static_cast<unsigned long long>(cost.set_allocations), cost.apply_ns,
        static_cast<unsigned long long>(cost.apply_allocations), cost.patch_size_max);
    EXPECT_LE(cost.patch_size_max, 24u);
    if (items == 10) {
      smallest = cost;
      EXPECT_EQ(cost.set_allocations, 0u);
      EXPECT_EQ(cost.apply_allocations, 0u);
    }
    EXPECT_EQ(cost.set_allocations, smallest.set_allocations);
    EXPECT_EQ(cost.apply_allocations, smallest.apply_allocations);
  }
}

// What a commit costs besides, for each view and filter that looks at the actor: one title of one of N items,
// of which the view shows every second.
TEST(CostGuardTest, OneChangeThroughAViewAndAFilter) {
  using market::v1::Item;
  using market::v1::Market;
  using market::v1::MarketState;
  std::uint64_t smallest = 0;
  for (const std::uint32_t items : {10u, 1'000u, 50'000u}) {
    generated::TrackedState<MarketState> state;
    const auto id = [](std::uint32_t i) { return Uuid::FromRandom(i, i); };
    for (std::uint32_t i = 0; i < items; ++i) {
      state.state().mutable_items().Insert(Item().with_id(id(i)).with_tags({i % 2 == 0 ? "ann" : "bob"}));
    }
    state.Commit();
    auto view = generated::ParseView(Market::Type(), "here", Market::Mine("ann").bytes());
    auto filter = generated::FilterTree::Parse(Market::Type(), "here",
                                               (Market::Crosses(1) || Market::Gone(id(1))).bytes());
    ASSERT_TRUE(view.ok() && filter.ok());
    std::string patch;
    bool is_long = false;
    bool is_open = false;
    const auto look = [&] {
      patch.clear();
      is_open = is_open || !(*view)->EncodePatch(state, patch) || filter->IsOpen(state);
    };
    const auto turn = [&] {
      state.state().mutable_items().Find(id(items / 2 * 2 - 2))->set_title((is_long = !is_long) ? "b" : "a");
      look();
      state.Commit();
    };
    turn();
    const std::uint64_t before = allocations;
    for (int i = 0; i < 16; ++i) turn();
    const std::uint64_t cost = allocations - before;
    constexpr int kRounds = 20'000;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) turn();
    std::printf("%7u items: set+view+filter+commit %.0f ns, %llu allocations; patch %zu B\n", items,
                NanosecondsEach(start, kRounds), static_cast<unsigned long long>(cost), patch.size());
    EXPECT_FALSE(is_open);
    EXPECT_LE(patch.size(), 24u);
    if (items == 10) smallest = cost;
    EXPECT_EQ(smallest, 0u);
    EXPECT_EQ(cost, smallest);
  }
}

}  // namespace
}  // namespace onager::testing
