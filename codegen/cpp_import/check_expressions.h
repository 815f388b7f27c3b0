#ifndef ONAGER_CODEGEN_CPP_IMPORT_CHECK_EXPRESSIONS_H_
#define ONAGER_CODEGEN_CPP_IMPORT_CHECK_EXPRESSIONS_H_

#include <vector>

#include "codegen/cpp_import/clang_session.h"
#include "codegen/cpp_import/expression_list.h"
#include "idl/foreign/foreign.h"

namespace onager::codegen {

// Checks expressions of the model, of which there is at least one without a fault. The session is started.
// See idl::ForeignCompiler::CheckExpressions.
[[nodiscard]] std::vector<idl::ForeignDiagnostic> CompileExpressions(
    const idl::Model& model, const std::vector<ListedExpression>& expressions, ClangSession& session,
    idl::SourceMap& sources);

// What is wrong with an expression that no compiler is asked about.
[[nodiscard]] idl::ForeignDiagnostic ReportFault(const ListedExpression& listed,
                                                 const idl::SourceMap& sources);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_CHECK_EXPRESSIONS_H_
