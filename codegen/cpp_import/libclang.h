#ifndef ONAGER_CODEGEN_CPP_IMPORT_LIBCLANG_H_
#define ONAGER_CODEGEN_CPP_IMPORT_LIBCLANG_H_

#include <clang-c/Index.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace onager::codegen {

// The functions of libclang, each under its name without `clang_`. It is loaded when it is asked for: linked
// with it, every start of actorc would take 33 ms longer, most of them for nothing. Once loaded it stays
// until the process ends. A value.
class LibClang {
 public:
  // Loads `path`, or without one the libclang that CMake found, or else any of the versions that are
  // accepted. NOT_FOUND says in a sentence what to do.
  static absl::StatusOr<LibClang> Load(const std::string& path);

  // "19.1.7"
  [[nodiscard]] std::string Version() const;
  // Where its own headers are (stddef.h and the like): beside the library that was really loaded, or else
  // where Debian has them. Empty: nowhere.
  [[nodiscard]] std::string FindResourceDir() const;

  // Takes the string over.
  [[nodiscard]] std::string Text(CXString string) const;
  void ForEachChild(CXCursor cursor, const std::function<void(CXCursor)>& visit) const;
  // "geo::Point": from the global namespace, without inline namespaces. Empty where a part has no name.
  [[nodiscard]] std::string QualifiedName(CXCursor declaration) const;
  [[nodiscard]] std::string Spelling(CXType type) const { return Text(getTypeSpelling(type)); }
  [[nodiscard]] std::string Spelling(CXCursor cursor) const { return Text(getCursorSpelling(cursor)); }

#define ONAGER_CLANG_FUNCTION(name) decltype(&clang_##name) name = nullptr;
#include "codegen/cpp_import/libclang_functions.def"
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_LIBCLANG_H_
