#ifndef ONAGER_CODEGEN_VIEW_CPP_NAMES_H_
#define ONAGER_CODEGEN_VIEW_CPP_NAMES_H_

#include <functional>
#include <set>
#include <string>
#include <string_view>
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

// One type, by where it is written.
struct TypeName {
  std::string name;       // In its own namespace: Money
  std::string inside;     // In the namespace of the file that is generated: Money or common::v1::Money
  std::string qualified;  // Anywhere, also inside the namespace `onager`.
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
  std::string item;     // The struct around an item of the streamed parameter that is no struct.
  std::string serve;    // The coroutine that answers a call.
  std::vector<std::string> parameters;
  std::string results;  // What the handler writes its streamed result to.
};

// The C++ names of an actor's reminder.
struct ReminderNames {
  std::string hook;          // OnDue
  std::string remind;        // RemindDue
  std::string remind_every;  // RemindDueEvery
  std::string cancel;        // CancelDue
  std::string message;       // The struct that the arguments are stored in.
  std::string arguments;     // The function that encodes them.
  std::string serve;         // The function that calls the hook.
  std::vector<std::string> parameters;
  std::string at, first, period;  // Parameters of what sets it.
};

// The C++ names of what an actor's clients ask for: an event, a filter or a view.
struct EventNames {
  std::string name;  // Expired
  MemberNames members;
};
struct QueryNames {
  std::string builder;                  // Mine: what makes one.
  std::string message;                  // The struct that its arguments travel in.
  std::vector<std::string> parameters;  // Of the builder.
};

// The C++ names that an actor brings.
struct ActorNames {
  std::string state, key, actor, client;
  std::string observable;  // TodoList: the struct of its events, filters and views; empty without any.
  std::vector<std::string> migrations;  // MigrateFrom1
  std::vector<std::string> timers;      // OnSweep
  std::vector<ReminderNames> reminders;
  MemberNames state_members, key_members;
  std::vector<std::string> key_arguments;  // Of the key's constructor.
  std::vector<MethodNames> methods;
  std::vector<EventNames> events;
  std::vector<QueryNames> filters, views;
};

// The C++ names of a file and of all that it imports. Names of the `.actor` files come out verbatim unless
// C++ or an output that they share a scope with forbids it; then with `_` behind them. Immutable once made.
class CppNames {
 public:
  explicit CppNames(const idl::Model& model);
  CppNames(const CppNames&) = delete;
  CppNames& operator=(const CppNames&) = delete;

  const std::string& package() const { return packages_.front(); }  // todo::v1
  const TypeName& OfEnum(idl::EnumId id) const { return enums_[id.index]; }
  const std::string& OfEnumValue(idl::EnumId id, size_t value) const { return enum_values_[id.index][value]; }
  const TypeName& OfStruct(idl::StructId id) const { return structs_[id.index]; }
  const TypeName& OfError(idl::ErrorId id) const { return errors_[id.index]; }
  const MemberNames& MembersOf(idl::StructId id) const { return struct_members_[id.index]; }
  const MemberNames& MembersOf(idl::ErrorId id) const { return error_members_[id.index]; }
  // Only of actors of the first file.
  const ActorNames& OfActor(idl::ActorId id) const { return actors_[id.index]; }

  // What is taken in the namespace of the first file.
  const NameScope& types() const { return scopes_.front(); }

  // Of a name of the first file, as generated code writes it inside its namespace.
  std::string Inside(const std::string& name) const;
  // The same outside its namespace.
  std::string Qualified(const std::string& name) const;

 private:
  void NameFile(const idl::Model& model, idl::FileIndex file, const std::vector<idl::FileIndex>& imported);
  void NameTypes(const idl::Model& model);
  TypeName NameOfCppType(const idl::CppOrigin& origin) const;
  MemberNames NamesOfMembers(const std::string& owner, const idl::Members& members,
                             const NameScope& types) const;
  void NameActor(const idl::Actor& actor, ActorNames& names, NameScope& types) const;
  static ReminderNames NameReminder(const idl::Actor& actor, const idl::Reminder& reminder,
                                    NameScope& methods, NameScope& types);
  bool IsHidden(std::string_view first_component) const;

  std::vector<std::string> packages_;  // By file.
  std::vector<NameScope> scopes_;      // Of the files' namespaces, by file.
  std::set<std::string, std::less<>> inner_namespaces_;
  std::vector<TypeName> enums_, structs_, errors_;
  std::vector<std::vector<std::string>> enum_values_;
  std::vector<MemberNames> struct_members_, error_members_;
  std::vector<ActorNames> actors_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_NAMES_H_
