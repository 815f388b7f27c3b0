#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "expect_diagnostics.h"
#include "idl/diagnostics/render_text.h"

namespace onager::idl {
namespace {

constexpr std::string_view kLibrary = "\n//@ lib.actor\npackage lib;\nstruct Money { int64 units = 1; }\n";

// A file of more than 500 lines without mistakes, which imports another and a header of C++: groups of a
// struct, an enum, an error and an actor, with everything that the language has.
std::string LargeFile() {
  std::string text = R"(package large;
import "lib.actor";
import cpp "geo/point.h" {
  struct geo::Point {
    lat = 1;
    lon = 2;
    omit cached;
  }
  function geo::Distance;
}
)";
  constexpr std::string_view kGroup = R"(/// Struct @x.
struct Item@x {
  string id = 1;
  int32 count = 2 [default = 3];
  list<string> tags = 3;
  set<int32> marks = 4;
  optional timestamp due = 5;
  duration pause = 6 [default = 1500ms];
  uuid key = 7;
  optional Item@x next = 8;
  geo::Point at = 10;
  oneof place {
    string room = 11;
    lib.Money price = 12;
  }
  reserved 9;
}
enum Kind@x {
  NONE = 0;
  SOME = 1;
}
error Lost@x : NOT_FOUND {
  string id = 1;
}
actor Store@x(string name) [persist, replay(count = 100, age = 5m)] {
  version 3;
  migrate 2;
  state {
    list<Item@x> items = 1 [key = id];
    Kind@x kind = 2;
    private string owner = 3;
  }
  rpc Put(string id, int32 count = 1 + 2) -> Item@x throws Lost@x;
  rpc All() -> list<Item@x> [readonly];
  rpc Out(int32 from = 0) -> stream<Item@x>;
  rpc In(stream<bytes> parts) [reentrant];
  rpc Touch() [durability = async];
  reminder Due(string who, int32 times);
  timer Sweep = 5m;
  event Gone {
    string id = 1;
  }
  filter Busy(int32 least = 1) = state.items.size() >= (least);
  filter Any = !state.items.empty();
  view Mine(string user) {
    items { id; tags } where item.id == user;
    kind;
  }
}
)";
  for (int i = 0; i < 14; ++i)
    text += absl::StrReplaceAll(absl::string_view(kGroup.data(), kGroup.size()), {{"@", std::to_string(i)}});
  return text + std::string(kLibrary);
}

// Replaces the first `from` in group `group` by `to`; every one is a mistake of its own.
struct Mutation {
  const char* from;
  const char* to;
};

