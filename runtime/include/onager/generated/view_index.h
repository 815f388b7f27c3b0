#ifndef ONAGER_GENERATED_VIEW_INDEX_H_
#define ONAGER_GENERATED_VIEW_INDEX_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "onager/generated/hash_projection.h"
#include "onager/generated/projection.h"
#include "onager/generated/state_interface.h"
#include "onager/generated/tracked_state_impl.h"
#include "onager/generated/view_turn.h"
#include "onager/uuid.h"

// Which parameters of a view an open turn concerns. Of 10,000 observers that see `items where item.owner ==
// user`, each with a user of its own, a turn concerns those whose items it has touched.
namespace onager::generated {

// Elements of which each that is shown has a value in common with the view's parameters. `Equality` says
// which: WhereEqual or WhereKeyEqual.
template <auto Member, auto Where, typename Equality, typename... Parts>
struct IndexedElements : Elements<Member, Where, Parts...> {};

// `Where` never holds unless the parameter is equal to what `Path` leads to from the element:
// `WhereEqual<&TodoListMineView::user, &Item::owner>`. Without a path it is the element itself.
template <auto Parameter, auto... Path>
struct WhereEqual {
  static constexpr auto kParameter = Parameter;

  template <typename Entry>
  static const auto& ValueOf(const Entry& entry) {
    return Follow<Path...>(entry.value);
  }

 private:
  template <auto... Rest, typename V>
  static const auto& Follow(const V& value) {
    if constexpr (sizeof...(Rest) == 0) {
      return value;
    } else {
      return FollowFirst<Rest...>(value);
    }
  }
  template <auto First, auto... Rest, typename V>
  static const auto& FollowFirst(const V& value) {
    return Follow<Rest...>(value.*First);
  }
};

// The same of a map's key.
template <auto Parameter>
struct WhereKeyEqual {
  static constexpr auto kParameter = Parameter;

  template <typename Entry>
  static const auto& ValueOf(const Entry& entry) {
    return entry.key;
  }
};

template <auto Member, auto Where, typename Equality, typename... Parts, typename A>
struct HashPart<IndexedElements<Member, Where, Equality, Parts...>, A>
    : HashPart<Elements<Member, Where, Parts...>, A> {};

// Equal values, and no others, have equal bytes.
template <typename V>
void AppendIndexedValue(std::string& out, const V& value) {
  if constexpr (std::is_convertible_v<const V&, std::string_view>) {
    out += std::string_view(value);
  } else if constexpr (std::is_same_v<V, Uuid>) {
    for (const std::uint8_t byte : value.bytes()) out += static_cast<char>(byte);
  } else {
    static_assert(std::is_integral_v<V> || std::is_enum_v<V>);
    auto rest = static_cast<std::uint64_t>(value);
    for (; rest != 0; rest >>= 8) out += static_cast<char>(rest & 0xff);
  }
}

// A way through what a view shows, which tells the values in its indexed containers. Those are numbered in
// the order of the fields, as one value says something else in each.
class IndexWalk {
 public:
  using Told = absl::FunctionRef<void(const std::string&, const ViewTouch*)>;

  explicit IndexWalk(Told told) : told_(told) {}

  template <typename V>
  void Tell(const V& value, const ViewTouch* touch = nullptr) {
    bytes_.clear();
    for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>((container >> shift) & 0xff);
    AppendIndexedValue(bytes_, value);
    told_(bytes_, touch);
  }
  // The number of a container that is the only one of its kind. There are few.
  std::uint32_t NumberOf(ContainerChange& log) {
    const auto found = std::find(touched.containers.begin(), touched.containers.end(), &log);
    const auto number = static_cast<std::uint32_t>(found - touched.containers.begin());
    if (found == touched.containers.end()) touched.containers.push_back(&log);
    return number;
  }

  std::uint32_t container = 0;  // The first one in what comes next.
  bool before = false;          // The state is as it was when the turn began.
  bool in_element = false;      // The container may be one of many.
  bool met_container = false;   // An indexed one that was touched.
  ViewIndex::Touched touched;
  absl::flat_hash_set<const ElementChange*> unchanged;  // Touched, and yet as they were.

 private:
  Told told_;
  std::string bytes_;
};

// How many indexed containers there are in a part, and whether there is a way through it. Where there is
// none, whatever is touched in it concerns all parameters.
template <typename Part>
struct IndexedPart {
  static constexpr std::uint32_t kContainers = 0;
  static constexpr bool kWalks = false;
};

template <typename Shown>
constexpr std::uint32_t CountIndexed() {
  std::uint32_t count = 0;
  Shown::ForEachShown([&]<typename, typename Part>() { count += IndexedPart<Part>::kContainers; });
  return count;
}

// None where there is no way through it: it may be a leaf.
template <bool Walks, typename Shown>
constexpr std::uint32_t CountIndexedIf() {
  if constexpr (Walks) {
    return CountIndexed<Shown>();
  } else {
    return 0;
  }
}

// Tells what elements that were touched have, or had, in common with the parameters they are shown to.
template <typename Shown, typename T>
void WalkTouched(const T& value, const StructChange& change, IndexWalk& walk) {
  std::uint32_t container = walk.container;
  Shown::ForEachShown([&]<typename F, typename Part>() {
    walk.container = container;
    container += IndexedPart<Part>::kContainers;
    void* slot = change[kSlotIndex<T, F>];
    if (slot == nullptr) return;
    if constexpr (IndexedPart<Part>::kWalks) {
      IndexedPart<Part>::Walk(value.*Part::kMember, slot, walk);
    } else {
      walk.touched.concerns_all = true;
    }
  });
}

// Tells what elements that are shown have in common with these parameters.
template <typename Shown, typename P>
void WalkParameters(const P& parameters, IndexWalk& walk) {
  std::uint32_t container = walk.container;
  Shown::ForEachShown([&]<typename, typename Part>() {
    walk.container = container;
    container += IndexedPart<Part>::kContainers;
    if constexpr (IndexedPart<Part>::kContainers != 0) IndexedPart<Part>::Tell(parameters, walk);
  });
}

template <auto Member, auto Where, typename Equality, typename... Parts>
struct IndexedPart<IndexedElements<Member, Where, Equality, Parts...>> {
  using Of = typename Elements<Member, Where, Parts...>::Of;
  static constexpr std::uint32_t kContainers = 1;
  static constexpr bool kWalks = true;

