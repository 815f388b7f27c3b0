#ifndef ONAGER_CODEGEN_CPP_IMPORT_EXPRESSION_UNIT_H_
#define ONAGER_CODEGEN_CPP_IMPORT_EXPRESSION_UNIT_H_

#include <string_view>
#include <vector>

#include "codegen/cpp_import/expression_list.h"
#include "codegen/cpp_import/synthetic_text.h"
#include "codegen/view/cpp_names.h"
#include "idl/foreign/foreign.h"

namespace onager::codegen {

// Begins the names of the functions that hold expressions; the expression's index and a `_` follow.
inline constexpr std::string_view kExpressionFunction = "onager_expression_";

// C++ that holds each expression without a fault in a function of its own, and of the types of the model
// those that the expressions reach. In the function stand `(void)(expression);` and, for a default, a
// variable that the expression initializes.
[[nodiscard]] SyntheticText WriteExpressionUnit(const idl::Model& model, const CppNames& names,
                                                const std::vector<ListedExpression>& expressions,
                                                const idl::SourceMap& sources,
                                                std::vector<idl::ForeignDiagnostic>& diagnostics);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_EXPRESSION_UNIT_H_
