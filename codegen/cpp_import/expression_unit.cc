#include "codegen/cpp_import/expression_unit.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "codegen/cpp_import/headers.h"
#include "codegen/cpp_import/prelude.h"
#include "codegen/std_names/std_names.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"
#include "codegen/view/cpp_types.h"

namespace onager::codegen {
namespace {

using Role = ListedExpression::Role;

// Which declarations of a model the expressions need, and which headers those need.
class Reach {
 public:
  Reach(const idl::Model& model, const std::vector<ListedExpression>& expressions)
      : model_(model),
        has_enum_(model.enums.size()),
        has_struct_(model.structs.size()),
        has_actor_(model.actors.size()),
        has_previous_(model.actors.size()),
        has_file_(model.files.size()),
        has_state_(model.actors.size()),
        has_type_(model.types.size()) {
    for (const idl::EnumId id : model.enums.ids()) enums_[CppIdentifier(model.enums[id].name)].push_back(id);
    for (const idl::StructId id : model.structs.ids())
      structs_[CppIdentifier(model.structs[id].name)].push_back(id);
    for (const ListedExpression& listed : expressions) {
      if (!listed.fault.has_value()) AddExpression(listed);
    }
    headers_.insert(
        {"cstddef", "cstdint", "iterator", "optional", "string", "string_view", "type_traits", "utility"});
  }

  bool Has(idl::EnumId id) const { return has_enum_[id.index]; }
  bool Has(idl::StructId id) const { return has_struct_[id.index]; }
  bool Has(idl::ActorId id) const { return has_actor_[id.index]; }
  bool HasState(idl::ActorId id) const { return has_state_[id.index]; }
  bool HasPrevious(idl::ActorId id) const { return has_previous_[id.index]; }
  // Whether an expression of the file, or of one that imports it, is checked.
  bool HasFile(idl::FileIndex file) const { return has_file_[file]; }
  const std::set<std::string_view>& headers() const { return headers_; }

 private:
  void AddExpression(const ListedExpression& listed) {
    AddFile(listed.file);
    if (listed.role != Role::kFilter) AddType(listed.type);
    if (listed.item_key.has_value()) AddType(*listed.item_key);
    if (listed.parameters != nullptr) {
      for (const idl::Parameter& parameter : *listed.parameters) AddType(parameter.type);
    }
    if (listed.actor.has_value()) AddActor(*listed.actor, listed.role == Role::kFilter);
    for (const ExpressionToken& token : listed.tokens) {
      if (token.kind == ExpressionToken::Kind::kName) AddName(token.text, listed);
    }
  }

  void AddFile(idl::FileIndex file) {
    if (has_file_[file]) return;
    has_file_[file] = true;
    for (const idl::FileIndex imported : model_.files[file].imports) AddFile(imported);
  }

  void AddActor(idl::ActorId id, bool with_state) {
    const idl::Actor& actor = model_.actors[id];
    has_actor_[id.index] = true;
    for (const idl::Parameter& part : actor.key) AddType(part.type);
    if (!with_state || has_state_[id.index]) return;
    has_state_[id.index] = true;
    AddMembers(actor.state);
  }

  void AddMembers(const idl::Members& members) {
    for (const idl::Field& field : members.fields) AddType(field.type);
    if (!members.oneofs.empty()) headers_.insert("variant");
  }

  // What an expression names itself: a type of the `.actor` file, or something of std.
  void AddName(std::string_view name, const ListedExpression& listed) {
    if (name == "prev" && listed.role == Role::kFilter) has_previous_[listed.actor->index] = true;
    if (name == "absl") headers_.insert("absl/time/time.h");
    if (const std::string_view header = StdHeader(name); !header.empty()) headers_.insert(header);
    if (const auto found = enums_.find(name); found != enums_.end()) {
      for (const idl::EnumId id : found->second) AddEnum(id);
    }
    if (const auto found = structs_.find(name); found != structs_.end()) {
      for (const idl::StructId id : found->second) AddStruct(id);
    }
  }

  void AddEnum(idl::EnumId id) { has_enum_[id.index] = true; }

  void AddStruct(idl::StructId id) {
    if (has_struct_[id.index]) return;
    has_struct_[id.index] = true;
    if (model_.structs[id].cpp.has_value()) return;
    waiting_.push_back(id);
    // Not recursive: a chain of structs may be as long as a file.
    if (waiting_.size() > 1 || is_working_) return;
    is_working_ = true;
    while (!waiting_.empty()) {
      const idl::StructId next = waiting_.back();
      waiting_.pop_back();
      AddMembers(model_.structs[next].members);
    }
    is_working_ = false;
  }

