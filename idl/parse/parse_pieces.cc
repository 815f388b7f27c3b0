#include <algorithm>
#include <limits>

#include "idl/parse/parse.h"
#include "idl/parse/parser.h"

namespace onager::idl {
namespace {

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
  // The lexer has complained; that nothing is called so is no second mistake.
  const bool ascii = std::all_of(token.text.begin(), token.text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) file_.skipped_names.insert(token.text);
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
  bool ok = !tokens_.At(TokenKind::kLeftBracket) || ParseAnnotations(parameter.annotations);
  if (ok && tokens_.Accept(TokenKind::kEqual)) {
    ok = ParseValue(ValueEnd::kParameter, parameter.default_value.emplace());
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
    ok = ParseValue(ValueEnd::kAnnotation, annotation.value.emplace());
  } else if (tokens_.At(TokenKind::kLeftParen)) {
    ok = ParseArguments(annotation);
  }
  annotation.range = Span(annotation.name.range, tokens_.last_range());
  // `key id`: the caller reports what stands there; the form of the rest is then no second mistake.
  const bool ends = tokens_.At(TokenKind::kComma) || tokens_.At(TokenKind::kRightBracket);
  if (!ends && !annotation.value.has_value()) annotation.value.emplace();
  out.push_back(std::move(annotation));
  return ok;
}

bool Parser::ParseArguments(ast::Annotation& out) {
  out.arguments.emplace();
  tokens_.Advance();
  do {
    ast::Argument& argument = out.arguments->emplace_back();
    if (tokens_.Peek(1).Is(TokenKind::kEqual)) {
      if (!ParseName("the name of an argument", argument.name)) return false;
      tokens_.Advance();
    }
    if (!ParseValue(ValueEnd::kParameter, argument.value)) return false;
  } while (tokens_.Accept(TokenKind::kComma));
  if (tokens_.Accept(TokenKind::kRightParen)) return true;
  tokens_.ReportExpected("`,` or `)`");
  return false;
}

}  // namespace onager::idl
