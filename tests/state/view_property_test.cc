// Views and filters in random turns, held against plain copies of the state.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "onager/generated/filter_tree.h"
#include "random_market.h"

namespace onager::testing {
namespace {

using generated::FilterTree;
using generated::ParseView;
using generated::Replica;
using generated::StateHash;
using generated::StateHashChange;
using generated::StructOps;
using generated::TrackedState;
using generated::ViewIndex;
using generated::ViewLeaf;
using generated::ViewQuestion;
using generated::ViewTouch;
using market::v1::Comment;
using market::v1::Item;
using market::v1::Market;
using market::v1::MarketState;
using market::v1::Note;

constexpr std::string_view kKey = "here";

// ONAGER_RANDOM_PAIRS scales the tests down where a build is slow.
int Pairs() {
  const char* pairs = std::getenv("ONAGER_RANDOM_PAIRS");
  return pairs != nullptr ? std::max(std::atoi(pairs) / 4, 1) : 250'000;
}

// Plain reference implementations of what the views show. -----------------------------------------------

Comment OnlyText(const Comment& comment) { return Comment().with_text(comment.text); }

MarketState Mine(const MarketState& state, const std::string& user) {
  MarketState shown;
  for (const Item& item : state.items) {
    if (!item.tags.contains(user)) continue;
    Item part = Item().with_id(item.id).with_title(item.title);
    for (const Note& note : item.notes) {
      if (note.weight > 0) part.notes.Append(Note().with_name(note.name).with_days(note.days));
    }
    if (item.comment) part.comment = OnlyText(*item.comment);
    shown.items.Append(part);
  }
  shown.open = state.open;
  return shown;
}

MarketState Marked(const MarketState& state, std::int32_t least) {
  MarketState shown;
  for (const Item& item : state.items) {
    Item part = Item().with_id(item.id);
    for (const auto& [name, mark] : item.marks) {
      if (name.size() > 1) part.marks.Set(name, Note().with_weight(mark.weight));
    }
    shown.items.Append(part);
  }
  for (const auto& [key, item] : state.archive) {
    if (key == kKey || item.marks.empty()) continue;
    Item part = Item().with_title(item.title);
    for (const Note& note : item.notes) {
      part.notes.Append(Note().with_name(note.name).with_weight(note.weight));
    }
    for (const auto& [name, mark] : item.marks) {
      if (mark.weight >= least) part.marks.Set(name, mark);
    }
    shown.archive.Set(key, part);
  }
  shown.thread.likes = state.thread.likes;
  if (state.pinned) {
    Item part = Item().with_title(state.pinned->title);
    for (const Note& note : state.pinned->notes) {
      if (note.weight >= least) part.notes.Append(note);
    }
    if (state.pinned->comment) {
      part.comment.emplace();
      if (state.pinned->comment->reply) part.comment->reply = OnlyText(*state.pinned->comment->reply);
    }
    shown.pinned = part;
  }
  for (const auto& [name, place] : state.places) {
    if (place.lat > 0) shown.places.Set(name, place);
  }
  shown.subject = state.subject;
  for (const Note& note : state.remarks) shown.remarks.push_back(Note().with_weight(note.weight));
  shown.limit = state.limit;
  for (const geo::Stop& stop : state.route) {
    if (stop.at.lat > 0) shown.route.Append(stop);
  }
  return shown;
}

MarketState Titled(const MarketState& state, const std::string& title, std::int32_t number) {
  MarketState shown;
  for (const Item& item : state.items) {
    if (item.title != title) continue;
    Item part = Item().with_id(item.id).with_title(item.title);
    part.done = item.done;
    part.notes = item.notes;
    shown.items.Append(part);
  }
  for (const auto& [key, item] : state.archive) {
    if (item.title == title && !item.done) shown.archive.Set(key, item);
  }
  for (const geo::Stop& stop : state.route) {
    if (stop.number == number) shown.route.Append(stop);
  }
  return shown;
}

MarketState Noted(const MarketState& state, const std::string& name) {
  MarketState shown;
  for (const Item& item : state.items) {
    Item part = Item().with_id(item.id);
    for (const Note& note : item.notes) {
      if (note.name == name) part.notes.Append(note);
    }
    shown.items.Append(part);
  }
  for (const auto& [key, item] : state.archive) {
    if (key != name) continue;
    Item part;
    part.comment = item.comment;
    shown.archive.Set(key, part);
  }
  shown.thread.likes = state.thread.likes;
  return shown;
}

MarketState Public(const MarketState& state) {
  MarketState shown = state;
  shown.owner.clear();
  shown.drafts.Clear();
  shown.ranks.Clear();
  return shown;
}

// One way to see the state, with a copy that follows it by patches. ------------------------------------

struct Observer {
  std::string name;
  std::unique_ptr<ViewLeaf> view;  // Null: what every subscriber without a view sees.
  std::function<MarketState(const MarketState&)> reference;
  std::unique_ptr<Replica<MarketState>> replica = std::make_unique<Replica<MarketState>>();
  std::string patch;
  std::string last_snapshot;
  std::vector<std::string> history;  // Patches since `older`.
  std::unique_ptr<Replica<MarketState>> older = std::make_unique<Replica<MarketState>>();
  StateHash hash = StateHash(4);  // Kept up with each turn.