  template <typename C>
  static void Walk(const C&, void* slot, IndexWalk& walk) {
    walk.met_container = true;
    auto& log = *static_cast<ContainerChange*>(slot);
    ViewTouch touch;
    if (!walk.in_element) touch.container = walk.NumberOf(log);
    for (ElementChange* element = log.first; element != nullptr; element = element->next, ++touch.at) {
      if (!walk.before && IsUnchanged(*element)) walk.unchanged.insert(element);
      if (walk.unchanged.contains(element)) continue;
      const bool is_there = walk.before ? element->was_present : element->is_present;
      if (!is_there) continue;
      touch.element = element;
      walk.Tell(Equality::ValueOf(Of::EntryOf(*element)), walk.in_element ? nullptr : &touch);
    }
  }
  template <typename P>
  static void Tell(const P& parameters, IndexWalk& walk) {
    walk.Tell(std::invoke(Equality::kParameter, parameters));
  }

 private:
  // The neighbour of one that moved or went. Cannot be told while the turn is undone.
  static bool IsUnchanged(const ElementChange& element) {
    return element.was_present && element.is_present && !element.moved && element.value == nullptr;
  }
};

// Elements that are all shown, in part. One that comes, goes or moves concerns everybody.
template <auto Member, auto Where, typename... Parts>
struct IndexedPart<Elements<Member, Where, Parts...>> {
  using Of = typename Elements<Member, Where, Parts...>::Of;
  using Shown = typename Elements<Member, Where, Parts...>::Shown;
  static constexpr bool kWalks = [] {
    if constexpr (LeafType<typename Of::V> || !Of::kShowsAll) {
      return false;
    } else {
      return !Shown::kIsWhole;
    }
  }();
  static constexpr std::uint32_t kContainers = CountIndexedIf<kWalks, Shown>();

  template <typename C>
  static void Walk(const C&, void* slot, IndexWalk& walk) {
    const std::uint32_t container = walk.container;
    const bool was_in_element = std::exchange(walk.in_element, true);
    const auto& log = *static_cast<const ContainerChange*>(slot);
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      if (!element->was_present || !element->is_present || element->moved) {
        if (element->was_present || element->is_present) walk.touched.concerns_all = true;
        continue;
      }
      walk.container = container;
      if (element->value != nullptr) {
        WalkTouched<Shown>(Of::EntryOf(*element).value, *static_cast<const StructChange*>(element->value),
                           walk);
      }
    }
    walk.in_element = was_in_element;
  }
  template <typename P>
  static void Tell(const P& parameters, IndexWalk& walk) {
    WalkParameters<Shown>(parameters, walk);
  }
};

// A struct that is always there.
template <auto Member, typename... Parts>
struct IndexedPart<Inside<Member, Parts...>> {
  using Type = typename MemberTraits<decltype(Member)>::Type;
  using Shown = typename Inside<Member, Parts...>::Of::Shown;
  static constexpr bool kIsStruct = std::is_base_of_v<InsideStruct<Type, Parts...>, InsideOf<Type, Parts...>>;
  static constexpr bool kWalks = kIsStruct;
  static constexpr std::uint32_t kContainers = CountIndexedIf<kIsStruct, Shown>();

  static void Walk(const Type& value, void* slot, IndexWalk& walk) {
    WalkTouched<Shown>(value, *static_cast<const StructChange*>(slot), walk);
  }
  template <typename P>
  static void Tell(const P& parameters, IndexWalk& walk) {
    WalkParameters<Shown>(parameters, walk);
  }
};

// Of all views that show the same selection.
template <typename Shown>
class SelectionIndex final : public ViewIndex {
  using State = typename Shown::State;

 public:
  Touched ForEachTouched(StateInterface& interface, IndexWalk::Told told) const override {
    auto& state = static_cast<TrackedState<State>&>(interface);
    const StructChange* change = state.root_change();
    if (change == nullptr) return {};
    IndexWalk walk(told);
    WalkTouched<Shown>(state.value(), *change, walk);
    if (walk.met_container) {
      walk.container = 0;
      walk.before = true;
      // Leaves that were touched cannot be told from others there, nor need they be.
      state.ReadCommitted([&](const State& old) { WalkTouched<Shown>(old, *change, walk); });
    }
    return std::move(walk.touched);
  }
  void Answer(StateInterface& interface, const Touched& touched,
              absl::Span<ViewQuestion> questions) const override {
    auto& state = static_cast<TrackedState<State>&>(interface);
    if (state.root_change() == nullptr) return;
    AnswerTogether(state, state.journal(), touched.containers, questions);
  }
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_VIEW_INDEX_H_
