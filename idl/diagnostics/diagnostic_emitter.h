#ifndef ONAGER_IDL_DIAGNOSTICS_DIAGNOSTIC_EMITTER_H_
#define ONAGER_IDL_DIAGNOSTICS_DIAGNOSTIC_EMITTER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "idl/diagnostics/diagnostic.h"
#include "idl/diagnostics/diagnostic_kind.h"

namespace onager::idl {

// Collects the diagnostics of one compilation, at most a given number of errors (at least one) and as many
// warnings. Used from one thread.
class DiagnosticEmitter {
 public:
  static constexpr size_t kCountMaxDefault = 1000;

  explicit DiagnosticEmitter(size_t count_max = kCountMaxDefault)
      : count_max_(std::max<size_t>(count_max, 1)) {}
  DiagnosticEmitter(const DiagnosticEmitter&) = delete;
  DiagnosticEmitter& operator=(const DiagnosticEmitter&) = delete;

  // Adds notes and a suggestion to the diagnostic just emitted; does nothing when that one was over the
  // limit. Valid until the next Emit.
  class Pending {
   public:
    template <typename... Parameters>
    Pending& Note(const SourceRange& range, const TypedDiagnosticKind<Parameters...>& kind,
                  const std::type_identity_t<Parameters>&... arguments) {
      if (diagnostic_ != nullptr) {
        diagnostic_->notes.push_back({kind.kind, range, Message(kind.kind, {ToText(arguments)...})});
      }
      return *this;
    }

    // Offers `replacement` for `range`, in the message and as a fix; an empty one offers nothing.
    Pending& Suggest(const SourceRange& range, std::string_view replacement);

   private:
    friend class DiagnosticEmitter;
    explicit Pending(Diagnostic* diagnostic) : diagnostic_(diagnostic) {}
    Diagnostic* diagnostic_;
  };

  template <typename... Parameters>
  Pending Emit(const SourceRange& range, const TypedDiagnosticKind<Parameters...>& kind,
               const std::type_identity_t<Parameters>&... arguments) {
    if (InfoOf(kind.kind).severity == Severity::kWarning ? warning_count_ >= count_max_ : full()) {
      ++dropped_;
      return Pending(nullptr);
    }
    return Append(kind.kind, range, Message(kind.kind, {ToText(arguments)...}));
  }

  // Whether further errors would be dropped: whoever produces them may as well stop.
  [[nodiscard]] bool full() const { return error_count_ >= count_max_; }
  [[nodiscard]] bool has_errors() const { return error_count_ > 0; }
  [[nodiscard]] size_t error_count() const { return error_count_; }

  // What was collected, in source order; diagnostics of one place stay in the order of emission. When
  // some were dropped the last says so. Leaves the emitter empty.
  [[nodiscard]] std::vector<Diagnostic> Take();

 private:
  static std::string ToText(std::string_view text) { return std::string(text); }
  static std::string ToText(int64_t number) { return std::to_string(number); }
  static std::string Message(DiagnosticKind kind, std::initializer_list<std::string> arguments);
  Pending Append(DiagnosticKind kind, const SourceRange& range, std::string message);

  size_t count_max_;
  size_t dropped_ = 0;
  size_t error_count_ = 0;
  size_t warning_count_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_DIAGNOSTICS_DIAGNOSTIC_EMITTER_H_
