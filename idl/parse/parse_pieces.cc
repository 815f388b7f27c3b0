#include <limits>

#include "idl/parse/parse.h"
#include "idl/parse/parser.h"

namespace onager::idl {
namespace {

// Two of these in a row are never an expression: something is missing between them.
bool IsOperand(const Token& token) {
  switch (token.kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kInteger:
    case TokenKind::kFloat:
    case TokenKind::kUnit:
    case TokenKind::kString:
    case TokenKind::kCharacter:
      return true;
    default:
      return false;
  }
}

ast::Value::Kind KindOfOperand(const Token& token) {
  switch (token.kind) {
    case TokenKind::kIdentifier:
      return ast::Value::Kind::kIdentifier;
    case TokenKind::kInteger:
      return ast::Value::Kind::kInteger;
    case TokenKind::kFloat:
      return ast::Value::Kind::kFloat;
    case TokenKind::kUnit:
      return ast::Value::Kind::kUnit;
    case TokenKind::kString:
      return ast::Value::Kind::kString;
    default:
      return ast::Value::Kind::kExpression;
  }
}

std::optional<uint64_t> DigitValue(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint64_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint64_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint64_t>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

bool Parser::ParseName(std::string_view what, ast::Name& out) {
  if (!tokens_.At(TokenKind::kIdentifier)) {
    tokens_.ReportExpected(what);
    return false;
  }
  const Token token = tokens_.Advance();
  out = ast::Name{token.text, token.range};
  return true;
}

// `a`, `a.b.c`; `a::b` is the same to the grammar.
bool Parser::ParseQualifiedName(std::string_view what, ast::Name& out) {
  ast::Name part;
  if (!ParseName(what, part)) return false;
  SourceRange range = part.range;
  while (true) {
    if (tokens_.At(TokenKind::kColon) && tokens_.Peek(1).Is(TokenKind::kColon)) {
      tokens_.Advance();
      tokens_.Advance();
    } else if (!tokens_.Accept(TokenKind::kDot)) {
      break;
    }
    if (!ParseName("a name", part)) return false;
    range = Span(range, part.range);
  }
  out = ast::Name{sources_.Text(range), range};
  return true;
}

bool Parser::ParseType(int depth, ast::TypeRef& out) {
  if (depth >= kTypeNestingMax) {
    emitter_.Emit(tokens_.Peek().range, diag::NestingTooDeep, kTypeNestingMax);
    return false;
  }
  if (tokens_.At(Keyword::kOptional) && tokens_.Peek(1).Is(TokenKind::kIdentifier) &&
      !tokens_.Peek(2).Is(TokenKind::kEqual)) {
    const Token optional = tokens_.Advance();
    out.name = ast::Name{optional.text, optional.range};
    if (!ParseType(depth + 1, out.arguments.emplace_back())) return false;
    out.range = Span(optional.range, tokens_.last_range());
    return true;
  }
  if (!ParseQualifiedName("a type", out.name)) return false;
  if (tokens_.Accept(TokenKind::kLess)) {
    do {
      if (!ParseType(depth + 1, out.arguments.emplace_back())) return false;
    } while (tokens_.Accept(TokenKind::kComma));
    if (!tokens_.Accept(TokenKind::kGreater)) {
      tokens_.ReportExpected("`,` or `>`");
      return false;
    }
  }
  out.range = Span(out.name.range, tokens_.last_range());
  return true;
}

// Leaves `out` empty and returns true when the number is one, though not a legal one.
bool Parser::ParseInteger(std::optional<ast::Integer>& out) {
  out.reset();
  std::optional<Token> minus;
  if (tokens_.At(TokenKind::kMinus)) minus = tokens_.Advance();
  if (!tokens_.At(TokenKind::kInteger)) {
    tokens_.ReportExpected(DescribeTokenKind(TokenKind::kInteger));
    return false;
  }
  const Token token = tokens_.Advance();
  out = ToInteger(token);
  if (out.has_value() && minus.has_value()) {
    out->negative = true;
    out->range = Span(minus->range, token.range);
    out->text = sources_.Text(out->range);
  }
  return true;
}

std::optional<ast::Integer> Parser::ToInteger(const Token& token) {
  ast::Integer integer;
  integer.range = token.range;
  integer.text = token.text;
  std::string_view digits = token.text;
  uint64_t base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    digits.remove_prefix(2);
    base = 16;
  } else if (digits.size() > 1 && digits.front() == '0') {
    emitter_.Emit(token.range, diag::InvalidNumber, token.text, "a leading 0 would make it octal in C++");
    return std::nullopt;
  }
  bool any = false;
  for (const char c : digits) {
    if (c == '\'') continue;
    const std::optional<uint64_t> digit = DigitValue(c);
    if (!digit.has_value() || *digit >= base) {
      any = false;
      break;
    }
    any = true;
    constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
    if (integer.magnitude > (kMax - *digit) / base) {
      integer.overflow = true;
    } else {
      integer.magnitude = integer.magnitude * base + *digit;
    }
  }
  if (!any) {
    emitter_.Emit(token.range, diag::InvalidNumber, token.text, "hexadecimal digits are 0 to 9 and a to f");
    return std::nullopt;
  }
  return integer;
}

// Behind the `(`, to behind the `)`.
bool Parser::ParseParameters(std::vector<ast::Parameter>& out) {
  if (tokens_.Accept(TokenKind::kRightParen)) return true;
  do {
    if (!ParseParameter(out)) return false;
  } while (tokens_.Accept(TokenKind::kComma));
  if (tokens_.Accept(TokenKind::kRightParen)) return true;
  tokens_.ReportExpected("`,` or `)`");
  return false;
}

bool Parser::ParseParameter(std::vector<ast::Parameter>& out) {
  ast::Parameter parameter;
  parameter.doc = tokens_.TakeDoc();
  if (!ParseType(0, parameter.type) || !ParseName("the name of the parameter", parameter.name)) return false;
  bool ok = true;
  if (tokens_.Accept(TokenKind::kEqual)) {
    ast::Value value;
    ok = ParseValue(TokenKind::kRightParen, value);
    parameter.default_value = value;
  }
  out.push_back(std::move(parameter));
  return ok;
}

bool Parser::ParseAnnotations(std::vector<ast::Annotation>& out) {
  if (!tokens_.Expect(TokenKind::kLeftBracket)) return false;
  do {
    if (!ParseAnnotation(out)) return false;
  } while (tokens_.Accept(TokenKind::kComma));
  if (tokens_.Accept(TokenKind::kRightBracket)) return true;
  tokens_.ReportExpected("`,` or `]`");
  return false;
}

bool Parser::ParseAnnotation(std::vector<ast::Annotation>& out) {
  ast::Annotation annotation;
  if (!ParseName("the name of an annotation", annotation.name)) return false;
  bool ok = true;
  if (tokens_.Accept(TokenKind::kEqual)) {
    ast::Value value;
    ok = ParseValue(TokenKind::kRightBracket, value);
    annotation.value = value;
  } else if (tokens_.Accept(TokenKind::kLeftParen)) {
    annotation.has_arguments = true;
    do {
      ast::Value value;
      if (tokens_.Peek(1).Is(TokenKind::kEqual)) {
        ast::Name name;
        if (!ParseName("the name of an argument", name)) return false;
        tokens_.Advance();
      }
      if (!ParseValue(TokenKind::kRightParen, value)) return false;
    } while (tokens_.Accept(TokenKind::kComma));
    if (!tokens_.Accept(TokenKind::kRightParen)) {
      tokens_.ReportExpected("`,` or `)`");
      return false;
    }
  }
  annotation.range = Span(annotation.name.range, tokens_.last_range());
  // `key id`: the caller reports what stands there; the form of the rest is then no second mistake.
  const bool ends = tokens_.At(TokenKind::kComma) || tokens_.At(TokenKind::kRightBracket);
  if (!ends && !annotation.value.has_value()) annotation.value.emplace();
  out.push_back(annotation);
  return ok;
}

// Everything up to the `,` or the closer that is outside of brackets. Returns true with kInvalid where the
// caller will report what is missing.
bool Parser::ParseValue(TokenKind closer, ast::Value& out) {
  using Kind = ast::Value::Kind;
  const SourceRange begin = tokens_.Peek().range;
  int depth = 0;
  size_t count = 0;
  bool broken = false;
  Token first;
  Token last;
  while (true) {
    const Token& token = tokens_.Peek();
    if (depth == 0 && (token.Is(TokenKind::kComma) || token.Is(closer))) break;
    broken = token.Is(TokenKind::kSemicolon) || token.Is(TokenKind::kEndOfFile) ||
             token.Is(TokenKind::kInvalid) || (depth == 0 && count > 0 && token.Is(TokenKind::kArrow)) ||
             (count > 0 && IsOperand(last) && IsOperand(token));
    if (broken) break;
    const bool opens = token.Is(TokenKind::kLeftParen) || token.Is(TokenKind::kLeftBracket) ||
                       token.Is(TokenKind::kLeftBrace);
    const bool closes = token.Is(TokenKind::kRightParen) || token.Is(TokenKind::kRightBracket) ||
                        token.Is(TokenKind::kRightBrace);
    broken = (closes && depth == 0) || (token.Is(TokenKind::kLeftBrace) && depth == 0 && token.starts_line);
    if (broken) break;
    depth += opens ? 1 : closes ? -1 : 0;
    last = tokens_.Advance();
    if (count++ == 0) first = last;
  }
  if (count == 0) {
    tokens_.ReportExpected("a value");
    return false;
  }
  out.range = Span(begin, tokens_.last_range());
  out.text = last.text;
  out.negative = first.Is(TokenKind::kMinus);
  const bool operand = IsOperand(last) && (count == 1 || (count == 2 && out.negative));
  out.kind = operand ? KindOfOperand(last) : Kind::kExpression;
  const bool number = out.kind == Kind::kInteger || out.kind == Kind::kFloat || out.kind == Kind::kUnit;
  if (out.negative && !number) out.kind = Kind::kExpression;
  if (out.kind == Kind::kInteger) {
    out.integer = ToInteger(last);
    if (out.integer.has_value()) {
      out.integer->negative = out.negative;
    } else {
      out.kind = Kind::kInvalid;
    }
  }
  if (broken && out.kind == Kind::kExpression) out.kind = Kind::kInvalid;
  return true;
}

}  // namespace onager::idl
