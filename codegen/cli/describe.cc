#include "codegen/cli/describe.h"

#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

using Json = nlohmann::ordered_json;

std::string LiteralText(const idl::Model& model, const idl::Literal& literal) {
  struct Visitor {
    const idl::Model& model;
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(int64_t value) const { return Cat(value); }
    std::string operator()(uint64_t value) const { return Cat(value); }
    std::string operator()(double value) const { return Json(value).dump(); }
    std::string operator()(const std::string& value) const { return Cat("\"", absl::CEscape(value), "\""); }
    std::string operator()(absl::Duration value) const { return absl::FormatDuration(value); }
    std::string operator()(const idl::EnumValueRef& value) const {
      return model.enums[value.enum_id].values[value.value_index].name;
    }
  };
  return std::visit(Visitor{model}, literal);
}

// Of a field or a parameter; empty when it has none.
template <typename T>
std::string DefaultText(const idl::Model& model, const T& declaration) {
  if (declaration.default_value.has_value()) return LiteralText(model, *declaration.default_value);
  return declaration.default_expression.has_value() ? declaration.default_expression->text : "";
}

// `stream<bytes>` for what is streamed.
std::string TypeText(const idl::Model& model, idl::TypeId type, bool is_stream) {
  const std::string text = idl::TypeSpelling(model, type);
  return is_stream ? Cat("stream<", text, ">") : text;
}

std::string_view DurabilityText(idl::Durability durability) {
  switch (durability) {
    case idl::Durability::kMemory:
      return "memory";
    case idl::Durability::kAsync:
      return "async";
    case idl::Durability::kSync:
      return "sync";
  }
  return "";
}

// What a selection within a field of that type selects from.
idl::TypeId InnerType(const idl::Model& model, idl::TypeId type) {
  if (const auto* optional = std::get_if<idl::OptionalType>(&model.types[type])) return optional->value;
  if (const auto* list = std::get_if<idl::ListType>(&model.types[type])) return list->element;
  if (const auto* map = std::get_if<idl::MapType>(&model.types[type])) return map->value;
  return type;
}

// `{ id; price { cents } where item.open }`
std::string SelectionText(const idl::Model& model, const idl::Members& members,
                          const std::vector<idl::Selection>& selection) {
  std::vector<std::string> parts;
  for (const idl::Selection& selected : selection) {
    const idl::Field& field = members.fields[selected.field];
    std::string part = field.name;
    if (!selected.fields.empty()) {
      const idl::TypeId inner = InnerType(model, field.type);
      const idl::StructId id = std::get<idl::StructType>(model.types[inner]).id;
      Append(part, " ", SelectionText(model, model.structs[id].members, selected.fields));
    }
    if (selected.where.has_value()) Append(part, " where ", selected.where->text);
    parts.push_back(std::move(part));
  }
  return Cat("{ ", Join(parts, "; "), " }");
}

// A text builder and a JSON builder walk the same model; this is the part that both show of a field.
std::string FieldAttributes(const idl::Model& model, const idl::Members& members, const idl::Field& field) {
  std::vector<std::string> attributes;
  if (const auto* list = std::get_if<idl::ListType>(&model.types[field.type]);
      list != nullptr && list->key_field.has_value()) {
    const idl::StructId id = std::get<idl::StructType>(model.types[list->element]).id;
    attributes.push_back(Cat("key = ", model.structs[id].members.fields[*list->key_field].name));
  }
  if (const std::string value = DefaultText(model, field); !value.empty()) {
    attributes.push_back(Cat("default = ", value));
  }
  if (field.oneof.has_value()) attributes.push_back(Cat("oneof ", members.oneofs[*field.oneof].name));
  if (field.is_private) attributes.emplace_back("private");
  if (field.sensitive) attributes.emplace_back("sensitive");
  if (field.deprecated) attributes.emplace_back("deprecated");
  return attributes.empty() ? "" : Cat(" [", Join(attributes, ", "), "]");
}

void AppendMembers(const idl::Model& model, const idl::Members& members, std::string_view indent,
                   std::string& out) {
  for (const idl::Field& field : members.fields) {
    Append(out, indent, field.number, " ", field.name, ": ", idl::TypeSpelling(model, field.type),
           FieldAttributes(model, members, field), "\n");
  }
}

