#include "codegen/cpp_import/check_expressions.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "codegen/cpp_import/expression_unit.h"
#include "codegen/cpp_import/foreign_diagnostic.h"
#include "codegen/cpp_import/headers.h"
#include "codegen/cpp_import/purity.h"
#include "codegen/cpp_import/rephrase.h"
#include "codegen/cpp_import/sign_mixes.h"
#include "codegen/cpp_import/synthetic_text.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"
#include "codegen/view/cpp_names.h"
#include "idl/diagnostics/near_name.h"

namespace onager::codegen {
namespace {

using idl::ForeignDiagnostic;
using Kind = idl::ForeignDiagnostic::Kind;
using PieceKind = SyntheticPiece::Kind;
using Role = ListedExpression::Role;

constexpr const char* kUnitName = "/onager/expressions.cc";
constexpr size_t kNoteCountMax = 3;

bool IsName(std::string_view text) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_part);
}

class Check {
 public:
  Check(const idl::Model& model, const std::vector<ListedExpression>& expressions, ClangSession& session,
        idl::SourceMap& sources)
      : model_(model),
        names_(model),
        expressions_(expressions),
        session_(session),
        clang_(session.clang()),
        sources_(sources),
        has_error_(expressions.size()),
        was_seen_(expressions.size()) {}

  std::vector<ForeignDiagnostic> Run() {
    text_ = WriteExpressionUnit(model_, names_, expressions_, sources_, diagnostics_);
    absl::StatusOr<ClangUnit> unit = session_.Parse(kUnitName, text_.text(), ClangSession::Bodies::kParsed);
    if (!unit.ok()) {
      ReportSetup(std::string(unit.status().message()));
      return std::move(diagnostics_);
    }
    unit_ = &*unit;
    ReportHeaders(model_.cpp_headers, *unit_, text_, sources_, diagnostics_);
    // The first copy of an expression says more than the second, and goes first.
    for (const ClangMessage& error : unit_->errors()) ReportError(error, PieceKind::kExpression);
    for (const ClangMessage& error : unit_->errors()) ReportError(error, PieceKind::kConversion);
    if (diagnostics_.empty()) ReportElsewhere();
    CheckValues();
    return std::move(diagnostics_);
  }

 private:
  void ReportSetup(std::string message) {
    diagnostics_.push_back(
        Diagnosis(Kind::kSetup, expressions_.front().expression->range, std::move(message)));
  }

  // Our own C++ does not compile, or an argument of the target is wrong: it would be a riddle at any
  // expression.
  void ReportElsewhere() {
    if (unit_->errors().empty()) return;
    const ClangMessage& error = unit_->errors().front();
    std::string where;
    if (error.span.file != nullptr && !unit_->IsMain(error.span.file))
      where = Cat(clang_.Text(clang_.getFileName(error.span.file)), ": ");
    ReportSetup(Cat("libclang cannot read what expressions are checked with: ", where, Plain(error.text)));
  }

  // The part of an expression that a message, or a note below it, is about.
  struct Place {
    const SyntheticPiece* piece = nullptr;
    ClangSpan span;
  };
  Place PlaceOf(const ClangMessage& message) const {
    if (unit_->IsMain(message.span.file)) return {text_.Find(message.span.begin), message.span};
    // An error within a template: where the expression asks for it.
    for (const ClangMessage& note : message.notes) {
      if (!unit_->IsMain(note.span.file)) continue;
      const SyntheticPiece* piece = text_.Find(note.span.begin);
      if (piece != nullptr && piece->kind != PieceKind::kDeclaration) return {piece, note.span};
    }
    return {};
  }

