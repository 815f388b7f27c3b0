#ifndef ONAGER_IDL_DIAGNOSTICS_RENDER_TEXT_H_
#define ONAGER_IDL_DIAGNOSTICS_RENDER_TEXT_H_

#include <span>
#include <string>

#include "idl/diagnostics/diagnostic.h"
#include "idl/source/source_map.h"

namespace onager::idl {

struct TextStyle {
  bool color = false;
};

// As Clang shows them:
//
//   todo.actor:4:3: error: unknown type `Strng`; did you mean `string`? [unknown-type]
//       4 |   Strng title = 2;
//         |   ^~~~~
//         |   string
//
// Control characters of the file are shown as `?`, long lines by the part around the place.
[[nodiscard]] std::string RenderText(const SourceMap& sources, std::span<const Diagnostic> diagnostics,
                                     const TextStyle& style);

}  // namespace onager::idl

#endif  // ONAGER_IDL_DIAGNOSTICS_RENDER_TEXT_H_