std::string ParameterText(const idl::Model& model, const idl::Parameter& parameter) {
  std::string text = Cat(TypeText(model, parameter.type, parameter.is_stream), " ", parameter.name);
  if (parameter.sensitive) text += " [sensitive]";
  if (const std::string value = DefaultText(model, parameter); !value.empty()) Append(text, " = ", value);
  return text;
}

std::string ParametersText(const idl::Model& model, const std::vector<idl::Parameter>& parameters) {
  std::vector<std::string> texts;
  for (const idl::Parameter& parameter : parameters) texts.push_back(ParameterText(model, parameter));
  return Join(texts, ", ");
}

std::string MethodText(const idl::Model& model, const idl::Method& method) {
  std::string text = Cat(method.name, "(", ParametersText(model, method.parameters), ")");
  if (method.result.has_value())
    Append(text, " -> ", TypeText(model, *method.result, method.result_is_stream));
  if (!method.throws.empty()) {
    std::vector<std::string> errors;
    for (const idl::ErrorId id : method.throws) errors.push_back(model.errors[id].name);
    Append(text, " throws ", Join(errors, ", "));
  }
  std::vector<std::string> attributes;
  if (method.idempotent) attributes.push_back("idempotent");
  if (method.readonly) attributes.push_back("readonly");
  if (method.reentrant) attributes.push_back("reentrant");
  if (method.durability.has_value())
    attributes.push_back(Cat("durability = ", DurabilityText(*method.durability)));
  if (method.timeout.has_value())
    attributes.push_back(Cat("timeout = ", absl::FormatDuration(*method.timeout)));
  if (method.deprecated) attributes.push_back("deprecated");
  if (!attributes.empty()) Append(text, " [", Join(attributes, ", "), "]");
  return text;
}

Json DeclarationJson(const idl::Declaration& declaration) {
  Json json = {{"name", declaration.name}};
  if (!declaration.doc.empty()) json["doc"] = declaration.doc;
  if (declaration.deprecated) json["deprecated"] = true;
  return json;
}

Json MembersJson(const idl::Model& model, const idl::Members& members) {
  Json fields = Json::array();
  for (const idl::Field& field : members.fields) {
    Json json = DeclarationJson(field);
    json["number"] = field.number;
    json["type"] = idl::TypeSpelling(model, field.type);
    if (const auto* list = std::get_if<idl::ListType>(&model.types[field.type]);
        list != nullptr && list->key_field.has_value()) {
      const idl::StructId id = std::get<idl::StructType>(model.types[list->element]).id;
      json["key"] = model.structs[id].members.fields[*list->key_field].name;
    }
    if (std::string value = DefaultText(model, field); !value.empty()) json["default"] = std::move(value);
    if (field.is_private) json["private"] = true;
    if (field.sensitive) json["sensitive"] = true;
    if (field.oneof.has_value()) json["oneof"] = members.oneofs[*field.oneof].name;
    fields.push_back(std::move(json));
  }
  return fields;
}

Json ParametersJson(const idl::Model& model, const std::vector<idl::Parameter>& parameters) {
  Json list = Json::array();
  for (const idl::Parameter& parameter : parameters) {
    Json json = DeclarationJson(parameter);
    json["type"] = TypeText(model, parameter.type, parameter.is_stream);
    if (std::string value = DefaultText(model, parameter); !value.empty()) json["default"] = std::move(value);
    if (parameter.sensitive) json["sensitive"] = true;
    list.push_back(std::move(json));
  }
  return list;
}

Json MethodJson(const idl::Model& model, const idl::Method& method) {
  Json json = DeclarationJson(method);
  json["parameters"] = ParametersJson(model, method.parameters);
  json["result"] = method.result.has_value() ? Json(TypeText(model, *method.result, method.result_is_stream))
                                             : Json(nullptr);
  json["throws"] = Json::array();
  for (const idl::ErrorId id : method.throws) json["throws"].push_back(model.errors[id].name);
  json["idempotent"] = method.idempotent;
  json["readonly"] = method.readonly;
  json["reentrant"] = method.reentrant;
  if (method.durability.has_value()) json["durability"] = DurabilityText(*method.durability);
  if (method.timeout.has_value()) json["timeout"] = absl::FormatDuration(*method.timeout);
  return json;
}