constexpr Mutation kMutations[] = {
    {"string id = 1;", "strng id = 1;"},
    {"string id = 1;", "string id = 1"},
    {"string id = 1;", "string id;"},
    {"int32 count = 2", "int32 count = 1"},
    {"int32 count = 2", "int32 = 2"},
    {"int32 count = 2", "int32 count = 9"},
    {"[default = 3]", "[defalt = 3]"},
    {"[default = 3]", "[default = \"x]"},
    {"[default = 3]", "[default = 99999999999]"},
    {"[default = 3]", "[default = (3]"},
    {"list<string> tags", "list<list<string>> tags"},
    {"list<string> tags", "list<string tags"},
    {"list<string> tags", "list<string> $tags"},
    {"set<int32> marks", "set<double> marks"},
    {"set<int32> marks", "set<int32 marks"},
    {"set<int32> marks", "list<set<int32>> marks"},
    {"optional timestamp due", "optional timestmp due"},
    {"[default = 1500ms]", "[default = 1500xs]"},
    {"[default = 1500ms]", "[default = 1500ms"},
    {"optional Item", "Item"},
    {"geo::Point at", "geo::Piont at"},
    {"geo::Point at", "geo:Point at"},
    {"lib.Money price", "lib.Mony price"},
    {"lib.Money price", "list<lib.Money> price"},
    {"oneof place {", "oneof {"},
    {"NONE = 0;", "NONE = 7;"},
    {"NONE = 0;", "NONE 0;"},
    {"SOME = 1;", "SOME = 0;"},
    {": NOT_FOUND {", ": NOT_FUOND {"},
    {": NOT_FOUND {", "NOT_FOUND {"},
    {": NOT_FOUND {", ": NOT_FOUND "},
    {"version 3;", "version;"},
    {"version 3;", "version 3"},
    {"version 3;", "version 2;"},
    {"migrate 2;", "migrate 1;"},
    {"migrate 2;", "migrate two;"},
    {"migrate 2;", "migrate 2; migrate 2;"},
    {"[key = id]", "[key = idd]"},
    {"[key = id]", "[key id]"},
    {"private string", "privat string"},
    {"private string owner = 3", "private string owner = 2"},
    {"state {", "state "},
    {"  }\n  rpc Put(", "  rpc Put("},
    {"rpc Put(string", "rpc Put string"},
    {"rpc Put(string", "rcp Put(string"},
    {"count = 1 + 2)", "count = 1 + 2"},
    {"count = 1 + 2)", "count = 1 2)"},
    {"count = 1 + 2)", "count = (1 + 2)"},
    {"(string id, int32", "(string id int32"},
    {" throws Lost", " throws Lsot"},
    {"[readonly];", "[readonly;"},
    {"[readonly];", "[readonyl];"},
    {"-> stream<Item", "-> strem<Item"},
    {"(int32 from = 0)", "(int32 from = \"0\")"},
    {"(stream<bytes> parts)", "(stream<bytes> parts, int32 n)"},
    {"(stream<bytes> parts)", "(stream<list<bytes>> parts)"},
    {"(stream<bytes> parts)", "(stream<bytes parts)"},
    {"[reentrant];", "[rentrant];"},
    {"[reentrant];", "[reentrant = 1];"},
    {"timer Sweep = 5m;", "timer Sweep = 5;"},
    {"timer Sweep = 5m;", "timr Sweep = 5m;"},
    {"timer Sweep = 5m;", "timer Sweep 5m;"},
    {"[persist, ", "[persst, "},
    {"[persist, ", "[persist = 1, "},
    {"[persist, ", "[persist "},
    {"[persist, ", "["},
    {"count = 100", "count = 0"},
    {"count = 100", "cuont = 100"},
    {"age = 5m)", "age = 5m"},
    {"age = 5m)", "age = 5)"},
    {"= async]", "= asink]"},
    {"= async]", "= ]"},
    {"reminder Due(", "remindr Due("},
    {"reminder Due(", "reminder Touch("},
    {"reminder Due(", "reminder ("},
    {"who, int32", "who int32"},
    {"times);", "times = 3);"},
    {"times);", "times;"},
    {"event Gone {", "evnt Gone {"},
    {"event Gone {", "event Gone "},
    {"event Gone {", "event {"},
    {"filter Busy(", "filtr Busy("},
    {"= state.items.size()", "state.items.size()"},
    {"(least);", "(least;"},
    {"(least);", "least);"},
    {"(least);", "(least)"},
    {"(least);", "\"least;"},
    {"filter Any =", "filter Busy ="},
    {"= !state.items.empty();", "= ;"},
    {"view Mine(", "viw Mine("},
    {"view Mine(string", "view Mine string"},
    {"{ id; tags }", "{ id; tgs }"},
    {"{ id; tags }", "{ id tags }"},
    {"{ id; tags }", "{ }"},
    {"where item.id", "were item.id"},
    {"where item.id == user;", "where ;"},
    {"    kind;\n", "    kind; kind;\n"},
    {"    kind;\n", "    owner;\n"},
    {"    kind;\n", "    kind { id; };\n"},
    {"    kind;\n  }\n}\n", "    kind;\n}\n"},
    {"    kind;\n  }\n}\n", "    kind;\n  }\n}\n}\n"},
    {"rpc All()", "rpc Put()"},
    {"(string name)", "(double name)"},
    {"(string name)", "()"},
    {"(string name)", ""},
};
constexpr size_t kMutationCount = std::size(kMutations);

std::string Mutate(std::string text, size_t mutation, int group) {
  const std::string anchor = "/// Struct " + std::to_string(group) + "x.";
  const size_t begin = text.find(anchor);
  const size_t at = text.find(kMutations[mutation].from, begin);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, std::string_view(kMutations[mutation].from).size(), kMutations[mutation].to);
}

size_t Errors(const Compilation& compilation) {
  return static_cast<size_t>(
      std::count_if(compilation.diagnostics.begin(), compilation.diagnostics.end(),
                    [](const Diagnostic& d) { return d.severity() == Severity::kError; }));
}

std::string Rendered(const Compilation& compilation) {
  return RenderText(compilation.sources, compilation.diagnostics, TextStyle{});
}

TEST(Mutations, FileWithoutOneIsFine) {
  const Compilation result = CompileText(LargeFile());
  EXPECT_EQ(Errors(result), 0U) << Rendered(result);
  EXPECT_GE(result.sources.file(FileId{}).line_count(), 500U);
}

TEST(Mutations, OneGivesOneError) {
  const std::string text = LargeFile();
  for (size_t m = 0; m < kMutationCount; ++m) {
    const Compilation result = CompileText(Mutate(text, m, 5));
    EXPECT_EQ(Errors(result), 1U) << kMutations[m].from << " -> " << kMutations[m].to << "\n"
                                  << Rendered(result);
  }
}

TEST(Mutations, TwoGiveTwoErrors) {
  constexpr unsigned kSeed = 20240611;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const std::string text = LargeFile();
  for (int round = 0; round < 400; ++round) {
    const size_t first = random() % kMutationCount;
    const size_t second = random() % kMutationCount;
    const int group = static_cast<int>(random() % 12);
    const int other = group + 1 + static_cast<int>(random() % static_cast<unsigned>(12 - group));
    const Compilation result = CompileText(Mutate(Mutate(text, first, group), second, other));
    EXPECT_EQ(Errors(result), 2U) << kMutations[first].from << " -> " << kMutations[first].to << " and "
                                  << kMutations[second].from << " -> " << kMutations[second].to << "\n"
                                  << Rendered(result);
  }
}

