#ifndef ONAGER_CODEGEN_CPP_IMPORT_FOREIGN_DIAGNOSTIC_H_
#define ONAGER_CODEGEN_CPP_IMPORT_FOREIGN_DIAGNOSTIC_H_

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "idl/foreign/foreign.h"

namespace onager::codegen {

[[nodiscard]] inline idl::ForeignDiagnostic Diagnosis(idl::ForeignDiagnostic::Kind kind,
                                                      idl::SourceRange range, std::string message) {
  idl::ForeignDiagnostic diagnostic;
  diagnostic.kind = kind;
  diagnostic.range = range;
  diagnostic.message = std::move(message);
  return diagnostic;
}

// By file and place.
inline void SortByPlace(std::vector<idl::ForeignDiagnostic>& diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.range.file.index, a.range.begin) < std::tuple(b.range.file.index, b.range.begin);
  });
}

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_FOREIGN_DIAGNOSTIC_H_