  StateHash HashOf(const TrackedState<MarketState>& state) const {
    return view != nullptr ? view->Hash(state, 4) : state.Hash(4);
  }
  StateHashChange HashChange(TrackedState<MarketState>& state) const {
    return view != nullptr ? view->HashChange(state, 4) : state.HashChange(4);
  }
  // What its index says of the open turn, once it was asked; null: the turn does not concern the view.
  const ViewIndex* index() const { return view == nullptr ? nullptr : view->index(); }
  std::unique_ptr<ViewQuestion> asked;
  bool IsConcerned() const { return index() == nullptr || asked != nullptr; }
  bool EncodePatch(TrackedState<MarketState>& state) {
    patch.clear();
    return view != nullptr ? view->EncodePatch(state, patch) : state.EncodePublicPatch(patch);
  }
  std::string Snapshot(const TrackedState<MarketState>& state) const {
    std::string bytes;
    if (view != nullptr) {
      view->EncodeSnapshot(state, bytes);
    } else {
      state.EncodeSnapshot(bytes);
    }
    return bytes;
  }
};

std::vector<Observer> Observers() {
  std::vector<Observer> observers;
  const auto add = [&](std::string name, const View<MarketState>& view, auto reference) {
    Observer& observer = observers.emplace_back();
    observer.name = std::move(name);
    observer.reference = reference;
    if (view.bytes().empty()) return;
    auto leaf = ParseView(Market::Type(), kKey, view.bytes());
    EXPECT_TRUE(leaf.ok()) << leaf.status();
    observer.view = *std::move(leaf);
  };
  add("public", {}, &Public);
  for (const std::string user : {"a", "ann", "nobody"}) {
    add("Mine " + user, Market::Mine(user), [user](const MarketState& state) { return Mine(state, user); });
  }
  for (const std::int32_t least : {0, 2}) {
    add("Marked " + std::to_string(least), Market::Marked(least),
        [least](const MarketState& state) { return Marked(state, least); });
  }
  for (const std::string title : {"", "ann"}) {
    add("Titled " + title, Market::Titled(title, 1),
        [title](const MarketState& state) { return Titled(state, title, 1); });
  }
  add("Noted", Market::Noted("b"), [](const MarketState& state) { return Noted(state, "b"); });
  return observers;
}

// Asks those of one index together.
void AskIndexes(std::vector<Observer>& observers, TrackedState<MarketState>& state) {
  for (Observer& observer : observers) observer.asked.reset();
  std::set<const ViewIndex*> done;
  for (const Observer& first : observers) {
    const ViewIndex* const index = first.index();
    if (index == nullptr || !done.insert(index).second) continue;
    const auto question_of = [](Observer& observer) -> ViewQuestion& {
      if (observer.asked == nullptr) observer.asked = std::make_unique<ViewQuestion>();
      observer.asked->view = observer.view.get();
      observer.asked->hash_slices = 4;
      return *observer.asked;
    };
    const auto touched = index->ForEachTouched(state, [&](const std::string& value, const ViewTouch* touch) {
      for (Observer& observer : observers) {
        if (observer.index() != index) continue;
        observer.view->ForEachIndexed([&](const std::string& own) {
          if (own != value) return;
          ViewQuestion& question = question_of(observer);
          if (touch != nullptr) question.touches.push_back(*touch);
        });
      }
    });
    std::vector<ViewQuestion> questions;
    std::vector<Observer*> asked;
    for (Observer& observer : observers) {
      if (observer.index() != index) continue;
      if (touched.concerns_all) (void)question_of(observer);
      if (observer.asked == nullptr) continue;
      questions.push_back(*observer.asked);
      asked.push_back(&observer);
    }
    index->Answer(state, touched, absl::MakeSpan(questions));
    for (std::size_t i = 0; i < asked.size(); ++i) *asked[i]->asked = std::move(questions[i]);
  }
}

// With the handles.
std::string Bytes(const MarketState& value) {
  std::string bytes;
  generated::Writer writer(bytes);
  StructOps<MarketState>::Encode(writer, value, true);
  writer.Finish();
  return bytes;
}

void MutateSome(TrackedState<MarketState>& state, Dice& dice, std::uint32_t most) {
  for (std::uint32_t i = dice.Below(most) + 1; i > 0; --i) Mutate(state.state(), dice);
}

// Fault that makes it fail: an element that starts to match placed behind a hidden one; one that was removed
// and matches again composed as if it had been there; an index that forgets what an element was before,
// moves, or one of its containers.
TEST(ViewPropertyTest, PatchesOfAViewLeadWhereItsSnapshotIs) {
  const int pairs = Pairs();
  int done = 0;
  int changed = 0;
  int without_effect = 0;
  int spared = 0;
  for (std::uint64_t seed = 1; done < pairs; ++seed) {
    Dice dice(seed);
    TrackedState<MarketState> state;
    std::vector<Observer> observers = Observers();
    for (Observer& observer : observers) observer.last_snapshot = observer.Snapshot(state);
    for (int turn = 0; turn < 100 && done < pairs; ++turn) {
      MutateSome(state, dice, 6);
      std::string stored;
      state.EncodePatch(stored);
      std::vector<bool> encoded;
      AskIndexes(observers, state);
      for (Observer& observer : observers) {
        encoded.push_back(observer.EncodePatch(state));
        if (observer.asked != nullptr) {
          // It says the same, though it has looked at less.
          ASSERT_EQ(observer.asked->shows, encoded.back()) << observer.name << ", seed " << seed;
          ASSERT_EQ(observer.asked->patch, observer.patch) << observer.name << ", seed " << seed;
          observer.asked->hash_change->AddTo(observer.hash);
          StateHash whole = StateHash(4);
          StateHash asked = StateHash(4);
          observer.HashChange(state).AddTo(whole);
          observer.asked->hash_change->AddTo(asked);
          ASSERT_EQ(whole, asked) << observer.name << ", seed " << seed;
        } else if (observer.IsConcerned()) {
          observer.HashChange(state).AddTo(observer.hash);
        } else {
          ++spared;
          ASSERT_FALSE(encoded.back()) << observer.name << ", seed " << seed << ", turn " << turn;
        }
      }
      state.Commit();
      for (std::size_t i = 0; i < observers.size(); ++i, ++done) {
        Observer& observer = observers[i];
        const auto where = [&] {
          return observer.name + ", seed " + std::to_string(seed) + ", turn " + std::to_string(turn);
        };
        ASSERT_EQ(encoded[i], !observer.patch.empty()) << where();
        const std::string snapshot = observer.Snapshot(state);
        if (encoded[i]) {
          ++changed;
          without_effect += snapshot == observer.last_snapshot;
          const absl::Status applied = observer.replica->ApplyPatch(observer.patch);
          ASSERT_TRUE(applied.ok()) << applied << ", " << where();
          observer.history.push_back(observer.patch);
        } else {
          ASSERT_EQ(snapshot, observer.last_snapshot) << where();
        }
        // What is wrong once stays wrong.
        if (turn % 4 == 3) {
          ASSERT_EQ(observer.hash, observer.HashOf(state)) << where();
        }
        for (std::uint32_t slice = 0; slice < 4 && turn % 4 == 3; ++slice) {
          ASSERT_EQ(observer.replica->HashSlice(slice, 4), observer.hash.sums[slice])
              << where() << "\n"
              << observer.replica->state();
        }
        observer.last_snapshot = snapshot;
        Replica<MarketState> fresh;
        const absl::Status loaded = fresh.LoadSnapshot(snapshot);
        ASSERT_TRUE(loaded.ok()) << loaded << ", " << where();
        ASSERT_EQ(Bytes(observer.replica->state()), Bytes(fresh.state())) << where();
        const MarketState expected = observer.reference(state.value());
        ASSERT_TRUE(StructOps<MarketState>::Same(fresh.state(), expected)) << where() << "\n"
                                                                           << fresh.state() << "\n"
                                                                           << expected;
        if (dice.OneIn(4)) observer.replica->ClearChange();

        // What was missed comes as one, made in two steps.
        if (!dice.OneIn(8)) continue;
        const auto& compose = *TrackedState<MarketState>::Codec().compose;
        const std::vector<std::string_view> all(observer.history.begin(), observer.history.end());
        const std::size_t middle = dice.Below(static_cast<std::uint32_t>(all.size()) + 1);
        const auto first = compose(absl::MakeConstSpan(all).first(middle));
        const auto second = compose(absl::MakeConstSpan(all).subspan(middle));
        ASSERT_TRUE(first.ok() && second.ok()) << where();
        const auto composed = compose({*first, *second});
        ASSERT_TRUE(composed.ok()) << where();
        const absl::Status caught_up = observer.older->ApplyPatch(*composed);
        ASSERT_TRUE(caught_up.ok()) << caught_up << ", " << where();
        ASSERT_EQ(Bytes(observer.older->state()), Bytes(fresh.state())) << where() << "\n"
                                                                        << observer.older->state() << "\n"
                                                                        << fresh.state();
        observer.older->ClearChange();
        observer.history.clear();
      }
    }
  }
  std::printf("%d pairs, %d patches, %d of them without effect; %d spared by an index\n", done, changed,
              without_effect, spared);
  EXPECT_GT(spared * 20, done);
  // Only an optional struct that was exchanged for an equal one makes such a patch.
  EXPECT_LT(without_effect * 100, changed);
}

// Elements of a list that come into sight, change, move and leave again and again, composed over many turns.
// Fault that makes it fail: an update lost that follows a removal; a ghost that stays one.
TEST(ViewPropertyTest, ComposedPatchesOfElementsThatComeAndGo) {
  const auto leaf = ParseView(Market::Type(), kKey, Market::Mine("ann").bytes());
  ASSERT_TRUE(leaf.ok());
  const auto& compose = *TrackedState<MarketState>::Codec().compose;
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(Pairs() / 10); ++seed) {
    Dice dice(seed);
    TrackedState<MarketState> state;
    const auto id = [&] { return IdOf(dice.Below(5)); };
    const auto change = [&] {
      auto items = state.state().mutable_items();
      auto item = items.Find(id());
      if (!item) {
        items.InsertFront(Item().with_id(id()).with_title("new"));
        items.Insert(Item().with_id(id()).with_tags({"ann"}));
        return;
      }
      switch (dice.Below(8)) {
        case 0:
          return (void)items.Remove(id());
        case 1:
          return (void)items.MoveBefore(id(), id());
        case 2:
          return (void)items.MoveToBack(id());
        case 3:
        case 4:
          return (void)item->mutable_tags().Insert("ann");
        case 5:
        case 6:
          return (void)item->mutable_tags().Remove("ann");
        case 7:
          return item->set_title(std::to_string(dice.Below(100)));
      }
    };
    for (int i = 0; i < 8; ++i) change();
    state.Commit();
    std::string snapshot;
    (*leaf)->EncodeSnapshot(state, snapshot);
    Replica<MarketState> replica;
    ASSERT_TRUE(replica.LoadSnapshot(snapshot).ok());

    std::vector<std::string> patches;
    for (std::uint32_t turn = dice.Below(10) + 1; turn > 0; --turn) {
      for (std::uint32_t i = dice.Below(3) + 1; i > 0; --i) change();
      std::string patch;
      if ((*leaf)->EncodePatch(state, patch)) patches.push_back(patch);
      state.Commit();
    }
    // In steps, as a composed patch is composed further.
    const std::vector<std::string_view> all(patches.begin(), patches.end());
    const std::size_t middle = dice.Below(static_cast<std::uint32_t>(all.size()) + 1);
    const auto first = compose(absl::MakeConstSpan(all).first(middle));
    const auto second = compose(absl::MakeConstSpan(all).subspan(middle));
    ASSERT_TRUE(first.ok() && second.ok()) << "seed " << seed;
    const auto composed = compose({*first, *second});
    ASSERT_TRUE(composed.ok()) << "seed " << seed;
    const absl::Status applied = replica.ApplyPatch(*composed);
    ASSERT_TRUE(applied.ok()) << applied << ", seed " << seed;
    snapshot.clear();
    (*leaf)->EncodeSnapshot(state, snapshot);
    Replica<MarketState> fresh;
    ASSERT_TRUE(fresh.LoadSnapshot(snapshot).ok());
    ASSERT_EQ(Bytes(replica.state()), Bytes(fresh.state())) << "seed " << seed << "\n"
                                                            << replica.state() << "\n"
                                                            << fresh.state();
  }
}

// The previous state through the journal against a copy that was made before the turn. ------------------

void ExpectNote(const Previous<Note>& prev, const Note& copy) {
  ASSERT_EQ(prev.name, copy.name);
  ASSERT_EQ(prev.weight, copy.weight);
  ASSERT_EQ(prev.days.size(), copy.days.size());
  ASSERT_EQ(prev.days.empty(), copy.days.empty());
  for (std::int32_t day = -2; day < 4; ++day) ASSERT_EQ(prev.days.contains(day), copy.days.contains(day));
}

void ExpectComment(const Previous<Comment>& prev, const Comment& copy) {
  ASSERT_EQ(prev.text, copy.text);
  ASSERT_EQ(prev.likes.size(), copy.likes.size());
  for (std::uint32_t i = 0; i < kNameCount; ++i) {
    ASSERT_EQ(prev.likes.contains(NameOf(i)), copy.likes.contains(NameOf(i)));
  }
  ASSERT_EQ(prev.reply.has_value(), copy.reply.has_value());
  if (copy.reply) ExpectComment(*prev.reply, *copy.reply);
}

void ExpectItem(const Previous<Item>& prev, const Item& copy) {
  ASSERT_EQ(prev.id, copy.id);
  ASSERT_EQ(prev.title, copy.title);
  ASSERT_EQ(prev.done, copy.done);
  ASSERT_EQ(prev.due, copy.due);
  ASSERT_EQ(prev.effort, copy.effort);
  ASSERT_TRUE(StructOps<geo::Point>::Same(prev.place, copy.place));
  ASSERT_EQ(prev.tags.size(), copy.tags.size());
  ASSERT_EQ(prev.notes.size(), copy.notes.size());
  ASSERT_EQ(prev.marks.size(), copy.marks.size());
  ASSERT_EQ(prev.comment.has_value(), copy.comment.has_value());
  if (copy.comment) ExpectComment(*prev.comment, *copy.comment);
  for (std::uint32_t i = 0; i < kNameCount; ++i) {
    const std::string name = NameOf(i);
    ASSERT_EQ(prev.tags.contains(name), copy.tags.contains(name));
    const Note* note = copy.notes.Find(name);
    ASSERT_EQ(prev.notes.contains(name), note != nullptr);
    ASSERT_EQ(prev.notes.Find(name).has_value(), note != nullptr);
    if (note != nullptr) ExpectNote(*prev.notes.Find(name), *note);
    const Note* mark = copy.marks.Find(name);
    ASSERT_EQ(prev.marks.contains(name), mark != nullptr);
    if (mark != nullptr) ExpectNote(*prev.marks.Find(name), *mark);
  }
}

void ExpectState(const Previous<MarketState>& prev, const MarketState& copy) {
  ASSERT_EQ(prev.items.size(), copy.items.size());
  ASSERT_EQ(prev.items.empty(), copy.items.empty());
  for (std::uint32_t i = 0; i < kIdCount; ++i) {
    const Item* item = copy.items.Find(IdOf(i));
    ASSERT_EQ(prev.items.contains(IdOf(i)), item != nullptr);
    ASSERT_EQ(prev.items.Find(IdOf(i)).has_value(), item != nullptr);
    if (item != nullptr) ExpectItem(*prev.items.Find(IdOf(i)), *item);
    ASSERT_EQ(prev.watchers.contains(IdOf(i)), copy.watchers.contains(IdOf(i)));
  }
  ASSERT_EQ(prev.archive.size(), copy.archive.size());
  ASSERT_EQ(prev.places.size(), copy.places.size());
  for (std::uint32_t i = 0; i < kNameCount; ++i) {
    const std::string name = NameOf(i);
    const Item* item = copy.archive.Find(name);
    ASSERT_EQ(prev.archive.contains(name), item != nullptr);
    if (item != nullptr) ExpectItem(*prev.archive.Find(name), *item);
    const geo::Point* place = copy.places.Find(name);
    ASSERT_EQ(prev.places.Find(name) != nullptr, place != nullptr);
    if (place == nullptr) continue;
    ASSERT_TRUE(StructOps<geo::Point>::Same(*prev.places.Find(name), *place));
  }
  ASSERT_EQ(prev.route.size(), copy.route.size());
  for (int number = 0; number < 5; ++number) {
    const geo::Stop* stop = copy.route.Find(number);
    ASSERT_EQ(prev.route.Find(number) != nullptr, stop != nullptr);
    if (stop == nullptr) continue;
    ASSERT_TRUE(StructOps<geo::Stop>::Same(*prev.route.Find(number), *stop));
  }
  ASSERT_EQ(prev.open, copy.open);
  ASSERT_EQ(prev.owner, copy.owner);
  ASSERT_EQ(prev.changed, copy.changed);
  ASSERT_EQ(prev.lead, copy.lead);
  ExpectComment(prev.thread, copy.thread);
  ASSERT_EQ(prev.pinned.has_value(), copy.pinned.has_value());
  if (copy.pinned) ExpectItem(*prev.pinned, *copy.pinned);
}

TEST(ViewPropertyTest, ThePreviousStateIsWhatACopyOfItSays) {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(Pairs() / 500 + 1); ++seed) {
    Dice dice(seed);
    TrackedState<MarketState> state;
    for (int turn = 0; turn < 40; ++turn) {
      const MarketState copy = state.value();
      MutateSome(state, dice, 8);
      if (dice.OneIn(3)) {
        const auto mark = state.Now();
        MutateSome(state, dice, 8);
        state.RollBackTo(mark);
        if (dice.OneIn(2)) MutateSome(state, dice, 4);
      }
      ExpectState(Previous<MarketState>(state.root_change(), state.value()), copy);
      ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << ", turn " << turn;
      state.Commit();
    }
  }
}

