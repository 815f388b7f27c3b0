#ifndef ONAGER_MAP_H_
#define ONAGER_MAP_H_

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "absl/container/btree_set.h"
#include "onager/generated/element.h"

namespace onager {

namespace generated {
struct MapAccess;
}

/// A map in the order of its keys. A value: copies, moves, compares. Values are read in place and never
/// move in memory. Lookups and changes are O(log n).
template <typename K, typename V>
class Map {
  using Entry = generated::MapEntry<K, V>;
  struct Less;
  struct Index;
  using Entries = absl::btree_set<Entry*, Less>;

 public:
  using key_type = K;
  using mapped_type = V;
  using KeyView = generated::KeyView<K>;

  /// `for (const auto& [key, value] : map)`.
  class const_iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::pair<const K&, const V&>;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = value_type;

    const_iterator() = default;
    value_type operator*() const { return {(*at_)->key, (*at_)->value}; }
    const_iterator& operator++() { return ++at_, *this; }
    const_iterator operator++(int) { return const_iterator(at_++); }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

   private:
    friend class Map;
    explicit const_iterator(typename Entries::const_iterator at) : at_(at) {}
    typename Entries::const_iterator at_;  // Of an empty map, any one.
  };
  using iterator = const_iterator;

  Map() = default;
  /// Of equal keys the last one counts.
  Map(std::initializer_list<std::pair<K, V>> entries) {
    for (const auto& [key, value] : entries) Set(key, value);
  }
  Map(const Map& other) {
    if (other.empty()) return;
    Entries& entries = MutableIndex().entries;
    for (const auto& [key, value] : other) entries.insert(entries.end(), new Entry(key, value));
  }
  Map(Map&& other) noexcept { Swap(other); }
  Map& operator=(Map other) noexcept { return Swap(other), *this; }
  ~Map() { DeleteAll(); }

  std::size_t size() const { return index_ == nullptr ? 0 : index_->entries.size(); }
  bool empty() const { return size() == 0; }
  const_iterator begin() const {
    return index_ == nullptr ? const_iterator() : const_iterator(index_->entries.begin());
  }
  const_iterator end() const {
    return index_ == nullptr ? const_iterator() : const_iterator(index_->entries.end());
  }

  /// The key's value, or null. The pointer lasts until the key is removed.
  const V* Find(const KeyView& key) const {
    const Entry* entry = FindEntry(key);
    return entry != nullptr ? &entry->value : nullptr;
  }
  bool contains(const KeyView& key) const { return FindEntry(key) != nullptr; }

  /// Inserts the key or replaces its value.
  void Set(K key, V value) {
    if (Entry* entry = FindEntry(key)) {
      entry->value = std::move(value);
    } else {
      MutableIndex().entries.insert(new Entry(std::move(key), std::move(value)));
    }
  }
  /// Returns whether the key was there.
  bool Remove(const KeyView& key) {
    Entry* entry = FindEntry(key);
    if (entry == nullptr) return false;
    Unlink(*entry);
    delete entry;
    return true;
  }
  void Clear() { *this = Map(); }

  friend bool operator==(const Map& a, const Map& b) {
    if (a.size() != b.size()) return false;
    for (auto i = a.begin(), j = b.begin(); i != a.end(); ++i, ++j) {
      if (!((*i).first == (*j).first && (*i).second == (*j).second)) return false;
    }
    return true;
  }

 private:
  friend struct generated::MapAccess;

  static KeyView KeyOf(const Entry* entry) { return entry->key; }
  static KeyView KeyOf(const KeyView& key) { return key; }
  struct Less {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return KeyOf(a) < KeyOf(b); }
  };

  Index& MutableIndex() {
    if (index_ == nullptr) index_ = new Index();
    return *index_;
  }

  Entry* FindEntry(const KeyView& key) const {
    if (index_ == nullptr) return nullptr;
    const auto found = index_->entries.find(key);
    return found != index_->entries.end() ? *found : nullptr;
  }
  void Link(Entry& entry) {
    MutableIndex().entries.insert(&entry);
    if (entry.handle != 0) index_->by_handle.emplace(entry.handle, &entry);
  }
  void Unlink(Entry& entry) {
    index_->entries.erase(&entry);
    if (entry.handle != 0) index_->by_handle.erase(entry.handle);
  }
  void Swap(Map& other) { std::swap(index_, other.index_); }
  void DeleteAll() {
    if (index_ == nullptr) return;
    for (Entry* entry : index_->entries) delete entry;
    delete index_;
  }

  Index* index_ = nullptr;  // Owned; none as long as nothing was in the map.
};

// Incomplete in the class, as that of keyed lists.
template <typename K, typename V>
struct Map<K, V>::Index {
  Entries entries;
  generated::HandleIndex by_handle;
};

}  // namespace onager

#endif  // ONAGER_MAP_H_
