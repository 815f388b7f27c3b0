#ifndef ONAGER_IDL_DIAGNOSTICS_DIAGNOSTIC_H_
#define ONAGER_IDL_DIAGNOSTICS_DIAGNOSTIC_H_

#include <optional>
#include <string>
#include <vector>

#include "idl/diagnostics/diagnostic_kind.h"
#include "idl/source/source_range.h"

namespace onager::idl {

struct DiagnosticNote {
  DiagnosticKind kind;
  SourceRange range;
  std::string message;
};

// Text that, put in place of `range`, would probably mend the mistake.
struct SuggestedFix {
  SourceRange range;
  std::string replacement;
};

// One mistake of the user, as a value: what all output formats are written from.
struct Diagnostic {
  DiagnosticKind kind;
  SourceRange range;
  std::string message;
  std::vector<DiagnosticNote> notes;
  std::optional<SuggestedFix> fix;

  [[nodiscard]] Severity severity() const { return InfoOf(kind).severity; }
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_DIAGNOSTICS_DIAGNOSTIC_H_
