#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "runtime/store/open/open_store.h"
#include "runtime/tool/onager.h"
#include "tests/store/scratch_folder.h"

namespace onager::tool {
namespace {

class ToolTest : public testing::Test {
 protected:
  ToolTest() { unsetenv("ONAGER_STORE"); }

  /// The exit code; what is printed is in `out_` and `err_`.
  int Run(std::vector<std::string> arguments) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = RunOnager(arguments, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  /// A store with two actors, of which one is destroyed.
  std::unique_ptr<store::Store> MakeStore(const std::string& url) {
    absl::StatusOr<std::unique_ptr<store::Store>> store = store::Open(url);
    EXPECT_TRUE(store.ok()) << store.status();
    store::CommitRecord record;
    record.actor = {"todo.v1.TodoList", "gro/ceries\n"};
    record.epoch = 0x1234;
    record.version = 2;
    record.steps.emplace_back().revision = 1;
    record.steps.back().patch = ShareBytes("patch");
    record.steps.back().committed_at = absl::FromUnixSeconds(1'700'000'000);
    record.snapshot = ShareBytes("state");
    record.calls.emplace_back().outcome = ShareBytes("secret");
    record.reminders.emplace_back().name = "Due";
    record.reminders.back().id = "\x01";
    record.reminders.back().due = absl::FromUnixSeconds(1'700'000'100);
    record.reminders.back().period = absl::Hours(1);
    Commit(**store, record);
    record = store::CommitRecord();
    record.actor = {"todo.v1.TodoList", "old"};
    record.epoch = 0x99;
    record.destroy = true;
    Commit(**store, record);
    return *std::move(store);
  }
  static void Commit(store::Store& store, store::CommitRecord record) {
    std::promise<absl::Status> committed;
    store.Commit(std::move(record), [&committed](absl::Status status) { committed.set_value(status); });
    EXPECT_TRUE(committed.get_future().get().ok());
  }
  std::string Url(const std::string& name) const { return "sqlite:" + folder_.File(name); }

  store::ScratchFolder folder_;
  std::string out_;
  std::string err_;
};

TEST_F(ToolTest, AStoreIsBackedUpWhileItIsOpenAndRestoredElsewhere) {
  const std::unique_ptr<store::Store> open = MakeStore(Url("data.db"));
  const std::string file = folder_.File("backup");
  ASSERT_EQ(Run({"backup", "--store", Url("data.db"), "--out", file}), kExitOk) << err_;
  EXPECT_EQ(out_, file + ": 2 actors (1 destroyed), 0 steps, 1 calls, 1 reminders\n");
  ASSERT_EQ(Run({"verify", file}), kExitOk) << err_;
  EXPECT_EQ(out_, file + ": whole: 2 actors (1 destroyed), 0 steps, 1 calls, 1 reminders\n");
  ASSERT_EQ(Run({"restore", "--in", file, "--store", Url("copy.db")}), kExitOk) << err_;

  ASSERT_EQ(Run({"list", "--in", file}), kExitOk) << err_;
  const std::string in_file = out_;
  EXPECT_EQ(in_file,
            "todo.v1.TodoList/gro/ceries\\n revision=1 epoch=0000000000001234\n"
            "todo.v1.TodoList/old revision=0 epoch=0000000000000099 destroyed\n");
  ASSERT_EQ(Run({"list", "--store", Url("data.db")}), kExitOk) << err_;
  EXPECT_EQ(out_, in_file);
  ASSERT_EQ(Run({"list", "--store", Url("copy.db"), "--type", "todo.v1.TodoList"}), kExitOk) << err_;
  EXPECT_EQ(out_.find("epoch=0000000000001234"), std::string::npos);  // Another one.
  EXPECT_NE(out_.find("old revision=0 epoch=0000000000000099 destroyed"), std::string::npos);
  ASSERT_EQ(Run({"list", "--in", file, "--type", "other"}), kExitOk) << err_;
  EXPECT_EQ(out_, "");
}

TEST_F(ToolTest, AnActorIsShownWithoutItsData) {
  const std::unique_ptr<store::Store> open = MakeStore(Url("data.db"));
  ASSERT_EQ(Run({"show", "todo.v1.TodoList/gro/ceries\n", "--store", Url("data.db")}), kExitOk) << err_;
  EXPECT_EQ(out_,
            "todo.v1.TodoList/gro/ceries\\n revision=1 epoch=0000000000001234\n"
            "version: 2\n"
            "snapshot: revision 1, 5 bytes, version 2\n"
            "log: revisions 1 to 1, 5 bytes, 2023-11-14T22:13:20Z to 2023-11-14T22:13:20Z\n"
            "calls: 1\n"
            "reminder: Due 01 due 2023-11-14T22:15:00Z every 1h\n");
  EXPECT_EQ(Run({"show", "todo.v1.TodoList/nobody", "--store", Url("data.db")}), kExitFailed);
  EXPECT_EQ(err_, "onager: there is no todo.v1.TodoList/nobody\n");
  ASSERT_EQ(Run({"backup", "--store", Url("data.db"), "--out", folder_.File("b")}), kExitOk) << err_;
  ASSERT_EQ(Run({"show", "todo.v1.TodoList/old", "--in", folder_.File("b")}), kExitOk) << err_;
  EXPECT_EQ(out_, "todo.v1.TodoList/old revision=0 epoch=0000000000000099 destroyed\n");
}

TEST_F(ToolTest, WhatCannotBeDoneIsSaidAndLeavesNothing) {
  EXPECT_EQ(Run({"backup", "--store", Url("none.db"), "--out", folder_.File("backup")}), kExitFailed);
  EXPECT_NE(err_.find("none.db: there is no such file"), std::string::npos) << err_;
  EXPECT_FALSE(std::filesystem::exists(folder_.File("none.db")));
  EXPECT_FALSE(std::filesystem::exists(folder_.File("backup")));

  const std::unique_ptr<store::Store> open = MakeStore(Url("data.db"));
  ASSERT_EQ(Run({"backup", "--store", Url("data.db"), "--out", folder_.File("backup")}), kExitOk) << err_;
  EXPECT_EQ(Run({"backup", "--store", Url("data.db"), "--out", folder_.File("backup")}), kExitFailed);
  EXPECT_EQ(Run({"backup", "--store", Url("data.db"), "--out", folder_.File("backup"), "--replace"}),
            kExitOk);
  EXPECT_EQ(Run({"restore", "--store", Url("data.db"), "--in", folder_.File("backup")}), kExitFailed);
  EXPECT_EQ(Run({"restore", "--store", "memory:", "--in", folder_.File("backup")}), kExitFailed);

  std::ofstream(folder_.File("backup"), std::ios::app) << "x";
  EXPECT_EQ(Run({"verify", folder_.File("backup")}), kExitFailed);
  EXPECT_NE(err_.find("is damaged"), std::string::npos) << err_;
  EXPECT_EQ(Run({"restore", "--store", Url("new.db"), "--in", folder_.File("backup")}), kExitFailed);
  EXPECT_FALSE(std::filesystem::exists(folder_.File("new.db")));
  EXPECT_EQ(Run({"list", "--in", folder_.File("backup")}), kExitFailed);
}

TEST_F(ToolTest, PasswordsAreNotPrinted) {
  EXPECT_EQ(Run({"list", "--store", "postgres://ann:secret@127.0.0.1:1/db"}), kExitFailed);
  EXPECT_EQ(err_.find("secret"), std::string::npos) << err_;
  EXPECT_NE(err_.find("postgres://ann:…@127.0.0.1:1/db"), std::string::npos) << err_;
}

TEST_F(ToolTest, TheStoreMayComeFromTheEnvironment) {
  const std::unique_ptr<store::Store> open = MakeStore(Url("data.db"));
  setenv("ONAGER_STORE", Url("data.db").c_str(), 1);
  EXPECT_EQ(Run({"list"}), kExitOk) << err_;
  ASSERT_EQ(Run({"backup", "--out", folder_.File("backup")}), kExitOk) << err_;
  setenv("ONAGER_STORE", Url("none.db").c_str(), 1);
  EXPECT_EQ(Run({"list", "--in", folder_.File("backup")}), kExitOk) << err_;
  unsetenv("ONAGER_STORE");
}

TEST_F(ToolTest, WrongUsageIsTwoAndHelpIsHelp) {
  EXPECT_EQ(Run({}), kExitUsage);
  EXPECT_EQ(Run({"frobnicate"}), kExitUsage);
  EXPECT_EQ(Run({"backup"}), kExitUsage);
  EXPECT_EQ(Run({"list"}), kExitUsage);
  EXPECT_EQ(Run({"list", "--store", "sqlite:a", "--in", "b"}), kExitUsage);
  EXPECT_EQ(Run({"show", "--store", "sqlite:a"}), kExitUsage);
  for (const char* command : {"backup", "restore", "verify", "list", "show"}) {
    EXPECT_EQ(Run({command, "--help"}), kExitOk);
    EXPECT_NE(out_, "");
    EXPECT_EQ(err_, "");
  }
  EXPECT_EQ(Run({"--help"}), kExitOk);
  EXPECT_NE(out_.find("Exit codes"), std::string::npos);
  EXPECT_EQ(Run({"--version"}), kExitOk);
  EXPECT_EQ(out_.rfind("onager ", 0), 0u) << out_;
}

}  // namespace
}  // namespace onager::tool
