#ifndef ONAGER_GENERATED_VALUE_CODEC_H_
#define ONAGER_GENERATED_VALUE_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "onager/box.h"
#include "onager/generated/container_place.h"
#include "onager/generated/print.h"
#include "onager/generated/scalar_codec.h"
#include "onager/generated/shape.h"
#include "onager/generated/struct_ops.h"
#include "onager/generated/wire.h"

namespace onager::generated {

// Scalars and structs: what optionals, lists, maps and oneofs are made of -------------------------------

template <typename V>
void WriteField(Writer& writer, std::uint32_t number, const V& value, bool with_handles) {
  if constexpr (ScalarType<V>) {
    writer.Tag(number, WireTypeOf<V>());
    WriteScalar(writer, value);
  } else {
    const Writer::Open open = writer.Begin(number);
    StructOps<V>::Encode(writer, value, with_handles);
    writer.End(open);
  }
}

template <typename V>
constexpr WireType FieldWireType() {
  if constexpr (ScalarType<V>) {
    return WireTypeOf<V>();
  } else {
    return WireType::kBytes;
  }
}

// Reads what follows a tag of the right type; a struct is merged into `value`.
template <typename V>
bool ReadField(Reader& reader, V& value, DecodeContext& context) {
  if constexpr (ScalarType<V>) {
    return ReadScalar(reader, value, context);
  } else {
    std::string_view bytes;
    if (!reader.ReadBytes(bytes)) return context.Malformed();
    const Nesting nesting(context);
    return nesting.Allowed() && StructOps<V>::Decode(Reader(bytes), value, context);
  }
}

// As protobuf, a field of another wire type than expected is an unknown one.
inline bool SkipUnknown(Reader& reader, Reader::Tag tag, DecodeContext& context) {
  return reader.Skip(tag) || context.Malformed();
}

// One entry of a map, as protobuf has it.
template <typename K, typename V>
bool ReadMapEntry(Reader& reader, K& key, V& value, DecodeContext& context) {
  std::string_view bytes;
  if (!reader.ReadBytes(bytes)) return context.Malformed();
  const Nesting nesting(context);
  if (!nesting.Allowed()) return false;
  for (Reader entry(bytes); !entry.AtEnd();) {
    Reader::Tag part;
    if (!entry.ReadTag(part)) return context.Malformed();
    bool ok = false;
    if (part.number == 1 && part.type == WireTypeOf<K>()) {
      ok = ReadField(entry, key, context);
    } else if (part.number == 2 && part.type == FieldWireType<V>()) {
      ok = ReadField(entry, value, context);
    } else {
      ok = SkipUnknown(entry, part, context);
    }
    if (!ok) return false;
  }
  return true;
}

// The packed handles that accompany the elements of a container.
template <typename Access, typename C>
bool ReadHandles(const char* at, const char* end, C& container, DecodeContext& context) {
  std::string_view packed;
  if (at != nullptr) {
    Reader reader(std::string_view(at, static_cast<std::size_t>(end - at)));
    if (!reader.ReadBytes(packed)) return context.Malformed();
  }
  Reader handles(packed);
  bool complete = true;
  Access::SetHandles(container, [&](auto&) {
    std::uint64_t handle = 0;
    complete = complete && handles.ReadVarint(handle) && context.NoteHandle(handle);
    return handle;
  });
  if (!complete || !handles.AtEnd()) return context.Fail("elements and handles do not go together");
  return Access::HandlesAreUnique(container) || context.Fail("a handle is used twice");
}

// Fields ------------------------------------------------------------------------------------------
//
// FieldOps<F> is what the type of a field decides:
//   kKind, Shape                            how it changes; its shape without number and presence
//   Encode(writer, number, value, always)   the value in its message; `always` overrides implicit presence
//   Decode(tag, reader, value, context)     merges one occurrence
//   Same, Print
// and of leaves also EncodeIfSet: writes the value as it stands in a patch, or returns false when the patch
// must name it as cleared.

template <typename F>
struct FieldOps;

template <ScalarType F>
struct FieldOps<F> {
  static constexpr FieldKind kKind = FieldKind::kLeaf;
  static constexpr void Shape(FieldShape& shape) { shape.scalar = ScalarKindOf<F>(); }
  static void Encode(Writer& writer, std::uint32_t number, const F& value, bool always, bool) {
    if (always || !IsZero(value)) WriteField(writer, number, value, false);
  }
  static bool EncodeIfSet(Writer& writer, std::uint32_t number, const F& value) {
    WriteField(writer, number, value, false);
    return true;
  }
  static bool Decode(Reader::Tag tag, Reader& reader, F& value, DecodeContext& context) {
    if (tag.type != WireTypeOf<F>()) return SkipUnknown(reader, tag, context);
    return ReadScalar(reader, value, context);
  }
  static bool Same(const F& a, const F& b) { return SameScalar(a, b); }
  static void Print(std::string& out, const F& value) { PrintScalar(out, value); }
};

// What a leaf or the elements of a container are made of.
template <typename V>
constexpr void ShapeOfElement(FieldShape& shape) {
  if constexpr (ScalarType<V>) {
    shape.scalar = ScalarKindOf<V>();
  } else {
    shape.type = &StructOps<V>::Shape;
  }
}

// Optional structs are patched, unless they are leaves.
template <typename O>
inline constexpr bool kIsOptionalStruct = false;
template <typename V>
inline constexpr bool kIsOptionalStruct<std::optional<V>> = !LeafType<V>;
template <typename V>
inline constexpr bool kIsOptionalStruct<Box<V>> = true;

template <LeafType V>
struct FieldOps<std::optional<V>> {
  using F = std::optional<V>;
  static constexpr FieldKind kKind = FieldKind::kLeaf;
  static constexpr void Shape(FieldShape& shape) {
    ShapeOfElement<V>(shape);
    shape.presence = Presence::kExplicit;
  }
  static void Encode(Writer& writer, std::uint32_t number, const F& value, bool, bool) {
    EncodeIfSet(writer, number, value);
  }
  static bool EncodeIfSet(Writer& writer, std::uint32_t number, const F& value) {
    if (value) WriteField(writer, number, *value, false);
    return value.has_value();
  }
  static bool Decode(Reader::Tag tag, Reader& reader, F& value, DecodeContext& context) {
    if (tag.type != FieldWireType<V>()) return SkipUnknown(reader, tag, context);
    if (!value) value.emplace();
    return ReadField(reader, *value, context);
  }
  static bool Same(const F& a, const F& b) {
    return a.has_value() == b.has_value() && (!a || SameElement<V>(*a, *b));
  }
  static void Print(std::string& out, const F& value) {
    if (value) PrintElement(out, *value);
  }
};

template <typename V>
  requires(!ScalarType<std::vector<V>>)
struct FieldOps<std::vector<V>> {
  using F = std::vector<V>;
  static constexpr FieldKind kKind = FieldKind::kLeafList;
  static constexpr bool kPacked = FieldWireType<V>() != WireType::kBytes;
  static constexpr void Shape(FieldShape& shape) { ShapeOfElement<V>(shape); }
  static void Encode(Writer& writer, std::uint32_t number, const F& value, bool, bool) {
    EncodeIfSet(writer, number, value);
  }
  static bool EncodeIfSet(Writer& writer, std::uint32_t number, const F& value) {
    if constexpr (kPacked) {
      const Writer::Open open = writer.Begin(number);
      for (const V element : value) WriteScalar<V>(writer, element);
      return writer.EndUnlessEmpty(open);
    } else {
      for (const V& element : value) WriteField(writer, number, element, false);
      return !value.empty();
    }
  }
  static bool Decode(Reader::Tag tag, Reader& reader, F& value, DecodeContext& context) {
    if constexpr (kPacked) {
      if (tag.type == WireType::kBytes) {
        std::string_view packed;
        if (!reader.ReadBytes(packed)) return context.Malformed();
        for (Reader elements(packed); !elements.AtEnd();) {
          if (!Append(elements, value, context)) return false;
        }
        return true;
      }
    }
    if (tag.type != FieldWireType<V>()) return SkipUnknown(reader, tag, context);
    return Append(reader, value, context);
  }
  static bool Same(const F& a, const F& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const V& x, const V& y) { return SameElement<V>(x, y); });
  }
  static void Print(std::string& out, const F& value) { PrintList(out, value); }

 private:
  static bool Append(Reader& reader, F& value, DecodeContext& context) {
    if (!context.Charge(2 * sizeof(V))) return false;
    V element{};
    if (!ReadField(reader, element, context)) return false;
    value.push_back(std::move(element));
    return true;
  }
};

