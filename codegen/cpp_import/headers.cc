#include "codegen/cpp_import/headers.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "codegen/cpp_import/foreign_diagnostic.h"
#include "codegen/cpp_import/rephrase.h"
#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

bool IsHeaderName(std::string_view name) {
  return !name.empty() && name.find_first_of(std::string_view("\"\n\r\\\0", 5)) == std::string_view::npos;
}

std::string IncludeText(const idl::CppHeader& header, const idl::SourceMap& sources) {
  if (header.include.starts_with('<') && header.include.ends_with('>')) return header.include;
  const std::filesystem::path folder =
      std::filesystem::path(sources.file(header.range.file).name()).parent_path();
  const std::filesystem::path beside = (folder.empty() ? "." : folder) / header.include;
  std::error_code ignored;
  const bool is_beside = std::filesystem::is_regular_file(beside, ignored) && IsHeaderName(beside.string());
  // Absolute, since the unit itself stands in no folder.
  const std::string name =
      is_beside ? std::filesystem::absolute(beside).lexically_normal().string() : header.include;
  return Cat("\"", name, "\"");
}

}  // namespace

void AddInclude(const idl::CppHeader& header, size_t index, const idl::SourceMap& sources,
                SyntheticText& text, std::vector<idl::ForeignDiagnostic>& diagnostics) {
  if (!IsHeaderName(header.include)) {
    diagnostics.push_back(
        Diagnosis(idl::ForeignDiagnostic::Kind::kHeader, header.range, "this is not the name of a header"));
    return;
  }
  text.AddPiece(SyntheticPiece::Kind::kInclude, index, Cat("#include ", IncludeText(header, sources)),
                header.range);
  text.Add("\n");
}

std::vector<bool> ReportHeaders(const std::vector<idl::CppHeader>& headers, const ClangUnit& unit,
                                const SyntheticText& text, idl::SourceMap& sources,
                                std::vector<idl::ForeignDiagnostic>& diagnostics) {
  std::vector<bool> good(headers.size(), true);
  for (const ClangMessage& error : unit.errors()) {
    if (error.span.file == nullptr) continue;
    const bool in_main = unit.IsMain(error.span.file);
    const std::optional<uint32_t> include = in_main ? error.span.begin : unit.IncludedFrom(error.span.file);
    const SyntheticPiece* piece = include.has_value() ? text.Find(*include) : nullptr;
    if (piece == nullptr || piece->kind != SyntheticPiece::Kind::kInclude) continue;
    if (!good[piece->index]) continue;
    good[piece->index] = false;
    const idl::CppHeader& header = headers[piece->index];
    idl::ForeignDiagnostic& diagnostic = diagnostics.emplace_back();
    diagnostic.kind = idl::ForeignDiagnostic::Kind::kHeader;
    diagnostic.range = header.range;
    if (in_main) {
      diagnostic.message =
          Cat("there is no header `", header.include, "` beside this file or in the include directories");
    } else {
      diagnostic.message = Cat("`", header.include, "` does not compile");
      diagnostic.notes.push_back({unit.AddToSources(error.span, sources), Plain(error.text)});
    }
  }
  return good;
}

}  // namespace onager::codegen
