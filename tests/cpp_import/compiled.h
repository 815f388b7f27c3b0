#ifndef ONAGER_TESTS_CPP_IMPORT_COMPILED_H_
#define ONAGER_TESTS_CPP_IMPORT_COMPILED_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codegen/cpp_import/clang_compiler.h"
#include "idl/compile/compile.h"
#include "idl/foreign/foreign.h"
#include "idl/source/source_loader.h"

namespace onager::codegen {

// Passes questions on, and keeps the answers.
class RecordingCompiler final : public idl::ForeignCompiler {
 public:
  explicit RecordingCompiler(idl::ForeignCompiler& inner) : inner_(inner) {}

  idl::ForeignAnswer Reflect(const idl::ForeignQuery& query, idl::SourceMap& sources) override {
    idl::ForeignAnswer answer = inner_.Reflect(query, sources);
    diagnostics.insert(diagnostics.end(), answer.diagnostics.begin(), answer.diagnostics.end());
    return answer;
  }
  std::vector<idl::ForeignDiagnostic> CheckExpressions(const idl::Model& model,
                                                       const std::vector<bool>& is_checked,
                                                       idl::SourceMap& sources) override {
    std::vector<idl::ForeignDiagnostic> found =
        inner_.CheckExpressions(model, std::vector<bool>(is_checked.size(), true), sources);
    was_asked = true;
    diagnostics.insert(diagnostics.end(), found.begin(), found.end());
    return {};
  }
  std::vector<std::string> opened_files() const override { return inner_.opened_files(); }

  std::vector<idl::ForeignDiagnostic> diagnostics;
  bool was_asked = false;

 private:
  idl::ForeignCompiler& inner_;
};

// What libclang has to say about `.actor` files: those of `texts` by name, the first of which is asked for.
// One line each: place, text there, message, `->` suggestion, `|` notes. Mistakes that idl/ finds itself come
// first, marked with `idl:`.
std::vector<std::string> CheckedLines(const std::vector<std::pair<std::string, std::string>>& texts,
                                      ClangCompiler& clang);

// With the headers of the tests.
ClangOptions TestOptions();

}  // namespace onager::codegen

#endif  // ONAGER_TESTS_CPP_IMPORT_COMPILED_H_