template <typename F>
struct FieldOps {
  static constexpr FieldKind kKind = kIsForeign<F> ? FieldKind::kLeaf : FieldKind::kStruct;
  static constexpr void Shape(FieldShape& shape) { shape.type = &StructOps<F>::Shape; }
  static void Encode(Writer& writer, std::uint32_t number, const F& value, bool, bool with_handles) {
    const Writer::Open open = writer.Begin(number);
    StructOps<F>::Encode(writer, value, with_handles);
    writer.EndUnlessEmpty(open);
  }
  // Of an imported struct.
  static bool EncodeIfSet(Writer& writer, std::uint32_t number, const F& value) {
    WriteField(writer, number, value, false);
    return true;
  }
  static bool Decode(Reader::Tag tag, Reader& reader, F& value, DecodeContext& context) {
    if (tag.type != WireType::kBytes) return SkipUnknown(reader, tag, context);
    return ReadField(reader, value, context);
  }
  static bool Same(const F& a, const F& b) { return StructOps<F>::Same(a, b); }
  static void Print(std::string& out, const F& value) { StructOps<F>::Print(out, value); }
};

template <typename F>
  requires kIsOptionalStruct<F>
struct FieldOps<F> {
  using V = typename F::value_type;
  static constexpr FieldKind kKind = FieldKind::kOptionalStruct;
  static constexpr void Shape(FieldShape& shape) {
    shape.type = &StructOps<V>::Shape;
    shape.presence = Presence::kExplicit;
  }
  static void Encode(Writer& writer, std::uint32_t number, const F& value, bool, bool with_handles) {
    if (value) WriteField(writer, number, *value, with_handles);
  }
  static bool Decode(Reader::Tag tag, Reader& reader, F& value, DecodeContext& context) {
    if (tag.type != WireType::kBytes) return SkipUnknown(reader, tag, context);
    if (!value) value.emplace();
    return ReadField(reader, *value, context);
  }
  static bool Same(const F& a, const F& b) {
    return a.has_value() == b.has_value() && (!a || StructOps<V>::Same(*a, *b));
  }
  static void Print(std::string& out, const F& value) {
    if (value) StructOps<V>::Print(out, *value);
  }
};

