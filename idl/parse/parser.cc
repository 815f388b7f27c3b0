#include "idl/parse/parser.h"

#include <array>
#include <string>
#include <utility>

#include "idl/diagnostics/near_name.h"

namespace onager::idl {
namespace {

constexpr std::array kFileKeywords = {Keyword::kPackage, Keyword::kImport, Keyword::kStruct,
                                      Keyword::kEnum,    Keyword::kError,  Keyword::kActor};

// How protobuf and C++ begin what is said otherwise here.
struct OtherWord {
  std::string_view word;
  std::string_view advice;
  Keyword means = Keyword::kNone;
};
constexpr OtherWord kOtherWords[] = {
    {"syntax", "leave the line out"},
    {"edition", "leave the line out"},
    {"option", "annotations stand in `[` `]` behind what they are about"},
    {"message", "write `struct`", Keyword::kStruct},
    {"class", "write `struct`", Keyword::kStruct},
    {"namespace", "write `package name;` at the beginning of the file"},
    {"service", "write `actor Name(string id) { ... }`"},
    {"interface", "write `actor Name(string id) { ... }`"},
};

}  // namespace

ast::File ParseFile(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter) {
  return Parser(sources, file, emitter).Parse();
}

Parser::Parser(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter)
    : sources_(sources), file_id_(file), emitter_(emitter), tokens_(sources, file, emitter) {}

ast::File Parser::Parse() {
  const size_t errors_before = emitter_.error_count();
  while (!tokens_.At(TokenKind::kEndOfFile) && !emitter_.full()) {
    const size_t before = tokens_.position();
    tokens_.BeginStatement();
    ParseTopLevel();
    if (tokens_.position() == before) Skip(SkippedNames::kRemember);
  }
  // After a syntax error a comment may have lost its declaration only by the skipping.
  if (emitter_.error_count() == errors_before) {
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
  for (const OtherWord& other : kOtherWords) {
    if (tokens_.Peek().text != other.word || !tokens_.At(TokenKind::kIdentifier)) continue;
    emitter_.Emit(tokens_.Peek().range, diag::OtherLanguage, other.word, other.advice);
    if (other.means != Keyword::kNone && tokens_.Peek(1).Is(TokenKind::kIdentifier))
      return ParseDeclaration(other.means);
    Skip(SkippedNames::kForget);
    return SkipStatement(SkippedNames::kRemember);
  }
  const Keyword guess =
      GuessKeyword(kFileKeywords, "`package`, `import`, `struct`, `enum`, `error` or `actor`");
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
    case Keyword::kImport:
      return ParseImport();
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

void Parser::ParseStruct() {
  ast::Struct out;
  out.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the struct", out.name)) return SkipToDeclaration();
  const bool ok = !tokens_.At(TokenKind::kLeftBracket) || ParseAnnotations(out.annotations);
  if (ok || tokens_.At(TokenKind::kLeftBrace)) {
    ParseBlock(Block::kMembers, [&] { ParseMember(out.members); });
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
    ParseBlock(Block::kMembers, [&] { ParseMember(out.members); });
  }
  file_.declarations.emplace_back(std::move(out));
}

void Parser::ParseMember(ast::Members& out) {
  if (tokens_.At(Keyword::kOneof) && !tokens_.Peek(2).Is(TokenKind::kEqual)) return ParseOneof(out);
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
  const bool is_repeated = tokens_.Peek().text == "repeated";
  const bool is_other = ReportOtherLanguage();
  if (!ParseType(0, field.type) || !ParseName("the name of the field", field.name)) return damage();
  if (is_other && is_repeated) {
    ast::TypeRef list;
    list.name = ast::Name{"list", field.type.range};
    list.range = field.type.range;
    list.arguments.push_back(std::exchange(field.type, ast::TypeRef()));
    field.type = std::move(list);
  }
  // `privat string name`: the first word is the mistake, or the second is one too many.
  if (tokens_.At(TokenKind::kIdentifier)) file_.skipped_names.insert(field.type.name.text);
  bool ok = tokens_.Expect(TokenKind::kEqual) && ParseInteger(field.number);
  if (ok && tokens_.At(TokenKind::kLeftBracket)) ok = ParseAnnotations(field.annotations);
  out.fields.push_back(std::move(field));
  EndStatement(ok);
}

// A field that begins as protobuf's do: reports that and reads over the word.
bool Parser::ReportOtherLanguage() {
  const Token word = tokens_.Peek();
  const bool is_label = word.text == "repeated" || word.text == "required" || word.text == "singular";
  const TokenKind third = tokens_.Peek(2).kind;
  const bool is_type =
      tokens_.Peek(1).Is(TokenKind::kIdentifier) &&
      (third == TokenKind::kIdentifier || third == TokenKind::kLess || third == TokenKind::kDot);
  if (!is_label || !is_type) return false;
  const std::string list = "write `list<" + std::string(tokens_.Peek(1).text) + ">`";
  emitter_.Emit(word.range, diag::OtherLanguage, word.text,
                word.text == "repeated" ? std::string_view(list)
                                        : "what is not `optional` is always there, so leave it out");
  tokens_.Advance();
  return true;
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
