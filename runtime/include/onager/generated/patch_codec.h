#ifndef ONAGER_GENERATED_PATCH_CODEC_H_
#define ONAGER_GENERATED_PATCH_CODEC_H_

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "onager/change.h"
#include "onager/generated/container_place.h"
#include "onager/generated/patch_numbers.h"
#include "onager/generated/placement.h"
#include "onager/generated/value_codec.h"
#include "onager/tracked.h"

// How containers stand in a patch; runtime/state/PATCH.md says what it means.
namespace onager::generated {

inline void WriteHandle(Writer& writer, std::uint32_t number, std::uint64_t handle) {
  writer.Tag(number, WireType::kVarint);
  writer.Varint(handle);
}

// One Update of a struct; not written when `encode(writer)` writes nothing.
template <typename Encode>
void WriteUpdate(Writer& writer, std::uint64_t handle, Encode encode) {
  const Writer::Open update = writer.Begin(kUpdated);
  WriteHandle(writer, kUpdatedHandle, handle);
  const Writer::Open patch = writer.Begin(kUpdatedPatch);
  encode();
  if (writer.EndUnlessEmpty(patch)) {
    writer.End(update);
  } else {
    writer.Cut(update);
  }
}

// `write_value()` writes the value of an element that is new, else nothing.
template <typename F>
void WritePlacement(Writer& writer, std::uint64_t handle, std::uint64_t after, F write_value) {
  const Writer::Open placed = writer.Begin(kPlaced);
  WriteHandle(writer, kPlacedHandle, handle);
  if (after != 0) WriteHandle(writer, kPlacedAfter, after);
  write_value();
  writer.End(placed);
}

template <typename K, typename F>
void WriteInsert(Writer& writer, std::uint64_t handle, const K& key, F write_value) {
  const Writer::Open inserted = writer.Begin(kPlaced);
  WriteHandle(writer, kPlacedHandle, handle);
  WriteField(writer, kPlacedAfter, key, false);
  write_value();
  writer.End(inserted);
}

// One Update of a leaf in a container; not written when the two are equal.
template <typename V>
void WriteLeafUpdate(Writer& writer, std::uint64_t handle, const V& original, const V& now) {
  if (SameElement(original, now)) return;
  const Writer::Open update = writer.Begin(kUpdated);
  WriteHandle(writer, kUpdatedHandle, handle);
  WriteField(writer, kUpdatedPatch, now, false);
  writer.End(update);
}

// The removed handles, or nothing when all that there was is gone: then the field is cleared. Returns true
// in that case.
inline bool WriteRemoved(Writer& writer, const ContainerChange& change) {
  std::size_t removed = 0;
  const Writer::Open open = writer.Begin(kRemoved);
  for (const ElementChange* element = change.first; element != nullptr; element = element->next) {
    if (!WasRemoved(*element)) continue;
    writer.Varint(element->slot->handle);
    ++removed;
  }
  const bool all = removed != 0 && removed == change.original_size;
  if (all) {
    writer.Cut(open);
  } else {
    writer.EndUnlessEmpty(open);
  }
  return all;
}

// Whether an element differs from what `change`, its StructChange or original value, says.
template <typename V>
bool ElementHasChange(const V& now, const void* change) {
  if constexpr (LeafType<V>) {
    return !SameElement(*static_cast<const V*>(change), now);
  } else {
    return StructOps<V>::HasChange(now, *static_cast<const StructChange*>(change));
  }
}

// Calls `f(Reader&)` for each field `number` of the message, at its value.
template <typename F>
bool ForEachOccurrence(Reader message, std::uint32_t number, DecodeContext& context, F f) {
  while (!message.AtEnd()) {
    Reader::Tag tag;
    if (!message.ReadTag(tag)) return context.Malformed();
    if (tag.number == number && tag.type == WireType::kBytes) {
      std::string_view bytes;
      if (!message.ReadBytes(bytes)) return context.Malformed();
      if (!f(Reader(bytes))) return false;
    } else if (!SkipUnknown(message, tag, context)) {
      return false;
    }
  }
  return true;
}

// The numbers of a packed or repeated varint field.
template <typename F>
bool ForEachNumber(Reader message, std::uint32_t number, DecodeContext& context, F f) {
  while (!message.AtEnd()) {
    Reader::Tag tag;
    if (!message.ReadTag(tag)) return context.Malformed();
    if (tag.number == number && tag.type == WireType::kVarint) {
      std::uint64_t value = 0;
      if (!message.ReadVarint(value)) return context.Malformed();
      if (!f(value)) return false;
    } else if (tag.number == number && tag.type == WireType::kBytes) {
      std::string_view packed;
      if (!message.ReadBytes(packed)) return context.Malformed();
      for (Reader values(packed); !values.AtEnd();) {
        std::uint64_t value = 0;
        if (!values.ReadVarint(value)) return context.Malformed();
        if (!f(value)) return false;
      }
    } else if (!SkipUnknown(message, tag, context)) {
      return false;
    }
  }
  return true;
}

// Keyed lists -------------------------------------------------------------------------------------

template <typename T, auto Key>
struct ListPatch {
  using L = KeyedList<T, Key>;
  using Entry = ListAccess::Entry<L>;

