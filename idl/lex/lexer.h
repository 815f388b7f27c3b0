#ifndef ONAGER_IDL_LEX_LEXER_H_
#define ONAGER_IDL_LEX_LEXER_H_

#include <cstdint>
#include <string_view>

#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/lex/token.h"
#include "idl/source/source_map.h"

namespace onager::idl {

// Makes tokens of one file, one at a time, so that memory does not grow with the file. What is no token is
// reported once and comes out as kInvalid, over which the parser stays quiet. The sources and the emitter
// outlive it.
class Lexer {
 public:
  Lexer(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter);

  // After the last token: kEndOfFile, as often as asked.
  Token Next();

 private:
  [[nodiscard]] char Peek(uint32_t ahead = 0) const;
  [[nodiscard]] SourceRange RangeFrom(uint32_t begin) const { return SourceRange{file_, begin, position_}; }
  void SkipToEndOfLine();
  void SkipBlanksAndComments();
  void SkipLineComment();
  void SkipBlockComment();
  Token Finish(TokenKind kind, uint32_t begin);
  Token LexIdentifier(uint32_t begin);
  Token LexNumber(uint32_t begin);
  Token LexQuoted(uint32_t begin, char quote);
  Token LexRawString(uint32_t begin);
  Token LexSign(uint32_t begin);

  FileId file_;
  std::string_view text_;
  DiagnosticEmitter& emitter_;
  uint32_t position_ = 0;
  bool at_line_start_ = true;
  bool blank_line_ = false;  // since the last doc comment line
  SourceRange doc_;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_LEX_LEXER_H_
