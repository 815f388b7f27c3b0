#ifndef ONAGER_GENERATED_VISIBLE_ELEMENTS_H_
#define ONAGER_GENERATED_VISIBLE_ELEMENTS_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "onager/generated/container_place.h"
#include "onager/generated/patch_codec.h"

// The elements of a keyed list or map that a view shows, as if there were no others. PATCH.md says why the
// patches are right.
namespace onager::generated {

// Returns true when the field is to be named as cleared instead: with `may_clear`, where every element is
// visible, when all that there was is gone.
inline bool WriteRemovedFromView(Writer& writer, const ContainerChange& change, bool may_clear) {
  std::size_t removed = 0;
  const Writer::Open open = writer.Begin(kRemoved);
  for (const ElementChange* element = change.first; element != nullptr; element = element->next) {
    if (!element->view->was_visible || element->view->is_visible) continue;
    writer.Varint(element->slot->handle);
    ++removed;
  }
  if (may_clear && removed != 0 && removed == change.original_size) {
    writer.Cut(open);
    return true;
  }
  writer.EndUnlessEmpty(open);
  return false;
}

// What maps and lists have in common.
template <typename Derived, auto Where>
struct VisibleEntries {
  static constexpr bool kShowsAll = std::is_null_pointer_v<decltype(Where)>;

  // Before `See`, in the old state. Not where every element is shown.
  template <typename C, typename A>
  static void Mark(const C& container, const ContainerChange& log, const A& arguments, Journal& journal) {
    for (ElementChange* element = log.first; element != nullptr; element = element->next) {
      journal.BeginView(*element).was_visible =
          element->was_present && Derived::Holds(Derived::EntryOf(*element), arguments);
    }
    Derived::MarkPlaces(container, log, arguments);
  }

  // In the new state.
  template <typename C, typename A>
  static void See(const C& container, const ContainerChange& log, const A& arguments, Journal& journal) {
    for (ElementChange* element = log.first; element != nullptr; element = element->next) {
      if constexpr (kShowsAll) {
        journal.BeginView(*element).was_visible = element->was_present;
        element->view->original_previous = element->original_previous;
      }
      element->view->is_visible =
          element->is_present && Derived::Holds(Derived::EntryOf(*element), arguments);
    }
    Derived::SeePlaces(container, log, arguments);
  }

 protected:
  template <typename... Args>
  static bool Call(const Args&... args) {
    if constexpr (kShowsAll) {
      return true;
    } else {
      try {
        return Where(args...);
      } catch (...) {
        return false;
      }
    }
  }
  static bool IsUpdated(const ElementChange& element) {
    return element.view->was_visible && element.view->is_visible && element.value != nullptr;
  }
};

template <typename C, auto Where>
struct VisibleElements;

// Keyed lists -------------------------------------------------------------------------------------

template <typename T, auto Key, auto Where>
struct VisibleElements<KeyedList<T, Key>, Where>
    : VisibleEntries<VisibleElements<KeyedList<T, Key>, Where>, Where> {
  using L = KeyedList<T, Key>;
  using V = T;
  using Entry = ListAccess::Entry<L>;

  static Entry& EntryOf(const ElementChange& element) {
    return *static_cast<Entry*>(static_cast<ListLink*>(element.slot));
  }
  template <typename A>
  static bool Holds(const Entry& entry, const A& arguments) {
    return VisibleElements::Call(entry.value, arguments.key, arguments.parameters);
  }

  template <typename A, typename F>
  static void ForEach(const L& list, const A& arguments, F f) {
    ListAccess::ForEach(list, [&](const Entry& entry) {
      if (Holds(entry, arguments)) f(entry);
    });
  }
  template <typename Write>
  static void WriteElement(Writer&, std::uint32_t number, const Entry&, Write write) {
    write(number);
  }
  template <typename A, typename Write>
  static void WriteAsPatch(Writer& writer, const L& list, const A& arguments, Write write) {
    std::uint64_t after = 0;
    ForEach(list, arguments, [&](const Entry& entry) {
      WritePlacement(writer, entry.handle, after, [&] { write(kPlacedValue, entry.value); });
      after = entry.handle;
    });
  }

  template <typename A>
  static void MarkPlaces(const L& list, const ContainerChange& log, const A& arguments) {
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      if (!element->moved || !element->view->was_visible) continue;
      element->view->original_previous = PreviousVisible(
          list, *element, arguments, [](const ElementView& view) { return view.was_visible; });
    }
  }
  template <typename A>
  static void SeePlaces(const L& list, const ContainerChange& log, const A& arguments) {
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      ElementView& view = *element->view;
      view.may_stand_elsewhere = view.is_visible && (element->moved || !view.was_visible);
      view.next = nullptr;
    }
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      if (!element->view->may_stand_elsewhere) continue;
      const ListLink* previous =
          PreviousVisible(list, *element, arguments, [](const ElementView& view) { return view.is_visible; });
      element->view->previous = previous;
      if (MayStandElsewhere(*previous)) previous->change->view->next = element;
    }
  }

  // `write_value(number, element)` and `write_change(element, change)` write what is shown of an element.
  template <typename ValueWriter, typename ChangeWriter>
  static void WriteChange(Writer& writer, const ContainerChange& log, ValueWriter write_value,
                          ChangeWriter write_change) {
    for (const ElementChange* head = log.first; head != nullptr; head = head->next) {
      if (!head->view->may_stand_elsewhere || MayStandElsewhere(*head->view->previous)) continue;
      bool previous_stays = true;
      for (const ElementChange* element = head; element != nullptr; element = element->view->next) {
        const ElementView& view = *element->view;
        const bool stays = previous_stays && view.was_visible && view.original_previous == view.previous;
        previous_stays = stays;
        if (stays) continue;
        WritePlacement(writer, element->slot->handle, view.previous->handle, [&] {
          if (!view.was_visible) write_value(kPlacedValue, EntryOf(*element).value);
        });
      }
    }
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      if (!VisibleElements::IsUpdated(*element)) continue;
      const T& now = EntryOf(*element).value;
      if constexpr (LeafType<T>) {
        WriteLeafUpdate(writer, element->slot->handle, *static_cast<const T*>(element->value), now);
      } else {
        WriteUpdate(writer, element->slot->handle, [&] { write_change(now, element->value); });
      }
    }
  }

 private:
  static bool MayStandElsewhere(const ListLink& link) {
    return link.change != nullptr && link.change->view != nullptr && link.change->view->may_stand_elsewhere;
  }
  // The nearest link in front of the element that is visible, which `look` says of touched ones. Those that
  // the pass has nothing to say of are as others.
  template <typename A, typename Look>
  static const ListLink* PreviousVisible(const L& list, const ElementChange& element, const A& arguments,
                                         Look look) {
    const ListLink* const ends = &ListAccess::Ends(list);
    const ListLink* at = static_cast<const ListLink*>(element.slot)->previous;
    const auto is_visible = [&](const ListLink& link) {
      const ElementView* const view = link.change == nullptr ? nullptr : link.change->view;
      return view != nullptr ? look(*view) : Holds(static_cast<const Entry&>(link), arguments);
    };
    while (at != ends && !is_visible(*at)) at = at->previous;
    return at;
  }
};

