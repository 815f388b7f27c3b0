#include "codegen/emit/template.h"

#include <map>
#include <string>
#include <string_view>

#include "codegen/emit/line_breaks.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onager::codegen {
namespace {

using ::testing::HasSubstr;

// Renders the template `main` of `files`; an error comes back as its text.
std::string Render(const std::map<std::string, std::string, std::less<>>& files, const Node& root) {
  const auto source = [&files](std::string_view name) -> std::optional<std::string_view> {
    const auto found = files.find(name);
    if (found == files.end()) return std::nullopt;
    return found->second;
  };
  const absl::StatusOr<Template> parsed = Template::Parse("main", source);
  if (!parsed.ok()) return std::string(parsed.status().message());
  const absl::StatusOr<std::string> text = parsed->Render(root);
  return text.ok() ? *text : std::string(text.status().message());
}
std::string Render(const std::string& main, const Node& root) { return Render({{"main", main}}, root); }

TEST(TemplateTest, PrintsTextsAsTheyAre) {
  EXPECT_EQ(Render("{{a}} < {{ b }}", Node{{"a", "<&>"}, {"b", "\"2\""}}), "<&> < \"2\"");
}

TEST(TemplateTest, SectionsOfFactsAndLists) {
  const Node root{{"yes", true},
                  {"no", false},
                  {"rows", Node::List{Node{{"x", "1"}}, Node{{"x", "2"}}}},
                  {"none", Node::List()},
                  {"texts", Node::Texts({"a", "b"})}};
  EXPECT_EQ(Render("{{#yes}}y{{/yes}}{{^yes}}!{{/yes}}{{#no}}!{{/no}}{{^no}}n{{/no}}", root), "yn");
  EXPECT_EQ(Render("{{#rows}}{{x}}{{^last}}, {{/last}}{{/rows}}{{^none}} none{{/none}}", root), "1, 2 none");
  EXPECT_EQ(Render("{{#texts}}{{#first}}[{{/first}}{{.}}{{/texts}}]", root), "[ab]");
}

TEST(TemplateTest, TagsAloneOnALineLeaveNoTrace) {
  const Node root{{"on", true}, {"off", false}};
  EXPECT_EQ(Render("a\n  {{#on}}\n\nb\n  {{/on}}\n{{#off}}\nc\n{{/off}}\n{{! a remark }}\nd\n", root),
            "a\n\nb\nd\n");
}

TEST(TemplateTest, PartialsAreIndentedLikeTheirTag) {
  const Node root{{"x", "1"}};
  EXPECT_EQ(Render({{"main", "{\n  {{>inner}}\n}\n"}, {"inner", "{{x}}\n\n  {{x}}\n"}}, root),
            "{\n  1\n\n    1\n}\n");
}

TEST(TemplateTest, UnknownNamesAreErrorsWithPlaceAndScopes) {
  const Node root{{"rows", Node::List{Node{{"x", "1"}}}}};
  const std::string error = Render("\n{{#rows}}\n{{y}}\n{{/rows}}\n", root);
  EXPECT_EQ(error, "templates/main.mustache:3: unknown name `y`; searched rows (x), then the file (rows)");
  EXPECT_THAT(Render("{{#z}}{{/z}}", root), HasSubstr("main.mustache:1: unknown name `z`"));
  EXPECT_THAT(Render("{{^z}}{{/z}}", root), HasSubstr("unknown name `z`"));
  EXPECT_THAT(Render("{{first}}", root), HasSubstr("unknown name `first`"));
}

TEST(TemplateTest, WrongKindsAreErrors) {
  const Node root{{"text", "t"}, {"fact", true}};
  EXPECT_THAT(Render("{{fact}}", root), HasSubstr("`fact` is no text"));
  EXPECT_THAT(Render("{{#text}}{{/text}}", root), HasSubstr("`text` is neither a fact nor a list"));
}

TEST(TemplateTest, MalformedTemplatesAreErrorsWithPlace) {
  const Node root{{"a", true}};
  EXPECT_EQ(Render("\n{{>gone}}\n", root), "templates/main.mustache:2: no partial `gone`");
  EXPECT_THAT(Render("{{#a}}\n", root), HasSubstr("main.mustache:1: section `a` is never closed"));
  EXPECT_THAT(Render("x\n{{/a}}\n", root), HasSubstr("main.mustache:2: `{{/a}}` closes nothing"));
  EXPECT_THAT(Render("{{#a}}{{/b}}", root), HasSubstr("closes nothing"));
  EXPECT_THAT(Render("{{a", root), HasSubstr("tag without `}}`"));
  EXPECT_THAT(Render("{{}}", root), HasSubstr("tag without a name"));
  EXPECT_THAT(Render("x {{>p}}", root), HasSubstr("alone on its line"));
  EXPECT_THAT(Render({{"main", "{{>main}}\n"}}, root), HasSubstr("without end"));
  // A section cannot begin in one file and end in another.
  EXPECT_THAT(Render({{"main", "{{>p}}\n{{/a}}\n"}, {"p", "{{#a}}\n"}}, root),
              HasSubstr("p.mustache:1: section `a` is never closed"));
}

TEST(LineBreaksTest, LinesThatFitAndCommentsStay) {
  const std::string code = "int x = 1;\n// " + std::string(200, 'c') + "\n\n";
  EXPECT_EQ(BreakLongLines(code), code);
}

TEST(LineBreaksTest, BreaksWhereTheFormatterWould) {
  const std::string type(50, 'T');
  EXPECT_EQ(BreakLongLines("  void Set(" + type + " value) && { return value_ = value, " + type + "(); }\n"),
            "  void Set(" + type + " value) && {\n    return value_ = value, " + type + "();\n  }\n");
  const std::string name(45, 'n');
  EXPECT_EQ(BreakLongLines("auto name = Call(" + name + ", " + name + ");\n"),
            "auto name =\n    Call(" + name + ", " + name + ");\n");
  EXPECT_EQ(BreakLongLines("void Call(" + type + " a, " + type + " b);\n"),
            "void Call(" + type + " a,\n          " + type + " b);\n");
}

TEST(LineBreaksTest, EndsOnWhateverItGets) {
  // No place to break, brackets that never close, quotes that never end.
  for (const std::string& line :
       {std::string(300, 'x'), "f(" + std::string(300, '('), "\"" + std::string(300, ','),
        std::string(200, ' ') + "f(a, b)", std::string(120, '(') + ", " + std::string(99, 'y')}) {
    const std::string broken = BreakLongLines(line + "\n");
    EXPECT_GE(broken.size(), line.size() / 2);
  }
}

}  // namespace
}  // namespace onager::codegen
