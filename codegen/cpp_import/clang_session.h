#ifndef ONAGER_CODEGEN_CPP_IMPORT_CLANG_SESSION_H_
#define ONAGER_CODEGEN_CPP_IMPORT_CLANG_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "codegen/cpp_import/clang_compiler.h"
#include "codegen/cpp_import/libclang.h"
#include "idl/source/source_map.h"

namespace onager::codegen {

// [begin, end) of a file that libclang has read.
struct ClangSpan {
  CXFile file = nullptr;  // null: of no file
  uint32_t begin = 0;
  uint32_t end = 0;
};

// Where the name that begins at `begin` ends; `begin` itself where there is none.
[[nodiscard]] uint32_t EndOfName(std::string_view text, uint32_t begin);

// An error, or a note below one, as libclang gives it.
struct ClangMessage {
  std::string text;
  ClangSpan span;           // its place, with the range there if it has one
  std::string replacement;  // what a fix-it would write instead of the name at its place
  bool in_system_header = false;
  std::vector<ClangMessage> notes;
};

// One synthetic unit, parsed. Moves; the session outlives it.
class ClangUnit {
 public:
  ClangUnit(const LibClang& clang, CXTranslationUnit unit, const std::string& name);

  [[nodiscard]] CXCursor root() const { return clang_->getTranslationUnitCursor(unit_.get()); }
  [[nodiscard]] const std::vector<ClangMessage>& errors() const { return errors_; }

  [[nodiscard]] bool IsMain(CXFile file) const;
  [[nodiscard]] ClangSpan SpanOf(CXSourceRange range) const;
  // Of the name that a declaration declares.
  [[nodiscard]] ClangSpan SpanOfName(CXCursor declaration) const;
  // The same place in `sources`, which gets the file's text when it has none of that name.
  [[nodiscard]] idl::SourceRange AddToSources(const ClangSpan& span, idl::SourceMap& sources) const;
  // Where in the main file the `#include` is by which `file` first came in; nullopt for the main file.
  [[nodiscard]] std::optional<uint32_t> IncludedFrom(CXFile file) const;
  // The files that were read, without the synthetic one.
  [[nodiscard]] std::vector<std::string> OpenedFiles() const;

 private:
  struct Inclusion {
    CXFile file;
    uint32_t from = 0;
  };
  [[nodiscard]] ClangSpan PlaceOf(CXSourceLocation location) const;
  [[nodiscard]] ClangMessage Read(CXDiagnostic diagnostic, bool with_notes) const;

  const LibClang* clang_;
  struct Dispose {
    const LibClang* clang;
    void operator()(CXTranslationUnit unit) const { clang->disposeTranslationUnit(unit); }
  };
  std::unique_ptr<CXTranslationUnitImpl, Dispose> unit_;
  CXFile main_ = nullptr;
  std::vector<Inclusion> inclusions_;
  std::vector<ClangMessage> errors_;
};

// A libclang that is started when there is something to parse, with the options of a target.
class ClangSession {
 public:
  explicit ClangSession(ClangOptions options) : options_(std::move(options)) {}
  ~ClangSession();
  ClangSession(const ClangSession&) = delete;
  ClangSession& operator=(const ClangSession&) = delete;

  // NOT_FOUND: there is no usable libclang, or it has no headers of its own.
  absl::Status Start();
  [[nodiscard]] const LibClang& clang() const { return *clang_; }

  enum class Bodies { kSkipped, kParsed };
  // Parses `text` as a file of the name `name`, which need not exist. Started before.
  absl::StatusOr<ClangUnit> Parse(const std::string& name, const std::string& text, Bodies bodies);

  [[nodiscard]] const std::set<std::string>& opened_files() const { return opened_files_; }
  [[nodiscard]] int parse_count() const { return parse_count_; }

 private:
  ClangOptions options_;
  std::optional<LibClang> clang_;
  CXIndex index_ = nullptr;
  std::set<std::string> opened_files_;
  int parse_count_ = 0;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_CLANG_SESSION_H_