// Maps --------------------------------------------------------------------------------------------

template <typename K, typename M, auto Where>
struct VisibleElements<Map<K, M>, Where> : VisibleEntries<VisibleElements<Map<K, M>, Where>, Where> {
  using V = M;
  using Entry = MapAccess::Entry<Map<K, V>>;

  static Entry& EntryOf(const ElementChange& element) { return *static_cast<Entry*>(element.slot); }
  template <typename A>
  static bool Holds(const Entry& entry, const A& arguments) {
    return VisibleElements::Call(entry.value, entry.key, arguments.key, arguments.parameters);
  }

  template <typename A, typename F>
  static void ForEach(const Map<K, V>& map, const A& arguments, F f) {
    MapAccess::ForEach(map, [&](const Entry& entry) {
      if (Holds(entry, arguments)) f(entry);
    });
  }
  template <typename Write>
  static void WriteElement(Writer& writer, std::uint32_t number, const Entry& entry, Write write) {
    const Writer::Open open = writer.Begin(number);
    WriteField<K>(writer, 1, entry.key, false);
    write(2);
    writer.End(open);
  }
  template <typename A, typename Write>
  static void WriteAsPatch(Writer& writer, const Map<K, V>& map, const A& arguments, Write write) {
    ForEach(map, arguments, [&](const Entry& entry) {
      WriteInsert(writer, entry.handle, entry.key, [&] { write(kPlacedValue, entry.value); });
    });
  }

  template <typename A>
  static void MarkPlaces(const Map<K, V>&, const ContainerChange&, const A&) {}
  template <typename A>
  static void SeePlaces(const Map<K, V>&, const ContainerChange&, const A&) {}

  template <typename ValueWriter, typename ChangeWriter>
  static void WriteChange(Writer& writer, const ContainerChange& log, ValueWriter write_value,
                          ChangeWriter write_change) {
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      if (element->view->was_visible || !element->view->is_visible) continue;
      const Entry& entry = EntryOf(*element);
      WriteInsert(writer, entry.handle, entry.key, [&] { write_value(kPlacedValue, entry.value); });
    }
    for (const ElementChange* element = log.first; element != nullptr; element = element->next) {
      if (!VisibleElements::IsUpdated(*element)) continue;
      const V& now = EntryOf(*element).value;
      if constexpr (LeafType<V>) {
        WriteLeafUpdate(writer, element->slot->handle, *static_cast<const V*>(element->value), now);
      } else {
        WriteUpdate(writer, element->slot->handle, [&] { write_change(now, element->value); });
      }
    }
  }
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_VISIBLE_ELEMENTS_H_
