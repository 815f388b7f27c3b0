#ifndef ONAGER_GENERATED_PREVIOUS_H_
#define ONAGER_GENERATED_PREVIOUS_H_

#include <cstddef>
#include <optional>

#include "onager/generated/container_place.h"
#include "onager/generated/struct_ops.h"

namespace onager {

/// A struct as it was when the open turn began, read through the journal; the generator writes one for each
/// struct that a filter's `prev` reaches, with a member for each field: leaves are `const` references,
/// structs and containers the views below. Valid until the state changes.
template <typename T>
class Previous;

namespace generated {

// Where a struct's previous value is found: in the struct, but for what `change` has.
template <typename T>
class PreviousStruct {
 public:
  PreviousStruct(const StructChange* change, const T& now) : change_(change), now_(&now) {}

 protected:
  using Value = T;
  // The field's previous value. Defined in previous_impl.h.
  template <auto Member>
  decltype(auto) At() const;

 private:
  const StructChange* change_;
  const T* now_;
};

}  // namespace generated

/// What there was of an optional struct, or what was found in a container: none, or a struct.
template <typename T>
class PreviousOptional {
  struct Arrow {
    Previous<T> target;
    const Previous<T>* operator->() const { return &target; }
  };

 public:
  PreviousOptional() = default;
  PreviousOptional(const void* change, const T& now)
      : change_(static_cast<const generated::StructChange*>(change)), now_(&now) {}

  bool has_value() const { return now_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  Previous<T> operator*() const { return Previous<T>(change_, *now_); }
  Arrow operator->() const { return Arrow{**this}; }
  /// Throws `std::bad_optional_access` when there is none.
  Previous<T> value() const {
    if (!has_value()) throw std::bad_optional_access();
    return **this;
  }

 private:
  const generated::StructChange* change_ = nullptr;
  const T* now_ = nullptr;
};

namespace generated {

// What was in an entry that was there when the turn began, or is null.
template <typename V>
auto PreviousElement(const auto* entry) {
  const void* change = entry != nullptr && entry->change != nullptr ? entry->change->value : nullptr;
  if constexpr (LeafType<V>) {
    const V* now = entry != nullptr ? &entry->value : nullptr;
    return change != nullptr ? static_cast<const V*>(change) : now;
  } else {
    return entry != nullptr ? PreviousOptional<V>(change, entry->value) : PreviousOptional<V>();
  }
}

}  // namespace generated

/// A keyed list as it was. `Find` and `contains` are O(1), or O(change) when the key went or came.
template <typename T, auto Key>
class PreviousKeyedList {
  using List = KeyedList<T, Key>;
  using Entry = generated::ListAccess::Entry<List>;

 public:
  using KeyView = typename List::KeyView;

  PreviousKeyedList(const generated::ContainerChange* change, const List& now)
      : change_(change), now_(&now) {}

  std::size_t size() const { return change_ != nullptr ? change_->original_size : now_->size(); }
  bool empty() const { return size() == 0; }
  bool contains(const KeyView& key) const { return FindEntry(key) != nullptr; }
  /// The element; of a list of imported structs a pointer to it, null when there is none.
  auto Find(const KeyView& key) const { return generated::PreviousElement<T>(FindEntry(key)); }

 private:
  const Entry* FindEntry(const KeyView& key) const {
    const Entry* entry = generated::ListAccess::Find(*now_, key);
    if (entry != nullptr && (entry->change == nullptr || entry->change->was_present)) return entry;
    return generated::FindRemoved(change_, [&](const generated::ElementSlot& slot) -> const Entry* {
      const auto& gone = static_cast<const Entry&>(static_cast<const generated::ListLink&>(slot));
      return KeyView(gone.value.*Key) == key ? &gone : nullptr;
    });
  }

  const generated::ContainerChange* change_;
  const List* now_;
};

/// A map as it was. `Find` and `contains` are O(log n), or O(change) when the key went or came.
template <typename K, typename V>
class PreviousMap {
  using Entry = generated::MapAccess::Entry<Map<K, V>>;

 public:
  using KeyView = typename Map<K, V>::KeyView;

  PreviousMap(const generated::ContainerChange* change, const Map<K, V>& now) : change_(change), now_(&now) {}

  std::size_t size() const { return change_ != nullptr ? change_->original_size : now_->size(); }
  bool empty() const { return size() == 0; }
  bool contains(const KeyView& key) const { return FindEntry(key) != nullptr; }
  /// The value; of a map of scalars or imported structs a pointer to it, null when there is none.
  auto Find(const KeyView& key) const { return generated::PreviousElement<V>(FindEntry(key)); }

 private:
  const Entry* FindEntry(const KeyView& key) const {
    const Entry* entry = generated::MapAccess::Find(*now_, key);
    if (entry != nullptr && (entry->change == nullptr || entry->change->was_present)) return entry;
    return generated::FindRemoved(change_, [&](const generated::ElementSlot& slot) -> const Entry* {
      const auto& gone = static_cast<const Entry&>(slot);
      return KeyView(gone.key) == key ? &gone : nullptr;
    });
  }

  const generated::ContainerChange* change_;
  const Map<K, V>* now_;
};

/// A set as it was. All are O(change).
template <typename T>
class PreviousSet {
 public:
  using ElementView = typename Set<T>::ElementView;

  PreviousSet(const generated::SetLog<T>* log, const Set<T>& now) : log_(log), now_(&now) {}

  std::size_t size() const {
    std::size_t size = now_->size();
    generated::ForEachStep(log_, [&](const T&, bool in) { in ? --size : ++size; });
    return size;
  }
  bool empty() const { return size() == 0; }
  bool contains(const ElementView& element) const {
    bool there = now_->contains(element);
    generated::ForEachStep(log_, [&](const T& touched, bool in) {
      if (ElementView(touched) == element) there = !in;
    });
    return there;
  }

 private:
  const generated::SetLog<T>* log_;
  const Set<T>* now_;
};

}  // namespace onager

#endif  // ONAGER_GENERATED_PREVIOUS_H_
