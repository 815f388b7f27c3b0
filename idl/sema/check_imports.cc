#include <algorithm>

#include "absl/strings/ascii.h"
#include "idl/sema/checker.h"

namespace onager::idl {

// Each file knows its own names and those of the files that it imports, directly or not. The imports have no
// cycles, so a file is done once those that it imports are.
void Checker::FindVisibleFiles() {
  visible_.resize(files_.size());
  std::vector<FileIndex> stack = {0};
  while (!stack.empty()) {
    const FileIndex at = stack.back();
    const std::vector<FileIndex>& imports = files_[at].imports;
    const auto undone = std::find_if(imports.begin(), imports.end(),
                                     [this](FileIndex import) { return visible_[import].empty(); });
    if (undone != imports.end()) {
      stack.push_back(*undone);
      continue;
    }
    stack.pop_back();
    std::vector<bool>& visible = visible_[at];
    visible.assign(files_.size(), false);
    visible[at] = true;
    for (const FileIndex import : imports) {
      for (FileIndex i = 0; i < files_.size(); ++i) visible[i] = visible[i] || visible_[import][i];
    }
  }
}

// Whether a name that is unknown here may be declared in a file that could not be read.
bool Checker::LacksImports() const {
  for (FileIndex i = 0; i < files_.size(); ++i) {
    if (visible_[file_index_][i] && files_[i].lacks_imports) return true;
  }
  return false;
}

// Remembers that the file uses a name of the other one.
void Checker::MarkUsed(FileIndex file) {
  if (file == file_index_) return;
  if (used_files_.empty()) used_files_.resize(files_.size());
  used_files_[file_index_].insert(file);
}

// The names that a C++ expression may mean are declared in files that are used.
void Checker::MarkUsedBy(const Expression& expression) {
  const std::string_view text = expression.text;
  const auto is_word = [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  size_t at = 0;
  while (at < text.size()) {
    size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end > at) words_of_expressions_.insert(std::string(text.substr(at, end - at)));
    at = end + 1;
  }
}

// Of the first file only: warnings are for whoever compiles the file itself.
void Checker::ReportUnusedImports() {
  const std::vector<FileIndex>& imports = files_.front().imports;
  std::vector<bool> used(files_.size());
  const auto mark = [&](FileIndex file) {
    // What is imported directly does not need to come by another way.
    if (std::find(imports.begin(), imports.end(), file) != imports.end()) {
      used[file] = true;
      return;
    }
    for (const FileIndex import : imports) {
      if (visible_[import][file]) used[import] = true;
    }
  };
  if (!used_files_.empty()) {
    for (const FileIndex file : used_files_.front()) mark(file);
  }
  for (const auto& [name, symbol] : symbols_) {
    if (symbol.file != 0 && words_of_expressions_.contains(symbol.name.text)) mark(symbol.file);
  }
  for (const CppItem& item : cpp_items_) {
    const size_t colon = item.cpp_name.rfind(':');
    const std::string last = colon == std::string::npos ? item.cpp_name : item.cpp_name.substr(colon + 1);
    if (item.file != 0 && words_of_expressions_.contains(last)) mark(item.file);
  }
  // Each import that led to a file has its statement, in the same order.
  size_t next = 0;
  for (const FileIndex import : imports) {
    const SourceRange& range = files_.front().tree.imports[next++].path.range;
    if (!used[import]) emitter_.Emit(range, diag::UnusedImport, model_.files[import].import_name);
  }
}

}  // namespace onager::idl
