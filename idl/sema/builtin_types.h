#ifndef ONAGER_IDL_SEMA_BUILTIN_TYPES_H_
#define ONAGER_IDL_SEMA_BUILTIN_TYPES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "idl/ast/ast.h"
#include "idl/model/type.h"

namespace onager::idl {

// A type that the language knows: a scalar, a container, or one that later versions will have.
struct BuiltinType {
  enum class Kind : uint8_t { kScalar, kOptional, kList, kMap, kUnsupported };
  std::string_view name;
  Kind kind;
  ScalarKind scalar = ScalarKind::kBool;
  ast::Feature feature = ast::Feature::kImport;  // of kUnsupported
};

[[nodiscard]] std::span<const BuiltinType> BuiltinTypes();
[[nodiscard]] const BuiltinType* FindBuiltinType(std::string_view name);
[[nodiscard]] inline bool IsBuiltinTypeName(std::string_view name) {
  return FindBuiltinType(name) != nullptr;
}

// What people who come from another language mean: `int` is `int32`. Empty when nothing is known.
[[nodiscard]] std::string_view BuiltinTypeMeantBy(std::string_view name);

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_BUILTIN_TYPES_H_