template <typename T, auto Key>
struct FieldOps<KeyedList<T, Key>> {
  using F = KeyedList<T, Key>;
  using Access = ListAccess;
  static constexpr FieldKind kKind = LeafType<T> ? FieldKind::kKeyedListOfLeaves : FieldKind::kKeyedList;
  static constexpr void Shape(FieldShape& shape) { shape.type = &StructOps<T>::Shape; }
  static void Encode(Writer& writer, std::uint32_t number, const F& value, bool, bool with_handles) {
    for (const T& element : value) WriteField(writer, number, element, with_handles);
  }
  static void EncodeHandles(Writer& writer, std::uint32_t number, const F& value) {
    const Writer::Open open = writer.Begin(number);
    for (const ListLink *ends = &ListAccess::Ends(value), *link = ends->next; link != ends;
         link = link->next) {
      writer.Varint(link->handle);
    }
    writer.EndUnlessEmpty(open);
  }
  static bool Decode(Reader::Tag tag, Reader& reader, F& value, DecodeContext& context) {
    if (tag.type != WireType::kBytes) return SkipUnknown(reader, tag, context);
    T element{};
    if (!context.Charge(2 * sizeof(ListAccess::Entry<F>)) || !ReadField(reader, element, context))
      return false;
    return value.Append(std::move(element)) || context.Fail("a key stands in a list twice");
  }
  static bool Same(const F& a, const F& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), &StructOps<T>::Same);
  }
  static void Print(std::string& out, const F& value) { PrintList(out, value); }
};

