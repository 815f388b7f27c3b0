#include "idl/compile/compile.h"

#include <algorithm>
#include <utility>

#include "idl/compile/load_files.h"
#include "idl/sema/build_model.h"

namespace onager::idl {

Compilation Compile(std::string_view file_name, SourceLoader& loader, const CompileOptions& options) {
  Compilation result;
  DiagnosticEmitter emitter(options.diagnostic_count_max);
  const std::vector<ParsedFile> files = LoadFiles(file_name, loader, result.sources, emitter);
  // A full emitter would drop whatever the checks find.
  if (!files.empty() && !emitter.full()) {
    Model model = BuildModel(result.sources, files, options.foreign, emitter);
    if (!emitter.has_errors()) result.model = std::move(model);
  }
  result.diagnostics = emitter.Take();
  // Warnings are for whoever compiles the file itself.
  std::erase_if(result.diagnostics, [](const Diagnostic& diagnostic) {
    return diagnostic.severity() == Severity::kWarning && diagnostic.range.file != FileId{};
  });
  return result;
}

}  // namespace onager::idl
