#include "codegen/cpp_import/rephrase.h"

#include <array>
#include <cctype>
#include <string>
#include <utility>

#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

// The position behind the `)` that belongs to the `(` at `open`.
size_t BehindBracket(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t at = open; at < text.size(); ++at) {
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth == 0) return at + 1;
  }
  return text.size();
}

// Names within the library's templates, which say less than what they stand for.
bool IsInnerName(std::string_view quoted) {
  return quoted.ends_with("KeyView'") || quoted.ends_with("ElementView'") || quoted.ends_with("key_type'") ||
         quoted.ends_with("value_type'");
}

// `'A' (aka 'B')` becomes `'A'`, or `'B'` where A is an inner name.
std::string WithoutAka(std::string text) {
  constexpr std::string_view kAka = " (aka ";
  for (size_t at; (at = text.find(kAka)) != std::string::npos;) {
    const size_t end = BehindBracket(text, at + 1);
    const size_t quote = at < 2 ? std::string::npos : text.rfind('\'', at - 2);
    if (quote != std::string::npos && IsInnerName(std::string_view(text).substr(quote, at - quote))) {
      const std::string meant = text.substr(at + kAka.size(), end - 1 - at - kAka.size());
      text.replace(quote, end - quote, meant);
    } else {
      text.erase(at, end - at);
    }
  }
  return text;
}

// Clang quotes names as 'name', and in names of character literals as they are.
std::string WithBackticks(std::string text) {
  bool is_open = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\'') continue;
    const bool before_word = i == 0 || text[i - 1] == ' ' || text[i - 1] == '(';
    // Not the apostrophe of "don't".
    if (!is_open && !before_word) continue;
    text[i] = '`';
    is_open = !is_open;
  }
  return text;
}

}  // namespace

bool Matches(std::string_view text, std::string_view before, std::string_view between, std::string_view after,
             std::string_view& x, std::string_view& y) {
  if (!text.starts_with(before)) return false;
  text.remove_prefix(before.size());
  const size_t middle = text.find(between);
  if (middle == std::string_view::npos) return false;
  const std::string_view first = text.substr(0, middle);
  text.remove_prefix(middle + between.size());
  const size_t end = after.empty() ? text.size() : text.find(after);
  if (end == std::string_view::npos) return false;
  x = first;
  y = text.substr(0, end);
  return true;
}

std::string PlainType(std::string_view spelling) {
  std::string text(spelling);
  ReplaceAll(text, "std::__cxx11::", "std::");
  ReplaceAll(text, "std::basic_string<char>", "std::string");
  ReplaceAll(text, "std::basic_string_view<char>", "std::string_view");
  ReplaceAll(text, "onager::generated::", "");
  while (text.starts_with("const ")) text.erase(0, 6);
  return std::string(Trimmed(text));
}

std::string Plain(std::string_view original) {
  std::string text = WithoutAka(std::string(original));
  if (const size_t at = text.find("; did you mean"); at != std::string::npos) text.erase(at);
  ReplaceAll(text, "std::__cxx11::", "std::");
  ReplaceAll(text, "std::basic_string<char>", "std::string");
  ReplaceAll(text, "std::basic_string_view<char>", "std::string_view");
  ReplaceAll(text, "'const ", "'");
  text = WithBackticks(std::move(text));
  // Lower case, but for names such as `C++` and `ISO`.
  if (text.size() > 1 && std::isupper(static_cast<unsigned char>(text[0])) != 0 &&
      std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

Rephrased Rephrase(std::string_view original, std::string_view operator_at_place) {
  const std::string text = WithoutAka(std::string(original));
  std::string_view x;
  std::string_view y;
  if (Matches(text, "no member named '", "' in namespace '", "'", x, y))
    return {Cat("namespace `", y, "` has no `", x, "`")};
  if (Matches(text, "no member named '", "' in the global namespace", "", x, y) ||
      Matches(text, "no type named '", "' in the global namespace", "", x, y)) {
    return {Cat("there is no `::", x, "`")};
  }
  if (Matches(text, "no member named '", "' in '", "'", x, y)) {
    constexpr std::array<std::string_view, 8> kMutators = {"Append", "InsertBefore", "Remove",  "Clear",
                                                           "Set",    "Insert",       "emplace", "reset"};
    const std::string type = PlainType(y);
    const bool is_ours = type.starts_with("onager::");
    for (const std::string_view mutator : kMutators) {
      if (is_ours && x == mutator)
        return {Cat("`", x, "` would change `", type, "`; an expression only reads"), /*is_impure=*/true};
    }
    const bool is_library = (is_ours && !type.starts_with("onager::Previous<")) ||
                            type.starts_with("std::") || type.starts_with("absl::");
    return {Cat("`", type, "` has no ", is_library ? "member" : "field", " `", x, "`")};
  }
  if (text == "expected expression") return {"an operand is missing here"};
  for (const std::string_view value : {"an rvalue", "an lvalue", "a value"}) {
    if (Matches(text, "reference to type '", Cat("' could not bind to ", value, " of type '"), "'", x, y))
      return {Cat("this must be a `", PlainType(x), "`, not `", PlainType(y), "`")};
  }
  if (Matches(text, "use of undeclared identifier '", "'", "", x, y))
    return {Cat("there is no `", x, "` here")};
  if (Matches(text, "invalid operands to binary expression ('", "' and '", "')", x, y)) {
    return {Cat(operator_at_place.empty() ? "this operator" : Cat("`", operator_at_place, "`"),
                " does not take `", PlainType(x), "` and `", PlainType(y), "`")};
  }
  if (Matches(text, "invalid argument type '", "' to unary expression", "", x, y)) {
    return {Cat(operator_at_place.empty() ? "this operator" : Cat("`", operator_at_place, "`"),
                " does not take `", PlainType(x), "`")};
  }
  if (Matches(text, "member reference type '", "' is a pointer", "", x, y))
    return {Cat("`", PlainType(x), "` is a pointer: write `->` for `.`, and ask first whether it is null")};
  if (Matches(text, "member reference type '", "' is not a pointer", "", x, y))
    return {Cat("`", PlainType(x), "` is not a pointer: write `.` for `->`")};
  if (Matches(text, "'this' argument to member function '", "' has type '", "'", x, y))
    return {Cat("`", x, "` would change `", PlainType(y), "`; an expression only reads"), /*is_impure=*/true};
  if (Matches(text, "no matching member function for call to '", "'", "", x, y) ||
      Matches(text, "no matching function for call to '", "'", "", x, y)) {
    return {Cat("`", x, "` cannot be called with these arguments")};
  }
  if (Matches(text, "no matching constructor for initialization of '", "'", "", x, y))
    return {Cat("`", PlainType(x), "` cannot be made of this")};
  return {Plain(original)};
}

}  // namespace onager::codegen
