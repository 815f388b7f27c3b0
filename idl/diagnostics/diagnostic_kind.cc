#include "idl/diagnostics/diagnostic_kind.h"

#include <array>

namespace onager::idl {
namespace {

using diag::Number;
using diag::Text;

constexpr auto kInfos = std::to_array<DiagnosticKindInfo>({
#define ONAGER_DIAGNOSTIC(name, id, severity, text, ...) \
  {DiagnosticKind::k##name, id, Severity::severity, text},
#include "idl/diagnostics/diagnostic_kinds.def"
});

template <typename... Parameters>
struct ParameterCount {
  static constexpr size_t value = sizeof...(Parameters);
};

constexpr auto kParameterCounts = std::to_array<size_t>({
#define ONAGER_DIAGNOSTIC(name, id, severity, text, ...) ParameterCount<__VA_ARGS__>::value,
#include "idl/diagnostics/diagnostic_kinds.def"
});

// Every text uses each of its parameters and no other, and keeps to the wording rules that can be checked.
consteval bool TextsAreWellFormed() {
  for (size_t i = 0; i < kInfos.size(); ++i) {
    const std::string_view text = kInfos[i].text;
    for (size_t parameter = 0; parameter < 10; ++parameter) {
      const char placeholder[] = {'{', static_cast<char>('0' + parameter), '}'};
      const bool used = text.find(std::string_view(placeholder, 3)) != std::string_view::npos;
      if (used != (parameter < kParameterCounts[i])) return false;
    }
    if (text.ends_with('.') || (text.front() >= 'A' && text.front() <= 'Z')) return false;
  }
  return true;
}
static_assert(TextsAreWellFormed());

consteval bool IdsAreUnique() {
  for (size_t i = 0; i < kInfos.size(); ++i) {
    for (size_t k = i + 1; k < kInfos.size(); ++k) {
      if (kInfos[i].id == kInfos[k].id) return false;
    }
  }
  return true;
}
static_assert(IdsAreUnique());

}  // namespace

const DiagnosticKindInfo& InfoOf(DiagnosticKind kind) { return kInfos[static_cast<size_t>(kind)]; }

std::span<const DiagnosticKindInfo> AllDiagnosticKinds() { return kInfos; }

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "";
}

}  // namespace onager::idl
