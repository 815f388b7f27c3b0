#include "random_market.h"

#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace onager::testing {

using namespace market::v1;  // NOLINT: this file is about them.

Uuid IdOf(std::uint32_t number) { return number == 0 ? Uuid() : Uuid::FromRandom(number, ~number); }

std::string NameOf(std::uint32_t number) {
  static const char* const kNames[] = {"", "a", "b", "ann", "here"};
  return kNames[number % kNameCount];
}

namespace {

Uuid RandomId(Dice& dice) { return IdOf(dice.Below(kIdCount)); }
std::string RandomName(Dice& dice) { return NameOf(dice.Below(kNameCount)); }
std::int32_t Small(Dice& dice) { return static_cast<std::int32_t>(dice.Below(4)) - 1; }

absl::Time RandomTime(Dice& dice) {
  static const absl::Time kTimes[] = {absl::UnixEpoch(),
                                      absl::UnixEpoch() + absl::Nanoseconds(1),
                                      absl::UnixEpoch() - absl::Nanoseconds(1),
                                      absl::UnixEpoch() + absl::Nanoseconds(1) / 4,
                                      absl::FromUnixSeconds(1'700'000'000),
                                      absl::InfiniteFuture(),
                                      absl::InfinitePast()};
  return kTimes[dice.Below(std::size(kTimes))];
}

absl::Duration RandomDuration(Dice& dice) {
  static const absl::Duration kDurations[] = {absl::ZeroDuration(),    absl::Nanoseconds(-1),
                                              absl::Seconds(5),        absl::Milliseconds(-1500),
                                              absl::Nanoseconds(0.25), absl::InfiniteDuration()};
  return kDurations[dice.Below(std::size(kDurations))];
}

geo::Point RandomPlace(Dice& dice) {
  static const double kNumbers[] = {0.0, -0.0, 1.5, -2.0, std::numeric_limits<double>::quiet_NaN()};
  return geo::Point{kNumbers[dice.Below(5)], kNumbers[dice.Below(5)], Small(dice)};
}

Set<std::string> RandomNames(Dice& dice) {
  Set<std::string> names;
  for (std::uint32_t i = dice.Below(3); i > 0; --i) names.Insert(RandomName(dice));
  return names;
}

Note RandomNote(Dice& dice) {
  Note note = Note().with_name(RandomName(dice)).with_weight(Small(dice));
  for (std::uint32_t i = dice.Below(3); i > 0; --i) note.days.Insert(Small(dice));
  return note;
}

Comment RandomComment(Dice& dice, int depth = 3) {
  Comment comment = Comment().with_text(RandomName(dice)).with_likes(RandomNames(dice));
  if (depth > 0 && dice.OneIn(2)) comment.reply = RandomComment(dice, depth - 1);
  return comment;
}

Tree RandomTree(Dice& dice, int depth = 2) {
  Tree tree = Tree().with_size(Small(dice));
  for (std::uint32_t i = dice.Below(3); i > 0; --i) {
    Branch branch = Branch().with_name(RandomName(dice));
    if (depth > 0 && dice.OneIn(2)) branch.tree = RandomTree(dice, depth - 1);
    tree.branches.Append(std::move(branch));
  }
  return tree;
}

Item RandomItem(Dice& dice) {
  Item item = Item().with_id(RandomId(dice)).with_title(RandomName(dice)).with_tags(RandomNames(dice));
  item.done = dice.OneIn(2);
  if (dice.OneIn(2)) item.due = RandomTime(dice);
  item.effort = RandomDuration(dice);
  item.place = RandomPlace(dice);
  if (dice.OneIn(2)) item.comment = RandomComment(dice);
  for (std::uint32_t i = dice.Below(4); i > 0; --i) item.notes.Append(RandomNote(dice));
  for (std::uint32_t i = dice.Below(3); i > 0; --i) item.marks.Set(RandomName(dice), RandomNote(dice));
  return item;
}

template <typename T, typename Make>
void MutateSet(TrackedSet<T> set, Dice& dice, Make make) {
  switch (dice.Below(6)) {
    case 0:
    case 1:
      set.Insert(make());
      break;
    case 2:
    case 3:
      set.Remove(make());
      break;
    case 4:
      if (dice.OneIn(6)) set.Clear();
      break;
    case 5: {
      Set<T> wanted = set.value();
      wanted.Insert(make());
      wanted.Remove(make());
      set.Assign(wanted);
    }
  }
}

void MutateNote(Tracked<Note> note, Dice& dice) {
  if (dice.OneIn(2)) return note.set_weight(Small(dice));
  MutateSet(note.mutable_days(), dice, [&] { return Small(dice); });
}

void MutateNotes(TrackedKeyedList<Note, &Note::name> notes, Dice& dice) {
  if (dice.OneIn(2)) {
    if (auto note = notes.Find(RandomName(dice))) MutateNote(*note, dice);
    return;
  }
  MutateList(notes, dice, [&] { return RandomNote(dice); }, [&] { return RandomName(dice); });
}

void MutateComment(Tracked<Comment> comment, Dice& dice) {
  switch (dice.Below(6)) {
    case 0:
      return comment.set_text(RandomName(dice));
    case 1:
      return comment.set_reply(RandomComment(dice, 1));
    case 2:
      return comment.clear_reply();
    case 3:
      return MutateComment(comment.mutable_reply(), dice);
    default:
      return MutateSet(comment.mutable_likes(), dice, [&] { return RandomName(dice); });
  }
}

void MutateTree(Tracked<Tree> tree, Dice& dice) {
  if (dice.OneIn(4)) return tree.set_size(Small(dice));
  auto branch = tree.mutable_branches().Find(RandomName(dice));
  if (!branch) {
    tree.mutable_branches().Insert(Branch().with_name(RandomName(dice)).with_tree(RandomTree(dice, 1)));
    return;
  }
  switch (dice.Below(4)) {
    case 0:
      return branch->clear_tree();
    case 1:
      return branch->set_tree(RandomTree(dice, 1));
    case 2:
      return (void)tree.mutable_branches().Remove(RandomName(dice));
    default:
      return MutateTree(branch->mutable_tree(), dice);
  }
}

void MutateItem(Tracked<Item> item, Dice& dice) {
  switch (dice.Below(16)) {
    case 0:
      return item.set_title(RandomName(dice));
    case 1:
      return item.set_done(dice.OneIn(2));
    case 2:
    case 3:
    case 4:
      return MutateSet(item.mutable_tags(), dice, [&] { return RandomName(dice); });
    case 5:
      return dice.OneIn(3) ? item.clear_due() : item.set_due(RandomTime(dice));
    case 6:
      return item.set_effort(RandomDuration(dice));
    case 7:
      return item.set_place(RandomPlace(dice));
    case 8:
      return item.set_comment(RandomComment(dice));
    case 9:
      return item.clear_comment();
    case 10:
      return MutateComment(item.mutable_comment(), dice);
    case 11:
    case 12:
      return MutateNotes(item.mutable_notes(), dice);
    case 13:
      return item.mutable_marks().Set(RandomName(dice), RandomNote(dice));
    case 14:
      if (auto mark = item.mutable_marks().Find(RandomName(dice))) return MutateNote(*mark, dice);
      return (void)item.mutable_marks().Remove(RandomName(dice));
    case 15:
      return item.set_secret(RandomName(dice));
  }
}

void MutateItems(TrackedKeyedList<Item, &Item::id> items, Dice& dice) {
  if (dice.OneIn(2)) {
    if (auto item = items.Find(RandomId(dice))) return MutateItem(*item, dice);
  }
  if (dice.OneIn(20)) {
    return items.Sort([](const Item& a, const Item& b) { return a.title < b.title; });
  }
  MutateList(items, dice, [&] { return RandomItem(dice); }, [&] { return RandomId(dice); });
}

void MutateArchive(TrackedMap<std::string, Item> archive, Dice& dice) {
  const std::string key = RandomName(dice);
  switch (dice.Below(6)) {
    case 0:
      return archive.Set(key, RandomItem(dice));
    case 1:
      return (void)archive.Remove(key);
    case 2:
      if (dice.OneIn(8)) archive.Clear();
      return;
    default:
      if (auto item = archive.Find(key)) MutateItem(*item, dice);
  }
}

void MutateRoute(TrackedKeyedList<geo::Stop, &geo::Stop::number> route, Dice& dice) {
  const auto number = [&] { return static_cast<int>(dice.Below(5)); };
  const auto make = [&] {
    geo::Stop stop;
    stop.number = number();
    stop.at = RandomPlace(dice);
    return stop;
  };
  if (dice.OneIn(2)) return (void)route.Replace(make());
  MutateList(route, dice, make, number);
}

void MutateSubject(Tracked<MarketState>& state, Dice& dice) {
  switch (dice.Below(5)) {
    case 0:
      return state.set_at(RandomTime(dice));
    case 1:
      return state.set_every(RandomDuration(dice));
    case 2:
      return state.set_who(RandomId(dice));
    case 3:
      return state.set_where(RandomPlace(dice));
    case 4:
      return state.clear_subject();
  }
}

void MutatePinned(Tracked<MarketState>& state, Dice& dice) {
  switch (dice.Below(6)) {
    case 0:
      return state.set_pinned(RandomItem(dice));
    case 1:
      return state.clear_pinned();
    default:
      return MutateItem(state.mutable_pinned(), dice);
  }
}

}  // namespace

void Mutate(Tracked<MarketState>& state, Dice& dice) {
  switch (dice.Below(30)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return MutateItems(state.mutable_items(), dice);
    case 8:
    case 9:
    case 10:
      return MutateArchive(state.mutable_archive(), dice);
    case 11:
      return state.set_open(Small(dice));
    case 12:
      return state.set_owner(RandomName(dice));
    case 13:
      return MutateSet(state.mutable_watchers(), dice, [&] { return RandomId(dice); });
    case 14:
      return state.set_changed(RandomTime(dice));
    case 15:
      return MutateComment(state.mutable_thread(), dice);
    case 16:
      return state.set_thread(RandomComment(dice));
    case 17:
    case 18:
      return MutatePinned(state, dice);
    case 19:
      return MutateNotes(state.mutable_drafts(), dice);
    case 20:
      return state.set_home(RandomPlace(dice));
    case 21:
      return dice.OneIn(3) ? (void)state.mutable_places().Remove(RandomName(dice))
                           : state.mutable_places().Set(RandomName(dice), RandomPlace(dice));
    case 22:
      return dice.OneIn(3) ? state.clear_camp() : state.set_camp(RandomPlace(dice));
    case 23: {
      std::vector<absl::Time> times;
      for (std::uint32_t i = dice.Below(3); i > 0; --i) times.push_back(RandomTime(dice));
      return state.set_times(std::move(times));
    }
    case 24:
      return dice.OneIn(3) ? state.clear_lead() : state.set_lead(RandomId(dice));
    case 25:
      return MutateSubject(state, dice);
    case 26: {
      if (dice.OneIn(2)) return MutateTree(state.mutable_tree(), dice);
      std::vector<Note> remarks;
      for (std::uint32_t i = dice.Below(3); i > 0; --i) remarks.push_back(RandomNote(dice));
      return state.set_remarks(std::move(remarks));
    }
    case 27:
      if (dice.OneIn(2)) return state.set_limit(Small(dice) + 7);
      return MutateSet(state.mutable_ranks(), dice, [&] { return Small(dice); });
    case 28:
    case 29:
      return MutateRoute(state.mutable_route(), dice);
  }
}

}  // namespace onager::testing
