#include "codegen/view/cpp_view.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"
#include "codegen/view/cpp_names.h"
#include "codegen/view/cpp_types.h"
#include "codegen/view/doc_lines.h"

namespace onager::codegen {
namespace {

using idl::ActorId;
using idl::EnumId;
using idl::ErrorId;
using idl::Model;
using idl::StructId;
using idl::TypeId;

// TODO_ACTOR_H_ for todo.actor.h.
std::string Guard(std::string_view header) {
  std::string guard;
  for (const char c : header) {
    const auto byte = static_cast<unsigned char>(c);
    guard += absl::ascii_isalnum(byte) ? absl::ascii_toupper(byte) : '_';
  }
  // Identifiers do not begin with digits.
  return Cat(absl::ascii_isdigit(static_cast<unsigned char>(guard.front())) ? "ACTOR_" : "", guard, "_");
}

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

std::string DurationSpelling(absl::Duration duration) {
  for (const auto& [unit, name] :
       {std::pair(absl::Hours(1), "Hours"), std::pair(absl::Minutes(1), "Minutes"),
        std::pair(absl::Seconds(1), "Seconds"), std::pair(absl::Milliseconds(1), "Milliseconds"),
        std::pair(absl::Microseconds(1), "Microseconds")}) {
    if (duration % unit == absl::ZeroDuration()) return Cat("absl::", name, "(", duration / unit, ")");
  }
  return Cat("absl::Nanoseconds(", absl::ToInt64Nanoseconds(duration), ")");
}

class CppBuilder {
 public:
  CppBuilder(const Model& model, std::string header)
      : model_(model), header_(std::move(header)), names_(model), types_(model, names_) {
    FindKeyFields();
  }

  Node Build() {
    Node::List enums;
    for (const EnumId id : model_.enums.ids()) enums.push_back(Enum(id));
    Node::List values;
    Node::List tracked;
    Node::List states;
    for (const StructId id : idl::StructsInDependencyOrder(model_)) {
      Node value = Value(names_.OfStruct(id), model_.structs[id].name, DocLines(model_.structs[id]),
                         model_.structs[id].members, names_.MembersOf(id), key_fields_[id.index]);
      tracked.push_back(value);
      values.push_back(std::move(value));
    }
    for (const ErrorId id : model_.errors.ids()) values.push_back(Error(id));
    Node::List actors;
    for (const ActorId id : model_.actors.ids()) {
      const idl::Actor& actor = model_.actors[id];
      const ActorNames& names = names_.OfActor(id);
      Node state =
          Value(names.state, Cat(actor.name, "State"), DocLines(Cat("The state of `", actor.name, "`.")),
                actor.state, names.state_members, {});
      tracked.push_back(state);
      states.push_back(state);
      values.push_back(std::move(state));
      actors.push_back(Actor(id));
    }
    const bool has_actors = !actors.empty();
    const bool has_messages = !messages_.empty();
    return Node{{"header", header_},
                {"guard", Guard(header_)},
                {"doc", DocLines(model_.doc)},
                {"package", model_.package},
                {"namespace", names_.package()},
                {"includes", Includes()},
                {"enums", std::move(enums)},
                {"values", std::move(values)},
                {"tracked", std::move(tracked)},
                {"states", std::move(states)},
                {"has_actors", has_actors},
                {"has_calls", has_actors || !model_.errors.empty()},
                {"actors", std::move(actors)},
                {"messages", std::move(messages_)},
                {"has_messages", has_messages}};
  }

 private:
  // A key field cannot be changed in place: it gets no setter.
  void FindKeyFields() {
    key_fields_.resize(model_.structs.size());
    for (uint32_t i = 0; i < model_.types.size(); ++i) {
      const auto* list = std::get_if<idl::ListType>(&model_.types[TypeId{i}]);
      if (list == nullptr || !list->key_field.has_value()) continue;
      key_fields_[std::get<idl::StructType>(model_.types[list->element]).id.index].insert(*list->key_field);
    }
  }

