#ifndef ONAGER_GENERATED_FOREIGN_IMPL_H_
#define ONAGER_GENERATED_FOREIGN_IMPL_H_

// What generated sources need for imported C++ structs besides: the standard library's containers as fields.
// They stand in such structs only, which are leaves, so their FieldOps are those of leaves.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "onager/generated/value_codec.h"

namespace onager::generated {

// Lists -------------------------------------------------------------------------------------------

// Reads the elements of one occurrence of a `repeated V`, packed or not; `append(V&&)` may refuse one.
template <typename V, typename F>
bool ForEachDecoded(Reader::Tag tag, Reader& reader, DecodeContext& context, F append) {
  const auto read = [&](Reader& from) {
    // Also what a node takes besides.
    if (!context.Charge(2 * sizeof(V) + 4 * sizeof(void*))) return false;
    V element{};
    return ReadField(from, element, context) && append(std::move(element));
  };
  if constexpr (FieldWireType<V>() != WireType::kBytes) {
    if (tag.type == WireType::kBytes) {
      std::string_view packed;
      if (!reader.ReadBytes(packed)) return context.Malformed();
      for (Reader elements(packed); !elements.AtEnd();) {
        if (!read(elements)) return false;
      }
      return true;
    }
  }
  return tag.type == FieldWireType<V>() ? read(reader) : SkipUnknown(reader, tag, context);
}

// What lists have in common; L is a std::deque, std::list or std::array.
template <typename L>
struct ForeignList {
  using V = typename L::value_type;
  static constexpr FieldKind kKind = FieldKind::kLeafList;
  static constexpr void Shape(FieldShape& shape) { ShapeOfElement<V>(shape); }
  static void Encode(Writer& writer, std::uint32_t number, const L& value, bool, bool) {
    EncodeIfSet(writer, number, value);
  }
  static bool EncodeIfSet(Writer& writer, std::uint32_t number, const L& value) {
    if constexpr (FieldWireType<V>() != WireType::kBytes) {
      const Writer::Open open = writer.Begin(number);
      for (const V& element : value) WriteScalar<V>(writer, element);
      return writer.EndUnlessEmpty(open);
    } else {
      for (const V& element : value) WriteField(writer, number, element, false);
      return !value.empty();
    }
  }
  static bool Same(const L& a, const L& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const V& x, const V& y) { return SameElement<V>(x, y); });
  }
  static void Print(std::string& out, const L& value) { PrintList(out, value); }
};

template <typename L>
struct GrowingForeignList : ForeignList<L> {
  using V = typename L::value_type;
  static bool Decode(Reader::Tag tag, Reader& reader, L& value, DecodeContext& context) {
    return ForEachDecoded<V>(tag, reader, context, [&](V&& element) {
      value.push_back(std::move(element));
      return true;
    });
  }
};
template <typename V>
struct FieldOps<std::deque<V>> : GrowingForeignList<std::deque<V>> {};
template <typename V>
struct FieldOps<std::list<V>> : GrowingForeignList<std::list<V>> {};

// All elements travel; those that are missing on the wire are left as they are, more are refused.
template <typename V, std::size_t N>
struct FieldOps<std::array<V, N>> : ForeignList<std::array<V, N>> {
  static bool DecodeFrom(Reader::Tag tag, Reader& reader, std::array<V, N>& value, std::size_t& count,
                         DecodeContext& context) {
    return ForEachDecoded<V>(tag, reader, context, [&](V&& element) {
      if (count == N) return context.Fail("too many elements for an array");
      value[count++] = std::move(element);
      return true;
    });
  }
  static bool Decode(Reader::Tag tag, Reader& reader, std::array<V, N>& value, DecodeContext& context) {
    std::size_t count = 0;
    return DecodeFrom(tag, reader, value, count, context);
  }
};

// Sets --------------------------------------------------------------------------------------------

// Pointers to what is in a set or map, in the order of the keys, whatever order the container has.
template <typename C>
std::vector<const typename C::value_type*> Sorted(const C& container) {
  const auto key_of = [](const auto& entry) -> const typename C::key_type& {
    if constexpr (requires { typename C::mapped_type; }) {
      return entry.first;
    } else {
      return entry;
    }
  };
  std::vector<const typename C::value_type*> sorted;
  sorted.reserve(container.size());
  for (const auto& entry : container) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [&](const auto* a, const auto* b) { return key_of(*a) < key_of(*b); });
  return sorted;
}

