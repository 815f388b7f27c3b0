#include "idl/lex/lexer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace onager::idl {
namespace {

bool IsNameByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return absl::ascii_isalnum(byte) || c == '_' || byte >= 0x80;
}

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v'; }

bool IsRawStringPrefix(std::string_view text) {
  return text == "R" || text == "u8R" || text == "uR" || text == "UR" || text == "LR";
}

std::string DescribeCharacter(char c) {
  if (absl::ascii_isgraph(static_cast<unsigned char>(c)))
    return c == '`' ? "'`'" : std::string("`") + c + "`";
  return absl::StrFormat("U+%04X", static_cast<unsigned char>(c));
}

}  // namespace

Lexer::Lexer(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter)
    : file_(file), text_(sources.file(file).text()), emitter_(emitter) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text_.starts_with(kByteOrderMark)) position_ = static_cast<uint32_t>(kByteOrderMark.size());
}

Token Lexer::Next() {
  doc_ = SourceRange{file_, position_, position_};
  blank_line_ = false;
  SkipBlanksAndComments();
  const uint32_t begin = position_;
  if (position_ >= text_.size()) return Finish(TokenKind::kEndOfFile, begin);
  const char c = Peek();
  if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return LexNumber(begin);
  if (IsNameByte(c)) return LexIdentifier(begin);
  if (c == '"' || c == '\'') return LexQuoted(begin, c);
  return LexSign(begin);
}

char Lexer::Peek(uint32_t ahead) const {
  const size_t at = size_t{position_} + ahead;
  return at < text_.size() ? text_[at] : '\0';
}

void Lexer::SkipToEndOfLine() {
  const size_t end = text_.find('\n', position_);
  position_ = static_cast<uint32_t>(end == std::string_view::npos ? text_.size() : end);
}

void Lexer::SkipBlanksAndComments() {
  int newlines = 0;
  while (position_ < text_.size()) {
    const char c = Peek();
    if (IsBlank(c)) {
      if (c == '\n') {
        at_line_start_ = true;
        if (++newlines > 1) blank_line_ = true;
      }
      ++position_;
    } else if (c == '/' && Peek(1) == '/') {
      newlines = 0;
      SkipLineComment();
    } else if (c == '/' && Peek(1) == '*') {
      newlines = 0;
      SkipBlockComment();
    } else {
      return;
    }
  }
}

void Lexer::SkipLineComment() {
  const uint32_t begin = position_;
  SkipToEndOfLine();
  if (text_.substr(begin, 3) != "///" || text_.substr(begin, 4) == "////") return;
  uint32_t end = position_;
  while (end > begin && IsBlank(text_[end - 1])) --end;
  const SourceRange line{file_, begin, end};
  if (!at_line_start_) {
    emitter_.Emit(line, diag::MisplacedDocComment);
    return;
  }
  if (doc_.empty() || blank_line_) {
    // A block that is followed by a blank line and another block documents nothing.
    if (!doc_.empty()) emitter_.Emit(doc_, diag::MisplacedDocComment);
    doc_ = line;
  } else {
    doc_.end = end;
  }
  blank_line_ = false;
}

void Lexer::SkipBlockComment() {
  const uint32_t begin = position_;
  const size_t end = text_.find("*/", size_t{begin} + 2);
  if (end == std::string_view::npos) {
    emitter_.Emit(SourceRange{file_, begin, begin + 2}, diag::UnterminatedComment);
    position_ = static_cast<uint32_t>(text_.size());
    return;
  }
  position_ = static_cast<uint32_t>(end + 2);
}

Token Lexer::Finish(TokenKind kind, uint32_t begin) {
  Token token;
  token.kind = kind;
  token.starts_line = std::exchange(at_line_start_, false);
  token.range = RangeFrom(begin);
  token.doc = doc_;
  token.text = text_.substr(begin, position_ - begin);
  if (kind == TokenKind::kIdentifier) token.keyword = KeywordFromText(token.text);
  return token;
}

Token Lexer::LexIdentifier(uint32_t begin) {
  bool ascii = true;
  while (IsNameByte(Peek())) {
    ascii = ascii && absl::ascii_isascii(static_cast<unsigned char>(Peek()));
    ++position_;
  }
  if (Peek() == '"' && IsRawStringPrefix(text_.substr(begin, position_ - begin))) return LexRawString(begin);
  const Token token = Finish(TokenKind::kIdentifier, begin);
  // It still is a name to the parser: the mistake is in its spelling, not in the sentence.
  if (!ascii) emitter_.Emit(token.range, diag::NonAsciiIdentifier, token.text);
  return token;
}

