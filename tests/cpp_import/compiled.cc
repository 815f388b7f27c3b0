#include "compiled.h"

#include <filesystem>

#include "codegen/text/text.h"
#include "idl/diagnostics/render_text.h"
#include "idl/source/source_map.h"

namespace onager::codegen {
namespace {

std::string Place(const idl::SourceMap& sources, const idl::SourceRange& range) {
  const idl::LineColumn begin = sources.Begin(range);
  const std::filesystem::path file = std::string(sources.file(range.file).name());
  return Cat(file.filename().string(), ":", begin.line, ":", begin.column, " `", sources.Text(range), "`");
}

std::string_view KindText(idl::ForeignDiagnostic::Kind kind) {
  switch (kind) {
    case idl::ForeignDiagnostic::Kind::kSetup:
      return "setup: ";
    case idl::ForeignDiagnostic::Kind::kHeader:
      return "header: ";
    case idl::ForeignDiagnostic::Kind::kName:
      return "name: ";
    case idl::ForeignDiagnostic::Kind::kExpression:
      return "";
    case idl::ForeignDiagnostic::Kind::kImpure:
      return "impure: ";
  }
  return "";
}

}  // namespace

std::vector<std::string> CheckedLines(const std::vector<std::pair<std::string, std::string>>& texts,
                                      ClangCompiler& clang) {
  idl::InMemorySourceLoader loader;
  for (const auto& [name, text] : texts) loader.Add(name, text);
  RecordingCompiler recorder(clang);
  idl::CompileOptions options;
  options.foreign = &recorder;
  const idl::Compilation result = idl::Compile(texts.front().first, loader, options);
  std::vector<std::string> lines;
  std::vector<idl::Diagnostic> errors;
  for (const idl::Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity() == idl::Severity::kError) errors.push_back(diagnostic);
  }
  if (!errors.empty()) lines.push_back(Cat("idl: ", idl::RenderText(result.sources, errors, {})));
  for (const idl::ForeignDiagnostic& diagnostic : recorder.diagnostics) {
    lines.push_back(
        Cat(Place(result.sources, diagnostic.range), " ", KindText(diagnostic.kind), diagnostic.message));
    if (!diagnostic.suggestion.empty()) lines.back() += Cat(" -> ", diagnostic.suggestion);
    for (const idl::ForeignNote& note : diagnostic.notes)
      lines.back() += Cat(" | ", Place(result.sources, note.range), " ", note.message);
  }
  return lines;
}

ClangOptions TestOptions() {
  ClangOptions options;
  options.arguments = {Cat("-I", ONAGER_TEST_HEADERS), "-std=c++20"};
  return options;
}

}  // namespace onager::codegen
