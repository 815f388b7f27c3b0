#ifndef ONAGER_CHANGE_H_
#define ONAGER_CHANGE_H_

#include <type_traits>
#include <vector>

#include "onager/generated/container_place.h"
#include "onager/generated/placement.h"
#include "onager/generated/struct_ops.h"

namespace onager {

/// What became of a struct since the last look; the generator writes one for each struct, with `title()`
/// (whether it changed) and `todos()` (which elements). A view: valid until the replica changes again. A
/// field that is set back to its old value has not changed; an element that was inserted and removed never
/// was.
template <typename T>
class Change;

namespace generated {

// What all of them share.
class ChangeView {
 protected:
  ChangeView(const StructChange* change, const void* now) : change_(change), now_(now) {}

  // Whether a leaf changed; the change of a struct or container. `Member` is one of the struct's.
  template <auto Member>
  auto Changed() const;

  const StructChange* change_;
  const void* now_;
};

template <typename T>
class StructChangeView : public ChangeView {
 public:
  StructChangeView(const StructChange* change, const T& now) : ChangeView(change, &now) {}

  /// Whether anything changed.
  explicit operator bool() const { return change_ != nullptr && StructOps<T>::HasChange(now(), *change_); }
  /// The struct as it is now.
  const T& now() const { return *static_cast<const T*>(now_); }

 protected:
  using Value = T;
};

// The elements of a touched container for which `which` holds.
template <typename F>
void ForEachTouched(const ContainerChange* container, F f) {
  if (container == nullptr) return;
  for (const ElementChange* element = container->first; element != nullptr; element = element->next)
    f(*element);
}

}  // namespace generated

/// What became of a keyed list. An element that was removed and inserted again under the same key is both.
template <typename T, auto Key>
class KeyedListChange {
  using Entry = generated::ListAccess::Entry<KeyedList<T, Key>>;

 public:
  /// Of a list of imported structs, which are replaced as a whole, a `const T*` instead.
  struct UpdatedStruct {
    const T* element;
    Change<T> change;
  };
  using Updated = std::conditional_t<generated::LeafType<T>, const T*, UpdatedStruct>;

  explicit KeyedListChange(const generated::ContainerChange* change) : change_(change) {}

  explicit operator bool() const {
    return !inserted().empty() || !removed().empty() || !moved().empty() || !updated().empty();
  }
  /// As they are now.
  std::vector<const T*> inserted() const { return Select(generated::WasInserted); }
  /// As they were when they were removed.
  std::vector<const T*> removed() const { return Select(generated::WasRemoved); }
  /// Those that others were moved around are not among them.
  std::vector<const T*> moved() const {
    std::vector<const T*> elements;
    if (change_ == nullptr) return elements;
    generated::ForEachPlacement(*change_, [&](const generated::ElementChange& element, bool is_new) {
      if (!is_new) elements.push_back(ValueOf(element));
    });
    return elements;
  }
  /// Those that were there before and are different now.
  std::vector<Updated> updated() const {
    std::vector<Updated> elements;
    generated::ForEachTouched(change_, [&](const generated::ElementChange& element) {
      if (!element.was_present || !element.is_present || element.value == nullptr) return;
      const T* now = ValueOf(element);
      if constexpr (generated::LeafType<T>) {
        if (!generated::SameElement(*static_cast<const T*>(element.value), *now)) elements.push_back(now);
      } else {
        Change<T> change(static_cast<const generated::StructChange*>(element.value), *now);
        if (change) elements.push_back({now, change});
      }
    });
    return elements;
  }

 private:
  static const T* ValueOf(const generated::ElementChange& element) {
    return &static_cast<const Entry*>(static_cast<const generated::ListLink*>(element.slot))->value;
  }
  std::vector<const T*> Select(bool (*which)(const generated::ElementChange&)) const {
    std::vector<const T*> elements;
    generated::ForEachTouched(change_, [&](const generated::ElementChange& element) {
      if (which(element)) elements.push_back(ValueOf(element));
    });
    return elements;
  }

  const generated::ContainerChange* change_;
};

/// What became of a map.
template <typename K, typename V>
class MapChange {
  using Entry = generated::MapAccess::Entry<Map<K, V>>;

 public:
  struct Item {
    const K* key;
    const V* value;
  };

  explicit MapChange(const generated::ContainerChange* change) : change_(change) {}

  explicit operator bool() const { return !inserted().empty() || !removed().empty() || !updated().empty(); }
  /// As they are now.
  std::vector<Item> inserted() const { return Select(generated::WasInserted); }
  /// As they were when they were removed.
  std::vector<Item> removed() const { return Select(generated::WasRemoved); }
  /// Keys that were there before and have another value now.
  std::vector<Item> updated() const {
    return Select([](const generated::ElementChange& element) {
      if (!element.was_present || !element.is_present || element.value == nullptr) return false;
      const V& now = *ItemOf(element).value;
      if constexpr (generated::LeafType<V>) {
        return !generated::SameElement(*static_cast<const V*>(element.value), now);
      } else {
        return generated::StructOps<V>::HasChange(
            now, *static_cast<const generated::StructChange*>(element.value));
      }
    });
  }

 private:
  static Item ItemOf(const generated::ElementChange& element) {
    const auto* entry = static_cast<const Entry*>(element.slot);
    return {&entry->key, &entry->value};
  }
  std::vector<Item> Select(bool (*which)(const generated::ElementChange&)) const {
    std::vector<Item> items;
    generated::ForEachTouched(change_, [&](const generated::ElementChange& element) {
      if (which(element)) items.push_back(ItemOf(element));
    });
    return items;
  }

  const generated::ContainerChange* change_;
};

/// What became of a set.
template <typename T>
class SetChange {
 public:
  explicit SetChange(const generated::SetLog<T>* log) : log_(log) {}

  explicit operator bool() const {
    bool changed = false;
    generated::ForEachNetChange(log_, [&](const T&, bool) { changed = true; });
    return changed;
  }
  std::vector<T> added() const { return Select(true); }
  std::vector<T> removed() const { return Select(false); }

 private:
  std::vector<T> Select(bool which) const {
    std::vector<T> elements;
    generated::ForEachNetChange(log_, [&](const T& element, bool added) {
      if (added == which) elements.push_back(element);
    });
    return elements;
  }

  const generated::SetLog<T>* log_;
};

}  // namespace onager

#endif  // ONAGER_CHANGE_H_
