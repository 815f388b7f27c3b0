#include "codegen/output/output_set.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onager::codegen {
namespace {

namespace fs = std::filesystem;

class OutputSetTest : public ::testing::Test {
 protected:
  OutputSetTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    dir_ = fs::path(::testing::TempDir()) /
           (std::string("onager_output_") + test->name() + std::to_string(::getpid()));
    fs::remove_all(dir_);
    fs::create_directories(dir_);
  }
  ~OutputSetTest() override { fs::remove_all(dir_); }

  static std::string Read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  // Every file below the folder.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(dir_)) {
      if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), dir_).string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path dir_;
};

TEST_F(OutputSetTest, WritesFilesAndMakesFolders) {
  OutputSet outputs;
  outputs.Add(dir_ / "a", "1");
  outputs.Add(dir_ / "deep" / "er" / "b", std::string("\0\n", 2));
  ASSERT_TRUE(outputs.Commit().ok());
  EXPECT_EQ(Read(dir_ / "a"), "1");
  EXPECT_EQ(Read(dir_ / "deep" / "er" / "b"), std::string("\0\n", 2));
  EXPECT_THAT(Names(), ::testing::ElementsAre("a", "deep/er/b"));
}

TEST_F(OutputSetTest, LeavesUnchangedFilesUntouched) {
  OutputSet outputs;
  outputs.Add(dir_ / "same", "1");
  outputs.Add(dir_ / "other", "2");
  ASSERT_TRUE(outputs.Commit().ok());
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(24);
  fs::last_write_time(dir_ / "same", long_ago);
  fs::last_write_time(dir_ / "other", long_ago);

  OutputSet changed;
  changed.Add(dir_ / "same", "1");
  changed.Add(dir_ / "other", "3");
  ASSERT_TRUE(changed.Commit().ok());
  EXPECT_EQ(fs::last_write_time(dir_ / "same"), long_ago);
  EXPECT_GT(fs::last_write_time(dir_ / "other"), long_ago);
  EXPECT_EQ(Read(dir_ / "other"), "3");
}

TEST_F(OutputSetTest, AnErrorLeavesEverythingAsItWas) {
  std::ofstream(dir_ / "first") << "old";
  fs::create_directory(dir_ / "in_the_way");
  OutputSet outputs;
  outputs.Add(dir_ / "first", "new");
  outputs.Add(dir_ / "second", "new");
  outputs.Add(dir_ / "in_the_way", "new");
  const absl::Status status = outputs.Commit();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("in_the_way"));
  EXPECT_EQ(Read(dir_ / "first"), "old");
  EXPECT_THAT(Names(), ::testing::ElementsAre("first"));
}

TEST_F(OutputSetTest, NamesTheFileThatCannotBeWritten) {
  std::ofstream(dir_ / "file") << "no folder";
  OutputSet outputs;
  outputs.Add(dir_ / "file" / "x", "new");
  EXPECT_THAT(std::string(outputs.Commit().message()), ::testing::HasSubstr((dir_ / "file" / "x").string()));
}

TEST(DepfileTest, NamesTargetsAndPrerequisites) {
  EXPECT_EQ(Depfile({"out/a.h", "out/a.cc"}, {"in/a.actor", "in/b.actor"}),
            "out/a.h out/a.cc: \\\n  in/a.actor \\\n  in/b.actor\n");
}

TEST(DepfileTest, EscapesWhatMakeWouldRead) {
  EXPECT_EQ(Depfile({"my dir/$x#1"}, {}), "my\\ dir/$$x\\#1:\n");
}

}  // namespace
}  // namespace onager::codegen
