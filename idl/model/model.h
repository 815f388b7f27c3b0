#ifndef ONAGER_IDL_MODEL_MODEL_H_
#define ONAGER_IDL_MODEL_MODEL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "idl/model/table.h"
#include "idl/model/type.h"
#include "idl/source/source_range.h"

namespace onager::idl {

// An index into Model::files.
using FileIndex = uint32_t;

// What every declaration has. `doc` is the text of its `///` lines without the slashes and without one
// blank after them, lines joined by '\n', no '\n' at the end; empty when there is none.
struct Declaration {
  std::string name;
  std::string doc;
  SourceRange name_range;
  FileIndex file = 0;  // The file that declares it: 0 is the one that was asked for.
  bool deprecated = false;
};

// A C++ expression as it stands in the file: pure, and checked when there is a model. `text` is without
// comments, one line, neither empty nor with a `;` outside brackets and literals.
struct Expression {
  std::string text;
  SourceRange range;
};

// A value of an enum, as a default.
struct EnumValueRef {
  EnumId enum_id;
  uint32_t value_index = 0;  // into Enum::values
  friend bool operator==(const EnumValueRef&, const EnumValueRef&) = default;
};

// The value of a literal, already converted to the type it is a default of: bool for bool, int64_t for
// int32 and int64, uint64_t for uint32 and uint64, double for float (rounded to float) and double,
// std::string for string (valid UTF-8) and bytes, EnumValueRef for enums, absl::Duration for duration. Always
// in range.
using Literal = std::variant<bool, int64_t, uint64_t, double, std::string, EnumValueRef, absl::Duration>;

struct Field : Declaration {
  TypeId type;
  uint32_t number = 0;  // 1 to 18,999, unique within the declaration
  // At most one of the two. Literals only for scalars and enums, neither within oneofs.
  std::optional<Literal> default_value;
  std::optional<Expression> default_expression;
  std::optional<uint32_t> oneof;  // index into Members::oneofs
  bool is_private = false;        // of a state: stored, never streamed
  bool sensitive = false;
};

// At most one of the members is set. Members are scalars, enums or structs.
struct Oneof : Declaration {
  std::vector<uint32_t> fields;  // indices into Members::fields, contiguous and never empty
};

// The numbers first to last, both included.
struct ReservedNumbers {
  int32_t first = 0;
  int32_t last = 0;
};

// The fields of a struct, a state or an error, in source order; members of a oneof stand where it stands.
struct Members {
  std::vector<Field> fields;
  std::vector<Oneof> oneofs;
  std::vector<ReservedNumbers> reserved_numbers;
  std::vector<std::string> reserved_names;
};

// Where an imported C++ type comes from.
struct CppOrigin {
  std::string cpp_name;  // "geo::Point", as the `import cpp` block names it
  uint32_t header = 0;   // index into Model::cpp_headers
};

// `name` of an imported one is the last part of its C++ name. A `std::variant` in it is a oneof of that name,
// whose fields are the alternatives behind `std::monostate`, all of them, in their order.
struct Struct : Declaration {
  Members members;               // of an imported one: the C++ fields that have a number, in that order
  std::optional<CppOrigin> cpp;  // the user's own C++ struct instead of a generated one
};

struct EnumValue : Declaration {
  int32_t number = 0;
};

// `values` is never empty; the first one is 0.
struct Enum : Declaration {
  std::vector<EnumValue> values;
  std::vector<ReservedNumbers> reserved_numbers;
  std::vector<std::string> reserved_names;
  std::optional<CppOrigin> cpp;
};

struct Error : Declaration {
  absl::StatusCode code = absl::StatusCode::kUnknown;  // never kOk
  Members members;
};

// Of a method or of an actor's key. Those with a default trail; keys have none.
struct Parameter : Declaration {
  TypeId type;
  uint32_t number = 0;  // its position, from 1
  // At most one of the two.
  std::optional<Literal> default_value;
  std::optional<Expression> default_expression;
  bool is_stream = false;  // `stream<T> name`: the last one of a method; `type` is T
  bool sensitive = false;
};

// What must have happened to a persisted actor's turn before its reply and its deltas leave; see LANGUAGE.md.
enum class Durability : uint8_t { kMemory, kAsync, kSync };

// How much of an actor's past is kept for those who resume; zero where the file says nothing.
struct ReplayBounds {
  uint32_t count = 0;  // of revisions; up to 1,000,000
  uint64_t bytes = 0;  // up to 1 GiB
  absl::Duration age;  // up to 30 days
};

struct Method : Declaration {
  std::vector<Parameter> parameters;
  std::optional<TypeId> result;   // none: the method returns nothing but its status
  bool result_is_stream = false;  // `-> stream<T>`; `result` is T
  std::vector<ErrorId> throws;    // in source order, without repetition
  bool idempotent = false;
  bool readonly = false;
  bool reentrant = false;
  std::optional<absl::Duration> timeout;  // above zero
  std::optional<Durability> durability;   // none: that of its actor; only of persisted ones
};

// `event Expired { ... }`: pushed to subscribers, not part of the state. Events, filters and views of an
// actor are known on the wire by a number that follows from the name alone (WireNumber), unique within the
// actor and kind.
struct Event : Declaration {
  Members members;
  uint32_t number = 0;
};

// `filter Name(parameters) = expression;` The expression is a bool made of `state`, `prev`, `key` and the
// parameters.
struct Filter : Declaration {
  std::vector<Parameter> parameters;
  Expression predicate;
  uint32_t number = 0;
};

// What a view shows of one field. `fields` is empty: all of it. Else the field is a struct, an optional
// struct, a list of structs or a map of structs, and of each only these are shown; a keyed list's key field
// is always among them, and first. `where`, on a keyed list or a map, is a bool made of `item`, `item_key`
// (of a map), `key` and the view's parameters.
struct Selection {
  uint32_t field = 0;  // index into the fields of the state or struct
  std::vector<Selection> fields;
  std::optional<Expression> where;
  SourceRange range;
};

// `view Name(parameters) { ... }`; the selection never names a private field.
struct View : Declaration {
  std::vector<Parameter> parameters;
  std::vector<Selection> selection;  // by rising field index
  uint32_t number = 0;
};

// `timer Sweep = 5m;`
struct Timer : Declaration {
  absl::Duration period;  // from a millisecond to a year
};

// `reminder Due(string id);`, of persisted actors only. No parameter has a default.
struct Reminder : Declaration {
  std::vector<Parameter> parameters;
};

struct Actor : Declaration {
  std::vector<Parameter> key;  // at least one; string, integers, bool or enum
  bool has_state = false;      // whether the file has a `state` block
  Members state;
  std::vector<Method> methods;
  std::vector<Event> events;
  std::vector<Filter> filters;
  std::vector<View> views;
  std::vector<Timer> timers;
  std::vector<Reminder> reminders;
  bool persist = false;  // it outlives its process
  Durability durability = Durability::kSync;
  ReplayBounds replay;
  uint32_t version = 1;              // of the state's meaning
  std::vector<uint32_t> migrations;  // rising; n: a hook brings a state of version n to version n + 1
};

// A file that was read: the one that was asked for, then those that it imports, each before the files that it
// imports itself and no other did.
struct File {
  std::string name;                // as it was opened
  std::string import_name;         // relative to the folder that imports start from: "common/money.actor"
  std::string package;             // dotted: "todo.v1"
  std::vector<FileIndex> imports;  // those that it names itself, in source order
};

// `import cpp "geo/point.h" { ... }`
struct CppHeader {
  std::string include;  // as it was written
  FileIndex file = 0;
  SourceRange range;  // of the string
};

// `function geo::Distance;`: may be called in expressions.
struct CppFunction {
  std::string cpp_name;
  uint32_t header = 0;
  SourceRange range;
};

// One checked `.actor` file and what it imports: every name resolved, every rule of LANGUAGE.md held. A plain
// value that copies and moves; made by sema, read by the generator. All tables are in source order.
struct Model {
  std::vector<File> files;  // never empty; declarations of all of them are in the tables
  // Of the first file.
  std::string source_file;  // as it was given to the compiler
  std::string package;      // dotted: "todo.v1"
  std::string doc;          // of the `package` declaration