  void AddType(idl::TypeId id) {
    if (has_type_[id.index]) return;
    has_type_[id.index] = true;
    const idl::Type& type = model_.types[id];
    if (const auto* scalar = std::get_if<idl::ScalarType>(&type)) {
      const bool is_time =
          scalar->kind == idl::ScalarKind::kTimestamp || scalar->kind == idl::ScalarKind::kDuration;
      if (is_time) headers_.insert("absl/time/time.h");
    } else if (const auto* e = std::get_if<idl::EnumType>(&type)) {
      AddEnum(e->id);
    } else if (const auto* s = std::get_if<idl::StructType>(&type)) {
      AddStruct(s->id);
    } else if (const auto* optional = std::get_if<idl::OptionalType>(&type)) {
      AddType(optional->value);
    } else if (const auto* list = std::get_if<idl::ListType>(&type)) {
      if (!list->key_field.has_value()) headers_.insert("vector");
      AddType(list->element);
    } else if (const auto* map = std::get_if<idl::MapType>(&type)) {
      AddType(map->key);
      AddType(map->value);
    } else if (const auto* set = std::get_if<idl::SetType>(&type)) {
      AddType(set->element);
    }
  }

  const idl::Model& model_;
  std::vector<bool> has_enum_, has_struct_, has_actor_, has_previous_, has_file_, has_state_, has_type_;
  std::set<std::string_view> headers_;
  // By their C++ names, of which different packages may have the same.
  std::map<std::string, std::vector<idl::EnumId>, std::less<>> enums_;
  std::map<std::string, std::vector<idl::StructId>, std::less<>> structs_;
  std::vector<idl::StructId> waiting_;
  bool is_working_ = false;
};

class Writer {
 public:
  Writer(const idl::Model& model, const CppNames& names, const std::vector<ListedExpression>& expressions,
         const idl::SourceMap& sources)
      : model_(model),
        names_(names),
        types_(model, names),
        expressions_(expressions),
        sources_(sources),
        reach_(model, expressions) {}

  SyntheticText Write(std::vector<idl::ForeignDiagnostic>& diagnostics) {
    for (const std::string_view header : reach_.headers()) text_.Add(Cat("#include <", header, ">\n"));
    for (size_t i = 0; i < model_.cpp_headers.size(); ++i) {
      if (reach_.HasFile(model_.cpp_headers[i].file))
        AddInclude(model_.cpp_headers[i], i, sources_, text_, diagnostics);
    }
    text_.Add(Prelude());
    for (const idl::EnumId id : model_.enums.ids()) WriteEnum(id);
    const std::vector<idl::StructId> structs = idl::StructsInDependencyOrder(model_);
    // Boxes hold structs that come later.
    for (const idl::StructId id : structs) {
      if (IsWritten(id))
        InNamespace(model_.structs[id].file, Cat("struct ", names_.OfStruct(id).name, ";\n"));
    }
    for (const idl::StructId id : structs) WriteStruct(id);
    for (const idl::ActorId id : model_.actors.ids()) WriteActor(id);
    WritePrevious(structs);
    for (size_t i = 0; i < expressions_.size(); ++i) {
      if (!expressions_[i].fault.has_value()) WriteFunction(i);
    }
    return std::move(text_);
  }

 private:
  bool IsWritten(idl::StructId id) const { return reach_.Has(id) && !model_.structs[id].cpp.has_value(); }

  std::string TypeOf(idl::TypeId type) const { return types_.Value(type, Spelling::kQualified); }

  std::string Namespace(idl::FileIndex file) const { return CppNamespace(model_.files[file].package); }
  void Open(idl::FileIndex file) { text_.Add(Cat("namespace ", Namespace(file), " {\n")); }
  void Close() { text_.Add("}\n"); }
  void InNamespace(idl::FileIndex file, std::string_view text) {
    Open(file);
    text_.Add(text);
    Close();
  }
  // A name that is declared in the file.
  void Declare(std::string_view name, const idl::Declaration& declaration) {
    text_.AddPiece(SyntheticPiece::Kind::kDeclaration, 0, name, declaration.name_range);
  }

