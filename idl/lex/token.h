#ifndef ONAGER_IDL_LEX_TOKEN_H_
#define ONAGER_IDL_LEX_TOKEN_H_

#include <cstdint>
#include <string_view>

#include "idl/source/source_range.h"

namespace onager::idl {

enum class TokenKind : uint8_t {
#define ONAGER_TOKEN(name, description) k##name,
#define ONAGER_SYMBOL(name, text) k##name,
#include "idl/lex/token_kind.def"
};

enum class Keyword : uint8_t {
  kNone,
#define ONAGER_KEYWORD(name, text) k##name,
#include "idl/lex/token_kind.def"
};

// "a name", "`;`": as it stands in "expected ...".
[[nodiscard]] std::string_view DescribeTokenKind(TokenKind kind);
// Empty for kNone.
[[nodiscard]] std::string_view KeywordText(Keyword keyword);
// kNone for any other text.
[[nodiscard]] Keyword KeywordFromText(std::string_view text);

struct Token {
  TokenKind kind = TokenKind::kEndOfFile;
  Keyword keyword = Keyword::kNone;  // of an identifier that is spelled like one
  bool starts_line = false;          // nothing but blanks and comments before it on its line
  SourceRange range;
  SourceRange doc;        // the `///` lines before it, from the first slash to the last character; or empty
  std::string_view text;  // as it is written; strings with their quotes

  [[nodiscard]] bool Is(TokenKind k) const { return kind == k; }
  [[nodiscard]] bool Is(Keyword k) const { return keyword == k; }
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_LEX_TOKEN_H_
