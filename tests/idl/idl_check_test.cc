#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "expect_diagnostics.h"

namespace onager::idl {
namespace {

struct Case {
  const char* name;
  const char* text;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class DiagnosticCase : public testing::TestWithParam<Case> {};

TEST_P(DiagnosticCase, IsReportedWhereItStands) { ExpectDiagnosticsInPackage(GetParam().text); }

// An input keeps its line breaks as escapes, so that a case stays in one piece.
// clang-format off
const Case kTokens[] = {
    {"UnexpectedCharacter", "struct A {\n  int32 a = 1 $;  //~ error: unexpected character `$` [unexpected-character]\n}"},
    {"UnterminatedString", "struct A {\n  string a = 1 [default = \"x];  //~ error: this string is not closed on its line [unterminated-string]\n  int32 b = 2;\n}"},
    {"UnterminatedComment", "struct A { int32 a = 1; }\n/* //~ error: this comment is never closed [unterminated-comment]\n"},
    {"NonAsciiIdentifier", "struct A {\n  int32 naïve = 1;  //~ error: `naïve` has characters other than ASCII letters, digits and `_` [non-ascii-identifier]\n}"},
    {"NonAsciiUses", "struct A {\n  Größe a = 1;  //~ error: `Größe` has characters other than ASCII letters, digits and `_` [non-ascii-identifier]\n  list<C> b = 2 [key = ä];  //~ error: `ä` has characters other than ASCII letters, digits and `_` [non-ascii-identifier]\n}\nstruct C { int32 x = 1; }\nactor B(string id) { state { A a = 1; }\n  view V { a { ä; } }  //~ error: `ä` has characters other than ASCII letters, digits and `_` [non-ascii-identifier]\n}"},
    {"OctalNumber", "struct A {\n  int32 a = 010;  //~ error: `010` is not a number: a leading 0 would make it octal in C++ [invalid-number]\n}"},
    {"HexadecimalNumber", "struct A {\n  int32 a = 0xG;  //~ error: `0xG` is not a number: hexadecimal digits are 0 to 9 and a to f [invalid-number]\n}"},
    {"InvalidEscape", "struct A {\n  string a = 1 [default = \"\\q\"];  //~ error: `\\q` is not an escape sequence [invalid-escape]\n}"},
    {"InvalidUtf8String", "struct A {\n  string a = 1 [default = \"\\xFF\"];  //~ error: the escapes in this string do not give valid UTF-8; only `bytes` may hold anything else [invalid-utf8-string]\n  bytes b = 2 [default = \"\\xFF\"];\n}"},
    {"MisplacedDoc", "struct A {\n  int32 a = 1;  /// trailing //~ warning: this `///` comment stands before no declaration, so it documents nothing [misplaced-doc-comment]\n}"},
    {"DanglingDoc", "struct A {\n  int32 a = 1;\n  /// x //~ warning: this `///` comment stands before no declaration, so it documents nothing [misplaced-doc-comment]\n}"},
};

const Case kSyntax[] = {
    {"MissingSemicolon", "struct A {\n  int32 a = 1  //~ error: expected `;`, found `int32` [expected]\n  int32 b = 2;\n}"},
    {"MissingNumber", "struct A {\n  int32 a;  //~ error: expected `=`, found `;` [expected]\n}"},
    {"MissingName", "struct A {\n  int32 = 1;  //~ error: expected the name of the field, found `=` [expected]\n}"},
    {"MisspelledKeyword", "strct A { int32 a = 1; }  //~ error: expected `package`, `import`, `struct`, `enum`, `error` or `actor`, found `strct`; did you mean `struct`? [expected]\nstruct B { A a = 1; }"},
    {"ExtraBrace", "struct A {\n  int32 a = 1;\n}\n}  //~ error: `}` closes nothing [unexpected-brace]\nstruct B { A a = 1; }"},
    {"ExtraBraceInside", "struct A {\n  int32 a = 1; }\n  int32 b = 2;  //~ error: expected `package`, `import`, `struct`, `enum`, `error` or `actor`, found `int32` [expected]\n}\nstruct B { A a = 1; }"},
    {"MissingBrace", "struct A {  //~ note: to close this `{`\n  int32 a = 1;\nstruct B { A a = 1; }  //~ error: expected `}` before `struct` [missing-brace]\n"},
    {"MissingBraceOfState", "actor A(string id) {\n  state {  //~ note: to close this `{`\n  int32 a = 1;\n  rpc Get() -> int32;  //~ error: expected `}` before `rpc` [missing-brace]\n}"},
    {"MissingBraceAtEnd", "struct A {  //~ note: to close this `{`\n  int32 a = 1;  //~ error: expected `}` before the end of the file [missing-brace]\n"},
    {"MissingParenthesis", "actor A(string id) {\n  rpc F(int32 a -> int32;  //~ error: expected `,` or `)`, found `->` [expected]\n  rpc G();\n}"},
    {"MisspelledRpc", "actor A(string id) {\n  rcp F(int32 a);  //~ error: expected `state`, `rpc`, `event`, `filter`, `view`, `timer`, `reminder` or `}`, found `rcp`; did you mean `rpc`? [expected]\n}"},
    {"FieldInActor", "actor A(string id) {\n  int32 a = 1;  //~ error: expected `state`, `rpc`, `event`, `filter`, `view`, `timer`, `reminder` or `}`, found `int32` [expected]\n  rpc F();\n}"},
    {"ErrorWithoutCode", "error E { int32 a = 1; }  //~ error: expected `:` and a status code, such as `: NOT_FOUND`, found `{` [expected]"},
    {"LostDeclarationsStayQuiet", "struct A {\n  int32 list<x> gone = 1;  //~ error: expected `=`, found `<` [expected]\n}\nstruct B { list<A> as = 1 [key = gone]; }"},
    {"TwoValuesInAnnotation", "struct A {\n  int32 a = 1 [default = 3 deprecated];  //~ error: expected `,` or `]`, found `deprecated` [expected]\n}"},
    {"WordsOfOtherLanguages", R"(syntax = "proto3";  //~ error: `syntax` is no word of this language; leave the line out [other-language]
message M {  //~ error: `message` is no word of this language; write `struct` [other-language]
  string id = 1;
  repeated int32 numbers = 2;  //~ error: `repeated` is no word of this language; write `list<int32>` [other-language]
  required string name = 3;  //~ error: `required` is no word of this language; what is not `optional` is always there, so leave it out [other-language]
  int32 repeated = 4;
}
service Foo { rpc Get(M) returns (M); }  //~ error: `service` is no word of this language; write `actor Name(string id) { ... }` [other-language]
actor A(string id) {
  rpc Get(string id) returns (M);  //~ error: expected `->` before the result, found `returns` [expected]
  rpc Put(M m): bool;  //~ error: expected `->` before the result, found `:` [expected]
  rpc All() -> list<M>;
})"},
    {"NestedDeclarations", R"(struct A {
  enum Kind { X = 0; Y = 1; }  //~ error: an enum cannot be declared inside of another declaration; move it out [nested-declaration]
  Kind kind = 1;
  struct Inner { int32 x = 1; strng y = 2; }  //~ error: a struct cannot be declared inside of another declaration; move it out [nested-declaration] //~ error: unknown type `strng`; did you mean `string`? [unknown-type]
  Inner inner = 2;
}
struct B { Inner inner = 1; })"},
    {"MissingValue", "struct A {\n  int32 a = 1 [default = ];  //~ error: expected a value, found `]` [expected]\n}"},
};

const Case kNames[] = {
    {"DuplicateType", "struct A {}  //~ note: `A` is declared here\nenum A { X = 0; }  //~ error: `A` is already declared [duplicate-name]"},
    {"ConfusableFields", "struct A {\n  int32 foo_bar = 1;  //~ note: `foo_bar` is declared here\n  int32 fooBar = 2;  //~ error: `fooBar` and `foo_bar` differ only in case and underscores, which is not enough in every output [confusable-name]\n}"},
    {"Accessor", "struct A {\n  int32 open = 1;  //~ note: `open` is declared here\n  int32 set_open = 2;  //~ error: `set_open` is the name of an accessor of `open` [accessor-clash]\n}"},
    {"GeneratedName", "struct ListState {}  //~ error: `ListState` is the name of a class that is generated for `List` [generated-name-clash]\nactor List(string id) {}  //~ note: `List` is declared here"},
    {"EnumValues", "enum A { B_C = 0; }  //~ note: `B_C` is declared here\nenum A_B { C = 0; }  //~ error: `C` becomes `A_B_C` in the `.proto`, and so does another value [enum-value-clash]"},
    {"BadIdentifier", "struct A {\n  int32 _a = 1;  //~ error: `_a` cannot be a name: names do not begin or end with `_` and have no `__` [bad-identifier]\n  int32 b_ = 2;  //~ error: `b_` cannot be a name: names do not begin or end with `_` and have no `__` [bad-identifier]\n  int32 c__d = 3;  //~ error: `c__d` cannot be a name: names do not begin or end with `_` and have no `__` [bad-identifier]\n}"},
    {"Builtin", "struct string {}  //~ error: `string` is a built-in type [builtin-type-name]"},
    {"Parameter", "actor A(string id) {\n  rpc F(int32 state);  //~ error: `state` cannot be the name of a parameter: it has a meaning in filters and views [reserved-parameter-name]\n}"},
    {"KeywordsOfCxxAndOursAreNames", "struct class_ish { int32 int = 1; string state = 2; bool rpc = 3; int32 optional = 4; int32 namespace = 5; }\nactor struct(string enum) { rpc error(int32 actor) -> int32; }"},
};

const Case kNumbers[] = {
    {"OutOfRange", "struct A {\n  int32 a = 0;  //~ error: number `0` is not between 1 and 18999 [number-out-of-range]\n  int32 b = 19000;  //~ error: number `19000` is not between 1 and 18999 [number-out-of-range]\n  int32 c = -1;  //~ error: number `-1` is not between 1 and 18999 [number-out-of-range]\n  int32 d = 99999999999999999999999;  //~ error: number `99999999999999999999999` is not between 1 and 18999 [number-out-of-range]\n  int32 e = 18999;\n}"},
    {"Duplicate", "struct A {\n  int32 a = 1;  //~ note: `a` is declared here\n  int32 b = 1;  //~ error: number 1 is already used by `a` [duplicate-field-number]\n}"},
    {"Reserved", "struct A {\n  reserved 3, 5 to 7, \"old\";  //~ note: it is reserved here //~ note: it is reserved here\n  int32 a = 6;  //~ error: number 6 is reserved [reserved-number]\n  int32 old = 8;  //~ error: name `old` is reserved [reserved-name]\n  int32 b = 4;\n}"},
    {"ReservedBackwards", "struct A {\n  reserved 7 to 5;  //~ error: this range is empty: 7 is above 5 [reserved-range-backwards]\n}"},
    {"ReservedTwice", "struct A {\n  reserved 1 to 5, 4 to max;  //~ error: number 4 is already reserved [reserved-twice] //~ note: the first is here\n}"},
    {"EnumEmpty", "enum E {}  //~ error: enum `E` has no values; the first must be 0 [empty-enum]"},
    {"EnumNotZero", "enum E { A = 1; }  //~ error: the first value of an enum must be 0, because that is the value of a field that was never set [enum-first-not-zero]"},
    {"EnumOutOfRange", "enum E { A = 0; B = -2147483648;\n  C = 2147483648;  //~ error: `2147483648` does not fit into 32 bits [enum-number-out-of-range]\n}"},
    {"EnumDuplicate", "enum E {\n  A = 0;  //~ note: `A` is declared here\n  B = 0;  //~ error: number 0 is already the value of `A` [duplicate-enum-number]\n}"},
    {"OneofEmpty", "struct A { oneof o {} }  //~ error: oneof `o` has no fields [empty-oneof]"},
};

const Case kTypes[] = {
    {"Unknown", "struct Item {}\nstruct A {\n  Itm a = 1;  //~ error: unknown type `Itm`; did you mean `Item`? [unknown-type]\n  Strng b = 2;  //~ error: unknown type `Strng`; did you mean `string`? [unknown-type]\n  int c = 3;  //~ error: unknown type `int`; did you mean `int32`? [unknown-type]\n  Xyzzy d = 4;  //~ error: unknown type `Xyzzy` [unknown-type]\n}"},
    {"NotAType", "error E : ABORTED {}  //~ note: `E` is declared here\nstruct A { E e = 1; }  //~ error: `E` is an error, not a type [not-a-type]"},
    {"Arguments", "struct A {\n  int32<string> a = 1;  //~ error: `int32` takes no type in `<` `>` [type-arguments]\n  map<string> b = 2;  //~ error: `map` takes two types, as in `map<string, int32>` [type-arguments]\n  list c = 3;  //~ error: `list` takes one type, as in `list<int32>` [type-arguments]\n}"},
    {"Nesting", "struct A {\n  list<list<int32>> a = 1;  //~ error: `list` cannot hold `list<int32>`; wrap it in a struct and write `list<Name>` [illegal-nesting]\n  map<string, list<int32>> b = 2;  //~ error: `map` cannot hold `list<int32>`; wrap it in a struct and write `map<string, Name>` [illegal-nesting]\n  list<optional int32> c = 3;  //~ error: `list` cannot hold `optional int32`; wrap it in a struct and write `list<Name>` [illegal-nesting]\n}"},
    {"Optional", "struct A {\n  optional list<int32> a = 1;  //~ error: `optional` cannot be applied to `list<int32>`; one that is empty says the same, or wrap it in a struct [illegal-optional]\n  optional<optional<int32>> b = 2;  //~ error: `optional` cannot be applied to `optional<int32>`; once is enough [illegal-optional]\n}"},
    {"Oneof", "struct A {\n  oneof o {\n    list<int32> a = 1;  //~ error: a oneof cannot hold `list<int32>`; wrap it in a struct [illegal-in-oneof]\n  }\n}"},
    {"MapKey", "enum E { X = 0; }\nstruct A {\n  map<double, int32> a = 1;  //~ error: `double` cannot be the key of a map: keys are strings, integers or bool [illegal-map-key]\n  map<E, int32> b = 2;  //~ error: `E` cannot be the key of a map: keys are strings, integers or bool [illegal-map-key]\n  map<list<int32>, int32> c = 3;  //~ error: `list<int32>` cannot be the key of a map: keys are strings, integers or bool [illegal-map-key]\n}"},
    {"Recursion", "struct A {\n  B b = 1;  //~ error: struct `A` contains itself other than through an `optional`: `A.b` -> `B.as` -> `A` [recursive-struct]\n}\nstruct B { list<A> as = 1; }\nstruct C {\n  optional C c = 1;\n  D d = 2;\n  C e = 3;  //~ error: struct `C` contains itself other than through an `optional`: `C.e` -> `C` [recursive-struct]\n}\nstruct D { optional C c = 1; list<D> ds = 2; }  //~ error: struct `D` contains itself other than through an `optional`: `D.ds` -> `D` [recursive-struct]"},
    {"Sets", "enum E { X = 0; }\nstruct S { set<bytes> a = 1; set<E> b = 2; set<uuid> c = 3;\n  set<double> d = 4;  //~ error: a set cannot hold `double`: sets hold strings, bytes, integers, bool, enums or uuids [illegal-set-element]\n  set<S> e = 5;  //~ error: a set cannot hold `S`: sets hold strings, bytes, integers, bool, enums or uuids [illegal-set-element]\n  set<list<int32>> f = 6;  //~ error: a set cannot hold `list<int32>`: sets hold strings, bytes, integers, bool, enums or uuids [illegal-set-element]\n  list<set<int32>> g = 7;  //~ error: `list` cannot hold `set<int32>`; wrap it in a struct and write `list<Name>` [illegal-nesting]\n  optional set<int32> h = 8;  //~ error: `optional` cannot be applied to `set<int32>`; one that is empty says the same, or wrap it in a struct [illegal-optional]\n  oneof o {\n    set<int32> i = 9;  //~ error: a oneof cannot hold `set<int32>`; wrap it in a struct [illegal-in-oneof]\n  }\n}"},
    {"TimesAndUuids", "struct S { timestamp a = 1; duration b = 2; uuid c = 3; list<timestamp> d = 4; map<int32, duration> e = 5; optional uuid f = 6; oneof o { timestamp g = 7; } list<S2> h = 8 [key = id]; }\nstruct S2 { uuid id = 1; }\nactor A(uuid id) {}\nactor B(\n  timestamp id) {}  //~ error: `id` of type `timestamp` cannot be a key: keys are strings, integers, bool, enums or uuids [illegal-key-type]\nstruct S3 {\n  map<uuid, int32> m = 1;  //~ error: `uuid` cannot be the key of a map: keys are strings, integers or bool [illegal-map-key]\n  duration d = 2 [default = -1500ms];\n  duration e = 3 [default = 5];  //~ error: the default of `duration` must be a duration, such as `5s` [default-mismatch]\n  duration f = 4 [default = 9999999999d];  //~ error: the default of `duration` must be a duration, such as `5s` [default-mismatch]\n  timestamp g = 5 [default = 5s];  //~ error: the default of `timestamp` must be an expression that gives an `absl::Time` [default-mismatch]\n  uuid h = 6 [default = \"x\"];  //~ error: a value of type `uuid` cannot have a default [default-not-allowed]\n}"},
    {"Streams", "actor A(string id) {\n  rpc F(string name = \"x\", stream<bytes> items) -> int32;\n  rpc G() -> stream<timestamp>;\n  rpc H(stream<int32> a,  //~ error: `a` is a stream, so it must be the last parameter [stream-not-last]\n    int32 b);\n  rpc I(stream<int32> a = 3);  //~ error: a stream cannot have a default [default-not-allowed]\n  rpc J() -> stream<list<int32>>;  //~ error: `stream` cannot hold `list<int32>`; wrap it in a struct and write `stream<Name>` [illegal-nesting]\n  rpc K() -> stream;  //~ error: `stream` takes one type, as in `stream<int32>` [type-arguments]\n  rpc L() -> list<stream<int32>>;  //~ error: only the result of a method and its last parameter can be a `stream` [misplaced-stream]\n}"},
    {"Private", "struct S {\n  private int32 a = 1;  //~ error: only fields of a `state`, outside of its oneofs, can be `private` [misplaced-private]\n  int32 private = 2;\n}\nactor A(string id) { state { oneof o {\n  private int32 a = 1;  //~ error: only fields of a `state`, outside of its oneofs, can be `private` [misplaced-private]\n} } }"},
};

const Case kAnnotations[] = {
    {"Unknown", "struct A {\n  int32 a = 1 [defalt = 3];  //~ error: unknown annotation `defalt`; did you mean `default`? [unknown-annotation]\n}"},
    {"Misplaced", "struct A {\n  int32 a = 1 [idempotent];  //~ error: annotation `idempotent` does not apply to a field [misplaced-annotation]\n}"},
    {"Duplicate", "struct A {\n  int32 a = 1 [deprecated, deprecated];  //~ error: annotation `deprecated` is given twice [duplicate-annotation] //~ note: the first is here\n}"},
    {"Form", "actor A(string id) {\n  rpc F() [idempotent = 3, timeout = 0s];  //~ error: annotation `idempotent` takes no value [annotation-form] //~ error: annotation `timeout` needs a duration above zero and up to a year, such as `timeout = 5s` [annotation-form]\n}"},
    {"KeyOfWhat", "struct A {\n  list<int32> a = 1 [key = id];  //~ error: `key` needs a `list` of structs, not `list<int32>` [key-of-what]\n}"},
    {"KeyUnknown", "struct Item { string id = 1; }  //~ note: `Item` is declared here\nstruct A {\n  list<Item> a = 1 [key = id2];  //~ error: struct `Item` has no field `id2`; did you mean `id`? [unknown-key-field]\n}"},
    {"KeyType", "struct Item {\n  double d = 1;  //~ note: `d` is declared here\n  optional int32 o = 2;  //~ note: `o` is declared here\n}\nstruct A {\n  list<Item> a = 1 [key = d];  //~ error: `d` of type `double` cannot be a key: keys are strings, integers, bool, enums or uuids [illegal-key-type]\n  list<Item> b = 2 [key = o];  //~ error: `o` of type `optional<int32>` cannot be a key: keys are strings, integers, bool, enums or uuids [illegal-key-type]\n}"},
    {"ActorKeyType", "actor A(\n  double d) {  //~ error: `d` of type `double` cannot be a key: keys are strings, integers, bool, enums or uuids [illegal-key-type]\n}"},
    {"DefaultNotAllowed", "struct B {}\nstruct A {\n  list<int32> a = 1 [default = 3];  //~ error: a value of type `list<int32>` cannot have a default [default-not-allowed]\n  optional int32 b = 2 [default = 3];  //~ error: a value of type `optional int32` cannot have a default [default-not-allowed]\n  oneof o {\n    int32 c = 3 [default = 1];  //~ error: a field of oneof `o` cannot have a default [default-not-allowed]\n  }\n}"},
    {"DefaultMismatch", "enum E { X = 0; }  //~ note: `E` is declared here\nstruct A {\n  int32 a = 1 [default = \"x\"];  //~ error: the default of `int32` must be a whole number [default-mismatch]\n  bool b = 2 [default = 1];  //~ error: the default of `bool` must be `true` or `false` [default-mismatch]\n  string c = 3 [default = x];  //~ error: the default of `string` must be a string in double quotes [default-mismatch]\n  float d = 4 [default = x];  //~ error: the default of `float` must be a number [default-mismatch]\n  E e = 5 [default = 0];  //~ error: the default of `E` must be the name of one of its values [default-mismatch]\n}"},
    {"DefaultRange", "struct A {\n  int32 a = 1 [default = 2147483648];  //~ error: `2147483648` does not fit into `int32` [default-out-of-range]\n  uint64 b = 2 [default = -1];  //~ error: `-1` does not fit into `uint64` [default-out-of-range]\n  float c = 3 [default = 1e39];  //~ error: `1e39` does not fit into `float` [default-out-of-range]\n  double d = 4 [default = 1e999];  //~ error: `1e999` does not fit into `double` [default-out-of-range]\n  int64 e = 5 [default = -9223372036854775808];\n  uint64 f = 6 [default = 18446744073709551615];\n}"},
    {"EnumValue", "enum E { LOW = 0; HIGH = 1; }  //~ note: `E` is declared here\nstruct A {\n  E e = 1 [default = HIHG];  //~ error: enum `E` has no value `HIHG`; did you mean `HIGH`? [unknown-enum-value]\n}"},
};

const Case kActors[] = {
    {"StatusCode", "error E : NOT_FUOND {}  //~ error: `NOT_FUOND` is not a canonical status code; did you mean `NOT_FOUND`? [unknown-status-code]"},
    {"Ok", "error E : OK {}  //~ error: `OK` cannot be the status code of an error [ok-is-no-error]"},
    {"UnknownError", "error Gone : NOT_FOUND {}\nactor A(string id) {\n  rpc F() throws Gon;  //~ error: unknown error `Gon`; did you mean `Gone`? [unknown-error]\n}"},
    {"NotAnError", "struct S {}  //~ note: `S` is declared here\nactor A(string id) {\n  rpc F() throws S;  //~ error: `S` is a struct, not an error [not-an-error]\n}"},
    {"ThrowsTwice", "error E : ABORTED {}\nactor A(string id) {\n  rpc F() throws E, E;  //~ error: `E` already stands in this `throws` [duplicate-throws] //~ note: the first is here\n}"},
    {"NoKey", "actor A() {}  //~ error: actor `A` has no key; an actor is addressed by at least one parameter [missing-key]"},
    {"TwoStates", "actor A(string id) {\n  state {}  //~ note: the first is here\n  state {}  //~ error: actor `A` has more than one `state` [duplicate-state]\n}"},
    {"DefaultsTrail", "actor A(string id) {\n  rpc F(int32 a = 1,  //~ note: `a` is declared here\n        int32 b);  //~ error: parameter `b` needs a default, because it follows one that has [parameter-without-default]\n}"},
};

const Case kObservables[] = {
    {"ViewWithAMistake", "actor A(string id) {\n  state { int32 a = 1; }\n  view V { *; }  //~ error: expected the name of a field, found `*` [expected]\n}"},
    {"WireNumbers", "actor A(string id) {\n  filter Eatanu = true;  //~ note: `Eatanu` is declared here\n  filter Facado = true;  //~ error: `Eatanu` and `Facado` have the same number on the wire, which follows from the name; rename one [wire-number-clash]\n  event Other;\n}\nactor B(string id) {\n  filter Eatanu = true;\n  event Facado;\n}"},
    {"Names", "actor A(string id) {  //~ note: `A` is declared here\n  event B;  //~ note: `B` is declared here\n  filter B = true;  //~ error: `B` is already declared [duplicate-name]\n  filter A = true;  //~ error: `A` is the name of a class that is generated for `A` [generated-name-clash]\n  rpc B();\n  event C { int32 ToBytes = 1; }\n}"},
    {"PrivateInFilter", "actor A(string id) {\n  state {\n    private string owner = 1;  //~ note: `owner` is declared here\n    int32 open = 2;\n  }\n  filter F(string who) = state.open > 0 && x.state.owner == who &&\n    state . owner == who;  //~ warning: filter `F` reads `owner`, which is private: observers learn a bit about it from whether updates arrive [private-in-filter]\n}"},
    {"Selections", R"(struct Item { string id = 1; string title = 2; Point at = 3; oneof kind { int32 x = 4; int32 y = 5; } }
struct Point { double lat = 1; }
actor A(string id) {
  state {
    list<Item> items = 1 [key = id];
    private string owner = 2;  //~ note: `owner` is declared here
    map<string, int32> counts = 3;
    list<Item> all = 4;
    optional Point at = 5;
    int32 open = 6;
  }
  view V(string user) { items { title; at { lat; } kind } where item.title == user; counts where item > 0; at { lat; }; open }
  view W {
    itms;  //~ error: the state of `A` has no field `itms`; did you mean `items`? [unknown-field]
    items {
      titel;  //~ error: struct `Item` has no field `titel`; did you mean `title`? [unknown-field]
      id;  //~ note: the first is here
      id;  //~ error: `id` is already selected [selected-twice]
    }
    owner;  //~ error: `owner` is private, so no view can show it [private-in-view]
    all where item.x;  //~ error: `where` needs a keyed `list` or a `map`, not `list<Item>` [where-of-what]
    at { };  //~ error: `at` selects nothing [empty-selection]
    open { x; }  //~ error: parts of `open` cannot be selected: it is `int32`, which holds no struct of this language [selection-of-what]
    counts where ;  //~ error: expected an expression, found `;` [expected]
  }
  view X {}  //~ error: view `X` selects nothing [empty-selection]
})"},
    {"NestedWhere", "struct Item { string id = 1; map<string, int32> counts = 2; }\nactor A(string id) {\n  state { list<Item> items = 1 [key = id]; }\n  view V { items {\n    counts where item > 0;  //~ error: `where` can stand at fields of the state only [nested-where]\n  } }\n}"},
    {"Expressions", "actor A(string id) {\n  state { int32 open = 1; }\n  filter F = state.open >  // the ; of a comment\n    \")};\" /* } */ [a, (b)] { return ';'; R\"x(;)\")x\"; } (1'000);\n  filter G = ;  //~ error: expected an expression, found `;` [expected]\n  filter H = (state.open > 1;  //~ error: expected `)`, found `;` [expected]\n  filter I = state.open > 1)  //~ error: expected `;`, found `)` [expected]\n    ;\n  filter J = state.open > 1  //~ error: expected `;`, found `filter` [expected]\n  filter K = R\"x(abc)y\";  //~ error: this string is not closed on its line [unterminated-string]\n  filter L(int32 n = f(1, 2) + a[3, 4], string s [sensitive] = \"a\" \"b\") = not state.open;\n  filter M;  //~ error: expected `=` and an expression, found `;` [expected]\n}"},
    {"Versions", R"(actor A(string id) { version 3; migrate 2; migrate 1; }
actor B(string id) {
  version 5;  //~ note: the first is here
  version 6;  //~ error: actor `B` has more than one `version` [duplicate-version]
  migrate 1;  //~ error: there is a migration from version 1, but none from 2: they lead without a hole to version 5 [migration-hole]
  migrate 3;  //~ note: the first is here //~ error: there is a migration from version 3, but none from 4: they lead without a hole to version 5 [migration-hole]
  migrate 3;  //~ error: there is already a migration from version 3 [duplicate-migration]
  migrate 5;  //~ error: there is nothing to migrate from version 5: the actor's version is 5 [migration-from-future]
}
actor C(string id) {
  version 0;  //~ error: version `0` is not between 1 and 1000000000 [version-out-of-range]
  migrate 7;
})"},
    {"TimerPeriod", "actor A(string id) {\n  timer T = 5;  //~ error: a timer needs a duration from a millisecond to a year, such as `timer Sweep = 5m` [timer-period]\n  timer U = -5s;  //~ error: a timer needs a duration from a millisecond to a year, such as `timer Sweep = 5m` [timer-period]\n  timer V = 0s;  //~ error: a timer needs a duration from a millisecond to a year, such as `timer Sweep = 5m` [timer-period]\n  timer W = 999us;  //~ error: a timer needs a duration from a millisecond to a year, such as `timer Sweep = 5m` [timer-period]\n  timer X = 367d;  //~ error: a timer needs a duration from a millisecond to a year, such as `timer Sweep = 5m` [timer-period]\n  timer Y = 1ms;\n  timer Z = 365d;\n  timer Bad = 1 + 1;  //~ error: a timer needs a duration from a millisecond to a year, such as `timer Sweep = 5m` [timer-period]\n}"},
    {"TimersAreNamedAsMethodsAre", "actor A(string id) {\n  rpc Sweep();  //~ note: `Sweep` is declared here\n  timer Sweep = 5m;  //~ error: `Sweep` is already declared [duplicate-name]\n  timer;  //~ error: expected the name of the timer, found `;` [expected]\n  timer Tick 5s;  //~ error: expected `=`, found `5s` [expected]\n}"},
    {"Reentrant", "actor A(string id) {\n  rpc F() [reentrant];\n  rpc G() [reentrant = 3];  //~ error: annotation `reentrant` takes no value [annotation-form]\n}\nstruct S [reentrant] {}  //~ error: annotation `reentrant` does not apply to a struct [misplaced-annotation]"},
    {"AnnotationForms", "actor A(string id) [persist = 1, durability = maybe, replay] {}  //~ error: annotation `persist` takes no value [annotation-form] //~ error: annotation `durability` needs one of `memory`, `async` and `sync` [annotation-form] //~ error: annotation `replay` needs bounds, such as `replay(count = 1024, bytes = 1MiB, age = 5m)` [annotation-form]"},
};

const Case kPersistence[] = {
    {"Annotations", "actor A(string id) [persist, durability = async, replay(count = 1024, bytes = 1MiB, age = 5m)] {\n  rpc F() [durability = sync];\n  rpc G() [durability = memory, readonly];\n}\nactor B(string id) [replay(age = 30d, count = 1000000)] {}\nactor C(string id) [replay(bytes = 1GiB)] {}"},
    {"Misplaced", "struct S [persist] {  //~ error: annotation `persist` does not apply to a struct [misplaced-annotation]\n  int32 a = 1 [durability = sync];  //~ error: annotation `durability` does not apply to a field [misplaced-annotation]\n}\nactor A(string id) {\n  rpc F() [replay(count = 1)];  //~ error: annotation `replay` does not apply to a method [misplaced-annotation]\n}"},
    {"DurabilityOfWhatDoesNotPersist", R"(actor A(string id) [durability = sync] {  //~ error: `durability` needs an actor that outlives its process; write `actor A(...) [persist]` [not-persisted] //~ note: `A` is declared here
  rpc F() [durability = sync];
  reminder Due();
}
actor B(string id) {  //~ note: `B` is declared here
  rpc F() [durability = memory];  //~ error: `durability` needs an actor that outlives its process; write `actor B(...) [persist]` [not-persisted]
})"},
    {"ReminderOfWhatDoesNotPersist", "actor A(string id) {  //~ note: `A` is declared here\n  reminder Due(string id);  //~ error: a `reminder` needs an actor that outlives its process; write `actor A(...) [persist]` [not-persisted]\n  reminder Again();\n}"},
    {"WhatIsMeantToPersistDoes", R"(actor A(string id) [persst] { reminder Due(); }  //~ error: unknown annotation `persst`; did you mean `persist`? [unknown-annotation]
actor B(string id) [persist = 1] { reminder Due(); }  //~ error: annotation `persist` takes no value [annotation-form]
actor C(string id) [durability = , persist] { reminder Due(); }  //~ error: expected a value, found `,` [expected]
)"},
    {"ReplayBounds", R"(actor A(string id) [replay(count = 0, bytes = 0B, age = 0s)] {}  //~ error: `count` of `replay` is not between 1 and 1000000 [replay-out-of-range] //~ error: `bytes` of `replay` is not between 1B and 1GiB [replay-out-of-range] //~ error: `age` of `replay` is not between 1ms and 30d [replay-out-of-range]
actor B(string id) [replay(count = 1000001, bytes = 2GiB, age = 31d)] {}  //~ error: `count` of `replay` is not between 1 and 1000000 [replay-out-of-range] //~ error: `bytes` of `replay` is not between 1B and 1GiB [replay-out-of-range] //~ error: `age` of `replay` is not between 1ms and 30d [replay-out-of-range]
actor C(string id) [replay(count = -1, bytes = 5m, age = 99999999999d)] {}  //~ error: `count` of `replay` is not between 1 and 1000000 [replay-out-of-range] //~ error: `bytes` of `replay` is not between 1B and 1GiB [replay-out-of-range] //~ error: `age` of `replay` is not between 1ms and 30d [replay-out-of-range]
actor D(string id) [replay(count = 99999999999999999999)] {}  //~ error: `count` of `replay` is not between 1 and 1000000 [replay-out-of-range]
)"},
    {"ReplayForms", R"(actor A(string id) [replay = 5] {}  //~ error: annotation `replay` needs bounds, such as `replay(count = 1024, bytes = 1MiB, age = 5m)` [annotation-form]
actor B(string id) [replay(count = 1, count = 2)] {}  //~ error: annotation `replay` needs bounds, such as `replay(count = 1024, bytes = 1MiB, age = 5m)` [annotation-form]
actor C(string id) [replay(cuont = 1)] {}  //~ error: annotation `replay` needs bounds, such as `replay(count = 1024, bytes = 1MiB, age = 5m)` [annotation-form]
actor D(string id) [replay(5m)] {}  //~ error: annotation `replay` needs bounds, such as `replay(count = 1024, bytes = 1MiB, age = 5m)` [annotation-form]
)"},
    {"Reminders", R"(struct Node { optional Node next = 1; }
actor A(string id) [persist] {
  rpc Sweep();  //~ note: `Sweep` is declared here
  timer Tick = 5m;  //~ note: `Tick` is declared here
  reminder Due(string id, int32 n, set<uuid> who, optional Node node);
  reminder Sweep();  //~ error: `Sweep` is already declared [duplicate-name]
  reminder tick();  //~ error: `tick` and `Tick` differ only in case and underscores, which is not enough in every output [confusable-name]
  reminder Late(string state);  //~ error: `state` cannot be the name of a parameter: it has a meaning in filters and views [reserved-parameter-name]
  reminder Later(int32 n = 3, string s);  //~ error: the parameter of a reminder cannot have a default [default-not-allowed]
  reminder Stream(stream<int32> s);  //~ error: only the result of a method and its last parameter can be a `stream` [misplaced-stream]
  reminder;  //~ error: expected the name of the reminder, found `;` [expected]
  reminder Naked;  //~ error: expected `(`, found `;` [expected]
})"},
};

const Case kImports[] = {
    {"Names", R"(import "a/money.actor";
struct S { a.Money m = 1; test.a.Money n = 2; Sub o = 3; test.Sub p = 4; Deep q = 5; outer.Money r = 6; test.outer.Money s = 7; }
actor A(string id) { rpc F() throws a.Gone; }
//@ a/money.actor
package test.a;
import "sub.actor";
import "../outer.actor";
struct Money { int64 units = 1; Sub s = 2; }
error Gone : NOT_FOUND;
//@ a/sub.actor
package test;
import "deep.actor";
struct Sub { Deep d = 1; }
//@ a/deep.actor
package test;
struct Deep {}
//@ outer.actor
package test.outer;
struct Money {})"},
    {"Missing", "import \"a/mony.actor\";  //~ error: cannot find `a/mony.actor`, neither beside this file nor in an import folder; did you mean `a/money.actor`? [missing-import]\nimport \"nowhere.actor\";  //~ error: cannot find `nowhere.actor`, neither beside this file nor in an import folder [missing-import]\nimport \"/abs.actor\";  //~ error: this is not the path of a file: it is relative, with `/` between its parts [bad-import-path]\nimport \"\\q\";  //~ error: `\\q` is not an escape sequence [invalid-escape]\nimport x;  //~ error: expected the path of a file in quotes, or `cpp`, found `x` [expected]\nstruct A { Money m = 1;\n  strng s = 2;  //~ error: unknown type `strng`; did you mean `string`? [unknown-type]\n}\n//@ a/money.actor\npackage a;"},
    {"Cycle", "import \"a.actor\";  //~ note: `a.actor` is imported here\nstruct S { A a = 1; }\n//@ a.actor\npackage test;\nimport \"b.actor\";  //~ note: `b.actor` is imported here\nstruct A { B b = 1; }\n//@ b.actor\npackage test;\nimport \"test.actor\";  //~ error: this import leads back to `test.actor` [import-cycle]\nstruct B { S s = 1; }"},
    {"Itself", "import \"test.actor\";  //~ error: this import leads back to `test.actor` [import-cycle]"},
    {"Twice", "import \"a.actor\";  //~ note: the first is here\nimport \"./a.actor\";  //~ error: `a.actor` is already imported [duplicate-import]\nstruct S { A a = 1; }\n//@ a.actor\npackage test;\nstruct A {}"},
    {"DuplicateNames", "import \"a.actor\";\nimport \"b.actor\";\nstruct S {}  //~ note: `S` is declared here\nenum E { X = 0; }\n//@ a.actor\npackage test;\nstruct S {}  //~ error: `S` is already declared [duplicate-name]\n//@ b.actor\npackage other;\nstruct S {}\nenum E { X = 0; }"},
    {"Diamond", "import \"a.actor\";\nimport \"b.actor\";\nstruct S { A a = 1; B b = 2; C c = 3; }\n//@ a.actor\npackage test;\nimport \"c.actor\";\nstruct A { C c = 1; }\n//@ b.actor\npackage test;\nimport \"c.actor\";\nstruct B { C c = 1; }\n//@ c.actor\npackage test;\nstruct C {}"},
    {"Unused", "import \"a.actor\";  //~ warning: nothing of `a.actor` is used [unused-import]\nimport \"b.actor\";\nimport \"c.actor\";\nstruct S { C c = 1; int32 n = 2 [default = other::kInB + 1]; }\n//@ a.actor\npackage test;\nimport \"c.actor\";\nimport \"b.actor\";\nstruct A {}\n//@ b.actor\npackage other;\nstruct kInB {}\n//@ c.actor\npackage test;\nstruct C {}"},
    {"NotImported", "import \"a.actor\";\nimport \"b.actor\";\nstruct S { A a = 1; B b = 2; }  //~ note: `S` is declared here\n//@ a.actor\npackage test;\nstruct A {\n  B b = 1;  //~ error: `B` is declared in `b.actor`, which this file does not import [not-imported]\n  S s = 2;  //~ error: `S` is declared in `test.actor`, which this file does not import [not-imported]\n}\n//@ b.actor\npackage test;\nstruct B {}  //~ note: `B` is declared here"},
    {"ErrorsInImportedFiles", "import \"a.actor\";\nstruct S { A a = 1; Nope b = 2; }  //~ error: unknown type `Nope` [unknown-type]\n//@ a.actor\npackage test;\nimport \"c.actor\";\nstruct A { strng s = 1; }  //~ error: unknown type `strng`; did you mean `string`? [unknown-type]\n//@ c.actor\npackage c;"},
    {"Utf8", "import \"a.actor\";\nstruct S { A a = 1; }\n//@ a.actor\npackage test; // \xFF //~ error: the file is not valid UTF-8: byte 0xFF does not belong here [invalid-utf8]"},
    {"GeneratedNames", "import \"a.actor\";\nactor List(string id) { rpc F() -> ListPatch; }  //~ note: `List` is declared here\nstruct List2 { ListState s = 1; }\n//@ a.actor\npackage test;\nstruct ListPatch {}\nstruct ListState {}  //~ error: `ListState` is the name of a class that is generated for `List` [generated-name-clash]"},
};

const Case kCpp[] = {
    {"Header", R"(import cpp "geo/point.h" {
  /// The doc of a point.
  struct geo::Point { lat = 1; lon = 2; omit cached; }
  enum geo::Kind;
  function geo::Distance;
  struct geo::Place { name = 1; kind = 2; at = 3; exits = 4; codes = 5; outline = 6; oneof extent { radius = 7; path = 8; } }
}
import cpp <geo/point.h> {}
struct S { geo::Point at = 1; list<geo :: Place> places = 2 [key = name]; geo::Kind kind = 3 [default = kCity]; map<string, geo::Point> m = 4; }
actor A(geo::Kind kind) { state { optional geo::Point at = 1; set<geo::Kind> kinds = 2; } view V { kinds; } })"},
    {"HeaderMissing", "import cpp \"gone.h\" { struct gone::Thing { x = 1; y = 2; } enum gone::Kind; }  //~ error: there is no header `gone.h` [cpp-header]\nstruct S { list<gone::Thing> t = 1 [key = id]; gone::Kind k = 2 [default = kX]; }"},
    {"Names", "import cpp \"geo/point.h\" {\n  struct geo::Pont { lat = 1; }  //~ error: unknown name `geo::Pont`; did you mean `geo::Point`? [unknown-cpp-name]\n  enum geo::Kind;  //~ note: `geo::Kind` is declared here\n  enum geo::Kind;  //~ error: `geo::Kind` is already declared [duplicate-name]\n  struct geo.Point { lat = 1; }  //~ error: expected `::` between the parts of a name of C++, found `.` [expected]\n  function geo::Distance;  //~ note: `geo::Distance` is declared here\n}\nstruct S {\n  geo::Pont p = 1;\n  geo::Kid k = 2;  //~ error: unknown type `geo::Kid`; did you mean `geo::Kind`? [unknown-type]\n  geo::Distance d = 3;  //~ error: `geo::Distance` is a function of C++, not a type [not-a-type]\n}"},
    {"Syntax", R"(
import cpp geo {  //~ error: expected the path of a header in quotes, found `geo` [expected]
  strct geo::Other { lat = 1; }  //~ error: expected `struct`, `enum`, `function` or `}`, found `strct`; did you mean `struct`? [expected]
  enum geo::Kind  //~ error: expected `;`, found `function` [expected]
  function ;  //~ error: expected a name of C++, found `;` [expected]
  struct geo::Place { at = 1; }
}
import cpp "" {}  //~ error: expected the path of a header in quotes, found `""` [expected]
import cpp "geo/point.h" {
  struct geo::Point {
    lat = ;  //~ error: expected a number, found `;` [expected]
    lon 2;  //~ error: expected `=`, found `2` [expected]
    omit cached;
  }
  struct geo::Distance {  //~ note: to close this `{` //~ error: unknown name `geo::Distance` [unknown-cpp-name]
    omit = 3;
  enum geo::Knd;  //~ error: expected `}` before `enum` [missing-brace] //~ error: unknown name `geo::Knd` [unknown-cpp-name]
}
struct After { strng s = 1; geo::Place p = 2; geo::Kind k = 3; geo::Knd n = 4; }  //~ error: unknown type `strng`; did you mean `string`? [unknown-type]
)"},
    {"Fields", R"(import cpp "geo/point.h" {
  struct geo::Point { lat = 1; lom = 1;  //~ error: `geo::Point` has no field `lom`; did you mean `lon`? [unknown-field] //~ note: `geo::Point` is declared here //~ error: number 1 is already used by `lat` [duplicate-field-number] //~ note: `lat` is declared here //~ error: `cached` of `geo::Point` has no number; write `cached = N;`, or `omit cached;` to leave it out [cpp-field-without-number] //~ note: `cached` is declared here
  }
  struct geo::Place { name = 1; kind = 2;  //~ error: `kind` of `geo::Place` is `geo::Kind`, which cannot be sent so: import `enum geo::Kind` too [cpp-field-type] //~ note: `kind` is declared here
    at = 3; omit exits; omit codes;
    omit outlin;  //~ error: `geo::Place` has no field `outlin`; did you mean `outline`? [unknown-field] //~ note: `geo::Place` is declared here
    oneof extent { radius = 7; }  //~ error: `extent` has 2 alternatives beside `std::monostate`, not 1 [cpp-oneof-size] //~ note: `extent` is declared here
  }
})"},
    {"Odd", R"(import cpp "geo/point.h" { struct geo::Point { lat = 1; omit lon; omit cached; } }  //~ note: the first is here
import cpp "odd.h" {
  struct odd::Twin { lat = 1; omit lon; omit cached; }  //~ error: `odd::Twin` is `geo::Point`, which is already imported [cpp-imported-twice]
  enum odd::OneUp;  //~ error: enum `odd::OneUp` has no value 0, which is that of a field that was never set [cpp-enum-without-zero] //~ note: `odd::OneUp` is declared here
  enum odd::Wide;  //~ error: `kWide` of enum `odd::Wide` is 1099511627776, which does not fit into the 32 bits that enums have on the wire [cpp-enum-too-wide] //~ note: `kWide` is declared here
  struct odd::Odd {
    lock = 1;  //~ error: `lock` of `odd::Odd` is `std::mutex`, which cannot be sent so: it is no value [cpp-field-type] //~ note: `lock` is declared here
    omit foreign;
    grid = 3;  //~ error: `grid` of `odd::Odd` is `std::vector<std::vector<int>>`, which cannot be sent so: containers cannot hold containers; wrap the inner one in a struct [cpp-field-type] //~ note: `grid` is declared here
    fractions = 4;  //~ error: `fractions` of `odd::Odd` is `std::set<double>`, which cannot be sent so: sets hold strings, bytes, integers, bool, enums or uuids [cpp-field-type] //~ note: `fractions` is declared here
    by_fraction = 5;  //~ error: `by_fraction` of `odd::Odd` is `std::map<double, int>`, which cannot be sent so: keys of maps are strings, integers or bool [cpp-field-type] //~ note: `by_fraction` is declared here
    choice = 6;  //~ error: `choice` of `odd::Odd` is `std::variant<std::monostate, int>`, which cannot be sent so: write `oneof` and a number for each alternative [cpp-field-type] //~ note: `choice` is declared here
    oneof lists { a = 7; }  //~ error: `lists` of `odd::Odd` is `std::variant<std::monostate, std::vector<int>>`, which cannot be sent so: a oneof cannot hold containers [cpp-field-type] //~ note: `lists` is declared here
    choices = 8;  //~ error: `choices` of `odd::Odd` is `std::vector<std::variant<...>>`, which cannot be sent so: a variant cannot be in a container [cpp-field-type] //~ note: `choices` is declared here
    oneof unknown { b = 9; }  //~ error: `unknown` of `odd::Odd` is `odd::Unknown`, which cannot be sent so: a `oneof` is a `std::variant` that begins with `std::monostate` [cpp-field-type] //~ note: `unknown` is declared here
  }
}
struct S { odd::OneUp a = 1 [default = kX]; })"},
    {"Expressions", R"(import cpp "geo/point.h" { function geo::Distance; }
struct S { int32 a = 1 [default = oops + 1]; int32 b = 2 [default = 7]; }  //~ error: no member named `oops` [cpp-expression] //~ note: `geo::Point` is this
actor A(string id) {
  state { int32 a = 1; }
  filter F(int32 n = n++) = state.a > n;  //~ error: `++` changes something [impure-expression]
})"},
    {"ExpressionsAreNotCheckedBesideErrors", "struct S { int32 a = 1 [default = oops + 1]; strng b = 2; }  //~ error: unknown type `strng`; did you mean `string`? [unknown-type]"},
    {"GlobalNames", "import cpp \"gone.h\" { struct Point { x = 1; } }  //~ error: there is no header `gone.h` [cpp-header]  //~ note: `Point` is declared here\nstruct Point {}  //~ error: `Point` is already declared [duplicate-name]"},
    {"Selection", "import cpp \"geo/point.h\" { struct geo::Point { lat = 1; omit lon; omit cached; } }\nactor A(string id) {\n  state { geo::Point at = 1; }\n  view V { at { lat; } }  //~ error: parts of `at` cannot be selected: it is `Point`, which holds no struct of this language [selection-of-what]\n}"},
    {"OfOtherFiles", "import \"a.actor\";\nstruct S { geo::Point p = 1; }\n//@ a.actor\npackage test;\nimport \"b.actor\";\nimport cpp \"geo/point.h\" { struct geo::Point { lat = 1; omit lon; omit cached; } }  //~ note: `geo::Point` is declared here\nstruct T { int32 x = 1 [default = oops * 2]; }\n//@ b.actor\npackage test;\nimport cpp \"geo/point.h\" {\n  struct geo::Point { lat = 1; omit lon; omit cached; }  //~ error: `geo::Point` is already declared [duplicate-name]\n}"},
};
// clang-format on

