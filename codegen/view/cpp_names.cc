#include "codegen/view/cpp_names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"
#include "codegen/view/cpp_identifier.h"

namespace onager::codegen {
namespace {

// First components of packages that mean something else inside the namespace `onager`, where the
// specializations of its templates are looked up.
constexpr std::array<std::string_view, 3> kNamesInsideOnager = {"generated", "internal", "testing"};

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

CppNames::CppNames(const idl::Model& model) : package_(CppNamespace(model.package)) {
  for (const idl::Enum& e : model.enums) enums_.push_back(types_.Claim(CppIdentifier(e.name)));
  for (const idl::Struct& s : model.structs) structs_.push_back(types_.Claim(CppIdentifier(s.name)));
  for (const idl::Error& e : model.errors) errors_.push_back(types_.Claim(CppIdentifier(e.name)));
  for (const idl::Actor& a : model.actors) {
    ActorNames names;
    names.state = types_.Claim(Cat(a.name, "State"));
    names.key = types_.Claim(Cat(a.name, "Key"));
    names.actor = types_.Claim(Cat(a.name, "Actor"));
    names.client = types_.Claim(Cat(a.name, "Client"));
    actors_.push_back(std::move(names));
  }

  for (const idl::Enum& e : model.enums) {
    NameScope scope;
    std::vector<std::string>& values = enum_values_.emplace_back();
    for (const idl::EnumValue& value : e.values) values.push_back(scope.Claim(CppIdentifier(value.name)));
  }
  for (const idl::StructId id : model.structs.ids()) {
    struct_members_.push_back(NamesOfMembers(structs_[id.index], model.structs[id].members));
  }
  for (const idl::ErrorId id : model.errors.ids()) {
    error_members_.push_back(NamesOfMembers(errors_[id.index], model.errors[id].members));
  }
  for (const idl::ActorId id : model.actors.ids()) NameMethods(model.actors[id], actors_[id.index]);
}

std::string CppNames::Qualified(const std::string& name) const {
  const std::string_view first = std::string_view(package_).substr(0, package_.find("::"));
  const bool hidden =
      std::find(kNamesInsideOnager.begin(), kNamesInsideOnager.end(), first) != kNamesInsideOnager.end();
  return Cat(hidden ? "::" : "", package_, "::", name);
}

MemberNames CppNames::NamesOfMembers(const std::string& owner, const idl::Members& members) const {
  MemberNames names;
  // A member may not be called like its class, nor like a type that the class has used.
  names.scope = NameScope(&types_);
  names.scope.Take(owner);
  // Members of the generated classes for the struct, its change and its errors.
  names.scope.Take({"Set", "SetAlternative", "Mutable", "Changed", "Value", "Tracked", "Change",
                    "TrackedStruct", "StructChangeView", "ToStatus", "FromBytes", "kCode", "kTypeUrl"});
  for (const idl::Field& field : members.fields)
    names.fields.push_back(names.scope.Claim(CppIdentifier(field.name)));
  for (const idl::Oneof& oneof : members.oneofs) {
    names.oneofs.emplace_back().member = names.scope.Claim(CppIdentifier(oneof.name));
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

void CppNames::NameMethods(const idl::Actor& actor, ActorNames& names) {
  names.state_members = NamesOfMembers(names.state, actor.state);
  names.key_members.scope = NameScope(&types_);
  names.key_members.scope.Take({"Parse", "ToString", "reader", "text"});
  for (const idl::Parameter& part : actor.key) {
    names.key_members.fields.push_back(names.key_members.scope.Claim(CppIdentifier(part.name)));
  }

  NameScope methods(&types_);
  methods.Take({"Type", "key", "state", "actor_type", "state_interface", "BindKey", "Dispatch", "Observe",
                "Watch", "ActorBase", "key_", "state_", "channel_"});
  for (const idl::Method& method : actor.methods) {
    MethodNames& own = names.methods.emplace_back();
    own.method = methods.Claim(CppIdentifier(method.name));
    own.request = types_.Claim(Cat(actor.name, method.name, "Request"));
    own.result = types_.Claim(Cat(actor.name, method.name, "Result"));
    own.serve = types_.Claim(Cat("Serve", actor.name, method.name));
    NameScope parameters(&types_);
    parameters.Take({"turn", "options", "request", "client", "pending", "key_", "channel_", "state_"});
    for (const idl::Parameter& parameter : method.parameters) {
      own.parameters.push_back(parameters.Claim(CppIdentifier(parameter.name)));
    }
  }
}

}  // namespace onager::codegen
