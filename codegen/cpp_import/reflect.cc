#include "codegen/cpp_import/reflect.h"

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "codegen/cpp_import/foreign_diagnostic.h"
#include "codegen/cpp_import/foreign_type.h"
#include "codegen/cpp_import/headers.h"
#include "codegen/cpp_import/rephrase.h"
#include "codegen/cpp_import/synthetic_text.h"
#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

using idl::ForeignDiagnostic;
using idl::ForeignEntity;
using idl::ForeignKind;
using idl::ForeignName;
using Kind = idl::ForeignDiagnostic::Kind;

constexpr const char* kUnitName = "/onager/reflected_names.cc";
constexpr std::string_view kNamespace = "onager_reflected_";

bool IsQualifiedName(std::string_view name) {
  bool part_begins = true;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!part_begins && name.substr(i).starts_with("::")) {
      ++i;
      part_begins = true;
    } else if (letter || (!part_begins && c >= '0' && c <= '9')) {
      part_begins = false;
    } else {
      return false;
    }
  }
  return !part_begins;
}

std::string_view Noun(ForeignKind kind) {
  switch (kind) {
    case ForeignKind::kStruct:
      return "struct";
    case ForeignKind::kEnum:
      return "enum";
    case ForeignKind::kFunction:
      return "function";
  }
  return "";
}

// For each name `used_n`, a namespace that has it, whatever it is; for types besides `type_n`, which can also
// be a member of a class, and for structs what can be done with it.
void AddLookups(const idl::ForeignQuery& query, SyntheticText& text) {
  text.Add(Cat("namespace ", kNamespace, " {\n"));
  for (size_t i = 0; i < query.names.size(); ++i) {
    const ForeignName& name = query.names[i];
    if (!IsQualifiedName(name.cpp_name)) continue;
    const std::string global = Cat("::", name.cpp_name);
    text.Add(Cat("namespace used_", i, " {\nusing "));
    text.AddPiece(SyntheticPiece::Kind::kName, i, global, name.range);
    text.Add(";\n}\n");
    if (name.kind == ForeignKind::kFunction) continue;
    text.Add(Cat("using type_", i, " = "));
    text.AddPiece(SyntheticPiece::Kind::kConversion, i, global, name.range);
    text.Add(";\n");
    if (name.kind == ForeignKind::kEnum) continue;
    const std::string type = Cat("type_", i);
    text.Add(Cat("constexpr bool made_", i, " = __is_constructible(", type, ");\n"));
    text.Add(Cat("constexpr bool copied_", i, " = __is_constructible(", type, ", const ", type,
                 "&) && __is_assignable(", type, "&, const ", type, "&);\n"));
  }
  text.Add("}\n");
}

class Reflection {
 public:
  Reflection(const idl::ForeignQuery& query, ClangSession& session, idl::SourceMap& sources)
      : query_(query), session_(session), clang_(session.clang()), sources_(sources) {}

  idl::ForeignAnswer Run() {
    answer_.entities.resize(query_.names.size());
    for (size_t i = 0; i < query_.headers.size(); ++i)
      AddInclude(query_.headers[i], i, sources_, text_, answer_.diagnostics);
    AddLookups(query_, text_);
    absl::StatusOr<ClangUnit> unit = session_.Parse(kUnitName, text_.text(), ClangSession::Bodies::kSkipped);
    if (!unit.ok()) {
      answer_.diagnostics.push_back(
          Diagnosis(Kind::kSetup, query_.headers.empty() ? query_.names[0].range : query_.headers[0].range,
                    std::string(unit.status().message())));
      return std::move(answer_);
    }
    unit_ = &*unit;
    good_headers_ = ReportHeaders(query_.headers, *unit_, text_, sources_, answer_.diagnostics);
    ReportArguments();
    FindCursors();
    for (size_t i = 0; i < query_.names.size(); ++i) ReflectName(i);
    SortByPlace(answer_.diagnostics);
    return std::move(answer_);
  }

 private:
  // Errors without a place: an argument of the target that clang does not know.
  void ReportArguments() {
    for (const ClangMessage& error : unit_->errors()) {
      if (error.span.file != nullptr || query_.headers.empty()) continue;
      answer_.diagnostics.push_back(
          Diagnosis(Kind::kSetup, query_.headers[0].range, Cat("libclang: ", Plain(error.text))));
    }
  }

