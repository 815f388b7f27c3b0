#include <utility>

#include "idl/parse/parser.h"

namespace onager::idl {

bool Parser::OpenBlock(SourceRange& open) {
  if (!tokens_.At(TokenKind::kLeftBrace)) {
    tokens_.ReportExpected("`{`");
    open = SourceRange{file_id_, 0, 0};
    // Whatever else stands on the line belongs to the same mistake.
    while (!tokens_.Peek().starts_line && !tokens_.At(TokenKind::kLeftBrace) &&
           !tokens_.At(TokenKind::kRightBrace) && !tokens_.At(TokenKind::kSemicolon) &&
           !tokens_.At(TokenKind::kEndOfFile)) {
      Skip(SkippedNames::kRemember);
    }
    if (tokens_.Accept(TokenKind::kSemicolon) || tokens_.At(TokenKind::kEndOfFile)) return false;
    if (!tokens_.At(TokenKind::kLeftBrace)) return true;  // as if it stood there
  }
  open = tokens_.Advance().range;
  return true;
}

// Whether something begins here that can only stand outside of `block`: then a `}` is missing.
bool Parser::AtForeignDeclaration(Block block) {
  const Keyword keyword = tokens_.Peek().keyword;
  if (block == Block::kFile || keyword == Keyword::kNone) return false;
  const Token& next = tokens_.Peek(1);
  const TokenKind third = tokens_.Peek(2).kind;
  if (keyword == Keyword::kImport) {
    return next.Is(TokenKind::kString) || (next.Is(Keyword::kCpp) && third == TokenKind::kString);
  }
  const bool named = next.Is(TokenKind::kIdentifier);
  const bool opens = named && (third == TokenKind::kLeftBrace || third == TokenKind::kLeftBracket);
  if (keyword == Keyword::kError) return named && third == TokenKind::kColon;
  if (keyword == Keyword::kActor) return named && third == TokenKind::kLeftParen;
  if (keyword == Keyword::kStruct || keyword == Keyword::kEnum) {
    if (block == Block::kCppFields) return named;
    return opens && block != Block::kCpp;
  }
  if (keyword == Keyword::kFunction) return named && block == Block::kCppFields;
  if (keyword == Keyword::kOneof) return opens && block == Block::kOneof;
  // A field of the state may be called so, and a view name it.
  if (block == Block::kView && keyword == Keyword::kState) return false;
  return block != Block::kActor && AtActorMember();
}

// Reads a struct or an enum within the fields of another, as C++ and protobuf have them. Returns false when
// there is none, or when it rather shows that a `}` is missing before it, since nothing of the block follows.
bool Parser::ParseNested(Block block) {
  const bool is_enum = tokens_.At(Keyword::kEnum);
  if (in_nested_ || block != Block::kMembers || !(is_enum || tokens_.At(Keyword::kStruct))) return false;
  const SourceRange keyword = tokens_.Peek().range;
  in_nested_ = true;
  const Block outer = std::exchange(block_, Block::kFile);
  is_enum ? ParseEnum() : ParseStruct();
  block_ = outer;
  in_nested_ = false;
  if (tokens_.At(TokenKind::kEndOfFile) || AtForeignDeclaration(block)) return false;
  emitter_.Emit(keyword, diag::NestedDeclaration, is_enum ? "an enum" : "a struct");
  return true;
}

// Whether a member of an actor begins here, and not a field of a type that is called like its keyword.
bool Parser::AtActorMember() {
  const Keyword keyword = tokens_.Peek().keyword;
  if (keyword == Keyword::kNone) return false;
  const Token& next = tokens_.Peek(1);
  const TokenKind third = tokens_.Peek(2).kind;
  if (keyword == Keyword::kState) return next.Is(TokenKind::kLeftBrace);
  if (keyword == Keyword::kVersion || keyword == Keyword::kMigrate) {
    return next.Is(TokenKind::kInteger) && third == TokenKind::kSemicolon;
  }
  if (!next.Is(TokenKind::kIdentifier)) return false;
  const bool opens = third == TokenKind::kLeftBrace || third == TokenKind::kLeftBracket;
  const bool takes = third == TokenKind::kLeftParen;
  // A field has a number behind its `=`.
  const auto assigns = [&] {
    return third == TokenKind::kEqual && !tokens_.Peek(3).Is(TokenKind::kInteger) &&
           !tokens_.Peek(3).Is(TokenKind::kMinus);
  };
  switch (keyword) {
    case Keyword::kRpc:
    case Keyword::kReminder:
      return takes;
    case Keyword::kEvent:
      return opens;
    case Keyword::kView:
      return opens || takes;
    case Keyword::kFilter:
      return takes || assigns();
    case Keyword::kTimer:
      return assigns();
    default:
      return false;
  }
}

// Whether the token, the first of its line, probably begins a statement of the block.
bool Parser::AtStatementStart() {
  const Token& token = tokens_.Peek();
  if (!token.Is(TokenKind::kIdentifier) || token.Is(Keyword::kThrows)) return false;
  const Token& next = tokens_.Peek(1);
  const TokenKind third = tokens_.Peek(2).kind;
  if (AtForeignDeclaration(block_) || (block_ == Block::kActor && AtActorMember())) return true;
  if (tokens_.bracket_depth() > 0) return false;
  if (block_ == Block::kView) {
    return next.Is(TokenKind::kSemicolon) || next.Is(TokenKind::kLeftBrace) || next.Is(Keyword::kWhere);
  }
  const bool assigns = block_ == Block::kEnum || block_ == Block::kCppFields;
  if (assigns && next.Is(TokenKind::kEqual)) return true;
  if (token.Is(Keyword::kReserved) && (next.Is(TokenKind::kInteger) || next.Is(TokenKind::kString)))
    return true;
  return next.Is(TokenKind::kIdentifier) || (next.Is(TokenKind::kLess) && third == TokenKind::kIdentifier);
}

// Reads the `;` of a statement that was `ok`, or leaves one that was not.
void Parser::EndStatement(bool ok) {
  if (ok && tokens_.Accept(TokenKind::kSemicolon)) return;
  if (ok) {
    tokens_.ReportExpected("`;`");
    // A forgotten `;` at the end of a line hides nothing of the next one.
    if (tokens_.Peek().starts_line && !tokens_.At(TokenKind::kInvalid)) return;
  }
  SkipStatement(SkippedNames::kRemember);
}

// Skips to behind the `;` or the block that ends the statement, or to where the next one seems to begin.
void Parser::SkipStatement(SkippedNames names) {
  while (!tokens_.At(TokenKind::kEndOfFile) && !tokens_.At(TokenKind::kRightBrace)) {
    if (tokens_.Accept(TokenKind::kSemicolon)) return;
    if (tokens_.At(TokenKind::kLeftBrace)) {
      SkipBraces(names);
      tokens_.Accept(TokenKind::kSemicolon);
      return;
    }
    if (tokens_.Peek().starts_line && AtStatementStart()) return;
    Skip(names);
  }
}

// Skips a block with all that is in it, without recursion; gives up where a declaration begins a line.
void Parser::SkipBraces(SkippedNames names) {
  size_t depth = 0;
  while (!tokens_.At(TokenKind::kEndOfFile)) {
    if (depth > 0 && tokens_.Peek().starts_line && AtForeignDeclaration(Block::kActor)) return;
    if (tokens_.At(TokenKind::kLeftBrace)) ++depth;
    if (tokens_.At(TokenKind::kRightBrace)) --depth;
    Skip(names);
    if (depth == 0) return;
  }
}

// Skips to the next line that begins a declaration of the file.
void Parser::SkipToDeclaration() {
  while (!tokens_.At(TokenKind::kEndOfFile)) {
    if (tokens_.Peek().starts_line) {
      switch (tokens_.Peek().keyword) {
        case Keyword::kStruct:
        case Keyword::kEnum:
        case Keyword::kError:
        case Keyword::kActor:
        case Keyword::kPackage:
          if (tokens_.Peek(1).Is(TokenKind::kIdentifier)) return;
          break;
        case Keyword::kImport:
          return;
        default:
          break;
      }
    }
    Skip(SkippedNames::kRemember);
  }
}

void Parser::Skip(SkippedNames names) {
  const Token token = tokens_.Advance();
  if (names == SkippedNames::kRemember && token.Is(TokenKind::kIdentifier)) {
    file_.skipped_names.insert(token.text);
  }
}

}  // namespace onager::idl
