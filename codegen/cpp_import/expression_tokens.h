#ifndef ONAGER_CODEGEN_CPP_IMPORT_EXPRESSION_TOKENS_H_
#define ONAGER_CODEGEN_CPP_IMPORT_EXPRESSION_TOKENS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onager::codegen {

struct ExpressionToken {
  enum class Kind : uint8_t { kName, kNumber, kText, kSign };
  Kind kind = Kind::kSign;
  uint32_t begin = 0;
  std::string_view text;
};

// Why a text cannot be given to a compiler as one expression that only reads.
struct ExpressionFault {
  uint32_t begin = 0;  // [begin, end) of the text
  uint32_t end = 0;
  std::string message;
  bool is_impure = false;
};

// The tokens of one expression, or its first fault. What passes is, whatever its text, no more than an
// expression once it stands in brackets: its own brackets are in pairs, it holds no `;`, no comment, nothing
// for the preprocessor and no keyword that begins a declaration or a statement. It does not assign, and is so
// short that a compiler's recursion over it ends. Costs O(length).
std::optional<ExpressionFault> ReadExpression(std::string_view text, std::vector<ExpressionToken>& tokens);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_EXPRESSION_TOKENS_H_
