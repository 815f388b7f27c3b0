#ifndef ONAGER_IDL_DIAGNOSTICS_RENDER_JSON_H_
#define ONAGER_IDL_DIAGNOSTICS_RENDER_JSON_H_

#include <span>
#include <string>
#include <string_view>

#include "idl/diagnostics/diagnostic.h"
#include "idl/source/source_map.h"

namespace onager::idl {

// One JSON array with an object per diagnostic: file, line, column, end_line, end_column (from 1, columns
// in bytes, the end exclusive), severity, id, message, notes, and the fix where there is one.
[[nodiscard]] std::string RenderJson(const SourceMap& sources, std::span<const Diagnostic> diagnostics);

// A SARIF 2.1.0 log with one run, for code scanners and editors.
[[nodiscard]] std::string RenderSarif(const SourceMap& sources, std::span<const Diagnostic> diagnostics,
                                      std::string_view tool_version);

}  // namespace onager::idl

#endif  // ONAGER_IDL_DIAGNOSTICS_RENDER_JSON_H_