// Where an imported C++ type comes from.
std::string OriginText(const idl::Model& model, const std::optional<idl::CppOrigin>& cpp) {
  return cpp.has_value() ? Cat(" = ", cpp->cpp_name, " of ", model.cpp_headers[cpp->header].include) : "";
}

// ` [persist, durability = async, replay(count = 1024)]`; empty when there is none.
std::string ActorAttributes(const idl::Actor& a) {
  std::vector<std::string> attributes;
  if (a.persist) attributes.emplace_back("persist");
  if (a.persist) attributes.push_back(Cat("durability = ", DurabilityText(a.durability)));
  std::vector<std::string> bounds;
  if (a.replay.count != 0) bounds.push_back(Cat("count = ", a.replay.count));
  if (a.replay.bytes != 0) bounds.push_back(Cat("bytes = ", a.replay.bytes, "B"));
  if (a.replay.age != absl::ZeroDuration())
    bounds.push_back(Cat("age = ", absl::FormatDuration(a.replay.age)));
  if (!bounds.empty()) attributes.push_back(Cat("replay(", Join(bounds, ", "), ")"));
  if (a.deprecated) attributes.emplace_back("deprecated");
  return attributes.empty() ? "" : Cat(" [", Join(attributes, ", "), "]");
}

void AppendActor(const idl::Model& model, const idl::Actor& a, std::string& out) {
  Append(out, "\nactor ", a.name, "(", ParametersText(model, a.key), ")", ActorAttributes(a), "\n");
  if (a.version != 1) Append(out, "  version ", a.version, "\n");
  for (const uint32_t from : a.migrations) Append(out, "  migrate ", from, "\n");
  out += "  state\n";
  AppendMembers(model, a.state, "    ", out);
  for (const idl::Method& method : a.methods) Append(out, "  rpc ", MethodText(model, method), "\n");
  for (const idl::Timer& timer : a.timers)
    Append(out, "  timer ", timer.name, " = ", absl::FormatDuration(timer.period), "\n");
  for (const idl::Reminder& reminder : a.reminders)
    Append(out, "  reminder ", reminder.name, "(", ParametersText(model, reminder.parameters), ")\n");
  for (const idl::Event& event : a.events) {
    Append(out, "  event ", event.name, " (", event.number, ")\n");
    AppendMembers(model, event.members, "    ", out);
  }
  for (const idl::Filter& filter : a.filters) {
    Append(out, "  filter ", filter.name, "(", ParametersText(model, filter.parameters), ") (", filter.number,
           ") = ", filter.predicate.text, "\n");
  }
  for (const idl::View& view : a.views) {
    Append(out, "  view ", view.name, "(", ParametersText(model, view.parameters), ") (", view.number, ") ",
           SelectionText(model, a.state, view.selection), "\n");
  }
}

template <typename T>
Json NumberedJson(const T& declaration) {
  Json json = DeclarationJson(declaration);
  json["number"] = declaration.number;
  return json;
}

