#include "codegen/cpp_import/clang_compiler.h"

#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "codegen/cpp_import/check_expressions.h"
#include "codegen/cpp_import/clang_session.h"
#include "codegen/cpp_import/expression_list.h"
#include "codegen/cpp_import/foreign_diagnostic.h"
#include "codegen/cpp_import/libclang.h"
#include "codegen/cpp_import/reflect.h"

namespace onager::codegen {

using idl::ForeignDiagnostic;

ClangCompiler::ClangCompiler(ClangOptions options)
    : session_(std::make_unique<ClangSession>(std::move(options))) {}

ClangCompiler::~ClangCompiler() = default;

idl::ForeignAnswer ClangCompiler::Reflect(const idl::ForeignQuery& query, idl::SourceMap& sources) {
  idl::ForeignAnswer answer;
  answer.entities.resize(query.names.size());
  if (query.headers.empty() && query.names.empty()) return answer;
  if (const absl::Status status = session_->Start(); !status.ok()) {
    answer.diagnostics.push_back(
        Diagnosis(ForeignDiagnostic::Kind::kSetup,
                  query.headers.empty() ? query.names[0].range : query.headers[0].range,
                  std::string(status.message())));
    return answer;
  }
  return ReflectNames(query, *session_, sources);
}

std::vector<ForeignDiagnostic> ClangCompiler::CheckExpressions(const idl::Model& model,
                                                               const std::vector<bool>& is_checked,
                                                               idl::SourceMap& sources) {
  const std::vector<ListedExpression> expressions = ListExpressions(model, is_checked);
  std::vector<ForeignDiagnostic> diagnostics;
  const ListedExpression* first = nullptr;  // that libclang is needed for
  for (const ListedExpression& listed : expressions) {
    if (listed.fault.has_value()) {
      diagnostics.push_back(ReportFault(listed, sources));
    } else if (first == nullptr) {
      first = &listed;
    }
  }
  if (first != nullptr) {
    if (const absl::Status status = session_->Start(); !status.ok()) {
      diagnostics.push_back(Diagnosis(ForeignDiagnostic::Kind::kSetup, first->expression->range,
                                      std::string(status.message())));
    } else {
      std::vector<ForeignDiagnostic> found = CompileExpressions(model, expressions, *session_, sources);
      std::move(found.begin(), found.end(), std::back_inserter(diagnostics));
    }
  }
  SortByPlace(diagnostics);
  return diagnostics;
}

std::vector<std::string> ClangCompiler::opened_files() const {
  return {session_->opened_files().begin(), session_->opened_files().end()};
}

int ClangCompiler::parse_count() const { return session_->parse_count(); }

std::string ClangVersion() {
  const absl::StatusOr<LibClang> clang = LibClang::Load("");
  return clang.ok() ? clang->Version() : "";
}

std::string FoundResourceDir() {
  const absl::StatusOr<LibClang> clang = LibClang::Load("");
  return clang.ok() ? clang->FindResourceDir() : "";
}

}  // namespace onager::codegen
