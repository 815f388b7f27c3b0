#include "codegen/view/expression_names.h"

#include <cstddef>

#include "absl/strings/ascii.h"

namespace onager::codegen {
namespace {

bool IsBlank(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }
bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsNameCharacter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The end of the literal whose quote is at `at`.
size_t SkipLiteral(std::string_view text, size_t at) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

// Of `R"x(...)x"`, whose quote is at `at`.
size_t SkipRawLiteral(std::string_view text, size_t at) {
  const size_t bracket = text.find('(', at);
  if (bracket == std::string_view::npos) return text.size();
  const std::string_view delimiter = text.substr(at + 1, bracket - at - 1);
  for (size_t end = bracket; (end = text.find(')', end)) != std::string_view::npos; ++end) {
    const std::string_view rest = text.substr(end + 1);
    if (rest.starts_with(delimiter) && rest.substr(delimiter.size()).starts_with('"'))
      return end + delimiter.size() + 2;
  }
  return text.size();
}

bool IsRawPrefix(std::string_view name) {
  return name == "R" || name == "u8R" || name == "uR" || name == "UR" || name == "LR";
}

}  // namespace

std::vector<NameInExpression> NamesIn(std::string_view text) {
  std::vector<NameInExpression> names;
  bool is_member = false;
  bool is_scoped = false;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (IsBlank(c)) {
      ++i;
      continue;
    }
    if (IsNameCharacter(c)) {
      const size_t begin = i;
      // With the quotes and the point inside numbers.
      const bool is_number = IsDigit(c);
      while (i < text.size() && (IsNameCharacter(text[i]) || (is_number && text[i] == '\''))) ++i;
      const std::string_view name = text.substr(begin, i - begin);
      if (i < text.size() && text[i] == '"' && IsRawPrefix(name)) {
        i = SkipRawLiteral(text, i);
      } else if (!is_number) {
        const std::string_view scope = is_scoped && !names.empty() ? names.back().text : "";
        names.push_back({.text = name, .is_free = !is_member, .scope = scope});
      }
      is_member = is_scoped = false;
      continue;
    }
    if (c == '"' || c == '\'') {
      i = SkipLiteral(text, i);
      is_member = is_scoped = false;
      continue;
    }
    is_scoped = c == ':' && i > 0 && text[i - 1] == ':';
    is_member = is_scoped || c == '.' || (c == '>' && i > 0 && text[i - 1] == '-');
    ++i;
  }
  return names;
}

}  // namespace onager::codegen