  void FindCursors() {
    clang_.ForEachChild(unit_->root(), [this](CXCursor outer) {
      if (clang_.getCursorKind(outer) != CXCursor_Namespace || clang_.Spelling(outer) != kNamespace) return;
      clang_.ForEachChild(outer, [this](CXCursor inner) {
        const std::string name = clang_.Spelling(inner);
        if (clang_.getCursorKind(inner) != CXCursor_Namespace) {
          cursors_.emplace(name, inner);
          return;
        }
        clang_.ForEachChild(inner, [this, &name](CXCursor used) {
          if (clang_.getCursorKind(used) == CXCursor_UsingDeclaration) cursors_.emplace(name, used);
        });
      });
    });
  }

  const CXCursor* Find(std::string_view prefix, size_t index) const {
    const auto found = cursors_.find(Cat(prefix, index));
    return found == cursors_.end() ? nullptr : &found->second;
  }

  // The first complaint about name `index`, looked up in that way.
  const ClangMessage* ErrorOf(size_t index, SyntheticPiece::Kind kind) const {
    for (const ClangMessage& error : unit_->errors()) {
      if (!unit_->IsMain(error.span.file)) continue;
      const SyntheticPiece* piece = text_.Find(error.span.begin);
      if (piece != nullptr && piece->kind == kind && piece->index == index) return &error;
    }
    return nullptr;
  }

  ForeignDiagnostic& Report(size_t index, std::string message) {
    return answer_.diagnostics.emplace_back(
        Diagnosis(Kind::kName, query_.names[index].range, std::move(message)));
  }

  void ReflectName(size_t index) {
    const ForeignName& name = query_.names[index];
    if (!IsQualifiedName(name.cpp_name)) {
      Report(index, Cat("`", name.cpp_name, "` is not a name of C++"));
      return;
    }
    const bool is_function = name.kind == ForeignKind::kFunction;
    const ClangMessage* missing = ErrorOf(index, SyntheticPiece::Kind::kName);
    const ClangMessage* no_type = is_function ? missing : ErrorOf(index, SyntheticPiece::Kind::kConversion);
    if (no_type == nullptr) return is_function ? ReflectFunction(index) : ReflectType(index);
    // The cause has been told.
    if (name.header < good_headers_.size() && !good_headers_[name.header]) return;
    if (missing == nullptr) return ReportOtherKind(index);
    if (missing->text.find("class member") != std::string::npos) {
      Report(index, Cat("`", name.cpp_name, "` is a member of a class, not a ", Noun(name.kind)));
      return;
    }
    const std::string where = name.header < query_.headers.size()
                                  ? Cat(" in `", query_.headers[name.header].include, "`")
                                  : std::string();
    ForeignDiagnostic& diagnostic = Report(index, Cat("there is no `", name.cpp_name, "`", where));
    diagnostic.suggestion = Suggestion(name.cpp_name, *missing);
  }

  // The whole name with what Clang found for one of its parts.
  static std::string Suggestion(const std::string& name, const ClangMessage& error) {
    if (!IsQualifiedName(error.replacement)) return "";
    std::string_view x;
    std::string_view y;
    std::string wrong;
    for (const std::string_view before :
         {"no member named '", "no type named '", "use of undeclared identifier '"}) {
      if (Matches(error.text, before, "'", "", x, y)) wrong = std::string(x);
    }
    const size_t at = name.rfind(wrong);
    if (wrong.empty() || at == std::string::npos) return "";
    // A replacement that is qualified itself stands for all before it too.
    if (error.replacement.find("::") != std::string::npos)
      return Cat(error.replacement, name.substr(at + wrong.size()));
    return Cat(name.substr(0, at), error.replacement, name.substr(at + wrong.size()));
  }

  // It is there, but is no type.
  void ReportOtherKind(size_t index) {
    const ForeignName& name = query_.names[index];
    const std::vector<CXCursor> found = Overloads(index);
    std::string_view what = "something else";
    if (!found.empty()) what = KindNoun(found[0]);
    ForeignDiagnostic& diagnostic =
        Report(index, Cat("`", name.cpp_name, "` is ", what, ", not a ", Noun(name.kind)));
    if (!found.empty()) NoteDeclaration(diagnostic, found[0]);
  }

