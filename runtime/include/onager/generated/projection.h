#ifndef ONAGER_GENERATED_PROJECTION_H_
#define ONAGER_GENERATED_PROJECTION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "onager/generated/describe.h"
#include "onager/generated/struct_ops_impl.h"
#include "onager/generated/visible_elements.h"

// What a view shows, as a type:
//
//   Selection<TodoListState,
//             Elements<&TodoListState::items, &IsMine, Whole<&TodoItem::id>, Whole<&TodoItem::title>>,
//             Whole<&TodoListState::open>>
//
// A field that no part names is not shown. The order of the parts does not matter.
namespace onager::generated {

// What a struct shows of itself: the parts, or all where there are none.
template <typename T, typename... Parts>
struct Projection {
  static constexpr bool kIsWhole = sizeof...(Parts) == 0;
  // Whether it depends on the values what is shown.
  static constexpr bool kHasWhere = (Parts::kHasWhere || ...);

  // Calls `f.template operator()<F, Part>()` for the fields that are shown, by number.
  template <typename F>
  static constexpr void ForEachShown(F&& f) {
    ForEachField<T>([&]<typename Shown>() {
      constexpr std::size_t kPart = PartIndex<Shown>();
      if constexpr (kPart < sizeof...(Parts)) {
        static_assert(!Shown::kIsPrivate, "a view cannot show a private field");
        f.template operator()<Shown, std::tuple_element_t<kPart, std::tuple<Parts...>>>();
      }
    });
  }

  // As StructOps, of what is shown.
  template <typename A>
  static void Encode(Writer& writer, const T& value, const A& arguments, bool with_handles) {
    if constexpr (kIsWhole) {
      StructOps<T>::Encode(writer, value, with_handles);
    } else {
      std::array<Handles, kFieldCount<T> + 1> handles;
      ForEachShown([&]<typename F, typename Part>() {
        Part::template Encode<T, F>(writer, value, arguments, with_handles, handles[kSlotIndex<T, F>]);
      });
      if (!with_handles) return;
      ForEachShown([&]<typename F, typename Part>() {
        if constexpr (kHasHandles<F>) {
          const Writer::Open open = writer.Begin(kOwnFields + F::kNumber);
          for (const std::uint64_t handle : handles[kSlotIndex<T, F>]) writer.Varint(handle);
          writer.EndUnlessEmpty(open);
        }
      });
    }
  }
  template <typename A>
  static void EncodeAsPatch(Writer& writer, const T& value, const A& arguments) {
    if constexpr (kIsWhole) {
      StructOps<T>::EncodeAsPatch(writer, value);
    } else {
      ForEachShown(
          [&]<typename F, typename Part>() { Part::template EncodeAsPatch<T, F>(writer, value, arguments); });
    }
  }
  template <typename A>
  static void EncodeChange(Writer& writer, const T& value, const StructChange& change, const A& arguments,
                           Journal& journal) {
    if constexpr (kIsWhole) {
      StructOps<T>::EncodeChange(writer, value, change);
    } else {
      ClearedFields<kFieldCount<T>> cleared;
      ForEachShown([&]<typename F, typename Part>() {
        Part::template EncodeChange<T, F>(writer, value, change, arguments, journal, cleared);
      });
      cleared.Write(writer);
    }
  }

  // To be called before EncodeChange and while the state is as it was when the turn began: notes which of the
  // touched elements were visible then.
  template <typename A>
  static void Mark(const T& value, const StructChange& change, const A& arguments, Journal& journal) {
    ForEachShown([&]<typename F, typename Part>() {
      void* slot = change[kSlotIndex<T, F>];
      if constexpr (Part::kHasWhere) {
        if (slot != nullptr) Part::Mark(value.*F::kMember, slot, arguments, journal);
      }
    });
  }

 private:
  using Handles = std::vector<std::uint64_t>;

