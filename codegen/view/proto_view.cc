#include "codegen/view/proto_view.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"
#include "codegen/view/doc_lines.h"
#include "codegen/view/name_scope.h"

namespace onager::codegen {
namespace {

using idl::ActorId;
using idl::EnumId;
using idl::ErrorId;
using idl::Model;
using idl::StructId;
using idl::TypeId;

// The first number of what the generator adds to the users' fields.
constexpr uint32_t kOwnNumbers = 20'000;

// Words that the .proto grammar takes for something else where a type is expected.
constexpr std::array<std::string_view, 17> kNotTypeNames = {
    "double", "enum",     "extend", "extensions", "float",    "group",    "map", "message", "oneof",
    "option", "optional", "packed", "repeated",   "required", "reserved", "rpc", "stream"};

// proto3 refuses fields whose JSON names are alike.
std::string JsonForm(std::string_view name) {
  std::string form;
  for (const char c : name) {
    if (c != '_') form += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return form;
}

// PRIORITY_LEVEL for PriorityLevel.
std::string UpperSnake(std::string_view name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool word_begins =
        i > 0 && absl::ascii_isupper(c) && name[i - 1] != '_' &&
        (!absl::ascii_isupper(static_cast<unsigned char>(name[i - 1])) ||
         (i + 1 < name.size() && absl::ascii_islower(static_cast<unsigned char>(name[i + 1]))));
    if (word_begins) snake += '_';
    snake += absl::ascii_toupper(c);
  }
  return snake;
}

std::string Capitalized(std::string_view name) {
  std::string text(name);
  if (!text.empty()) text[0] = absl::ascii_toupper(static_cast<unsigned char>(text[0]));
  return text;
}

// One line of a message, or of a oneof in it.
struct ProtoField {
  std::string label;  // "optional ", "repeated " or nothing
  std::string type;
  std::string name;
  uint32_t number = 0;
  Node doc = Node::List();
  bool deprecated = false;
};

class ProtoMessage {
 public:
  ProtoMessage(std::string name, Node doc) : name_(std::move(name)), doc_(std::move(doc)) {}

  void Add(ProtoField field) { fields_.push_back(ToNode(std::move(field))); }

  // Opens a oneof before the next field, and closes it after the last one added.
  void OpenOneof(std::string_view name, Node doc) {
    oneof_ = names_.Claim(name);
    oneof_doc_ = std::move(doc);
    opening_ = true;
  }
  void CloseOneof() {
    oneof_.clear();
    fields_.back().Set("closes_oneof", true);
  }

  Node ToNode() && { return Node{{"name", name_}, {"doc", std::move(doc_)}, {"fields", std::move(fields_)}}; }

 private:
  Node ToNode(ProtoField field) {
    const bool opens = std::exchange(opening_, false);
    return Node{{"label", field.label},
                {"type", field.type},
                {"name", names_.Claim(field.name)},
                {"number", Cat(field.number)},
                {"doc", std::move(field.doc)},
                {"options", field.deprecated ? " [deprecated = true]" : ""},
                {"indent", oneof_.empty() ? "" : "  "},
                {"opens_oneof", opens},
                {"closes_oneof", false},
                {"oneof", oneof_},
                {"oneof_doc", opens ? oneof_doc_ : Node(Node::List())}};
  }

  std::string name_;
  Node doc_;
  NameScope names_{JsonForm};
  std::string oneof_;
  Node oneof_doc_;
  bool opening_ = false;
  Node::List fields_;
};

class ProtoBuilder {
 public:
  explicit ProtoBuilder(const Model& model) : model_(model) {
    // What the file declares comes first, so that its names stay as they are.
    for (const idl::Enum& e : model.enums) enums_.push_back(scope_.Claim(e.name));
    for (const idl::Struct& s : model.structs) structs_.push_back(scope_.Claim(s.name));
    for (const idl::Error& e : model.errors) errors_.push_back(scope_.Claim(e.name));
    for (const idl::Actor& a : model.actors) services_.push_back(scope_.Claim(a.name));
    for (const idl::Actor& a : model.actors) states_.push_back(scope_.Claim(Cat(a.name, "State")));
    for (const std::string& name : structs_) struct_patches_.push_back(scope_.Claim(Cat(name, "Patch")));
    for (const std::string& name : states_) state_patches_.push_back(scope_.Claim(Cat(name, "Patch")));
  }

