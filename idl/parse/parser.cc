#include "idl/parse/parser.h"

#include <array>

#include "idl/diagnostics/near_name.h"
#include "idl/parse/parse.h"

namespace onager::idl {
namespace {

constexpr std::array kFileKeywords = {Keyword::kPackage, Keyword::kImport, Keyword::kStruct,
                                      Keyword::kEnum,    Keyword::kError,  Keyword::kActor};
constexpr std::array kActorKeywords = {Keyword::kState,    Keyword::kRpc,     Keyword::kEvent,
                                       Keyword::kFilter,   Keyword::kView,    Keyword::kTimer,
                                       Keyword::kReminder, Keyword::kVersion, Keyword::kMigrate};

}  // namespace

ast::File ParseFile(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter) {
  return Parser(sources, file, emitter).Parse();
}

Parser::Parser(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter)
    : sources_(sources), file_id_(file), emitter_(emitter), tokens_(sources, file, emitter) {}

ast::File Parser::Parse() {
  while (!tokens_.At(TokenKind::kEndOfFile) && !emitter_.full()) {
    const size_t before = tokens_.position();
    tokens_.BeginStatement();
    ParseTopLevel();
    if (tokens_.position() == before) Skip(SkippedNames::kRemember);
  }
  // After a syntax error a comment may have lost its declaration only by the skipping.
  if (!emitter_.has_errors()) {
    for (const SourceRange& doc : tokens_.unused_docs()) emitter_.Emit(doc, diag::MisplacedDocComment);
    const SourceRange last = tokens_.Peek().doc;
    if (!last.empty()) emitter_.Emit(last, diag::MisplacedDocComment);
  }
  return std::move(file_);
}

void Parser::ParseTopLevel() {
  if (tokens_.Accept(TokenKind::kSemicolon)) return;
  if (tokens_.At(TokenKind::kRightBrace)) {
    emitter_.Emit(tokens_.Advance().range, diag::UnexpectedBrace);
    return;
  }
  for (const Keyword keyword : kFileKeywords) {
    if (tokens_.At(keyword)) return ParseDeclaration(keyword);
  }
  const Keyword guess = GuessKeyword(kFileKeywords, "`package`, `struct`, `enum`, `error` or `actor`");
  if (guess != Keyword::kNone) return ParseDeclaration(guess);
  SkipToDeclaration();
}

// Reports that none of the keywords stands here. When one is nearly spelled and a name follows, offers and
// returns it, so that what follows can be read as what it was meant to be.
Keyword Parser::GuessKeyword(std::span<const Keyword> candidates, std::string_view expected) {
  const Token token = tokens_.Peek();
  if (!token.Is(TokenKind::kIdentifier) ||
      !(tokens_.Peek(1).Is(TokenKind::kIdentifier) || tokens_.Peek(1).Is(TokenKind::kLeftBrace))) {
    tokens_.ReportExpected(expected);
    return Keyword::kNone;
  }
  std::vector<std::string_view> texts;
  for (const Keyword keyword : candidates) texts.push_back(KeywordText(keyword));
  const std::string_view nearest = NearestName(token.text, texts);
  emitter_.Emit(token.range, diag::Expected, expected, "`" + std::string(token.text) + "`")
      .Suggest(token.range, nearest);
  return KeywordFromText(nearest);
}

void Parser::ParseDeclaration(Keyword keyword) {
  switch (keyword) {
    case Keyword::kPackage:
      return ParsePackage();
    case Keyword::kImport: {
      const Token& next = tokens_.Peek(1);
      const bool cpp = next.Is(TokenKind::kIdentifier) && next.text == "cpp";
      return ParseUnsupported(cpp ? ast::Feature::kImportCpp : ast::Feature::kImport, file_.unsupported);
    }
    case Keyword::kStruct:
      return ParseStruct();
    case Keyword::kEnum:
      return ParseEnum();
    case Keyword::kError:
      return ParseError();
    default:
      return ParseActor();
  }
}

void Parser::ParsePackage() {
  ast::Package& package = file_.packages.emplace_back();
  package.doc = tokens_.TakeDoc();
  package.keyword_range = tokens_.Advance().range;
  EndStatement(ParseQualifiedName("the name of the package", package.name));
}

void Parser::ParseUnsupported(ast::Feature feature, std::vector<ast::Unsupported>& out) {
  tokens_.TakeDoc();
  out.push_back(ast::Unsupported{feature, tokens_.Advance().range});
  SkipStatement(SkippedNames::kForget);
}

void Parser::ParseStruct() {
  ast::Struct out;
  out.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the struct", out.name)) return SkipToDeclaration();
  const bool ok = !tokens_.At(TokenKind::kLeftBracket) || ParseAnnotations(out.annotations);
  if (ok || tokens_.At(TokenKind::kLeftBrace)) {
    ParseBlock(Block::kMembers, [&] { ParseMember(out.members, Block::kMembers); });
  } else {
    SkipStatement(SkippedNames::kRemember);
  }
  file_.declarations.emplace_back(std::move(out));
}

void Parser::ParseEnum() {
  ast::Enum out;
  out.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the enum", out.name)) return SkipToDeclaration();
  if (tokens_.At(TokenKind::kLeftBracket)) out.damaged = !ParseAnnotations(out.annotations);
  if (!ParseBlock(Block::kEnum, [&] { ParseEnumValue(out); })) out.damaged = true;
  file_.declarations.emplace_back(std::move(out));
}

void Parser::ParseEnumValue(ast::Enum& out) {
  if (tokens_.At(Keyword::kReserved) && !tokens_.Peek(1).Is(TokenKind::kEqual)) {
    return ParseReserved(out.reserved_numbers, out.reserved_names);
  }
  ast::EnumValue value;
  value.doc = tokens_.TakeDoc();
  if (!ParseName("the name of a value", value.name)) {
    out.damaged = true;
    return SkipStatement(SkippedNames::kRemember);
  }
  bool ok = tokens_.Expect(TokenKind::kEqual) && ParseInteger(value.number);
  if (ok && tokens_.At(TokenKind::kLeftBracket)) ok = ParseAnnotations(value.annotations);
  out.values.push_back(std::move(value));
  EndStatement(ok);
}

void Parser::ParseError() {
  ast::Error out;
  out.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the error", out.name)) return SkipToDeclaration();
  if (!tokens_.Accept(TokenKind::kColon)) {
    tokens_.ReportExpected("`:` and a status code, such as `: NOT_FOUND`");
    if (tokens_.At(TokenKind::kIdentifier)) tokens_.Advance();
  } else {
    ast::Name code;
    if (ParseName("a status code", code)) out.code = code;
  }
  const bool ok = !tokens_.At(TokenKind::kLeftBracket) || ParseAnnotations(out.annotations);
  if (!ok && !tokens_.At(TokenKind::kLeftBrace)) {
    SkipStatement(SkippedNames::kRemember);
  } else if (tokens_.At(TokenKind::kSemicolon)) {
    tokens_.Advance();  // an error without fields
  } else {
    ParseBlock(Block::kMembers, [&] { ParseMember(out.members, Block::kMembers); });
  }
  file_.declarations.emplace_back(std::move(out));
}

void Parser::ParseActor() {
  ast::Actor out;
  out.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the actor", out.name)) return SkipToDeclaration();
  bool ok = true;
  if (tokens_.Accept(TokenKind::kLeftParen)) {
    ok = ParseParameters(out.key);
  } else {
    tokens_.ReportExpected("`(` and the key of the actor");
    ok = false;
  }
  out.damaged_key = !ok;
  if (ok && tokens_.At(TokenKind::kLeftBracket)) ok = ParseAnnotations(out.annotations);
  // The block is worth reading also when the head was not.
  while (!ok && !tokens_.At(TokenKind::kLeftBrace) && !tokens_.At(TokenKind::kEndOfFile) &&
         !tokens_.At(TokenKind::kRightBrace) && !tokens_.At(TokenKind::kSemicolon)) {
    Skip(SkippedNames::kRemember);
  }
  if (ok || tokens_.At(TokenKind::kLeftBrace)) {
    ParseBlock(Block::kActor, [&] { ParseActorMember(out); });
  }
  file_.declarations.emplace_back(std::move(out));
}

void Parser::ParseActorMember(ast::Actor& out) {
  const auto parse = [&](Keyword keyword) {
    switch (keyword) {
      case Keyword::kState:
        return ParseState(out);
      case Keyword::kRpc:
        return ParseMethod(out);
      case Keyword::kEvent:
        return ParseUnsupported(ast::Feature::kEvent, out.unsupported);
      case Keyword::kFilter:
        return ParseUnsupported(ast::Feature::kFilter, out.unsupported);
      case Keyword::kView:
        return ParseUnsupported(ast::Feature::kView, out.unsupported);
      case Keyword::kTimer:
        return ParseUnsupported(ast::Feature::kTimer, out.unsupported);
      case Keyword::kReminder:
        return ParseUnsupported(ast::Feature::kReminder, out.unsupported);
      case Keyword::kVersion:
        return ParseUnsupported(ast::Feature::kVersion, out.unsupported);
      case Keyword::kMigrate:
        return ParseUnsupported(ast::Feature::kMigrate, out.unsupported);
      default:
        // The first token looks like the beginning of a statement, but is the one that is wrong.
        if (!tokens_.At(TokenKind::kLeftBrace)) Skip(SkippedNames::kRemember);
        return SkipStatement(SkippedNames::kRemember);
    }
  };
  for (const Keyword keyword : kActorKeywords) {
    if (tokens_.At(keyword)) return parse(keyword);
  }
  parse(GuessKeyword(kActorKeywords, "`state`, `rpc` or `}`"));
}

void Parser::ParseState(ast::Actor& out) {
  ast::State state;
  tokens_.TakeDoc();
  state.keyword_range = tokens_.Advance().range;
  ParseBlock(Block::kState, [&] { ParseMember(state.members, Block::kState); });
  out.states.push_back(std::move(state));
}

void Parser::ParseMethod(ast::Actor& out) {
  ast::Method method;
  method.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the method", method.name)) return SkipStatement(SkippedNames::kRemember);
  const bool ok = ParseMethodTail(method);
  out.methods.push_back(std::move(method));
  EndStatement(ok);
}

bool Parser::ParseMethodTail(ast::Method& out) {
  if (!tokens_.Expect(TokenKind::kLeftParen) || !ParseParameters(out.parameters)) return false;
  if (tokens_.Accept(TokenKind::kArrow)) {
    ast::TypeRef result;
    if (!ParseType(0, result)) return false;
    out.result = std::move(result);
  }
  if (tokens_.Accept(Keyword::kThrows)) {
    do {
      ast::Name error;
      if (!ParseQualifiedName("the name of an error", error)) return false;
      out.throws.push_back(error);
    } while (tokens_.Accept(TokenKind::kComma));
  }
  return !tokens_.At(TokenKind::kLeftBracket) || ParseAnnotations(out.annotations);
}

void Parser::ParseMember(ast::Members& out, Block block) {
  if (tokens_.At(Keyword::kOneof) && !tokens_.Peek(2).Is(TokenKind::kEqual)) {
    if (block != Block::kOneof) return ParseOneof(out);
  }
  const bool field_of_type_reserved =
      tokens_.Peek(1).Is(TokenKind::kIdentifier) && tokens_.Peek(2).Is(TokenKind::kEqual);
  if (tokens_.At(Keyword::kReserved) && !field_of_type_reserved) {
    return ParseReserved(out.reserved_numbers, out.reserved_names);
  }
  ParseField(out, std::nullopt);
}

void Parser::ParseField(ast::Members& out, std::optional<uint32_t> oneof) {
  ast::Field field;
  field.oneof = oneof;
  field.doc = tokens_.TakeDoc();
  const auto damage = [&] {
    if (oneof.has_value()) out.oneofs[*oneof].damaged = true;
    SkipStatement(SkippedNames::kRemember);
  };
  if (tokens_.At(Keyword::kPrivate) && tokens_.Peek(1).Is(TokenKind::kIdentifier) &&
      !tokens_.Peek(2).Is(TokenKind::kEqual)) {
    field.private_range = tokens_.Advance().range;
  }
  if (!ParseType(0, field.type) || !ParseName("the name of the field", field.name)) return damage();
  bool ok = tokens_.Expect(TokenKind::kEqual) && ParseInteger(field.number);
  if (ok && tokens_.At(TokenKind::kLeftBracket)) ok = ParseAnnotations(field.annotations);
  out.fields.push_back(std::move(field));
  EndStatement(ok);
}

void Parser::ParseOneof(ast::Members& out) {
  ast::Oneof oneof;
  oneof.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the oneof", oneof.name)) return SkipStatement(SkippedNames::kRemember);
  if (tokens_.At(TokenKind::kLeftBracket) && !ParseAnnotations(oneof.annotations)) oneof.damaged = true;
  const auto index = static_cast<uint32_t>(out.oneofs.size());
  out.oneofs.push_back(std::move(oneof));
  if (!ParseBlock(Block::kOneof, [&] { ParseField(out, index); })) out.oneofs[index].damaged = true;
}

void Parser::ParseReserved(std::vector<ast::ReservedNumbers>& numbers, std::vector<ast::Name>& names) {
  tokens_.Advance();
  bool ok = true;
  do {
    ok = ParseReservedItem(numbers, names);
  } while (ok && tokens_.Accept(TokenKind::kComma));
  EndStatement(ok);
}

bool Parser::ParseReservedItem(std::vector<ast::ReservedNumbers>& numbers, std::vector<ast::Name>& names) {
  if (tokens_.At(TokenKind::kString)) {
    const Token name = tokens_.Advance();
    names.push_back(ast::Name{name.text, name.range});
    return true;
  }
  if (!tokens_.At(TokenKind::kInteger) && !tokens_.At(TokenKind::kMinus)) {
    tokens_.ReportExpected("a number or a name in quotes");
    return false;
  }
  std::optional<ast::Integer> first;
  if (!ParseInteger(first)) return false;
  if (!first.has_value()) return true;
  std::optional<ast::Integer> last = first;
  bool to_max = false;
  if (tokens_.Accept(Keyword::kTo)) {
    to_max = tokens_.Accept(Keyword::kMax);
    if (!to_max && !ParseInteger(last)) return false;
    if (!last.has_value()) return true;
  }
  numbers.push_back(ast::ReservedNumbers{*first, *last, to_max, Span(first->range, tokens_.last_range())});
  return true;
}

}  // namespace onager::idl
