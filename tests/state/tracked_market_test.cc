// Sets, boxes, private fields, leaf structs and views, one turn at a time.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hand_written_market.h"
#include "onager/generated/filter_tree.h"

namespace onager::testing {
namespace {

using generated::Replica;
using generated::TrackedState;
using market::v1::Comment;
using market::v1::Item;
using market::v1::Market;
using market::v1::MarketState;
using market::v1::Note;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Uuid Id(std::uint64_t number) { return Uuid::FromRandom(0, number); }

class TrackedMarketTest : public ::testing::Test {
 protected:
  // Ends the turn and gives its patch to the replica.
  std::string EndTurn() {
    std::string patch;
    state_.EncodePatch(patch);
    state_.Commit();
    replica_.ClearChange();
    if (!patch.empty()) {
      const absl::Status applied = replica_.ApplyPatch(patch);
      EXPECT_TRUE(applied.ok()) << applied;
    }
    EXPECT_EQ(replica_.state(), state_.value());
    return patch;
  }
  Tracked<MarketState>& state() { return state_.state(); }

  TrackedState<MarketState> state_;
  Replica<MarketState> replica_;
};

TEST_F(TrackedMarketTest, ASetsPatchIsItsNetChange) {
  auto watchers = state().mutable_watchers();
  for (std::uint64_t i = 1; i <= 20; ++i) EXPECT_TRUE(watchers.Insert(Id(i)));
  EXPECT_FALSE(watchers.Insert(Id(1)));
  EndTurn();
  EXPECT_EQ(replica_.change().watchers().added().size(), 20u);

  watchers = state().mutable_watchers();
  watchers.Remove(Id(3));
  watchers.Insert(Id(30));
  watchers.Remove(Id(4));
  watchers.Insert(Id(4));
  watchers.Insert(Id(31));
  watchers.Remove(Id(31));
  EXPECT_THAT(state_.change().watchers().added(), ElementsAre(Id(30)));
  EXPECT_THAT(state_.change().watchers().removed(), ElementsAre(Id(3)));
  const std::string patch = EndTurn();
  EXPECT_LE(patch.size(), 40u);  // Two UUIDs.
  EXPECT_THAT(replica_.change().watchers().added(), ElementsAre(Id(30)));
  EXPECT_THAT(replica_.change().watchers().removed(), ElementsAre(Id(3)));

  watchers = state().mutable_watchers();
  watchers.Remove(Id(30));
  watchers.Insert(Id(30));
  EXPECT_FALSE(state_.change().watchers());
  EXPECT_EQ(EndTurn(), "");

  state().mutable_watchers().Clear();
  EXPECT_LE(EndTurn().size(), 6u);
  EXPECT_EQ(replica_.change().watchers().removed().size(), 20u);

  state().mutable_watchers().Assign({Id(1), Id(2)});
  EndTurn();
  state().mutable_watchers().Assign({Id(2), Id(3)});
  EndTurn();
  EXPECT_THAT(replica_.change().watchers().added(), ElementsAre(Id(3)));
  EXPECT_THAT(replica_.change().watchers().removed(), ElementsAre(Id(1)));
}

TEST_F(TrackedMarketTest, ASetGoesBackWithItsTurn) {
  state().mutable_watchers().Insert(Id(1));
  EndTurn();
  state().mutable_watchers().Insert(Id(2));
  const auto mark = state_.Now();
  state().mutable_watchers().Clear();
  state_.RollBackTo(mark);
  EXPECT_THAT(state_.value().watchers, ElementsAre(Id(1), Id(2)));
  state_.Rollback();
  EXPECT_THAT(state_.value().watchers, ElementsAre(Id(1)));
}

TEST_F(TrackedMarketTest, BoxesAreTrackedAllTheWayDown) {
  state().mutable_thread().mutable_reply().mutable_reply().set_text("deep");
  EndTurn();
  state().mutable_thread().mutable_reply().mutable_reply().mutable_likes().Insert("ann");
  EXPECT_LE(EndTurn().size(), 14u);
  EXPECT_TRUE(replica_.change().thread().reply());
  EXPECT_FALSE(replica_.change().thread().text());
  state().mutable_thread().clear_reply();
  state_.Rollback();
  EXPECT_THAT(state_.value().thread.reply->reply->likes, ElementsAre("ann"));
  state().mutable_tree().mutable_branches().Insert(market::v1::Branch().with_name("left"));
  state().mutable_tree().mutable_branches().Find("left")->mutable_tree().set_size(2);
  EndTurn();
  state().mutable_tree().mutable_branches().Find("left")->mutable_tree().set_size(3);
  EndTurn();
  EXPECT_EQ(replica_.state().tree.branches.Find("left")->tree->size, 3);
}

TEST_F(TrackedMarketTest, PrivateFieldsAreStoredButNotShown) {
  EXPECT_TRUE(TrackedState<MarketState>::Codec().has_private);
  state().set_owner("ann");
  state().mutable_drafts().Insert(Note().with_name("secret draft"));
  state().mutable_ranks().Insert(9);
  std::string stored;
  std::string shown;
  EXPECT_TRUE(state_.EncodePatch(stored));
  EXPECT_FALSE(state_.EncodePublicPatch(shown));
  EXPECT_EQ(shown, "");
  state().set_open(1);
  EXPECT_TRUE(state_.EncodePublicPatch(shown));
  EXPECT_EQ(shown, std::string("\x18\x01", 2));
  state_.Commit();

  std::string snapshot;
  state_.EncodeSnapshot(snapshot);
  EXPECT_EQ(snapshot.find("ann"), std::string::npos);
  EXPECT_EQ(snapshot.find("draft"), std::string::npos);
  std::string stored_snapshot;
  state_.EncodeStoredSnapshot(stored_snapshot);
  TrackedState<MarketState> loaded;
  ASSERT_TRUE(loaded.LoadSnapshot(stored_snapshot).ok());
  EXPECT_EQ(loaded.value().owner, "ann");
  EXPECT_TRUE(loaded.value().drafts.contains("secret draft"));
  EXPECT_THAT(loaded.value().ranks, ElementsAre(9));
}

TEST_F(TrackedMarketTest, ImportedStructsAreReplacedAsAWhole) {
  state().set_home(geo::Point{1, 2, 3});
  state().mutable_places().Set("shop", geo::Point{4, 5});
  state().mutable_route().Insert(geo::Stop{1, {6, 7}});
  EndTurn();
  EXPECT_EQ(replica_.state().home.lon, 2);
  EXPECT_EQ(replica_.state().home.cached, 0);
  // Only an omitted member differs.
  state().set_home(geo::Point{1, 2, 99});
  state().mutable_places().Set("shop", geo::Point{4, 5, 1});
  EXPECT_EQ(EndTurn(), "");
  state().mutable_places().Set("shop", geo::Point{0, 0});
  EndTurn();
  ASSERT_EQ(replica_.change().places().updated().size(), 1u);
  EXPECT_EQ(*replica_.change().places().updated()[0].key, "shop");
  EXPECT_TRUE(state().mutable_route().Replace(geo::Stop{1, {8, 8}}));
  EXPECT_FALSE(state().mutable_route().Replace(geo::Stop{2, {}}));
  EndTurn();
  ASSERT_EQ(replica_.change().route().updated().size(), 1u);
  EXPECT_EQ(replica_.change().route().updated()[0]->at.lat, 8);
}

TEST_F(TrackedMarketTest, AnImportedElementKeepsItsKey) {
  state().mutable_route().Insert(geo::Stop{1, {}});
  EndTurn();
  // field 23: { updated: { handle: 1, value: { number: 2 } } }
  const std::string patch("\xba\x01\x08\x12\x06\x08\x01\x12\x02\x08\x02", 11);
  EXPECT_EQ(replica_.ApplyPatch(patch),
            absl::InvalidArgumentError("market.v1.MarketState patch: a key was changed"));
}

// Views -------------------------------------------------------------------------------------------

class MineTest : public TrackedMarketTest {
 protected:
  MineTest() {
    auto view = generated::ParseView(Market::Type(), "here", Market::Mine("ann").bytes());
    EXPECT_TRUE(view.ok()) << view.status();
    view_ = *std::move(view);
  }

