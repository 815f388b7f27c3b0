#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "expect_diagnostics.h"
#include "idl/diagnostics/render_text.h"

namespace onager::idl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Imports, GiveAModelOfAllFiles) {
  const Compilation result = CompileText(R"(package a;
import "b.actor";
import "c.actor";
struct A { B b = 1; c.C c = 2; c.E e = 3 [default = Y]; }
//@ b.actor
package a;
import "c.actor";
/// Of another file.
struct B { c.C c = 1; }
//@ c.actor
package c;
struct C {}
enum E { X = 0; Y = 1; }
)");
  ASSERT_TRUE(result.model.has_value()) << RenderText(result.sources, result.diagnostics, TextStyle{});
  const Model& model = *result.model;
  ASSERT_EQ(model.files.size(), 3U);
  EXPECT_EQ(model.files[0].import_name, "test.actor");
  EXPECT_THAT(model.files[0].imports, ElementsAre(1, 2));
  EXPECT_EQ(model.files[1].import_name, "b.actor");
  EXPECT_THAT(model.files[1].imports, ElementsAre(2));
  EXPECT_EQ(model.files[2].package, "c");
  EXPECT_THAT(model.files[2].imports, IsEmpty());
  ASSERT_EQ(model.structs.size(), 3U);
  EXPECT_EQ(model.structs[StructId{1}].name, "B");
  EXPECT_EQ(model.structs[StructId{1}].file, 1U);
  EXPECT_EQ(model.structs[StructId{1}].doc, "Of another file.");
  EXPECT_EQ(model.structs[StructId{0}].members.fields[2].default_value, Literal(EnumValueRef{EnumId{0}, 1}));
  EXPECT_EQ(model.package, "a");
  EXPECT_THAT(StructsInDependencyOrder(model), ElementsAre(StructId{2}, StructId{1}, StructId{0}));
}

// A folder of files that is gone after the test.
class ImportsFromDisk : public testing::Test {
 protected:
  ImportsFromDisk() {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ / "main");
    std::filesystem::create_directories(root_ / "lib/common");
  }
  ~ImportsFromDisk() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(root_ / name) << text; }
  std::string Path(const std::string& name) { return (root_ / name).string(); }

 private:
  std::filesystem::path root_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("onager_imports_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(ImportsFromDisk, StartBesideTheFileThenInTheImportFolders) {
  Write("main/a.actor",
        "package a; import \"common/money.actor\"; import \"b.actor\"; struct A { Money m = 1; B b = 2; }");
  Write("main/b.actor", "package a; struct B {}");
  Write("lib/b.actor", "package wrong;");
  Write("lib/common/money.actor", "package a; import \"../b2.actor\"; struct Money { B2 b = 1; }");
  Write("lib/b2.actor", "package a; struct B2 {}");
  DiskSourceLoader loader({Path("nowhere"), Path("lib")});
  const Compilation result = Compile(Path("main/a.actor"), loader);
  ASSERT_TRUE(result.model.has_value()) << RenderText(result.sources, result.diagnostics, TextStyle{});
  std::vector<std::string> names;
  for (const File& file : result.model->files) names.push_back(file.import_name);
  EXPECT_THAT(names, ElementsAre("a.actor", "common/money.actor", "b2.actor", "b.actor"));
}

TEST_F(ImportsFromDisk, KnowAFileByAllOfItsPaths) {
  Write("main/a.actor", "package a; import \"../main/b.actor\"; import \"c.actor\"; struct A { B b = 1; }");
  Write("main/b.actor", "package a; struct B {}");
  std::filesystem::create_symlink("b.actor", Path("main/c.actor"));
  DiskSourceLoader loader;
  const Compilation result = Compile(Path("main/a.actor"), loader);
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(result.diagnostics[0].kind, DiagnosticKind::kDuplicateImport);
}

TEST_F(ImportsFromDisk, SeeACycleThroughTheFirstFileHoweverItWasNamed) {
  Write("main/a.actor", "package a; import \"b.actor\"; struct A {}");
  Write("main/b.actor", "package a; import \"../main/a.actor\";");
  DiskSourceLoader loader;
  const Compilation result = Compile(Path("main/../main/a.actor"), loader);
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(result.diagnostics[0].kind, DiagnosticKind::kImportCycle);
}

TEST_F(ImportsFromDisk, AreNamedWhereALinkStands) {
  Write("main/a.actor", "package a; import \"common/b.actor\"; struct A { B b = 1; }");
  Write("main/elsewhere.actor", "package a; struct B {}");
  std::filesystem::create_symlink(Path("main/elsewhere.actor"), Path("lib/common/b.actor"));
  DiskSourceLoader loader({Path("main/../lib"), Path("main")});
  const Compilation result = Compile(Path("main/a.actor"), loader);
  ASSERT_TRUE(result.model.has_value()) << RenderText(result.sources, result.diagnostics, TextStyle{});
  EXPECT_EQ(result.model->files[0].import_name, "a.actor");
  EXPECT_EQ(result.model->files[1].import_name, "common/b.actor");
}

TEST_F(ImportsFromDisk, SuggestANeighbour) {
  Write("main/a.actor", "package a; import \"common/mony.actor\"; import \"common\";");
  Write("lib/common/money.actor", "package common;");
  Write("lib/common/mony.txt", "");
  DiskSourceLoader loader({Path("lib")});
  const Compilation result = Compile(Path("main/a.actor"), loader);
  ASSERT_EQ(result.diagnostics.size(), 2U);
  ASSERT_TRUE(result.diagnostics[0].fix.has_value());
  EXPECT_EQ(result.diagnostics[0].fix->replacement, "common/money.actor");
  EXPECT_EQ(result.diagnostics[1].kind, DiagnosticKind::kMissingImport);  // a folder is no file
}

}  // namespace
}  // namespace onager::idl