  Node Enum(EnumId id) {
    uses_.insert("cstdint");
    uses_.insert("ostream");
    const idl::Enum& e = model_.enums[id];
    Node::List values;
    for (size_t i = 0; i < e.values.size(); ++i) {
      values.push_back(Node{{"name", names_.OfEnumValue(id, i)},
                            {"text", e.values[i].name},
                            {"number", Cat(e.values[i].number)},
                            {"doc", DocLines(e.values[i])}});
    }
    return Node{{"enum", names_.OfEnum(id)}, {"doc", DocLines(e)}, {"values", std::move(values)}};
  }

  // What describes a struct to the library: its fields and alternatives by number.
  Node Descriptions(const idl::Members& members, const MemberNames& names) const {
    std::map<uint32_t, Node> by_number;
    for (uint32_t i = 0; i < members.fields.size(); ++i) {
      const idl::Field& field = members.fields[i];
      Node node{{"number", Cat(field.number)},
                {"declared_name", CppStringLiteral(field.name)},
                {"has_default", field.default_value.has_value()},
                {"is_alternative", field.oneof.has_value()},
                {"member", names.fields[i]}};
      if (field.oneof.has_value()) {
        const std::vector<uint32_t>& alternatives = members.oneofs[*field.oneof].fields;
        uint32_t first = field.number;
        for (const uint32_t other : alternatives) first = std::min(first, members.fields[other].number);
        node.Set("member", names.oneofs[*field.oneof].member);
        node.Set("case", names.oneofs[*field.oneof].cases[i - alternatives.front()]);
        node.Set("first_number", Cat(first));
      }
      by_number.emplace(field.number, std::move(node));
    }
    Node::List sorted;
    for (auto& [number, node] : by_number) sorted.push_back(std::move(node));
    return sorted;
  }

  Node Value(const std::string& name, std::string_view declared_name, Node doc, const idl::Members& members,
             const MemberNames& names, const std::set<uint32_t>& key_fields) {
    uses_.insert("ostream");
    NameScope scope = names.scope;
    // A member called `value` hides the accessor to the whole that its tracked class inherits.
    const bool hides_value =
        std::find(names.fields.begin(), names.fields.end(), "value") != names.fields.end() ||
        std::any_of(names.oneofs.begin(), names.oneofs.end(),
                    [](const OneofNames& oneof) { return oneof.member == "value"; });
    const std::string argument = scope.Claim("value");
    Node::List fields;
    bool has_changes = false;  // Key fields never change.
    for (uint32_t i = 0; i < members.fields.size(); ++i) {
      const idl::Field& field = members.fields[i];
      has_changes = has_changes || !key_fields.contains(i);
      if (field.oneof.has_value()) {
        const idl::Oneof& oneof = members.oneofs[*field.oneof];
        if (oneof.fields.front() == i) fields.push_back(Oneof(oneof, members, names, *field.oneof, scope));
        continue;
      }
      fields.push_back(Field(field, names.fields[i], scope, key_fields.contains(i)));
    }
    return Node{{"struct", name},
                {"qualified", names_.Qualified(name)},
                {"proto_name", Cat(model_.package, ".", declared_name)},
                {"doc", std::move(doc)},
                {"argument", argument},
                {"whole", hides_value ? "TrackedStruct::value()" : "value()"},
                {"has_fields", !fields.empty()},
                {"has_changes", has_changes},
                {"fields", std::move(fields)},
                {"descriptions", Descriptions(members, names)},
                {"is_error", false}};
  }

  Node Error(ErrorId id) {
    const idl::Error& error = model_.errors[id];
    Node node =
        Value(names_.OfError(id), error.name, DocLines(error), error.members, names_.MembersOf(id), {});
    node.Set("is_error", true);
    node.Set("code", StatusCodeSpelling(error.code));
    return node;
  }

