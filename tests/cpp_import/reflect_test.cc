#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/cpp_import/clang_compiler.h"
#include "codegen/text/text.h"
#include "idl/foreign/foreign.h"

// What `import cpp` blocks are told about C++ headers.
namespace onager::codegen {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using idl::ForeignKind;
using idl::ForeignType;
using DiagnosticKind = idl::ForeignDiagnostic::Kind;

constexpr const char* kHeaders = ONAGER_TEST_HEADERS;

ClangOptions WithHeaders() {
  ClangOptions options;
  options.arguments = {Cat("-I", kHeaders), "-std=c++20"};
  return options;
}

std::string TypeText(const ForeignType& type) {
  std::string text;
  switch (type.kind) {
    case ForeignType::Kind::kScalar:
      return std::string(idl::ScalarName(type.scalar));
    case ForeignType::Kind::kEnum:
      return Cat("enum ", type.cpp_name);
    case ForeignType::Kind::kStruct:
      return Cat("struct ", type.cpp_name);
    case ForeignType::Kind::kOther:
      return Cat("other: ", type.reason);
    case ForeignType::Kind::kOptional:
      text = "optional";
      break;
    case ForeignType::Kind::kList:
      text = "list";
      break;
    case ForeignType::Kind::kSet:
      text = "set";
      break;
    case ForeignType::Kind::kMap:
      text = "map";
      break;
    case ForeignType::Kind::kOneof:
      text = "oneof";
      break;
  }
  std::vector<std::string> arguments;
  for (const ForeignType& argument : type.arguments) arguments.push_back(TypeText(argument));
  return Cat(text, "<", Join(arguments, ", "), ">");
}

// A question whose names and headers stand in the text of an `.actor` file.
class Question {
 public:
  explicit Question(std::string text, std::string name = "todo.actor")
      : file_(sources.Add(std::move(name), std::move(text))) {}

  Question& Header(const std::string& include) {
    idl::CppHeader header;
    header.include = include;
    header.range = Find(Cat("\"", include, "\""));
    query.headers.push_back(header);
    return *this;
  }
  Question& Name(ForeignKind kind, const std::string& cpp_name) {
    idl::ForeignName name;
    name.kind = kind;
    name.cpp_name = cpp_name;
    name.header = static_cast<uint32_t>(query.headers.size() - 1);
    name.range = Find(cpp_name);
    query.names.push_back(name);
    return *this;
  }

  std::string Place(const idl::SourceRange& range) const {
    const idl::LineColumn begin = sources.Begin(range);
    const std::filesystem::path file = std::string(sources.file(range.file).name());
    return Cat(file.filename().string(), ":", begin.line, ":", begin.column, " `", sources.Text(range), "`");
  }
  std::vector<std::string> Lines(const std::vector<idl::ForeignDiagnostic>& diagnostics) const {
    std::vector<std::string> lines;
    for (const idl::ForeignDiagnostic& diagnostic : diagnostics) {
      lines.push_back(Cat(Place(diagnostic.range), " ", diagnostic.message));
      if (!diagnostic.suggestion.empty()) lines.back() += Cat(" -> ", diagnostic.suggestion);
      for (const idl::ForeignNote& note : diagnostic.notes) {
        lines.back() += Cat(" | ", Place(note.range), " ", note.message);
      }
    }
    return lines;
  }

  idl::SourceMap sources;
  idl::ForeignQuery query;

