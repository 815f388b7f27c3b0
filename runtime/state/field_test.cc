#include "onager/generated/field_test.h"

#include <bit>
#include <cmath>
#include <string>

#include "onager/generated/choice.h"
#include "onager/generated/wire.h"

namespace onager::generated {
namespace {

// Of every actor's filter message, and of that of a field's test.
constexpr std::uint32_t kFieldFilter = 4;
constexpr std::uint32_t kField = 1;
constexpr std::uint32_t kTest = 2;
constexpr std::uint32_t kInteger = 3;
constexpr std::uint32_t kUnsignedInteger = 4;
constexpr std::uint32_t kReal = 5;

template <typename F>
std::string Encode(std::uint32_t field, FieldTestKind kind, F write_limit) {
  std::string bytes;
  Writer writer(bytes);
  writer.Tag(kField, WireType::kVarint);
  writer.Varint(field);
  if (kind != FieldTestKind::kChanged) {
    writer.Tag(kTest, WireType::kVarint);
    writer.Varint(static_cast<std::uint64_t>(kind));
  }
  write_limit(writer);
  writer.Finish();
  return EncodeChoice(kFieldFilter, bytes);
}

bool ReadField(Reader& reader, const Reader::Tag& tag, FieldTest& test) {
  std::uint64_t number = 0;
  switch (tag.number) {
    case kField:
    case kTest:
    case kInteger:
    case kUnsignedInteger:
      if (tag.type != WireType::kVarint) return reader.Skip(tag);
      if (!reader.ReadVarint(number)) return false;
      break;
    case kReal:
      if (tag.type != WireType::kFixed64) return reader.Skip(tag);
      if (!reader.ReadFixed64(number)) return false;
      break;
    default:
      return reader.Skip(tag);
  }
  switch (tag.number) {
    case kField:
      test.field = static_cast<std::uint32_t>(number);
      return test.field == number;
    case kTest:
      test.kind = static_cast<FieldTestKind>(number);
      return number <= static_cast<std::uint64_t>(FieldTestKind::kLevel);
    case kInteger:
      test.limit = static_cast<std::int64_t>(number);
      return true;
    case kUnsignedInteger:
      test.limit = number;
      return true;
    default:
      test.limit = std::bit_cast<double>(number);
      return true;
  }
}

}  // namespace

std::string FieldFilter(std::uint32_t field, FieldTestKind kind) {
  return Encode(field, kind, [](Writer&) {});
}

std::string FieldFilter(std::uint32_t field, FieldTestKind kind, std::int64_t limit) {
  return Encode(field, kind, [limit](Writer& writer) {
    writer.Tag(kInteger, WireType::kVarint);
    writer.Varint(static_cast<std::uint64_t>(limit));
  });
}

std::string FieldFilter(std::uint32_t field, FieldTestKind kind, std::uint64_t limit) {
  return Encode(field, kind, [limit](Writer& writer) {
    writer.Tag(kUnsignedInteger, WireType::kVarint);
    writer.Varint(limit);
  });
}

std::string FieldFilter(std::uint32_t field, FieldTestKind kind, double limit) {
  return Encode(field, kind, [limit](Writer& writer) {
    writer.Tag(kReal, WireType::kFixed64);
    writer.Fixed64(std::bit_cast<std::uint64_t>(limit));
  });
}

std::optional<FieldTest> DecodeFieldTest(std::string_view bytes) {
  FieldTest test;
  for (Reader reader(bytes); !reader.AtEnd();) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag) || !ReadField(reader, tag, test)) return std::nullopt;
  }
  const bool has_limit = !std::holds_alternative<std::monostate>(test.limit);
  if (has_limit != test.is_threshold()) return std::nullopt;
  if (const double* real = std::get_if<double>(&test.limit); real != nullptr && std::isnan(*real)) {
    return std::nullopt;
  }
  return test;
}

}  // namespace onager::generated
