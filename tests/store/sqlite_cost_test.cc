// What is written and read of an SQLite store's file, which a clock would tell less exactly.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "runtime/store/sqlite/sqlite_store.h"
#include "tests/store/faulty_vfs.h"
#include "tests/store/scratch_folder.h"
#include "tests/store/store_calls.h"

namespace onager::store {
namespace {

using Kind = FileOperation::Kind;

class SqliteStoreCostTest : public testing::Test {
 protected:
  SqliteStoreCostTest() {
    vfs_.SetFault([this](const FileOperation& operation) {
      if (operation.kind == Kind::kRead) ++reads_;
      if (operation.kind == Kind::kWrite && operation.is_of_log()) {
        ++log_writes_;
        log_bytes_ += operation.data.size();
      }
      return FileFault();
    });
  }
  ~SqliteStoreCostTest() override {
    store_.reset();
    vfs_.SetFault(nullptr);
  }

  void Open(const std::string& file = "store.db") {
    store_.reset();
    SqliteOptions options(folder_.File(file));
    options.vfs = vfs_.name();
    auto opened = OpenSqliteStore(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  ScratchFolder folder_;
  FaultyVfs vfs_;
  std::unique_ptr<Store> store_;
  std::atomic<std::uint64_t> reads_ = 0;
  std::atomic<std::uint64_t> log_writes_ = 0;
  std::atomic<std::uint64_t> log_bytes_ = 0;
};

TEST_F(SqliteStoreCostTest, TheLogIsWrittenInRuns) {
  Open();
  ASSERT_TRUE(CommitNow(*store_, StepRecord({"t.v1.Counter", "a"}, 0, "p")).ok());
  const std::uint64_t writes = log_writes_;
  const std::uint64_t bytes = log_bytes_;
  ASSERT_TRUE(CommitNow(*store_, StepRecord({"t.v1.Counter", "a"}, 1, std::string(1'000'000, 'p'))).ok());
  EXPECT_GT(log_bytes_ - bytes, 1'000'000u);
  EXPECT_LE(log_writes_ - writes, 12u);
  // One that is small: what its frames are, at once.
  const std::uint64_t writes_of_large = log_writes_;
  ASSERT_TRUE(CommitNow(*store_, StepRecord({"t.v1.Counter", "a"}, 2, "p")).ok());
  EXPECT_EQ(log_writes_ - writes_of_large, 1u);
}

TEST_F(SqliteStoreCostTest, ACommitWritesTheSameWhateverTheStateIs) {
  const auto written_of = [this](const std::string& file, std::size_t state_bytes) {
    const ActorId actor{"t.v1.Counter", "a"};
    Open(file);
    CommitRecord first = StepRecord(actor, 0, "p");
    first.snapshot = ShareBytes(std::string(state_bytes, 's'));
    EXPECT_TRUE(CommitNow(*store_, std::move(first)).ok());
    const std::uint64_t before = log_bytes_;
    for (std::uint64_t base = 1; base < 60; ++base) {
      EXPECT_TRUE(CommitNow(*store_, StepRecord(actor, base, std::string(100, 'p'))).ok());
    }
    return log_bytes_ - before;
  };
  const std::uint64_t small = written_of("small.db", 1'000);
  const std::uint64_t large = written_of("large.db", 10'000'000);
  EXPECT_GT(small, 0u);
  EXPECT_LE(large, small + small / 10);
}

TEST_F(SqliteStoreCostTest, WhatIsReadOfAnActorIsItsState) {
  const ActorId actor{"t.v1.Counter", "a"};
  Open();
  for (std::uint64_t base = 0; base < 1'024; ++base) {
    CommitRecord record = StepRecord(actor, base, std::string(1'024, 'p'));
    if (base % 256 == 255) record.snapshot = ShareBytes(std::string(100'000, 's'));
    ASSERT_TRUE(CommitNow(*store_, std::move(record)).ok());
  }
  Open();
  std::uint64_t before = reads_;
  std::promise<std::size_t> earlier;
  store_->LoadRecent(actor, [&](const absl::StatusOr<std::optional<StoredActor>>& stored) {
    earlier.set_value(stored.ok() && stored->has_value() ? (*stored)->earlier->size() : 0);
  });
  EXPECT_EQ(earlier.get_future().get(), 1'024u);
  const std::uint64_t recent = reads_ - before;
  Open();
  before = reads_;
  EXPECT_EQ((*LoadNow(*store_, actor))->log.size(), 1'024u);
  const std::uint64_t whole = reads_ - before;
  EXPECT_GE(whole, 1'024u) << "each step is on a page of its own";
  EXPECT_LE(recent, whole / 4);
}

}  // namespace
}  // namespace onager::store
