#include "idl/diagnostics/diagnostic_emitter.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace onager::idl {
namespace {

// A diagnostic quotes the file; a name of a megabyte is quoted by its beginning.
constexpr size_t kArgumentBytesMax = 200;

std::string Shortened(const std::string& argument) {
  if (argument.size() <= kArgumentBytesMax) return argument;
  size_t end = kArgumentBytesMax;
  // Not in the middle of a UTF-8 sequence.
  while (end > 0 && (static_cast<unsigned char>(argument[end]) & 0xC0) == 0x80) --end;
  return argument.substr(0, end) + "…";
}

}  // namespace

DiagnosticEmitter::Pending& DiagnosticEmitter::Pending::Suggest(const SourceRange& range,
                                                                std::string_view replacement) {
  if (diagnostic_ == nullptr || replacement.empty()) return *this;
  diagnostic_->message.append("; did you mean `").append(replacement).append("`?");
  diagnostic_->fix = SuggestedFix{range, std::string(replacement)};
  return *this;
}

std::string DiagnosticEmitter::Message(DiagnosticKind kind, std::initializer_list<std::string> arguments) {
  const std::string_view text = InfoOf(kind).text;
  std::string message;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t index = i + 2 < text.size() && text[i] == '{' && text[i + 2] == '}'
                             ? static_cast<size_t>(text[i + 1] - '0')
                             : arguments.size();
    if (index < arguments.size()) {
      message += Shortened(*(arguments.begin() + index));
      i += 2;
    } else {
      message += text[i];
    }
  }
  return message;
}

DiagnosticEmitter::Pending DiagnosticEmitter::Append(DiagnosticKind kind, const SourceRange& range,
                                                     std::string message) {
  diagnostics_.push_back(Diagnostic{kind, range, std::move(message), {}, std::nullopt});
  ++(diagnostics_.back().severity() == Severity::kError ? error_count_ : warning_count_);
  return Pending(&diagnostics_.back());
}

std::vector<Diagnostic> DiagnosticEmitter::Take() {
  // Sorted by index, not with std::stable_sort: libstdc++ 12's uses a function that clang warns of.
  std::vector<size_t> order(diagnostics_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [this](size_t a, size_t b) {
    const SourceRange& left = diagnostics_[a].range;
    const SourceRange& right = diagnostics_[b].range;
    return std::tie(left.file.index, left.begin, a) < std::tie(right.file.index, right.begin, b);
  });
  std::vector<Diagnostic> result;
  result.reserve(order.size());
  for (const size_t index : order) result.push_back(std::move(diagnostics_[index]));
  diagnostics_.clear();
  // Whoever saw that the emitter was full has stopped looking, so nothing need have been dropped.
  if ((dropped_ > 0 || full()) && !result.empty()) {
    const DiagnosticKind kind = diag::TooManyErrors.kind;
    result.push_back(Diagnostic{
        kind, result.back().range, Message(kind, {std::to_string(result.size())}), {}, std::nullopt});
  }
  dropped_ = 0;
  error_count_ = 0;
  warning_count_ = 0;
  return result;
}

}  // namespace onager::idl