  Node Build() {
    Node::List enums;
    for (const EnumId id : model_.enums.ids()) enums.push_back(Enum(id));

    Node::List values;
    Node::List patches;
    for (const StructId id : model_.structs.ids()) {
      const idl::Struct& s = model_.structs[id];
      values.push_back(Value(structs_[id.index], DocLines(s), s.members));
      patches.push_back(
          Patch(struct_patches_[id.index], Cat("What differs between two `", s.name, "`."), s.members));
    }
    for (const ErrorId id : model_.errors.ids()) {
      const idl::Error& e = model_.errors[id];
      values.push_back(Value(errors_[id.index], DocLines(e), e.members));
    }
    Node::List services;
    for (const ActorId id : model_.actors.ids()) {
      const idl::Actor& actor = model_.actors[id];
      values.push_back(State(id));
      patches.push_back(
          Patch(state_patches_[id.index], Cat("What one turn of `", actor.name, "` changed."), actor.state));
      services.push_back(Service(id));
    }
    std::move(containers_.begin(), containers_.end(), std::back_inserter(patches));
    return Node{{"package", model_.package},      {"has_patches", !patches.empty()},
                {"has_calls", !calls_.empty()},   {"doc", DocLines(model_.doc)},
                {"enums", std::move(enums)},      {"values", std::move(values)},
                {"patches", std::move(patches)},  {"calls", std::move(calls_)},
                {"services", std::move(services)}};
  }

 private:
  Node Enum(EnumId id) {
    const idl::Enum& e = model_.enums[id];
    const std::string prefix = Cat(UpperSnake(e.name), "_");
    const bool prefixed =
        std::all_of(e.values.begin(), e.values.end(),
                    [&prefix](const idl::EnumValue& value) { return value.name.starts_with(prefix); });
    NameScope own(JsonForm);
    std::map<int32_t, int> uses;
    bool has_aliases = false;
    Node::List values;
    for (const idl::EnumValue& value : e.values) {
      std::string name = prefixed ? value.name : Cat(prefix, value.name);
      // Unique in the package, as C++ wants it, and in the enum without its prefix, as JSON does.
      do name = own.Claim(name);
      while (scope_.Has(name));
      scope_.Take(name);
      if (++uses[value.number] > 1) has_aliases = true;
      values.push_back(Node{{"name", name},
                            {"number", Cat(value.number)},
                            {"doc", DocLines(value)},
                            {"options", value.deprecated ? " [deprecated = true]" : ""}});
    }
    return Node{{"name", enums_[id.index]},
                {"doc", DocLines(e)},
                {"has_aliases", has_aliases},
                {"values", std::move(values)}};
  }

  // Calls `add(field)` for each, with the oneofs around them.
  template <typename Add>
  static void AddFields(ProtoMessage& message, const idl::Members& members, Add add) {
    for (size_t i = 0; i < members.fields.size(); ++i) {
      const idl::Field& field = members.fields[i];
      const bool opens = field.oneof.has_value() && members.oneofs[*field.oneof].fields.front() == i;
      const bool closes = field.oneof.has_value() && members.oneofs[*field.oneof].fields.back() == i;
      if (opens) message.OpenOneof(members.oneofs[*field.oneof].name, DocLines(members.oneofs[*field.oneof]));
      message.Add(add(field));
      if (closes) message.CloseOneof();
    }
  }

  ProtoMessage ValueMessage(const std::string& name, Node doc, const idl::Members& members) {
    ProtoMessage message(name, std::move(doc));
    AddFields(message, members, [this](const idl::Field& field) {
      return Plain(field, field.type, field.number, field.default_value.has_value());
    });
    for (const idl::Field& field : members.fields) {
      if (!HasHandles(field.type)) continue;
      message.Add({.label = "repeated ",
                   .type = "uint64",
                   .name = Cat(field.name, "_handles"),
                   .number = kOwnNumbers + field.number,
                   .doc = DocLines(Cat("In snapshots: by which numbers patches name the elements of `",
                                       field.name, "`."))});
    }
    return message;
  }

