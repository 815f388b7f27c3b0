#ifndef ONAGER_CODEGEN_CPP_IMPORT_REPHRASE_H_
#define ONAGER_CODEGEN_CPP_IMPORT_REPHRASE_H_

#include <string>
#include <string_view>

namespace onager::codegen {

// Clang's text as ours: names in backticks, short type names, no "(aka ...)", no "did you mean", lower case.
[[nodiscard]] std::string Plain(std::string_view text);

// A type's name without `const`, without the namespaces of std's implementation, and with
// `std::string` for what it stands for.
[[nodiscard]] std::string PlainType(std::string_view spelling);

// Whether `text` is "before X between Y after", of which X and Y are set; each but the first ends at the next
// piece of text.
bool Matches(std::string_view text, std::string_view before, std::string_view between, std::string_view after,
             std::string_view& x, std::string_view& y);

// What Clang says of a wrong expression, in the words of someone who writes an `.actor` file.
struct Rephrased {
  std::string message;
  bool is_impure = false;  // It is wrong because it would change something.
};
[[nodiscard]] Rephrased Rephrase(std::string_view text, std::string_view operator_at_place);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_REPHRASE_H_
