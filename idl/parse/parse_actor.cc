#include <array>

#include "idl/diagnostics/near_name.h"
#include "idl/parse/parser.h"

namespace onager::idl {
namespace {

constexpr std::array kActorKeywords = {Keyword::kState,    Keyword::kRpc,     Keyword::kEvent,
                                       Keyword::kFilter,   Keyword::kView,    Keyword::kTimer,
                                       Keyword::kReminder, Keyword::kVersion, Keyword::kMigrate};

}  // namespace

void Parser::ParseActor() {
  ast::Actor out;
  out.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the actor", out.name)) return SkipToDeclaration();
  bool ok = true;
  if (tokens_.Accept(TokenKind::kLeftParen)) {
    ok = ParseParameters(out.key);
  } else {
    tokens_.ReportExpected("`(` and the key of the actor");
    ok = false;
  }
  out.damaged_key = !ok;
  if (ok && tokens_.At(TokenKind::kLeftBracket)) ok = ParseAnnotations(out.annotations);
  // The block is worth reading also when the head was not.
  while (!ok && !tokens_.At(TokenKind::kLeftBrace) && !tokens_.At(TokenKind::kEndOfFile) &&
         !tokens_.At(TokenKind::kRightBrace) && !tokens_.At(TokenKind::kSemicolon)) {
    Skip(SkippedNames::kRemember);
  }
  if (ok || tokens_.At(TokenKind::kLeftBrace)) {
    ParseBlock(Block::kActor, [&] { ParseActorMember(out); });
  }
  file_.declarations.emplace_back(std::move(out));
}

void Parser::ParseActorMember(ast::Actor& out) {
  for (const Keyword keyword : kActorKeywords) {
    if (tokens_.At(keyword)) return ParseActorMember(keyword, out);
  }
  const Keyword guess =
      GuessKeyword(kActorKeywords, "`state`, `rpc`, `event`, `filter`, `view`, `timer`, `reminder` or `}`");
  ParseActorMember(guess, out);
}

void Parser::ParseActorMember(Keyword keyword, ast::Actor& out) {
  switch (keyword) {
    case Keyword::kState:
      return ParseState(out);
    case Keyword::kRpc:
      return ParseMethod(out);
    case Keyword::kEvent:
      return ParseEvent(out);
    case Keyword::kFilter:
      return ParseFilter(out);
    case Keyword::kView:
      return ParseView(out);
    case Keyword::kTimer:
      return ParseTimer(out);
    case Keyword::kReminder:
      return ParseReminder(out);
    case Keyword::kVersion:
      return ParseVersionNumber(out.versions);
    case Keyword::kMigrate:
      return ParseVersionNumber(out.migrations);
    default:
      // The first token looks like the beginning of a statement, but is the one that is wrong.
      if (!tokens_.At(TokenKind::kLeftBrace)) Skip(SkippedNames::kRemember);
      return SkipStatement(SkippedNames::kRemember);
  }
}

void Parser::ParseState(ast::Actor& out) {
  ast::State state;
  tokens_.TakeDoc();
  state.keyword_range = tokens_.Advance().range;
  ParseBlock(Block::kMembers, [&] { ParseMember(state.members); });
  out.states.push_back(std::move(state));
}

void Parser::ParseMethod(ast::Actor& out) {
  ast::Method method;
  method.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the method", method.name)) return SkipStatement(SkippedNames::kRemember);
  const bool ok = ParseMethodTail(method);
  out.methods.push_back(std::move(method));
  EndStatement(ok);
}

bool Parser::ParseMethodTail(ast::Method& out) {
  if (!tokens_.Expect(TokenKind::kLeftParen) || !ParseParameters(out.parameters)) return false;
  const bool is_returns = tokens_.Peek().text == "returns" && tokens_.At(TokenKind::kIdentifier);
  if (is_returns || tokens_.At(TokenKind::kColon)) {
    // As protobuf and other languages say what a method gives.
    emitter_.Emit(tokens_.Peek().range, diag::Expected, "`->` before the result",
                  "`" + std::string(tokens_.Peek().text) + "`");
    tokens_.Advance();
    const bool in_parentheses = is_returns && tokens_.Accept(TokenKind::kLeftParen);
    ast::TypeRef result;
    if (!ParseType(0, result) || (in_parentheses && !tokens_.Expect(TokenKind::kRightParen))) return false;
    out.result = std::move(result);
  } else if (tokens_.Accept(TokenKind::kArrow)) {
    ast::TypeRef result;
    if (!ParseType(0, result)) return false;
    out.result = std::move(result);
  }
  if (tokens_.Accept(Keyword::kThrows)) {
    do {
      ast::Name error;
      if (!ParseQualifiedName("the name of an error", error)) return false;
      out.throws.push_back(error);
    } while (tokens_.Accept(TokenKind::kComma));
  }
  return !tokens_.At(TokenKind::kLeftBracket) || ParseAnnotations(out.annotations);
}

void Parser::ParseEvent(ast::Actor& out) {
  ast::Event event;
  event.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the event", event.name)) return SkipStatement(SkippedNames::kRemember);
  const bool ok = !tokens_.At(TokenKind::kLeftBracket) || ParseAnnotations(event.annotations);
  if (!ok && !tokens_.At(TokenKind::kLeftBrace)) {
    SkipStatement(SkippedNames::kRemember);
  } else if (!tokens_.Accept(TokenKind::kSemicolon)) {  // `event Cleared;` has no fields
    ParseBlock(Block::kMembers, [&] { ParseMember(event.members); });
  }
  out.events.push_back(std::move(event));
}

void Parser::ParseFilter(ast::Actor& out) {
  ast::Filter filter;
  filter.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the filter", filter.name)) return SkipStatement(SkippedNames::kRemember);
  const bool ok = ParseFilterTail(filter);
  out.filters.push_back(std::move(filter));
  EndStatement(ok);
}

bool Parser::ParseFilterTail(ast::Filter& out) {
  if (tokens_.Accept(TokenKind::kLeftParen) && !ParseParameters(out.parameters)) return false;
  if (tokens_.At(TokenKind::kLeftBracket) && !ParseAnnotations(out.annotations)) return false;
  if (!tokens_.Accept(TokenKind::kEqual)) {
    tokens_.ReportExpected("`=` and an expression");
    return false;
  }
  ast::Value predicate;
  if (!ParseValue(ValueEnd::kStatement, predicate)) return false;
  out.predicate = std::move(predicate);
  return true;
}

void Parser::ParseView(ast::Actor& out) {
  ast::View view;
  view.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the view", view.name)) return SkipStatement(SkippedNames::kRemember);
  bool ok = !tokens_.Accept(TokenKind::kLeftParen) || ParseParameters(view.parameters);
  if (ok && tokens_.At(TokenKind::kLeftBracket)) ok = ParseAnnotations(view.annotations);
  if (ok || tokens_.At(TokenKind::kLeftBrace)) {
    const size_t errors_before = emitter_.error_count();
    const bool closed = ParseBlock(Block::kView, [&] { ParseSelection(0, view.selection); });
    view.damaged = !closed || emitter_.error_count() > errors_before;
  } else {
    view.damaged = true;
    SkipStatement(SkippedNames::kRemember);
  }
  out.views.push_back(std::move(view));
}

void Parser::ParseSelection(int depth, std::vector<ast::Selection>& out) {
  ast::Selection selection;
  tokens_.TakeDoc();
  if (depth >= kTypeNestingMax) {
    emitter_.Emit(tokens_.Peek().range, diag::NestingTooDeep, kTypeNestingMax);
    return SkipStatement(SkippedNames::kRemember);
  }
  if (!ParseName("the name of a field", selection.name)) return SkipStatement(SkippedNames::kRemember);
  bool closed = false;
  if (tokens_.At(TokenKind::kLeftBrace)) {
    selection.fields.emplace();
    const size_t errors_before = emitter_.error_count();
    closed = ParseBlock(Block::kView, [&] { ParseSelection(depth + 1, *selection.fields); });
    selection.damaged = !closed || emitter_.error_count() > errors_before;
    if (!closed) return out.push_back(std::move(selection));
  }
  bool ok = true;
  if (AtWhere()) {
    ok = ParseWhere(selection);
    closed = false;
  }
  selection.damaged = selection.damaged || !ok;
  out.push_back(std::move(selection));
  // A `;` may be left out behind a `}`, and before one.
  if (ok && (closed || tokens_.At(TokenKind::kRightBrace))) return;
  EndStatement(ok);
}

// Also at what is nearly spelled so, which it reports.
bool Parser::AtWhere() {
  if (tokens_.At(Keyword::kWhere)) return true;
  const Token token = tokens_.Peek();
  const Token& next = tokens_.Peek(1);
  const bool selects = next.Is(TokenKind::kSemicolon) || next.Is(TokenKind::kLeftBrace) ||
                       next.Is(TokenKind::kRightBrace) || next.Is(Keyword::kWhere);
  constexpr std::string_view kWhere = "where";
  if (!token.Is(TokenKind::kIdentifier) || selects || token.starts_line) return false;
  if (NearestName(token.text, std::span(&kWhere, 1)).empty()) return false;
  emitter_.Emit(token.range, diag::Expected, "`where` or `;`", "`" + std::string(token.text) + "`")
      .Suggest(token.range, kWhere);
  return true;
}

bool Parser::ParseWhere(ast::Selection& out) {
  const Token keyword = tokens_.Advance();
  out.where_keyword = ast::Name{keyword.text, keyword.range};
  ast::Value where;
  if (!ParseValue(ValueEnd::kStatement, where)) return false;
  out.where = std::move(where);
  return true;
}

void Parser::ParseTimer(ast::Actor& out) {
  ast::Timer timer;
  timer.doc = tokens_.TakeDoc();
  tokens_.Advance();
  if (!ParseName("the name of the timer", timer.name)) return SkipStatement(SkippedNames::kRemember);
  bool ok = tokens_.Expect(TokenKind::kEqual);
  if (ok) ok = ParseValue(ValueEnd::kStatement, timer.period.emplace());
  out.timers.push_back(std::move(timer));
  EndStatement(ok);
}

void Parser::ParseReminder(ast::Actor& out) {
  ast::Reminder reminder;
  reminder.doc = tokens_.TakeDoc();
  reminder.keyword_range = tokens_.Advance().range;
  if (!ParseName("the name of the reminder", reminder.name)) return SkipStatement(SkippedNames::kRemember);
  const bool ok = tokens_.Expect(TokenKind::kLeftParen) && ParseParameters(reminder.parameters);
  out.reminders.push_back(std::move(reminder));
  EndStatement(ok);
}

void Parser::ParseVersionNumber(std::vector<ast::VersionNumber>& out) {
  ast::VersionNumber version;
  tokens_.TakeDoc();
  version.keyword_range = tokens_.Advance().range;
  const bool ok = ParseInteger(version.number);
  out.push_back(version);
  EndStatement(ok);
}

}  // namespace onager::idl
