#include "codegen/cpp_import/expression_tokens.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

using Kind = ExpressionToken::Kind;

constexpr size_t kTokenCountMax = 1'000;
constexpr size_t kBracketDepthMax = 64;
constexpr size_t kBytesMax = 64 << 10;

// Longer ones first.
constexpr std::string_view kSigns[] = {"<=>", "<<=", ">>=", "->*", "...", "::", "->", ".*", "++", "--",
                                       "<<",  ">>",  "<=",  ">=",  "==",  "!=", "&&", "||", "+=", "-=",
                                       "*=",  "/=",  "%=",  "&=",  "|=",  "^=", "##", "%:", "<%"};
constexpr std::string_view kSingleSigns = "()[]{}<>+-*/%&|^!~=?:,.";

// What begins a declaration or a statement, or reaches behind the types of C++.
constexpr std::string_view kRefusedKeywords[] = {
    "alignas",  "asm",           "auto",      "break",     "case",     "catch",     "class",
    "concept",  "consteval",     "constexpr", "constinit", "continue", "decltype",  "default",
    "do",       "else",          "enum",      "explicit",  "export",   "extern",    "for",
    "friend",   "goto",          "if",        "inline",    "mutable",  "namespace", "noexcept",
    "operator", "private",       "protected", "public",    "register", "requires",  "return",
    "static",   "static_assert", "struct",    "switch",    "template", "this",      "thread_local",
    "try",      "typedef",       "typeid",    "typename",  "typeof",   "union",     "using",
    "virtual",  "void",          "volatile",  "while",     "import",   "module",    "alignof"};
struct ImpureKeyword {
  std::string_view keyword;
  std::string_view what;
};
constexpr ImpureKeyword kImpureKeywords[] = {{"new", "allocates"},  {"delete", "frees memory"},
                                             {"throw", "throws"},   {"co_await", "waits"},
                                             {"co_yield", "waits"}, {"co_return", "ends a coroutine"}};
