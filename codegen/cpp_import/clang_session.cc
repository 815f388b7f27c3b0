#include "codegen/cpp_import/clang_session.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

// `/usr/lib/gcc/../../include/c++/12/vector` as people write it, unless a symbolic link makes that another
// file.
std::string Tidy(const std::string& name) {
  if (name.find("..") == std::string::npos && name.find("/./") == std::string::npos) return name;
  const std::string tidy = std::filesystem::path(name).lexically_normal().string();
  std::error_code failed;
  return std::filesystem::equivalent(name, tidy, failed) && !failed ? tidy : name;
}

}  // namespace

uint32_t EndOfName(std::string_view text, uint32_t begin) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  uint32_t end = begin;
  while (end < text.size() && is_part(text[end])) ++end;
  return end;
}

ClangUnit::ClangUnit(const LibClang& clang, CXTranslationUnit unit, const std::string& name)
    : clang_(&clang), unit_(unit, Dispose{&clang}), main_(clang.getFile(unit, name.c_str())) {
  struct Reader {
    const ClangUnit* unit;
    std::vector<Inclusion>* inclusions;
  } reader{this, &inclusions_};
  clang.getInclusions(
      unit,
      [](CXFile file, CXSourceLocation* stack, unsigned depth, CXClientData data) {
        const auto& to = *static_cast<Reader*>(data);
        if (depth == 0) return;  // The main file.
        to.inclusions->push_back({file, to.unit->PlaceOf(stack[depth - 1]).begin});
      },
      &reader);

  const unsigned count = clang.getNumDiagnostics(unit);
  for (unsigned i = 0; i < count; ++i) {
    CXDiagnostic diagnostic = clang.getDiagnostic(unit, i);
    if (clang.getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error)
      errors_.push_back(Read(diagnostic, true));
    clang.disposeDiagnostic(diagnostic);
  }
}

bool ClangUnit::IsMain(CXFile file) const {
  return file != nullptr && main_ != nullptr && clang_->File_isEqual(file, main_) != 0;
}

ClangSpan ClangUnit::PlaceOf(CXSourceLocation location) const {
  ClangSpan span;
  unsigned offset = 0;
  clang_->getFileLocation(location, &span.file, nullptr, nullptr, &offset);
  span.begin = span.end = offset;
  return span;
}

ClangSpan ClangUnit::SpanOf(CXSourceRange range) const {
  ClangSpan span = PlaceOf(clang_->getRangeStart(range));
  const ClangSpan end = PlaceOf(clang_->getRangeEnd(range));
  if (span.file != nullptr && end.file != nullptr && clang_->File_isEqual(span.file, end.file) != 0) {
    span.end = std::max(span.begin, end.begin);
  }
  return span;
}

ClangSpan ClangUnit::SpanOfName(CXCursor declaration) const {
  ClangSpan span = PlaceOf(clang_->getCursorLocation(declaration));
  span.end = span.begin + static_cast<uint32_t>(clang_->Spelling(declaration).size());
  return span;
}

idl::SourceRange ClangUnit::AddToSources(const ClangSpan& span, idl::SourceMap& sources) const {
  const std::string name = Tidy(clang_->Text(clang_->getFileName(span.file)));
  uint32_t index = 0;
  while (index < sources.size() && sources.file(idl::FileId{index}).name() != name) ++index;
  idl::FileId file{index};
  if (index == sources.size()) {
    size_t size = 0;
    const char* text = clang_->getFileContents(unit_.get(), span.file, &size);
    file = sources.Add(name, text == nullptr ? std::string() : std::string(text, size));
  }
  const std::string_view text = sources.file(file).text();
  const auto size = static_cast<uint32_t>(text.size());
  const uint32_t end = span.begin == span.end ? EndOfName(text, span.begin) : span.end;
  return {file, std::min(span.begin, size), std::min(end, size)};
}

std::optional<uint32_t> ClangUnit::IncludedFrom(CXFile file) const {
  for (const Inclusion& inclusion : inclusions_) {
    if (clang_->File_isEqual(inclusion.file, file) != 0) return inclusion.from;
  }
  return std::nullopt;
}

std::vector<std::string> ClangUnit::OpenedFiles() const {
  std::vector<std::string> names;
  for (const Inclusion& inclusion : inclusions_) {
    names.push_back(Tidy(clang_->Text(clang_->getFileName(inclusion.file))));
  }
  return names;
}

