#ifndef ONAGER_TRACKED_H_
#define ONAGER_TRACKED_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "onager/generated/container_place.h"
#include "onager/generated/struct_ops.h"

namespace onager {

/// The open turn's way to change a struct that is part of an actor's state; the generator writes one for
/// each struct, with `title()`, `set_title(...)`, `clear_due()`, `mutable_labels()`. Setting a field to the
/// value it has is no change. A reference: as cheap to copy as a pointer, valid until the turn ends, also
/// when its element is removed meanwhile.
template <typename T>
class Tracked;

namespace generated {

// What all of them share, whatever their struct: headers of many structs would feel more than a little of it
// in each.
class TrackedPlace {
 protected:
  TrackedPlace(ChangePlace place, void* value) : place_(place), value_(value) {}

  // `Member` is one of the struct's.
  template <auto Member, typename V>
  void Set(V&& value);
  template <auto Member, std::size_t Alternative, typename V>
  void SetAlternative(V&& value);
  template <auto Member>
  auto Mutable();

  ChangePlace place_;
  void* value_;
};

template <typename T>
class TrackedStruct : public TrackedPlace {
 public:
  TrackedStruct(ChangePlace place, T& value) : TrackedPlace(place, &value) {}

  /// The struct as it is now.
  const T& value() const { return *static_cast<const T*>(value_); }

 protected:
  using Value = T;
};

}  // namespace generated

/// What looking for an element returns: null, or a way to change it.
template <typename T>
class TrackedPtr {
 public:
  TrackedPtr() = default;
  explicit TrackedPtr(Tracked<T> target) : target_(target) {}
  explicit operator bool() const { return target_.has_value(); }
  Tracked<T>& operator*() { return *target_; }
  Tracked<T>* operator->() { return &*target_; }

 private:
  std::optional<Tracked<T>> target_;
};

/// The open turn's way to change a keyed list of the state. Valid until the turn ends.
template <typename T, auto Key>
class TrackedKeyedList {
  using List = KeyedList<T, Key>;
  using Place = generated::ListPlace<List>;

 public:
  using KeyView = typename List::KeyView;
  using const_iterator = typename List::const_iterator;

  explicit TrackedKeyedList(Place place) : place_(place) {}

  const List& value() const { return place_.list(); }
  std::size_t size() const { return value().size(); }
  bool empty() const { return value().empty(); }
  bool contains(const KeyView& key) const { return value().contains(key); }
  const_iterator begin() const { return value().begin(); }
  const_iterator end() const { return value().end(); }

  /// The element to change or, of a list of imported structs, to read; null when there is none.
  auto Find(const KeyView& key) {
    if constexpr (generated::LeafType<T>) {
      return value().Find(key);
    } else {
      auto* entry = Entry(key);
      return entry == nullptr ? TrackedPtr<T>()
                              : TrackedPtr<T>(Tracked<T>(place_.PlaceOf(*entry), entry->value));
    }
  }
  /// Of a list of imported structs: puts `element` in the place of the one with the same key. Returns false,
  /// and changes nothing, when there is none.
  bool Replace(T element)
    requires generated::LeafType<T>
  {
    auto* entry = Entry(element.*Key);
    if (entry != nullptr && !generated::SameElement(entry->value, element)) {
      place_.Replace(*entry, std::move(element));
    }
    return entry != nullptr;
  }

  /// Adds at the end. Returns false, and changes nothing, when there is an element with that key.
  bool Insert(T element) { return InsertAfter(*place_.ends().previous, std::move(element)); }
  bool InsertFront(T element) { return InsertAfter(place_.ends(), std::move(element)); }
  /// As `Insert`, in front of the element with key `before`; false also when there is none.
  bool InsertBefore(const KeyView& before, T element) {
    auto* entry = Entry(before);
    return entry != nullptr && InsertAfter(*entry->previous, std::move(element));
  }

  /// Returns whether there was such an element.
  bool Remove(const KeyView& key) {
    auto* entry = Entry(key);
    if (entry != nullptr) place_.Remove(*entry);
    return entry != nullptr;
  }
  /// Removes the elements for which `predicate(const T&)` holds; returns how many.
  template <typename Predicate>
  std::size_t RemoveIf(Predicate predicate) {
    std::size_t removed = 0;
    generated::ListAccess::ForEach(place_.list(), [&](auto& entry) {
      if (!predicate(std::as_const(entry.value))) return;
      place_.Remove(entry);
      ++removed;
    });
    return removed;
  }
  void Clear() {
    RemoveIf([](const T&) { return true; });
  }

