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
};

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
};

enum class Presence : std::uint8_t { kImplicit, kExplicit };

// A field as the wire knows it: what can be done with bytes alone works from this.
struct FieldShape {
  std::uint32_t number = 0;
  std::uint32_t slot = 0;  // The number; within a oneof, the first alternative's.
  FieldKind kind = FieldKind::kLeaf;
  Presence presence = Presence::kImplicit;
  ScalarKind key = ScalarKind::kNone;     // Of a map.
  ScalarKind scalar = ScalarKind::kNone;  // None: a struct, whose shape is `type`.
  const struct TypeShape& (*type)() = nullptr;
};

struct TypeShape {
  std::string_view name;
  std::span<const FieldShape> fields;  // By number.

  const FieldShape* Find(std::uint32_t number) const;
};

// A hash of the field tree: numbers, types, presence, nesting; no names. Equal for states whose snapshots and
// patches can be exchanged.
std::uint64_t Fingerprint(const TypeShape& type);

// One patch with the effect of all `patches` in order. O(total size).
absl::StatusOr<std::string> ComposePatches(const TypeShape& type, absl::Span<const std::string_view> patches);

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_SHAPE_H_
