#include "codegen/cpp_import/libclang.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

constexpr int kVersionNewest = 19;
constexpr int kVersionOldest = 14;

std::vector<std::string> LibraryNames(const std::string& path) {
  if (!path.empty()) return {path};
  std::vector<std::string> names = {ONAGER_LIBCLANG_LIBRARY};
  for (int version = kVersionNewest; version >= kVersionOldest; --version) {
    names.push_back(Cat("libclang-", version, ".so.", version));
    names.push_back(Cat("libclang-", version, ".so.1"));
    names.push_back(Cat("libclang.so.", version));
    names.push_back(Cat("/usr/lib/llvm-", version, "/lib/libclang.so.1"));
  }
  return names;
}

// Of "Debian clang version 19.1.7 (3~deb12u1)".
std::string VersionNumber(std::string_view text) {
  constexpr std::string_view kBefore = "version ";
  const size_t begin = text.find(kBefore);
  if (begin == std::string_view::npos) return "";
  text.remove_prefix(begin + kBefore.size());
  return std::string(text.substr(0, text.find_first_not_of("0123456789.")));
}

}  // namespace

absl::StatusOr<LibClang> LibClang::Load(const std::string& path) {
  void* library = nullptr;
  std::string first_error;
  for (const std::string& name : LibraryNames(path)) {
    library = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (library != nullptr) break;
    if (first_error.empty()) first_error = dlerror();
  }
  if (library == nullptr) {
    return absl::NotFoundError(Cat("C++ in `.actor` files is checked with libclang (", kVersionOldest, " to ",
                                   kVersionNewest, "), which cannot be loaded: ", first_error,
                                   "; on Debian, install libclang1-", kVersionNewest));
  }
  LibClang clang;
#define ONAGER_CLANG_FUNCTION(name)                                                                     \
  clang.name = reinterpret_cast<decltype(clang.name)>(dlsym(library, "clang_" #name));                  \
  if (clang.name == nullptr) {                                                                          \
    return absl::NotFoundError(Cat("this libclang has no `clang_" #name "`; versions ", kVersionOldest, \
                                   " to ", kVersionNewest, " have it"));                                \
  }
#include "codegen/cpp_import/libclang_functions.def"
  return clang;
}

std::string LibClang::Version() const { return VersionNumber(Text(getClangVersion())); }

std::string LibClang::FindResourceDir() const {
  namespace fs = std::filesystem;
  const std::string version = Version();
  const std::string major = version.substr(0, version.find('.'));
  std::vector<fs::path> parents;
  if (Dl_info info; dladdr(reinterpret_cast<void*>(createIndex), &info) != 0 && info.dli_fname != nullptr) {
    std::error_code ignored;
    const fs::path name = info.dli_fname;
    for (const fs::path& library : {name, fs::canonical(name, ignored)}) {
      const fs::path folder = library.parent_path();
      if (folder.empty()) continue;
      // LLVM's own layout, then Debian's, which has its libraries in a folder of the architecture.
      parents.push_back(folder / "clang");
      parents.push_back(folder.parent_path() / "lib" / "clang");
      parents.push_back(folder.parent_path() / Cat("llvm-", major) / "lib" / "clang");
    }
  }
  parents.emplace_back(Cat("/usr/lib/llvm-", major, "/lib/clang"));
  parents.emplace_back("/usr/lib/clang");
  for (const fs::path& parent : parents) {
    for (const std::string& name : {major, version}) {
      std::error_code ignored;
      fs::path found = parent / name;
      if (fs::exists(found / "include" / "stddef.h", ignored)) return found.lexically_normal().string();
    }
  }
  return "";
}

std::string LibClang::Text(CXString string) const {
  const char* text = getCString(string);
  std::string copy = text == nullptr ? "" : text;
  disposeString(string);
  return copy;
}

void LibClang::ForEachChild(CXCursor cursor, const std::function<void(CXCursor)>& visit) const {
  visitChildren(
      cursor,
      [](CXCursor child, CXCursor, CXClientData data) {
        (*static_cast<const std::function<void(CXCursor)>*>(data))(child);
        return CXChildVisit_Continue;
      },
      const_cast<std::function<void(CXCursor)>*>(&visit));
}

std::string LibClang::QualifiedName(CXCursor declaration) const {
  std::string name;
  for (CXCursor part = declaration; isTranslationUnit(getCursorKind(part)) == 0;
       part = getCursorSemanticParent(part)) {
    if (Cursor_isNull(part) != 0) break;
    // `extern "C++"`, which older versions have no kind for.
    const CXCursorKind kind = getCursorKind(part);
    if (kind == CXCursor_LinkageSpec || kind == CXCursor_UnexposedDecl) continue;
    if (Cursor_isInlineNamespace(part) != 0) continue;
    const std::string spelling = Spelling(part);
    // Older versions describe what has no name: "(anonymous struct at ...)".
    const bool is_named = spelling.starts_with("operator") || spelling.find('(') == std::string::npos;
    if (spelling.empty() || !is_named) return "";
    name = name.empty() ? spelling : Cat(spelling, "::", name);
  }
  return name;
}

}  // namespace onager::codegen