constexpr std::string_view kAssignments[] = {
    "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "++", "--", "<<=", ">>="};

template <typename List>
bool IsOneOf(const List& list, std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

class Reader {
 public:
  Reader(std::string_view text, std::vector<ExpressionToken>& tokens) : text_(text), tokens_(tokens) {}

  std::optional<ExpressionFault> Read() {
    if (text_.size() > kBytesMax) Fail(0, 1, "this expression is longer than 64 KiB; make it a C++ function");
    while (!fault_.has_value() && at_ < text_.size()) ReadToken();
    if (!fault_.has_value() && !open_.empty())
      Fail(open_.back(), 1, Cat("this `", text_.substr(open_.back(), 1), "` is never closed"));
    if (!fault_.has_value() && tokens_.empty())
      Fail(0, static_cast<uint32_t>(text_.size()), "there is no expression here");
    return std::move(fault_);
  }

 private:
  void Fail(uint32_t begin, uint32_t length, std::string message, bool is_impure = false) {
    if (fault_.has_value()) return;
    fault_ = ExpressionFault{begin, begin + length, std::move(message), is_impure};
  }

  // Takes `length` bytes as a token.
  const ExpressionToken& Take(Kind kind, size_t length) {
    tokens_.push_back({kind, at_, text_.substr(at_, length)});
    at_ += static_cast<uint32_t>(length);
    if (tokens_.size() > kTokenCountMax)
      Fail(0, at_, Cat("this expression has more than ", kTokenCountMax, " parts; make it a C++ function"));
    return tokens_.back();
  }

  void ReadToken() {
    const char c = text_[at_];
    const std::string_view rest = text_.substr(at_);
    if (c == ' ' || c == '\t') {
      ++at_;
    } else if (rest.starts_with("//") || rest.starts_with("/*")) {
      Fail(at_, 2, "a comment cannot stand within an expression");
    } else if (c == '"' || c == '\'') {
      ReadText();
    } else if (IsNameStart(c)) {
      ReadName();
    } else if (IsDigit(c) || (c == '.' && rest.size() > 1 && IsDigit(rest[1]))) {
      ReadNumber();
    } else {
      ReadSign();
    }
  }

  void ReadText() {
    const char quote = text_[at_];
    for (size_t end = at_ + 1; end < text_.size() && text_[end] != '\n' && text_[end] != '\r'; ++end) {
      if (text_[end] == '\\') {
        // A line that goes on behind a backslash would not be where it seems to be.
        if (++end >= text_.size() || text_[end] == '\n' || text_[end] == '\r') break;
      } else if (text_[end] == quote) {
        Take(Kind::kText, end + 1 - at_);
        return;
      }
      if (text_[end] == '\0') break;
    }
    Fail(at_, 1, Cat("this `", text_.substr(at_, 1), "` is never closed"));
  }

  void ReadName() {
    size_t length = 0;
    while (at_ + length < text_.size() && IsNamePart(text_[at_ + length])) ++length;
    const std::string_view name = text_.substr(at_, length);
    const bool before_quote = at_ + length < text_.size() && text_[at_ + length] == '"';
    if (before_quote && name.ends_with('R'))
      return Fail(at_, static_cast<uint32_t>(length), "raw strings cannot stand in an expression");
    const uint32_t begin = at_;
    const auto size = static_cast<uint32_t>(length);
    Take(Kind::kName, length);
    for (const ImpureKeyword& keyword : kImpureKeywords) {
      if (name == keyword.keyword)
        return Fail(begin, size, Cat("`", name, "` ", keyword.what, "; an expression only reads"), true);
    }
    if (name == "const_cast" || name == "reinterpret_cast" || name == "dynamic_cast")
      return Fail(begin, size, Cat("`", name, "` cannot stand in an expression"), true);
    if (name == "and_eq" || name == "or_eq" || name == "xor_eq")
      return Fail(begin, size, Cat("`", name, "` assigns; an expression only reads"), true);
    if (IsOneOf(kRefusedKeywords, name))
      return Fail(begin, size, Cat("`", name, "` cannot stand in an expression"));
    const bool is_reserved = name.find("__") != std::string_view::npos ||
                             (name.size() > 1 && name[0] == '_' && name[1] >= 'A' && name[1] <= 'Z');
    if (is_reserved) Fail(begin, size, Cat("`", name, "` is a name that C++ keeps for itself"));
  }

  void ReadNumber() {
    size_t length = 1;
    for (; at_ + length < text_.size(); ++length) {
      const char c = text_[at_ + length];
      const char before = text_[at_ + length - 1];
      const bool is_sign =
          (c == '+' || c == '-') && (before == 'e' || before == 'E' || before == 'p' || before == 'P');
      const bool is_mark =
          c == '\'' && at_ + length + 1 < text_.size() && IsNamePart(text_[at_ + length + 1]);
      if (!IsNamePart(c) && c != '.' && !is_sign && !is_mark) break;
    }
    Take(Kind::kNumber, length);
  }

  void ReadSign() {
    const std::string_view rest = text_.substr(at_);
    // Other spellings of brackets and of `#`.
    const bool is_digraph = rest.starts_with("%:") || rest.starts_with("<%") || rest.starts_with("%>") ||
                            rest.starts_with(":>") || (rest.starts_with("<:") && !rest.starts_with("<::"));
    if (is_digraph) return Fail(at_, 2, Cat("`", rest.substr(0, 2), "` cannot stand in an expression"));
    if (rest.starts_with("??")) return Fail(at_, 2, "`??` cannot stand in an expression");
    size_t length = 0;
    for (const std::string_view sign : kSigns) {
      if (rest.starts_with(sign)) {
        length = sign.size();
        break;
      }
    }
    if (length == 0 && kSingleSigns.find(rest[0]) != std::string_view::npos) length = 1;
    if (length == 0) return FailAtByte(rest[0]);
    const ExpressionToken sign = Take(Kind::kSign, length);
    if (sign.text.size() == 1) TrackBracket(sign);
    if (IsOneOf(kAssignments, sign.text) && !IsDesignator()) {
      const bool steps = sign.text == "++" || sign.text == "--";
      const std::string_view what = steps ? "changes what it stands at" : "assigns";
      std::string message = Cat("`", sign.text, "` ", what, "; an expression only reads");
      if (sign.text == "=") message += ", and `==` compares";
      Fail(sign.begin, static_cast<uint32_t>(length), std::move(message), true);
    }
  }

  void FailAtByte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ';') return Fail(at_, 1, "a `;` cannot stand within an expression");
    if (byte < 0x20 || byte == 0x7f) return Fail(at_, 1, "a control character cannot stand in an expression");
    if (byte < 0x80) return Fail(at_, 1, Cat("`", text_.substr(at_, 1), "` cannot stand in an expression"));
    uint32_t length = 1;
    while (at_ + length < text_.size() && (static_cast<unsigned char>(text_[at_ + length]) & 0xc0) == 0x80)
      ++length;
    Fail(at_, length,
         Cat("`", text_.substr(at_, length), "` cannot stand in an expression outside of strings"));
  }

  void TrackBracket(const ExpressionToken& sign) {
    const char c = sign.text[0];
    if (c == '(' || c == '[' || c == '{') {
      if (c == '[' && !FollowsOperand())
        return Fail(sign.begin, 1,
                    "a lambda cannot stand in an expression; write a function in C++ and name it in an "
                    "`import cpp` block",
                    true);
      if (open_.size() == kBracketDepthMax)
        return Fail(sign.begin, 1, Cat("brackets are nested more than ", kBracketDepthMax, " deep"));
      open_.push_back(sign.begin);
    } else if (c == ')' || c == ']' || c == '}') {
      const char expected = c == ')' ? '(' : c == ']' ? '[' : '{';
      if (open_.empty()) return Fail(sign.begin, 1, Cat("this `", sign.text, "` closes nothing"));
      const char opened = text_[open_.back()];
      if (opened != expected)
        return Fail(sign.begin, 1,
                    Cat("this `", sign.text, "` does not close `", text_.substr(open_.back(), 1), "`"));
      open_.pop_back();
    }
  }

  // Whether the token before the last one ends an operand, which `[` then looks into.
  bool FollowsOperand() const {
    if (tokens_.size() < 2) return false;
    const ExpressionToken& before = tokens_[tokens_.size() - 2];
    if (before.kind != Kind::kSign) return true;
    return before.text == ")" || before.text == "]" || before.text == "}" || before.text == ">";
  }

  // `{.lat = 1}`
  bool IsDesignator() const {
    const size_t count = tokens_.size();
    if (count < 4 || tokens_[count - 1].text != "=" || tokens_[count - 2].kind != Kind::kName) return false;
    const std::string_view before = tokens_[count - 4].text;
    return tokens_[count - 3].text == "." && (before == "{" || before == ",");
  }

  std::string_view text_;
  std::vector<ExpressionToken>& tokens_;
  std::vector<uint32_t> open_;
  uint32_t at_ = 0;
  std::optional<ExpressionFault> fault_;
};

}  // namespace

std::optional<ExpressionFault> ReadExpression(std::string_view text, std::vector<ExpressionToken>& tokens) {
  tokens.clear();
  return Reader(text, tokens).Read();
}

}  // namespace onager::codegen
