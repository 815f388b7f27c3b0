#include "random_turns.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace onager::testing {

using namespace shapes::v1;  // NOLINT: this file is about them.
using todo::v1::Priority;
using todo::v1::Todo;
using todo::v1::TodoListState;

std::string Dice::Text() {
  static const char* const kTexts[] = {"",     "a",        "b",
                                       "milk", "\xc3\xa9", "a text that is too long for the string itself"};
  return kTexts[Below(6)];
}

namespace {

double Number(Dice& dice) {
  static const double kNumbers[] = {0.0,
                                    -0.0,
                                    1.5,
                                    -2.0,
                                    std::numeric_limits<double>::quiet_NaN(),
                                    std::numeric_limits<double>::infinity()};
  return kNumbers[dice.Below(6)];
}

template <typename I>
I Integer(Dice& dice) {
  const I kIntegers[] = {0, 1, 2, 300, std::numeric_limits<I>::max(), std::numeric_limits<I>::min()};
  return kIntegers[dice.Below(6)];
}

Color RandomColor(Dice& dice) { return static_cast<Color>(dice.Below(7)); }  // Some have no name.

Point RandomPoint(Dice& dice) { return Point().with_x(Number(dice)).with_y(Number(dice)); }

Tag RandomTag(Dice& dice) { return Tag().with_name(dice.Text()).with_weight(Integer<std::int32_t>(dice)); }

Part RandomPart(Dice& dice, std::uint32_t number) {
  Part part = Part().with_number(number).with_name(dice.Text());
  if (dice.OneIn(2)) part.origin = RandomPoint(dice);
  if (dice.OneIn(2)) part.target = RandomPoint(dice);
  for (std::uint32_t i = dice.Below(3); i > 0; --i) part.tags.Append(RandomTag(dice));
  for (std::uint32_t i = dice.Below(3); i > 0; --i) part.counts.Set(dice.Text(), Integer<std::int32_t>(dice));
  for (std::uint32_t i = dice.Below(2); i > 0; --i)
    part.marks.Set(Integer<std::int32_t>(dice), RandomPoint(dice));
  if (dice.OneIn(3)) part.size.emplace<Part::kSide>(Number(dice));
  if (dice.OneIn(3)) part.size.emplace<Part::kTag>(RandomTag(dice));
  return part;
}

void MutatePoint(Tracked<Point> point, Dice& dice) {
  if (dice.OneIn(2)) {
    point.set_x(Number(dice));
  } else {
    point.set_y(Number(dice));
  }
}

void MutateTags(TrackedKeyedList<Tag, &Tag::name> tags, Dice& dice) {
  if (dice.OneIn(2)) {
    if (auto tag = tags.Find(dice.Text())) tag->set_weight(Integer<std::int32_t>(dice));
    return;
  }
  MutateList(tags, dice, [&] { return RandomTag(dice); }, [&] { return dice.Text(); });
}

void MutatePart(Tracked<Part> part, Dice& dice) {
  switch (dice.Below(16)) {
    case 0:
      part.set_name(dice.Text());
      break;
    case 1:
      MutatePoint(part.mutable_origin(), dice);
      break;
    case 2:
      part.set_origin(RandomPoint(dice));
      break;
    case 3:
      MutatePoint(part.mutable_target(), dice);
      break;
    case 4:
      part.set_target(RandomPoint(dice));
      break;
    case 5:
      part.clear_target();
      break;
    case 6:
    case 7:
      MutateTags(part.mutable_tags(), dice);
      break;
    case 8:
      part.mutable_counts().Set(dice.Text(), Integer<std::int32_t>(dice));
      break;
    case 9:
      part.mutable_counts().Remove(dice.Text());
      break;
    case 10:
      part.mutable_marks().Set(Integer<std::int32_t>(dice), RandomPoint(dice));
      break;
    case 11:
      if (auto mark = part.mutable_marks().Find(Integer<std::int32_t>(dice))) MutatePoint(*mark, dice);
      break;
    case 12:
      part.set_radius(Number(dice));
      break;
    case 13:
      part.set_side(Number(dice));
      break;
    case 14:
      part.set_tag(RandomTag(dice));
      break;
    case 15:
      part.clear_size();
      break;
  }
}

void MutateScalars(Tracked<Scalars> scalars, Dice& dice) {
  switch (dice.Below(10)) {
    case 0:
      scalars.set_flag(dice.OneIn(2));
      break;
    case 1:
      scalars.set_int32_value(Integer<std::int32_t>(dice));
      break;
    case 2:
      scalars.set_int64_value(Integer<std::int64_t>(dice));
      break;
    case 3:
      scalars.set_uint32_value(Integer<std::uint32_t>(dice));
      break;
    case 4:
      scalars.set_uint64_value(Integer<std::uint64_t>(dice));
      break;
    case 5:
      scalars.set_float_value(static_cast<float>(Number(dice)));
      break;
    case 6:
      scalars.set_double_value(Number(dice));
      break;
    case 7:
      scalars.set_text(dice.Text());
      break;
    case 8:
      scalars.set_data(Bytes("\xff\x00\x80", dice.Below(4)));
      break;
    case 9:
      scalars.set_color(RandomColor(dice));
      break;
  }
}

void MutateOptionals(Tracked<Optionals> optionals, Dice& dice) {
  switch (dice.Below(16)) {
    case 0:
      optionals.set_flag(dice.OneIn(2));
      break;
    case 1:
      optionals.set_int32_value(Integer<std::int32_t>(dice));
      break;
    case 2:
      optionals.set_int64_value(Integer<std::int64_t>(dice));
      break;
    case 3:
      optionals.set_uint32_value(Integer<std::uint32_t>(dice));
      break;
    case 4:
      optionals.set_uint64_value(Integer<std::uint64_t>(dice));
      break;
    case 5:
      optionals.set_float_value(static_cast<float>(Number(dice)));
      break;
    case 6:
      optionals.set_double_value(Number(dice));
      break;
    case 7:
      optionals.set_text(dice.Text());
      break;
    case 8:
      optionals.set_data(Bytes(dice.Text()));
      break;
    case 9:
      optionals.set_color(RandomColor(dice));
      break;
    case 10:
      optionals.set_point(RandomPoint(dice));
      break;
    case 11:
      MutatePoint(optionals.mutable_point(), dice);
      break;
    case 12:
      optionals.clear_point();
      break;
    case 13:
      optionals.clear_flag();
      break;
    case 14:
      optionals.clear_text();
      break;
    case 15:
      optionals.clear_int64_value();
      break;
  }
}

void MutateDefaults(Tracked<Defaults> defaults, Dice& dice) {
  switch (dice.Below(6)) {
    case 0:
      defaults.set_flag(dice.OneIn(2));
      break;
    case 1:
      defaults.set_int32_value(dice.OneIn(2) ? -7 : Integer<std::int32_t>(dice));
      break;
    case 2:
      defaults.set_uint64_value(Integer<std::uint64_t>(dice));
      break;
    case 3:
      defaults.set_double_value(Number(dice));
      break;
    case 4:
      defaults.set_text(dice.OneIn(2) ? "none" : dice.Text());
      break;
    case 5:
      defaults.set_color(RandomColor(dice));
      break;
  }
}

template <typename T, typename Make>
std::vector<T> RandomVector(Dice& dice, Make make) {
  std::vector<T> values;
  for (std::uint32_t i = dice.Below(4); i > 0; --i) values.push_back(make());
  return values;
}

void MutateLists(Tracked<Lists> lists, Dice& dice) {
  switch (dice.Below(7)) {
    case 0:
      lists.set_flags(RandomVector<bool>(dice, [&] { return dice.OneIn(2); }));
      break;
    case 1:
      lists.set_numbers(RandomVector<std::int32_t>(dice, [&] { return Integer<std::int32_t>(dice); }));
      break;
    case 2:
      lists.set_samples(RandomVector<double>(dice, [&] { return Number(dice); }));
      break;
    case 3:
      lists.set_texts(RandomVector<std::string>(dice, [&] { return dice.Text(); }));
      break;
    case 4:
      lists.set_blobs(RandomVector<Bytes>(dice, [&] { return Bytes(dice.Text()); }));
      break;
    case 5:
      lists.set_colors(RandomVector<Color>(dice, [&] { return RandomColor(dice); }));
      break;
    case 6:
      lists.set_points(RandomVector<Point>(dice, [&] { return RandomPoint(dice); }));
      break;
  }
}

void MutateParts(TrackedKeyedList<Part, &Part::number> parts, Dice& dice) {
  if (dice.OneIn(2)) {
    if (auto part = parts.Find(dice.Below(5))) MutatePart(*part, dice);
    return;
  }
  if (dice.OneIn(20)) return parts.Sort([](const Part& a, const Part& b) { return a.number < b.number; });
  MutateList(parts, dice, [&] { return RandomPart(dice, dice.Below(5)); }, [&] { return dice.Below(5); });
}

void MutateArchive(TrackedMap<std::uint64_t, Part> archive, Dice& dice) {
  const std::uint64_t key = dice.Below(3);
  switch (dice.Below(6)) {
    case 0:
      archive.Set(key, RandomPart(dice, dice.Below(5)));
      break;
    case 1:
      archive.Remove(key);
      break;
    case 2:
      if (dice.OneIn(8)) archive.Clear();
      break;
    default:
      if (auto part = archive.Find(key)) MutatePart(*part, dice);
  }
}

}  // namespace

