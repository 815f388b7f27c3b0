#include "idl/parse/token_stream.h"

#include <string>

namespace onager::idl {
namespace {

std::string DescribeToken(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEndOfFile:
    case TokenKind::kInvalid:
      return std::string(DescribeTokenKind(token.kind));
    default:
      return "`" + std::string(token.text) + "`";
  }
}

}  // namespace

TokenStream::TokenStream(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter)
    : lexer_(sources, file, emitter), emitter_(emitter), last_range_{file, 0, 0} {}

const Token& TokenStream::Peek(size_t ahead) {
  while (ahead_count_ <= ahead) ahead_[ahead_count_++] = lexer_.Next();
  return ahead_[ahead];
}

Token TokenStream::Advance() {
  const Token token = Peek();
  if (token.Is(TokenKind::kEndOfFile)) return token;
  for (size_t i = 1; i < ahead_count_; ++i) ahead_[i - 1] = ahead_[i];
  --ahead_count_;
  ++position_;
  last_range_ = token.range;
  if (!token.doc.empty() && !doc_taken_) unused_docs_.push_back(token.doc);
  doc_taken_ = false;
  if (token.Is(TokenKind::kLeftParen) || token.Is(TokenKind::kLeftBracket)) ++bracket_depth_;
  if ((token.Is(TokenKind::kRightParen) || token.Is(TokenKind::kRightBracket)) && bracket_depth_ > 0) {
    --bracket_depth_;
  }
  return token;
}

bool TokenStream::Accept(TokenKind kind) {
  if (!At(kind)) return false;
  Advance();
  return true;
}

bool TokenStream::Accept(Keyword keyword) {
  if (!At(keyword)) return false;
  Advance();
  return true;
}

SourceRange TokenStream::TakeDoc() {
  doc_taken_ = true;
  return Peek().doc;
}

void TokenStream::ReportExpected(std::string_view what) {
  const Token& token = Peek();
  if (token.Is(TokenKind::kInvalid)) return;
  // What is missing at the end of a line is missing there, not at the beginning of the next.
  const bool after_last = token.starts_line || token.Is(TokenKind::kEndOfFile);
  const SourceRange range =
      after_last ? SourceRange{last_range_.file, last_range_.end, last_range_.end} : token.range;
  emitter_.Emit(range, diag::Expected, what, DescribeToken(token));
}

bool TokenStream::Expect(TokenKind kind) {
  if (Accept(kind)) return true;
  ReportExpected(DescribeTokenKind(kind));
  return false;
}

}  // namespace onager::idl
