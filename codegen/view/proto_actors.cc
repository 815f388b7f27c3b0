// What is asked of actors: calls, and what of them is observed.

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"
#include "codegen/view/doc_lines.h"
#include "codegen/view/proto_fields.h"
#include "codegen/view/proto_file.h"

namespace onager::codegen {
namespace {

// open_at_least for OpenAtLeast.
std::string LowerSnake(std::string_view name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool follows_lower = i > 0 && !absl::ascii_isupper(static_cast<unsigned char>(name[i - 1]));
    const bool precedes_lower =
        i > 0 && i + 1 < name.size() && absl::ascii_islower(static_cast<unsigned char>(name[i + 1]));
    if (absl::ascii_isupper(c) && (follows_lower || precedes_lower) && name[i - 1] != '_') snake += '_';
    snake += absl::ascii_tolower(c);
  }
  return snake;
}

// Those of ResyncReason, in the order of their numbers.
constexpr std::array<std::string_view, 10> kResyncReasons = {
    "INITIAL",     "EXPIRED", "NEW_EPOCH",     "SCHEMA_CHANGED",   "VIEW_CHANGED",
    "UNKNOWN_KEY", "LAGGED",  "BASE_MISMATCH", "REPLICA_DIVERGED", "REQUESTED"};

}  // namespace

std::vector<std::string> RpcNames(const idl::Actor& actor) {
  NameScope names(JsonForm);
  names.Take("Watch");
  std::vector<std::string> all;
  for (const idl::Method& method : actor.methods) all.push_back(names.Claim(method.name));
  return all;
}

Node ProtoFile::Service(idl::ActorId id) {
  const idl::Actor& actor = model_.actors[id];
  const std::vector<std::string> names = RpcNames(actor);
  Node::List methods;
  for (const idl::Method& method : actor.methods) {
    std::string doc = method.doc;
    for (const idl::ErrorId error : method.throws) {
      Append(doc, doc.empty() ? "" : "\n", "Fails with `", model_.errors[error].name, "`.");
    }
    const bool takes_stream = !method.parameters.empty() && method.parameters.back().is_stream;
    const std::string request = InService(actor, Request(actor, method));
    const std::string result = InService(actor, Result(actor, method));
    methods.push_back(Node{{"name", names[methods.size()]},
                           {"doc", DocLines(doc)},
                           {"request", takes_stream ? Cat("stream ", request) : request},
                           {"result", method.result_is_stream ? Cat("stream ", result) : result},
                           {"idempotency_level", method.readonly     ? "NO_SIDE_EFFECTS"
                                                 : method.idempotent ? "IDEMPOTENT"
                                                                     : ""},
                           {"has_options", method.readonly || method.idempotent || method.deprecated},
                           {"has_idempotency_level", method.readonly || method.idempotent},
                           {"method_is_deprecated", method.deprecated}});
  }
  return Node{{"name", services_[id.index]},
              {"doc", DocLines(actor)},
              {"service_is_deprecated", actor.deprecated},
              {"methods", std::move(methods)}};
}

// Inside a service, its methods hide messages of the same name.
std::string ProtoFile::InService(const idl::Actor& actor, const std::string& message) const {
  const bool hidden = std::any_of(actor.methods.begin(), actor.methods.end(),
                                  [&message](const idl::Method& method) { return method.name == message; });
  return hidden ? Cat(".", package_, ".", message) : message;
}

std::string ProtoFile::Request(const idl::Actor& actor, const idl::Method& method) {
  const std::string name = scope_.Claim(Cat(actor.name, method.name, "Request"));
  ProtoMessage message(name, DocLines(Cat("The arguments of `", actor.name, ".", method.name, "`.")));
  for (const idl::Parameter& parameter : method.parameters) {
    ProtoField field = Plain(parameter);
    if (parameter.is_stream) {
      // Said to be there or not, so that a stream of nothing can be said, too.
      if (!IsStruct(parameter.type)) field.label = "optional ";
      field.doc =
          DocLines(Cat(parameter.doc, parameter.doc.empty() ? "" : "\n",
                       "One element, or none; the other arguments and the key stand in the first message."));
    }
    message.Add(std::move(field));
  }
  AddKey(message, actor, "Of the actor's key. Empty in a session, where the call itself names the actor.");
  calls_.push_back(std::move(message).ToNode());
  if (!method.parameters.empty() && method.parameters.back().is_stream) AddItem(actor, method);
  return name;
}