  void ReportError(const ClangMessage& error, PieceKind kind) {
    const Place place = PlaceOf(error);
    if (place.piece == nullptr || place.piece->kind != kind) return;
    const ListedExpression& listed = expressions_[place.piece->index];
    if (kind == PieceKind::kConversion) {
      if (has_error_[place.piece->index]) return;
      has_error_[place.piece->index] = true;
      conversion_errors_.emplace(place.piece->index, &error);
      return;
    }
    has_error_[place.piece->index] = true;
    const uint32_t end = std::max(place.span.end, EndOfToken(place.span.begin));
    const idl::SourceRange range = text_.Locate(*place.piece, place.span.begin, end);
    // One mistake may be found by several rules.
    if (!diagnostics_.empty() && diagnostics_.back().range == range) return;
    const Rephrased rephrased = Rephrase(error.text, OperatorAt(place.span.begin));
    ForeignDiagnostic& diagnostic = diagnostics_.emplace_back(
        Diagnosis(rephrased.is_impure ? Kind::kImpure : Kind::kExpression, range, Short(rephrased.message)));
    NameEnum(error.text, diagnostic);
    if (IsName(error.replacement)) diagnostic.suggestion = Short(error.replacement);
    if (diagnostic.suggestion.empty()) {
      Explain(error, listed, diagnostic);
      if (diagnostic.suggestion.empty()) SuggestMember(error.text, diagnostic);
    }
    AddNotes(error, diagnostic);
  }

  // The sign that stands at a position of the unit.
  std::string_view OperatorAt(uint32_t position) const {
    const std::string_view rest = std::string_view(text_.text()).substr(position);
    const size_t length = rest.find_first_not_of("+-*/%<>=!&|^~");
    return rest.substr(0, std::min(length, rest.size()));
  }

  uint32_t EndOfToken(uint32_t begin) const {
    const auto sign = static_cast<uint32_t>(OperatorAt(begin).size());
    return sign > 0 ? begin + sign : EndOfName(text_.text(), begin);
  }

  // Without the namespaces of the model's own files.
  std::string Short(std::string text) const {
    for (const idl::File& file : model_.files) {
      const std::string prefix = Cat(CppNamespace(file.package), "::");
      for (size_t at = 0; (at = text.find(prefix, at)) != std::string::npos;) {
        const bool is_whole = at == 0 || (text[at - 1] != ':' && text[at - 1] != '_' &&
                                          !std::isalnum(static_cast<unsigned char>(text[at - 1])));
        if (is_whole) {
          text.erase(at, prefix.size());
        } else {
          at += prefix.size();
        }
      }
    }
    return text;
  }

  // A name that is known elsewhere, or a field that is reached through `state` or `item`.
  void Explain(const ClangMessage& error, const ListedExpression& listed,
               ForeignDiagnostic& diagnostic) const {
    std::string_view name;
    std::string_view rest;
    if (!Matches(error.text, "use of undeclared identifier '", "'", "", name, rest)) return;
    if (name == "state" || name == "prev") {
      diagnostic.message = Cat("`", name, "` is known in filters only");
    } else if (name == "item") {
      diagnostic.message = "`item` is known in a view's `where` only";
    } else if (name == "item_key") {
      diagnostic.message = "`item_key` is known in the `where` of a map only";
    } else if (name == "key") {
      diagnostic.message = "`key` is known in filters and views only";
    } else if (listed.role == Role::kFilter && HasField(model_.actors[*listed.actor].state, name)) {
      diagnostic.suggestion = Cat("state.", name);
    } else if (listed.role == Role::kWhere) {
      const auto* item = std::get_if<idl::StructType>(&model_.types[listed.type]);
      if (item != nullptr && HasField(model_.structs[item->id].members, name))
        diagnostic.suggestion = Cat("item.", name);
    }
  }

  // Enums have values, not fields.
  void NameEnum(std::string_view text, ForeignDiagnostic& diagnostic) const {
    std::string_view name;
    std::string_view owner;
    if (!Matches(text, "no member named '", "' in '", "'", name, owner)) return;
    const std::string type = Short(PlainType(owner));
    const bool is_enum = std::any_of(model_.enums.begin(), model_.enums.end(), [&](const idl::Enum& e) {
      return (e.cpp.has_value() ? e.cpp->cpp_name : CppIdentifier(e.name)) == type;
    });
    if (is_enum) diagnostic.message = Cat("`", type, "` has no value `", name, "`");
  }

