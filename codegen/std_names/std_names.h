#ifndef ONAGER_CODEGEN_STD_NAMES_STD_NAMES_H_
#define ONAGER_CODEGEN_STD_NAMES_STD_NAMES_H_

#include <string_view>

namespace onager::codegen {

// The header of std that has `name` ("clamp", "optional"), without brackets: what the C++ around an
// expression has to include. Empty for what expressions do not know.
[[nodiscard]] std::string_view StdHeader(std::string_view name);

// Whether an expression may call the function of that qualified name: it gives the same for the same
// arguments and changes nothing. Algorithms that take a predicate are not among them, for without lambdas
// there is none to give them.
[[nodiscard]] bool IsPureFunction(std::string_view qualified_name);

// Whether an expression may make a value of the std or absl class of that qualified name.
[[nodiscard]] bool IsPureClass(std::string_view qualified_name);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_STD_NAMES_STD_NAMES_H_