 private:
  idl::SourceRange Find(const std::string& text) const {
    const size_t at = sources.file(file_).text().find(text);
    EXPECT_NE(at, std::string_view::npos) << text;
    return {file_, static_cast<uint32_t>(at), static_cast<uint32_t>(at + text.size())};
  }
  idl::FileId file_;
};

TEST(Reflect, FindsTheFieldsOfAStruct) {
  ClangCompiler clang(WithHeaders());
  Question question("import cpp \"geo/point.h\" { struct geo::Point { lat = 1; lon = 2; } }");
  question.Header("geo/point.h").Name(ForeignKind::kStruct, "geo::Point");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  EXPECT_THAT(question.Lines(answer.diagnostics), IsEmpty());
  ASSERT_THAT(answer.entities, SizeIs(1));
  const idl::ForeignEntity& point = answer.entities.at(0);
  ASSERT_TRUE(point.found);
  EXPECT_EQ(point.cpp_name, "geo::Point");  // Not the inline namespace that it is in.
  EXPECT_EQ(question.Place(point.range), "point.h:12:8 `Point`");
  ASSERT_THAT(point.fields, SizeIs(2));
  EXPECT_EQ(point.fields.at(1).name, "lon");
  EXPECT_EQ(question.Place(point.fields.at(1).range), "point.h:14:10 `lon`");
  EXPECT_EQ(clang.parse_count(), 1);
}

TEST(Reflect, KnowsEveryKindOfField) {
  ClangCompiler clang(WithHeaders());
  Question question("\"geo/zoo.h\" zoo::Good");
  question.Header("geo/zoo.h").Name(ForeignKind::kStruct, "zoo::Good");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  EXPECT_THAT(question.Lines(answer.diagnostics), IsEmpty());
  std::vector<std::string> fields;
  for (const idl::ForeignField& field : answer.entities.at(0).fields) {
    fields.push_back(Cat(field.name, ": ", TypeText(field.type)));
  }
  EXPECT_THAT(
      fields,
      ElementsAre("from_base: int32", "flag: bool", "i8: int32", "u8: uint32", "i16: int32", "u32: uint32",
                  "i64: int64", "u64: uint64", "f: float", "d: double", "text: string", "bytes: bytes",
                  "more_bytes: bytes", "our_bytes: bytes", "id: uuid", "list: list<string>",
                  "array: list<float>", "deque: list<bool>", "points: list<struct geo::Point>",
                  "set: set<string>", "hashed: set<int32>", "map: map<string, struct geo::Point>",
                  "moods: map<int32, enum zoo::Good::Mood>", "inner: optional<struct zoo::Good::Inner>",
                  "one_of: oneof<int32, string, struct geo::Point>", "wait: duration", "minutes: duration",
                  "when: timestamp", "day: timestamp", "kind: enum geo::Kind", "plain: enum geo::Plain"));
}

TEST(Reflect, SaysWhyAFieldCannotTravel) {
  ClangCompiler clang(WithHeaders());
  Question question("\"geo/zoo.h\" zoo::Odd");
  question.Header("geo/zoo.h").Name(ForeignKind::kStruct, "zoo::Odd");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  EXPECT_THAT(question.Lines(answer.diagnostics), IsEmpty());
  std::vector<std::string> fields;
  for (const idl::ForeignField& field : answer.entities.at(0).fields) {
    fields.push_back(Cat(field.name, ": ", TypeText(field.type)));
  }
  const char* const kCharacter =
      ": other: a character alone is neither number nor text; use std::string or std::int8_t";
  EXPECT_THAT(
      fields,
      ElementsAre(
          "text: string", "reference: other: it is a reference",
          "constant: other: it is const and cannot be filled in", "bits: other: it is a bit-field",
          Cat("letter", kCharacter), "wide: other: nothing on the wire is like it",
          "large: other: integers have 64 bits at most",
          "fine: other: numbers with a fraction are float or double", "pointer: other: it is a pointer",
          "c_array: other: it is an array of C; use std::array or std::vector",
          "both: other: it is a union; use std::variant",
          "unnamed: other: it has no name outside of where it is declared",
          "view: other: it does not own its text; use std::string",
          "owner: other: it is a pointer; use the value, or std::optional of it",
          "call: other: it is a function", "pair: other: it has no names for its parts; use a struct",
          "byte: other: a byte alone is neither number nor text; use std::uint8_t",
          "backwards: other: it has an order or a hash of its own",
          "owners: other: it holds `std::unique_ptr<int>`: it is a pointer; use the value, or "
          "std::optional of it",
          "always: other: its first alternative has to be std::monostate, for none of the others, and one "
          "must follow",
          "tick: other: only std::chrono::system_clock tells times that others understand",
          "bag: other: a set on the wire holds each element once",
          "wtext: other: text is UTF-8; use std::string"));
  EXPECT_EQ(answer.entities.at(0).fields.at(12).type.spelling, "std::string_view");
}

TEST(Reflect, FindsEnumsFunctionsAndNestedTypes) {
  ClangCompiler clang(WithHeaders());
  Question question(
      "\"geo/zoo.h\" geo::Kind geo::Plain geo::Distance geo::Twice zoo::Good::Mood zoo::Good::Inner "
      "zoo::Grown");
  question.Header("geo/zoo.h")
      .Name(ForeignKind::kEnum, "geo::Kind")
      .Name(ForeignKind::kEnum, "geo::Plain")
      .Name(ForeignKind::kFunction, "geo::Distance")
      .Name(ForeignKind::kFunction, "geo::Twice")
      .Name(ForeignKind::kEnum, "zoo::Good::Mood")
      .Name(ForeignKind::kStruct, "zoo::Good::Inner")
      .Name(ForeignKind::kStruct, "zoo::Grown");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  EXPECT_THAT(question.Lines(answer.diagnostics), IsEmpty());
  for (const idl::ForeignEntity& entity : answer.entities) EXPECT_TRUE(entity.found) << entity.cpp_name;
  ASSERT_THAT(answer.entities.at(0).values, SizeIs(2));
  EXPECT_EQ(answer.entities.at(0).values.at(1).name, "kLake");
  EXPECT_EQ(answer.entities.at(0).values.at(1).number, 2);
  EXPECT_EQ(question.Place(answer.entities.at(0).values.at(1).range), "point.h:25:46 `kLake`");
  EXPECT_EQ(answer.entities.at(1).values.at(1).number, -3);
  EXPECT_EQ(question.Place(answer.entities.at(2).range), "point.h:29:8 `Distance`");
  EXPECT_EQ(answer.entities.at(4).cpp_name, "zoo::Good::Mood");
  EXPECT_EQ(answer.entities.at(5).fields.at(0).name, "depth");
  EXPECT_EQ(answer.entities.at(6).fields.at(1).name, "own");
  EXPECT_EQ(clang.parse_count(), 1);
}

TEST(Reflect, SaysWhatIsWrongWithAName) {
  ClangCompiler clang(WithHeaders());
  Question question(
      "\"geo/zoo.h\" geo::Pint geom::Point zoo::Money zoo::Secret zoo::Anonymous zoo::Either zoo::Later "
      "zoo::Needy "
      "zoo::Moved zoo::Empty zoo::Hides zoo::Number zoo::IntPair zoo::Pair; zoo::Derived geo::Kind "
      "geo::Distance(struct) "
      "geo::counter zoo::Huge zoo::Good::shared geo::Distanc(function)");
  question.Header("geo/zoo.h")
      .Name(ForeignKind::kStruct, "geo::Pint")
      .Name(ForeignKind::kStruct, "geom::Point")
      .Name(ForeignKind::kStruct, "zoo::Money")
      .Name(ForeignKind::kStruct, "zoo::Secret")
      .Name(ForeignKind::kStruct, "zoo::Anonymous")
      .Name(ForeignKind::kStruct, "zoo::Either")
      .Name(ForeignKind::kStruct, "zoo::Later")
      .Name(ForeignKind::kStruct, "zoo::Needy")
      .Name(ForeignKind::kStruct, "zoo::Moved")
      .Name(ForeignKind::kStruct, "zoo::Empty")
      .Name(ForeignKind::kStruct, "zoo::Hides")
      .Name(ForeignKind::kStruct, "zoo::Number")
      .Name(ForeignKind::kStruct, "zoo::IntPair")
      .Name(ForeignKind::kStruct, "zoo::Pair")
      .Name(ForeignKind::kStruct, "zoo::Derived")
      .Name(ForeignKind::kStruct, "geo::Kind")
      .Name(ForeignKind::kStruct, "geo::Distance")
      .Name(ForeignKind::kFunction, "geo::counter")
      .Name(ForeignKind::kEnum, "zoo::Huge")
      .Name(ForeignKind::kFunction, "zoo::Good::shared")
      .Name(ForeignKind::kFunction, "geo::Distanc");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  EXPECT_THAT(
      question.Lines(answer.diagnostics),
      ElementsAre(
          "todo.actor:1:13 `geo::Pint` there is no `geo::Pint` in `geo/zoo.h` -> geo::Point",
          "todo.actor:1:23 `geom::Point` there is no `geom::Point` in `geo/zoo.h` -> geo::Point",
          "todo.actor:1:35 `zoo::Money` `zoo::Money` has a field `cents_` that is not public and would be "
          "lost | zoo.h:128:8 `cents_` it is declared here",
          "todo.actor:1:46 `zoo::Secret` `zoo::Secret` has a field `from_base` that is not public and would "
          "be lost | zoo.h:33:7 `from_base` it is declared here",
          "todo.actor:1:58 `zoo::Anonymous` `zoo::Anonymous` has a union without a name | zoo.h:135:3 `u` it "
          "is declared here",
          "todo.actor:1:73 `zoo::Either` `zoo::Either` is a union; use a struct with a std::variant | "
          "zoo.h:140:7 `Either` it is declared here",
          "todo.actor:1:85 `zoo::Later` `zoo::Later` is declared, but not defined, in its header | "
          "zoo.h:144:8 `Later` it is declared here",
          "todo.actor:1:96 `zoo::Needy` `zoo::Needy` cannot be made without arguments | zoo.h:145:8 `Needy` "
          "it is declared here",
          "todo.actor:1:107 `zoo::Moved` `zoo::Moved` cannot be copied | zoo.h:149:8 `Moved` it is declared "
          "here",
          "todo.actor:1:118 `zoo::Empty` `zoo::Empty` has no public fields | zoo.h:154:8 `Empty` it is "
          "declared here",
          "todo.actor:1:129 `zoo::Hides` `zoo::Hides` and what it derives from have two fields `from_base` | "
          "zoo.h:156:7 `from_base` the second one is here",
          "todo.actor:1:140 `zoo::Number` `zoo::Number` is another name of `int`, not a struct",
          "todo.actor:1:152 `zoo::IntPair` `zoo::IntPair` is an instance of a template; use a struct of its "
          "own | zoo.h:111:8 `Pair` it is declared here",
          "todo.actor:1:165 `zoo::Pair` `zoo::Pair` is a template, not a struct | zoo.h:111:8 `Pair` it is "
          "declared here",
          "todo.actor:1:176 `zoo::Derived` `zoo::Derived` has fields of `zoo::Pair<int>`, which it derives "
          "from and which is an instance of a template | zoo.h:115:18 `Pair<int>` it is declared here",
          "todo.actor:1:189 `geo::Kind` `geo::Kind` is an enum, not a struct | point.h:25:12 `Kind` it is "
          "declared here",
          "todo.actor:1:199 `geo::Distance` `geo::Distance` is a function, not a struct | point.h:29:8 "
          "`Distance` it is declared here",
          "todo.actor:1:199 `geo::Distanc` there is no `geo::Distanc` in `geo/zoo.h` -> geo::Distance",
          "todo.actor:1:221 `geo::counter` `geo::counter` is a variable, not a function | point.h:22:12 "
          "`counter` it is declared here",
          "todo.actor:1:234 `zoo::Huge` `zoo::Huge` has a value of more than 63 bits | zoo.h:159:35 `kMax` "
          "it is declared here",
          "todo.actor:1:244 `zoo::Good::shared` `zoo::Good::shared` is a member of a class, not a function"));
  for (const idl::ForeignDiagnostic& diagnostic : answer.diagnostics) {
    EXPECT_EQ(diagnostic.kind, DiagnosticKind::kName);
  }
}

TEST(Reflect, ReportsAHeaderThatIsNotThere) {
  ClangCompiler clang(WithHeaders());
  Question question(
      "import cpp \"geo/pint.h\" { struct pint::Pint; }\nimport cpp \"geo/point.h\" { enum geo::Kind; }");
  question.Header("geo/pint.h").Name(ForeignKind::kStruct, "pint::Pint");
  question.Header("geo/point.h").Name(ForeignKind::kEnum, "geo::Kind");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  // Once, and not again for the names in it; the other header is read all the same.
  EXPECT_THAT(
      question.Lines(answer.diagnostics),
      ElementsAre(
          "todo.actor:1:12 `\"geo/pint.h\"` there is no header `geo/pint.h` beside this file or in the "
          "include directories"));
  EXPECT_EQ(answer.diagnostics.at(0).kind, DiagnosticKind::kHeader);
  EXPECT_FALSE(answer.entities.at(0).found);
  EXPECT_TRUE(answer.entities.at(1).found);
}

TEST(Reflect, ReportsAHeaderThatDoesNotCompile) {
  ClangCompiler clang(WithHeaders());
  Question question("import cpp \"broken/broken.h\" { struct Broken; }");
  question.Header("broken/broken.h").Name(ForeignKind::kStruct, "Broken");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  EXPECT_THAT(
      question.Lines(answer.diagnostics),
      ElementsAre(
          "todo.actor:1:12 `\"broken/broken.h\"` `broken/broken.h` does not compile | broken.h:2:3 `Missing` "
          "unknown type name `Missing`"));
}

TEST(Reflect, RefusesWhatIsNoHeaderName) {
  ClangCompiler clang(WithHeaders());
  Question question("import cpp \"a\\\n#error b.h\" {}");
  question.Header("a\\\n#error b.h");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  ASSERT_THAT(answer.diagnostics, SizeIs(1));
  EXPECT_EQ(answer.diagnostics.at(0).message, "this is not the name of a header");
}

TEST(Reflect, FindsHeadersBesideTheFileAndThroughArguments) {
  const std::filesystem::path dir = std::filesystem::path(::testing::TempDir()) / "onager_reflect_test";
  std::filesystem::create_directories(dir / "local");
  std::ofstream(dir / "local" / "mine.h")
      << "#include \"geo/point.h\"\nnamespace mine { struct A { int x; geo::Point at;\n"
         "#ifdef MORE\nint y;\n#endif\n}; }\n";
  ClangOptions options = WithHeaders();
  options.arguments.emplace_back("-DMORE=1");
  ClangCompiler clang(options);
  Question question("\"local/mine.h\" mine::A", (dir / "x.actor").string());
  question.Header("local/mine.h").Name(ForeignKind::kStruct, "mine::A");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  EXPECT_THAT(question.Lines(answer.diagnostics), IsEmpty());
  EXPECT_THAT(answer.entities.at(0).fields, SizeIs(3));

  const std::vector<std::string> opened = clang.opened_files();
  EXPECT_THAT(opened, Contains((dir / "local" / "mine.h").string()));
  EXPECT_THAT(opened, Contains(Cat(kHeaders, "/geo/point.h")));
  EXPECT_THAT(opened, Contains(EndsWith("/bits/stl_vector.h")));
  EXPECT_THAT(opened, Not(Contains(HasSubstr("reflected_names"))));
  EXPECT_TRUE(std::is_sorted(opened.begin(), opened.end()));
  for (const std::string& file : opened) EXPECT_TRUE(std::filesystem::exists(file)) << file;
  std::filesystem::remove_all(dir);
}

TEST(Reflect, IsNotStartedForNothing) {
  ClangOptions options;
  options.library = "/there/is/no/libclang.so";
  ClangCompiler clang(options);
  idl::SourceMap sources;
  EXPECT_THAT(clang.Reflect({}, sources).diagnostics, IsEmpty());
  EXPECT_EQ(clang.parse_count(), 0);
}

TEST(Setup, SaysWhatToDoWithoutLibclang) {
  ClangOptions options = WithHeaders();
  options.library = "/there/is/no/libclang.so";
  ClangCompiler clang(options);
  Question question("\"geo/point.h\" geo::Point");
  question.Header("geo/point.h").Name(ForeignKind::kStruct, "geo::Point");
  const idl::ForeignAnswer answer = clang.Reflect(question.query, question.sources);
  ASSERT_THAT(answer.diagnostics, SizeIs(1));
  EXPECT_EQ(answer.diagnostics.at(0).kind, DiagnosticKind::kSetup);
  EXPECT_THAT(answer.diagnostics.at(0).message, HasSubstr("on Debian, install libclang1-19"));
  EXPECT_FALSE(answer.entities.at(0).found);
}

TEST(Setup, SaysWhatIsWrongWithAResourceDirOrAnArgument) {
  ClangOptions options = WithHeaders();
  options.resource_dir = kHeaders;
  Question question("\"geo/point.h\" geo::Point");
  question.Header("geo/point.h").Name(ForeignKind::kStruct, "geo::Point");
  ClangCompiler without_headers(options);
  EXPECT_THAT(without_headers.Reflect(question.query, question.sources).diagnostics.at(0).message,
              HasSubstr("is no resource directory of clang"));

  options = WithHeaders();
  options.arguments.emplace_back("-std=c++99");
  ClangCompiler with_old_standard(options);
  const idl::ForeignAnswer answer = with_old_standard.Reflect(question.query, question.sources);
  ASSERT_FALSE(answer.diagnostics.empty());
  EXPECT_EQ(answer.diagnostics.at(0).kind, DiagnosticKind::kSetup);
}

TEST(Setup, FindsLibclangAndItsHeaders) {
  const std::string version = ClangVersion();
  EXPECT_FALSE(version.empty());
  EXPECT_EQ(version.find_first_not_of("0123456789."), std::string::npos) << version;
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(FoundResourceDir()) / "include" / "stddef.h"));
}

}  // namespace
}  // namespace onager::codegen