TEST(Robustness, EveryPrefixOfAFileIsReadWithoutHarm) {
  const std::string text = LargeFile().substr(0, 1900);
  for (size_t length = 0; length < text.size(); ++length) {
    const Compilation result = CompileText(text.substr(0, length) + std::string(kLibrary));
    EXPECT_LE(Errors(result), 5U) << Rendered(result);
  }
}

TEST(Robustness, RandomBytes) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  constexpr std::string_view kAlphabet = "{}()<>[];,=:.-\"'/*\\ \nabc019_$struct enum actor rpc state list";
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (size_t i = random() % 400; i > 0; --i) {
      text += round % 2 == 0 ? static_cast<char>(random() & 0xFF) : kAlphabet[random() % kAlphabet.size()];
    }
    const Compilation result = CompileText(text);
    EXPECT_FALSE(Rendered(result).empty() && !result.model.has_value());
  }
}

class DeepNesting : public testing::TestWithParam<const char*> {};

TEST_P(DeepNesting, EndsWithAnError) {
  for (const char* before : {"", "struct A {", "struct A { list", "actor A(string a) { rpc F(",
                             "struct A { int32 a = 1 [default = ", "actor A(string a) { filter F = ",
                             "actor A(string a) { view V { ", "actor A(string a) { view V { a where ",
                             "actor A(string a) { event E { ", "import cpp \"a\" { struct A {"}) {
    std::string text = std::string("package a;\n") + before;
    for (int i = 0; i < 100'000; ++i) text += GetParam();
    EXPECT_GE(Errors(CompileText(text)), 1U);
  }
}
INSTANTIATE_TEST_SUITE_P(Brackets, DeepNesting,
                         testing::Values("<", "(", "{", "[", "list<", "optional ", "struct A {", "oneof a {",
                                         "a {", "a { b where ", "R\"(", "{[("));

TEST(Robustness, LongChainOfStructs) {
  std::string text = "package a;\n";
  for (int i = 0; i < 50'000; ++i) {
    text += "struct S" + std::to_string(i) + "x { S" + std::to_string(i + 1) + "x s = 1; }\n";
  }
  const Compilation result = CompileText(text + "struct S50000x {}\n");
  ASSERT_TRUE(result.model.has_value());
  EXPECT_EQ(StructsInDependencyOrder(*result.model).front(), StructId{50'000});
}

TEST(Robustness, LongCircleOfOptionals) {
  std::string text = "package a;\n";
  constexpr int kCount = 50'000;
  for (int i = 0; i < kCount; ++i) {
    text +=
        "struct S" + std::to_string(i) + "x { optional S" + std::to_string((i + 1) % kCount) + "x s = 1; }\n";
  }
  const Compilation result = CompileText(text);
  ASSERT_TRUE(result.model.has_value());
  const Field& field = result.model->structs[StructId{7}].members.fields[0];
  EXPECT_TRUE(std::get<OptionalType>(result.model->types[field.type]).boxed);
  EXPECT_EQ(StructsInDependencyOrder(*result.model).size(), size_t{kCount});
}

TEST(Robustness, LongCircleOfStructs) {
  std::string text = "package a;\n";
  constexpr int kCount = 50'000;
  for (int i = 0; i < kCount; ++i) {
    text += "struct S" + std::to_string(i) + "x { S" + std::to_string((i + 1) % kCount) + "x s = 1; }\n";
  }
  EXPECT_EQ(Errors(CompileText(text)), 1U);
}

// Looking a name up takes no longer where there are many.
TEST(Robustness, ViewsOfALargeStateTakeSeconds) {
  std::string text = "package a;\nstruct Item {";
  constexpr int kCount = 18'000;
  for (int i = 1; i <= kCount; ++i)
    text += "int32 f" + std::to_string(i) + "x = " + std::to_string(i) + ";\n";
  text += "}\nactor A(string id) { state { list<Item> items = 1 [key = f17999x]; private int32 a = 2; }\n";
  for (int i = 0; i < 20'000; ++i) {
    const std::string n = std::to_string(i) + "x";
    text += "view V" + n + " { items { f17998x; f17997x; } }\nfilter F" + n + " = state.items == state.b;\n";
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(CompileText(text + "}\n").model.has_value());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(Robustness, TenMegabytesOfGarbageTakeSeconds) {
  std::mt19937 random(11);
  const auto start = std::chrono::steady_clock::now();
  for (const std::string_view unit :
       {"$", "a ", "struct a {", "Foo b = 1;\n", ";", "\"", "} ", "/// x\n\n",
        "} actor A(string a) { filter F = state.a\n", "} import \"x\";\n", "R\"("}) {
    std::string text = "package a;\nstruct Z {\n";
    while (text.size() < (size_t{10} << 20)) text += unit;
    EXPECT_LE(CompileText(text).diagnostics.size(), 2001U);
  }
  std::string bytes(size_t{10} << 20, '\0');
  for (char& c : bytes) c = static_cast<char>(0x20 + random() % 0x5F);
  (void)CompileText(bytes);
  // Twelve files; a quadratic step anywhere would take hours.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(120));
}

}  // namespace
}  // namespace onager::idl
