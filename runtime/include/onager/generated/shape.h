#ifndef ONAGER_GENERATED_SHAPE_H_
#define ONAGER_GENERATED_SHAPE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace onager::generated {

// How a field changes. Leaves are replaced as a whole, all else is patched.
enum class FieldKind : std::uint8_t {
  kLeaf,
  kLeafList,
  kStruct,
  kOptionalStruct,
  kKeyedList,
  kMapOfScalars,
  kMapOfStructs,
  kSet,
  kKeyedListOfLeaves,  // Of imported structs.
};

constexpr bool IsKeyedList(FieldKind kind) {
  return kind == FieldKind::kKeyedList || kind == FieldKind::kKeyedListOfLeaves;
}

enum class ScalarKind : std::uint8_t {
  kNone,
  kBool,
  kInt32,
  kInt64,
  kUint32,
  kUint64,
  kFloat,
  kDouble,
  kString,
  kBytes,
  kEnum,
  kTimestamp,
  kDuration,
  kUuid,
};

enum class Presence : std::uint8_t { kImplicit, kExplicit };

// A field as the wire knows it: what can be done with bytes alone works from this.
struct FieldShape {
  std::uint32_t number = 0;
  std::uint32_t slot = 0;  // The number; within a oneof, the first alternative's.
  FieldKind kind = FieldKind::kLeaf;
  Presence presence = Presence::kImplicit;
  bool is_private = false;                // For the store only.
  bool is_alternative = false;            // Of a oneof.
  ScalarKind key = ScalarKind::kNone;     // Of a map.
  ScalarKind scalar = ScalarKind::kNone;  // None: a struct, whose shape is `type`.
  const struct TypeShape& (*type)() = nullptr;
  std::uint64_t (*default_hash)() = nullptr;  // Of a default other than zero.
};

struct TypeShape {
  std::string_view name;
  std::span<const FieldShape> fields;  // By number.

  const FieldShape* Find(std::uint32_t number) const;
};

// Whether the elements of such a field have handles.
constexpr bool HasHandles(FieldKind kind) {
  return IsKeyedList(kind) || kind == FieldKind::kMapOfScalars || kind == FieldKind::kMapOfStructs;
}

// That of its FieldTree: of numbers, types, presence, defaults and nesting; not of names and private fields.
std::uint64_t Fingerprint(const TypeShape& type);

// Of the field as it is encoded with its default.
std::uint64_t HashOfDefault(std::string_view encoded);

// One patch with the effect of all `patches` in order. O(total size).
absl::StatusOr<std::string> ComposePatches(const TypeShape& type, absl::Span<const std::string_view> patches);

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_SHAPE_H_
