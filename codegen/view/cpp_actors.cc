#include "codegen/view/cpp_actors.h"

#include <tuple>
#include <variant>

#include "absl/time/time.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"
#include "codegen/view/doc_lines.h"
#include "codegen/view/proto_file.h"

namespace onager::codegen {
namespace {

constexpr std::string_view kDeprecated = "[[deprecated]] ";

Node MessageField(std::string_view name, std::string_view declared_name, uint32_t number, std::string type,
                  std::string initializer, std::string flags = "") {
  return Node{{"name", name},
              {"member", name},
              {"declared_name", CppStringLiteral(declared_name)},
              {"number", Cat(number)},
              {"type", std::move(type)},
              {"flags", std::move(flags)},
              {"is_alternative", false},
              {"initializer", std::move(initializer)}};
}

// The enumerator of generated::Durability.
const char* DurabilityText(idl::Durability durability) {
  switch (durability) {
    case idl::Durability::kMemory:
      return "kMemory";
    case idl::Durability::kAsync:
      return "kAsync";
    case idl::Durability::kSync:
      return "kSync";
  }
  return "";
}

// What initializes a generated::ReplayBounds; empty when nothing is said.
std::string ReplayText(const idl::ReplayBounds& replay) {
  std::vector<std::string> bounds;
  if (replay.count != 0) bounds.push_back(Cat(".count = ", replay.count));
  if (replay.bytes != 0) bounds.push_back(Cat(".bytes = ", replay.bytes));
  if (replay.age != absl::ZeroDuration()) bounds.push_back(Cat(".age = ", DurationLiteral(replay.age)));
  return bounds.empty() ? "" : Cat("{", Join(bounds, ", "), "}");
}

// The enumerator of generated::KeyPartType.
const char* KeyPartType(const idl::Type& type) {
  const auto* scalar = std::get_if<idl::ScalarType>(&type);
  if (scalar == nullptr) return "kEnum";
  switch (scalar->kind) {
    case idl::ScalarKind::kBool:
      return "kBool";
    case idl::ScalarKind::kInt32:
      return "kInt32";
    case idl::ScalarKind::kInt64:
      return "kInt64";
    case idl::ScalarKind::kUint32:
      return "kUint32";
    case idl::ScalarKind::kUint64:
      return "kUint64";
    case idl::ScalarKind::kUuid:
      return "kUuid";
    case idl::ScalarKind::kString:
    case idl::ScalarKind::kFloat:
    case idl::ScalarKind::kDouble:
    case idl::ScalarKind::kBytes:
    case idl::ScalarKind::kTimestamp:
    case idl::ScalarKind::kDuration:
      break;  // Of these only a string can be a key.
  }
  return "kString";
}

}  // namespace

bool IsStreamed(const idl::Method& method) {
  return method.result_is_stream || (!method.parameters.empty() && method.parameters.back().is_stream);
}

Node CppActors::Actor(idl::ActorId id) {
  includes_.Add({"cstddef", "memory", "string", "string_view"});
  const idl::Actor& actor = model_.actors[id];
  const ActorNames& names = names_.OfActor(id);
  Node::List key = Key(actor, names);
  Node::List methods;
  bool has_plain = false;
  bool has_streamed = false;
  const std::vector<std::string> rpc_names = RpcNames(actor);
  for (size_t i = 0; i < actor.methods.size(); ++i) {
    const idl::Method& method = actor.methods[i];
    (IsStreamed(method) ? has_streamed : has_plain) = true;
    Node node = Method(actor, method, names.methods[i], i);
    node.Set("has_rpc_name", rpc_names[i] != method.name);
    node.Set("rpc_name", CppStringLiteral(rpc_names[i]));
    methods.push_back(std::move(node));
  }
  Node::List migrations;
  for (size_t i = 0; i < actor.migrations.size(); ++i) {
    migrations.push_back(Node{{"hook", names.migrations[i]},
                              {"from", Cat(actor.migrations[i])},
                              {"to", Cat(actor.migrations[i] + 1)}});
  }
  Node::List timers;
  for (size_t i = 0; i < actor.timers.size(); ++i) {
    const idl::Timer& timer = actor.timers[i];
    timers.push_back(Node{{"declared_name", CppStringLiteral(timer.name)},
                          {"index", Cat(i)},
                          {"handler", names.timers[i]},
                          {"doc", DocLines(timer)},
                          {"period", DurationLiteral(timer.period)},
                          {"period_text", absl::FormatDuration(timer.period)}});
  }
  Node::List reminders = Reminders(actor, names);
  const std::string replay = ReplayText(actor.replay);
  return Node{{"declared_actor", actor.name},
              {"persist", actor.persist},
              {"has_durability", actor.persist && actor.durability != idl::Durability::kSync},
              {"durability", DurabilityText(actor.durability)},
              {"has_replay", !replay.empty()},
              {"replay", replay},
              {"has_reminders", !reminders.empty()},
              {"reminders", std::move(reminders)},
              {"has_timers", !timers.empty()},
              {"timers", std::move(timers)},
              {"observable", names.observable},
              {"has_observable", !names.observable.empty()},
              {"has_version", actor.version != 1},
              {"state_version", Cat(actor.version)},
              {"has_migrations", !migrations.empty()},
              {"migrations", std::move(migrations)},
              {"doc", DocLines(actor)},
              {"attribute", actor.deprecated ? kDeprecated : ""},
              {"has_doc", !actor.doc.empty()},
              {"state", names.state},
              {"key", names.key},
              {"key_has_one_part", key.size() == 1},
              {"actor", names.actor},
              {"client", names.client},
              {"proto_name", Cat(model_.package, ".", actor.name)},
              {"key_parts", std::move(key)},
              {"has_methods", !methods.empty()},
              {"has_plain_methods", has_plain},
              {"has_streamed_methods", has_streamed},
              {"methods", std::move(methods)}};
}

Node::List CppActors::Reminders(const idl::Actor& actor, const ActorNames& names) {
  Node::List reminders;
  for (size_t i = 0; i < actor.reminders.size(); ++i) {
    const idl::Reminder& reminder = actor.reminders[i];
    const ReminderNames& own = names.reminders[i];
    Parameters parameters = ParametersOf(reminder.parameters, own.parameters);
    const bool has_parameters = !parameters.list.empty();
    if (has_parameters) {
      AddMessage(own.message, Cat(actor.name, reminder.name, "Reminder"),
                 Cat("The arguments of the reminder `", actor.name, ".", reminder.name, "`."),
                 std::move(parameters.fields));
    }
    reminders.push_back(
        Node{{"declared_name", CppStringLiteral(reminder.name)},
             {"index", Cat(i)},
             {"doc", DocLines(reminder)},
             {"hook", own.hook},
             {"remind", own.remind},
             {"remind_every", own.remind_every},
             {"cancel", own.cancel},
             {"message", own.message},
             {"arguments", own.arguments},
             {"encoded",
              has_parameters ? Cat(own.arguments, "(", Join(own.parameters, ", "), ")") : "std::string()"},
             {"serve", own.serve},
             {"at", own.at},
             {"first", own.first},
             {"period", own.period},
             {"has_parameters", has_parameters},
             {"parameters", std::move(parameters.list)}});
  }
  return reminders;
}

Node::List CppActors::Key(const idl::Actor& actor, const ActorNames& names) const {
  Node::List key;
  for (size_t i = 0; i < actor.key.size(); ++i) {
    const idl::Parameter& part = actor.key[i];
    includes_.AddFor(part.type);
    key.push_back(Node{{"name", names.key_members.fields[i]},
                       {"argument", names.key_arguments[i]},
                       {"declared_name", CppStringLiteral(part.name)},
                       {"key_part_type", KeyPartType(model_.types[part.type])},
                       {"doc", DocLines(part)},
                       {"type", types_.Value(part.type, Spelling::kInside)},
                       {"argument_type", types_.Argument(part.type)},
                       {"is_enum", std::holds_alternative<idl::EnumType>(model_.types[part.type])},
                       {"moves", !types_.IsCheap(part.type)},
                       {"is_text", types_.IsText(part.type)},
                       {"initializer", types_.ZeroInitializer(part.type)}});
  }
  return key;
}

CppActors::Parameters CppActors::ParametersOf(const std::vector<idl::Parameter>& parameters,
                                              const std::vector<std::string>& names) const {
  Parameters result;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const idl::Parameter& parameter = parameters[i];
    const std::string type = types_.Value(parameter.type, Spelling::kInside);
    includes_.AddFor(parameter.type);
    const std::string default_text = types_.Default(parameter);
    if (parameter.default_expression.has_value()) {
      includes_.AddForExpression(parameter.default_expression->text);
    }
    if (default_text.find("std::numeric_limits") != std::string::npos) includes_.Add({"limits"});
    const bool has_default = !default_text.empty();
    if (has_default) includes_.Add({"optional"});
    result.list.push_back(Node{{"name", names[i]},
                               {"type", type},
                               {"argument_type", types_.Argument(parameter.type)},
                               {"moves", !types_.IsCheap(parameter.type)},
                               {"has_default", has_default},
                               {"default", default_text}});
    result.fields.push_back(MessageField(names[i], parameter.name, parameter.number,
                                         has_default ? Cat("std::optional<", type, ">") : type,
                                         has_default ? "" : types_.ZeroInitializer(parameter.type),
                                         parameter.sensitive ? ", kSensitive" : ""));
  }
  return result;
}