void ProtoFile::AddKey(ProtoMessage& message, const idl::Actor& actor, std::string_view doc) {
  for (const idl::Parameter& part : actor.key) {
    ProtoField field = Plain(part, part.type, kOwnNumbers + part.number, false);
    field.doc = DocLines(doc);
    message.Add(std::move(field));
  }
}

Node ProtoFile::Watch(idl::ActorId id, const Watched& watched) {
  const idl::Actor& actor = model_.actors[id];
  const std::string request = InService(actor, WatchRequest(actor, watched));
  const std::string update = InService(actor, WatchUpdate(id, watched));
  return Node{{"doc", DocLines("The state as it is, then each change, until the caller goes.")},
              {"request", request},
              {"update", update}};
}

std::string ProtoFile::WatchRequest(const idl::Actor& actor, const Watched& watched) {
  const std::string name = scope_.Claim(Cat(actor.name, "WatchRequest"));
  ProtoMessage message(name, DocLines(Cat("Which `", actor.name, "` is watched, and what of it.")));
  AddKey(message, actor, "Of the actor's key.");
  message.Add({.label = "",
               .type = "bytes",
               .name = "resume_token",
               .number = 1,
               .doc = DocLines("To go on where an earlier call with the same filter and view ended:\n"
                               "the token of its first update, and where its last one led.")});
  message.Add({.type = "fixed64", .name = "epoch", .number = 2});
  message.Add({.type = "uint64", .name = "revision", .number = 3});
  if (!watched.filter.empty()) {
    message.Add({.label = "",
                 .type = watched.filter,
                 .name = "filter",
                 .number = 4,
                 .doc = DocLines("Absent: every change is delivered.")});
  }
  if (!watched.view.empty()) {
    message.Add({.label = "",
                 .type = watched.view,
                 .name = "view",
                 .number = 5,
                 .doc = DocLines("Absent: all of the state is seen.")});
  }
  observables_.push_back(std::move(message).ToNode());
  return name;
}

std::string ProtoFile::WatchUpdate(idl::ActorId id, const Watched& watched) {
  const idl::Actor& actor = model_.actors[id];
  const std::string name = scope_.Claim(Cat(actor.name, "WatchUpdate"));
  ProtoMessage message(
      name, DocLines(Cat("What is seen of a `", actor.name,
                         "`, or what has changed since the update before.\n"
                         "The first one comes at once, and has no change when nothing was missed.")));
  Node::List reasons;
  for (size_t i = 0; i < kResyncReasons.size(); ++i) {
    reasons.push_back(Node{{"name", Cat("RESYNC_REASON_", kResyncReasons[i])}, {"number", Cat(i)}});
  }
  message.AddEnum("ResyncReason", "Why a snapshot came instead of the changes.", std::move(reasons));
  message.Add({.label = "",
               .type = "fixed64",
               .name = "epoch",
               .number = 1,
               .doc = DocLines("Revisions of different epochs have nothing to do with each other.")});
  message.Add({.label = "",
               .type = "uint64",
               .name = "revision",
               .number = 2,
               .doc = DocLines("Where this update leads.")});
  message.Add({.label = "",
               .type = "uint64",
               .name = "base_revision",
               .number = 3,
               .doc = DocLines("What the update before led to; 0 at the beginning.")});
  message.OpenOneof("change", Node::List());
  message.Add({.label = "",
               .type = states_[id.index],
               .name = "snapshot",
               .number = 4,
               .doc = DocLines("All that is seen. It replaces what was there.")});
  message.Add({.label = "",
               .type = state_patches_[id.index],
               .name = "patch",
               .number = 5,
               .doc = DocLines("What has changed since `base_revision`.")});
  message.CloseOneof();
  if (!watched.event.empty()) {
    message.Add({.label = "repeated ",
                 .type = watched.event,
                 .name = "events",
                 .number = 6,
                 .doc = DocLines("What happened since then, in order.")});
  }
  message.Add({.label = "",
               .type = "ResyncReason",
               .name = "reason",
               .number = 7,
               .doc = DocLines("Of a `snapshot`.")});
  if (!watched.event.empty()) {
    message.Add({.label = "",
                 .type = "uint64",
                 .name = "events_dropped",
                 .number = 8,
                 .doc = DocLines("Of a `snapshot`: so many events, at least, will not be delivered.")});
  }
  message.Add({.label = "",
               .type = "bytes",
               .name = "resume_token",
               .number = 9,
               .doc = DocLines("Of the first update: what a later request needs to continue.")});
  observables_.push_back(std::move(message).ToNode());
  return name;
}