  // Clang has no suggestion where a name is called, and few for members.
  void SuggestMember(std::string_view text, ForeignDiagnostic& diagnostic) const {
    std::string_view name;
    std::string_view owner;
    std::vector<std::string_view> candidates;
    if (Matches(text, "no member named '", "' in namespace '", "'", name, owner)) {
      const std::string prefix = Cat(owner, "::");
      for (const idl::CppFunction& function : model_.cpp_functions) {
        if (function.cpp_name.starts_with(prefix))
          candidates.push_back(std::string_view(function.cpp_name).substr(prefix.size()));
      }
    } else if (Matches(text, "no member named '", "' in '", "'", name, owner)) {
      const std::string type = Short(PlainType(owner));
      for (const idl::EnumId id : model_.enums.ids()) {
        if (names_.OfEnum(id).name != type) continue;
        for (const idl::EnumValue& value : model_.enums[id].values) candidates.push_back(value.name);
      }
      AddFieldsOf(type, candidates);
    }
    diagnostic.suggestion = std::string(idl::NearestName(name, candidates));
  }

  // Of the struct, state or struct before the change that has this name.
  void AddFieldsOf(std::string_view type, std::vector<std::string_view>& candidates) const {
    std::string_view rest;
    static_cast<void>(Matches(type, "onager::Previous<", ">", "", type, rest));
    const auto add = [&candidates](const idl::Members& members) {
      for (const idl::Field& field : members.fields) candidates.push_back(field.name);
    };
    for (const idl::StructId id : model_.structs.ids()) {
      if (names_.OfStruct(id).name == type) add(model_.structs[id].members);
    }
    for (const idl::ActorId id : model_.actors.ids()) {
      if (names_.OfActor(id).state == type) add(model_.actors[id].state);
    }
  }

  static bool HasField(const idl::Members& members, std::string_view name) {
    return std::any_of(members.fields.begin(), members.fields.end(),
                       [name](const idl::Field& field) { return field.name == name; });
  }

  void AddNotes(const ClangMessage& error, ForeignDiagnostic& diagnostic) {
    if (!error.replacement.empty()) return;  // The note would show what the suggestion says.
    for (const ClangMessage& note : error.notes) {
      if (diagnostic.notes.size() == kNoteCountMax || note.span.file == nullptr) continue;
      if (!unit_->IsMain(note.span.file)) {
        if (!note.in_system_header)
          diagnostic.notes.push_back({unit_->AddToSources(note.span, sources_), Short(Plain(note.text))});
        continue;
      }
      const SyntheticPiece* piece = text_.Find(note.span.begin);
      if (piece != nullptr && piece->kind == PieceKind::kDeclaration)
        diagnostic.notes.push_back({piece->range, Short(Plain(note.text))});
    }
    // Candidates come in no particular order.
    std::stable_sort(diagnostic.notes.begin(), diagnostic.notes.end(),
                     [](const idl::ForeignNote& a, const idl::ForeignNote& b) {
                       return std::tuple(a.range.file.index, a.range.begin) <
                              std::tuple(b.range.file.index, b.range.begin);
                     });
  }

  // Types and purity of those that compile.
  void CheckValues() {
    PureNames pure;
    for (const idl::CppFunction& function : model_.cpp_functions) pure.functions.insert(function.cpp_name);
    for (const idl::Struct& s : model_.structs) {
      if (s.cpp.has_value()) pure.classes.insert(s.cpp->cpp_name);
    }
    clang_.ForEachChild(unit_->root(), [&](CXCursor child) {
      if (unit_->IsMain(unit_->SpanOf(clang_.getCursorExtent(child)).file)) VisitDeclaration(child, pure);
    });
    if (!diagnostics_.empty()) return;
    for (size_t i = 0; i < expressions_.size(); ++i) {
      // What was not looked at is not known to be harmless.
      if (!was_seen_[i] && !expressions_[i].fault.has_value())
        diagnostics_.push_back(Diagnosis(Kind::kExpression, expressions_[i].expression->range,
                                         "libclang cannot make sense of this expression"));
    }
  }

  void VisitDeclaration(CXCursor cursor, const PureNames& pure) {
    const CXCursorKind kind = clang_.getCursorKind(cursor);
    if (kind == CXCursor_Namespace)
      clang_.ForEachChild(cursor, [&](CXCursor child) { VisitDeclaration(child, pure); });
    if (kind != CXCursor_FunctionDecl) return;
    const std::string name = clang_.Spelling(cursor);
    if (!name.starts_with(kExpressionFunction)) return;
    size_t index = 0;
    std::from_chars(name.data() + kExpressionFunction.size(), name.data() + name.size(), index);
    if (const std::optional<CXCursor> expression = ExpressionIn(cursor)) {
      was_seen_[index] = true;
      CheckValue(index, *expression, pure);
    }
  }

