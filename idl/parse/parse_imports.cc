#include <algorithm>
#include <array>

#include "idl/parse/parser.h"

namespace onager::idl {
namespace {

constexpr std::array kCppKeywords = {Keyword::kStruct, Keyword::kEnum, Keyword::kFunction};

}  // namespace

void Parser::ParseImport() {
  tokens_.TakeDoc();
  const Token keyword = tokens_.Advance();
  if (tokens_.Accept(Keyword::kCpp)) return ParseCppImport(keyword);
  ast::Import& import = file_.imports.emplace_back();
  import.keyword_range = keyword.range;
  if (!tokens_.At(TokenKind::kString)) {
    tokens_.ReportExpected("the path of a file in quotes, or `cpp`");
    return EndStatement(false);
  }
  const Token path = tokens_.Advance();
  import.path = ast::Name{path.text, path.range};
  EndStatement(true);
}

// Behind `import cpp`.
void Parser::ParseCppImport(const Token& keyword) {
  ast::CppImport out;
  out.keyword_range = keyword.range;
  if (tokens_.At(TokenKind::kString)) {
    const Token header = tokens_.Advance();
    out.header = ast::Name{header.text, header.range};
  } else if (tokens_.At(TokenKind::kLess) && !tokens_.Peek().starts_line) {
    const SourceRange begin = tokens_.Peek().range;
    while (!tokens_.At(TokenKind::kGreater) && !tokens_.Peek().starts_line &&
           !tokens_.At(TokenKind::kEndOfFile)) {
      tokens_.Advance();
    }
    if (tokens_.Expect(TokenKind::kGreater)) {
      const SourceRange range = Span(begin, tokens_.last_range());
      out.header = ast::Name{sources_.Text(range), range};
    }
  } else {
    tokens_.ReportExpected("the path of a header in quotes");
    while (!tokens_.At(TokenKind::kLeftBrace) && !tokens_.At(TokenKind::kSemicolon) &&
           !tokens_.Peek().starts_line && !tokens_.At(TokenKind::kEndOfFile)) {
      Skip(SkippedNames::kRemember);
    }
  }
  ParseBlock(Block::kCpp, [&] { ParseCppItem(out); });
  file_.cpp_imports.push_back(std::move(out));
}

void Parser::ParseCppItem(ast::CppImport& out) {
  ast::CppItem item;
  item.doc = tokens_.TakeDoc();
  Keyword keyword = tokens_.Peek().keyword;
  const bool known = std::find(kCppKeywords.begin(), kCppKeywords.end(), keyword) != kCppKeywords.end();
  if (!known) keyword = GuessKeyword(kCppKeywords, "`struct`, `enum`, `function` or `}`");
  if (keyword == Keyword::kNone) {
    if (!tokens_.At(TokenKind::kLeftBrace)) Skip(SkippedNames::kRemember);
    return SkipStatement(SkippedNames::kRemember);
  }
  if (keyword == Keyword::kEnum) item.kind = ast::CppItem::Kind::kEnum;
  if (keyword == Keyword::kFunction) item.kind = ast::CppItem::Kind::kFunction;
  tokens_.Advance();
  if (!ParseQualifiedName("a name of C++", item.name)) return SkipStatement(SkippedNames::kRemember);
  if (item.kind == ast::CppItem::Kind::kStruct) {
    if (!ParseBlock(Block::kCppFields, [&] { ParseCppField(item); })) item.damaged = true;
    out.items.push_back(std::move(item));
    return;
  }
  out.items.push_back(std::move(item));
  EndStatement(true);
}

void Parser::ParseCppField(ast::CppItem& out) {
  tokens_.TakeDoc();
  if (tokens_.At(Keyword::kOneof) && tokens_.Peek(1).Is(TokenKind::kIdentifier)) {
    tokens_.Advance();
    ast::Name name;
    (void)ParseName("the name of a field", name);
    const auto index = static_cast<uint32_t>(out.oneofs.size());
    out.oneofs.push_back(name);
    if (!ParseBlock(Block::kCppFields, [&] { ParseCppNumber(index, out); })) out.damaged = true;
    return;
  }
  if (tokens_.At(Keyword::kOmit) && tokens_.Peek(1).Is(TokenKind::kIdentifier)) {
    tokens_.Advance();
    ast::CppField& field = out.fields.emplace_back();
    field.omitted = true;
    return EndStatement(ParseName("the name of a field", field.name));
  }
  ParseCppNumber(std::nullopt, out);
}

// `lat = 1;`
void Parser::ParseCppNumber(std::optional<uint32_t> oneof, ast::CppItem& out) {
  ast::CppField field;
  field.oneof = oneof;
  if (!ParseName("the name of a field", field.name)) {
    out.damaged = true;
    return SkipStatement(SkippedNames::kRemember);
  }
  const bool ok = tokens_.Expect(TokenKind::kEqual) && ParseInteger(field.number);
  out.fields.push_back(field);
  EndStatement(ok);
}

}  // namespace onager::idl
