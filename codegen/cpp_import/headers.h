#ifndef ONAGER_CODEGEN_CPP_IMPORT_HEADERS_H_
#define ONAGER_CODEGEN_CPP_IMPORT_HEADERS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "codegen/cpp_import/clang_session.h"
#include "codegen/cpp_import/synthetic_text.h"
#include "idl/foreign/foreign.h"

namespace onager::codegen {

// Writes the `#include` of `header`, the `index`th: of the file beside the `.actor` file that names it, if
// there is one, else as it is written. What could be more than the name of a header is reported instead.
void AddInclude(const idl::CppHeader& header, size_t index, const idl::SourceMap& sources,
                SyntheticText& text, std::vector<idl::ForeignDiagnostic>& diagnostics);

// Reports the errors of `unit` that are in its headers, the first of each, at the string that names the
// header. Errors elsewhere are left. Returns, for each header, whether it is without errors.
std::vector<bool> ReportHeaders(const std::vector<idl::CppHeader>& headers, const ClangUnit& unit,
                                const SyntheticText& text, idl::SourceMap& sources,
                                std::vector<idl::ForeignDiagnostic>& diagnostics);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_HEADERS_H_
