#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "expect_diagnostics.h"
#include "idl/diagnostics/near_name.h"
#include "idl/diagnostics/render_json.h"
#include "idl/diagnostics/render_text.h"

namespace onager::idl {
namespace {

std::string Text(std::string_view text, TextStyle style = {}) {
  const Compilation result = CompileText(text);
  return RenderText(result.sources, result.diagnostics, style);
}

TEST(RenderText, ShowsRangeSuggestionAndNote) {
  EXPECT_EQ(Text("package a;\nstruct A {\n  Strng title = 2;\n\tint32 tïtle2 = 2;\n}\n"),
            R"(test.actor:3:3: error: unknown type `Strng`; did you mean `string`? [unknown-type]
    3 |   Strng title = 2;
      |   ^~~~~
      |   string
test.actor:4:8: error: `tïtle2` has characters other than ASCII letters, digits and `_` [non-ascii-identifier]
    4 |     int32 tïtle2 = 2;
      |           ^~~~~~
test.actor:4:18: error: number 2 is already used by `title` [duplicate-field-number]
    4 |     int32 tïtle2 = 2;
      |                    ^
test.actor:3:9: note: `title` is declared here
    3 |   Strng title = 2;
      |         ^~~~~
)");
}

TEST(RenderText, PointsBehindWhatIsMissing) {
  EXPECT_EQ(Text("package a;\nstruct A {\n  int32 a = 1\n}\n"),
            R"(test.actor:3:14: error: expected `;`, found `}` [expected]
    3 |   int32 a = 1
      |              ^
)");
}

TEST(RenderText, ShowsPartOfALongLineAndNoControlCharacters) {
  const std::string text = Text("package a;\n/*" + std::string(1000, 'x') +
                                "\x1b*/ struct A { X a = 1; } //" + std::string(1000, 'y'));
  EXPECT_LT(text.size(), 600U);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("…"), std::string::npos);
}

TEST(RenderText, ColorsOnlyWhenAsked) {
  EXPECT_EQ(Text("package a;\nstruct A { X a = 1; }").find('\x1b'), std::string::npos);
  EXPECT_NE(Text("package a;\nstruct A { X a = 1; }", TextStyle{.color = true}).find("\x1b[1;31merror:"),
            std::string::npos);
}

TEST(RenderJson, HasPlaceNotesAndFix) {
  const Compilation result = CompileText("package a;\nstruct B {\n  strin a = 1;\n  int32 b = 1;\n}\n");
  EXPECT_EQ(RenderJson(result.sources, result.diagnostics),
            R"([{"file":"test.actor","line":3,"column":3,"end_line":3,"end_column":8,"severity":"error",)"
            R"("id":"unknown-type","message":"unknown type `strin`; did you mean `string`?","notes":[],)"
            R"("fix":{"file":"test.actor","line":3,"column":3,"end_line":3,"end_column":8,)"
            R"("replacement":"string"}},)"
            R"({"file":"test.actor","line":4,"column":13,"end_line":4,"end_column":14,"severity":"error",)"
            R"("id":"duplicate-field-number","message":"number 1 is already used by `a`",)"
            R"("notes":[{"file":"test.actor","line":3,"column":9,"end_line":3,"end_column":10,)"
            R"("message":"`a` is declared here"}]}])"
            "\n");
}

TEST(RenderSarif, HasRulesAndResults) {
  const Compilation result = CompileText("package a;\nstruct B { /* é */ strin a = 1; }\n");
  EXPECT_EQ(RenderSarif(result.sources, result.diagnostics, "1.2.3"),
            R"({"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{)"
            R"("tool":{"driver":{"name":"actorc","version":"1.2.3","rules":[{"id":"unknown-type",)"
            R"("shortDescription":{"text":"unknown type `{0}`"}}]}},"columnKind":"unicodeCodePoints",)"
            R"("results":[{"ruleId":"unknown-type","level":"error",)"
            R"("message":{"text":"unknown type `strin`; did you mean `string`?"},)"
            R"("locations":[{"physicalLocation":{"artifactLocation":{"uri":"test.actor"},)"
            R"("region":{"startLine":2,"startColumn":20,"endLine":2,"endColumn":25}}}],)"
            R"("fixes":[{"artifactChanges":[{"artifactLocation":{"uri":"test.actor"},)"
            R"("replacements":[{"deletedRegion":{"startLine":2,"startColumn":20,"endLine":2,"endColumn":25},)"
            R"("insertedContent":{"text":"string"}}]}]}]}]}]})"
            "\n");
}

TEST(NearName, CountsEdits) {
  EXPECT_EQ(EditDistance("title", "title", 3), 0U);
  EXPECT_EQ(EditDistance("title", "tilte", 3), 1U);
  EXPECT_EQ(EditDistance("kitten", "sitting", 3), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting", 2), 3U);
  EXPECT_EQ(EditDistance("", "abc", 3), 3U);
}

TEST(NearName, PrefersTheNearest) {
  constexpr std::array<std::string_view, 4> kNames = {"string", "String", "strong", "bytes"};
  EXPECT_EQ(NearestName("strng", kNames), "string");
  EXPECT_EQ(NearestName("STRONG", kNames), "strong");
  EXPECT_EQ(NearestName("x", kNames), "");
  EXPECT_EQ(NearestName("elephant", kNames), "");
}

}  // namespace
}  // namespace onager::idl
