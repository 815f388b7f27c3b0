#ifndef ONAGER_KEYED_LIST_H_
#define ONAGER_KEYED_LIST_H_

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "onager/generated/element.h"

namespace onager {

namespace generated {
struct ListAccess;
}

/// An ordered list of structs that are told apart by one of their fields: `KeyedList<Todo, &Todo::id>`. A
/// value: copies, moves, compares (elements in order). Elements are read in place and never move in memory;
/// their keys are unique. Every operation but copying and clearing is O(1).
template <typename T, auto Key>
class KeyedList {
 public:
  using value_type = T;
  using key_type = typename generated::MemberTraits<decltype(Key)>::Type;
  using KeyView = generated::KeyView<key_type>;

  class const_iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    const_iterator() = default;
    explicit const_iterator(const generated::ListLink* link) : link_(link) {}
    reference operator*() const { return static_cast<const generated::ListEntry<T>*>(link_)->value; }
    pointer operator->() const { return &**this; }
    const_iterator& operator++() { return link_ = link_->next, *this; }
    const_iterator& operator--() { return link_ = link_->previous, *this; }
    const_iterator operator++(int) { return const_iterator(std::exchange(link_, link_->next)); }
    const_iterator operator--(int) { return const_iterator(std::exchange(link_, link_->previous)); }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

   private:
    const generated::ListLink* link_ = nullptr;
  };
  using iterator = const_iterator;

  KeyedList() { Detach(); }
  /// Of elements with equal keys the first one stays.
  KeyedList(std::initializer_list<T> elements) : KeyedList() {
    for (const T& element : elements) Append(element);
  }
  KeyedList(const KeyedList& other) : KeyedList() {
    if (!other.empty()) MutableIndex().by_key.reserve(other.size());
    for (const T& element : other) Append(element);
  }
  KeyedList(KeyedList&& other) noexcept : KeyedList() { Swap(other); }
  KeyedList& operator=(KeyedList other) noexcept { return Swap(other), *this; }
  ~KeyedList() { DeleteAll(); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const_iterator begin() const { return const_iterator(ends_.next); }
  const_iterator end() const { return const_iterator(&ends_); }
  const T& front() const { return *begin(); }
  const T& back() const { return *--end(); }

  /// The element with that key, or null. The pointer lasts until the element is removed.
  const T* Find(const KeyView& key) const {
    const Entry* entry = FindEntry(key);
    return entry != nullptr ? &entry->value : nullptr;
  }
  bool contains(const KeyView& key) const { return index_ != nullptr && index_->by_key.contains(key); }

  /// Adds at the end. Returns false, and changes nothing, when the key is there already.
  bool Append(T element) { return InsertAt(&ends_, std::move(element)); }
  /// As `Append`, in front of the element with key `before`; false also when there is none.
  bool InsertBefore(const KeyView& before, T element) {
    Entry* entry = FindEntry(before);
    return entry != nullptr && InsertAt(entry, std::move(element));
  }
  /// Returns whether there was such an element.
  bool Remove(const KeyView& key) {
    Entry* entry = FindEntry(key);
    if (entry == nullptr) return false;
    index_->by_key.erase(entry);
    Unlink(*entry);
    delete entry;
    return true;
  }
  void Clear() { *this = KeyedList(); }

  friend bool operator==(const KeyedList& a, const KeyedList& b) {
    if (a.size() != b.size()) return false;
    for (auto i = a.begin(), j = b.begin(); i != a.end(); ++i, ++j) {
      if (!(*i == *j)) return false;
    }
    return true;
  }

 private:
  friend struct generated::ListAccess;

  using Entry = generated::ListEntry<T>;
  static KeyView KeyOf(const Entry* entry) { return entry->value.*Key; }
  static KeyView KeyOf(const KeyView& key) { return key; }
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& key) const { return absl::Hash<KeyView>()(KeyOf(key)); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return KeyOf(a) == KeyOf(b); }
  };
  struct Index;

  Index& MutableIndex() {
    if (index_ == nullptr) index_ = new Index();
    return *index_;
  }

  Entry* FindEntry(const KeyView& key) const {
    if (index_ == nullptr) return nullptr;
    const auto found = index_->by_key.find(key);
    return found != index_->by_key.end() ? *found : nullptr;
  }

  bool InsertAt(generated::ListLink* next, T element) {
    if (contains(element.*Key)) return false;
    auto* entry = new Entry(std::move(element));
    MutableIndex().by_key.insert(entry);
    Link(*entry, *next->previous);
    return true;
  }

  void Link(generated::ListLink& link, generated::ListLink& after) {
    link.previous = &after;
    link.next = after.next;
    after.next->previous = &link;
    after.next = &link;
    if (link.handle != 0) MutableIndex().by_handle.emplace(link.handle, &link);
    ++size_;
  }

  void Unlink(generated::ListLink& link) {
    link.previous->next = link.next;
    link.next->previous = link.previous;
    if (link.handle != 0) index_->by_handle.erase(link.handle);
    --size_;
  }

  void Detach() {
    ends_.next = ends_.previous = &ends_;
    size_ = 0;
  }

  // The chain's ends point at its list, so they are tied anew when it changes hands.
  void Swap(KeyedList& other) {
    std::swap(ends_, other.ends_);
    std::swap(size_, other.size_);
    std::swap(index_, other.index_);
    TieEnds();
    other.TieEnds();
  }
  void TieEnds() {
    if (size_ == 0) return Detach();
    ends_.next->previous = &ends_;
    ends_.previous->next = &ends_;
  }

  void DeleteAll() {
    for (generated::ListLink* link = ends_.next; link != &ends_;) {
      delete static_cast<Entry*>(std::exchange(link, link->next));
    }
    delete index_;
  }

  generated::ListLink ends_;  // Before the first and after the last element.
  std::size_t size_ = 0;
  Index* index_ = nullptr;  // Owned; none as long as nothing was in the list.
};

// Incomplete in the class, and behind a plain pointer, so that naming a list does not compile hash tables and
// what smart pointers are made of: headers of many structs would feel it.
template <typename T, auto Key>
struct KeyedList<T, Key>::Index {
  absl::flat_hash_set<Entry*, Hash, Equal> by_key;
  generated::HandleIndex by_handle;
};

}  // namespace onager

#endif  // ONAGER_KEYED_LIST_H_