  void WriteEnum(idl::EnumId id) {
    const idl::Enum& e = model_.enums[id];
    if (!reach_.Has(id) || e.cpp.has_value()) return;
    Open(e.file);
    text_.Add("enum class ");
    Declare(names_.OfEnum(id).name, e);
    text_.Add(" : std::int32_t {\n");
    for (size_t i = 0; i < e.values.size(); ++i) {
      Declare(names_.OfEnumValue(id, i), e.values[i]);
      text_.Add(Cat(" = ", int64_t{e.values[i].number}, ",\n"));
    }
    text_.Add("};\n");
    Close();
  }

  void WriteStruct(idl::StructId id) {
    if (!IsWritten(id)) return;
    const idl::Struct& s = model_.structs[id];
    WriteMembers(s.file, names_.OfStruct(id).name, s, s.members, names_.MembersOf(id));
  }

  void WriteMembers(idl::FileIndex file, const std::string& name, const idl::Declaration& declaration,
                    const idl::Members& members, const MemberNames& names) {
    Open(file);
    text_.Add("struct ");
    Declare(name, declaration);
    text_.Add(" {\n");
    for (size_t i = 0; i < members.oneofs.size(); ++i) {
      const OneofNames& oneof = names.oneofs[i];
      text_.Add(Cat("enum ", oneof.cases_enum, " : std::size_t { ", oneof.unset, ", ",
                    Join(oneof.cases, ", "), " };\n"));
    }
    for (size_t i = 0; i < members.fields.size(); ++i) {
      const idl::Field& field = members.fields[i];
      if (!field.oneof.has_value()) {
        WriteField(TypeOf(field.type), names.fields[i], field);
      } else if (members.oneofs[*field.oneof].fields.front() == i) {
        WriteField(VariantOf(members, *field.oneof), names.oneofs[*field.oneof].member,
                   members.oneofs[*field.oneof]);
      }
    }
    text_.Add(Cat("friend bool operator==(const ", name, "&, const ", name, "&);\n};\n"));
    Close();
  }

  void WriteField(const std::string& type, const std::string& name, const idl::Declaration& declaration) {
    text_.Add(Cat(type, " "));
    Declare(name, declaration);
    text_.Add(";\n");
  }

  std::string VariantOf(const idl::Members& members, uint32_t oneof) const {
    std::string alternatives;
    for (const uint32_t field : members.oneofs[oneof].fields)
      alternatives += Cat(", ", TypeOf(members.fields[field].type));
    return Cat("std::variant<std::monostate", alternatives, ">");
  }

  void WriteActor(idl::ActorId id) {
    if (!reach_.Has(id)) return;
    const idl::Actor& actor = model_.actors[id];
    const ActorNames& names = names_.OfActor(id);
    Open(actor.file);
    text_.Add(Cat("struct ", names.key, " {\n"));
    for (size_t i = 0; i < actor.key.size(); ++i)
      WriteField(TypeOf(actor.key[i].type), names.key_members.fields[i], actor.key[i]);
    text_.Add(Cat("std::string ToString() const;\nfriend bool operator==(const ", names.key, "&, const ",
                  names.key, "&);\n};\n"));
    Close();
    if (reach_.HasState(id)) WriteMembers(actor.file, names.state, actor, actor.state, names.state_members);
  }

  std::string QualifiedState(idl::ActorId id) const {
    return Cat("::", Namespace(model_.actors[id].file), "::", names_.OfActor(id).state);
  }

  // `onager::Previous` of the states that a filter compares with, and of the structs in them.
  void WritePrevious(const std::vector<idl::StructId>& structs) {
    std::vector<idl::ActorId> actors;
    for (const idl::ActorId id : model_.actors.ids()) {
      if (reach_.HasPrevious(id)) actors.push_back(id);
    }
    if (actors.empty()) return;
    for (const idl::StructId id : structs) {
      if (!IsWritten(id)) continue;
      WritePreviousOf(names_.OfStruct(id).qualified, model_.structs[id].members, names_.MembersOf(id));
    }
    for (const idl::ActorId id : actors)
      WritePreviousOf(QualifiedState(id), model_.actors[id].state, names_.OfActor(id).state_members);
  }

