#ifndef ONAGER_CODEGEN_EMIT_LINE_BREAKS_H_
#define ONAGER_CODEGEN_EMIT_LINE_BREAKS_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace onager::codegen {

inline constexpr size_t kLineLengthMax = 110;

// C++ with its long lines broken as our formatter would: names in the `.actor` file have any length, and
// templates should not have to know. Comments and lines that fit stay as they are.
[[nodiscard]] std::string BreakLongLines(std::string_view code);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_EMIT_LINE_BREAKS_H_