TEST(ViewPropertyTest, FiltersAgreeWithCopies) {
  const auto parse = [](const Filter<MarketState>& filter) {
    auto tree = FilterTree::Parse(Market::Type(), kKey, filter.bytes());
    EXPECT_TRUE(tree.ok()) << tree.status();
    return *std::move(tree);
  };
  const FilterTree crosses = parse(Market::Crosses(1));
  const FilterTree gone = parse(Market::Gone(IdOf(2)));
  const FilterTree both = parse(Market::Crosses(1) && !Market::Gone(IdOf(2)));
  const FilterTree any = parse(Market::Gone(IdOf(2)) || Market::Here() || !Market::Crosses(1));
  const FilterTree renamed = parse(Market::Renamed(IdOf(3)));
  const FilterTree not_renamed = parse(!Market::Renamed(IdOf(3)));
  int opened = 0;
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(Pairs() / 500 + 1); ++seed) {
    Dice dice(seed);
    TrackedState<MarketState> state;
    for (int turn = 0; turn < 40; ++turn) {
      const MarketState old = state.value();
      MutateSome(state, dice, 8);
      const MarketState& now = state.value();
      const bool is_crossed = (old.open >= 1) != (now.open >= 1);
      const bool is_gone = old.items.contains(IdOf(2)) && !now.items.contains(IdOf(2));
      const bool is_here = now.thread.text == kKey;
      ASSERT_EQ(crosses.IsOpen(state), is_crossed) << "seed " << seed << ", turn " << turn;
      ASSERT_EQ(gone.IsOpen(state), is_gone) << "seed " << seed << ", turn " << turn;
      ASSERT_EQ(both.IsOpen(state), is_crossed && !is_gone);
      ASSERT_EQ(any.IsOpen(state), is_gone || is_here || !is_crossed);
      opened += is_crossed + is_gone;
      const Item* before = old.items.Find(IdOf(3));
      const Item* after = now.items.Find(IdOf(3));
      // Where the predicate throws nothing is suppressed, also under a not.
      const bool throws = before == nullptr && after != nullptr;
      const bool is_renamed = before != nullptr && after != nullptr && before->title != after->title;
      ASSERT_EQ(renamed.IsOpen(state), throws || is_renamed);
      ASSERT_EQ(not_renamed.IsOpen(state), throws || !is_renamed);
      state.Commit();
    }
  }
  EXPECT_GT(opened, 0);
}

}  // namespace
}  // namespace onager::testing