constexpr auto kName = [](const testing::TestParamInfo<Case>& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Tokens, DiagnosticCase, testing::ValuesIn(kTokens), kName);
INSTANTIATE_TEST_SUITE_P(Syntax, DiagnosticCase, testing::ValuesIn(kSyntax), kName);
INSTANTIATE_TEST_SUITE_P(Names, DiagnosticCase, testing::ValuesIn(kNames), kName);
INSTANTIATE_TEST_SUITE_P(Numbers, DiagnosticCase, testing::ValuesIn(kNumbers), kName);
INSTANTIATE_TEST_SUITE_P(Types, DiagnosticCase, testing::ValuesIn(kTypes), kName);
INSTANTIATE_TEST_SUITE_P(Annotations, DiagnosticCase, testing::ValuesIn(kAnnotations), kName);
INSTANTIATE_TEST_SUITE_P(Actors, DiagnosticCase, testing::ValuesIn(kActors), kName);
INSTANTIATE_TEST_SUITE_P(Persistence, DiagnosticCase, testing::ValuesIn(kPersistence), kName);
INSTANTIATE_TEST_SUITE_P(Imports, DiagnosticCase, testing::ValuesIn(kImports), kName);
INSTANTIATE_TEST_SUITE_P(Cpp, DiagnosticCase, testing::ValuesIn(kCpp), kName);
INSTANTIATE_TEST_SUITE_P(Observables, DiagnosticCase, testing::ValuesIn(kObservables), kName);