template <typename K, typename V>
struct FieldOps<Map<K, V>> {
  using F = Map<K, V>;
  using Access = MapAccess;
  static constexpr FieldKind kKind = LeafType<V> ? FieldKind::kMapOfScalars : FieldKind::kMapOfStructs;
  static constexpr void Shape(FieldShape& shape) {
    shape.key = ScalarKindOf<K>();
    ShapeOfElement<V>(shape);
  }
  static void Encode(Writer& writer, std::uint32_t number, const F& value, bool, bool with_handles) {
    for (const auto& [key, mapped] : value) {
      const Writer::Open open = writer.Begin(number);
      WriteField<K>(writer, 1, key, false);
      WriteField<V>(writer, 2, mapped, with_handles);
      writer.End(open);
    }
  }
  static void EncodeHandles(Writer& writer, std::uint32_t number, const F& value) {
    const Writer::Open open = writer.Begin(number);
    MapAccess::ForEach(value, [&](const auto& entry) { writer.Varint(entry.handle); });
    writer.EndUnlessEmpty(open);
  }
  static bool Decode(Reader::Tag tag, Reader& reader, F& value, DecodeContext& context) {
    if (tag.type != WireType::kBytes) return SkipUnknown(reader, tag, context);
    if (!context.Charge(2 * sizeof(MapAccess::Entry<F>))) return false;
    K key{};
    V mapped{};
    if (!ReadMapEntry(reader, key, mapped, context)) return false;
    value.Set(std::move(key), std::move(mapped));
    return true;
  }
  static bool Same(const F& a, const F& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
      return x.first == y.first && SameElement<V>(x.second, y.second);
    });
  }
  static void Print(std::string& out, const F& value) { PrintMap(out, value); }
};

template <ScalarType T>
struct FieldOps<Set<T>> {
  using F = Set<T>;
  static constexpr FieldKind kKind = FieldKind::kSet;
  static constexpr bool kPacked = WireTypeOf<T>() != WireType::kBytes;
  static constexpr void Shape(FieldShape& shape) { shape.scalar = ScalarKindOf<T>(); }
  static void Encode(Writer& writer, std::uint32_t number, const F& value, bool, bool) {
    WriteElements(writer, number, value);
  }
  static bool Decode(Reader::Tag tag, Reader& reader, F& value, DecodeContext& context) {
    return ForEachElement(tag, reader, context, [&](T element) { value.Insert(std::move(element)); });
  }
  static bool Same(const F& a, const F& b) { return a == b; }
  static void Print(std::string& out, const F& value) { PrintList(out, value); }

  // Elements as `repeated T`, here and in patches.
  static void WriteElements(Writer& writer, std::uint32_t number, const auto& elements) {
    if constexpr (kPacked) {
      const Writer::Open open = writer.Begin(number);
      for (const T element : elements) WriteScalar<T>(writer, element);
      writer.EndUnlessEmpty(open);
    } else {
      for (const T& element : elements) WriteField<T>(writer, number, element, false);
    }
  }
  // Calls `f(T)` for the elements of one occurrence, packed or not.
  template <typename Each>
  static bool ForEachElement(Reader::Tag tag, Reader& reader, DecodeContext& context, Each f) {
    const auto read = [&](Reader& from) {
      T element{};
      // A node of the tree is filled at least by half.
      if (!context.Charge(2 * sizeof(T)) || !ReadScalar(from, element, context)) return false;
      f(std::move(element));
      return true;
    };
    if (kPacked && tag.type == WireType::kBytes) {
      std::string_view packed;
      if (!reader.ReadBytes(packed)) return context.Malformed();
      for (Reader elements(packed); !elements.AtEnd();) {
        if (!read(elements)) return false;
      }
      return true;
    }
    return tag.type == WireTypeOf<T>() ? read(reader) : SkipUnknown(reader, tag, context);
  }
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_VALUE_CODEC_H_