  template <typename F>
  static constexpr std::size_t PartIndex() {
    std::size_t index = sizeof...(Parts);
    std::size_t at = 0;
    ((std::is_same_v<MemberTag<F::kMember>, MemberTag<Parts::kMember>> ? void(index = at++) : void(++at)),
     ...);
    return index;
  }
};

// All of a field, whatever it is.
template <auto Member>
struct Whole {
  static constexpr auto kMember = Member;
  static constexpr bool kHasWhere = false;

  template <typename T, typename F, typename A>
  static void Encode(Writer& writer, const T& value, const A&, bool with_handles,
                     std::vector<std::uint64_t>& handles) {
    EncodeField<T, F>(writer, value, with_handles);
    if constexpr (kHasHandles<F>) {
      if (!with_handles) return;
      FieldOps<typename F::Type>::Access::ForEach(
          value.*Member, [&](const auto& entry) { handles.push_back(entry.handle); });
    }
  }
  template <typename T, typename F, typename A>
  static void EncodeAsPatch(Writer& writer, const T& value, const A&) {
    EncodeFieldAsPatch<T, F>(writer, value);
  }
  template <typename T, typename F, typename A>
  static void EncodeChange(Writer& writer, const T& value, const StructChange& change, const A&, Journal&,
                           ClearedFields<kFieldCount<T>>& cleared) {
    EncodeFieldChange<T, F>(writer, value, change, cleared);
  }
};

// Some fields of a struct.
template <typename V, typename... Parts>
struct InsideStruct {
  using Shown = Projection<V, Parts...>;

  template <typename A>
  static void Encode(Writer& writer, std::uint32_t number, const V& value, const A& arguments,
                     bool with_handles) {
    const Writer::Open open = writer.Begin(number);
    Shown::Encode(writer, value, arguments, with_handles);
    writer.EndUnlessEmpty(open);
  }
  template <typename A>
  static void EncodeAsPatch(Writer& writer, std::uint32_t number, const V& value, const A& arguments) {
    const Writer::Open open = writer.Begin(number);
    Shown::EncodeAsPatch(writer, value, arguments);
    writer.EndUnlessEmpty(open);
  }
  // Returns whether the field must be named as cleared.
  template <typename A>
  static bool EncodeChange(Writer& writer, std::uint32_t number, const V& value, const void* slot,
                           const A& arguments, Journal& journal) {
    const Writer::Open open = writer.Begin(number);
    Shown::EncodeChange(writer, value, *static_cast<const StructChange*>(slot), arguments, journal);
    writer.EndUnlessEmpty(open);
    return false;
  }
  template <typename A>
  static void Mark(const V& value, const void* slot, const A& arguments, Journal& journal) {
    Shown::Mark(value, *static_cast<const StructChange*>(slot), arguments, journal);
  }
};

// Of an optional struct; O is the std::optional or Box.
template <typename O, typename... Parts>
struct InsideOptional {
  using Shown = Projection<typename O::value_type, Parts...>;

  template <typename A>
  static void Encode(Writer& writer, std::uint32_t number, const O& value, const A& arguments,
                     bool with_handles) {
    if (!value) return;
    const Writer::Open open = writer.Begin(number);
    Shown::Encode(writer, *value, arguments, with_handles);
    writer.End(open);
  }
  template <typename A>
  static void EncodeAsPatch(Writer& writer, std::uint32_t number, const O& value, const A& arguments) {
    if (!value) return;
    const Writer::Open open = writer.Begin(number);
    Shown::EncodeAsPatch(writer, *value, arguments);
    writer.End(open);
  }
  template <typename A>
  static bool EncodeChange(Writer& writer, std::uint32_t number, const O& value, const void* slot,
                           const A& arguments, Journal& journal) {
    const auto& change = *static_cast<const OptionalChange*>(slot);
    const bool is_new = value && (!change.was_present || change.renewed);
    const bool cleared = change.was_present && (is_new || !value);
    if (!value) return cleared;
    if (is_new) {
      EncodeAsPatch(writer, number, value, arguments);
    } else if (change.fields != nullptr) {
      const Writer::Open open = writer.Begin(number);
      Shown::EncodeChange(writer, *value, *static_cast<const StructChange*>(change.fields), arguments,
                          journal);
      writer.EndUnlessEmpty(open);
    }
    return cleared;
  }
  template <typename A>
  static void Mark(const O& value, const void* slot, const A& arguments, Journal& journal) {
    const auto& change = *static_cast<const OptionalChange*>(slot);
    if (value && change.fields != nullptr) {
      Shown::Mark(*value, *static_cast<const StructChange*>(change.fields), arguments, journal);
    }
  }
};

// Of each struct of a plain list, which is a leaf.
template <typename L, typename... Parts>
struct InsideList {
  using Shown = Projection<typename L::value_type, Parts...>;