  TypeTable types;
  Table<Struct> structs;
  Table<Enum> enums;
  Table<Error> errors;
  Table<Actor> actors;

  std::vector<CppHeader> cpp_headers;
  std::vector<CppFunction> cpp_functions;
};

// The number on the wire of an event, a filter or a view of that name: between 20,000 and 536,870,911,
// outside protobuf's own range. It does not depend on what else is declared. FNV-1a, folded.
[[nodiscard]] uint32_t WireNumber(std::string_view name);

// Every struct after the structs that its fields are made of, save those in the boxes of a recursion; source
// order where that leaves a choice.
[[nodiscard]] std::vector<StructId> StructsInDependencyOrder(const Model& model);

// By the index of a StructId: whether the struct contains itself over any number of fields.
[[nodiscard]] std::vector<bool> RecursiveStructs(const Model& model);

// As one would write it: `list<TodoItem>`.
[[nodiscard]] std::string TypeSpelling(const Model& model, TypeId type);

// `NOT_FOUND`, and back; canonical gRPC codes, nullopt for any other text.
[[nodiscard]] std::string_view StatusCodeName(absl::StatusCode code);
[[nodiscard]] std::optional<absl::StatusCode> StatusCodeFromName(std::string_view name);

}  // namespace onager::idl

#endif  // ONAGER_IDL_MODEL_MODEL_H_
