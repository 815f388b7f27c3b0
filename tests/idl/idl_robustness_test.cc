#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "expect_diagnostics.h"
#include "idl/diagnostics/render_text.h"

namespace onager::idl {
namespace {

// A file of about 300 lines without mistakes: groups of a struct, an enum, an error and an actor.
std::string LargeFile() {
  std::string text = "package large;\n";
  for (int i = 0; i < 14; ++i) {
    const std::string n = std::to_string(i) + "x";
    text += "/// Struct " + n + ".\nstruct Item" + n +
            " {\n  string id = 1;\n  int32 count = 2 [default = 3];\n" +
            "  list<string> tags = 3;\n  reserved 9;\n}\n" + "enum Kind" + n +
            " {\n  NONE = 0;\n  SOME = 1;\n}\n" + "error Lost" + n + " : NOT_FOUND {\n  string id = 1;\n}\n" +
            "actor Store" + n + "(string name) {\n  state {\n    list<Item" + n +
            "> items = 1 [key = id];\n    Kind" + n +
            " kind = 2;\n  }\n  rpc Put(string id, int32 count = 1) -> Item" + n + " throws Lost" + n +
            ";\n  rpc All() -> list<Item" + n + "> [readonly];\n}\n";
  }
  return text;
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
    {"list<string> tags", "list<list<string>> tags"},
    {"list<string> tags", "list<string tags"},
    {"list<string> tags", "list<string> $tags"},
    {"NONE = 0;", "NONE = 7;"},
    {"NONE = 0;", "NONE 0;"},
    {"SOME = 1;", "SOME = 0;"},
    {": NOT_FOUND {", ": NOT_FUOND {"},
    {": NOT_FOUND {", "NOT_FOUND {"},
    {": NOT_FOUND {", ": NOT_FOUND "},
    {"[key = id]", "[key = idd]"},
    {"[key = id]", "[key id]"},
    {"state {", "state "},
    {"  }\n  rpc Put(", "  rpc Put("},
    {"rpc Put(string", "rpc Put string"},
    {"rpc Put(string", "rcp Put(string"},
    {"int32 count = 1)", "int32 count = 1"},
    {"(string id, int32", "(string id int32"},
    {" throws Lost", " throws Lsot"},
    {"[readonly];", "[readonly;"},
    {"[readonly];", "[readonyl];"},
    {"[readonly];\n}\n", "[readonly];\n"},
    {"[readonly];\n}\n", "[readonly];\n}\n}\n"},
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
  EXPECT_GE(result.sources.file(FileId{}).line_count(), 300U);
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
  const std::string text = LargeFile().substr(0, 1500);
  for (size_t length = 0; length < text.size(); ++length) {
    const Compilation result = CompileText(text.substr(0, length));
    EXPECT_LE(Errors(result), 4U) << Rendered(result);
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
                             "struct A { int32 a = 1 [default = ", "actor A(string a) { filter F = "}) {
    std::string text = std::string("package a;\n") + before;
    for (int i = 0; i < 100'000; ++i) text += GetParam();
    EXPECT_GE(Errors(CompileText(text)), 1U);
  }
}
INSTANTIATE_TEST_SUITE_P(Brackets, DeepNesting,
                         testing::Values("<", "(", "{", "[", "list<", "optional ", "struct A {",
                                         "oneof a {"));

TEST(Robustness, LongChainOfStructs) {
  std::string text = "package a;\n";
  for (int i = 0; i < 50'000; ++i) {
    text += "struct S" + std::to_string(i) + "x { S" + std::to_string(i + 1) + "x s = 1; }\n";
  }
  const Compilation result = CompileText(text + "struct S50000x {}\n");
  ASSERT_TRUE(result.model.has_value());
  EXPECT_EQ(StructsInDependencyOrder(*result.model).front(), StructId{50'000});
}

TEST(Robustness, TenMegabytesOfGarbageTakeSeconds) {
  std::mt19937 random(11);
  const auto start = std::chrono::steady_clock::now();
  for (const std::string_view unit :
       {"$", "a ", "struct a {", "Foo b = 1;\n", ";", "\"", "} ", "/// x\n\n"}) {
    std::string text = "package a;\nstruct Z {\n";
    while (text.size() < (size_t{10} << 20)) text += unit;
    EXPECT_LE(CompileText(text).diagnostics.size(), 2001U);
  }
  std::string bytes(size_t{10} << 20, '\0');
  for (char& c : bytes) c = static_cast<char>(0x20 + random() % 0x5F);
  (void)CompileText(bytes);
  // Nine files; a quadratic step anywhere would take hours.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(120));
}

}  // namespace
}  // namespace onager::idl