CppActors::Streams CppActors::StreamsOf(const idl::Actor& actor, const idl::Method& method,
                                        const MethodNames& names) {
  // A struct travels as its own message.
  const auto functions = [&](idl::TypeId type, const std::string& wrapper) {
    const std::string message = types_.IsStruct(type) ? types_.Value(type, Spelling::kInside) : wrapper;
    const char* what = types_.IsStruct(type) ? "Message<" : "Item<";
    return std::pair(Cat("onager::generated::Encode", what, message, ">"),
                     Cat("onager::generated::Decode", what, message, ">"));
  };
  Streams streams;
  const std::string call = Cat(actor.name, ".", method.name);
  if (!method.parameters.empty() && method.parameters.back().is_stream) {
    const idl::Parameter& parameter = method.parameters.back();
    includes_.AddFor(parameter.type);
    streams.in = types_.Value(parameter.type, Spelling::kInside);
    streams.in_name = names.parameters.back();
    std::tie(streams.encode_in, streams.decode_in) = functions(parameter.type, names.item);
    if (!types_.IsStruct(parameter.type)) {
      AddWrapper(names.item, Cat(actor.name, method.name, "Item"),
                 Cat("One of `", parameter.name, "` of `", call, "`."), "item", parameter.type);
    }
  }
  if (method.result_is_stream) {
    includes_.AddFor(*method.result);
    streams.out = types_.Value(*method.result, Spelling::kInside);
    std::tie(streams.encode_out, streams.decode_out) = functions(*method.result, names.result);
    if (!types_.IsStruct(*method.result)) {
      AddWrapper(names.result, Cat(actor.name, method.name, "Result"),
                 Cat("One element of the result of `", call, "`."), "item", *method.result);
    }
  }
  return streams;
}