  Node Value(const std::string& name, Node doc, const idl::Members& members) {
    return ValueMessage(name, std::move(doc), members).ToNode();
  }

  Node State(ActorId id) {
    const idl::Actor& actor = model_.actors[id];
    ProtoMessage message =
        ValueMessage(states_[id.index], DocLines(Cat("The state of `", actor.name, "`.")), actor.state);
    message.Add({.label = "",
                 .type = "uint64",
                 .name = "next_handle",
                 .number = kOwnNumbers,
                 .doc = DocLines("In stored snapshots: the handle that the next new element gets.")});
    return std::move(message).ToNode();
  }

  Node Patch(const std::string& name, std::string_view doc, const idl::Members& members) {
    ProtoMessage message(name, DocLines(doc));
    AddFields(message, members, [this](const idl::Field& field) {
      return ProtoField{.label = PatchLabel(field),
                        .type = PatchType(field),
                        .name = field.name,
                        .number = field.number,
                        .deprecated = field.deprecated};
    });
    message.Add({.label = "repeated ",
                 .type = "uint32",
                 .name = "cleared",
                 .number = kOwnNumbers,
                 .doc = DocLines("Numbers of the fields that are reset before the others are applied.")});
    return std::move(message).ToNode();
  }

  // A field or parameter as it stands in a value.
  ProtoField Plain(const idl::Declaration& declaration, TypeId type, uint32_t number, bool has_default) {
    return ProtoField{.label = ValueLabel(type, has_default),
                      .type = ValueType(type),
                      .name = declaration.name,
                      .number = number,
                      .doc = DocLines(declaration),
                      .deprecated = declaration.deprecated};
  }

  std::string ValueLabel(TypeId type, bool has_default) const {
    if (std::holds_alternative<idl::ListType>(model_.types[type])) return "repeated ";
    if (std::holds_alternative<idl::OptionalType>(model_.types[type])) return "optional ";
    return has_default ? "optional " : "";
  }

  std::string PatchLabel(const idl::Field& field) const {
    if (field.oneof.has_value()) return "";
    const idl::Type& type = model_.types[field.type];
    if (const auto* list = std::get_if<idl::ListType>(&type))
      return list->key_field.has_value() ? "" : "repeated ";
    if (std::holds_alternative<idl::OptionalType>(type)) return "optional ";
    return std::holds_alternative<idl::MapType>(type) || IsStruct(field.type) ? "" : "optional ";
  }

  std::string ValueType(TypeId type) const {
    struct Visitor {
      const ProtoBuilder& builder;
      std::string operator()(const idl::ScalarType& t) const { return std::string(idl::ScalarName(t.kind)); }
      std::string operator()(const idl::EnumType& t) const {
        return builder.Reference(builder.enums_[t.id.index]);
      }
      std::string operator()(const idl::StructType& t) const {
        return builder.Reference(builder.structs_[t.id.index]);
      }
      std::string operator()(const idl::OptionalType& t) const { return builder.ValueType(t.value); }
      std::string operator()(const idl::ListType& t) const { return builder.ValueType(t.element); }
      std::string operator()(const idl::MapType& t) const {
        return Cat("map<", builder.ValueType(t.key), ", ", builder.ValueType(t.value), ">");
      }
      std::string operator()(const idl::SetType& t) const { return builder.ValueType(t.element); }
    };
    return std::visit(Visitor{*this}, model_.types[type]);
  }

  // In a oneof, a struct is replaced as a whole.
  std::string PatchType(const idl::Field& field) {
    return field.oneof.has_value() ? ValueType(field.type) : PatchType(field.type);
  }

  std::string PatchType(TypeId type) {
    struct Visitor {
      ProtoBuilder& builder;
      TypeId type;
      std::string operator()(const idl::ScalarType&) const { return builder.ValueType(type); }
      std::string operator()(const idl::EnumType&) const { return builder.ValueType(type); }
      std::string operator()(const idl::StructType& t) const { return builder.struct_patches_[t.id.index]; }
      std::string operator()(const idl::OptionalType& t) const { return builder.PatchType(t.value); }
      std::string operator()(const idl::ListType& t) const {
        return t.key_field.has_value() ? builder.ListPatch(t.element) : builder.ValueType(t.element);
      }
      std::string operator()(const idl::MapType& t) const { return builder.MapPatch(t); }
      std::string operator()(const idl::SetType& t) const { return builder.ValueType(t.element); }
    };
    return std::visit(Visitor{*this, type}, model_.types[type]);
  }

