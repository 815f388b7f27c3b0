#include <algorithm>
#include <array>

#include "idl/parse/parser.h"

namespace onager::idl {
namespace {

using Kind = ast::Value::Kind;

// Two of these in a row are rarely an expression: something is missing between them.
bool IsOperand(const Token& token) {
  switch (token.kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kInteger:
    case TokenKind::kFloat:
    case TokenKind::kUnit:
    case TokenKind::kString:
    case TokenKind::kCharacter:
    case TokenKind::kRawString:
      return true;
    default:
      return false;
  }
}

bool IsString(const Token& token) { return token.Is(TokenKind::kString) || token.Is(TokenKind::kRawString); }

// Words of C++ beside which another operand may stand.
bool IsCppWord(const Token& token) {
  constexpr std::array<std::string_view, 30> kWords = {
      "alignof", "and",   "and_eq",   "auto",   "bitand", "bitor",  "case",   "char",  "class",    "co_await",
      "compl",   "const", "decltype", "delete", "double", "else",   "int",    "long",  "new",      "not",
      "not_eq",  "or",    "or_eq",    "return", "short",  "signed", "sizeof", "throw", "unsigned", "xor"};
  return token.Is(TokenKind::kIdentifier) &&
         std::find(kWords.begin(), kWords.end(), token.text) != kWords.end();
}

// `1 2`, `a b`; but not `"a" "b"`, `not a`, `"a"sv`.
bool NeverAdjacent(const Token& left, const Token& right) {
  return IsOperand(left) && IsOperand(right) && !(IsString(left) && IsString(right)) &&
         left.range.end != right.range.begin && !IsCppWord(left) && !IsCppWord(right);
}

Kind KindOfOperand(const Token& token) {
  switch (token.kind) {
    case TokenKind::kIdentifier:
      return Kind::kIdentifier;
    case TokenKind::kInteger:
      return Kind::kInteger;
    case TokenKind::kFloat:
      return Kind::kFloat;
    case TokenKind::kUnit:
      return Kind::kUnit;
    case TokenKind::kString:
      return Kind::kString;
    default:
      return Kind::kExpression;
  }
}

// What closes the bracket that `kind` opens; kInvalid when it opens none.
TokenKind CloserOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kLeftParen:
      return TokenKind::kRightParen;
    case TokenKind::kLeftBracket:
      return TokenKind::kRightBracket;
    case TokenKind::kLeftBrace:
      return TokenKind::kRightBrace;
    default:
      return TokenKind::kInvalid;
  }
}

bool IsCloser(TokenKind kind) {
  return kind == TokenKind::kRightParen || kind == TokenKind::kRightBracket || kind == TokenKind::kRightBrace;
}

}  // namespace

// Everything up to what ends a value outside of brackets. Returns true with kInvalid where the caller will
// report what is missing.
bool Parser::ParseValue(ValueEnd end, ast::Value& out) {
  const SourceRange begin = tokens_.Peek().range;
  std::vector<TokenKind> open;  // the closers of the brackets that are open
  size_t count = 0;
  Token first;
  Token last;
  bool broken = false;
  while (!EndsValue(end, open)) {
    broken = BreaksValue(end, open, last, count == 0);
    if (broken) break;
    const TokenKind closer = CloserOf(tokens_.Peek().kind);
    if (closer != TokenKind::kInvalid) open.push_back(closer);
    if (IsCloser(tokens_.Peek().kind)) open.pop_back();
    const SourceRange before = last.range;
    last = tokens_.Advance();
    if (count++ == 0) {
      first = last;
    } else if (before.end != last.range.begin) {
      out.code += ' ';
    }
    out.code += last.text;
  }
  if (count == 0) {
    tokens_.ReportExpected(end == ValueEnd::kStatement ? "an expression" : "a value");
    return false;
  }
  out.range = Span(begin, tokens_.last_range());
  FillValue(first, last, count, out);
  if (!broken) return true;
  if (out.kind == Kind::kExpression || end == ValueEnd::kStatement) out.kind = Kind::kInvalid;
  if (open.empty()) return true;
  tokens_.ReportExpected(DescribeTokenKind(open.back()));
  return false;
}

bool Parser::EndsValue(ValueEnd end, const std::vector<TokenKind>& open) {
  if (!open.empty()) return false;
  switch (end) {
    case ValueEnd::kParameter:
      return tokens_.At(TokenKind::kComma) || tokens_.At(TokenKind::kRightParen);
    case ValueEnd::kAnnotation:
      return tokens_.At(TokenKind::kComma) || tokens_.At(TokenKind::kRightBracket);
    case ValueEnd::kStatement:
      return tokens_.At(TokenKind::kSemicolon) || tokens_.At(TokenKind::kRightBrace);
  }
  return true;
}

// Whether the next token cannot belong to the value, though nothing that ends it has come.
bool Parser::BreaksValue(ValueEnd end, const std::vector<TokenKind>& open, const Token& last, bool first) {
  const Token& token = tokens_.Peek();
  if (token.Is(TokenKind::kEndOfFile) || token.Is(TokenKind::kInvalid)) return true;
  if (token.starts_line && (AtActorMember() || AtForeignDeclaration(Block::kActor))) return true;
  if (!open.empty()) {
    // Statements end within the braces of a lambda only.
    if (token.Is(TokenKind::kSemicolon)) return open.back() != TokenKind::kRightBrace;
    return IsCloser(token.kind) && token.kind != open.back();
  }
  if (IsCloser(token.kind) || token.Is(TokenKind::kSemicolon)) return true;
  if (!first && NeverAdjacent(last, token)) return true;
  if (end == ValueEnd::kStatement) return false;
  // `F(int32 a = 1 -> int32` misses a `)`; `p->x` is C++.
  const bool spaced_arrow =
      !first && token.Is(TokenKind::kArrow) && (IsString(last) || last.range.end != token.range.begin);
  return spaced_arrow || (token.Is(TokenKind::kLeftBrace) && token.starts_line);
}

void Parser::FillValue(const Token& first, const Token& last, size_t count, ast::Value& out) {
  out.text = last.text;
  out.negative = first.Is(TokenKind::kMinus);
  const bool operand = IsOperand(last) && (count == 1 || (count == 2 && out.negative));
  out.kind = operand ? KindOfOperand(last) : Kind::kExpression;
  const bool number = out.kind == Kind::kInteger || out.kind == Kind::kFloat || out.kind == Kind::kUnit;
  if (out.negative && !number) out.kind = Kind::kExpression;
  if (out.kind != Kind::kInteger) return;
  out.integer = ToInteger(last);
  if (out.integer.has_value()) {
    out.integer->negative = out.negative;
  } else {
    out.kind = Kind::kInvalid;
  }
}

}  // namespace onager::idl
