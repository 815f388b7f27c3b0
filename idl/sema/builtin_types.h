#ifndef ONAGER_IDL_SEMA_BUILTIN_TYPES_H_
#define ONAGER_IDL_SEMA_BUILTIN_TYPES_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "idl/model/type.h"

namespace onager::idl {

// A type that the language knows: a scalar, a container, or `stream`, which only methods know.
struct BuiltinType {
  enum class Kind : uint8_t { kScalar, kOptional, kList, kMap, kSet, kStream };
  std::string_view name;
  Kind kind;
  ScalarKind scalar = ScalarKind::kBool;
};

[[nodiscard]] std::span<const BuiltinType> BuiltinTypes();
[[nodiscard]] const BuiltinType* FindBuiltinType(std::string_view name);
// Whether it holds others: neither a scalar nor a stream.
[[nodiscard]] inline bool IsContainer(const BuiltinType& type) {
  return type.kind != BuiltinType::Kind::kScalar && type.kind != BuiltinType::Kind::kStream;
}
[[nodiscard]] inline bool IsBuiltinTypeName(std::string_view name) {
  return FindBuiltinType(name) != nullptr;
}

// What people who come from another language mean: `int` is `int32`. Empty when nothing is known.
[[nodiscard]] std::string_view BuiltinTypeMeantBy(std::string_view name);

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_BUILTIN_TYPES_H_