  static const T& ValueOf(const ElementChange& element) {
    return static_cast<const Entry*>(static_cast<const ListLink*>(element.slot))->value;
  }

  // Returns whether the field must be named as cleared.
  static bool EncodeChange(Writer& writer, std::uint32_t number, const L&, const ContainerChange& change) {
    const Writer::Open open = writer.Begin(number);
    ForEachPlacement(change, [&](const ElementChange& element, bool is_new) {
      const auto& link = *static_cast<const ListLink*>(element.slot);
      WritePlacement(writer, link.handle, link.previous->handle, [&] {
        if (is_new) WriteField(writer, kPlacedValue, ValueOf(element), true);
      });
    });
    for (const ElementChange* element = change.first; element != nullptr; element = element->next) {
      if (!element->was_present || !element->is_present || element->value == nullptr) continue;
      const T& now = ValueOf(*element);
      if constexpr (LeafType<T>) {
        WriteLeafUpdate(writer, element->slot->handle, *static_cast<const T*>(element->value), now);
      } else {
        WriteUpdate(writer, element->slot->handle, [&] {
          StructOps<T>::EncodeChange(writer, now, *static_cast<const StructChange*>(element->value));
        });
      }
    }
    const bool cleared = WriteRemoved(writer, change);
    writer.EndUnlessEmpty(open);
    return cleared;
  }

  static void EncodeAsPatch(Writer& writer, std::uint32_t number, const L& list) {
    const Writer::Open open = writer.Begin(number);
    const ListLink& ends = ListAccess::Ends(list);
    for (const ListLink* link = ends.next; link != &ends; link = link->next) {
      WritePlacement(writer, link->handle, link->previous->handle,
                     [&] { WriteField(writer, kPlacedValue, static_cast<const Entry*>(link)->value, true); });
    }
    writer.EndUnlessEmpty(open);
  }

  static bool HasChange(const ContainerChange& change) {
    bool changed = false;
    ForEachPlacement(change, [&](const ElementChange&, bool) { changed = true; });
    for (const ElementChange* element = change.first; element != nullptr && !changed;
         element = element->next) {
      changed = WasRemoved(*element) || (element->was_present && element->value != nullptr &&
                                         ElementHasChange(ValueOf(*element), element->value));
    }
    return changed;
  }

  // In the order removed (the key only), placed, updated, removed (the rest).
  static bool Apply(Reader message, const ListPlace<L>& place, DecodeContext& context) {
    absl::flat_hash_set<std::uint64_t> ghosts;  // Removed, but not there yet.
    bool any_removed = false;
    const bool unindexed = ForEachNumber(message, kRemoved, context, [&](std::uint64_t handle) {
      any_removed = true;
      Entry* entry = ListAccess::FindHandle(place.list(), handle);
      if (entry == nullptr) return ghosts.insert(handle).second || context.Fail("removed twice");
      return place.Unindex(*entry) || context.Fail("removed twice");
    });
    return unindexed &&
           ForEachOccurrence(message, kPlaced, context,
                             [&](Reader placed) { return ApplyPlacement(placed, place, ghosts, context); }) &&
           ForEachOccurrence(message, kUpdated, context,
                             [&](Reader update) { return ApplyUpdate(update, place, context); }) &&
           (!any_removed || ForEachNumber(message, kRemoved, context, [&](std::uint64_t handle) {
             Entry* entry = ListAccess::FindHandle(place.list(), handle);
             if (entry == nullptr) return context.Fail("removed what is not there");
             place.Remove(*entry, false);
             return true;
           }));
  }