  // Ends the turn and gives what is seen of its change to the replica; returns the patch.
  std::string See() {
    std::string patch;
    const bool shows = view_->EncodePatch(state_, patch);
    EXPECT_EQ(shows, !patch.empty());
    state_.Commit();
    replica_.ClearChange();
    if (!patch.empty()) {
      const absl::Status applied = replica_.ApplyPatch(patch);
      EXPECT_TRUE(applied.ok()) << applied;
    }
    return patch;
  }
  std::vector<std::string> Titles() const {
    std::vector<std::string> titles;
    for (const Item& item : replica_.state().items) titles.push_back(item.title);
    return titles;
  }
  TrackedKeyedList<Item, &Item::id> items() { return state().mutable_items(); }
  void Add(std::uint64_t id, std::string title, Set<std::string> tags) {
    items().Insert(Item().with_id(Id(id)).with_title(std::move(title)).with_tags(std::move(tags)));
  }

  std::unique_ptr<generated::ViewLeaf> view_;
};

// Fault that makes it fail: membership that is judged by the new element only.
TEST_F(MineTest, AnElementThatStartsToMatchArrivesAndOneThatStopsLeaves) {
  Add(1, "a", {"ann"});
  Add(2, "b", {});
  Add(3, "c", {"ann", "bob"});
  See();
  EXPECT_THAT(Titles(), ElementsAre("a", "c"));
  items().Find(Id(2))->mutable_tags().Insert("ann");
  See();
  EXPECT_THAT(Titles(), ElementsAre("a", "b", "c"));
  ASSERT_EQ(replica_.change().items().inserted().size(), 1u);
  EXPECT_EQ(replica_.change().items().inserted()[0]->title, "b");
  items().Find(Id(1))->mutable_tags().Remove("ann");
  See();
  EXPECT_THAT(Titles(), ElementsAre("b", "c"));
  ASSERT_EQ(replica_.change().items().removed().size(), 1u);
  // It comes again, under its old handle, with what happened meanwhile.
  items().Find(Id(1))->set_title("A");
  EXPECT_EQ(See(), "");
  items().Find(Id(1))->mutable_tags().Insert("ann");
  See();
  EXPECT_THAT(Titles(), ElementsAre("A", "b", "c"));
}

TEST_F(MineTest, WhatIsHiddenDoesNotShow) {
  Add(1, "a", {"ann"});
  Add(2, "hidden", {"bob"});
  Add(3, "c", {"ann"});
  state().set_open(3);
  const std::string first = See();
  EXPECT_EQ(first.find("hidden"), std::string::npos);
  items().Find(Id(2))->set_title("still hidden");
  items().Find(Id(1))->set_done(true);
  items().Find(Id(1))->set_secret("no part of the view");
  items().Find(Id(1))->mutable_notes().Insert(Note().with_name("weightless"));
  state().set_changed(absl::FromUnixSeconds(1));
  EXPECT_EQ(See(), "");
  // Moves around hidden elements are none.
  items().MoveToFront(Id(2));
  EXPECT_EQ(See(), "");
  items().MoveBefore(Id(1), Id(2));
  EXPECT_EQ(See(), "");
  items().Remove(Id(2));
  EXPECT_EQ(See(), "");
  items().MoveToBack(Id(1));
  See();
  EXPECT_THAT(Titles(), ElementsAre("c", "a"));
}

TEST_F(MineTest, InnerContainersAreSeenThroughTheirOwnCondition) {
  Add(1, "a", {"ann"});
  auto notes = items().Find(Id(1))->mutable_notes();
  notes.Insert(Note().with_name("x").with_weight(1));
  notes.Insert(Note().with_name("y"));
  See();
  ASSERT_EQ(replica_.state().items.front().notes.size(), 1u);
  EXPECT_EQ(replica_.state().items.front().notes.front().weight, 0);
  items().Find(Id(1))->mutable_notes().Find("y")->set_weight(2);
  items().Find(Id(1))->mutable_notes().Find("x")->mutable_days().Insert(5);
  See();
  EXPECT_THAT(replica_.state().items.front().notes.Find("x")->days, ElementsAre(5));
  EXPECT_TRUE(replica_.state().items.front().notes.contains("y"));
  items().Find(Id(1))->mutable_notes().Find("x")->set_weight(-1);
  See();
  EXPECT_FALSE(replica_.state().items.front().notes.contains("x"));
}

TEST_F(MineTest, ComposedPatchesMayRemoveAndBringAgain) {
  Add(1, "a", {"ann"});
  Add(2, "b", {"ann"});
  See();
  std::vector<std::string> patches;
  const auto turn = [&](auto change) {
    change();
    std::string patch;
    ASSERT_TRUE(view_->EncodePatch(state_, patch));
    state_.Commit();
    patches.push_back(patch);
  };
  turn([&] { items().Find(Id(1))->set_title("first"); });
  turn([&] { items().Find(Id(1))->mutable_tags().Remove("ann"); });
  turn([&] {
    items().Find(Id(1))->set_title("A");
    items().MoveToBack(Id(1));
    items().Find(Id(1))->mutable_tags().Insert("ann");
  });
  turn([&] { Add(3, "c", {"ann"}); });  // Behind the one that came again.
  turn([&] { items().Find(Id(1))->set_title("AA"); });
  const std::vector<std::string_view> all(patches.begin(), patches.end());
  const auto composed = TrackedState<MarketState>::Codec().compose(all);
  ASSERT_TRUE(composed.ok());
  const absl::Status applied = replica_.ApplyPatch(*composed);
  ASSERT_TRUE(applied.ok()) << applied;
  EXPECT_THAT(Titles(), ElementsAre("b", "AA", "c"));
}

TEST_F(MineTest, SnapshotsShowTheSame) {
  Add(1, "a", {"ann"});
  Add(2, "b", {"bob"});
  state().set_open(2);
  state().set_owner("ann");
  state_.Commit();
  std::string snapshot;
  view_->EncodeSnapshot(state_, snapshot);
  ASSERT_TRUE(replica_.LoadSnapshot(snapshot).ok());
  EXPECT_THAT(Titles(), ElementsAre("a"));
  EXPECT_EQ(replica_.state().open, 2);
  EXPECT_EQ(replica_.state().owner, "");
  EXPECT_THAT(replica_.state().items.front().tags, IsEmpty());
  // Patches go on from there.
  items().Find(Id(2))->mutable_tags().Insert("ann");
  See();
  EXPECT_THAT(Titles(), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace onager::testing
