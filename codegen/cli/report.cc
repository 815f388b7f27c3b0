#include "codegen/cli/report.h"

#include <cstdint>
#include <utility>

namespace onager::codegen {

void Report::Add(const idl::Compilation& compilation) {
  std::vector<idl::FileId> files;  // By the file's index in the compilation.
  for (uint32_t i = 0; i < compilation.sources.size(); ++i) {
    const idl::SourceFile& file = compilation.sources.file(idl::FileId{i});
    const auto [known, is_new] = files_.try_emplace(std::string(file.name()));
    if (is_new) known->second = sources_.Add(std::string(file.name()), std::string(file.text()));
    files.push_back(known->second);
  }
  for (idl::Diagnostic diagnostic : compilation.diagnostics) {
    const auto move_to_report = [&files](idl::SourceRange& range) { range.file = files[range.file.index]; };
    move_to_report(diagnostic.range);
    for (idl::DiagnosticNote& note : diagnostic.notes) move_to_report(note.range);
    if (diagnostic.fix.has_value()) move_to_report(diagnostic.fix->range);
    const bool is_new = seen_
                            .emplace(diagnostic.kind, diagnostic.range.file.index, diagnostic.range.begin,
                                     diagnostic.range.end, diagnostic.message)
                            .second;
    if (is_new) diagnostics_.push_back(std::move(diagnostic));
  }
}

}  // namespace onager::codegen
