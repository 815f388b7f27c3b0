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

// What every declaration has. `doc` is the text of its `///` lines without the slashes and without one
// blank after them, lines joined by '\n', no '\n' at the end; empty when there is none.
struct Declaration {
  std::string name;
  std::string doc;
  SourceRange name_range;
  bool deprecated = false;
};

// A value of an enum, as a default.
struct EnumValueRef {
  EnumId enum_id;
  uint32_t value_index = 0;  // into Enum::values
  friend bool operator==(const EnumValueRef&, const EnumValueRef&) = default;
};

// The value of a literal, already converted to the type it is a default of: bool for bool, int64_t for
// int32 and int64, uint64_t for uint32 and uint64, double for float (rounded to float) and double,
// std::string for string (valid UTF-8) and bytes, EnumValueRef for enums. Always in range.
using Literal = std::variant<bool, int64_t, uint64_t, double, std::string, EnumValueRef>;

struct Field : Declaration {
  TypeId type;
  uint32_t number = 0;                   // 1 to 18,999, unique within the declaration
  std::optional<Literal> default_value;  // only for scalars and enums outside oneofs
  std::optional<uint32_t> oneof;         // index into Members::oneofs
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

struct Struct : Declaration {
  Members members;
};

struct EnumValue : Declaration {
  int32_t number = 0;
};

// `values` is never empty; the first one is 0.
struct Enum : Declaration {
  std::vector<EnumValue> values;
  std::vector<ReservedNumbers> reserved_numbers;
  std::vector<std::string> reserved_names;
};

struct Error : Declaration {
  absl::StatusCode code = absl::StatusCode::kUnknown;  // never kOk
  Members members;
};

// Of a method or of an actor's key. Those with a default trail; keys have none.
struct Parameter : Declaration {
  TypeId type;
  uint32_t number = 0;  // its position, from 1
  std::optional<Literal> default_value;
};

struct Method : Declaration {
  std::vector<Parameter> parameters;
  std::optional<TypeId> result;  // none: the method returns nothing but its status
  std::vector<ErrorId> throws;   // in source order, without repetition
  bool idempotent = false;
  bool readonly = false;
  std::optional<absl::Duration> timeout;  // above zero
};

struct Actor : Declaration {
  std::vector<Parameter> key;  // at least one; string, integers, bool or enum
  bool has_state = false;      // whether the file has a `state` block
  Members state;
  std::vector<Method> methods;
};

// One checked `.actor` file: every name resolved, every rule of LANGUAGE.md held. A plain value that
// copies and moves; made by sema, read by the generator. All tables are in source order.
struct Model {
  std::string source_file;  // as it was given to the compiler
  std::string package;      // dotted: "todo.v1"
  std::string doc;          // of the `package` declaration

  TypeTable types;
  Table<Struct> structs;
  Table<Enum> enums;
  Table<Error> errors;
  Table<Actor> actors;
};

// Every struct after the structs that its fields are made of; source order where that leaves a choice.
[[nodiscard]] std::vector<StructId> StructsInDependencyOrder(const Model& model);

// As one would write it: `list<TodoItem>`.
[[nodiscard]] std::string TypeSpelling(const Model& model, TypeId type);

// `NOT_FOUND`, and back; canonical gRPC codes, nullopt for any other text.
[[nodiscard]] std::string_view StatusCodeName(absl::StatusCode code);
[[nodiscard]] std::optional<absl::StatusCode> StatusCodeFromName(std::string_view name);

}  // namespace onager::idl

#endif  // ONAGER_IDL_MODEL_MODEL_H_
