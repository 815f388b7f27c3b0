#ifndef ONAGER_IDL_MODEL_TYPE_H_
#define ONAGER_IDL_MODEL_TYPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "idl/model/table.h"

namespace onager::idl {

struct Struct;
struct Enum;
struct Error;
struct Actor;
using StructId = Id<Struct>;
using EnumId = Id<Enum>;
using ErrorId = Id<Error>;
using ActorId = Id<Actor>;

enum class ScalarKind : uint8_t {
  kBool,
  kInt32,
  kInt64,
  kUint32,
  kUint64,
  kFloat,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kUuid,
};

// The keyword: `int32`.
[[nodiscard]] std::string_view ScalarName(ScalarKind kind);
[[nodiscard]] bool IsInteger(ScalarKind kind);
[[nodiscard]] bool IsFloatingPoint(ScalarKind kind);

struct ScalarType {
  ScalarKind kind = ScalarKind::kBool;
  friend bool operator==(const ScalarType&, const ScalarType&) = default;
};

struct EnumType {
  EnumId id;
  friend bool operator==(const EnumType&, const EnumType&) = default;
};

struct StructType {
  StructId id;
  friend bool operator==(const StructType&, const StructType&) = default;
};

struct OptionalType;
struct ListType;
struct MapType;
struct SetType;
using Type = std::variant<ScalarType, EnumType, StructType, OptionalType, ListType, MapType, SetType>;

// Types are interned: two TypeIds of one model are equal exactly when the types are.
class TypeTable;
using TypeId = Id<TypeTable>;

// `optional T`; T is a scalar, an enum or a struct. Boxed: T is a struct that has, over any number of fields,
// such an optional of itself.
struct OptionalType {
  TypeId value;
  bool boxed = false;
  friend bool operator==(const OptionalType&, const OptionalType&) = default;
};

// `list<T>`; T is a scalar, an enum or a struct. A keyed list has the index, in the element struct's
// fields, of the field that tells its elements apart.
struct ListType {
  TypeId element;
  std::optional<uint32_t> key_field;
  friend bool operator==(const ListType&, const ListType&) = default;
};

// `map<K, V>`; K is bool, an integer or string, V a scalar, an enum or a struct.
struct MapType {
  TypeId key;
  TypeId value;
  friend bool operator==(const MapType&, const MapType&) = default;
};

// `set<T>`; T is bool, an integer, string, bytes, uuid or an enum.
struct SetType {
  TypeId element;
  friend bool operator==(const SetType&, const SetType&) = default;
};

// The types of one model, each once. A value; ids last for ever, references until the next Intern.
class TypeTable {
 public:
  // The id of `type`, the same at every call.
  TypeId Intern(const Type& type);

  [[nodiscard]] const Type& operator[](TypeId id) const { return types_[id.index]; }
  [[nodiscard]] size_t size() const { return types_.size(); }

 private:
  std::vector<Type> types_;
  // Debian's abseil does not hash std::variant.
  struct Hash {
    size_t operator()(const Type& type) const;
  };
  absl::flat_hash_map<Type, TypeId, Hash> ids_;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_MODEL_TYPE_H_