TEST(Files, WithoutPackage) {
  ExpectDiagnostics(
      "struct A {}  //~ error: the file has no `package`; write `package name;` at its beginning "
      "[missing-package]");
}

TEST(Files, WithAPackageThatIsNoName) {
  for (const char* package : {"a::b", "a . b", "a. /* x */ b"}) {
    ExpectDiagnostics(
        "package " + std::string(package) +
        ";  //~ error: expected the name of the package with nothing but `.` between its parts, "
        "found `" +
        package + "` [expected]\nstruct A {}");
  }
}

TEST(Files, WithTwoPackages) {
  ExpectDiagnostics(
      "package a;  //~ note: the first is here\n"
      "package b;  //~ error: the file has more than one `package` [duplicate-package]\n");
}

TEST(Files, ThatAreNotThere) {
  InMemorySourceLoader loader;
  const Compilation result = Compile("gone.actor", loader);
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(result.diagnostics[0].message, "cannot read `gone.actor`: No such file or directory");
  EXPECT_FALSE(result.model.has_value());
}

TEST(Files, OfMoreThanTheLimitAreRefused) {
  const Compilation result = CompileText(std::string(kSourceBytesMax + 1, ' '));
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(result.diagnostics[0].kind, DiagnosticKind::kUnreadableFile);
}

