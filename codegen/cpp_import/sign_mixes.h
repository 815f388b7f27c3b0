#ifndef ONAGER_CODEGEN_CPP_IMPORT_SIGN_MIXES_H_
#define ONAGER_CODEGEN_CPP_IMPORT_SIGN_MIXES_H_

#include <vector>

#include "codegen/cpp_import/clang_session.h"

namespace onager::codegen {

// Two integers, one signed and the other not, of which C++ would convert the signed one, so that -1 becomes
// the largest number there is.
struct SignMix {
  ClangSpan whole;
  ClangSpan left;
  ClangSpan right;
  bool is_comparison = true;  // Otherwise they are the two values of a `?:`.
  bool has_character = false;
};

// Those within an expression. What is compared with a literal is none: it is not negative.
[[nodiscard]] std::vector<SignMix> FindSignMixes(const LibClang& clang, const ClangUnit& unit,
                                                 CXCursor expression);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_SIGN_MIXES_H_
