#ifndef ONAGER_CODEGEN_VIEW_CPP_IDENTIFIER_H_
#define ONAGER_CODEGEN_VIEW_CPP_IDENTIFIER_H_

#include <string>
#include <string_view>

namespace onager::codegen {

// `name` as C++ can have it: with `_` behind it when it is a keyword or likely to be a macro.
[[nodiscard]] std::string CppIdentifier(std::string_view name);

// `todo::v1` for `todo.v1`. A component that would hide a namespace which generated code names gets a `_`.
[[nodiscard]] std::string CppNamespace(std::string_view package);

// `"text"`, with whatever C++ does not allow in it escaped. Bytes outside
// printable ASCII become octal escapes.
[[nodiscard]] std::string CppStringLiteral(std::string_view text);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_IDENTIFIER_H_