 private:
  static bool ApplyPlacement(Reader placed, const ListPlace<L>& place,
                             const absl::flat_hash_set<std::uint64_t>& ghosts, DecodeContext& context) {
    std::uint64_t handle = 0;
    std::uint64_t after = 0;
    std::uint64_t replaces = 0;
    std::string_view value;
    bool has_value = false;
    while (!placed.AtEnd()) {
      Reader::Tag tag;
      if (!placed.ReadTag(tag)) return context.Malformed();
      bool ok = true;
      if (tag.number == kPlacedHandle && tag.type == WireType::kVarint) {
        ok = placed.ReadVarint(handle);
      } else if (tag.number == kPlacedAfter && tag.type == WireType::kVarint) {
        ok = placed.ReadVarint(after);
      } else if (tag.number == kPlacedValue && tag.type == WireType::kBytes) {
        ok = has_value = placed.ReadBytes(value);
      } else if (tag.number == kPlacedReplaces && tag.type == WireType::kVarint) {
        ok = placed.ReadVarint(replaces);
      } else {
        ok = placed.Skip(tag);
      }
      if (!ok) return context.Malformed();
    }
    Entry* entry = ListAccess::FindHandle(place.list(), handle);
    ListLink* previous = after == 0 ? &place.ends() : ListAccess::FindHandle(place.list(), after);
    if (previous == nullptr) return context.Fail("placed behind what is not there");
    if (entry != nullptr && replaces != 0) {
      if (!has_value || entry == previous || !place.Unindex(*entry)) return context.Fail("replaced wrongly");
      place.Remove(*entry, false);
      entry = nullptr;
    } else if (replaces != 0) {
      return context.Fail("replaced what is not there");
    }
    if (entry != nullptr) {
      if (has_value) return context.Fail("inserted twice");
      if (entry == previous) return context.Fail("placed behind itself");
      place.MoveAfter(*entry, *previous);
      return true;
    }
    if (!has_value) return context.Fail("moved what is not there");
    const bool is_ghost = ghosts.contains(handle);
    if (!context.Charge(2 * sizeof(Entry))) return false;
    T element{};
    const Nesting nesting(context);
    if (!nesting.Allowed() || !StructOps<T>::Decode(Reader(value), element, context)) return false;
    if (!is_ghost && place.list().contains(element.*Key)) return context.Fail("a key stands in a list twice");
    if (!context.NoteHandle(handle)) return false;
    place.Insert(std::move(element), handle, *previous, !is_ghost);
    return true;
  }

  static bool ApplyUpdate(Reader update, const ListPlace<L>& place, DecodeContext& context) {
    std::uint64_t handle = 0;
    std::string_view patch;
    while (!update.AtEnd()) {
      Reader::Tag tag;
      if (!update.ReadTag(tag)) return context.Malformed();
      bool ok = true;
      if (tag.number == kUpdatedHandle && tag.type == WireType::kVarint) {
        ok = update.ReadVarint(handle);
      } else if (tag.number == kUpdatedPatch && tag.type == WireType::kBytes) {
        ok = update.ReadBytes(patch);
      } else {
        ok = update.Skip(tag);
      }
      if (!ok) return context.Malformed();
    }
    Entry* entry = ListAccess::FindHandle(place.list(), handle);
    if (entry == nullptr) return context.Fail("updated what is not there");
    const Nesting nesting(context);
    if (!nesting.Allowed()) return false;
    if constexpr (LeafType<T>) {
      T value{};
      if (!StructOps<T>::Decode(Reader(patch), value, context)) return false;
      if (!SameElement(value.*Key, entry->value.*Key)) return context.Fail("a key was changed");
      if (!SameElement(value, entry->value)) place.Replace(*entry, std::move(value));
      return true;
    } else {
      return StructOps<T>::ApplyPatch(Reader(patch), place.PlaceOf(*entry), entry->value,
                                      &(entry->value.*Key), context);
    }
  }
};

// Maps --------------------------------------------------------------------------------------------

template <typename K, typename V>
struct MapPatch {
  using M = Map<K, V>;
  using Entry = MapAccess::Entry<M>;

  static const Entry& EntryOf(const ElementChange& element) {
    return *static_cast<const Entry*>(element.slot);
  }