TEST(Files, ThatAreNotUtf8) {
  ExpectDiagnostics(
      "package a;\n// \xFF //~ error: the file is not valid UTF-8: byte 0xFF does not belong here "
      "[invalid-utf8]\n");
}

std::string ManyFiles(int count) {
  std::string text = "package a;\nimport \"f1.actor\";\nstruct S { N1x n = 1; }";
  for (int i = 1; i <= count; ++i) {
    const std::string next = std::to_string(i + 1);
    text += "\n//@ f" + std::to_string(i) + ".actor\npackage a;\n";
    if (i < count) text += "import \"f" + next + ".actor\";";
    text += "\nstruct N" + std::to_string(i) + "x { " + (i < count ? "N" + next + "x n = 1;" : "") + " }";
  }
  return text;
}

TEST(Files, InALongChainAreRead) {
  const Compilation result = CompileText(ManyFiles(999));
  ASSERT_TRUE(result.model.has_value());
  EXPECT_EQ(result.model->files.size(), 1000U);
}

TEST(Files, BeyondAThousandAreRefused) {
  const Compilation result = CompileText(ManyFiles(1200));
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(result.diagnostics[0].message, "there are more than 1000 files");
}

// Files as other loaders name them: by paths from which the folder cannot be told.
class ForgetfulLoader final : public SourceLoader {
 public:
  absl::StatusOr<std::string> Load(std::string_view name) override {
    if (name == "x/a.actor") return "package a;\nimport \"y/a.actor\";\nimport \"z.actor\";";
    if (name == "y/a.actor") return "package b;";
    return absl::PermissionDeniedError("Permission denied");
  }
  absl::StatusOr<std::string> Resolve(std::string_view path, std::string_view /*importer*/) override {
    return std::string(path);
  }
};

