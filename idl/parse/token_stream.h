#ifndef ONAGER_IDL_PARSE_TOKEN_STREAM_H_
#define ONAGER_IDL_PARSE_TOKEN_STREAM_H_

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/lex/lexer.h"
#include "idl/lex/token.h"

namespace onager::idl {

// The tokens of a file with a little look-ahead, what was read last, how deep in brackets that was, and
// which doc comments nobody took.
class TokenStream {
 public:
  TokenStream(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter);

  // The token `ahead` places from here, at most three.
  const Token& Peek(size_t ahead = 0);
  Token Advance();

  [[nodiscard]] bool At(TokenKind kind) { return Peek().Is(kind); }
  [[nodiscard]] bool At(Keyword keyword) { return Peek().Is(keyword); }
  // Advances over the token if it is of that kind.
  bool Accept(TokenKind kind);
  bool Accept(Keyword keyword);

  // The doc comment of the next token, which from now on has found its declaration.
  SourceRange TakeDoc();
  [[nodiscard]] const std::vector<SourceRange>& unused_docs() const { return unused_docs_; }

  // Of the token read last; empty at the beginning of the file.
  [[nodiscard]] const SourceRange& last_range() const { return last_range_; }

  // `(` and `[` read and not closed since the statement began.
  [[nodiscard]] int bracket_depth() const { return bracket_depth_; }
  void BeginStatement() { bracket_depth_ = 0; }

  // The number of tokens read, to see that a loop makes progress.
  [[nodiscard]] size_t position() const { return position_; }

  // Reports that `what` should stand here, unless the lexer has already complained about the token.
  void ReportExpected(std::string_view what);
  // Advances over a token of that kind or reports that it should stand here.
  bool Expect(TokenKind kind);

 private:
  Lexer lexer_;
  DiagnosticEmitter& emitter_;
  std::array<Token, 4> ahead_;  // the first ahead_count_ are read from the lexer
  size_t ahead_count_ = 0;
  size_t position_ = 0;
  int bracket_depth_ = 0;
  SourceRange last_range_;
  bool doc_taken_ = false;
  std::vector<SourceRange> unused_docs_;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_PARSE_TOKEN_STREAM_H_
