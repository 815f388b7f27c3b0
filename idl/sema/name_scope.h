#ifndef ONAGER_IDL_SEMA_NAME_SCOPE_H_
#define ONAGER_IDL_SEMA_NAME_SCOPE_H_

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "idl/ast/ast.h"
#include "idl/diagnostics/diagnostic_emitter.h"

namespace onager::idl {

// Names that must differ from each other in every output: in C++, in the `.proto` and in its JSON.
class NameScope {
 public:
  explicit NameScope(DiagnosticEmitter& emitter) : emitter_(emitter) {}

  // Checks the name's shape, and that it is new here. False when it is taken, which has been reported.
  bool Declare(const ast::Name& name);

  // The declaration spelled exactly so, or null.
  [[nodiscard]] const ast::Name* Find(std::string_view name) const;

 private:
  DiagnosticEmitter& emitter_;
  absl::flat_hash_map<std::string, ast::Name> by_canonical_name_;
};

// Lower case without underscores: JSON names and CamelCase of two names are equal only if these are.
[[nodiscard]] std::string CanonicalName(std::string_view name);

// `TodoPriority` -> `TODO_PRIORITY`.
[[nodiscard]] std::string UpperSnakeCase(std::string_view name);

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_NAME_SCOPE_H_
