#include "expect_diagnostics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fake_foreign_compiler.h"
#include "idl/diagnostics/render_text.h"
#include "several_files.h"

namespace onager::idl {
namespace {

std::vector<std::string> Announced(std::string_view text) {
  std::vector<std::string> lines;
  int number = 1;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    size_t mark = line.find("//~ ");
    while (mark != std::string_view::npos) {
      line.remove_prefix(mark + 4);
      mark = line.find("//~ ");
      std::string_view expectation = line.substr(0, mark);
      while (expectation.ends_with(' ')) expectation.remove_suffix(1);
      lines.push_back(std::to_string(number) + ": " + std::string(expectation));
    }
    ++number;
  }
  return lines;
}

}  // namespace

Compilation CompileText(std::string_view text) {
  InMemorySourceLoader loader;
  AddFiles(text, kTestFile, loader);
  FakeForeignCompiler foreign;
  CompileOptions options;
  options.foreign = &foreign;
  Compilation result = Compile(kTestFile, loader, options);
  for (const Diagnostic& diagnostic : result.diagnostics) {
    SeenKinds().insert(diagnostic.kind);
    for (const DiagnosticNote& note : diagnostic.notes) SeenKinds().insert(note.kind);
  }
  return result;
}

void ExpectDiagnostics(std::string_view text) {
  const Compilation result = CompileText(text);
  std::vector<std::string> seen;
  bool any_error = false;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    any_error = any_error || diagnostic.severity() == Severity::kError;
    seen.push_back(std::to_string(result.sources.Begin(diagnostic.range).line) + ": " +
                   std::string(SeverityName(diagnostic.severity())) + ": " + diagnostic.message + " [" +
                   std::string(InfoOf(diagnostic.kind).id) + "]");
    for (const DiagnosticNote& note : diagnostic.notes) {
      // A note in a header belongs to the line that it is a note to.
      const bool in_text = result.sources.file(note.range.file).name().ends_with(".actor");
      const SourceRange& place = in_text ? note.range : diagnostic.range;
      seen.push_back(std::to_string(result.sources.Begin(place).line) + ": note: " + note.message);
    }
  }
  EXPECT_THAT(seen, testing::UnorderedElementsAreArray(Announced(text)))
      << RenderText(result.sources, result.diagnostics, TextStyle{});
  EXPECT_EQ(result.model.has_value(), !any_error);
}

void ExpectDiagnosticsInPackage(std::string_view text) {
  ExpectDiagnostics("package test;\n" + std::string(text));
}

std::set<DiagnosticKind>& SeenKinds() {
  static std::set<DiagnosticKind> kinds;
  return kinds;
}

}  // namespace onager::idl
