#ifndef ONAGER_SET_H_
#define ONAGER_SET_H_

#include <cstddef>
#include <initializer_list>
#include <utility>

#include "absl/container/btree_set.h"
#include "onager/generated/element.h"

namespace onager {

/// A set in the order of its elements: text and bytes by byte, UUIDs by byte, all else by number. A value:
/// copies, moves, compares. Lookups and changes are O(log n). A change ends all iterators and references to
/// elements.
template <typename T>
class Set {
 public:
  using value_type = T;
  using ElementView = generated::KeyView<T>;

 private:
  struct Less {
    using is_transparent = void;
    bool operator()(const ElementView& a, const ElementView& b) const { return a < b; }
  };
  using Elements = absl::btree_set<T, Less>;

 public:
  using const_iterator = typename Elements::const_iterator;
  using iterator = const_iterator;

  Set() = default;
  Set(std::initializer_list<T> elements) {
    for (const T& element : elements) Insert(element);
  }
  template <typename Iterator>
  Set(Iterator first, Iterator last) {
    for (; first != last; ++first) Insert(*first);
  }

  std::size_t size() const { return elements_.size(); }
  bool empty() const { return elements_.empty(); }
  const_iterator begin() const { return elements_.begin(); }
  const_iterator end() const { return elements_.end(); }
  bool contains(const ElementView& element) const { return elements_.contains(element); }

  /// Returns whether it was not there before.
  bool Insert(T element) { return elements_.insert(std::move(element)).second; }
  /// Returns whether it was there.
  bool Remove(const ElementView& element) {
    const auto found = elements_.find(element);
    if (found == elements_.end()) return false;
    elements_.erase(found);
    return true;
  }
  void Clear() { elements_.clear(); }

  friend bool operator==(const Set& a, const Set& b) { return a.elements_ == b.elements_; }

 private:
  Elements elements_;
};

}  // namespace onager

#endif  // ONAGER_SET_H_