  /// Both return false, and move nothing, when one of the elements does not exist.
  bool MoveBefore(const KeyView& key, const KeyView& before) {
    auto* entry = Entry(key);
    auto* next = Entry(before);
    if (entry == nullptr || next == nullptr) return false;
    if (entry != next) place_.MoveAfter(*entry, *next->previous);
    return true;
  }
  bool MoveToBack(const KeyView& key) {
    auto* entry = Entry(key);
    if (entry != nullptr) place_.MoveAfter(*entry, *place_.ends().previous);
    return entry != nullptr;
  }
  bool MoveToFront(const KeyView& key) {
    auto* entry = Entry(key);
    if (entry != nullptr) place_.MoveAfter(*entry, place_.ends());
    return entry != nullptr;
  }
  /// Sorts stably by `less(const T&, const T&)` with the fewest moves. O(n log n) even when nothing moves.
  template <typename Less>
  void Sort(Less less) {
    std::vector<typename Place::Entry*> order;
    order.reserve(size());
    generated::ListAccess::ForEach(place_.list(), [&](auto& entry) { order.push_back(&entry); });
    std::stable_sort(order.begin(), order.end(),
                     [&](const auto* a, const auto* b) { return less(a->value, b->value); });
    place_.Reorder(order);
  }

  /// Makes the list equal to `elements` by the least change: elements are matched by key, only those that
  /// differ are touched. O(size of both).
  void Assign(List elements) { Assign(std::move(elements), generated::Handles::kNew); }
  // For the library.
  void Assign(List elements, generated::Handles handles);
  const Place& place() const { return place_; }

 private:
  typename Place::Entry* Entry(const KeyView& key) const {
    return generated::ListAccess::Find(place_.list(), key);
  }
  bool InsertAfter(generated::ListLink& after, T element) {
    if (contains(element.*Key)) return false;
    generated::StructOps<T>::AssignHandles(element, place_.journal());
    place_.Insert(std::move(element), place_.journal().NewHandle(), after);
    return true;
  }

  Place place_;
};

template <typename T, auto Key>
void TrackedKeyedList<T, Key>::Assign(List elements, generated::Handles handles) {
  RemoveIf([&](const T& element) { return !elements.contains(element.*Key); });
  std::vector<std::pair<typename Place::Entry*, std::uint64_t>> adopted;
  std::vector<typename Place::Entry*> order;
  order.reserve(elements.size());
  generated::ListAccess::ForEach(elements, [&](auto& wanted) {
    auto* entry = Entry(wanted.value.*Key);
    if (entry != nullptr) {
      if constexpr (generated::LeafType<T>) {
        Replace(std::move(wanted.value));
      } else {
        generated::StructOps<T>::Assign(place_.PlaceOf(*entry), entry->value, std::move(wanted.value),
                                        handles);
      }
    } else if (handles == generated::Handles::kAdopt) {
      entry = &place_.Insert(std::move(wanted.value), 0, *place_.ends().previous);
    } else {
      generated::StructOps<T>::AssignHandles(wanted.value, place_.journal());
      entry = &place_.Insert(std::move(wanted.value), place_.journal().NewHandle(), *place_.ends().previous);
    }
    order.push_back(entry);
    if (handles == generated::Handles::kAdopt) adopted.emplace_back(entry, wanted.handle);
  });
  place_.Reorder(order);
  if (handles == generated::Handles::kAdopt) {
    auto next = adopted.begin();
    generated::ListAccess::SetHandles(place_.list(), [&](auto&) { return (next++)->second; });
  }
}

/// The open turn's way to change a map of the state. Valid until the turn ends.
template <typename K, typename V>
class TrackedMap {
  using Place = generated::MapPlace<Map<K, V>>;
  static constexpr bool kOfStructs = !generated::LeafType<V>;

 public:
  using KeyView = typename Map<K, V>::KeyView;
  using const_iterator = typename Map<K, V>::const_iterator;

  explicit TrackedMap(Place place) : place_(place) {}

  const Map<K, V>& value() const { return place_.map(); }
  std::size_t size() const { return value().size(); }
  bool empty() const { return value().empty(); }
  bool contains(const KeyView& key) const { return value().contains(key); }
  const_iterator begin() const { return value().begin(); }
  const_iterator end() const { return value().end(); }

  /// The key's value to read or, of a map of structs, to change; null when there is none.
  auto Find(const KeyView& key) {
    if constexpr (kOfStructs) {
      auto* entry = Entry(key);
      return entry == nullptr ? TrackedPtr<V>()
                              : TrackedPtr<V>(Tracked<V>(place_.PlaceOf(*entry), entry->value));
    } else {
      return value().Find(key);
    }
  }

