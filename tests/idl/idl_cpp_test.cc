#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "expect_diagnostics.h"
#include "fake_foreign_compiler.h"
#include "idl/diagnostics/render_text.h"

namespace onager::idl {
namespace {

using testing::ElementsAre;

class CppImports : public testing::Test {
 protected:
  const Model& CompileFine(const std::string& text) {
    InMemorySourceLoader loader;
    loader.Add(std::string(kTestFile), text);
    loader.Add("other.actor", "package other; struct Other { int32 a = 1 [default = 1 + 1]; }");
    CompileOptions options;
    options.foreign = &foreign_;
    compilation_ = Compile(kTestFile, loader, options);
    EXPECT_TRUE(compilation_.model.has_value())
        << RenderText(compilation_.sources, compilation_.diagnostics, TextStyle{});
    return compilation_.model.has_value() ? *compilation_.model : none_;
  }

  FakeForeignCompiler foreign_;
  Compilation compilation_;
  Model none_;
};

TEST_F(CppImports, BecomeStructsAndEnums) {
  const Model& model = CompileFine(R"(package a;
import cpp "geo/point.h" {
  /// A place on Earth.
  struct geo::Point { lon = 2; lat = 1; omit cached; }
  struct geo::Place {
    name = 1; kind = 2; at = 3; exits = 4; codes = 5; outline = 6;
    oneof extent { radius = 7; path = 8; }
  }
  enum geo::Kind;
  function geo::Distance;
}
struct Trip { list<geo::Place> places = 1; geo::Kind best = 2 [default = kCity]; }
)");
  ASSERT_EQ(model.cpp_headers.size(), 1U);
  EXPECT_EQ(model.cpp_headers[0].include, "geo/point.h");
  ASSERT_EQ(model.structs.size(), 3U);
  const Struct& point = model.structs[StructId{0}];
  EXPECT_EQ(point.name, "Point");
  EXPECT_EQ(point.doc, "A place on Earth.");
  EXPECT_EQ(point.cpp->cpp_name, "geo::Point");
  ASSERT_EQ(point.members.fields.size(), 2U);
  EXPECT_EQ(point.members.fields[0].name, "lon");
  EXPECT_EQ(point.members.fields[0].number, 2U);
  const Struct& place = model.structs[StructId{1}];
  std::string types;
  for (const Field& field : place.members.fields) types += TypeSpelling(model, field.type) + " ";
  EXPECT_EQ(types, "string Kind optional<Point> map<string, Point> set<int32> list<Point> double string ");
  ASSERT_EQ(place.members.oneofs.size(), 1U);
  EXPECT_THAT(place.members.oneofs[0].fields, ElementsAre(6, 7));
  const Enum& kind = model.enums[EnumId{0}];
  ASSERT_EQ(kind.values.size(), 3U);  // kTown is kCity
  EXPECT_EQ(kind.values[0].name, "kUnknown");
  EXPECT_EQ(kind.values[1].name, "kPeak");
  EXPECT_EQ(model.structs[StructId{2}].members.fields[1].default_value, Literal(EnumValueRef{EnumId{0}, 2}));
  ASSERT_EQ(model.cpp_functions.size(), 1U);
  EXPECT_EQ(model.cpp_functions[0].cpp_name, "geo::Distance");
  EXPECT_EQ(foreign_.reflect_count(), 1);
  EXPECT_EQ(foreign_.check_count(), 0);
}

TEST_F(CppImports, AskNothingWhenThereIsNothingToAsk) {
  CompileFine(R"(package a;
import "other.actor";
struct S { other.Other o = 1; int32 a = 2 [default = -5]; duration d = 3 [default = 5s]; }
actor A(string id) { state { int32 a = 1; } view V { a; } event E; rpc F(string s = "x"); }
)");
  EXPECT_EQ(foreign_.reflect_count(), 0);
  EXPECT_EQ(foreign_.check_count(), 0);  // the expression is another file's
}

TEST_F(CppImports, CheckAllExpressionsOfTheFileAtOnce) {
  CompileFine(R"actor(package a;
import "other.actor";
struct S { other.Other o = 1; int32 a = 2 [default = 1 +  // a comment
    2]; }
actor A(string id) {
  state { map<string, int32> counts = 1; }
  rpc F(int32 n = (3, 4), string s = "a" "b");
  event E { double d = 1 [default = f(1, 2)]; }
  filter G(int32 n = -(1)) = state.counts.size() > n /* ; */ && R"(;)" != "}" && [] { return true; }();
  view V { counts where item > 3 ; }
}
)actor");
  EXPECT_EQ(foreign_.check_count(), 1);
  EXPECT_THAT(
      foreign_.expressions(),
      ElementsAre("1 + 2", "(3, 4)", "\"a\" \"b\"", "f(1, 2)", "-(1)",
                  "state.counts.size() > n && R\"(;)\" != \"}\" && [] { return true; }()", "item > 3"));
}

}  // namespace
}  // namespace onager::idl
