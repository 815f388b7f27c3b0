#ifndef ONAGER_GENERATED_STRUCT_OPS_H_
#define ONAGER_GENERATED_STRUCT_OPS_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "onager/bytes.h"
#include "onager/generated/journal.h"
#include "onager/generated/wire.h"
#include "onager/generated/wire_time.h"
#include "onager/uuid.h"

namespace onager::generated {

struct TypeShape;

// Bytes, also as imported C++ structs have them.
template <typename T>
concept BytesType = std::is_same_v<T, Bytes> || std::is_same_v<T, std::vector<unsigned char>> ||
                    std::is_same_v<T, std::vector<std::byte>>;

// What a leaf is made of. All but those of the IDL stand in imported C++ structs only.
template <typename T>
concept ScalarType = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> ||
                     BytesType<T> || TimestampType<T> || DurationType<T> || std::is_same_v<T, Uuid>;

// Whether T is an imported C++ struct, which is a leaf wherever it stands: compared and replaced as a whole.
// The generated header that imports it says so.
template <typename T>
inline constexpr bool kIsForeign = false;

// What is replaced as a whole where it is the value of a map.
template <typename T>
concept LeafType = ScalarType<T> || kIsForeign<T>;

// Equal on the wire: NaN is itself, -0.0 is not 0.0.
template <ScalarType T>
bool SameScalar(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  } else if constexpr (TimestampType<T> || DurationType<T>) {
    return a == b || ToWire(a) == ToWire(b);
  } else {
    return a == b;
  }
}

// Which handles elements get when a whole value is assigned.
enum class Handles { kNew, kAdopt };

// Everything that is done with a struct as a whole. The definitions stand in struct_ops_impl.h and work from
// Describe<T>; the generated source that describes T instantiates them once, for all who use T.
template <typename T>
struct StructOps {
  static const TypeShape& Shape();
  static bool Same(const T& a, const T& b);
  static void Print(std::string& out, const T& value);

  // The value's message.
  static void Encode(Writer& writer, const T& value, bool with_handles);
  static bool Decode(Reader reader, T& value, DecodeContext& context);

  // Gives every element of every container inside a new handle.
  static void AssignHandles(T& value, Journal& journal);
  // Makes `target` equal to `value` by the least change: elements are matched by their keys.
  static void Assign(ChangePlace place, T& target, T&& value, Handles handles);

  // The open turn's net change of `value` as its patch, or, as a patch too, all in which it differs from
  // `T()`.
  static bool HasChange(const T& value, const StructChange& change);
  static void EncodeChange(Writer& writer, const T& value, const StructChange& change);
  static void EncodeAsPatch(Writer& writer, const T& value);
  // A change of what `key` points at is refused.
  static bool ApplyPatch(Reader reader, ChangePlace place, T& value, const void* key, DecodeContext& context);
};

template <typename V>
bool SameElement(const V& a, const V& b) {
  if constexpr (ScalarType<V>) {
    return SameScalar(a, b);
  } else {
    return StructOps<V>::Same(a, b);
  }
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_STRUCT_OPS_H_
