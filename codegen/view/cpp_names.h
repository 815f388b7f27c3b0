#ifndef ONAGER_CODEGEN_VIEW_CPP_NAMES_H_
#define ONAGER_CODEGEN_VIEW_CPP_NAMES_H_

#include <string>
#include <vector>

#include "codegen/view/name_scope.h"
#include "idl/model/model.h"

namespace onager::codegen {

// The C++ names that a oneof brings: a member, and an enum of which of its alternatives is set.
struct OneofNames {
  std::string member;              // shape
  std::string cases_enum;          // ShapeCase
  std::string unset;               // kShapeUnset
  std::vector<std::string> cases;  // kCircle, kSquare
};

// The C++ names of a struct's members, parallel to the model's.
struct MemberNames {
  std::vector<std::string> fields;
  std::vector<OneofNames> oneofs;
  NameScope scope;  // What they leave free.
};

// The C++ names of an actor's method.
struct MethodNames {
  std::string method;
  std::string request;  // The struct that the arguments travel in.
  std::string result;   // The struct around a result that is no struct.
  std::string serve;    // The coroutine that answers a call.
  std::vector<std::string> parameters;
};

// The C++ names that an actor brings.
struct ActorNames {
  std::string state, key, actor, client;
  MemberNames state_members, key_members;
  std::vector<MethodNames> methods;
};

// Every C++ name of one file. Names of the `.actor` file come out verbatim unless C++ or an output that they
// share a scope with forbids it; then with `_` behind them. Immutable once made.
class CppNames {
 public:
  explicit CppNames(const idl::Model& model);
  CppNames(const CppNames&) = delete;
  CppNames& operator=(const CppNames&) = delete;

  const std::string& package() const { return package_; }  // todo::v1
  const std::string& OfEnum(idl::EnumId id) const { return enums_[id.index]; }
  const std::string& OfEnumValue(idl::EnumId id, size_t value) const { return enum_values_[id.index][value]; }
  const std::string& OfStruct(idl::StructId id) const { return structs_[id.index]; }
  const std::string& OfError(idl::ErrorId id) const { return errors_[id.index]; }
  const MemberNames& MembersOf(idl::StructId id) const { return struct_members_[id.index]; }
  const MemberNames& MembersOf(idl::ErrorId id) const { return error_members_[id.index]; }
  const ActorNames& OfActor(idl::ActorId id) const { return actors_[id.index]; }

  // Of a name of this file, as it is written outside its namespace.
  std::string Qualified(const std::string& name) const;

 private:
  MemberNames NamesOfMembers(const std::string& owner, const idl::Members& members) const;
  void NameMethods(const idl::Actor& actor, ActorNames& names);

  std::string package_;
  NameScope types_;  // Of the namespace.
  std::vector<std::string> enums_, structs_, errors_;
  std::vector<std::vector<std::string>> enum_values_;
  std::vector<MemberNames> struct_members_, error_members_;
  std::vector<ActorNames> actors_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_NAMES_H_
