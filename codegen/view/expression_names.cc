#include "codegen/view/expression_names.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

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

using Tokens = std::vector<std::string_view>;
using TokenSpan = std::span<const std::string_view>;

// Names, numbers and literals whole, operators of two characters where they are of interest. None of an
// expression with comments.
Tokens TokensOf(std::string_view text) {
  Tokens tokens;
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    if (IsBlank(text[i])) {
      ++i;
      continue;
    }
    const std::string_view two = text.substr(i, 2);
    if (two == "//" || two == "/*") return {};
    if (IsNameCharacter(text[i])) {
      const bool is_number = IsDigit(text[i]);
      while (i < text.size() && (IsNameCharacter(text[i]) || (is_number && text[i] == '\''))) ++i;
      if (i < text.size() && text[i] == '"' && IsRawPrefix(text.substr(begin, i - begin))) {
        i = SkipRawLiteral(text, i);
      }
    } else if (text[i] == '"' || text[i] == '\'') {
      i = SkipLiteral(text, i);
    } else {
      i += two == "&&" || two == "||" || two == "==" || two == "!=" || two == "<=" || two == ">=" ? 2 : 1;
    }
    tokens.push_back(text.substr(begin, i - begin));
  }
  return tokens;
}

int DepthAfter(std::string_view token) {
  if (token == "(" || token == "[" || token == "{") return 1;
  return token == ")" || token == "]" || token == "}" ? -1 : 0;
}

bool IsInParentheses(TokenSpan tokens) {
  if (tokens.size() < 2 || tokens.front() != "(") return false;
  int depth = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    depth += DepthAfter(tokens[i]);
    if (depth == 0) return i + 1 == tokens.size();
  }
  return false;
}

// Raw literals begin like names.
bool IsName(std::string_view token) {
  return !IsDigit(token.front()) && std::all_of(token.begin(), token.end(), IsNameCharacter);
}

// `a.b.c`; empty for everything else.
Tokens PathOf(TokenSpan tokens) {
  Tokens path;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view token = tokens[i];
    if (i % 2 == 1 ? token != "." : !IsName(token)) return {};
    if (i % 2 == 0) path.push_back(token);
  }
  return tokens.size() % 2 == 1 ? path : Tokens();
}

// What binds less than `&&` makes its operands something else than terms.
bool BindsLessThanAnd(std::string_view token) {
  return token == "||" || token == "or" || token == "?" || token == "," || token == "=";
}

// Deeper within parentheses, equalities are not looked for.
constexpr int kTermDepthMax = 32;

void FindEqualities(TokenSpan tokens, int depth_left, std::vector<EqualNames>& found) {
  if (depth_left == 0) return;
  while (IsInParentheses(tokens)) tokens = tokens.subspan(1, tokens.size() - 2);
  std::vector<TokenSpan> terms;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    depth += DepthAfter(tokens[i]);
    if (depth != 0) continue;
    if (BindsLessThanAnd(tokens[i])) return;
    if (tokens[i] == "&&" || tokens[i] == "and") {
      terms.push_back(tokens.subspan(begin, i - begin));
      begin = i + 1;
    }
  }
  if (!terms.empty()) {
    terms.push_back(tokens.subspan(begin));
    for (const TokenSpan term : terms) FindEqualities(term, depth_left - 1, found);
    return;
  }
  const auto equals = std::find(tokens.begin(), tokens.end(), "==");
  if (equals == tokens.end()) return;
  const auto at = static_cast<size_t>(equals - tokens.begin());
  EqualNames equal{PathOf(tokens.first(at)), PathOf(tokens.subspan(at + 1))};
  if (!equal.left.empty() && !equal.right.empty()) found.push_back(std::move(equal));
}

}  // namespace

std::vector<EqualNames> EqualitiesIn(std::string_view expression) {
  std::vector<EqualNames> found;
  const Tokens tokens = TokensOf(expression);
  FindEqualities(tokens, kTermDepthMax, found);
  return found;
}

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