void Mutate(Tracked<ShapesState>& state, Dice& dice) {
  switch (dice.Below(20)) {
    case 0:
      return MutateScalars(state.mutable_scalars(), dice);
    case 1:
      return MutateOptionals(state.mutable_optionals(), dice);
    case 2:
      return MutateDefaults(state.mutable_defaults(), dice);
    case 3:
      return MutateLists(state.mutable_lists(), dice);
    case 4:
    case 5:
    case 6:
      return MutateParts(state.mutable_parts(), dice);
    case 7:
      return MutateTags(state.mutable_tags(), dice);
    case 8:
      if (auto found = state.mutable_switches().Find(dice.OneIn(2))) found->set_text(dice.Text());
      return MutateList(
          state.mutable_switches(), dice,
          [&] { return Switch().with_on(dice.OneIn(2)).with_text(dice.Text()); },
          [&] { return dice.OneIn(2); });
    case 9:
      if (auto paint = state.mutable_paints().Find(RandomColor(dice)))
        paint->set_amount(static_cast<float>(Number(dice)));
      return MutateList(
          state.mutable_paints(), dice, [&] { return Paint().with_color(RandomColor(dice)).with_amount(1); },
          [&] { return RandomColor(dice); });
    case 10:
      return state.mutable_labels().Set(dice.Text(), dice.Text());
    case 11:
      return (void)state.mutable_labels().Remove(dice.Text());
    case 12:
      return state.mutable_totals().Set(dice.OneIn(2), Integer<std::int64_t>(dice));
    case 13:
      return (void)state.mutable_totals().Remove(dice.OneIn(2));
    case 14:
      return MutateArchive(state.mutable_archive(), dice);
    case 15:
      return MutatePart(state.mutable_spare(), dice);
    case 16:
      return dice.OneIn(2) ? state.clear_spare() : state.set_spare(RandomPart(dice, dice.Below(5)));
    case 17:
      return dice.OneIn(2) ? state.set_corner(RandomPoint(dice)) : state.set_path(dice.Text());
    case 18:
      return dice.OneIn(2) ? state.set_level(Integer<std::int32_t>(dice)) : state.clear_outline();
    case 19:
      return state.set_revision(Integer<std::int32_t>(dice));
  }
}

