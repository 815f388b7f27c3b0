#ifndef ONAGER_IDL_SEMA_BUILD_MODEL_H_
#define ONAGER_IDL_SEMA_BUILD_MODEL_H_

#include <span>
#include <string>
#include <vector>

#include "idl/ast/ast.h"
#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/foreign/foreign.h"
#include "idl/model/model.h"
#include "idl/source/source_map.h"

namespace onager::idl {

// A file that was read, and where its imports led.
struct ParsedFile {
  FileId id;
  std::string import_name;
  ast::File tree;
  std::vector<FileIndex> imports;  // of those that could be read, in source order
  bool lacks_imports = false;      // some could not be read: names may have been declared there
};

// Resolves the names of `files`, the first of which imports the others, checks every rule of LANGUAGE.md and
// makes the model. The model is only good for anything when the emitter has no errors, neither from here nor
// from the parser. `foreign` is asked about C++ when there is something to ask; it may be null, and is then
// missed only by files that need it.
[[nodiscard]] Model BuildModel(SourceMap& sources, std::span<const ParsedFile> files,
                               ForeignCompiler* foreign, DiagnosticEmitter& emitter);

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_BUILD_MODEL_H_
