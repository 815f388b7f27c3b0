#ifndef ONAGER_GENERATED_SCALAR_CODEC_H_
#define ONAGER_GENERATED_SCALAR_CODEC_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "onager/generated/shape.h"
#include "onager/generated/struct_ops.h"
#include "onager/generated/wire.h"
#include "onager/generated/wire_time.h"

namespace onager::generated {

// Integers of 8 and 16 bits, which imported C++ structs have, travel as those of 32.
template <ScalarType S>
constexpr ScalarKind ScalarKindOf() {
  if constexpr (std::is_enum_v<S>) return ScalarKind::kEnum;
  if constexpr (std::is_same_v<S, bool>) return ScalarKind::kBool;
  if constexpr (std::is_same_v<S, float>) return ScalarKind::kFloat;
  if constexpr (std::is_same_v<S, double>) return ScalarKind::kDouble;
  if constexpr (std::is_integral_v<S>) {
    if constexpr (std::is_signed_v<S>) return sizeof(S) <= 4 ? ScalarKind::kInt32 : ScalarKind::kInt64;
    return sizeof(S) <= 4 ? ScalarKind::kUint32 : ScalarKind::kUint64;
  }
  if constexpr (std::is_same_v<S, std::string>) return ScalarKind::kString;
  if constexpr (BytesType<S>) return ScalarKind::kBytes;
  if constexpr (TimestampType<S>) return ScalarKind::kTimestamp;
  if constexpr (DurationType<S>) return ScalarKind::kDuration;
  if constexpr (std::is_same_v<S, Uuid>) return ScalarKind::kUuid;
}

// Text and bytes: what can be looked at as a string.
template <ScalarType S>
inline constexpr bool kIsText = std::is_same_v<S, std::string> || BytesType<S>;

template <ScalarType S>
constexpr WireType WireTypeOf() {
  if constexpr (std::is_same_v<S, float>) return WireType::kFixed32;
  if constexpr (std::is_same_v<S, double>) return WireType::kFixed64;
  if constexpr (std::is_integral_v<S> || std::is_enum_v<S>) return WireType::kVarint;
  return WireType::kBytes;
}

template <ScalarType S>
  requires kIsText<S> || std::is_same_v<S, Uuid>
std::string_view BytesOf(const S& value) {
  if constexpr (std::is_convertible_v<const S&, std::string_view>) {
    return value;
  } else if constexpr (std::is_same_v<S, Uuid>) {
    return std::string_view(reinterpret_cast<const char*>(value.bytes().data()), Uuid::kSize);
  } else {
    return std::string_view(reinterpret_cast<const char*>(value.data()), value.size());
  }
}

template <ScalarType S>
void WriteScalar(Writer& writer, const S& value) {
  if constexpr (kIsText<S>) {
    writer.Bytes(BytesOf(value));
  } else if constexpr (std::is_same_v<S, Uuid>) {
    writer.Bytes(value.is_nil() ? std::string_view() : BytesOf(value));
  } else if constexpr (std::is_same_v<S, float>) {
    const bool canonical = writer.canonical_nan() && value != value;
    writer.Fixed32(canonical ? 0x7fc0'0000 : std::bit_cast<std::uint32_t>(value));
  } else if constexpr (std::is_same_v<S, double>) {
    const bool canonical = writer.canonical_nan() && value != value;
    writer.Fixed64(canonical ? 0x7ff8'0000'0000'0000 : std::bit_cast<std::uint64_t>(value));
  } else if constexpr (TimestampType<S> || DurationType<S>) {
    WriteTime(writer, ToWire(value));
  } else if constexpr (std::is_enum_v<S> || std::is_signed_v<S>) {
    writer.Varint(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
  } else {
    writer.Varint(value);
  }
}

// What a 32 bit number on the wire says, where the type is narrower or the enum's range is.
template <typename S>
bool NarrowInteger(std::uint64_t bits, S& value, DecodeContext& context) {
  if constexpr (std::is_enum_v<S>) {
    std::underlying_type_t<S> number{};
    if (!NarrowInteger(static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(bits)}), number,
                       context)) {
      return false;
    }
    value = static_cast<S>(number);
  } else if constexpr (sizeof(S) >= 4) {
    value = static_cast<S>(bits);
  } else {
    const auto number = static_cast<std::int32_t>(bits);
    if (number < std::int32_t{std::numeric_limits<S>::min()} ||
        number > std::int32_t{std::numeric_limits<S>::max()}) {
      return context.Fail("a number is out of range");
    }
    value = static_cast<S>(number);
  }
  return true;
}

template <ScalarType S>
bool ReadScalar(Reader& reader, S& value, DecodeContext& context) {
  if constexpr (kIsText<S>) {
    std::string_view bytes;
    if (!reader.ReadBytes(bytes)) return context.Malformed();
    if (std::is_same_v<S, std::string> && !IsUtf8(bytes)) return context.Fail("a string is not UTF-8");
    if constexpr (std::is_convertible_v<const S&, std::string_view>) {
      value.assign(bytes);
    } else {
      const auto* begin = reinterpret_cast<const typename S::value_type*>(bytes.data());
      value.assign(begin, begin + bytes.size());
    }
  } else if constexpr (std::is_same_v<S, Uuid>) {
    std::string_view bytes;
    if (!reader.ReadBytes(bytes)) return context.Malformed();
    Uuid::Bytes copy{};
    // None at all are the nil UUID.
    if (!bytes.empty() && bytes.size() != copy.size()) return context.Fail("a UUID is not 16 bytes long");
    if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), copy.size());
    value = Uuid(copy);
  } else if constexpr (std::is_same_v<S, float>) {
    std::uint32_t bits = 0;
    if (!reader.ReadFixed32(bits)) return context.Malformed();
    value = std::bit_cast<float>(bits);
  } else if constexpr (std::is_same_v<S, double>) {
    std::uint64_t bits = 0;
    if (!reader.ReadFixed64(bits)) return context.Malformed();
    value = std::bit_cast<double>(bits);
  } else if constexpr (TimestampType<S>) {
    WireTime time;
    if (!ReadTimestamp(reader, time, context)) return false;
    if (!FromWire(time, value)) return context.Fail("a timestamp is out of range");
  } else if constexpr (DurationType<S>) {
    WireTime time;
    if (!ReadDuration(reader, time, context)) return false;
    if (!FromWire(time, value)) return context.Fail("a duration is out of range");
  } else {
    std::uint64_t bits = 0;
    if (!reader.ReadVarint(bits)) return context.Malformed();
    if constexpr (std::is_same_v<S, bool>) {
      value = bits != 0;
    } else {
      return NarrowInteger(bits, value, context);
    }
  }
  return true;
}

template <ScalarType S>
bool IsZero(const S& value) {
  if constexpr (kIsText<S>) {
    return value.empty();
  } else {
    return SameScalar(value, S());
  }
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_SCALAR_CODEC_H_
