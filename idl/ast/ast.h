#ifndef ONAGER_IDL_AST_AST_H_
#define ONAGER_IDL_AST_AST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "idl/source/source_range.h"

// One `.actor` file as it was written: nothing is resolved or checked. Texts are views into the SourceMap,
// which outlives the tree. Declarations that could not be read to their end are in the tree as far as they
// were read, so that what is known about them does not cause further errors.
namespace onager::idl::ast {

struct Name {
  std::string_view text;
  SourceRange range;
};

// A whole number of any size.
struct Integer {
  uint64_t magnitude = 0;
  bool negative = false;
  bool overflow = false;  // the magnitude does not fit
  SourceRange range;
  std::string_view text;
};

// `int32`, `list<T>`, `optional T`, `common.Money`, `geo::Point`.
struct TypeRef {
  Name name;
  std::vector<TypeRef> arguments;
  SourceRange range;
};

// The right side of an annotation, a parameter's default, or what a filter or a `where` evaluates.
struct Value {
  enum class Kind : uint8_t {
    kInvalid,  // already reported
    kIdentifier,
    kInteger,
    kFloat,
    kString,
    kUnit,        // 5s, 1MiB
    kExpression,  // anything else: C++, not looked into
  };
  Kind kind = Kind::kInvalid;
  bool negative = false;  // of kInteger, kFloat and kUnit: a minus sign stands before it
  SourceRange range;
  std::string_view text;  // of the last token: without the minus sign
  std::string code;       // all of it on one line, without comments
  std::optional<Integer> integer;
};

// `count = 1024` in `replay(count = 1024)`.
struct Argument {
  Name name;  // empty when it has none
  Value value;
};

struct Annotation {
  Name name;
  std::optional<Value> value;
  std::optional<std::vector<Argument>> arguments;  // `name(...)`
  SourceRange range;
};

struct Field {
  SourceRange doc;
  std::optional<SourceRange> private_range;
  TypeRef type;
  Name name;
  std::optional<Integer> number;  // none: already reported
  std::vector<Annotation> annotations;
  std::optional<uint32_t> oneof;  // index into Members::oneofs
};

struct Oneof {
  SourceRange doc;
  Name name;
  std::vector<Annotation> annotations;
  bool damaged = false;  // members may be missing
};

struct ReservedNumbers {
  Integer first;
  Integer last;
  bool to_max = false;  // `5 to max`
  SourceRange range;
};

// Between the braces of a struct, a state, an event or an error; fields of oneofs stand among the others.
struct Members {
  std::vector<Field> fields;
  std::vector<Oneof> oneofs;
  std::vector<ReservedNumbers> reserved_numbers;
  std::vector<Name> reserved_names;  // with their quotes
};

struct Struct {
  SourceRange doc;
  Name name;
  std::vector<Annotation> annotations;
  Members members;
};

struct EnumValue {
  SourceRange doc;
  Name name;
  std::optional<Integer> number;
  std::vector<Annotation> annotations;
};

struct Enum {
  SourceRange doc;
  Name name;
  std::vector<Annotation> annotations;
  std::vector<EnumValue> values;
  std::vector<ReservedNumbers> reserved_numbers;
  std::vector<Name> reserved_names;
  bool damaged = false;  // values may be missing
};

struct Error {
  SourceRange doc;
  Name name;
  std::optional<Name> code;  // none: already reported
  std::vector<Annotation> annotations;
  Members members;
};

struct Parameter {
  SourceRange doc;
  TypeRef type;
  Name name;
  std::vector<Annotation> annotations;
  std::optional<Value> default_value;
};

struct Method {
  SourceRange doc;
  Name name;
  std::vector<Parameter> parameters;
  std::optional<TypeRef> result;
  std::vector<Name> throws;
  std::vector<Annotation> annotations;
};

struct State {
  SourceRange keyword_range;
  Members members;
};

struct Event {
  SourceRange doc;
  Name name;
  std::vector<Annotation> annotations;
  Members members;
};

struct Filter {
  SourceRange doc;
  Name name;
  std::vector<Parameter> parameters;
  std::vector<Annotation> annotations;
  std::optional<Value> predicate;  // none: already reported
};

// `items { id; title } where item.done`
struct Selection {
  Name name;
  std::optional<std::vector<Selection>> fields;  // none: no braces
  std::optional<Name> where_keyword;
  std::optional<Value> where;
  bool damaged = false;  // parts may be missing
};

struct View {
  SourceRange doc;
  Name name;
  std::vector<Parameter> parameters;
  std::vector<Annotation> annotations;
  std::vector<Selection> selection;
  bool damaged = false;  // parts may be missing
};

// `timer Sweep = 5m;`
struct Timer {
  SourceRange doc;
  Name name;
  std::optional<Value> period;  // none: already reported
};

// `reminder Due(string id);`
struct Reminder {
  SourceRange doc;
  SourceRange keyword_range;
  Name name;
  std::vector<Parameter> parameters;
};

// `version 3;` or `migrate 2;`
struct VersionNumber {
  SourceRange keyword_range;
  std::optional<Integer> number;  // none: already reported
};

struct Actor {
  SourceRange doc;
  Name name;
  std::vector<Parameter> key;
  bool damaged_key = false;  // parameters may be missing
  std::vector<Annotation> annotations;
  std::vector<State> states;
  std::vector<Method> methods;
  std::vector<Event> events;
  std::vector<Filter> filters;
  std::vector<View> views;
  std::vector<Timer> timers;
  std::vector<Reminder> reminders;
  std::vector<VersionNumber> versions;
  std::vector<VersionNumber> migrations;
};

struct Package {
  SourceRange doc;
  SourceRange keyword_range;
  Name name;  // dotted; empty when it could not be read
};

// `import "common/money.actor";`
struct Import {
  SourceRange keyword_range;
  Name path;  // with its quotes; empty when it could not be read
};

// `lat = 1;`, `omit cached;`, or a member of `oneof shape { ... }`.
struct CppField {
  Name name;
  bool omitted = false;
  std::optional<Integer> number;
  std::optional<uint32_t> oneof;  // index into CppItem::oneofs
};

struct CppItem {
  enum class Kind : uint8_t { kStruct, kEnum, kFunction };
  Kind kind = Kind::kStruct;
  SourceRange doc;
  Name name;  // "geo::Point"
  std::vector<CppField> fields;
  std::vector<Name> oneofs;
  bool damaged = false;  // fields may be missing
};

// `import cpp "geo/point.h" { ... }`
struct CppImport {
  SourceRange keyword_range;
  Name header;  // with its quotes or angles; empty when it could not be read
  std::vector<CppItem> items;
};

using Declaration = std::variant<Struct, Enum, Error, Actor>;

struct File {
  std::vector<Package> packages;
  std::vector<Import> imports;
  std::vector<CppImport> cpp_imports;
  std::vector<Declaration> declarations;  // in source order

  // Names in the parts that were skipped after an error: they may have been declared there, so nobody
  // complains that they are unknown.
  absl::flat_hash_set<std::string_view> skipped_names;
};

}  // namespace onager::idl::ast

#endif  // ONAGER_IDL_AST_AST_H_
