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

// A text builder and a JSON builder walk the same model; this is the part that both show of a field.
std::string FieldAttributes(const idl::Model& model, const idl::Members& members, const idl::Field& field) {
  std::vector<std::string> attributes;
  if (const auto* list = std::get_if<idl::ListType>(&model.types[field.type]);
      list != nullptr && list->key_field.has_value()) {
    const idl::StructId id = std::get<idl::StructType>(model.types[list->element]).id;
    attributes.push_back(Cat("key = ", model.structs[id].members.fields[*list->key_field].name));
  }
  if (field.default_value.has_value()) {
    attributes.push_back(Cat("default = ", LiteralText(model, *field.default_value)));
  }
  if (field.oneof.has_value()) attributes.push_back(Cat("oneof ", members.oneofs[*field.oneof].name));
  if (field.deprecated) attributes.push_back("deprecated");
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
  std::string text = Cat(idl::TypeSpelling(model, parameter.type), " ", parameter.name);
  if (parameter.default_value.has_value()) {
    Append(text, " = ", LiteralText(model, *parameter.default_value));
  }
  return text;
}

std::string ParametersText(const idl::Model& model, const std::vector<idl::Parameter>& parameters) {
  std::vector<std::string> texts;
  for (const idl::Parameter& parameter : parameters) texts.push_back(ParameterText(model, parameter));
  return Join(texts, ", ");
}

std::string MethodText(const idl::Model& model, const idl::Method& method) {
  std::string text = Cat(method.name, "(", ParametersText(model, method.parameters), ")");
  if (method.result.has_value()) Append(text, " -> ", idl::TypeSpelling(model, *method.result));
  if (!method.throws.empty()) {
    std::vector<std::string> errors;
    for (const idl::ErrorId id : method.throws) errors.push_back(model.errors[id].name);
    Append(text, " throws ", Join(errors, ", "));
  }
  std::vector<std::string> attributes;
  if (method.idempotent) attributes.push_back("idempotent");
  if (method.readonly) attributes.push_back("readonly");
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
    if (field.default_value.has_value()) json["default"] = LiteralText(model, *field.default_value);
    if (field.oneof.has_value()) json["oneof"] = members.oneofs[*field.oneof].name;
    fields.push_back(std::move(json));
  }
  return fields;
}

Json ParametersJson(const idl::Model& model, const std::vector<idl::Parameter>& parameters) {
  Json list = Json::array();
  for (const idl::Parameter& parameter : parameters) {
    Json json = DeclarationJson(parameter);
    json["type"] = idl::TypeSpelling(model, parameter.type);
    if (parameter.default_value.has_value()) json["default"] = LiteralText(model, *parameter.default_value);
    list.push_back(std::move(json));
  }
  return list;
}

Json MethodJson(const idl::Model& model, const idl::Method& method) {
  Json json = DeclarationJson(method);
  json["parameters"] = ParametersJson(model, method.parameters);
  json["result"] = method.result.has_value() ? Json(idl::TypeSpelling(model, *method.result)) : Json(nullptr);
  json["throws"] = Json::array();
  for (const idl::ErrorId id : method.throws) json["throws"].push_back(model.errors[id].name);
  json["idempotent"] = method.idempotent;
  json["readonly"] = method.readonly;
  if (method.timeout.has_value()) json["timeout"] = absl::FormatDuration(*method.timeout);
  return json;
}

}  // namespace

std::string DescribeAsText(const idl::Model& model) {
  std::string out = Cat("package ", model.package, "\n");
  for (const idl::Enum& e : model.enums) {
    Append(out, "\nenum ", e.name, "\n");
    for (const idl::EnumValue& value : e.values) Append(out, "  ", value.number, " ", value.name, "\n");
  }
  for (const idl::Struct& s : model.structs) {
    Append(out, "\nstruct ", s.name, "\n");
    AppendMembers(model, s.members, "  ", out);
  }
  for (const idl::Error& e : model.errors) {
    Append(out, "\nerror ", e.name, ": ", idl::StatusCodeName(e.code), "\n");
    AppendMembers(model, e.members, "  ", out);
  }
  for (const idl::Actor& a : model.actors) {
    Append(out, "\nactor ", a.name, "(", ParametersText(model, a.key), ")\n  state\n");
    AppendMembers(model, a.state, "    ", out);
    for (const idl::Method& method : a.methods) Append(out, "  rpc ", MethodText(model, method), "\n");
  }
  return out;
}

std::string DescribeAsJson(const idl::Model& model) {
  Json enums = Json::array();
  for (const idl::Enum& e : model.enums) {
    Json json = DeclarationJson(e);
    json["values"] = Json::array();
    for (const idl::EnumValue& value : e.values) {
      Json entry = DeclarationJson(value);
      entry["number"] = value.number;
      json["values"].push_back(std::move(entry));
    }
    enums.push_back(std::move(json));
  }
  Json structs = Json::array();
  for (const idl::Struct& s : model.structs) {
    Json json = DeclarationJson(s);
    json["fields"] = MembersJson(model, s.members);
    structs.push_back(std::move(json));
  }
  Json errors = Json::array();
  for (const idl::Error& e : model.errors) {
    Json json = DeclarationJson(e);
    json["code"] = idl::StatusCodeName(e.code);
    json["fields"] = MembersJson(model, e.members);
    errors.push_back(std::move(json));
  }
  Json actors = Json::array();
  for (const idl::Actor& a : model.actors) {
    Json json = DeclarationJson(a);
    json["key"] = ParametersJson(model, a.key);
    json["state"] = MembersJson(model, a.state);
    json["methods"] = Json::array();
    for (const idl::Method& method : a.methods) json["methods"].push_back(MethodJson(model, method));
    actors.push_back(std::move(json));
  }
  const Json json = {{"package", model.package},
                     {"enums", std::move(enums)},
                     {"structs", std::move(structs)},
                     {"errors", std::move(errors)},
                     {"actors", std::move(actors)}};
  return Cat(json.dump(2, ' ', false, Json::error_handler_t::replace), "\n");
}

}  // namespace onager::codegen
