#ifndef ONAGER_GENERATED_MESSAGE_FIELD_H_
#define ONAGER_GENERATED_MESSAGE_FIELD_H_

// Not for applications: messages whose fields are few and known where they are read.

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "onager/generated/wire.h"

namespace onager::generated {

// One field of a protobuf message as it was read, with views into the message.
struct MessageField {
  Reader::Tag tag;
  std::uint64_t number = 0;   // Of a varint, or fixed.
  std::string_view bytes;     // Of a length-delimited one.
  std::string_view encoding;  // Of the value, whatever it is.

  bool Is(std::uint32_t field, WireType type) const { return tag.number == field && tag.type == type; }

  // Each takes the value when it is that field's, and leaves it when it is not.
  template <typename T>
  void Number(std::uint32_t field, T& value) const {
    if (Is(field, WireType::kVarint)) value = static_cast<T>(number);
  }
  void Fixed(std::uint32_t field, std::uint64_t& value) const {
    if (Is(field, WireType::kFixed64)) value = number;
  }
  // Microseconds since 1970.
  template <typename T>
  void Time(std::uint32_t field, T& value) const {
    if (Is(field, WireType::kVarint)) value = absl::FromUnixMicros(static_cast<std::int64_t>(number));
  }
  template <typename T>
  void Bytes(std::uint32_t field, T& value) const {
    if (Is(field, WireType::kBytes)) value = std::string(bytes);
  }
};

// False where the bytes are none. A group is a field without a value.
[[nodiscard]] inline bool ReadField(Reader& reader, MessageField& field) {
  if (!reader.ReadTag(field.tag)) return false;
  const char* const begin = reader.position();
  bool read = false;
  std::uint32_t fixed32 = 0;
  switch (field.tag.type) {
    case WireType::kVarint:
      read = reader.ReadVarint(field.number);
      break;
    case WireType::kFixed64:
      read = reader.ReadFixed64(field.number);
      break;
    case WireType::kFixed32:
      read = reader.ReadFixed32(fixed32);
      field.number = fixed32;
      break;
    case WireType::kBytes:
      read = reader.ReadBytes(field.bytes);
      break;
    case WireType::kGroupBegin:
    case WireType::kGroupEnd:
      read = reader.Skip(field.tag);
      break;
  }
  if (read) field.encoding = std::string_view(begin, static_cast<std::size_t>(reader.position() - begin));
  return read;
}

// Calls `take(field)` for each field in its order; it returns false for what makes the message malformed.
// False where it did, or where the bytes are no message.
template <typename Take>
[[nodiscard]] bool ForEachField(std::string_view message, Take take) {
  Reader reader(message);
  while (!reader.AtEnd()) {
    MessageField field;
    if (!ReadField(reader, field) || !take(field)) return false;
  }
  return true;
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_MESSAGE_FIELD_H_
