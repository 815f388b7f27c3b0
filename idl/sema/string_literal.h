#ifndef ONAGER_IDL_SEMA_STRING_LITERAL_H_
#define ONAGER_IDL_SEMA_STRING_LITERAL_H_

#include <optional>
#include <string>
#include <string_view>

#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/source/source_range.h"

namespace onager::idl {

// The bytes that a literal, given with its quotes, stands for. Escapes are those of C++. Reports those that
// are none and returns nullopt.
[[nodiscard]] std::optional<std::string> DecodeStringLiteral(std::string_view literal,
                                                             const SourceRange& range,
                                                             DiagnosticEmitter& emitter);

}  // namespace onager::idl

#endif  // ONAGER_IDL_SEMA_STRING_LITERAL_H_
