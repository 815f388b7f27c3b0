#ifndef ONAGER_IDL_PARSE_PARSE_H_
#define ONAGER_IDL_PARSE_PARSE_H_

#include "idl/ast/ast.h"
#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/source/source_map.h"

namespace onager::idl {

// Types may be nested this deep before the parser refuses them; sema allows far less.
inline constexpr int kTypeNestingMax = 32;

// Reads the file to its end, whatever it holds, and reports every mistake it finds; stops early only when
// the emitter is full. The tree refers to the texts of `sources`.
[[nodiscard]] ast::File ParseFile(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter);

}  // namespace onager::idl

#endif  // ONAGER_IDL_PARSE_PARSE_H_
