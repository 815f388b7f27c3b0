#ifndef ONAGER_TESTS_STATE_RANDOM_BOARD_H_
#define ONAGER_TESTS_STATE_RANDOM_BOARD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "board_after.actor.h"
#include "board_before.actor.h"
#include "random_turns.h"

// One state in two versions: how it is changed, and what of the one the other knows.
namespace onager::testing {

template <typename State>
struct BoardTypes;
template <>
struct BoardTypes<board::before::BoardState> {
  using Point = board::before::Point;
  using Item = board::before::Item;
};
template <>
struct BoardTypes<board::after::BoardState> {
  using Point = board::after::Point;
  using Item = board::after::Item;
};

template <typename Point>
Point RandomPoint(Dice& dice) {
  Point point = Point().with_x(dice.Below(3)).with_y(dice.Below(3));
  if constexpr (requires { point.z; }) point.z = dice.Below(3);
  return point;
}

template <typename Item, typename Point>
Item RandomItem(std::string id, Dice& dice) {
  Item item = Item().with_id(std::move(id)).with_title(dice.Text()).with_at(RandomPoint<Point>(dice));
  if (dice.OneIn(3)) (void)std::move(item).with_radius(dice.Below(3));
  if constexpr (requires { item.weight; }) {
    item.weight = dice.Below(3);
    if (dice.OneIn(3)) (void)std::move(item).with_spot(RandomPoint<Point>(dice));
  }
  return item;
}

template <typename Item, typename Point>
void EditItem(Tracked<Item> item, Dice& dice) {
  switch (dice.Below(7)) {
    case 0:
      return item.set_title(dice.Text());
    case 1:
      return item.set_at(RandomPoint<Point>(dice));
    case 2:
      return item.mutable_at().set_x(dice.Below(3));
    case 3:
      return item.set_radius(dice.Below(3));
    case 4:
      return item.set_label(dice.Text());
    case 5:
      return item.clear_shape();
    default:
      if constexpr (requires { item.set_weight(1); }) {
        if (dice.OneIn(3)) return item.set_weight(dice.Below(3));
        if (dice.OneIn(2)) return item.set_spot(RandomPoint<Point>(dice));
        return item.mutable_at().set_z(dice.Below(3));
      }
  }
}

template <typename Item, typename Point, typename List>
void EditItems(List items, Dice& dice) {
  const auto id = [&] { return std::string(1, static_cast<char>('a' + dice.Below(6))); };
  if (dice.OneIn(3)) return MutateList(items, dice, [&] { return RandomItem<Item, Point>(id(), dice); }, id);
  if (auto item = items.Find(id())) return EditItem<Item, Point>(*item, dice);
  items.Insert(RandomItem<Item, Point>(id(), dice));
}

// One change of any part of the state.
template <typename State>
void EditBoard(Tracked<State>& state, Dice& dice) {
  using Point = typename BoardTypes<State>::Point;
  using Item = typename BoardTypes<State>::Item;
  switch (dice.Below(18)) {
    case 0:
      return state.set_name(dice.Text());
    case 1:
      return state.set_limit(static_cast<std::int32_t>(dice.Below(3) * 10));
    case 2:
      return state.mutable_marks().Set(dice.Text(), RandomPoint<Point>(dice));
    case 3:
      return (void)state.mutable_marks().Remove(dice.Text());
    case 4:
      if (auto mark = state.mutable_marks().Find(dice.Text())) mark->set_y(dice.Below(3));
      return;
    case 5:
      return state.mutable_counts().Set(dice.Text(), static_cast<std::int32_t>(dice.Below(3)));
    case 6:
      return (void)(dice.OneIn(2) ? state.mutable_tags().Insert(dice.Text())
                                  : state.mutable_tags().Remove(dice.Text()));
    case 7:
      return dice.OneIn(3) ? state.clear_center() : state.set_center(RandomPoint<Point>(dice));
    case 8:
      if (state.center().has_value()) state.mutable_center().set_y(dice.Below(3));
      return;
    case 9:
      return state.set_path({RandomPoint<Point>(dice), RandomPoint<Point>(dice)});
    case 10:
      return dice.OneIn(3) ? state.clear_mode() : state.set_focus(RandomPoint<Point>(dice));
    case 11:
      return state.set_note(dice.Text());
    case 12:
      if constexpr (requires { state.set_level(1); }) {
        if (dice.OneIn(2)) return state.set_level(static_cast<std::int32_t>(dice.Below(3)));
        if (dice.OneIn(2)) return state.set_color(dice.Text());
        return state.set_total(dice.Below(6));
      } else {
        return state.set_retired(dice.Text());
      }
    case 13:
      if constexpr (requires { state.mutable_archive(); }) {
        return EditItems<Item, Point>(state.mutable_archive(), dice);
      }
      return;
    default:
      return EditItems<Item, Point>(state.mutable_items(), dice);
  }
}

template <typename To, typename From>
To PointAs(const From& from) {
  return To().with_x(from.x).with_y(from.y);
}

template <typename To, typename ToPoint, typename From>
To ItemAs(const From& from) {
  To to = To().with_id(from.id).with_title(from.title).with_at(PointAs<ToPoint>(from.at));
  if (const double* radius = std::get_if<From::kRadius>(&from.shape))
    (void)std::move(to).with_radius(*radius);
  if (const std::string* label = std::get_if<From::kLabel>(&from.shape))
    (void)std::move(to).with_label(*label);
  return to;
}

// What a copy of the one version shows of the other: what both have, and defaults.
template <typename To, typename From>
To BoardAs(const From& from) {
  if constexpr (std::is_same_v<To, From>) return from;
  using Point = typename BoardTypes<To>::Point;
  using Item = typename BoardTypes<To>::Item;
  To to = To().with_name(from.name).with_limit(from.limit).with_counts(from.counts).with_tags(from.tags);
  for (const auto& item : from.items) to.items.Append(ItemAs<Item, Point>(item));
  for (const auto& [key, mark] : from.marks) to.marks.Set(key, PointAs<Point>(mark));
  if (from.center.has_value()) to.center = PointAs<Point>(*from.center);
  for (const auto& point : from.path) to.path.push_back(PointAs<Point>(point));
  if (const auto* focus = std::get_if<From::kFocus>(&from.mode)) {
    (void)std::move(to).with_focus(PointAs<Point>(*focus));
  }
  if (const auto* note = std::get_if<From::kNote>(&from.mode)) (void)std::move(to).with_note(*note);
  return to;
}

}  // namespace onager::testing

#endif  // ONAGER_TESTS_STATE_RANDOM_BOARD_H_