Compilation CompileForgetful() {
  ForgetfulLoader loader;
  Compilation result = Compile("x/a.actor", loader);
  for (const Diagnostic& diagnostic : result.diagnostics) SeenKinds().insert(diagnostic.kind);
  return result;
}

TEST(Files, ThatWouldBecomeOneAreRefused) {
  const Compilation result = CompileForgetful();
  ASSERT_EQ(result.diagnostics.size(), 2U);
  EXPECT_EQ(
      result.diagnostics[0].message,
      "`y/a.actor` and `x/a.actor` are both imported as `a.actor`; make the folder above them an import "
      "folder");
  EXPECT_EQ(result.diagnostics[1].message, "cannot read `z.actor`: Permission denied");
}

Compilation CompileWithoutCpp(std::string_view text) {
  InMemorySourceLoader loader;
  loader.Add(std::string(kTestFile), std::string(text));
  Compilation result = Compile(kTestFile, loader);
  for (const Diagnostic& diagnostic : result.diagnostics) SeenKinds().insert(diagnostic.kind);
  return result;
}

TEST(Files, ThatNeedCppAreRefusedWithoutIt) {
  for (const char* text :
       {"package a; import cpp \"x.h\" { struct x::Y { a = 1; } } struct S { x::Y y = 1; }",
        "package a; actor A(string id) { filter F = true; filter G = true; }",
        "package a; struct S { int32 a = 1 [default = 1 + 1]; }"}) {
    const Compilation result = CompileWithoutCpp(text);
    ASSERT_EQ(result.diagnostics.size(), 1U) << text;
    EXPECT_EQ(result.diagnostics[0].message, "C++ is needed here, but there is nothing to read it with");
  }
  EXPECT_TRUE(
      CompileWithoutCpp("package a; actor A(string id) { event E; view V { a; } state { int32 a = 1; } }")
          .model.has_value());
}

