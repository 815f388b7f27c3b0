#include "codegen/view/cpp_values.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"
#include "codegen/view/doc_lines.h"

namespace onager::codegen {
namespace {

using idl::TypeId;

constexpr std::string_view kDeprecated = "[[deprecated]] ";

std::string StatusCodeSpelling(absl::StatusCode code) {
  // kNotFound for NOT_FOUND.
  std::string spelling = "absl::StatusCode::k";
  bool word_begins = true;
  for (const char c : idl::StatusCodeName(code)) {
    if (c == '_') {
      word_begins = true;
      continue;
    }
    spelling += std::exchange(word_begins, false) ? c : absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return spelling;
}

std::string Attribute(bool deprecated) { return std::string(deprecated ? kDeprecated : ""); }

Node MemberNode(const std::string& name, const idl::Declaration& declaration, NameScope& scope) {
  return Node{{"name", name},
              {"declared_name", CppStringLiteral(declaration.name)},
              {"doc", DocLines(declaration)},
              {"attribute", Attribute(declaration.deprecated)},
              {"with", scope.Claim(Cat("with_", name))},
              {"set", scope.Claim(Cat("set_", name))},
              {"clear", scope.Claim(Cat("clear_", name))},
              {"mutable", scope.Claim(Cat("mutable_", name))}};
}

// `, kWithDefault | kPrivate`, what holds of a field besides its type.
std::string FlagsOf(const idl::Field& field) {
  std::vector<std::string> flags;
  const bool has_default = field.default_value.has_value() || field.default_expression.has_value();
  if (has_default) flags.emplace_back("kWithDefault");
  if (field.is_private) flags.emplace_back("kPrivate");
  if (field.sensitive) flags.emplace_back("kSensitive");
  return flags.empty() ? "" : Cat(", ", Join(flags, " | "));
}

}  // namespace

CppValues::CppValues(const idl::Model& model, const CppNames& names, const CppTypes& types,
                     CppIncludes& includes)
    : model_(model), names_(names), types_(types), includes_(includes), key_fields_(model.structs.size()) {
  for (uint32_t i = 0; i < model_.types.size(); ++i) {
    const auto* list = std::get_if<idl::ListType>(&model_.types[TypeId{i}]);
    if (list == nullptr || !list->key_field.has_value()) continue;
    key_fields_[std::get<idl::StructType>(model_.types[list->element]).id.index].insert(*list->key_field);
  }
}

Node CppValues::Enum(idl::EnumId id) const {
  includes_.Add({"cstdint", "ostream"});
  const idl::Enum& e = model_.enums[id];
  const bool is_deprecated = std::any_of(e.values.begin(), e.values.end(),
                                         [](const idl::EnumValue& value) { return value.deprecated; });
  Node::List values;
  std::set<int32_t> numbers;
  for (size_t i = 0; i < e.values.size(); ++i) {
    const idl::EnumValue& value = e.values[i];
    values.push_back(Node{{"name", names_.OfEnumValue(id, i)},
                          {"attribute", value.deprecated ? " [[deprecated]]" : ""},
                          {"text", value.name},
                          {"number", Cat(value.number)},
                          {"is_first_of_number", numbers.insert(value.number).second},
                          {"doc", DocLines(value)}});
  }
  return Node{{"enum", names_.OfEnum(id).name},
              {"inside", names_.OfEnum(id).inside},
              {"attribute", Attribute(e.deprecated)},
              {"by_number", is_deprecated},
              {"doc", DocLines(e)},
              {"values", std::move(values)}};
}

Node CppValues::Struct(idl::StructId id) const {
  const idl::Struct& s = model_.structs[id];
  const TypeName& name = names_.OfStruct(id);
  if (s.cpp.has_value()) {
    return Node{{"qualified", name.qualified},
                {"proto_name", Cat(model_.files[s.file].package, ".", s.name)},
                {"has_fields", !s.members.fields.empty()},
                {"descriptions", Descriptions(s.members, names_.MembersOf(id))}};
  }
  return Value(Subject{.name = name,
                       .own_name = name.name,
                       .proto_name = Cat(model_.files[s.file].package, ".", s.name),
                       .members = s.members,
                       .names = names_.MembersOf(id),
                       .key_fields = key_fields_[id.index]},
               DocLines(s), s.deprecated);
}

Node CppValues::Error(idl::ErrorId id) const {
  const idl::Error& e = model_.errors[id];
  const TypeName& name = names_.OfError(id);
  Node node = Value(Subject{.name = name,
                            .own_name = name.name,
                            .proto_name = Cat(model_.package, ".", e.name),
                            .members = e.members,
                            .names = names_.MembersOf(id),
                            .key_fields = {}},
                    DocLines(e), e.deprecated);
  node.Set("is_error", true);
  node.Set("code", StatusCodeSpelling(e.code));
  return node;
}

Node CppValues::State(idl::ActorId id) const {
  const idl::Actor& actor = model_.actors[id];
  const ActorNames& names = names_.OfActor(id);
  return Value(Subject{.name = {names.state, names.state, names_.Qualified(names.state)},
                       .own_name = names.state,
                       .proto_name = Cat(model_.package, ".", actor.name, "State"),
                       .members = actor.state,
                       .names = names.state_members,
                       .key_fields = {}},
               DocLines(Cat("The state of `", actor.name, "`.")), false);
}

Node CppValues::Event(idl::ActorId id, size_t event) const {
  const idl::Actor& actor = model_.actors[id];
  const idl::Event& declared = actor.events[event];
  const ActorNames& names = names_.OfActor(id);
  const EventNames& own = names.events[event];
  const std::string name = Cat(names.observable, "::", own.name);
  Node node = Value(
      Subject{.name = {name, Cat(names_.Inside(names.observable), "::", own.name), names_.Qualified(name)},
              .own_name = own.name,
              .proto_name = Cat(model_.package, ".", actor.name, declared.name, "Event"),
              .members = declared.members,
              .names = own.members,
              .key_fields = {}},
      DocLines(declared), declared.deprecated);
  node.Set("is_event", true);
  node.Set("event_name", declared.name);
  node.Set("wire_number", Cat(declared.number));
  return node;
}

Node CppValues::Value(const Subject& subject, Node doc, bool deprecated) const {
  includes_.Add({"ostream"});
  const MemberNames& names = subject.names;
  NameScope scope = names.scope;
  // A member called `value` hides the accessor to the whole that its tracked class inherits.
  const bool hides_value =
      std::find(names.fields.begin(), names.fields.end(), "value") != names.fields.end() ||
      std::any_of(names.oneofs.begin(), names.oneofs.end(),
                  [](const OneofNames& oneof) { return oneof.member == "value"; });
  const std::string argument = scope.Claim("value");
  Node::List fields;
  bool has_changes = false;  // Key fields never change.
  bool has_foreign = false;
  for (uint32_t i = 0; i < subject.members.fields.size(); ++i) {
    const idl::Field& field = subject.members.fields[i];
    has_changes = has_changes || !subject.key_fields.contains(i);
    has_foreign = has_foreign || types_.HoldsForeign(field.type);
    if (!field.oneof.has_value()) {
      fields.push_back(Field(field, names.fields[i], scope, subject.key_fields.contains(i)));
    } else if (subject.members.oneofs[*field.oneof].fields.front() == i) {
      fields.push_back(Oneof(subject, *field.oneof, scope));
    }
  }
  return Node{{"struct", subject.own_name},
              {"inside", subject.name.inside},
              {"qualified", subject.name.qualified},
              {"proto_name", subject.proto_name},
              {"attribute", Attribute(deprecated)},
              {"doc", std::move(doc)},
              {"argument", argument},
              {"whole", hides_value ? "TrackedStruct::value()" : "value()"},
              {"change", scope.Claim("change")},
              {"now", scope.Claim("now")},
              {"has_fields", !fields.empty()},
              {"has_changes", has_changes},
              {"has_foreign_values", has_foreign},
              {"fields", std::move(fields)},
              {"descriptions", Descriptions(subject.members, names)},
              {"is_error", false},
              {"is_event", false}};
}

std::string CppValues::Initializer(const idl::Field& field) const {
  if (field.default_value.has_value()) {
    return Cat(" = ", types_.Literal(field.type, *field.default_value, Spelling::kInside));
  }
  if (field.default_expression.has_value()) {
    return Cat(" = ", types_.Converted(field.type, *field.default_expression));
  }
  return types_.ZeroInitializer(field.type);
}

Node CppValues::Field(const idl::Field& field, const std::string& name, NameScope& scope, bool is_key) const {
  includes_.AddFor(field.type);
  Node node = MemberNode(name, field, scope);
  const std::string initializer = Initializer(field);
  if (field.default_expression.has_value()) includes_.AddForExpression(field.default_expression->text);
  if (initializer.find("std::numeric_limits") != std::string::npos) includes_.Add({"limits"});
  node.Set("type", types_.Value(field.type, Spelling::kInside));
  node.Set("qualified_type", types_.Value(field.type, Spelling::kQualified));
  node.Set("getter_type", types_.Getter(field.type, Spelling::kQualified));
  node.Set("initializer", initializer);
  node.Set("moves", !types_.IsCheap(field.type));
  node.Set("is_oneof", false);
  node.Set("alternatives", Node::List());

  const idl::Type& type = model_.types[field.type];
  const auto* optional = std::get_if<idl::OptionalType>(&type);
  const TypeId inner = optional != nullptr ? optional->value : field.type;
  const auto* list = std::get_if<idl::ListType>(&type);
  // What is changed through `mutable_…`; all else is replaced as a whole by `set_…`.
  const bool is_container = (list != nullptr && list->key_field.has_value()) ||
                            std::holds_alternative<idl::MapType>(type) ||
                            std::holds_alternative<idl::SetType>(type);
  const bool is_patched = types_.IsPatched(inner);
  node.Set("inner_type", types_.Value(inner, Spelling::kQualified));
  node.Set("inner_moves", !types_.IsCheap(inner));
  node.Set("is_key", is_key);
  node.Set("has_setter", !is_key && !is_container);
  node.Set("has_clear", optional != nullptr);
  node.Set("has_mutable", is_patched || is_container);
  std::string mutable_type;
  std::string change_type = "bool";
  std::string previous_type = Cat(types_.Value(field.type, Spelling::kQualified), "&");
  if (is_patched) {
    previous_type = Cat("onager::Previous", optional != nullptr ? "Optional<" : "<",
                        types_.Value(inner, Spelling::kQualified), ">");
    mutable_type = Cat("onager::Tracked<", types_.Value(inner, Spelling::kQualified), ">");
    if (optional == nullptr)
      change_type = Cat("onager::Change<", types_.Value(inner, Spelling::kQualified), ">");
  } else if (is_container) {
    // KeyedList<T, K>, TrackedKeyedList<T, K>, KeyedListChange<T, K>, and so for maps and sets.
    const std::string spelling = types_.Value(field.type, Spelling::kQualified);
    const size_t name_begin = spelling.find("::") + 2;
    const size_t name_end = spelling.find('<');
    const std::string container = spelling.substr(name_begin, name_end - name_begin);
    mutable_type = Cat("onager::Tracked", container, spelling.substr(name_end));
    change_type = Cat("onager::", container, "Change", spelling.substr(name_end));
    previous_type = Cat("onager::Previous", container, spelling.substr(name_end));
  }
  node.Set("mutable_type", mutable_type);
  node.Set("change_type", change_type);
  node.Set("previous_type", previous_type);
  return node;
}

// A oneof is one member: a variant whose alternatives are its fields in order, and an enum that names them.
Node CppValues::Oneof(const Subject& subject, uint32_t index, NameScope& scope) const {
  includes_.Add({"variant", "cstddef"});
  const idl::Oneof& oneof = subject.members.oneofs[index];
  const OneofNames& own = subject.names.oneofs[index];
  Node node = MemberNode(own.member, oneof, scope);
  std::string type = "std::variant<std::monostate";
  std::string qualified_type = type;
  Node::List alternatives;
  for (size_t i = 0; i < oneof.fields.size(); ++i) {
    const idl::Field& field = subject.members.fields[oneof.fields[i]];
    includes_.AddFor(field.type);
    Append(type, ", ", types_.Value(field.type, Spelling::kInside));
    Append(qualified_type, ", ", types_.Value(field.type, Spelling::kQualified));
    Node alternative = MemberNode(subject.names.fields[oneof.fields[i]], field, scope);
    alternative.Set("oneof", own.member);
    alternative.Set("case", own.cases[i]);
    alternative.Set("alternative_type", types_.Value(field.type, Spelling::kInside));
    alternative.Set("qualified_alternative_type", types_.Value(field.type, Spelling::kQualified));
    alternative.Set("alternative_moves", !types_.IsCheap(field.type));
    alternatives.push_back(std::move(alternative));
  }
  node.Set("is_oneof", true);
  node.Set("cases", own.cases_enum);
  node.Set("unset", own.unset);
  node.Set("first_case", own.cases.front());
  node.Set("type", type + ">");
  node.Set("qualified_type", qualified_type + ">");
  node.Set("getter_type", Cat("const ", qualified_type, ">&"));
  node.Set("initializer", "");
  node.Set("moves", true);
  node.Set("alternatives", std::move(alternatives));
  node.Set("is_key", false);
  node.Set("has_setter", false);
  node.Set("has_clear", true);
  node.Set("has_mutable", false);
  node.Set("change_type", "bool");
  node.Set("previous_type", Cat(qualified_type, ">&"));
  return node;
}

Node CppValues::Descriptions(const idl::Members& members, const MemberNames& names) const {
  std::map<uint32_t, Node> by_number;
  for (uint32_t i = 0; i < members.fields.size(); ++i) {
    const idl::Field& field = members.fields[i];
    Node node{{"number", Cat(field.number)},
              {"declared_name", CppStringLiteral(field.name)},
              {"flags", FlagsOf(field)},
              {"is_alternative", field.oneof.has_value()},
              {"member", names.fields[i]}};
    if (field.oneof.has_value()) {
      const std::vector<uint32_t>& alternatives = members.oneofs[*field.oneof].fields;
      uint32_t first = field.number;
      for (const uint32_t other : alternatives) first = std::min(first, members.fields[other].number);
      const OneofNames& oneof = names.oneofs[*field.oneof];
      const uint32_t position = i - alternatives.front();
      node.Set("member", oneof.member);
      // The variant of an imported C++ struct has no enum of its alternatives.
      node.Set("case", oneof.cases.empty() ? Cat(position + 1) : Cat("T::", oneof.cases[position]));
      node.Set("first_number", Cat(first));
    }
    by_number.emplace(field.number, std::move(node));
  }
  Node::List sorted;
  for (auto& [number, node] : by_number) sorted.push_back(std::move(node));
  return sorted;
}

}  // namespace onager::codegen
