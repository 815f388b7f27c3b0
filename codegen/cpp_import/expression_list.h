#ifndef ONAGER_CODEGEN_CPP_IMPORT_EXPRESSION_LIST_H_
#define ONAGER_CODEGEN_CPP_IMPORT_EXPRESSION_LIST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codegen/cpp_import/expression_tokens.h"
#include "idl/model/model.h"

namespace onager::codegen {

// An expression of a model and what it is in. Refers to the model.
struct ListedExpression {
  enum class Role : uint8_t {
    kFilter,   // a bool of `state`, `prev`, `key` and the parameters
    kWhere,    // a bool of `item`, `item_key`, `key` and the parameters
    kDefault,  // a value of `type`, of nothing
  };
  Role role = Role::kDefault;
  const idl::Expression* expression = nullptr;
  idl::FileIndex file = 0;
  std::string name;                   // of the filter, the view, or what has the default
  std::optional<idl::ActorId> actor;  // kFilter, kWhere
  const std::vector<idl::Parameter>* parameters = nullptr;  // kFilter, kWhere
  idl::TypeId type;                                         // kDefault: the value's; kWhere: the item's
  std::optional<idl::TypeId> item_key;                      // kWhere, of a map

  std::vector<ExpressionToken> tokens;
  std::optional<ExpressionFault> fault;  // It cannot be given to a compiler.
};

// Every expression of the files for which `is_checked`, in the order of the model.
[[nodiscard]] std::vector<ListedExpression> ListExpressions(const idl::Model& model,
                                                            const std::vector<bool>& is_checked);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_EXPRESSION_LIST_H_
