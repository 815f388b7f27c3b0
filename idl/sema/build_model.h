#ifndef ONAGER_IDL_SEMA_BUILD_MODEL_H_
#define ONAGER_IDL_SEMA_BUILD_MODEL_H_

#include "idl/ast/ast.h"
#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/model/model.h"
#include "idl/source/source_map.h"

namespace onager::idl {

// Resolves the names of `file`, checks every rule of LANGUAGE.md and makes the model. The model is only
// good for anything when the emitter has no errors, neither from here nor from the parser.
[[nodiscard]] Model BuildModel(const SourceMap& sources, FileId file_id, const ast::File& file,
                               DiagnosticEmitter& emitter);

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_BUILD_MODEL_H_
