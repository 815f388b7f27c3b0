#include "codegen/emit/line_breaks.h"

#include <optional>
#include <vector>

#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

constexpr size_t kBodyIndent = 2;
constexpr size_t kContinuationIndent = 4;

size_t IndentOf(std::string_view line) {
  const size_t indent = line.find_first_not_of(' ');
  return indent == std::string_view::npos ? 0 : indent;
}

std::string_view WithoutBlank(std::string_view text) { return text.substr(text.starts_with(' ') ? 1 : 0); }

// A place where a line may be broken: after `at` characters; the rest begins in column `indent`.
struct Break {
  size_t at;
  size_t indent;
};

// The places of one line that matter for breaking it.
struct Places {
  std::optional<size_t> assignment;   // Behind a ` =` outside of brackets.
  std::optional<size_t> base;         // Before the ` : ` of a class or constructor.
  std::optional<size_t> return_type;  // Behind the return type of a function whose definition begins here.
  std::optional<size_t> arguments;    // Behind the first `(` that is not closed at once.
  std::optional<Break> comma;         // Behind the last `,` that leaves what fits, as far out as possible.
};

Places FindPlaces(std::string_view line) {
  Places places;
  std::vector<size_t> open;  // Columns behind the brackets that are open.
  size_t comma_depth = 0;
  size_t angles = 0;
  char quote = '\0';
  for (size_t i = 0; i < line.size() && i < kLineLengthMax; ++i) {
    const char c = line[i];
    const std::string_view rest = line.substr(i);
    if (quote != '\0') {
      if (c == '\\') ++i;
      if (c == quote) quote = '\0';
      continue;
    }
    if (c == '"' || c == '\'') quote = c;
    if (c == '<') ++angles;
    if (c == '>' && angles > 0) --angles;
    if (rest.starts_with("{ ")) open.push_back(i + 2);
    if (c == '}' && !open.empty()) open.pop_back();
    if (c == '(') {
      open.push_back(i + 1);
      if (!places.arguments.has_value() && !rest.starts_with("()")) places.arguments = i + 1;
    }
    if (c == ')' && !open.empty()) open.pop_back();
    // What stands in no bracket continues a list whose bracket is on a line above.
    if (rest.starts_with(", ") && (!open.empty() || angles == 0) &&
        (!places.comma.has_value() || open.size() <= comma_depth)) {
      places.comma = Break{i + 1, open.empty() ? IndentOf(line) : open.back()};
      comma_depth = open.size();
    }
    if (!open.empty() || angles > 0) continue;
    if (rest.starts_with(" = ") && !places.assignment.has_value()) places.assignment = i + 2;
    if (rest.starts_with(" : ")) places.base = i;
    if (c == ' ' && IndentOf(line) == 0 && !places.return_type.has_value()) places.return_type = i;
  }
  return places;
}

// Where our formatter would break the line, more or less.
std::optional<Break> FindBreak(std::string_view line) {
  const Places places = FindPlaces(line);
  const size_t indent = IndentOf(line) + kContinuationIndent;
  const auto fits = [line](const Break& at) {
    return at.indent + WithoutBlank(line.substr(at.at)).size() <= kLineLengthMax;
  };
  for (const std::optional<size_t>& place : {places.base, places.assignment}) {
    if (place.has_value() && fits(Break{*place, indent})) return Break{*place, indent};
  }
  if (places.comma.has_value()) {
    // Unless an argument is too long to stand below the first one.
    const size_t next = line.find(", ", places.comma->at);
    const std::string_view argument = WithoutBlank(line.substr(places.comma->at, next - places.comma->at));
    if (places.comma->indent + argument.size() <= kLineLengthMax) return places.comma;
  }
  if (places.arguments.has_value()) return Break{*places.arguments, indent};
  if (places.return_type.has_value()) return Break{*places.return_type, 0};
  return std::nullopt;
}

void AppendLine(std::string_view line, std::string& out);

// `head { body }` on three lines.
bool AppendUnfolded(std::string_view line, std::string& out) {
  const size_t open = line.find(" { ");
  if (open == std::string_view::npos || !line.ends_with(" }")) return false;
  const size_t indent = IndentOf(line);
  AppendLine(line.substr(0, open + 2), out);
  const std::string_view body = line.substr(open + 3, line.size() - open - 5);
  AppendLine(Cat(std::string(indent + kBodyIndent, ' '), body), out);
  AppendLine(Cat(std::string(indent, ' '), "}"), out);
  return true;
}

void AppendLine(std::string_view line, std::string& out) {
  const std::string_view text = line.substr(IndentOf(line));
  if (line.size() > kLineLengthMax && !text.starts_with("//") && !text.starts_with("#")) {
    if (AppendUnfolded(line, out)) return;
    // Progress is certain: what is left is shorter, unless the indentation grew by as much.
    const std::optional<Break> at = FindBreak(line);
    if (at.has_value() && at->indent < at->at) {
      Append(out, line.substr(0, at->at), "\n");
      AppendLine(Cat(std::string(at->indent, ' '), WithoutBlank(line.substr(at->at))), out);
      return;
    }
  }
  Append(out, line, "\n");
}

// What closes the raw string that the line opens and leaves open; nothing when there is none.
std::string OpenRawString(std::string_view line) {
  const size_t begin = line.find("R\"proto");
  if (begin == std::string_view::npos) return "";
  const std::string_view delimiter = line.substr(begin + 2, line.find('(', begin) - begin - 2);
  std::string end = Cat(")", delimiter, "\"");
  return line.find(end, begin) == std::string_view::npos ? end : "";
}

}  // namespace

std::string BreakLongLines(std::string_view code) {
  std::string out;
  out.reserve(code.size() + code.size() / 16);
  std::string raw_end;  // What closes the raw string that is open.
  while (!code.empty()) {
    const size_t end = code.find('\n');
    const std::string_view line = code.substr(0, end);
    if (raw_end.empty()) raw_end = OpenRawString(line);
    if (raw_end.empty()) {
      AppendLine(line, out);
    } else {
      Append(out, line, "\n");
      if (line.find(raw_end) != std::string_view::npos) raw_end.clear();
    }
    if (end == std::string_view::npos) break;
    code.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace onager::codegen