  // Of `{ (void)(expression); ... }`.
  std::optional<CXCursor> ExpressionIn(CXCursor function) const {
    std::optional<CXCursor> body;
    clang_.ForEachChild(function, [&](CXCursor child) {
      if (clang_.getCursorKind(child) == CXCursor_CompoundStmt) body = child;
    });
    if (!body.has_value()) return std::nullopt;
    std::optional<CXCursor> at = FirstChild(*body);
    // Around what makes temporaries there is what destroys them.
    while (at.has_value() && clang_.getCursorKind(*at) == CXCursor_UnexposedExpr) at = FirstChild(*at);
    if (!at.has_value() || clang_.getCursorKind(*at) != CXCursor_CStyleCastExpr) return std::nullopt;
    at = FirstChild(*at);
    while (at.has_value() && clang_.getCursorKind(*at) == CXCursor_UnexposedExpr) at = FirstChild(*at);
    return at.has_value() ? FirstChild(*at) : std::nullopt;
  }

  std::optional<CXCursor> FirstChild(CXCursor parent) const {
    std::optional<CXCursor> first;
    clang_.ForEachChild(parent, [&first](CXCursor child) {
      if (!first.has_value()) first = child;
    });
    return first;
  }

  void CheckValue(size_t index, CXCursor expression, const PureNames& pure) {
    const ListedExpression& listed = expressions_[index];
    const CXType type = clang_.getCanonicalType(clang_.getCursorType(expression));
    const auto conversion = conversion_errors_.find(static_cast<uint32_t>(index));
    if (conversion != conversion_errors_.end()) return ReportConversion(listed, type, *conversion->second);
    if (has_error_[index]) return;
    if (const std::optional<Impurity> impurity = FindImpurity(clang_, *unit_, pure, expression)) {
      const SyntheticPiece* piece =
          unit_->IsMain(impurity->span.file) ? text_.Find(impurity->span.begin) : nullptr;
      const bool is_here = piece != nullptr && piece->kind == PieceKind::kExpression;
      const idl::SourceRange range =
          is_here ? text_.Locate(*piece, impurity->span.begin, impurity->span.end) : listed.expression->range;
      diagnostics_.push_back(Diagnosis(Kind::kImpure, range, Short(impurity->message)));
      return;
    }
    CheckSigns(index, expression);
    const bool is_bool = type.kind == CXType_Bool;
    if (listed.role != Role::kDefault) {
      if (!is_bool)
        ReportType(listed, Cat(listed.role == Role::kFilter ? "a filter" : "a `where`", " must be `bool`"),
                   type);
      return;
    }
    const auto* scalar = std::get_if<idl::ScalarType>(&model_.types[listed.type]);
    if (scalar == nullptr) return;
    const bool wants_number = idl::IsInteger(scalar->kind) || idl::IsFloatingPoint(scalar->kind);
    const bool wants_bool = scalar->kind == idl::ScalarKind::kBool;
    if ((wants_bool && !is_bool) || (wants_number && is_bool)) ReportType(listed, MustBe(listed), type);
  }

  // C++ would make -1 the largest number of all there, and the compiler of the generated code warns of it.
  void CheckSigns(size_t index, CXCursor expression) {
    for (const SignMix& mix : FindSignMixes(clang_, *unit_, expression)) {
      const SyntheticPiece* piece = unit_->IsMain(mix.whole.file) ? text_.Find(mix.whole.begin) : nullptr;
      const bool is_here = piece != nullptr && piece->kind == PieceKind::kExpression &&
                           piece->index == index && mix.left.end <= mix.right.begin &&
                           mix.right.end <= piece->end;
      const idl::SourceRange range = is_here ? text_.Locate(*piece, mix.whole.begin, mix.whole.end)
                                             : expressions_[index].expression->range;
      diagnostics_.push_back(Diagnosis(Kind::kExpression, range,
                                       Cat("one of these two numbers is signed and the other is not; ",
                                           is_here ? InsteadOf(mix) : kCast)));
    }
  }

