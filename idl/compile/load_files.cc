#include "idl/compile/load_files.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "idl/diagnostics/near_name.h"
#include "idl/parse/parse.h"
#include "idl/sema/string_literal.h"

namespace onager::idl {
namespace {

// Depth first along the imports, with an explicit stack: a chain of files may be as long as kFileCountMax.
class Loading {
 public:
  Loading(SourceLoader& loader, SourceMap& sources, DiagnosticEmitter& emitter)
      : loader_(loader), sources_(sources), emitter_(emitter) {}

  std::vector<ParsedFile> Run(std::string_view file_name) {
    if (!Add(std::string(file_name), nullptr)) return {};
    while (!stack_.empty() && !emitter_.full()) {
      const Frame frame = stack_.back();
      if (frame.next_import == files_[frame.file].tree.imports.size()) {
        open_[frame.file] = false;
        stack_.pop_back();
        continue;
      }
      ++stack_.back().next_import;
      // A copy: the files move when there are more of them.
      const ast::Import import = files_[frame.file].tree.imports[frame.next_import];
      if (!Follow(frame.file, import)) files_[frame.file].lacks_imports = true;
    }
    return std::move(files_);
  }

 private:
  struct Frame {
    FileIndex file = 0;
    size_t next_import = 0;
  };

  // Reads the file; `import` is where it is imported, null for the first. False when there is no such file.
  bool Add(std::string name, const ast::Import* import) {
    absl::StatusOr<std::string> text = loader_.Load(name);
    if (!text.ok() && import != nullptr) {
      emitter_.Emit(import->path.range, diag::UnreadableFile, name, std::string(text.status().message()));
      return false;
    }
    ParsedFile file;
    file.import_name = loader_.ImportName(name);
    file.id = sources_.Add(name, text.ok() ? *std::move(text) : std::string());
    if (!text.ok()) {
      emitter_.Emit(SourceRange{file.id, 0, 0}, diag::UnreadableFile, name,
                    std::string(text.status().message()));
      return false;
    }
    if (!CheckImportName(file, import)) return false;
    Parse(file);
    const auto index = static_cast<FileIndex>(files_.size());
    indices_.emplace(std::move(name), index);
    files_.push_back(std::move(file));
    open_.push_back(true);
    stack_.push_back(Frame{index});
    return true;
  }

  void Parse(ParsedFile& file) {
    const std::string_view source = sources_.file(file.id).text();
    const std::optional<size_t> invalid = FindInvalidUtf8(source);
    if (!invalid.has_value()) {
      file.tree = ParseFile(sources_, file.id, emitter_);
      return;
    }
    // What follows may be no text at all: there is nothing more to say about it.
    const auto begin = static_cast<uint32_t>(*invalid);
    emitter_.Emit(SourceRange{file.id, begin, begin + 1}, diag::InvalidUtf8,
                  absl::StrFormat("0x%02X", static_cast<unsigned char>(source[*invalid])));
    file.lacks_imports = true;
    file.tree.skipped_names.insert("package");
  }

  // Outputs and includes are named after import names, so two files of one name would be mixed up.
  bool CheckImportName(const ParsedFile& file, const ast::Import* import) {
    const auto [other, inserted] = import_names_.try_emplace(file.import_name, file.id);
    if (inserted || import == nullptr) return true;
    emitter_.Emit(import->path.range, diag::ImportNameClash, sources_.file(file.id).name(),
                  sources_.file(other->second).name(), file.import_name);
    return false;
  }

  // False when nothing came of it, which has been reported.
  bool Follow(FileIndex importer, const ast::Import& import) {
    if (import.path.text.empty()) return false;
    const std::optional<std::string> path = Path(import.path);
    if (!path.has_value()) return false;
    const std::string importer_name(sources_.file(files_[importer].id).name());
    absl::StatusOr<std::string> name = loader_.Resolve(*path, importer_name);
    if (!name.ok()) {
      ReportMissing(*path, importer_name, import);
      return false;
    }
    const auto [first, is_first] = imported_.try_emplace(std::pair(importer, *name), import.path.range);
    if (!is_first) {
      emitter_.Emit(import.path.range, diag::DuplicateImport, *name).Note(first->second, diag::FirstHere);
      return true;
    }
    const auto known = indices_.find(*name);
    if (known == indices_.end()) {
      if (files_.size() == kFileCountMax) {
        emitter_.Emit(import.path.range, diag::TooManyImports, static_cast<int64_t>(kFileCountMax));
        return false;
      }
      const auto index = static_cast<FileIndex>(files_.size());
      if (!Add(*std::move(name), &import)) return false;
      files_[importer].imports.push_back(index);
      return true;
    }
    if (open_[known->second]) {
      ReportCycle(known->second, import);
      return false;
    }
    files_[importer].imports.push_back(known->second);
    return true;
  }

  std::optional<std::string> Path(const ast::Name& literal) {
    std::optional<std::string> path = DecodeStringLiteral(literal.text, literal.range, emitter_);
    if (!path.has_value()) return std::nullopt;
    const bool odd = std::any_of(path->begin(), path->end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == 0x7F;
    });
    if (!path->empty() && !odd && path->front() != '/' && path->back() != '/') return path;
    emitter_.Emit(literal.range, diag::BadImportPath);
    return std::nullopt;
  }

  void ReportMissing(const std::string& path, const std::string& importer, const ast::Import& import) {
    const std::vector<std::string> paths = loader_.ImportablePaths(path, importer);
    const std::vector<std::string_view> candidates(paths.begin(), paths.end());
    const std::string_view nearest = NearestName(path, candidates);
    const SourceRange inside{import.path.range.file, import.path.range.begin + 1, import.path.range.end - 1};
    emitter_.Emit(import.path.range, diag::MissingImport, path).Suggest(inside, nearest);
  }

  // The files on the stack from `first` on have led to `import`.
  void ReportCycle(FileIndex first, const ast::Import& import) {
    auto pending =
        emitter_.Emit(import.path.range, diag::ImportCycle, sources_.file(files_[first].id).name());
    const auto begin = std::find_if(stack_.begin(), stack_.end(),
                                    [first](const Frame& frame) { return frame.file == first; });
    constexpr int kNotesMax = 8;
    int notes = 0;
    for (auto frame = begin; frame + 1 < stack_.end() && notes < kNotesMax; ++frame, ++notes) {
      const ParsedFile& imported = files_[(frame + 1)->file];
      pending.Note(files_[frame->file].tree.imports[frame->next_import - 1].path.range, diag::ImportedHere,
                   sources_.file(imported.id).name());
    }
  }

  SourceLoader& loader_;
  SourceMap& sources_;
  DiagnosticEmitter& emitter_;
  std::vector<ParsedFile> files_;
  std::vector<bool> open_;  // by file: on the stack
  std::vector<Frame> stack_;
  std::map<std::string, FileIndex> indices_;  // by name
  std::map<std::string, FileId> import_names_;
  std::map<std::pair<FileIndex, std::string>, SourceRange> imported_;
};

}  // namespace

std::vector<ParsedFile> LoadFiles(std::string_view file_name, SourceLoader& loader, SourceMap& sources,
                                  DiagnosticEmitter& emitter) {
  return Loading(loader, sources, emitter).Run(file_name);
}

}  // namespace onager::idl