Json ActorJson(const idl::Model& model, const idl::Actor& a) {
  Json json = DeclarationJson(a);
  json["key"] = ParametersJson(model, a.key);
  json["persist"] = a.persist;
  if (a.persist) json["durability"] = DurabilityText(a.durability);
  if (a.replay.count != 0) json["replay"]["count"] = a.replay.count;
  if (a.replay.bytes != 0) json["replay"]["bytes"] = a.replay.bytes;
  if (a.replay.age != absl::ZeroDuration()) json["replay"]["age"] = absl::FormatDuration(a.replay.age);
  json["version"] = a.version;
  json["migrations"] = a.migrations;
  json["state"] = MembersJson(model, a.state);
  for (const char* list : {"methods", "timers", "reminders", "events", "filters", "views"})
    json[list] = Json::array();
  for (const idl::Method& method : a.methods) json["methods"].push_back(MethodJson(model, method));
  for (const idl::Timer& timer : a.timers) {
    json["timers"].push_back(DeclarationJson(timer));
    json["timers"].back()["period"] = absl::FormatDuration(timer.period);
  }
  for (const idl::Reminder& reminder : a.reminders) {
    json["reminders"].push_back(DeclarationJson(reminder));
    json["reminders"].back()["parameters"] = ParametersJson(model, reminder.parameters);
  }
  for (const idl::Event& event : a.events) {
    json["events"].push_back(NumberedJson(event));
    json["events"].back()["fields"] = MembersJson(model, event.members);
  }
  for (const idl::Filter& filter : a.filters) {
    json["filters"].push_back(NumberedJson(filter));
    json["filters"].back()["parameters"] = ParametersJson(model, filter.parameters);
    json["filters"].back()["predicate"] = filter.predicate.text;
  }
  for (const idl::View& view : a.views) {
    json["views"].push_back(NumberedJson(view));
    json["views"].back()["parameters"] = ParametersJson(model, view.parameters);
    json["views"].back()["selection"] = SelectionText(model, a.state, view.selection);
  }
  return json;
}

}  // namespace

std::string DescribeAsText(const idl::Model& model) {
  std::string out = Cat("package ", model.package, "\n");
  for (const idl::FileIndex file : model.files.front().imports)
    Append(out, "import ", model.files[file].import_name, "\n");
  for (const idl::Enum& e : model.enums) {
    if (e.file != 0) continue;
    Append(out, "\nenum ", e.name, OriginText(model, e.cpp), "\n");
    for (const idl::EnumValue& value : e.values) Append(out, "  ", value.number, " ", value.name, "\n");
  }
  for (const idl::Struct& s : model.structs) {
    if (s.file != 0) continue;
    Append(out, "\nstruct ", s.name, OriginText(model, s.cpp), "\n");
    AppendMembers(model, s.members, "  ", out);
  }
  for (const idl::Error& e : model.errors) {
    if (e.file != 0) continue;
    Append(out, "\nerror ", e.name, ": ", idl::StatusCodeName(e.code), "\n");
    AppendMembers(model, e.members, "  ", out);
  }
  for (const idl::Actor& a : model.actors) {
    if (a.file == 0) AppendActor(model, a, out);
  }
  return out;
}

std::string DescribeAsJson(const idl::Model& model) {
  Json imports = Json::array();
  for (const idl::FileIndex file : model.files.front().imports)
    imports.push_back(model.files[file].import_name);
  const auto add_origin = [&model](Json& json, const std::optional<idl::CppOrigin>& cpp) {
    if (!cpp.has_value()) return;
    json["cpp"] = cpp->cpp_name;
    json["header"] = model.cpp_headers[cpp->header].include;
  };
  Json enums = Json::array();
  for (const idl::Enum& e : model.enums) {
    if (e.file != 0) continue;
    Json json = DeclarationJson(e);
    add_origin(json, e.cpp);
    json["values"] = Json::array();
    for (const idl::EnumValue& value : e.values) json["values"].push_back(NumberedJson(value));
    enums.push_back(std::move(json));
  }
  Json structs = Json::array();
  for (const idl::Struct& s : model.structs) {
    if (s.file != 0) continue;
    Json json = DeclarationJson(s);
    add_origin(json, s.cpp);
    json["fields"] = MembersJson(model, s.members);
    structs.push_back(std::move(json));
  }
  Json errors = Json::array();
  for (const idl::Error& e : model.errors) {
    if (e.file != 0) continue;
    Json json = DeclarationJson(e);
    json["code"] = idl::StatusCodeName(e.code);
    json["fields"] = MembersJson(model, e.members);
    errors.push_back(std::move(json));
  }
  Json actors = Json::array();
  for (const idl::Actor& a : model.actors) {
    if (a.file == 0) actors.push_back(ActorJson(model, a));
  }
  const Json json = {{"package", model.package},    {"imports", std::move(imports)},
                     {"enums", std::move(enums)},   {"structs", std::move(structs)},
                     {"errors", std::move(errors)}, {"actors", std::move(actors)}};
  return Cat(json.dump(2, ' ', false, Json::error_handler_t::replace), "\n");
}

}  // namespace onager::codegen