  // Returns whether the field must be named as cleared.
  static bool EncodeChange(Writer& writer, std::uint32_t number, const M&, const ContainerChange& change) {
    const Writer::Open open = writer.Begin(number);
    for (const ElementChange* element = change.first; element != nullptr; element = element->next) {
      if (WasInserted(*element)) WriteEntry(writer, EntryOf(*element));
    }
    for (const ElementChange* element = change.first; element != nullptr; element = element->next) {
      if (!element->was_present || !element->is_present || element->value == nullptr) continue;
      const V& now = EntryOf(*element).value;
      if constexpr (LeafType<V>) {
        WriteLeafUpdate(writer, element->slot->handle, *static_cast<const V*>(element->value), now);
      } else {
        WriteUpdate(writer, element->slot->handle, [&] {
          StructOps<V>::EncodeChange(writer, now, *static_cast<const StructChange*>(element->value));
        });
      }
    }
    const bool cleared = WriteRemoved(writer, change);
    writer.EndUnlessEmpty(open);
    return cleared;
  }

  static void EncodeAsPatch(Writer& writer, std::uint32_t number, const M& map) {
    const Writer::Open open = writer.Begin(number);
    MapAccess::ForEach(map, [&](const Entry& entry) { WriteEntry(writer, entry); });
    writer.EndUnlessEmpty(open);
  }

  static bool HasChange(const ContainerChange& change) {
    for (const ElementChange* element = change.first; element != nullptr; element = element->next) {
      if (WasInserted(*element) || WasRemoved(*element)) return true;
      if (element->is_present && element->value != nullptr &&
          ElementHasChange(EntryOf(*element).value, element->value)) {
        return true;
      }
    }
    return false;
  }

  // In the order removed, inserted, updated.
  static bool Apply(Reader message, const MapPlace<M>& place, DecodeContext& context) {
    return ForEachNumber(message, kRemoved, context,
                         [&](std::uint64_t handle) {
                           Entry* entry = MapAccess::FindHandle(place.map(), handle);
                           if (entry == nullptr) return context.Fail("removed what is not there");
                           place.Remove(*entry);
                           return true;
                         }) &&
           ForEachOccurrence(message, kPlaced, context,
                             [&](Reader inserted) { return ApplyInsert(inserted, place, context); }) &&
           ForEachOccurrence(message, kUpdated, context,
                             [&](Reader update) { return ApplyUpdate(update, place, context); });
  }

 private:
  static void WriteEntry(Writer& writer, const Entry& entry) {
    WriteInsert(writer, entry.handle, entry.key,
                [&] { WriteField(writer, kPlacedValue, entry.value, true); });
  }

  static bool ApplyInsert(Reader inserted, const MapPlace<M>& place, DecodeContext& context) {
    std::uint64_t handle = 0;
    K key{};
    V value{};
    const Nesting nesting(context);
    if (!nesting.Allowed() || !context.Charge(2 * sizeof(Entry))) return false;
    while (!inserted.AtEnd()) {
      Reader::Tag tag;
      if (!inserted.ReadTag(tag)) return context.Malformed();
      bool ok = true;
      if (tag.number == kPlacedHandle && tag.type == WireType::kVarint) {
        ok = inserted.ReadVarint(handle) || context.Malformed();
      } else if (tag.number == kPlacedAfter && tag.type == WireTypeOf<K>()) {
        ok = ReadField(inserted, key, context);
      } else if (tag.number == kPlacedValue && tag.type == FieldWireType<V>()) {
        ok = ReadField(inserted, value, context);
      } else {
        ok = SkipUnknown(inserted, tag, context);
      }
      if (!ok) return false;
    }
    if (MapAccess::FindHandle(place.map(), handle) != nullptr || place.map().contains(key)) {
      return context.Fail("inserted twice");
    }
    if (!context.NoteHandle(handle)) return false;
    place.Insert(std::move(key), std::move(value), handle);
    return true;
  }

