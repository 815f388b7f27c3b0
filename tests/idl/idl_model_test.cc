#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "expect_diagnostics.h"
#include "fake_foreign_compiler.h"
#include "idl/diagnostics/render_text.h"

namespace onager::idl {
namespace {

using testing::ElementsAre;

class SampleModel : public testing::Test {
 protected:
  void SetUp() override {
    DiskSourceLoader loader;
    compilation_ = Compile(IDL_TEST_DIRECTORY "/sample.actor", loader);
    ASSERT_TRUE(compilation_.model.has_value())
        << RenderText(compilation_.sources, compilation_.diagnostics, TextStyle{});
    EXPECT_TRUE(compilation_.diagnostics.empty());
  }
  const Model& model() { return *compilation_.model; }
  std::string Spelling(TypeId type) { return TypeSpelling(model(), type); }

  Compilation compilation_;
};

TEST_F(SampleModel, HasDeclarationsInSourceOrderWithTheirDocs) {
  EXPECT_EQ(model().package, "todo.v1");
  EXPECT_EQ(model().doc, "Lists that people share.");
  ASSERT_EQ(model().structs.size(), 3U);
  const Struct& item = model().structs[StructId{0}];
  EXPECT_EQ(item.name, "TodoItem");
  EXPECT_EQ(item.doc, "One thing to do.\n\nWith a second paragraph.");
  EXPECT_EQ(compilation_.sources.Text(item.name_range), "TodoItem");
  EXPECT_EQ(item.members.fields[1].doc, "Shown to people.");
}

TEST_F(SampleModel, OrdersStructsByDependency) {
  EXPECT_THAT(StructsInDependencyOrder(model()), ElementsAre(StructId{2}, StructId{1}, StructId{0}));
}

TEST_F(SampleModel, ResolvesFields) {
  const Members& members = model().structs[StructId{0}].members;
  ASSERT_EQ(members.fields.size(), 9U);
  EXPECT_EQ(Spelling(members.fields[4].type), "optional<int64>");
  EXPECT_EQ(Spelling(members.fields[6].type), "map<string, Owner>");
  EXPECT_EQ(members.fields[8].number, 9U);
  EXPECT_EQ(members.fields[1].default_value, Literal(std::string("a \"b\"\n\xC3\xA9")));
  EXPECT_EQ(members.fields[3].default_value, Literal(EnumValueRef{EnumId{0}, 1}));
  EXPECT_EQ(model().structs[StructId{1}].members.fields[0].default_value, Literal(-1.5));
  EXPECT_EQ(model().structs[StructId{2}].members.fields[1].default_value, Literal(uint64_t{16}));
  EXPECT_TRUE(model().structs[StructId{2}].members.fields[1].deprecated);
  ASSERT_EQ(members.oneofs.size(), 1U);
  EXPECT_THAT(members.oneofs[0].fields, ElementsAre(7, 8));
  EXPECT_EQ(members.fields[7].oneof, 0U);
  ASSERT_EQ(members.reserved_numbers.size(), 2U);
  EXPECT_EQ(members.reserved_numbers[1].last, 14);
  EXPECT_THAT(members.reserved_names, ElementsAre("old_title"));
}

TEST_F(SampleModel, HasEnumsAndErrors) {
  const Enum& priority = model().enums[EnumId{0}];
  ASSERT_EQ(priority.values.size(), 3U);
  EXPECT_EQ(priority.values[1].doc, "What one gets without asking.");
  EXPECT_TRUE(priority.values[2].deprecated);
  ASSERT_EQ(model().errors.size(), 2U);
  EXPECT_EQ(model().errors[ErrorId{0}].code, absl::StatusCode::kNotFound);
  EXPECT_TRUE(model().errors[ErrorId{1}].members.fields.empty());
}

TEST_F(SampleModel, HasActors) {
  ASSERT_EQ(model().actors.size(), 2U);
  const Actor& list = model().actors[ActorId{0}];
  EXPECT_TRUE(list.deprecated);
  ASSERT_EQ(list.key.size(), 2U);
  EXPECT_TRUE(list.has_state);
  EXPECT_EQ(std::get<ListType>(model().types[list.state.fields[0].type]).key_field, 0U);
  ASSERT_EQ(list.methods.size(), 4U);
  const Method& add = list.methods[0];
  EXPECT_EQ(add.doc, "Adds one.");
  EXPECT_EQ(Spelling(*add.result), "TodoItem");
  EXPECT_THAT(add.throws, ElementsAre(ErrorId{0}, ErrorId{1}));
  EXPECT_EQ(add.parameters[2].number, 3U);
  EXPECT_EQ(add.parameters[2].default_value, Literal(int64_t{-3}));
  EXPECT_TRUE(list.methods[1].idempotent);
  EXPECT_EQ(list.methods[1].timeout, absl::Milliseconds(1500));
  EXPECT_TRUE(list.methods[2].readonly);
  EXPECT_FALSE(list.methods[3].result.has_value());
  EXPECT_FALSE(model().actors[ActorId{1}].has_state);
}

TEST(PersistentModel, HasWhatTheFileSays) {
  const Compilation compilation = CompileText(R"(package test;
actor Vault(string id) [persist, durability = async, replay(count = 7, bytes = 2KiB, age = 90s)] {
  rpc Put() [durability = sync];
  rpc Get();
  /// When it is time.
  reminder Due(string id, list<int32> n);
}
actor Other(string id) [replay(age = 1ms)] {})");
  ASSERT_TRUE(compilation.model.has_value());
  const Actor& vault = compilation.model->actors[ActorId{0}];
  EXPECT_TRUE(vault.persist);
  EXPECT_EQ(vault.durability, Durability::kAsync);
  EXPECT_EQ(vault.methods[0].durability, Durability::kSync);
  EXPECT_EQ(vault.methods[1].durability, std::nullopt);
  EXPECT_EQ(vault.replay.count, 7U);
  EXPECT_EQ(vault.replay.bytes, 2048U);
  EXPECT_EQ(vault.replay.age, absl::Seconds(90));
  ASSERT_EQ(vault.reminders.size(), 1U);
  EXPECT_EQ(vault.reminders[0].name, "Due");
  EXPECT_EQ(vault.reminders[0].doc, "When it is time.");
  ASSERT_EQ(vault.reminders[0].parameters.size(), 2U);
  EXPECT_EQ(vault.reminders[0].parameters[1].number, 2U);
  const Actor& other = compilation.model->actors[ActorId{1}];
  EXPECT_FALSE(other.persist);
  EXPECT_EQ(other.durability, Durability::kSync);
  EXPECT_EQ(other.replay.count, 0U);
  EXPECT_EQ(other.replay.age, absl::Milliseconds(1));
}

// Every fenced block of LANGUAGE.md that is marked `actor` is a whole file, with those that it imports, and
// has no mistakes; one that is marked `actor-errors` announces its mistakes. The header of C++ is the one
// that the tests know.
TEST(LanguageReference, ExamplesCompile) {
  std::ifstream in(IDL_LANGUAGE_REFERENCE);
  ASSERT_TRUE(in.is_open());
  std::string line;
  std::string text;
  std::string fence;
  int examples = 0;
  while (std::getline(in, line)) {
    if (!line.starts_with("```")) {
      text += line + "\n";
      continue;
    }
    if (fence.empty()) {
      fence = line;
      text.clear();
      continue;
    }
    if (fence == "```actor" || fence == "```actor-errors") {
      ++examples;
      ExpectDiagnostics(text);
    }
    if (fence == "```cpp") {
      EXPECT_EQ(text, PointHeader());
    }
    EXPECT_TRUE(fence == "```actor" || fence == "```actor-errors" || fence == "```ebnf" || fence == "```cpp")
        << fence;
    fence.clear();
  }
  EXPECT_GE(examples, 17);
}

}  // namespace
}  // namespace onager::idl
