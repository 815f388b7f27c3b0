#ifndef ONAGER_IDL_COMPILE_COMPILE_H_
#define ONAGER_IDL_COMPILE_COMPILE_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "idl/diagnostics/diagnostic.h"
#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/foreign/foreign.h"
#include "idl/model/model.h"
#include "idl/source/source_loader.h"
#include "idl/source/source_map.h"

namespace onager::idl {

struct CompileOptions {
  CompileOptions() = default;

  // Asked about C++ when a file needs it: `import cpp`, filters, `where`s and defaults that are expressions.
  // Those files are refused without it. It is not kept.
  ForeignCompiler* foreign = nullptr;
  // After this many errors the rest is left out, and one more says so; so it is with warnings.
  size_t diagnostic_count_max = DiagnosticEmitter::kCountMaxDefault;
};

// What became of one `.actor` file. A value that moves.
struct Compilation {
  SourceMap sources;                    // what ranges refer to
  std::vector<Diagnostic> diagnostics;  // in source order, file after file; warnings too
  std::optional<Model> model;           // exactly when there are no errors
};

// The front door of idl/: reads the file called `file_name` and all that it imports from `loader` and checks
// them. Mistakes in imported files are reported there; warnings only for the file itself. Never fails
// otherwise than by diagnostics, whatever the files hold. Neither argument is kept. Any number of threads may
// compile at a time, each with its own loader.
[[nodiscard]] Compilation Compile(std::string_view file_name, SourceLoader& loader,
                                  const CompileOptions& options = {});

}  // namespace onager::idl

#endif  // ONAGER_IDL_COMPILE_COMPILE_H_