  Node Field(const idl::Field& field, const std::string& name, NameScope& scope, bool is_key) {
    Use(field.type);
    const bool has_default = field.default_value.has_value();
    Node node = MemberNode(name, field.name, DocLines(field), scope);
    node.Set("type", types_.Value(field.type, Spelling::kInside));
    node.Set("qualified_type", types_.Value(field.type, Spelling::kQualified));
    node.Set("getter_type", types_.Getter(field.type, Spelling::kQualified));
    node.Set("initializer", has_default ? Cat(" = ", Default(field.type, *field.default_value))
                                        : types_.ZeroInitializer(field.type));
    node.Set("moves", !types_.IsCheap(field.type));
    node.Set("is_oneof", false);
    node.Set("alternatives", Node::List());

    TypeId inner = field.type;
    const auto* optional = std::get_if<idl::OptionalType>(&model_.types[field.type]);
    if (optional != nullptr) inner = optional->value;
    const auto* list = std::get_if<idl::ListType>(&model_.types[field.type]);
    const auto* map = std::get_if<idl::MapType>(&model_.types[field.type]);
    const bool is_keyed_list = list != nullptr && list->key_field.has_value();
    const bool is_struct = types_.IsStruct(inner);
    node.Set("inner_type", types_.Value(inner, Spelling::kQualified));
    node.Set("inner_moves", !types_.IsCheap(inner));
    node.Set("is_key", is_key);
    // What is replaced as a whole by `set_…`; the others are changed through `mutable_…`.
    node.Set("has_setter", !is_key && !is_keyed_list && map == nullptr);
    node.Set("has_clear", optional != nullptr);
    node.Set("has_mutable", is_struct || is_keyed_list || map != nullptr);
    std::string mutable_type;
    std::string change_type = "bool";
    if (is_struct) {
      mutable_type = Cat("onager::Tracked<", types_.Value(inner, Spelling::kQualified), ">");
      if (optional == nullptr)
        change_type = Cat("onager::Change<", types_.Value(inner, Spelling::kQualified), ">");
    } else if (is_keyed_list || map != nullptr) {
      // KeyedList<T, K>, TrackedKeyedList<T, K>, KeyedListChange<T, K>, and so for maps.
      const std::string type = types_.Value(field.type, Spelling::kQualified);
      const size_t name_begin = type.find("::") + 2;
      const size_t name_end = type.find('<');
      const std::string container = type.substr(name_begin, name_end - name_begin);
      mutable_type = Cat("onager::Tracked", container, type.substr(name_end));
      change_type = Cat("onager::", container, "Change", type.substr(name_end));
    }
    node.Set("mutable_type", mutable_type);
    node.Set("change_type", change_type);
    return node;
  }

