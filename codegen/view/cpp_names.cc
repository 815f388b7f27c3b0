#include "codegen/view/cpp_names.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"
#include "codegen/view/file_graph.h"

namespace onager::codegen {
namespace {

// First components of packages that mean something else inside the namespace `onager`, where the
// specializations of its templates are looked up.
constexpr std::array<std::string_view, 3> kNamesInsideOnager = {"generated", "internal", "testing"};

// Names that generated code has for parameters, variables and members where types are named too. A type that
// is called so is qualified there.
// clang-format off
constexpr std::string_view kNamesInsideOurs[] = {
    "ActorBase", "AddReminderChange", "AfterCommit", "BindKey", "CancelReminder", "Dispatch",
    "DispatchStreamed", "Emit", "EmitEvent", "FromBytes", "Migrate", "Observe", "OnActivate", "OnDeactivate",
    "OnReminder", "OnTimer", "Parse", "Past", "RestoreEvents", "RestoreReminders", "SetReminder",
    "TakeEvents", "TakeReminders", "ToBytes", "ToStatus", "ToString", "Type", "Watch", "a", "actor", "actor_type",
    "arguments", "b", "bytes", "channel", "client", "event", "from", "kCode", "kNumber", "kTypeUrl", "key",
    "message", "method", "options", "out", "parsed", "pending", "reader", "reminder", "request", "result", "state",
    "state_interface", "streams", "text", "timer", "turn", "type", "value"};
// clang-format on

// Members of every generated error, and of every event, whose class can therefore not be called so.
constexpr std::array<std::string_view, 4> kMembersOfErrors = {"FromBytes", "ToStatus", "kCode", "kTypeUrl"};
constexpr std::array<std::string_view, 3> kMembersOfEvents = {"FromBytes", "ToBytes", "kNumber"};

template <size_t N>
std::string ClassName(std::string_view name, const std::array<std::string_view, N>& members) {
  return Cat(name, std::find(members.begin(), members.end(), name) != members.end() ? "_" : "");
}

// `name`, or near it: neither what C++ has for itself nor what is taken.
std::string ClaimIdentifier(NameScope& scope, std::string_view name) {
  std::string claimed = scope.Claim(CppIdentifier(name));
  // The number behind `M_PI_` makes a macro.
  if (CppIdentifier(claimed) != claimed) claimed = scope.Claim(CppIdentifier(claimed));
  return claimed;
}

// LineWidth for line_width.
std::string PascalCase(std::string_view name) {
  std::string pascal;
  bool word_begins = true;
  for (const char c : name) {
    if (c == '_') {
      word_begins = true;
    } else {
      pascal += std::exchange(word_begins, false) ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c;
    }
  }
  return pascal;
}

}  // namespace

CppNames::CppNames(const idl::Model& model)
    : scopes_(model.files.size()),
      enums_(model.enums.size()),
      structs_(model.structs.size()),
      errors_(model.errors.size()),
      enum_values_(model.enums.size()),
      struct_members_(model.structs.size()),
      error_members_(model.errors.size()),
      actors_(model.actors.size()) {
  for (const idl::File& file : model.files) {
    packages_.push_back(CppNamespace(file.package));
    const std::vector<std::string_view> components = Split(file.package, '.');
    for (size_t i = 1; i < components.size(); ++i) inner_namespaces_.insert(CppIdentifier(components[i]));
  }
  const FileGraph graph(model);
  for (const idl::FileIndex file : graph.order()) NameFile(model, file, graph.Imported(file));
  NameTypes(model);
}

void CppNames::NameFile(const idl::Model& model, idl::FileIndex file,
                        const std::vector<idl::FileIndex>& imported) {
  NameScope& types = scopes_[file];
  for (const idl::FileIndex other : imported) {
    if (packages_[other] == packages_[file]) types.TakeAll(scopes_[other]);
  }
  for (const idl::EnumId id : model.enums.ids()) {
    const idl::Enum& e = model.enums[id];
    if (e.file == file && !e.cpp.has_value()) enums_[id.index].name = ClaimIdentifier(types, e.name);
  }
  for (const idl::StructId id : model.structs.ids()) {
    const idl::Struct& s = model.structs[id];
    if (s.file == file && !s.cpp.has_value()) structs_[id.index].name = ClaimIdentifier(types, s.name);
  }
  for (const idl::ErrorId id : model.errors.ids()) {
    const idl::Error& e = model.errors[id];
    if (e.file == file) errors_[id.index].name = ClaimIdentifier(types, ClassName(e.name, kMembersOfErrors));
  }
  for (const idl::ActorId id : model.actors.ids()) {
    const idl::Actor& a = model.actors[id];
    if (a.file != file) continue;
    ActorNames& names = actors_[id.index];
    names.state = types.Claim(Cat(a.name, "State"));
    names.key = types.Claim(Cat(a.name, "Key"));
    names.actor = types.Claim(Cat(a.name, "Actor"));
    names.client = types.Claim(Cat(a.name, "Client"));
    if (!a.events.empty() || !a.filters.empty() || !a.views.empty()) {
      names.observable = ClaimIdentifier(types, a.name);
    }
  }

  for (const idl::EnumId id : model.enums.ids()) {
    const idl::Enum& e = model.enums[id];
    if (e.file != file) continue;
    NameScope scope;
    for (const idl::EnumValue& value : e.values) {
      enum_values_[id.index].push_back(e.cpp.has_value() ? value.name : ClaimIdentifier(scope, value.name));
    }
  }
  for (const idl::StructId id : model.structs.ids()) {
    const idl::Struct& s = model.structs[id];
    if (s.file != file) continue;
    if (s.cpp.has_value()) {
      MemberNames& names = struct_members_[id.index];
      for (const idl::Field& field : s.members.fields) names.fields.push_back(field.name);
      for (const idl::Oneof& oneof : s.members.oneofs) names.oneofs.emplace_back().member = oneof.name;
    } else {
      struct_members_[id.index] = NamesOfMembers(structs_[id.index].name, s.members, types);
    }
  }
  for (const idl::ErrorId id : model.errors.ids()) {
    if (model.errors[id].file != file) continue;
    error_members_[id.index] = NamesOfMembers(errors_[id.index].name, model.errors[id].members, types);
  }
  for (const idl::ActorId id : model.actors.ids()) {
    if (model.actors[id].file == file) NameActor(model.actors[id], actors_[id.index], types);
  }
}

void CppNames::NameTypes(const idl::Model& model) {
  const auto complete = [&](TypeName& name, idl::FileIndex file) {
    const std::string& package = packages_[file];
    if (package == packages_.front()) {
      name.qualified = Qualified(name.name);
      name.inside = Inside(name.name);
    } else {
      const std::string_view first = std::string_view(package).substr(0, package.find("::"));
      name.inside = name.qualified = Cat(IsHidden(first) ? "::" : "", package, "::", name.name);
    }
  };
  for (const idl::EnumId id : model.enums.ids()) {
    const idl::Enum& e = model.enums[id];
    if (e.cpp.has_value()) {
      enums_[id.index] = NameOfCppType(*e.cpp);
    } else {
      complete(enums_[id.index], e.file);
    }
  }
  for (const idl::StructId id : model.structs.ids()) {
    const idl::Struct& s = model.structs[id];
    if (s.cpp.has_value()) {
      structs_[id.index] = NameOfCppType(*s.cpp);
    } else {
      complete(structs_[id.index], s.file);
    }
  }
  for (const idl::ErrorId id : model.errors.ids()) complete(errors_[id.index], model.errors[id].file);
}

TypeName CppNames::NameOfCppType(const idl::CppOrigin& origin) const {
  const size_t end = origin.cpp_name.find("::");
  const bool is_global = end == std::string::npos;
  const bool hidden = is_global || IsHidden(std::string_view(origin.cpp_name).substr(0, end));
  TypeName name;
  name.name = origin.cpp_name;
  name.inside = name.qualified = Cat(hidden ? "::" : "", origin.cpp_name);
  return name;
}

// Whether a namespace of that name, looked for from inside ours or from inside `onager`, could be another
// one.
bool CppNames::IsHidden(std::string_view first) const {
  return absl::ascii_isupper(static_cast<unsigned char>(first.front())) ||
         std::find(kNamesInsideOnager.begin(), kNamesInsideOnager.end(), first) != kNamesInsideOnager.end() ||
         inner_namespaces_.contains(first) || scopes_.front().Has(first);
}

std::string CppNames::Inside(const std::string& name) const {
  const bool is_hidden =
      std::find(std::begin(kNamesInsideOurs), std::end(kNamesInsideOurs), name) != std::end(kNamesInsideOurs);
  return is_hidden ? Qualified(name) : name;
}

std::string CppNames::Qualified(const std::string& name) const {
  const std::string_view first = std::string_view(package()).substr(0, package().find("::"));
  const bool hidden =
      absl::ascii_isupper(static_cast<unsigned char>(first.front())) ||
      std::find(kNamesInsideOnager.begin(), kNamesInsideOnager.end(), first) != kNamesInsideOnager.end();
  return Cat(hidden ? "::" : "", package(), "::", name);
}

MemberNames CppNames::NamesOfMembers(const std::string& owner, const idl::Members& members,
                                     const NameScope& types) const {
  MemberNames names;
  // A member may not be called like its class, nor like a type that the class has used.
  names.scope = NameScope(&types);
  names.scope.Take(owner);
  // Members of the generated classes for the struct, its change and its errors.
  names.scope.Take(
      {"Set",      "SetAlternative", "Mutable",          "Changed",    "Value",          "Tracked",
       "Change",   "TrackedStruct",  "StructChangeView", "Previous",   "PreviousStruct", "At",
       "change_",  "now_",           "TrackedPlace",     "ChangeView", "place_",         "value_",
       "ToStatus", "FromBytes",      "ToBytes",          "kCode",      "kTypeUrl",       "kNumber"});
  for (const idl::Field& field : members.fields)
    names.fields.push_back(ClaimIdentifier(names.scope, field.name));
  for (const idl::Oneof& oneof : members.oneofs) {
    names.oneofs.emplace_back().member = ClaimIdentifier(names.scope, oneof.name);
  }
  for (size_t i = 0; i < members.oneofs.size(); ++i) {
    OneofNames& oneof = names.oneofs[i];
    const std::string stem = PascalCase(members.oneofs[i].name);
    oneof.cases_enum = names.scope.Claim(Cat(stem, "Case"));
    oneof.unset = names.scope.Claim(Cat("k", stem, "Unset"));
    for (const uint32_t field : members.oneofs[i].fields) {
      oneof.cases.push_back(names.scope.Claim(Cat("k", PascalCase(members.fields[field].name))));
    }
  }
  return names;
}

void CppNames::NameActor(const idl::Actor& actor, ActorNames& names, NameScope& types) const {
  names.state_members = NamesOfMembers(names.state, actor.state, types);
  names.key_members.scope = NameScope(&types);
  // Members of the key and of the client, and what their functions have.
  names.key_members.scope.Take(
      {"Parse", "ToString", "channel", "channel_", "client", "key_", "reader", "status", "text", "writer"});
  for (const idl::Parameter& part : actor.key) {
    names.key_members.fields.push_back(ClaimIdentifier(names.key_members.scope, part.name));
  }
  for (const std::string& part : names.key_members.fields) {
    names.key_arguments.push_back(names.key_members.scope.Claim(Cat(part, "_value")));
  }

  NameScope methods(&types);
  methods.Take({"Type",
                "key",
                "state",
                "actor_type",
                "state_interface",
                "BindKey",
                "Dispatch",
                "DispatchStreamed",
                "Observe",
                "Past",
                "Watch",
                "Emit",
                "EmitEvent",
                "TakeEvents",
                "RestoreEvents",
                "SetReminder",
                "CancelReminder",
                "AddReminderChange",
                "TakeReminders",
                "RestoreReminders",
                "OnReminder",
                "Migrate",
                "OnActivate",
                "OnDeactivate",
                "AfterCommit",
                "OnTimer",
                "ActorBase",
                "key_",
                "state_",
                "tracked_",
                "channel_"});
  for (const idl::Method& method : actor.methods) {
    MethodNames& own = names.methods.emplace_back();
    own.method = ClaimIdentifier(methods, method.name);
    own.request = types.Claim(Cat(actor.name, method.name, "Request"));
    own.result = types.Claim(Cat(actor.name, method.name, "Result"));
    own.item = types.Claim(Cat(actor.name, method.name, "Item"));
    own.serve = types.Claim(Cat("Serve", actor.name, method.name));
    NameScope parameters(&types);
    parameters.Take({"turn", "options", "request", "result", "arguments", "streams", "client", "pending",
                     "key_", "channel_", "state_"});
    for (const idl::Parameter& parameter : method.parameters) {
      own.parameters.push_back(ClaimIdentifier(parameters, parameter.name));
    }
    own.results = parameters.Claim("results");
  }

  for (const uint32_t version : actor.migrations) {
    names.migrations.push_back(methods.Claim(Cat("MigrateFrom", version)));
  }

  for (const idl::Timer& timer : actor.timers) {
    names.timers.push_back(methods.Claim(Cat("On", PascalCase(timer.name))));
  }

  for (const idl::Reminder& reminder : actor.reminders) {
    names.reminders.push_back(NameReminder(actor, reminder, methods, types));
  }

  NameScope observable(&types);
  observable.Take(names.observable);
  for (const idl::Event& event : actor.events) {
    EventNames& own = names.events.emplace_back();
    own.name = ClaimIdentifier(observable, ClassName(event.name, kMembersOfEvents));
    own.members = NamesOfMembers(own.name, event.members, types);
  }
  const auto name_query = [&](std::string_view name, const std::vector<idl::Parameter>& parameters,
                              std::string_view kind) {
    QueryNames own;
    own.builder = ClaimIdentifier(observable, name);
    own.message = types.Claim(Cat(actor.name, name, kind));
    NameScope scope(&types);
    scope.Take({"arguments", own.builder});
    for (const idl::Parameter& parameter : parameters) {
      own.parameters.push_back(ClaimIdentifier(scope, parameter.name));
    }
    return own;
  };
  for (const idl::Filter& filter : actor.filters) {
    names.filters.push_back(name_query(filter.name, filter.parameters, "Filter"));
  }
  for (const idl::View& view : actor.views) {
    names.views.push_back(name_query(view.name, view.parameters, "View"));
  }
}

ReminderNames CppNames::NameReminder(const idl::Actor& actor, const idl::Reminder& reminder,
                                     NameScope& methods, NameScope& types) {
  const std::string stem = PascalCase(reminder.name);
  ReminderNames own;
  own.hook = methods.Claim(Cat("On", stem));
  own.remind = methods.Claim(Cat("Remind", stem));
  own.remind_every = methods.Claim(Cat("Remind", stem, "Every"));
  own.cancel = methods.Claim(Cat("Cancel", stem));
  own.message = types.Claim(Cat(actor.name, reminder.name, "Reminder"));
  own.arguments = types.Claim(Cat(actor.name, reminder.name, "Arguments"));
  own.serve = types.Claim(Cat("Serve", actor.name, reminder.name));
  NameScope parameters(&types);
  parameters.Take({"turn", "request", "arguments", "actor", "SetReminder", "CancelReminder", "key_", "state_",
                   "tracked_", "events_", "reminders_"});
  for (const idl::Parameter& parameter : reminder.parameters) {
    own.parameters.push_back(ClaimIdentifier(parameters, parameter.name));
  }
  own.at = parameters.Claim("at");
  own.first = parameters.Claim("first");
  own.period = parameters.Claim("period");
  return own;
}

}  // namespace onager::codegen