void Mutate(Tracked<TodoListState>& state, Dice& dice) {
  const auto id = [&] { return std::string(1, static_cast<char>('a' + dice.Below(6))); };
  const auto make = [&] {
    Todo todo = Todo().with_id(id()).with_title(dice.Text()).with_done(dice.OneIn(2));
    if (dice.OneIn(3)) todo.due = Integer<std::int64_t>(dice);
    if (dice.OneIn(3)) todo.labels.Set(dice.Text(), dice.Text());
    return todo;
  };
  auto todos = state.mutable_todos();
  if (dice.OneIn(8)) return state.set_pending_count(Integer<std::int32_t>(dice));
  if (dice.OneIn(3)) return MutateList(todos, dice, make, id);
  auto todo = todos.Find(id());
  if (!todo) return (void)todos.Insert(make());
  switch (dice.Below(7)) {
    case 0:
      return todo->set_title(dice.Text());
    case 1:
      return todo->set_done(!todo->done());
    case 2:
      return todo->set_priority(static_cast<Priority>(dice.Below(4)));
    case 3:
      return todo->set_due(Integer<std::int64_t>(dice));
    case 4:
      return todo->clear_due();
    case 5:
      return todo->mutable_labels().Set(dice.Text(), dice.Text());
    case 6:
      return (void)todo->mutable_labels().Remove(dice.Text());
  }
}

}  // namespace onager::testing