  std::string_view KindNoun(CXCursor cursor) const {
    switch (clang_.getCursorKind(cursor)) {
      case CXCursor_StructDecl:
      case CXCursor_ClassDecl:
        return "a struct";
      case CXCursor_UnionDecl:
        return "a union";
      case CXCursor_EnumDecl:
        return "an enum";
      case CXCursor_EnumConstantDecl:
        return "a value of an enum";
      case CXCursor_ClassTemplate:
      case CXCursor_ClassTemplatePartialSpecialization:
      case CXCursor_TypeAliasTemplateDecl:
        return "a template";
      case CXCursor_FunctionDecl:
      case CXCursor_FunctionTemplate:
        return "a function";
      case CXCursor_VarDecl:
        return "a variable";
      case CXCursor_TypedefDecl:
      case CXCursor_TypeAliasDecl:
        return "another name of a type";
      default:
        return "something else";
    }
  }

  void NoteDeclaration(ForeignDiagnostic& diagnostic, CXCursor cursor) {
    ClangSpan span = unit_->SpanOfName(cursor);
    if (span.file == nullptr || unit_->IsMain(span.file)) return;
    // What has no name of its own is described by more text than there is.
    if (clang_.Cursor_isAnonymous(cursor) != 0) span.end = span.begin + 1;
    diagnostic.notes.push_back({unit_->AddToSources(span, sources_), "it is declared here"});
  }

  // What the `using` of a name brought.
  std::vector<CXCursor> Overloads(size_t index) const {
    std::vector<CXCursor> found;
    const CXCursor* used = Find("used_", index);
    if (used == nullptr) return found;
    const CXCursor referenced = clang_.getCursorReferenced(*used);
    if (clang_.getCursorKind(referenced) != CXCursor_OverloadedDeclRef) {
      if (clang_.Cursor_isNull(referenced) == 0) found.push_back(referenced);
      return found;
    }
    const unsigned count = clang_.getNumOverloadedDecls(referenced);
    for (unsigned i = 0; i < count; ++i) found.push_back(clang_.getOverloadedDecl(referenced, i));
    return found;
  }

  void ReflectFunction(size_t index) {
    const ForeignName& name = query_.names[index];
    const std::vector<CXCursor> found = Overloads(index);
    if (found.empty()) return;
    for (const CXCursor cursor : found) {
      const CXCursorKind kind = clang_.getCursorKind(cursor);
      if (kind == CXCursor_FunctionDecl || kind == CXCursor_FunctionTemplate) continue;
      ForeignDiagnostic& diagnostic =
          Report(index, Cat("`", name.cpp_name, "` is ", KindNoun(cursor), ", not a function"));
      return NoteDeclaration(diagnostic, cursor);
    }
    SetFound(index, found[0], name.cpp_name);
  }

  ForeignEntity& SetFound(size_t index, CXCursor declaration, std::string cpp_name) {
    ForeignEntity& entity = answer_.entities[index];
    entity.found = true;
    entity.cpp_name = std::move(cpp_name);
    const ClangSpan span = unit_->SpanOfName(declaration);
    if (span.file != nullptr && !unit_->IsMain(span.file)) entity.range = unit_->AddToSources(span, sources_);
    return entity;
  }

  void ReflectType(size_t index) {
    const ForeignName& name = query_.names[index];
    const CXCursor* alias = Find("type_", index);
    if (alias == nullptr) return;
    const CXType type = clang_.getCanonicalType(clang_.getTypedefDeclUnderlyingType(*alias));
    const bool is_enum = type.kind == CXType_Enum;
    const CXCursor declaration = clang_.getTypeDeclaration(type);
    if ((type.kind != CXType_Record && !is_enum) || is_enum != (name.kind == ForeignKind::kEnum)) {
      const std::string what = type.kind == CXType_Record || is_enum
                                   ? std::string(KindNoun(declaration))
                                   : Cat("another name of `", PlainType(clang_.Spelling(type)), "`");
      ForeignDiagnostic& diagnostic =
          Report(index, Cat("`", name.cpp_name, "` is ", what, ", not a ", Noun(name.kind)));
      return NoteDeclaration(diagnostic, declaration);
    }
    const CXCursor definition = clang_.getCursorDefinition(declaration);
    if (clang_.Cursor_isNull(definition) != 0 && !is_enum)
      return Refuse(index, declaration, "is declared, but not defined, in its header");
    is_enum ? ReflectEnum(index, declaration) : ReflectStruct(index, type, definition);
  }