  /// Inserts the key or changes its value to `value`.
  void Set(K key, V value) {
    auto* entry = Entry(key);
    if constexpr (kOfStructs) {
      if (entry != nullptr) {
        generated::StructOps<V>::Assign(place_.PlaceOf(*entry), entry->value, std::move(value),
                                        generated::Handles::kNew);
        return;
      }
      generated::StructOps<V>::AssignHandles(value, place_.journal());
    } else if (entry != nullptr) {
      if (!generated::SameElement(entry->value, value)) place_.Replace(*entry, std::move(value));
      return;
    }
    place_.Insert(std::move(key), std::move(value), place_.journal().NewHandle());
  }

  /// Returns whether the key was there.
  bool Remove(const KeyView& key) {
    auto* entry = Entry(key);
    if (entry != nullptr) place_.Remove(*entry);
    return entry != nullptr;
  }
  /// Removes the entries for which `predicate(const K&, const V&)` holds; returns how many.
  template <typename Predicate>
  std::size_t RemoveIf(Predicate predicate) {
    std::size_t removed = 0;
    for (auto* entry : generated::MapAccess::Entries(place_.map())) {
      if (!predicate(std::as_const(entry->key), std::as_const(entry->value))) continue;
      place_.Remove(*entry);
      ++removed;
    }
    return removed;
  }
  void Clear() {
    RemoveIf([](const K&, const V&) { return true; });
  }

  /// Makes the map equal to `entries` by the least change. O(size of both).
  void Assign(Map<K, V> entries) { Assign(std::move(entries), generated::Handles::kNew); }
  // For the library.
  void Assign(Map<K, V> entries, generated::Handles handles);
  const Place& place() const { return place_; }

 private:
  typename Place::Entry* Entry(const KeyView& key) const {
    return generated::MapAccess::Find(place_.map(), key);
  }

  Place place_;
};

/// The open turn's way to change a set of the state. Valid until the turn ends.
template <typename T>
class TrackedSet {
  using Place = generated::SetPlace<T>;

 public:
  using ElementView = typename Set<T>::ElementView;
  using const_iterator = typename Set<T>::const_iterator;

  explicit TrackedSet(Place place) : place_(place) {}

  const Set<T>& value() const { return place_.set(); }
  std::size_t size() const { return value().size(); }
  bool empty() const { return value().empty(); }
  bool contains(const ElementView& element) const { return value().contains(element); }
  const_iterator begin() const { return value().begin(); }
  const_iterator end() const { return value().end(); }

  /// Returns whether it was not there before.
  bool Insert(T element) {
    const bool is_new = !contains(element);
    if (is_new) place_.Insert(std::move(element));
    return is_new;
  }
  /// Returns whether it was there.
  bool Remove(const ElementView& element) {
    const bool found = contains(element);
    if (found) place_.Remove(T(element));
    return found;
  }
  /// Removes the elements for which `predicate(const T&)` holds; returns how many.
  template <typename Predicate>
  std::size_t RemoveIf(Predicate predicate) {
    std::vector<T> gone;
    for (const T& element : value()) {
      if (predicate(element)) gone.push_back(element);
    }
    for (auto&& element : gone) place_.Remove(T(std::move(element)));
    return gone.size();
  }
  void Clear() {
    RemoveIf([](const T&) { return true; });
  }
  /// Makes the set equal to `elements` by the least change. O(size of both).
  void Assign(const Set<T>& elements) {
    RemoveIf([&](const T& element) { return !elements.contains(element); });
    for (const T& element : elements) Insert(element);
  }
  // For the library: the elements of a set have no handles.
  void Assign(const Set<T>& elements, generated::Handles) { Assign(elements); }

 private:
  Place place_;
};

template <typename K, typename V>
void TrackedMap<K, V>::Assign(Map<K, V> entries, generated::Handles handles) {
  RemoveIf([&](const K& key, const V&) { return !entries.contains(key); });
  const bool adopt = handles == generated::Handles::kAdopt;
  generated::MapAccess::ForEach(entries, [&](auto& wanted) {
    auto* entry = Entry(wanted.key);
    if (entry == nullptr && adopt) {
      place_.Insert(wanted.key, std::move(wanted.value), 0);
    } else if (entry == nullptr) {
      Set(wanted.key, std::move(wanted.value));
    } else if constexpr (kOfStructs) {
      generated::StructOps<V>::Assign(place_.PlaceOf(*entry), entry->value, std::move(wanted.value), handles);
    } else if (!generated::SameElement(entry->value, wanted.value)) {
      place_.Replace(*entry, std::move(wanted.value));
    }
  });
  if (adopt) {
    generated::MapAccess::SetHandles(
        place_.map(), [&](auto& entry) { return generated::MapAccess::Find(entries, entry.key)->handle; });
  }
}

}  // namespace onager

#endif  // ONAGER_TRACKED_H_
