#ifndef ONAGER_GENERATED_ELEMENT_H_
#define ONAGER_GENERATED_ELEMENT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "onager/bytes.h"

namespace onager::generated {

struct ElementChange;

// What a container keeps beside each of its elements. The handle is 0 until the element becomes part of an
// actor's state; `change` is set while a turn that touched the element is open.
struct ElementSlot {
  std::uint64_t handle = 0;
  ElementChange* change = nullptr;
};

// A slot in a doubly linked chain.
struct ListLink : ElementSlot {
  ListLink* previous = nullptr;
  ListLink* next = nullptr;
};

template <typename T>
struct ListEntry : ListLink {
  explicit ListEntry(T v) : value(std::move(v)) {}
  T value;
};

template <typename K, typename V>
struct MapEntry : ElementSlot {
  MapEntry(K k, V v) : key(std::move(k)), value(std::move(v)) {}
  K key;
  V value;
};

// From handle to element, of the elements that have one.
using HandleIndex = absl::flat_hash_map<std::uint64_t, ElementSlot*>;

// How a key is looked up: text by view, all else by value.
template <typename K>
using KeyView = std::conditional_t<std::is_convertible_v<const K&, std::string_view>, std::string_view, K>;

// The type of a data member: `std::string` for `&Todo::id`.
template <typename M>
struct MemberTraits;
template <typename C, typename F>
struct MemberTraits<F C::*> {
  using Class = C;
  using Type = F;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_ELEMENT_H_
