#include "idl/lex/token.h"

#include <array>
#include <cstddef>

namespace onager::idl {
namespace {

constexpr auto kKindTexts = std::to_array<std::string_view>({
#define ONAGER_TOKEN(name, description) description,
#define ONAGER_SYMBOL(name, text) "`" text "`",
#include "idl/lex/token_kind.def"
});

constexpr auto kKeywordTexts = std::to_array<std::string_view>({
    "",
#define ONAGER_KEYWORD(name, text) text,
#include "idl/lex/token_kind.def"
});

}  // namespace

std::string_view DescribeTokenKind(TokenKind kind) { return kKindTexts[static_cast<size_t>(kind)]; }

std::string_view KeywordText(Keyword keyword) { return kKeywordTexts[static_cast<size_t>(keyword)]; }

Keyword KeywordFromText(std::string_view text) {
  for (size_t i = 1; i < kKeywordTexts.size(); ++i) {
    if (kKeywordTexts[i] == text) return static_cast<Keyword>(i);
  }
  return Keyword::kNone;
}

}  // namespace onager::idl
