#ifndef ONAGER_IDL_DIAGNOSTICS_DIAGNOSTIC_KIND_H_
#define ONAGER_IDL_DIAGNOSTICS_DIAGNOSTIC_KIND_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace onager::idl {

enum class Severity : uint8_t { kError, kWarning, kNote };

enum class DiagnosticKind : uint8_t {
#define ONAGER_DIAGNOSTIC(name, id, severity, text, ...) k##name,
#include "idl/diagnostics/diagnostic_kinds.def"
};

// A row of diagnostic_kinds.def.
struct DiagnosticKindInfo {
  DiagnosticKind kind;
  std::string_view id;
  Severity severity;
  std::string_view text;
};

[[nodiscard]] const DiagnosticKindInfo& InfoOf(DiagnosticKind kind);
[[nodiscard]] std::span<const DiagnosticKindInfo> AllDiagnosticKinds();

// "error", "warning", "note".
[[nodiscard]] std::string_view SeverityName(Severity severity);

// A kind together with the types of its parameters, so that an emission with the wrong ones does not
// compile.
template <typename... Parameters>
struct TypedDiagnosticKind {
  DiagnosticKind kind;
};

namespace diag {

using Text = std::string_view;
using Number = int64_t;

#define ONAGER_DIAGNOSTIC(name, id, severity, text, ...) \
  inline constexpr TypedDiagnosticKind<__VA_ARGS__> name{DiagnosticKind::k##name};
#include "idl/diagnostics/diagnostic_kinds.def"

}  // namespace diag
}  // namespace onager::idl

#endif  // ONAGER_IDL_DIAGNOSTICS_DIAGNOSTIC_KIND_H_