  template <typename A>
  static void Encode(Writer& writer, std::uint32_t number, const L& list, const A& arguments, bool) {
    for (const auto& element : list) {
      const Writer::Open open = writer.Begin(number);
      Shown::Encode(writer, element, arguments, false);
      writer.End(open);
    }
  }
  template <typename A>
  static void EncodeAsPatch(Writer& writer, std::uint32_t number, const L& list, const A& arguments) {
    Encode(writer, number, list, arguments, false);
  }
  template <typename A>
  static bool EncodeChange(Writer& writer, std::uint32_t number, const L& list, const void* slot,
                           const A& arguments, Journal&) {
    std::string old_bytes;
    std::string bytes;
    Writer old_writer(old_bytes);
    Writer new_writer(bytes);
    Encode(old_writer, number, *static_cast<const L*>(slot), arguments, false);
    Encode(new_writer, number, list, arguments, false);
    old_writer.Finish();
    new_writer.Finish();
    if (bytes == old_bytes) return false;
    writer.Raw(bytes);
    return bytes.empty();
  }
  template <typename A>
  static void Mark(const L&, const void*, const A&, Journal&) {}
};

template <typename Type, typename... Parts>
struct InsideOf : InsideStruct<Type, Parts...> {};
template <typename Type, typename... Parts>
  requires kIsOptionalStruct<Type>
struct InsideOf<Type, Parts...> : InsideOptional<Type, Parts...> {};
template <typename V, typename... Parts>
struct InsideOf<std::vector<V>, Parts...> : InsideList<std::vector<V>, Parts...> {};

// Some fields of a struct, of an optional struct, or of each struct of a plain list.
template <auto Member, typename... Parts>
struct Inside {
  static constexpr auto kMember = Member;
  static constexpr bool kHasWhere = (Parts::kHasWhere || ...);
  using Of = InsideOf<typename MemberTraits<decltype(Member)>::Type, Parts...>;

  template <typename T, typename F, typename A>
  static void Encode(Writer& writer, const T& value, const A& arguments, bool with_handles,
                     std::vector<std::uint64_t>&) {
    Of::Encode(writer, F::kNumber, value.*Member, arguments, with_handles);
  }
  template <typename T, typename F, typename A>
  static void EncodeAsPatch(Writer& writer, const T& value, const A& arguments) {
    Of::EncodeAsPatch(writer, F::kNumber, value.*Member, arguments);
  }
  template <typename T, typename F, typename A>
  static void EncodeChange(Writer& writer, const T& value, const StructChange& change, const A& arguments,
                           Journal& journal, ClearedFields<kFieldCount<T>>& cleared) {
    const void* slot = change[kSlotIndex<T, F>];
    if (slot != nullptr && Of::EncodeChange(writer, F::kNumber, value.*Member, slot, arguments, journal)) {
      cleared.Add(F::kNumber);
    }
  }
  template <typename Type, typename A>
  static void Mark(const Type& value, const void* slot, const A& arguments, Journal& journal) {
    Of::Mark(value, slot, arguments, journal);
  }
};

// The elements of a keyed list or map for which `Where` holds; of each, the parts, or all where there are
// none. `Where` is nullptr, which holds for all, or a function
// `bool(const T& item, const Key& key, const Parameters& parameters)`, of a map
// `bool(const V& item, const K& item_key, const Key& key, const Parameters& parameters)`.
// Where it throws it does not hold.
template <auto Member, auto Where, typename... Parts>
struct Elements {
  using C = typename MemberTraits<decltype(Member)>::Type;
  using V = typename VisibleElements<C, Where>::V;
  using Shown = Projection<V, Parts...>;
  using Of = VisibleElements<C, Where>;
  static constexpr auto kMember = Member;
  static constexpr bool kHasWhere = !Of::kShowsAll || Shown::kHasWhere;