  void Refuse(size_t index, CXCursor at, std::string_view why) {
    ForeignDiagnostic& diagnostic = Report(index, Cat("`", query_.names[index].cpp_name, "` ", why));
    NoteDeclaration(diagnostic, at);
  }

  void ReflectEnum(size_t index, CXCursor declaration) {
    const std::string cpp_name = clang_.QualifiedName(declaration);
    if (cpp_name.empty()) return Refuse(index, declaration, "has no name outside of where it is declared");
    const bool is_large =
        clang_.getCanonicalType(clang_.getEnumDeclIntegerType(declaration)).kind == CXType_ULong;
    std::vector<idl::ForeignEnumValue> values;
    std::optional<CXCursor> too_large;
    clang_.ForEachChild(declaration, [&](CXCursor child) {
      if (clang_.getCursorKind(child) != CXCursor_EnumConstantDecl) return;
      const unsigned long long as_unsigned = clang_.getEnumConstantDeclUnsignedValue(child);
      if (is_large && as_unsigned > static_cast<unsigned long long>(std::numeric_limits<int64_t>::max()))
        too_large = child;
      values.push_back({.name = clang_.Spelling(child),
                        .number = clang_.getEnumConstantDeclValue(child),
                        .range = unit_->AddToSources(unit_->SpanOfName(child), sources_)});
    });
    if (too_large.has_value()) return Refuse(index, *too_large, "has a value of more than 63 bits");
    SetFound(index, declaration, cpp_name).values = std::move(values);
  }

  bool IsTrue(std::string_view prefix, size_t index) const {
    const CXCursor* variable = Find(prefix, index);
    if (variable == nullptr) return true;
    CXEvalResult result = clang_.Cursor_Evaluate(*variable);
    if (result == nullptr) return true;
    const bool value =
        clang_.EvalResult_getKind(result) != CXEval_Int || clang_.EvalResult_getAsInt(result) != 0;
    clang_.EvalResult_dispose(result);
    return value;
  }

  void ReflectStruct(size_t index, CXType type, CXCursor definition) {
    if (clang_.getCursorKind(definition) == CXCursor_UnionDecl)
      return Refuse(index, definition, "is a union; use a struct with a std::variant");
    if (clang_.Type_getNumTemplateArguments(type) >= 0)
      return Refuse(index, definition, "is an instance of a template; use a struct of its own");
    const std::string cpp_name = clang_.QualifiedName(definition);
    if (cpp_name.empty()) return Refuse(index, definition, "has no name outside of where it is declared");
    if (!IsTrue("made_", index)) return Refuse(index, definition, "cannot be made without arguments");
    if (!IsTrue("copied_", index)) return Refuse(index, definition, "cannot be copied");

    std::vector<idl::ForeignField> fields;
    refusal_.reset();
    AddFields(definition, /*is_public=*/true, fields);
    std::set<std::string_view> names;
    if (refusal_.has_value()) return Refuse(index, refusal_->at, refusal_->why);
    for (const idl::ForeignField& field : fields) {
      if (names.insert(field.name).second) continue;
      ForeignDiagnostic& diagnostic =
          Report(index, Cat("`", cpp_name, "` and what it derives from have two fields `", field.name, "`"));
      diagnostic.notes.push_back({field.range, "the second one is here"});
      return;
    }
    if (fields.empty()) return Refuse(index, definition, "has no public fields");
    SetFound(index, definition, cpp_name).fields = std::move(fields);
  }

  struct Refusal {
    CXCursor at;
    std::string why;
  };
  void RefuseAt(CXCursor at, std::string why) {
    if (!refusal_.has_value()) refusal_ = Refusal{at, std::move(why)};
  }

  // The fields of a class, those of its bases first. What would be lost on the wire without a word is
  // refused.
  void AddFields(CXCursor definition, bool is_public, std::vector<idl::ForeignField>& fields) {
    clang_.ForEachChild(definition, [&](CXCursor child) {
      const CXCursorKind kind = clang_.getCursorKind(child);
      const bool public_child = is_public && clang_.getCXXAccessSpecifier(child) == CX_CXXPublic;
      if (kind == CXCursor_CXXBaseSpecifier) {
        AddFieldsOfBase(child, public_child, fields);
      } else if (kind == CXCursor_FieldDecl) {
        AddField(child, public_child, fields);
      } else if ((kind == CXCursor_UnionDecl || kind == CXCursor_StructDecl) &&
                 clang_.Cursor_isAnonymous(child) != 0 && !IsTypeOfField(definition, child)) {
        RefuseAt(child, kind == CXCursor_UnionDecl ? "has a union without a name"
                                                   : "has a struct without a name inside");
      }
    });
  }

