#ifndef ONAGER_IDL_COMPILE_LOAD_FILES_H_
#define ONAGER_IDL_COMPILE_LOAD_FILES_H_

#include <string_view>
#include <vector>

#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/sema/build_model.h"
#include "idl/source/source_loader.h"
#include "idl/source/source_map.h"

namespace onager::idl {

// One compilation reads no more files.
inline constexpr size_t kFileCountMax = 1000;

// Reads and parses the file called `file_name` and all that it imports, each file once: an importing file
// before those that it brings in. Reports what cannot be found or read, and imports that lead in a circle;
// what is left of the import graph has none. Empty when the first file itself cannot be read.
[[nodiscard]] std::vector<ParsedFile> LoadFiles(std::string_view file_name, SourceLoader& loader,
                                                SourceMap& sources, DiagnosticEmitter& emitter);

}  // namespace onager::idl

#endif  // ONAGER_IDL_COMPILE_LOAD_FILES_H_
