#ifndef ONAGER_CODEGEN_EMIT_EMBEDDED_TEMPLATES_H_
#define ONAGER_CODEGEN_EMIT_EMBEDDED_TEMPLATES_H_

#include <optional>
#include <string_view>

namespace onager::codegen {

// The text of `templates/<name>.mustache` as it was when the program was built.
[[nodiscard]] std::optional<std::string_view> EmbeddedTemplate(std::string_view name);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_EMIT_EMBEDDED_TEMPLATES_H_