  template <typename T, typename F, typename A>
  static void Encode(Writer& writer, const T& value, const A& arguments, bool with_handles,
                     std::vector<std::uint64_t>& handles) {
    Of::ForEach(value.*Member, arguments, [&](const auto& entry) {
      Of::WriteElement(writer, F::kNumber, entry, [&](std::uint32_t number) {
        WriteValue(writer, number, entry.value, arguments, with_handles);
      });
      if (with_handles) handles.push_back(entry.handle);
    });
  }
  template <typename T, typename F, typename A>
  static void EncodeAsPatch(Writer& writer, const T& value, const A& arguments) {
    const Writer::Open open = writer.Begin(F::kNumber);
    Of::WriteAsPatch(writer, value.*Member, arguments, [&](std::uint32_t number, const V& element) {
      WriteValue(writer, number, element, arguments, true);
    });
    writer.EndUnlessEmpty(open);
  }
  template <typename T, typename F, typename A>
  static void EncodeChange(Writer& writer, const T& value, const StructChange& change, const A& arguments,
                           Journal& journal, ClearedFields<kFieldCount<T>>& cleared) {
    const auto* log = static_cast<const ContainerChange*>(change[kSlotIndex<T, F>]);
    if (log == nullptr) return;
    const Writer::Open open = writer.Begin(F::kNumber);
    Of::See(value.*Member, *log, arguments, journal);
    Of::WriteChange(
        writer, *log,
        [&](std::uint32_t number, const V& element) { WriteValue(writer, number, element, arguments, true); },
        [&](const V& element, const void* element_change) {
          if constexpr (!LeafType<V>) {
            Shown::EncodeChange(writer, element, *static_cast<const StructChange*>(element_change), arguments,
                                journal);
          }
        });
    // The whole field is cleared when all that there was is gone, as far as that can be told.
    const bool is_cleared = WriteRemovedFromView(writer, *log, Of::kShowsAll);
    writer.EndUnlessEmpty(open);
    if (is_cleared) cleared.Add(F::kNumber);
  }
  template <typename A>
  static void Mark(const C& value, const void* slot, const A& arguments, Journal& journal) {
    const auto& log = *static_cast<const ContainerChange*>(slot);
    if constexpr (!Of::kShowsAll) Of::Mark(value, log, arguments, journal);
    if constexpr (Shown::kHasWhere) {
      for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
        if (!element->was_present || element->value == nullptr) continue;
        Shown::Mark(Of::EntryOf(*element).value, *static_cast<const StructChange*>(element->value), arguments,
                    journal);
      }
    }
  }

 private:
  template <typename A>
  static void WriteValue(Writer& writer, std::uint32_t number, const V& value, const A& arguments,
                         bool with_handles) {
    if constexpr (Shown::kIsWhole) {
      WriteField(writer, number, value, with_handles);
    } else {
      const Writer::Open open = writer.Begin(number);
      Shown::Encode(writer, value, arguments, with_handles);
      writer.End(open);
    }
  }
};

// The whole view.
template <typename S, typename... Parts>
struct Selection : Projection<S, Parts...> {
  using State = S;
  // A view that shows nothing is not one that shows everything.
  static_assert(sizeof...(Parts) > 0, "a view shows at least one field");
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PROJECTION_H_
