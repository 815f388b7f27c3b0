#include "idl/diagnostics/render_text.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_format.h"

namespace onager::idl {
namespace {

constexpr size_t kExcerptBytesBefore = 80;
constexpr size_t kExcerptBytesAfter = 80;
constexpr size_t kTabWidth = 4;

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kMagenta = "\x1b[1;35m";
constexpr std::string_view kCyan = "\x1b[1;36m";
constexpr std::string_view kGreen = "\x1b[1;32m";
constexpr std::string_view kReset = "\x1b[0m";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// What a terminal shows of part of a line: tabs as blanks, each code point one column, no control
// characters and nothing that is not UTF-8.
struct Shown {
  std::string text;
  size_t columns = 0;

  void Append(std::string_view bytes) {
    while (!bytes.empty()) {
      size_t length = 1;
      while (length < bytes.size() && length < 4 && IsContinuation(bytes[length])) ++length;
      const std::string_view point = bytes.substr(0, length);
      bytes.remove_prefix(length);
      const auto lead = static_cast<unsigned char>(point.front());
      if (lead == '\t') {
        const size_t width = kTabWidth - columns % kTabWidth;
        text.append(width, ' ');
        columns += width;
        continue;
      }
      const bool control = lead < 0x20 || lead == 0x7F ||
                           (lead == 0xC2 && length == 2 && static_cast<unsigned char>(point[1]) < 0xA0);
      if (control || FindInvalidUtf8(point).has_value()) {
        text += '?';
      } else {
        text += point;
      }
      ++columns;
    }
  }
};

class Renderer {
 public:
  Renderer(const SourceMap& sources, const TextStyle& style) : sources_(sources), style_(style) {}

  void Add(const Diagnostic& diagnostic) {
    Header(diagnostic.kind, diagnostic.range, diagnostic.message);
    Excerpt(diagnostic.range, diagnostic.fix.has_value() ? &*diagnostic.fix : nullptr);
    for (const DiagnosticNote& note : diagnostic.notes) {
      Header(note.kind, note.range, note.message);
      Excerpt(note.range, nullptr);
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  void Colored(std::string_view color, std::string_view text) {
    if (style_.color) out_ += color;
    out_ += text;
    if (style_.color) out_ += kReset;
  }

  void Header(DiagnosticKind kind, const SourceRange& range, std::string_view message) {
    const SourceFile& file = sources_.file(range.file);
    std::string place(file.name());
    if (!file.text().empty()) {
      const LineColumn at = file.Locate(range.begin);
      place += absl::StrFormat(":%d:%d", at.line, at.column);
    }
    Colored(kBold, place + ":");
    out_ += ' ';
    const Severity severity = InfoOf(kind).severity;
    switch (severity) {
      case Severity::kError:
        Colored(kRed, "error:");
        break;
      case Severity::kWarning:
        Colored(kMagenta, "warning:");
        break;
      case Severity::kNote:
        Colored(kCyan, "note:");
        break;
    }
    out_ += ' ';
    Colored(kBold, message);
    if (severity != Severity::kNote) out_ += " [" + std::string(InfoOf(kind).id) + "]";
    out_ += '\n';
  }

  void Excerpt(const SourceRange& range, const SuggestedFix* fix) {
    const SourceFile& file = sources_.file(range.file);
    if (file.text().empty()) return;
    const LineColumn at = file.Locate(range.begin);
    const std::string_view line = file.Line(at.line);
    const size_t begin = std::min<size_t>(at.column - 1, line.size());
    // A range of several lines is underlined to the end of its first.
    const size_t end = std::clamp<size_t>(begin + (range.end - range.begin), begin, line.size());

    const size_t first = StartOfPoint(line, begin > kExcerptBytesBefore ? begin - kExcerptBytesBefore : 0);
    const size_t last = StartOfPoint(line, std::min(line.size(), begin + kExcerptBytesAfter));
    Shown shown;
    if (first > 0) shown.Append("…");
    shown.Append(line.substr(first, begin - first));
    const size_t caret_column = shown.columns;
    shown.Append(line.substr(begin, std::min(end, last) - begin));
    const size_t caret_width = std::max<size_t>(1, shown.columns - caret_column);
    if (last > end) shown.Append(line.substr(end, last - end));
    if (last < line.size()) shown.Append("…");

    out_ += absl::StrFormat("%5d | ", at.line) + shown.text + "\n";
    Margin(caret_column);
    Colored(kGreen, "^" + std::string(caret_width - 1, '~'));
    out_ += '\n';
    if (fix != nullptr && fix->range.begin == range.begin) {
      Margin(caret_column);
      Colored(kGreen, fix->replacement);
      out_ += '\n';
    }
  }

  void Margin(size_t columns) { out_ += "      | " + std::string(columns, ' '); }

  static size_t StartOfPoint(std::string_view line, size_t offset) {
    while (offset > 0 && offset < line.size() && IsContinuation(line[offset])) --offset;
    return offset;
  }

  const SourceMap& sources_;
  const TextStyle& style_;
  std::string out_;
};

}  // namespace

std::string RenderText(const SourceMap& sources, std::span<const Diagnostic> diagnostics,
                       const TextStyle& style) {
  Renderer renderer(sources, style);
  for (const Diagnostic& diagnostic : diagnostics) renderer.Add(diagnostic);
  return renderer.Take();
}

}  // namespace onager::idl
