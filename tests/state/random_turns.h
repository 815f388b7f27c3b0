#ifndef ONAGER_TESTS_STATE_RANDOM_TURNS_H_
#define ONAGER_TESTS_STATE_RANDOM_TURNS_H_

#include <cstdint>
#include <string>

#include "shapes.actor.h"
#include "todo.actor.h"

namespace onager::testing {

// Small numbers from a seed, the same on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}

  std::uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  // From 0 to below `count`.
  std::uint32_t Below(std::uint32_t count) { return static_cast<std::uint32_t>((Next() >> 20) % count); }
  bool OneIn(std::uint32_t count) { return Below(count) == 0; }
  // Few different ones, so that collisions and returns to an old value happen.
  std::string Text();

 private:
  std::uint64_t state_;
};

// Any of what can be done to the structure of a keyed list.
template <typename List, typename Make, typename Key>
void MutateList(List list, Dice& dice, Make make, Key key) {
  switch (dice.Below(10)) {
    case 0:
    case 1:
      list.Insert(make());
      break;
    case 2:
      list.InsertFront(make());
      break;
    case 3:
      list.InsertBefore(key(), make());
      break;
    case 4:
      list.Remove(key());
      break;
    case 5:
      list.MoveBefore(key(), key());
      break;
    case 6:
      list.MoveToBack(key());
      break;
    case 7:
      list.MoveToFront(key());
      break;
    case 8:
      if (dice.OneIn(8)) list.Clear();
      break;
    case 9:
      if (dice.OneIn(4)) {
        const auto copy = list.value();
        auto wanted = copy;
        wanted.Remove(key());
        wanted.InsertBefore(key(), make());
        list.Assign(wanted);
      }
      break;
  }
}

// One random change through the API that actors use. Keys and values are few.
void Mutate(Tracked<todo::v1::TodoListState>& state, Dice& dice);
void Mutate(Tracked<shapes::v1::ShapesState>& state, Dice& dice);

}  // namespace onager::testing

#endif  // ONAGER_TESTS_STATE_RANDOM_TURNS_H_
