#ifndef ONAGER_CODEGEN_CPP_IMPORT_PURITY_H_
#define ONAGER_CODEGEN_CPP_IMPORT_PURITY_H_

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "codegen/cpp_import/clang_session.h"

namespace onager::codegen {

struct Impurity {
  ClangSpan span;
  std::string message;
};

// What expressions may call besides what std_names/ lists, by qualified name.
struct PureNames {
  std::set<std::string, std::less<>> functions;  // of `import cpp` blocks
  std::set<std::string, std::less<>> classes;    // whose values may be made: imported structs
};

// The first thing in the expression that does more than read: it may call const members, operators, and the
// functions that are allowed, and read members, parameters and constants. What is not known to be harmless is
// refused.
[[nodiscard]] std::optional<Impurity> FindImpurity(const LibClang& clang, const ClangUnit& unit,
                                                   const PureNames& names, CXCursor expression);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_PURITY_H_