  void AddFieldsOfBase(CXCursor specifier, bool is_public, std::vector<idl::ForeignField>& fields) {
    const CXType type = clang_.getCanonicalType(clang_.getCursorType(specifier));
    const CXCursor base = clang_.getTypeDeclaration(type);
    if (clang_.Type_getNumTemplateArguments(type) < 0) {
      const CXCursor definition = clang_.getCursorDefinition(base);
      if (clang_.Cursor_isNull(definition) == 0) AddFields(definition, is_public, fields);
      return;
    }
    // libclang does not look into instances of templates, but for their own fields.
    bool has_fields = false;
    clang_.Type_visitFields(
        type,
        [](CXCursor, CXClientData data) {
          *static_cast<bool*>(data) = true;
          return CXVisit_Break;
        },
        &has_fields);
    clang_.ForEachChild(clang_.getSpecializedCursorTemplate(base), [&](CXCursor child) {
      has_fields = has_fields || clang_.getCursorKind(child) == CXCursor_CXXBaseSpecifier;
    });
    if (has_fields) {
      RefuseAt(specifier, Cat("has fields of `", PlainType(clang_.Spelling(type)),
                              "`, which it derives from and which is an instance of a template"));
    }
  }

  // `union { ... } shape;`: the field is what is refused, where it is not left out.
  bool IsTypeOfField(CXCursor definition, CXCursor type) const {
    bool is_type = false;
    const ClangSpan span = unit_->SpanOfName(type);
    clang_.ForEachChild(definition, [&](CXCursor child) {
      if (clang_.getCursorKind(child) != CXCursor_FieldDecl || clang_.Spelling(child).empty()) return;
      const CXCursor declared =
          clang_.getTypeDeclaration(clang_.getCanonicalType(clang_.getCursorType(child)));
      if (clang_.Cursor_isNull(declared) != 0) return;
      const ClangSpan other = unit_->SpanOfName(declared);
      is_type = is_type || (other.file == span.file && other.begin == span.begin);
    });
    return is_type;
  }

  void AddField(CXCursor cursor, bool is_public, std::vector<idl::ForeignField>& fields) {
    const std::string name = clang_.Spelling(cursor);
    const bool is_bit_field = clang_.Cursor_isBitField(cursor) != 0;
    if (name.empty()) return;  // Padding, or what stands for an anonymous union, which is seen itself.
    if (!is_public)
      return RefuseAt(cursor, Cat("has a field `", name, "` that is not public and would be lost"));
    idl::ForeignField field;
    field.name = name;
    field.range = unit_->AddToSources(unit_->SpanOfName(cursor), sources_);
    const CXType type = clang_.getCursorType(cursor);
    field.type = ForeignTypeOf(clang_, type);
    std::string_view reason;
    if (is_bit_field) {
      reason = "it is a bit-field";
    } else if (clang_.isConstQualifiedType(clang_.getCanonicalType(type)) != 0) {
      reason = "it is const and cannot be filled in";
    }
    if (!reason.empty()) {
      field.type.kind = idl::ForeignType::Kind::kOther;
      field.type.arguments.clear();
      field.type.cpp_name.clear();
      field.type.reason = std::string(reason);
    }
    fields.push_back(std::move(field));
  }

  const idl::ForeignQuery& query_;
  ClangSession& session_;
  const LibClang& clang_;
  idl::SourceMap& sources_;
  SyntheticText text_;
  const ClangUnit* unit_ = nullptr;
  std::vector<bool> good_headers_;
  std::map<std::string, CXCursor, std::less<>> cursors_;
  std::optional<Refusal> refusal_;
  idl::ForeignAnswer answer_;
};

}  // namespace

idl::ForeignAnswer ReflectNames(const idl::ForeignQuery& query, ClangSession& session,
                                idl::SourceMap& sources) {
  return Reflection(query, session, sources).Run();
}

}  // namespace onager::codegen