Node CppActors::Method(const idl::Actor& actor, const idl::Method& method, const MethodNames& names,
                       size_t index) {
  const Streams streams = StreamsOf(actor, method, names);
  std::vector<idl::Parameter> plain = method.parameters;
  if (!streams.in.empty()) plain.pop_back();
  Parameters parameters = ParametersOf(plain, names.parameters);
  const bool has_request = !parameters.list.empty();
  const std::string call = Cat(actor.name, ".", method.name);
  if (has_request) {
    AddMessage(names.request, Cat(actor.name, method.name, "Request"), Cat("The arguments of `", call, "`."),
               std::move(parameters.fields));
  }
  const bool has_result = method.result.has_value() && !method.result_is_stream;
  const bool is_struct = has_result && types_.IsStruct(*method.result);
  std::string result;
  if (has_result) {
    result = types_.Value(*method.result, Spelling::kInside);
    includes_.AddFor(*method.result);
    if (!is_struct) {
      AddWrapper(names.result, Cat(actor.name, method.name, "Result"), Cat("The result of `", call, "`."),
                 "result", *method.result);
    }
  }
  idl::Declaration declaration = method;
  for (const idl::ErrorId error : method.throws) {
    Append(declaration.doc, declaration.doc.empty() ? "" : "\n", "Fails with `", names_.OfError(error).inside,
           "`.");
  }
  const idl::Durability durability = method.durability.value_or(actor.durability);
  const bool sends = !streams.in.empty();
  const bool receives = !streams.out.empty();
  const std::string caller =
      sends && receives ? Cat("onager::DuplexCall<", streams.in, ", ", streams.out, ">")
      : receives        ? Cat("onager::StreamCall<", streams.out, ">")
      : sends           ? Cat("onager::SendCall<", streams.in, has_result ? ", " : "", result, ">")
                        : Cat("onager::Call<", result, ">");
  return Node{{"name", names.method},
              {"declared_name", CppStringLiteral(method.name)},
              {"doc", DocLines(declaration)},
              {"attribute", method.deprecated ? kDeprecated : ""},
              {"index", Cat(index)},
              {"request", names.request},
              {"result_message", names.result},
              {"serve", names.serve},
              {"has_request", has_request},
              {"has_result", has_result},
              {"result", result},
              {"call_type", caller},
              {"decoder", !has_result ? "DecodeNothing"
                          : is_struct ? Cat("DecodeResult<", result, ">")
                                      : Cat("DecodeWrapped<", names.result, ">")},
              {"result_is_struct", is_struct},
              {"result_is_wrapped", has_result && !is_struct},
              {"is_streamed", IsStreamed(method)},
              {"sends", sends},
              {"item_number", sends ? Cat(method.parameters.back().number) : ""},
              {"item_is_struct", sends && types_.IsStruct(method.parameters.back().type)},
              {"receives", receives},
              {"in", streams.in},
              {"in_name", streams.in_name},
              {"encode_in", streams.encode_in},
              {"decode_in", streams.decode_in},
              {"out", streams.out},
              {"out_name", names.results},
              {"encode_out", streams.encode_out},
              {"decode_out", streams.decode_out},
              {"idempotent", method.idempotent},
              {"readonly", method.readonly},
              {"reentrant", method.reentrant},
              {"has_durability", actor.persist && durability != idl::Durability::kSync},
              {"durability", DurabilityText(durability)},
              {"has_timeout", method.timeout.has_value()},
              {"timeout", DurationLiteral(method.timeout.value_or(absl::ZeroDuration()))},
              {"parameters", std::move(parameters.list)}};
}