  // A oneof is one member: a variant whose alternatives are its fields in order, and an enum that names them.
  Node Oneof(const idl::Oneof& oneof, const idl::Members& members, const MemberNames& names, uint32_t index,
             NameScope& scope) {
    uses_.insert("variant");
    uses_.insert("cstddef");
    Node node = MemberNode(names.oneofs[index].member, oneof.name, DocLines(oneof), scope);
    std::string type = "std::variant<std::monostate";
    std::string qualified_type = type;
    const OneofNames& own = names.oneofs[index];
    Node::List alternatives;
    for (size_t i = 0; i < oneof.fields.size(); ++i) {
      const idl::Field& field = members.fields[oneof.fields[i]];
      Use(field.type);
      Append(type, ", ", types_.Value(field.type, Spelling::kInside));
      Append(qualified_type, ", ", types_.Value(field.type, Spelling::kQualified));
      Node alternative = MemberNode(names.fields[oneof.fields[i]], field.name, DocLines(field), scope);
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
    return node;
  }

  static Node MemberNode(const std::string& name, std::string_view declared_name, Node doc,
                         NameScope& scope) {
    return Node{{"name", name},
                {"declared_name", CppStringLiteral(declared_name)},
                {"doc", std::move(doc)},
                {"with", scope.Claim(Cat("with_", name))},
                {"set", scope.Claim(Cat("set_", name))},
                {"clear", scope.Claim(Cat("clear_", name))},
                {"mutable", scope.Claim(Cat("mutable_", name))}};
  }

  Node Actor(ActorId id) {
    uses_.insert({"cstddef", "memory", "string", "string_view"});
    const idl::Actor& actor = model_.actors[id];
    const ActorNames& names = names_.OfActor(id);
    Node::List key;
    for (size_t i = 0; i < actor.key.size(); ++i) {
      const idl::Parameter& part = actor.key[i];
      const bool is_enum = std::holds_alternative<idl::EnumType>(model_.types[part.type]);
      Use(part.type);
      key.push_back(Node{{"name", names.key_members.fields[i]},
                         {"doc", DocLines(part)},
                         {"type", types_.Value(part.type, Spelling::kInside)},
                         {"argument_type", types_.Argument(part.type)},
                         {"is_enum", is_enum},
                         {"moves", !types_.IsCheap(part.type)},
                         {"is_text", types_.IsText(part.type)},
                         {"initializer", types_.ZeroInitializer(part.type)}});
    }
    Node::List methods;
    for (size_t i = 0; i < actor.methods.size(); ++i)
      methods.push_back(Method(actor, actor.methods[i], names.methods[i], i));
    return Node{{"declared_actor", actor.name},
                {"doc", DocLines(actor)},
                {"has_doc", !actor.doc.empty()},
                {"state", names.state},
                {"key", names.key},
                {"key_has_one_part", key.size() == 1},
                {"actor", names.actor},
                {"client", names.client},
                {"proto_name", Cat(model_.package, ".", actor.name)},
                {"key_parts", std::move(key)},
                {"has_methods", !methods.empty()},
                {"methods", std::move(methods)}};
  }

  Node Method(const idl::Actor& actor, const idl::Method& method, const MethodNames& names, size_t index) {
    Node::List parameters;
    Node::List fields;
    for (size_t i = 0; i < method.parameters.size(); ++i) {
      const idl::Parameter& parameter = method.parameters[i];
      const bool has_default = parameter.default_value.has_value();
      const std::string& name = names.parameters[i];
      const std::string type = types_.Value(parameter.type, Spelling::kInside);
      Use(parameter.type);
      std::string literal;
      if (has_default) {
        literal = Default(parameter.type, *parameter.default_value);
        uses_.insert("optional");
      }
      const bool moves = !types_.IsCheap(parameter.type);
      parameters.push_back(Node{{"name", name},
                                {"type", type},
                                {"argument_type", types_.Argument(parameter.type)},
                                {"copies", types_.IsText(parameter.type)},
                                {"moves", moves},
                                {"has_default", has_default},
                                {"default", literal}});
      fields.push_back(MessageField(name, parameter.name, parameter.number,
                                    has_default ? Cat("std::optional<", type, ">") : type,
                                    has_default ? "" : types_.ZeroInitializer(parameter.type)));
    }
    const bool has_request = !parameters.empty();
    const std::string call = Cat(actor.name, ".", method.name);
    if (has_request) {
      AddMessage(names.request, Cat(actor.name, method.name, "Request"),
                 Cat("The arguments of `", call, "`."), std::move(fields));
    }
    const bool has_result = method.result.has_value();
    const bool is_struct = has_result && types_.IsStruct(*method.result);
    std::string result;
    if (has_result) {
      result = types_.Value(*method.result, Spelling::kInside);
      Use(*method.result);
      if (!is_struct) {
        AddMessage(names.result, Cat(actor.name, method.name, "Result"), Cat("The result of `", call, "`."),
                   {MessageField("result", "result", 1, result, types_.ZeroInitializer(*method.result))});
      }
    }
    std::string doc = method.doc;
    for (const ErrorId error : method.throws) {
      Append(doc, doc.empty() ? "" : "\n", "Fails with `", names_.OfError(error), "`.");
    }
    return Node{{"name", names.method},
                {"declared_name", CppStringLiteral(method.name)},
                {"doc", DocLines(doc)},
                {"index", Cat(index)},
                {"request", names.request},
                {"result_message", names.result},
                {"serve", names.serve},
                {"has_request", has_request},
                {"has_result", has_result},
                {"result", result},
                {"decoder", !has_result ? "DecodeNothing"
                            : is_struct ? Cat("DecodeResult<", result, ">")
                                        : Cat("DecodeWrapped<", names.result, ">")},
                {"result_is_struct", is_struct},
                {"result_is_wrapped", has_result && !is_struct},
                {"idempotent", method.idempotent},
                {"readonly", method.readonly},
                {"has_timeout", method.timeout.has_value()},
                {"timeout", DurationSpelling(method.timeout.value_or(absl::ZeroDuration()))},
                {"parameters", std::move(parameters)}};
  }

  static Node MessageField(std::string_view name, std::string_view declared_name, uint32_t number,
                           std::string type, std::string initializer) {
    return Node{{"name", name},
                {"member", name},
                {"declared_name", CppStringLiteral(declared_name)},
                {"number", Cat(number)},
                {"type", std::move(type)},
                {"has_default", false},
                {"is_alternative", false},
                {"initializer", std::move(initializer)}};
  }

  // A struct of the source file only.
  void AddMessage(const std::string& name, std::string_view declared_name, std::string_view doc,
                  Node::List fields) {
    messages_.push_back(Node{{"struct", name},
                             {"qualified", names_.Qualified(name)},
                             {"proto_name", Cat(model_.package, ".", declared_name)},
                             {"doc", DocLines(doc)},
                             {"has_fields", true},
                             {"descriptions", fields},
                             {"fields", std::move(fields)}});
  }

  std::string Default(TypeId type, const idl::Literal& literal) {
    std::string text = types_.Literal(type, literal, Spelling::kInside);
    if (text.find("std::numeric_limits") != std::string::npos) uses_.insert("limits");
    return text;
  }

  // Notes which headers the spelling of `type` needs.
  void Use(TypeId type) {
    struct Visitor {
      CppBuilder& builder;
      void operator()(const idl::ScalarType& t) const {
        if (idl::IsInteger(t.kind)) builder.uses_.insert("cstdint");
        if (t.kind == idl::ScalarKind::kString) builder.uses_.insert({"string", "utility"});
      }
      void operator()(const idl::EnumType&) const {}
      void operator()(const idl::StructType&) const { builder.uses_.insert("utility"); }
      void operator()(const idl::OptionalType& t) const {
        builder.uses_.insert("optional");
        builder.Use(t.value);
      }
      void operator()(const idl::ListType& t) const {
        builder.uses_.insert("utility");
        if (!t.key_field.has_value()) builder.uses_.insert("vector");
        builder.Use(t.element);
      }
      void operator()(const idl::MapType& t) const {
        builder.uses_.insert("utility");
        builder.Use(t.key);
        builder.Use(t.value);
      }
      void operator()(const idl::SetType& t) const {
        builder.uses_.insert("utility");
        builder.Use(t.element);
      }
    };
    std::visit(Visitor{*this}, model_.types[type]);
  }

  Node Includes() const { return Node::Texts(std::vector<std::string>(uses_.begin(), uses_.end())); }

  const Model& model_;
  const std::string header_;
  const CppNames names_;
  const CppTypes types_;
  std::vector<std::set<uint32_t>> key_fields_;  // By struct.
  std::set<std::string> uses_;
  Node::List messages_;
};

}  // namespace

Node CppView(const Model& model, const std::string& header) { return CppBuilder(model, header).Build(); }

}  // namespace onager::codegen