ClangMessage ClangUnit::Read(CXDiagnostic diagnostic, bool with_notes) const {
  ClangMessage message;
  message.text = clang_->Text(clang_->getDiagnosticSpelling(diagnostic));
  const CXSourceLocation location = clang_->getDiagnosticLocation(diagnostic);
  message.span = PlaceOf(location);
  message.in_system_header = clang_->Location_isInSystemHeader(location) != 0;
  const unsigned ranges = clang_->getDiagnosticNumRanges(diagnostic);
  for (unsigned i = 0; i < ranges; ++i) {
    const ClangSpan range = SpanOf(clang_->getDiagnosticRange(diagnostic, i));
    if (range.file == nullptr || message.span.file == nullptr) continue;
    if (clang_->File_isEqual(range.file, message.span.file) == 0) continue;
    // The one that holds the place itself; others are operands beside it.
    if (range.begin <= message.span.begin && message.span.begin < range.end) {
      message.span = range;
      break;
    }
  }
  const unsigned fixes = clang_->getDiagnosticNumFixIts(diagnostic);
  for (unsigned i = 0; i < fixes; ++i) {
    CXSourceRange replaced;
    std::string text = clang_->Text(clang_->getDiagnosticFixIt(diagnostic, i, &replaced));
    const ClangSpan span = SpanOf(replaced);
    if (fixes == 1 && span.begin != span.end) {
      message.replacement = std::move(text);
      message.span = span;
    }
  }
  if (with_notes) {
    CXDiagnosticSet children = clang_->getChildDiagnostics(diagnostic);
    const unsigned count = clang_->getNumDiagnosticsInSet(children);
    for (unsigned i = 0; i < count; ++i) {
      message.notes.push_back(Read(clang_->getDiagnosticInSet(children, i), false));
    }
  }
  return message;
}

ClangSession::~ClangSession() {
  if (index_ != nullptr) clang_->disposeIndex(index_);
}

absl::Status ClangSession::Start() {
  if (index_ != nullptr) return absl::OkStatus();
  absl::StatusOr<LibClang> clang = LibClang::Load(options_.library);
  if (!clang.ok()) return clang.status();
  if (options_.resource_dir.empty()) options_.resource_dir = clang->FindResourceDir();
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::path(options_.resource_dir) / "include" / "stddef.h",
                               ignored)) {
    const std::string version = clang->Version();
    const std::string major = version.substr(0, version.find('.'));
    return absl::NotFoundError(
        options_.resource_dir.empty()
            ? Cat("libclang ", version,
                  " is here, but not the headers that belong to it (stddef.h and others)",
                  "; on Debian, install libclang-common-", major, "-dev")
            : Cat("`", options_.resource_dir,
                  "` is no resource directory of clang: it holds no include/stddef.h"));
  }
  clang_ = *std::move(clang);
  index_ = clang_->createIndex(/*excludeDeclarationsFromPCH=*/0, /*displayDiagnostics=*/0);
  return absl::OkStatus();
}

absl::StatusOr<ClangUnit> ClangSession::Parse(const std::string& name, const std::string& text,
                                              Bodies bodies) {
  std::vector<std::string> arguments = {"-x", "c++", "-std=c++20"};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  // Behind those of the target. Warnings are for the target's own compiler.
  arguments.insert(arguments.end(),
                   {"-resource-dir", options_.resource_dir, "-ferror-limit=0", "-w", "-fspell-checking"});
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());

  CXUnsavedFile file{name.c_str(), text.data(), static_cast<unsigned long>(text.size())};
  const unsigned flags = CXTranslationUnit_KeepGoing |
                         (bodies == Bodies::kSkipped ? unsigned{CXTranslationUnit_SkipFunctionBodies} : 0u);
  CXTranslationUnit unit = nullptr;
  ++parse_count_;
  const CXErrorCode code = clang_->parseTranslationUnit2(
      index_, name.c_str(), pointers.data(), static_cast<int>(pointers.size()), &file, 1, flags, &unit);
  if (code != CXError_Success || unit == nullptr) {
    return absl::InternalError(Cat("libclang ", clang_->Version(), " could not parse (error ", int{code},
                                   "); its arguments: ", Join(arguments, " ")));
  }
  ClangUnit parsed(*clang_, unit, name);
  for (std::string& opened : parsed.OpenedFiles()) opened_files_.insert(std::move(opened));
  return parsed;
}

}  // namespace onager::codegen