template <typename S>
struct ForeignSet {
  using T = typename S::value_type;
  static constexpr FieldKind kKind = FieldKind::kLeafList;
  static constexpr void Shape(FieldShape& shape) { ShapeOfElement<T>(shape); }
  static void Encode(Writer& writer, std::uint32_t number, const S& value, bool, bool) {
    EncodeIfSet(writer, number, value);
  }
  static bool EncodeIfSet(Writer& writer, std::uint32_t number, const S& value) {
    if constexpr (FieldWireType<T>() != WireType::kBytes) {
      const Writer::Open open = writer.Begin(number);
      for (const T* element : Sorted(value)) WriteScalar<T>(writer, *element);
      return writer.EndUnlessEmpty(open);
    } else {
      for (const T* element : Sorted(value)) WriteField<T>(writer, number, *element, false);
      return !value.empty();
    }
  }
  static bool Decode(Reader::Tag tag, Reader& reader, S& value, DecodeContext& context) {
    return ForEachDecoded<T>(tag, reader, context, [&](T&& element) {
      value.insert(std::move(element));
      return true;
    });
  }
  static bool Same(const S& a, const S& b) {
    return a.size() == b.size() &&
           std::all_of(a.begin(), a.end(), [&](const T& element) { return b.find(element) != b.end(); });
  }
  static void Print(std::string& out, const S& value) {
    std::string_view separator = "[";
    for (const T* element : Sorted(value)) {
      out += separator;
      PrintElement(out, *element);
      separator = ", ";
    }
    out += value.empty() ? "[]" : "]";
  }
};
template <typename T, typename... Rest>
struct FieldOps<std::set<T, Rest...>> : ForeignSet<std::set<T, Rest...>> {};
template <typename T, typename... Rest>
struct FieldOps<std::unordered_set<T, Rest...>> : ForeignSet<std::unordered_set<T, Rest...>> {};

// Maps --------------------------------------------------------------------------------------------

template <typename M>
struct ForeignMap {
  using K = typename M::key_type;
  using V = typename M::mapped_type;
  static constexpr FieldKind kKind = FieldKind::kLeaf;
  static constexpr void Shape(FieldShape& shape) {
    shape.key = ScalarKindOf<K>();
    ShapeOfElement<V>(shape);
  }
  static void Encode(Writer& writer, std::uint32_t number, const M& value, bool, bool) {
    EncodeIfSet(writer, number, value);
  }
  static bool EncodeIfSet(Writer& writer, std::uint32_t number, const M& value) {
    for (const auto* entry : Sorted(value)) {
      const Writer::Open open = writer.Begin(number);
      WriteField<K>(writer, 1, entry->first, false);
      WriteField<V>(writer, 2, entry->second, false);
      writer.End(open);
    }
    return !value.empty();
  }
  static bool Decode(Reader::Tag tag, Reader& reader, M& value, DecodeContext& context) {
    if (tag.type != WireType::kBytes) return SkipUnknown(reader, tag, context);
    K key{};
    V mapped{};
    if (!context.Charge(2 * (sizeof(K) + sizeof(V)) + 4 * sizeof(void*))) return false;
    if (!ReadMapEntry(reader, key, mapped, context)) return false;
    value.insert_or_assign(std::move(key), std::move(mapped));
    return true;
  }
  static bool Same(const M& a, const M& b) {
    if (a.size() != b.size()) return false;
    return std::all_of(a.begin(), a.end(), [&](const auto& entry) {
      const auto found = b.find(entry.first);
      return found != b.end() && SameElement<V>(entry.second, found->second);
    });
  }
  static void Print(std::string& out, const M& value) {
    std::string_view separator = "{";
    for (const auto* entry : Sorted(value)) {
      out += separator;
      PrintElement(out, entry->first);
      out += ": ";
      PrintElement(out, entry->second);
      separator = ", ";
    }
    out += value.empty() ? "{}" : "}";
  }
};
template <typename K, typename... Rest>
struct FieldOps<std::map<K, Rest...>> : ForeignMap<std::map<K, Rest...>> {};
template <typename K, typename... Rest>
struct FieldOps<std::unordered_map<K, Rest...>> : ForeignMap<std::unordered_map<K, Rest...>> {};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_FOREIGN_IMPL_H_
