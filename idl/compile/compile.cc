#include "idl/compile/compile.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "idl/parse/parse.h"
#include "idl/sema/build_model.h"

namespace onager::idl {

Compilation Compile(std::string_view file_name, SourceLoader& loader, const CompileOptions& options) {
  Compilation result;
  DiagnosticEmitter emitter(options.diagnostic_count_max);
  absl::StatusOr<std::string> text = loader.Load(file_name);
  const FileId file =
      result.sources.Add(std::string(file_name), text.ok() ? *std::move(text) : std::string());
  const std::string_view source = result.sources.file(file).text();

  if (!text.ok()) {
    emitter.Emit(SourceRange{file, 0, 0}, diag::UnreadableFile, file_name,
                 std::string(text.status().message()));
  } else if (const std::optional<size_t> invalid = FindInvalidUtf8(source)) {
    // What follows may be no text at all: there is nothing more to say about it.
    const auto begin = static_cast<uint32_t>(*invalid);
    emitter.Emit(SourceRange{file, begin, begin + 1}, diag::InvalidUtf8,
                 absl::StrFormat("0x%02X", static_cast<unsigned char>(source[*invalid])));
  } else {
    std::vector<ParsedFile> files(1);
    files[0].id = file;
    files[0].import_name = std::string(file_name.substr(file_name.rfind('/') + 1));
    files[0].tree = ParseFile(result.sources, file, emitter);
    // A full emitter would drop whatever the checks find.
    if (!emitter.full()) {
      Model model = BuildModel(result.sources, files, emitter);
      if (!emitter.has_errors()) result.model = std::move(model);
    }
  }
  result.diagnostics = emitter.Take();
  return result;
}

}  // namespace onager::idl