// What an item of a streamed parameter travels in, unless it is a struct.
void ProtoFile::AddItem(const idl::Actor& actor, const idl::Method& method) {
  const idl::Parameter& parameter = method.parameters.back();
  if (IsStruct(parameter.type)) return;
  ProtoMessage message(
      scope_.Claim(Cat(actor.name, method.name, "Item")),
      DocLines(Cat("One of `", parameter.name, "` of `", actor.name, ".", method.name, "`, in a session.")));
  message.Add({.label = ValueLabel(parameter.type, false),
               .type = ValueType(parameter.type),
               .name = "item",
               .number = 1});
  calls_.push_back(std::move(message).ToNode());
}

void ProtoFile::AddReminders(const idl::Actor& actor) {
  for (const idl::Reminder& reminder : actor.reminders) {
    ProtoMessage message(
        scope_.Claim(Cat(actor.name, reminder.name, "Reminder")),
        DocLines(Cat("The arguments of the reminder `", actor.name, ".", reminder.name, "`, as stored.")));
    for (const idl::Parameter& parameter : reminder.parameters) message.Add(Plain(parameter));
    calls_.push_back(std::move(message).ToNode());
  }
}

// A struct is its own result; anything else travels in a message made for it.
std::string ProtoFile::Result(const idl::Actor& actor, const idl::Method& method) {
  if (method.result.has_value() && IsStruct(*method.result)) return ValueType(*method.result);
  const std::string name = scope_.Claim(Cat(actor.name, method.name, "Result"));
  ProtoMessage message(
      name, DocLines(Cat(method.result_is_stream ? "One element of the result of `" : "The result of `",
                         actor.name, ".", method.name, "`.")));
  if (method.result.has_value()) {
    message.Add({.label = ValueLabel(*method.result, false),
                 .type = ValueType(*method.result),
                 .name = method.result_is_stream ? "item" : "result",
                 .number = 1});
  }
  calls_.push_back(std::move(message).ToNode());
  return name;
}

std::string ProtoFile::Arguments(const idl::Actor& actor, const idl::Declaration& declaration,
                                 const std::vector<idl::Parameter>& parameters, std::string_view kind) {
  const std::string name = scope_.Claim(Cat(actor.name, declaration.name, kind));
  ProtoMessage message(name, DocLines(declaration), declaration.deprecated);
  for (const idl::Parameter& parameter : parameters) message.Add(Plain(parameter));
  observables_.push_back(std::move(message).ToNode());
  return name;
}

ProtoMessage ProtoFile::FieldFilter(std::string name) {
  ProtoMessage message(std::move(name), DocLines("Those that change a field of the state in a certain way."));
  static constexpr const char* kTests[] = {"CHANGED", "NON_EMPTY", "RISING", "FALLING", "EITHER", "LEVEL"};
  Node::List tests;
  for (size_t i = 0; i < std::size(kTests); ++i) {
    tests.push_back(Node{{"name", kTests[i]}, {"number", Cat(i)}});
  }
  message.AddEnum(
      "Condition",
      "It has changed, at any depth; it is not empty; it has come to be greater than the limit, has\n"
      "ceased to be, one of the two; it is greater than the limit.",
      std::move(tests));
  message.Add({.label = "", .type = "uint32", .name = "field", .number = 1, .doc = DocLines("Its number.")});
  message.Add({.label = "", .type = "Condition", .name = "test", .number = 2});
  message.OpenOneof("limit", DocLines("Of the field's type."));
  message.Add({.label = "", .type = "int64", .name = "integer", .number = 3});
  message.Add({.label = "", .type = "uint64", .name = "unsigned_integer", .number = 4});
  message.Add({.label = "", .type = "double", .name = "real", .number = 5});
  message.CloseOneof();
  return message;
}