  static bool ApplyUpdate(Reader update, const MapPlace<M>& place, DecodeContext& context) {
    std::uint64_t handle = 0;
    Reader::Tag tag;
    for (Reader search = update; !search.AtEnd();) {
      if (!search.ReadTag(tag)) return context.Malformed();
      const bool found = tag.number == kUpdatedHandle && tag.type == WireType::kVarint;
      if (!(found ? search.ReadVarint(handle) : search.Skip(tag))) return context.Malformed();
    }
    Entry* entry = MapAccess::FindHandle(place.map(), handle);
    if (entry == nullptr) return context.Fail("updated what is not there");
    while (!update.AtEnd()) {
      if (!update.ReadTag(tag)) return context.Malformed();
      if (tag.number != kUpdatedPatch || tag.type != FieldWireType<V>()) {
        if (!SkipUnknown(update, tag, context)) return false;
        continue;
      }
      if constexpr (LeafType<V>) {
        V value{};
        if (!ReadField(update, value, context)) return false;
        if (!SameElement(entry->value, value)) place.Replace(*entry, std::move(value));
      } else {
        std::string_view patch;
        if (!update.ReadBytes(patch)) return context.Malformed();
        const Nesting nesting(context);
        if (!nesting.Allowed() ||
            !StructOps<V>::ApplyPatch(Reader(patch), place.PlaceOf(*entry), entry->value, nullptr, context)) {
          return false;
        }
      }
    }
    return true;
  }
};

// Sets --------------------------------------------------------------------------------------------

template <typename T>
struct SetPatch {
  using S = Set<T>;

  // Returns whether the field must be named as cleared: when all that there was is gone.
  static bool EncodeChange(Writer& writer, std::uint32_t number, const S& set, const SetLog<T>& log) {
    std::vector<T> added;
    std::vector<T> removed;
    ForEachNetChange(&log,
                     [&](const T& element, bool is_new) { (is_new ? added : removed).push_back(element); });
    const bool cleared = !removed.empty() && set.size() == added.size();
    const Writer::Open open = writer.Begin(number);
    FieldOps<S>::WriteElements(writer, kSetAdded, added);
    if (!cleared) FieldOps<S>::WriteElements(writer, kSetRemoved, removed);
    writer.EndUnlessEmpty(open);
    return cleared;
  }

  static void EncodeAsPatch(Writer& writer, std::uint32_t number, const S& set) {
    const Writer::Open open = writer.Begin(number);
    FieldOps<S>::WriteElements(writer, kSetAdded, set);
    writer.EndUnlessEmpty(open);
  }

  static bool HasChange(const SetLog<T>& log) {
    bool changed = false;
    ForEachNetChange(&log, [&](const T&, bool) { changed = true; });
    return changed;
  }

  // Removed, then added. What is not there, or there already, stays so: a composed patch may say both.
  static bool Apply(Reader message, const SetPlace<T>& place, DecodeContext& context) {
    return ForEach(message, kSetRemoved, context,
                   [&](T element) {
                     if (place.set().contains(element)) place.Remove(std::move(element));
                   }) &&
           ForEach(message, kSetAdded, context, [&](T element) {
             if (!place.set().contains(element)) place.Insert(std::move(element));
           });
  }

 private:
  template <typename F>
  static bool ForEach(Reader message, std::uint32_t number, DecodeContext& context, F f) {
    while (!message.AtEnd()) {
      Reader::Tag tag;
      if (!message.ReadTag(tag)) return context.Malformed();
      if (!(tag.number == number ? FieldOps<S>::ForEachElement(tag, message, context, f)
                                 : SkipUnknown(message, tag, context))) {
        return false;
      }
    }
    return true;
  }
};

// What is done with containers of each kind: `Log` is what their struct's change has for them.
template <typename C>
struct ContainerPatch;
template <typename T, auto Key>
struct ContainerPatch<KeyedList<T, Key>> : ListPatch<T, Key> {
  using Place = ListPlace<KeyedList<T, Key>>;
  using Log = ContainerChange;
  using TrackedType = TrackedKeyedList<T, Key>;
  using ChangeType = KeyedListChange<T, Key>;
};
template <typename K, typename V>
struct ContainerPatch<Map<K, V>> : MapPatch<K, V> {
  using Place = MapPlace<Map<K, V>>;
  using Log = ContainerChange;
  using TrackedType = TrackedMap<K, V>;
  using ChangeType = MapChange<K, V>;
};
template <typename T>
struct ContainerPatch<Set<T>> : SetPatch<T> {
  using Place = SetPlace<T>;
  using Log = SetLog<T>;
  using TrackedType = TrackedSet<T>;
  using ChangeType = SetChange<T>;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PATCH_CODEC_H_
