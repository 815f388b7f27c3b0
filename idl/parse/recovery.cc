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
  if (block == Block::kFile || tokens_.Peek().keyword == Keyword::kNone) return false;
  const Keyword keyword = tokens_.Peek().keyword;
  if (!tokens_.Peek(1).Is(TokenKind::kIdentifier)) {
    const bool state = keyword == Keyword::kState && tokens_.Peek(1).Is(TokenKind::kLeftBrace);
    return state && block != Block::kActor;
  }
  const TokenKind third = tokens_.Peek(2).kind;
  const bool opens = third == TokenKind::kLeftBrace || third == TokenKind::kLeftBracket;
  if (keyword == Keyword::kStruct || keyword == Keyword::kEnum) return opens;
  if (keyword == Keyword::kError) return third == TokenKind::kColon;
  if (keyword == Keyword::kActor) return third == TokenKind::kLeftParen;
  if (block == Block::kActor) return false;
  if (keyword == Keyword::kRpc) return third == TokenKind::kLeftParen;
  return block == Block::kOneof && keyword == Keyword::kOneof && opens;
}

// Whether the token, the first of its line, probably begins a statement of the block.
bool Parser::AtStatementStart() {
  const Token& token = tokens_.Peek();
  if (!token.Is(TokenKind::kIdentifier) || token.Is(Keyword::kThrows)) return false;
  const Token& next = tokens_.Peek(1);
  const TokenKind third = tokens_.Peek(2).kind;
  if (token.Is(Keyword::kRpc) && next.Is(TokenKind::kIdentifier) && third == TokenKind::kLeftParen)
    return true;
  if (AtForeignDeclaration(block_)) return true;
  if (tokens_.bracket_depth() > 0) return false;
  if (block_ == Block::kEnum && next.Is(TokenKind::kEqual)) return true;
  if (token.Is(Keyword::kState) && next.Is(TokenKind::kLeftBrace)) return true;
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