  std::string ListPatch(TypeId element) {
    const auto [found, is_new] = list_patches_.try_emplace(element.index);
    if (!is_new) return found->second;
    const std::string struct_name = structs_[std::get<idl::StructType>(model_.types[element]).id.index];
    const std::string name = found->second = scope_.Claim(Cat(struct_name, "ListPatch"));
    const std::string placement = scope_.Claim(Cat(struct_name, "Placement"));
    const std::string update = scope_.Claim(Cat(struct_name, "Update"));

    ProtoMessage patch(
        name, DocLines(Cat("What differs between two keyed lists of `", struct_name,
                           "`. Applied in this order; what is removed leaves at\n"
                           "the end, so that elements can be placed after it, but frees its key first.")));
    patch.Add({.label = "repeated ", .type = placement, .name = "placed", .number = 1});
    patch.Add({.label = "repeated ", .type = update, .name = "updated", .number = 2});
    patch.Add({.label = "repeated ", .type = "uint64", .name = "removed", .number = 3});
    containers_.push_back(std::move(patch).ToNode());

    ProtoMessage placed(placement, DocLines("A new element, or without `value` an old one that moves."));
    placed.Add({.label = "", .type = "uint64", .name = "handle", .number = 1});
    placed.Add({.label = "",
                .type = "uint64",
                .name = "after",
                .number = 2,
                .doc = DocLines("The element that it stands behind; 0: at the front.")});
    placed.Add({.label = "", .type = ValueType(element), .name = "value", .number = 3});
    containers_.push_back(std::move(placed).ToNode());

    ProtoMessage updated(update, DocLines("An element that changed where it is."));
    updated.Add({.label = "", .type = "uint64", .name = "handle", .number = 1});
    updated.Add({.label = "", .type = PatchType(element), .name = "patch", .number = 2});
    containers_.push_back(std::move(updated).ToNode());
    return name;
  }

  std::string MapPatch(const idl::MapType& map) {
    const auto [found, is_new] = map_patches_.try_emplace(std::pair(map.key.index, map.value.index));
    if (!is_new) return found->second;
    const std::string key_type = ValueType(map.key);
    const std::string value_type = ValueType(map.value);
    const std::string stem = Cat(Capitalized(idl::TypeSpelling(model_, map.key)),
                                 Capitalized(idl::TypeSpelling(model_, map.value)));
    const std::string name = found->second = scope_.Claim(Cat(stem, "MapPatch"));
    const std::string entry = scope_.Claim(Cat(stem, "MapEntry"));
    const std::string update = scope_.Claim(Cat(stem, "MapUpdate"));

    ProtoMessage patch(name, DocLines(Cat("What differs between two `", "map<", key_type, ", ", value_type,
                                          ">`. Removals come first.")));
    patch.Add({.label = "repeated ", .type = entry, .name = "inserted", .number = 1});
    patch.Add({.label = "repeated ", .type = update, .name = "updated", .number = 2});
    patch.Add({.label = "repeated ", .type = "uint64", .name = "removed", .number = 3});
    containers_.push_back(std::move(patch).ToNode());

    ProtoMessage inserted(entry, DocLines("A new entry."));
    inserted.Add({.label = "", .type = "uint64", .name = "handle", .number = 1});
    // Written whatever they are.
    const std::string label = IsStruct(map.value) ? "" : "optional ";
    inserted.Add({.label = "optional ", .type = key_type, .name = "key", .number = 2});
    inserted.Add({.label = label, .type = value_type, .name = "value", .number = 3});
    containers_.push_back(std::move(inserted).ToNode());

    ProtoMessage updated(update, DocLines("An entry with another value."));
    updated.Add({.label = "", .type = "uint64", .name = "handle", .number = 1});
    updated.Add({.label = label,
                 .type = PatchType(map.value),
                 .name = IsStruct(map.value) ? "patch" : "value",
                 .number = 2});
    containers_.push_back(std::move(updated).ToNode());
    return name;
  }