  static constexpr std::string_view kCast = "`static_cast` one of them";

  std::string InsteadOf(const SignMix& mix) const {
    const auto text = [this](uint32_t begin, uint32_t end) {
      return std::string_view(text_.text()).substr(begin, end - begin);
    };
    const std::string_view function = mix.is_comparison && !mix.has_character
                                          ? ComparisonFunction(text(mix.left.end, mix.right.begin))
                                          : "";
    if (function.empty()) return std::string(kCast);
    return Cat("write `", function, "(", Trimmed(text(mix.left.begin, mix.left.end)), ", ",
               Trimmed(text(mix.right.begin, mix.right.end)), ")`");
  }

  // What compares as the operator does, but by value.
  static std::string_view ComparisonFunction(std::string_view between) {
    constexpr std::pair<std::string_view, std::string_view> kFunctions[] = {
        {"<", "std::cmp_less"},           {">", "std::cmp_greater"}, {"<=", "std::cmp_less_equal"},
        {">=", "std::cmp_greater_equal"}, {"==", "std::cmp_equal"},  {"!=", "std::cmp_not_equal"},
        {"not_eq", "std::cmp_not_equal"}};
    for (const auto& [sign, function] : kFunctions) {
      if (Trimmed(between) == sign) return function;
    }
    return "";
  }

  std::string MustBe(const ListedExpression& listed) const {
    return Cat("the default of `", listed.name, "` must be `", idl::TypeSpelling(model_, listed.type), "`");
  }

  void ReportType(const ListedExpression& listed, const std::string& rule, CXType type) {
    const std::string spelling = clang_.Spelling(type);
    const bool is_uncalled = spelling.find("member function type") != std::string::npos;
    diagnostics_.push_back(
        Diagnosis(Kind::kExpression, listed.expression->range,
                  is_uncalled ? Cat(rule, ", this is a function that is not called; write `()` behind it")
                              : Cat(rule, ", this is `", Short(PlainType(spelling)), "`")));
  }

  // The expression is fine, but nothing that its field or parameter can begin with.
  void ReportConversion(const ListedExpression& listed, CXType type, const ClangMessage& error) {
    std::string_view value;
    std::string_view rest;
    if (Matches(error.text, "constant expression evaluates to ", " which cannot be narrowed", "", value,
                rest)) {
      diagnostics_.push_back(Diagnosis(Kind::kExpression, listed.expression->range,
                                       Cat(MustBe(listed), ", and ", value, " does not fit")));
      return;
    }
    ReportType(listed, MustBe(listed), type);
    if (error.text.find("narrowed") != std::string::npos)
      diagnostics_.back().message += "; `static_cast` converts it where that is meant";
  }

  const idl::Model& model_;
  const CppNames names_;
  const std::vector<ListedExpression>& expressions_;
  ClangSession& session_;
  const LibClang& clang_;
  idl::SourceMap& sources_;
  SyntheticText text_;
  const ClangUnit* unit_ = nullptr;
  std::vector<bool> has_error_, was_seen_;  // by expression
  std::map<uint32_t, const ClangMessage*> conversion_errors_;
  std::vector<ForeignDiagnostic> diagnostics_;
};

}  // namespace

std::vector<ForeignDiagnostic> CompileExpressions(const idl::Model& model,
                                                  const std::vector<ListedExpression>& expressions,
                                                  ClangSession& session, idl::SourceMap& sources) {
  return Check(model, expressions, session, sources).Run();
}

ForeignDiagnostic ReportFault(const ListedExpression& listed, const idl::SourceMap& sources) {
  const ExpressionFault& fault = *listed.fault;
  SyntheticText text;
  text.AddExpression(PieceKind::kExpression, 0, *listed.expression, sources);
  const SyntheticPiece* piece = text.Find(fault.begin);
  const idl::SourceRange range =
      piece == nullptr ? listed.expression->range : text.Locate(*piece, fault.begin, fault.end);
  return Diagnosis(fault.is_impure ? Kind::kImpure : Kind::kExpression, range, fault.message);
}

}  // namespace onager::codegen