TEST(Files, NestedTooDeep) {
  std::string text = "package a;\nstruct A {\n  ";
  for (int i = 0; i < 40; ++i) text += "list<";
  text += "int32";
  text += std::string(40, '>') +
          " a = 1;  //~ error: this is nested more than 32 deep [nesting-too-deep]\n  int32 b = 2;\n}";
  ExpectDiagnostics(text);
}

TEST(Files, WithTooManyErrorsSayHowManyAreShown) {
  std::string text = "package a;\nstruct A {\n";
  for (int i = 0; i < 1500; ++i)
    text += "  Nope f" + std::to_string(i) + "x = " + std::to_string(i + 1) + ";\n";
  const Compilation result = CompileText(text + "}\n");
  ASSERT_EQ(result.diagnostics.size(), 1001U);
  EXPECT_EQ(result.diagnostics.back().message, "too many errors; no more than 1000 are shown");
}

// Runs every table by itself, so that it does not depend on the order of the tests.
TEST(DiagnosticKinds, AreAllProvoked) {
  const auto run = [](const auto& cases) {
    for (const Case& c : cases) (void)CompileText("package test;\n" + std::string(c.text));
  };
  run(kTokens), run(kSyntax), run(kNames);
  run(kNumbers), run(kTypes), run(kAnnotations), run(kActors), run(kPersistence), run(kObservables),
      run(kImports), run(kCpp);
  (void)CompileText("struct A {}");
  (void)CompileText("package a; package b;");
  (void)CompileText("\xFF");
  (void)CompileText(std::string(kSourceBytesMax + 1, ' '));
  std::string deep = "package a; struct A { ";
  for (int i = 0; i < 40; ++i) deep += "list<";
  (void)CompileText(deep);
  std::string many = "package a; struct A {\n";
  for (int i = 0; i < 1100; ++i) many += "X f" + std::to_string(i) + "x = 1;\n";
  (void)CompileText(many);
  (void)CompileText("package a; actor A(string id) { filter F = " + std::string(17000, '1') + "; }");
  (void)CompileText(ManyFiles(1001));
  (void)CompileWithoutCpp("package a; import cpp \"x.h\" {}");
  (void)CompileForgetful();
  for (const DiagnosticKindInfo& info : AllDiagnosticKinds()) {
    EXPECT_TRUE(SeenKinds().contains(info.kind)) << "no test provokes " << info.id;
  }
}

}  // namespace
}  // namespace onager::idl