  Node Service(ActorId id) {
    const idl::Actor& actor = model_.actors[id];
    NameScope names(JsonForm);
    names.Take("Watch");
    Node::List methods;
    for (const idl::Method& method : actor.methods) {
      std::string doc = method.doc;
      for (const ErrorId error : method.throws) {
        Append(doc, doc.empty() ? "" : "\n", "Fails with `", model_.errors[error].name, "`.");
      }
      const std::string request = InService(actor, Request(actor, method));
      const std::string result = InService(actor, Result(actor, method));
      methods.push_back(Node{{"name", names.Claim(method.name)},
                             {"doc", DocLines(doc)},
                             {"request", request},
                             {"result", result},
                             {"idempotency_level", method.readonly     ? "NO_SIDE_EFFECTS"
                                                   : method.idempotent ? "IDEMPOTENT"
                                                                       : ""},
                             {"has_options", method.readonly || method.idempotent || method.deprecated},
                             {"has_idempotency_level", method.readonly || method.idempotent},
                             {"deprecated", method.deprecated}});
    }
    return Node{{"name", services_[id.index]}, {"doc", DocLines(actor)}, {"methods", std::move(methods)}};
  }

  // Inside a service, its methods hide messages of the same name.
  std::string InService(const idl::Actor& actor, const std::string& message) const {
    const bool hidden = std::any_of(actor.methods.begin(), actor.methods.end(),
                                    [&message](const idl::Method& method) { return method.name == message; });
    return hidden ? Cat(".", model_.package, ".", message) : message;
  }

  std::string Request(const idl::Actor& actor, const idl::Method& method) {
    const std::string name = scope_.Claim(Cat(actor.name, method.name, "Request"));
    ProtoMessage message(name, DocLines(Cat("The arguments of `", actor.name, ".", method.name, "`.")));
    for (const idl::Parameter& parameter : method.parameters) {
      message.Add(Plain(parameter, parameter.type, parameter.number, parameter.default_value.has_value()));
    }
    for (const idl::Parameter& part : actor.key) {
      ProtoField field = Plain(part, part.type, kOwnNumbers + part.number, false);
      field.doc = DocLines("Of the actor's key. Empty in a session, where the call itself names the actor.");
      message.Add(std::move(field));
    }
    calls_.push_back(std::move(message).ToNode());
    return name;
  }

  // A struct is its own result; anything else travels in a message made for it.
  std::string Result(const idl::Actor& actor, const idl::Method& method) {
    if (method.result.has_value() && IsStruct(*method.result)) return ValueType(*method.result);
    const std::string name = scope_.Claim(Cat(actor.name, method.name, "Result"));
    ProtoMessage message(name, DocLines(Cat("The result of `", actor.name, ".", method.name, "`.")));
    if (method.result.has_value()) {
      message.Add({.label = ValueLabel(*method.result, false),
                   .type = ValueType(*method.result),
                   .name = "result",
                   .number = 1});
    }
    calls_.push_back(std::move(message).ToNode());
    return name;
  }

  bool IsStruct(TypeId type) const { return std::holds_alternative<idl::StructType>(model_.types[type]); }

  bool HasHandles(TypeId type) const {
    const auto* list = std::get_if<idl::ListType>(&model_.types[type]);
    return (list != nullptr && list->key_field.has_value()) ||
           std::holds_alternative<idl::MapType>(model_.types[type]);
  }

  // A message or enum of this file where a type is expected.
  std::string Reference(const std::string& name) const {
    const bool is_word = std::find(kNotTypeNames.begin(), kNotTypeNames.end(), name) != kNotTypeNames.end();
    return is_word ? Cat(".", model_.package, ".", name) : name;
  }

  const Model& model_;
  NameScope scope_;
  std::vector<std::string> enums_, structs_, errors_, services_, states_, struct_patches_, state_patches_;
  std::map<uint32_t, std::string> list_patches_;
  std::map<std::pair<uint32_t, uint32_t>, std::string> map_patches_;
  Node::List containers_;
  Node::List calls_;
};

}  // namespace

Node ProtoView(const Model& model) { return ProtoBuilder(model).Build(); }

}  // namespace onager::codegen