std::string ProtoFile::AddFilters(const idl::Actor& actor) {
  const std::string name = scope_.Claim(Cat(actor.name, "Filter"));
  const std::string all = scope_.Claim(Cat(actor.name, "FilterAll"));
  const std::string any = scope_.Claim(Cat(actor.name, "FilterAny"));
  ProtoMessage message(name,
                       DocLines(Cat("Which changes of a `", actor.name, "` are delivered: one is set.")));
  message.OpenOneof("kind", Node::List());
  message.Add({.label = "", .type = all, .name = "all", .number = 1});
  message.Add({.label = "", .type = any, .name = "any", .number = 2});
  message.Add({.label = "", .type = name, .name = "not", .number = 3});
  const std::string field = scope_.Claim(Cat(actor.name, "FilterField"));
  const std::string rate = scope_.Claim(Cat(actor.name, "FilterMaxRate"));
  message.Add({.label = "", .type = field, .name = "field", .number = 4});
  message.Add({.label = "", .type = rate, .name = "max_rate", .number = 5});
  const size_t position = observables_.size();
  for (const idl::Filter& filter : actor.filters) {
    message.Add({.label = "",
                 .type = Arguments(actor, filter, filter.parameters, "Filter"),
                 .name = LowerSnake(filter.name),
                 .number = filter.number,
                 .deprecated = filter.deprecated});
  }
  message.CloseOneof();
  Node::List nodes;
  nodes.push_back(std::move(message).ToNode());
  for (const auto& [list, doc] :
       {std::pair(all, "Those that all of them let pass; all, if there is none."),
        std::pair(any, "Those that any of them lets pass; none, if there is none.")}) {
    ProtoMessage several(list, DocLines(doc));
    several.Add({.label = "repeated ", .type = name, .name = "filters", .number = 1});
    nodes.push_back(std::move(several).ToNode());
  }
  nodes.push_back(FieldFilter(field).ToNode());
  ProtoMessage max_rate(rate,
                        DocLines("At the top, or beside others under `all`: no more deliveries a second than "
                                 "this.\nWhat comes sooner waits, and comes as one with what follows."));
  max_rate.Add({.label = "", .type = "double", .name = "hz", .number = 1});
  nodes.push_back(std::move(max_rate).ToNode());
  observables_.insert(observables_.begin() + static_cast<std::ptrdiff_t>(position),
                      std::make_move_iterator(nodes.begin()), std::make_move_iterator(nodes.end()));
  return name;
}

std::string ProtoFile::AddViews(const idl::Actor& actor) {
  if (actor.views.empty()) return "";
  const std::string name = scope_.Claim(Cat(actor.name, "View"));
  ProtoMessage message(name, DocLines(Cat("Which part of a `", actor.name, "` is delivered: one is set.")));
  message.OpenOneof("kind", Node::List());
  const size_t position = observables_.size();
  for (const idl::View& view : actor.views) {
    message.Add({.label = "",
                 .type = Arguments(actor, view, view.parameters, "View"),
                 .name = LowerSnake(view.name),
                 .number = view.number,
                 .deprecated = view.deprecated});
  }
  message.CloseOneof();
  observables_.insert(observables_.begin() + static_cast<std::ptrdiff_t>(position),
                      std::move(message).ToNode());
  return name;
}

std::string ProtoFile::AddEvents(const idl::Actor& actor) {
  if (actor.events.empty()) return "";
  const std::string message_name = scope_.Claim(Cat(actor.name, "Event"));
  ProtoMessage message(message_name,
                       DocLines(Cat("Something that happened to a `", actor.name, "`: one is set.")));
  message.OpenOneof("kind", Node::List());
  Node::List events;
  for (const idl::Event& event : actor.events) {
    const std::string name = scope_.Claim(Cat(actor.name, event.name, "Event"));
    message.Add({.label = "",
                 .type = name,
                 .name = LowerSnake(event.name),
                 .number = event.number,
                 .deprecated = event.deprecated});
    events.push_back(ValueMessage(name, DocLines(event), event.members, event.deprecated).ToNode());
  }
  message.CloseOneof();
  observables_.push_back(std::move(message).ToNode());
  std::move(events.begin(), events.end(), std::back_inserter(observables_));
  return message_name;
}

}  // namespace onager::codegen