  void WritePreviousOf(const std::string& type, const idl::Members& members, const MemberNames& names) {
    text_.Add(Cat("template <>\nclass onager::Previous<", type, "> {\n public:\n"));
    text_.Add(Cat("Previous(const onager::generated::StructChange* change, const ", type, "& now);\n"));
    for (size_t i = 0; i < members.fields.size(); ++i) {
      const idl::Field& field = members.fields[i];
      if (!field.oneof.has_value()) {
        WriteField(PreviousType(field.type), names.fields[i], field);
      } else if (members.oneofs[*field.oneof].fields.front() == i) {
        WriteField(Cat("const ", VariantOf(members, *field.oneof), "&"), names.oneofs[*field.oneof].member,
                   members.oneofs[*field.oneof]);
      }
    }
    text_.Add("};\n");
  }

  // As members of `onager::Previous` are; leaves are references to the value before.
  std::string PreviousType(idl::TypeId id) const {
    const idl::Type& type = model_.types[id];
    if (types_.IsPatched(id)) return Cat("const onager::Previous<", TypeOf(id), ">");
    if (const auto* optional = std::get_if<idl::OptionalType>(&type);
        optional != nullptr && types_.IsPatched(optional->value))
      return Cat("const onager::PreviousOptional<", TypeOf(optional->value), ">");
    const std::string now = TypeOf(id);
    const auto* list = std::get_if<idl::ListType>(&type);
    const bool is_keyed = list != nullptr && list->key_field.has_value();
    constexpr std::string_view kOurs = "onager::";
    if (is_keyed || std::holds_alternative<idl::MapType>(type) || std::holds_alternative<idl::SetType>(type))
      return Cat("const onager::Previous", now.substr(kOurs.size()));
    return Cat("const ", now, "&");
  }

  void WriteFunction(size_t index) {
    const ListedExpression& listed = expressions_[index];
    Open(listed.file);
    text_.Add(Cat("inline void ", kExpressionFunction, index, "_("));
    WriteParameters(listed);
    text_.Add(") {\n(void)(");
    text_.AddExpression(SyntheticPiece::Kind::kExpression, index, *listed.expression, sources_);
    text_.Add(");\n");
    if (listed.role == Role::kDefault) WriteConversion(index);
    text_.Add("}\n");
    Close();
  }

  // Numbers in braces, where what does not fit is an error.
  void WriteConversion(size_t index) {
    const ListedExpression& listed = expressions_[index];
    const auto* scalar = std::get_if<idl::ScalarType>(&model_.types[listed.type]);
    const bool is_number =
        scalar != nullptr && (scalar->kind == idl::ScalarKind::kBool || idl::IsInteger(scalar->kind) ||
                              idl::IsFloatingPoint(scalar->kind));
    text_.Add(Cat(TypeOf(listed.type), " "));
    // Some errors are about the variable.
    text_.AddPiece(SyntheticPiece::Kind::kConversion, index, "onager_value_", listed.expression->range);
    text_.Add(is_number ? "{" : " = (");
    text_.AddExpression(SyntheticPiece::Kind::kConversion, index, *listed.expression, sources_);
    text_.Add(Cat(is_number ? "}" : ")", ";\n"));
  }

  void WriteParameters(const ListedExpression& listed) {
    if (listed.role == Role::kDefault) return;
    const ActorNames& actor = names_.OfActor(*listed.actor);
    if (listed.role == Role::kFilter) {
      text_.Add(Cat("const ", actor.state, "& state, "));
      if (reach_.HasPrevious(*listed.actor))
        text_.Add(Cat("const ::onager::Previous<", QualifiedState(*listed.actor), ">& prev, "));
    } else {
      text_.Add(Cat("const ", TypeOf(listed.type), "& item, "));
      if (listed.item_key.has_value()) text_.Add(Cat("const ", TypeOf(*listed.item_key), "& item_key, "));
    }
    text_.Add(Cat("const ", actor.key, "& key"));
    for (const idl::Parameter& parameter : *listed.parameters) {
      text_.Add(Cat(", const ", TypeOf(parameter.type), "& "));
      Declare(CppIdentifier(parameter.name), parameter);
    }
  }

  const idl::Model& model_;
  const CppNames& names_;
  const CppTypes types_;
  const std::vector<ListedExpression>& expressions_;
  const idl::SourceMap& sources_;
  const Reach reach_;
  SyntheticText text_;
};

}  // namespace

SyntheticText WriteExpressionUnit(const idl::Model& model, const CppNames& names,
                                  const std::vector<ListedExpression>& expressions,
                                  const idl::SourceMap& sources,
                                  std::vector<idl::ForeignDiagnostic>& diagnostics) {
  return Writer(model, names, expressions, sources).Write(diagnostics);
}

}  // namespace onager::codegen