Node CppActors::Query(const idl::Declaration& declaration, const std::vector<idl::Parameter>& parameters,
                      const QueryNames& names, std::string_view message, std::string_view message_doc) {
  Parameters own = ParametersOf(parameters, names.parameters);
  const bool has_parameters = !own.list.empty();
  AddMessage(names.message, message, message_doc, std::move(own.fields));
  return Node{{"builder", names.builder},         {"declared_name", CppStringLiteral(declaration.name)},
              {"doc", DocLines(declaration)},     {"attribute", declaration.deprecated ? kDeprecated : ""},
              {"message", names.message},         {"has_parameters", has_parameters},
              {"parameters", std::move(own.list)}};
}

void CppActors::AddWrapper(const std::string& name, std::string_view declared_name, std::string_view doc,
                           const char* field, idl::TypeId type) {
  AddMessage(
      name, declared_name, doc,
      {MessageField(field, field, 1, types_.Value(type, Spelling::kInside), types_.ZeroInitializer(type))});
}

void CppActors::AddMessage(const std::string& name, std::string_view declared_name, std::string_view doc,
                           Node::List fields) {
  messages_.push_back(Node{{"struct", name},
                           {"qualified", names_.Qualified(name)},
                           {"proto_name", Cat(model_.package, ".", declared_name)},
                           {"doc", DocLines(doc)},
                           {"has_fields", !fields.empty()},
                           {"descriptions", fields},
                           {"fields", std::move(fields)}});
}

}  // namespace onager::codegen
