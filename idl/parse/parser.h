#ifndef ONAGER_IDL_PARSE_PARSER_H_
#define ONAGER_IDL_PARSE_PARSER_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "idl/ast/ast.h"
#include "idl/diagnostics/diagnostic_emitter.h"
#include "idl/parse/parse.h"
#include "idl/parse/token_stream.h"

namespace onager::idl {

// Recursive descent over the grammar of LANGUAGE.md.
//
// Recovery: a statement that fails reports once and then skips to its end (SkipStatement); what was
// read of it stays in the tree. Functions that return bool have reported when they return false and leave
// the skipping to the statement. A block that is never closed ends where something begins that cannot
// stand in it (AtForeignDeclaration).
class Parser {
 public:
  Parser(const SourceMap& sources, FileId file, DiagnosticEmitter& emitter);
  ast::File Parse();

 private:
  enum class Block { kFile, kMembers, kOneof, kEnum, kActor, kView, kCpp, kCppFields };
  // What a value ends at, outside of brackets.
  enum class ValueEnd { kParameter, kAnnotation, kStatement };

  // declarations: parser.cc
  void ParseTopLevel();
  void ParseDeclaration(Keyword keyword);
  void ParsePackage();
  void ParseStruct();
  void ParseEnum();
  void ParseEnumValue(ast::Enum& out);
  void ParseError();
  void ParseMember(ast::Members& out);
  void ParseField(ast::Members& out, std::optional<uint32_t> oneof);
  void ParseOneof(ast::Members& out);
  void ParseReserved(std::vector<ast::ReservedNumbers>& numbers, std::vector<ast::Name>& names);
  bool ReportOtherLanguage();
  bool ParseReservedItem(std::vector<ast::ReservedNumbers>& numbers, std::vector<ast::Name>& names);
  Keyword GuessKeyword(std::span<const Keyword> candidates, std::string_view expected);

  // parse_actor.cc
  void ParseActor();
  void ParseActorMember(ast::Actor& out);
  void ParseActorMember(Keyword keyword, ast::Actor& out);
  void ParseState(ast::Actor& out);
  void ParseMethod(ast::Actor& out);
  bool ParseMethodTail(ast::Method& out);
  void ParseEvent(ast::Actor& out);
  void ParseFilter(ast::Actor& out);
  bool ParseFilterTail(ast::Filter& out);
  void ParseView(ast::Actor& out);
  void ParseSelection(int depth, std::vector<ast::Selection>& out);
  bool AtWhere();
  bool ParseWhere(ast::Selection& out);
  void ParseTimer(ast::Actor& out);
  void ParseReminder(ast::Actor& out);
  void ParseVersionNumber(std::vector<ast::VersionNumber>& out);

  // parse_imports.cc
  void ParseImport();
  void ParseCppImport(const Token& keyword);
  void ParseCppItem(ast::CppImport& out);
  void ParseCppField(ast::CppItem& out);
  void ParseCppNumber(std::optional<uint32_t> oneof, ast::CppItem& out);

  // pieces: parse_pieces.cc
  bool ParseName(std::string_view what, ast::Name& out);
  bool ParseQualifiedName(std::string_view what, ast::Name& out);
  bool ParseType(int depth, ast::TypeRef& out);
  bool ParseInteger(std::optional<ast::Integer>& out);
  bool ParseParameters(std::vector<ast::Parameter>& out);
  bool ParseParameter(std::vector<ast::Parameter>& out);
  bool ParseAnnotations(std::vector<ast::Annotation>& out);
  bool ParseAnnotation(std::vector<ast::Annotation>& out);
  bool ParseArguments(ast::Annotation& out);
  std::optional<ast::Integer> ToInteger(const Token& token);

  // parse_value.cc
  bool ParseValue(ValueEnd end, ast::Value& out);
  bool EndsValue(ValueEnd end, const std::vector<TokenKind>& open);
  bool BreaksValue(ValueEnd end, const std::vector<TokenKind>& open, const Token& last, bool first);
  void FillValue(const Token& first, const Token& last, size_t count, ast::Value& out);

  // recovery: recovery.cc
  enum class SkippedNames { kRemember, kForget };
  template <typename ParseOne>
  bool ParseBlock(Block block, ParseOne parse_one);
  bool OpenBlock(SourceRange& open);
  bool AtForeignDeclaration(Block block);
  bool ParseNested(Block block);
  bool AtActorMember();
  bool AtStatementStart();
  void EndStatement(bool ok);
  void SkipStatement(SkippedNames names);
  void SkipBraces(SkippedNames names);
  void SkipToDeclaration();
  void Skip(SkippedNames names);

  const SourceMap& sources_;
  FileId file_id_;
  DiagnosticEmitter& emitter_;
  TokenStream tokens_;
  ast::File file_;
  Block block_ = Block::kFile;
  bool in_nested_ = false;  // One such declaration is enough, and recursion has an end.
};

// Calls `parse_one` for each member between braces. Returns false when members may be missing because the
// braces are.
template <typename ParseOne>
bool Parser::ParseBlock(Block block, ParseOne parse_one) {
  SourceRange open;
  if (!OpenBlock(open)) return false;
  const Block outer = std::exchange(block_, block);
  bool closed = false;
  while (!emitter_.full()) {
    if (tokens_.Accept(TokenKind::kSemicolon)) continue;
    closed = tokens_.Accept(TokenKind::kRightBrace);
    if (closed) break;
    if (tokens_.At(TokenKind::kEndOfFile) || AtForeignDeclaration(block)) {
      const SourceRange end = tokens_.last_range();
      const Token next = tokens_.Peek();
      if (ParseNested(block)) continue;
      auto pending =
          emitter_.Emit(next.Is(TokenKind::kEndOfFile) ? SourceRange{end.file, end.end, end.end} : next.range,
                        diag::MissingBrace,
                        next.Is(TokenKind::kEndOfFile) ? std::string("the end of the file")
                                                       : "`" + std::string(next.text) + "`");
      if (!open.empty()) pending.Note(open, diag::OpenedHere);
      break;
    }
    const size_t before = tokens_.position();
    tokens_.BeginStatement();
    parse_one();
    if (tokens_.position() == before) Skip(SkippedNames::kRemember);
  }
  block_ = outer;
  return closed;
}

}  // namespace onager::idl

#endif  // ONAGER_IDL_PARSE_PARSER_H_