Token Lexer::LexNumber(uint32_t begin) {
  if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X')) {
    position_ += 2;
    while (IsNameByte(Peek()) || (Peek() == '\'' && IsNameByte(Peek(1)))) ++position_;
    return Finish(TokenKind::kInteger, begin);
  }
  const auto digits = [this] {
    while (IsDigit(Peek()) || (Peek() == '\'' && IsDigit(Peek(1)))) ++position_;
  };
  TokenKind kind = TokenKind::kInteger;
  digits();
  if (Peek() == '.' && IsDigit(Peek(1))) {
    kind = TokenKind::kFloat;
    ++position_;
    digits();
  }
  const uint32_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
  if ((Peek() == 'e' || Peek() == 'E') && IsDigit(Peek(1 + sign))) {
    kind = TokenKind::kFloat;
    position_ += 1 + sign;
    digits();
  }
  if (IsNameByte(Peek())) {
    kind = TokenKind::kUnit;
    while (IsNameByte(Peek())) ++position_;
  }
  return Finish(kind, begin);
}

Token Lexer::LexQuoted(uint32_t begin, char quote) {
  ++position_;
  while (position_ < text_.size() && Peek() != '\n' && Peek() != quote) {
    position_ += Peek() == '\\' && Peek(1) != '\n' && size_t{position_} + 1 < text_.size() ? 2 : 1;
  }
  if (Peek() != quote || position_ >= text_.size()) {
    const Token token = Finish(TokenKind::kInvalid, begin);
    emitter_.Emit(token.range, diag::UnterminatedString);
    return token;
  }
  ++position_;
  return Finish(quote == '"' ? TokenKind::kString : TokenKind::kCharacter, begin);
}

// At the quote of `R"delimiter(...)delimiter"`, which ends on its line as every string does.
Token Lexer::LexRawString(uint32_t begin) {
  constexpr size_t kDelimiterBytesMax = 16;
  const size_t line_end = std::min(text_.find('\n', position_), text_.size());
  const std::string_view line = text_.substr(0, line_end);
  const size_t open = line.find_first_of("()\\\" \t", size_t{position_} + 1);
  if (open != std::string_view::npos && line[open] == '(' && open - position_ - 1 <= kDelimiterBytesMax) {
    const std::string_view delimiter = line.substr(size_t{position_} + 1, open - position_ - 1);
    const std::string closer = ")" + std::string(delimiter) + "\"";
    const size_t close = line.find(closer, open);
    if (close != std::string_view::npos) {
      position_ = static_cast<uint32_t>(close + closer.size());
      return Finish(TokenKind::kRawString, begin);
    }
  }
  position_ = static_cast<uint32_t>(line_end);
  const Token token = Finish(TokenKind::kInvalid, begin);
  emitter_.Emit(token.range, diag::UnterminatedString);
  return token;
}

Token Lexer::LexSign(uint32_t begin) {
  const char c = Peek();
  ++position_;
  switch (c) {
    case '{':
      return Finish(TokenKind::kLeftBrace, begin);
    case '}':
      return Finish(TokenKind::kRightBrace, begin);
    case '(':
      return Finish(TokenKind::kLeftParen, begin);
    case ')':
      return Finish(TokenKind::kRightParen, begin);
    case '[':
      return Finish(TokenKind::kLeftBracket, begin);
    case ']':
      return Finish(TokenKind::kRightBracket, begin);
    case '<':
      return Finish(TokenKind::kLess, begin);
    case '>':
      return Finish(TokenKind::kGreater, begin);
    case ';':
      return Finish(TokenKind::kSemicolon, begin);
    case ',':
      return Finish(TokenKind::kComma, begin);
    case '=':
      return Finish(TokenKind::kEqual, begin);
    case ':':
      return Finish(TokenKind::kColon, begin);
    case '.':
      return Finish(TokenKind::kDot, begin);
    case '-':
      if (Peek() != '>') return Finish(TokenKind::kMinus, begin);
      ++position_;
      return Finish(TokenKind::kArrow, begin);
    case '!':
    case '%':
    case '&':
    case '*':
    case '+':
    case '/':
    case '?':
    case '^':
    case '|':
    case '~':
      return Finish(TokenKind::kOperator, begin);
    default:
      break;
  }
  // A run of the same strange character is one mistake.
  while (position_ < text_.size() && Peek() == c) ++position_;
  const Token token = Finish(TokenKind::kInvalid, begin);
  emitter_.Emit(token.range, diag::UnexpectedCharacter, DescribeCharacter(c));
  return token;
}

}  // namespace onager::idl
