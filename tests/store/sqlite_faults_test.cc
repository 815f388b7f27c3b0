#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/store/sqlite/sqlite_store.h"
#include "tests/store/faulty_vfs.h"
#include "tests/store/scratch_folder.h"

namespace onager::store {
namespace {

using Kind = FileOperation::Kind;
using testing::Test;

const ActorId kA{"t.v1.Counter", "a"};
const ActorId kB{"t.v1.Counter", "b"};

CommitRecord Record(const ActorId& actor, std::uint64_t base, std::string patch = "p") {
  CommitRecord record;
  record.actor = actor;
  record.epoch = 7;
  record.base_revision = base;
  LogStep& step = record.steps.emplace_back();
  step.revision = base + 1;
  step.patch = ShareBytes(std::move(patch));
  return record;
}

std::future<absl::Status> Give(Store& store, CommitRecord record) {
  auto answer = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> answered = answer->get_future();
  store.Commit(std::move(record),
               [answer = std::move(answer)](absl::Status status) { answer->set_value(std::move(status)); });
  return answered;
}

absl::Status Commit(Store& store, CommitRecord record) { return Give(store, std::move(record)).get(); }

absl::StatusOr<std::optional<StoredActor>> Load(Store& store, const ActorId& actor) {
  std::promise<absl::StatusOr<std::optional<StoredActor>>> answer;
  store.Load(actor, [&answer](absl::StatusOr<std::optional<StoredActor>> stored) {
    answer.set_value(std::move(stored));
  });
  return answer.get_future().get();
}

/// 0 where there is no such actor.
std::uint64_t Revision(Store& store, const ActorId& actor) {
  const auto stored = Load(store, actor);
  EXPECT_TRUE(stored.ok()) << stored.status();
  return stored.ok() && stored->has_value() ? (*stored)->revision : 0;
}

class SqliteFaultsTest : public Test {
 protected:
  SqliteFaultsTest() : options_(folder_.File("store.db")) {
    options_.vfs = vfs_.name();
    options_.busy_timeout = absl::Milliseconds(50);
  }

  void Open() {
    store_.reset();
    auto store = OpenSqliteStore(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  /// What is done to a file fails with `code`, from now on.
  void Fail(Kind kind, std::string file, int code) {
    vfs_.SetFault([kind, file = "store.db" + std::move(file), code](const FileOperation& operation) {
      return operation.kind == kind && operation.file == file ? FileFault{code, false} : FileFault();
    });
  }
  void Mend() { vfs_.SetFault(nullptr); }

  ScratchFolder folder_;
  FaultyVfs vfs_;
  SqliteOptions options_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteFaultsTest, AFullDiskIsAnErrorAndWhatIsThereCanStillBeRead) {
  Open();
  ASSERT_TRUE(Commit(*store_, Record(kA, 0)).ok());
  Fail(Kind::kWrite, "-wal", SQLITE_FULL);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(absl::IsResourceExhausted(Commit(*store_, Record(kA, 1))));
    EXPECT_TRUE(absl::IsResourceExhausted(Commit(*store_, Record(kB, 0, std::string(100'000, 'x')))));
    EXPECT_EQ(Revision(*store_, kA), 1u);
    EXPECT_EQ(Revision(*store_, kB), 0u);
  }
  Mend();
  EXPECT_TRUE(Commit(*store_, Record(kA, 1)).ok());
  EXPECT_TRUE(Commit(*store_, Record(kB, 0)).ok());
  Open();
  EXPECT_EQ(Revision(*store_, kA), 2u);
  EXPECT_EQ(Revision(*store_, kB), 1u);
}

// Every commit that waits together with the one that meets the error is answered with it.
TEST_F(SqliteFaultsTest, AFlushThatFailsIsAnErrorOfAllThatWereWrittenTogetherAndTheNextWorks) {
  Open();
  ASSERT_TRUE(Commit(*store_, Record(kA, 0)).ok());
  std::atomic<int> failures = 1;
  vfs_.SetFault([&failures](const FileOperation& operation) {
    const bool fails = operation.kind == Kind::kSync && operation.is_of_log() && failures-- > 0;
    return fails ? FileFault{SQLITE_IOERR_FSYNC, false} : FileFault();
  });
  const absl::Status failed = Commit(*store_, Record(kA, 1));
  EXPECT_TRUE(absl::IsUnavailable(failed)) << failed;
  EXPECT_EQ(Revision(*store_, kA), 1u);
  EXPECT_TRUE(Commit(*store_, Record(kA, 1)).ok());
  EXPECT_EQ(Revision(*store_, kA), 2u);
  Open();
  EXPECT_EQ(Revision(*store_, kA), 2u);
}

// What became of a commit is made certain first, and that needs the disk.
TEST_F(SqliteFaultsTest, ACommitWhoseOutcomeIsUnknownIsAnsweredWhenTheDiskWorksAgain) {
  Open();
  std::promise<void> many;
  std::atomic<int> attempts = 0;
  vfs_.SetFault([&](const FileOperation& operation) {
    if (operation.kind != Kind::kSync || !operation.is_of_log()) return FileFault();
    if (++attempts == 5) many.set_value();
    return FileFault{SQLITE_IOERR_FSYNC, false};
  });
  std::future<absl::Status> answer = Give(*store_, Record(kA, 0));
  many.get_future().wait();
  EXPECT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_EQ(Revision(*store_, kB), 0u);  // Others are read meanwhile.
  Mend();
  EXPECT_TRUE(absl::IsUnavailable(answer.get()));
  EXPECT_EQ(Revision(*store_, kA), 0u);
  EXPECT_TRUE(Commit(*store_, Record(kA, 0)).ok());
}

TEST_F(SqliteFaultsTest, AStoreIsClosedThoughTheDiskDoesNotWorkAnyMore) {
  Open();
  ASSERT_TRUE(Commit(*store_, Record(kA, 0)).ok());
  std::promise<void> tried;
  std::atomic<bool> has_tried = false;
  vfs_.SetFault([&](const FileOperation& operation) {
    if (operation.kind != Kind::kSync) return FileFault();
    if (!has_tried.exchange(true)) tried.set_value();
    return FileFault{SQLITE_IOERR_FSYNC, false};
  });
  std::future<absl::Status> first = Give(*store_, Record(kA, 1));
  tried.get_future().wait();
  std::future<absl::Status> second = Give(*store_, Record(kB, 0));
  store_.reset();
  EXPECT_EQ(first.get().code(), absl::StatusCode::kUnknown);
  EXPECT_FALSE(second.get().ok());
  Mend();
  Open();
  EXPECT_GE(Revision(*store_, kA), 1u);
}

TEST_F(SqliteFaultsTest, AReadThatFailsIsAnErrorAndTheNextWorks) {
  Open();
  ASSERT_TRUE(Commit(*store_, Record(kA, 0)).ok());
  Open();  // Nothing is in memory, or in the log.
  Fail(Kind::kRead, "", SQLITE_IOERR_READ);
  EXPECT_TRUE(absl::IsUnavailable(Load(*store_, kA).status()));
  EXPECT_TRUE(absl::IsUnavailable(Commit(*store_, Record(kA, 1))));
  Mend();
  EXPECT_EQ(Revision(*store_, kA), 1u);
  EXPECT_TRUE(Commit(*store_, Record(kA, 1)).ok());
}

TEST_F(SqliteFaultsTest, WhatCannotBeCarriedIntoTheFileStaysInTheLog) {
  options_.log_bytes = 32 << 10;
  for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC}) {
    const ActorId actor{"t.v1.Counter", std::to_string(code)};
    Open();
    Fail(code == SQLITE_IOERR_FSYNC ? Kind::kSync : Kind::kWrite, "", code);
    for (std::uint64_t base = 0; base < 50; ++base) {
      ASSERT_TRUE(Commit(*store_, Record(actor, base, std::string(2'000, 'x'))).ok());
    }
    EXPECT_EQ(Revision(*store_, actor), 50u);
    Mend();
    Open();
    EXPECT_EQ(Revision(*store_, actor), 50u);
  }
}

TEST_F(SqliteFaultsTest, WhileAnotherProgramHasItLockedCommitsAreRefusedAndReadsGoOn) {
  Open();
  ASSERT_TRUE(Commit(*store_, Record(kA, 0)).ok());
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(options_.path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const absl::Status refused = Commit(*store_, Record(kA, 1));
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_EQ(Revision(*store_, kA), 1u);
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_TRUE(Commit(*store_, Record(kA, 1)).ok());
  sqlite3_close(other);
}

// The lock is that of a process, which is killed while it has it.
TEST_F(SqliteFaultsTest, AFileBelongsToOneStoreUntilItsProcessEnds) {
  options_.vfs.clear();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto store = OpenSqliteStore(options_);
    const char answer = store.ok() ? 'y' : 'n';
    if (write(ready[1], &answer, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  absl::Status refused = OpenSqliteStore(options_).status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_NE(refused.message().find("in use by another store"), std::string::npos) << refused;
  // By whatever name.
  std::filesystem::create_symlink(options_.path, folder_.File("link.db"));
  EXPECT_TRUE(absl::IsUnavailable(OpenSqliteStore(SqliteOptions(folder_.File("link.db"))).status()));
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  close(ready[0]);
  close(ready[1]);
  Open();
  EXPECT_TRUE(absl::IsUnavailable(OpenSqliteStore(options_).status()));  // In one process, too.
}

TEST_F(SqliteFaultsTest, WhatIsNoStoreOfThisVersionIsNotTouched) {
  options_.vfs.clear();
  const auto refusal = [this](std::string_view content) {
    std::ofstream(options_.path, std::ios::binary | std::ios::trunc) << content;
    const absl::Status status = OpenSqliteStore(options_).status();
    EXPECT_EQ(ReadImage(folder_.File(""))["store.db"], content);
    return status;
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(refusal("dear diary,\n")));
  EXPECT_TRUE(absl::IsFailedPrecondition(refusal(std::string(10'000, 'x'))));
  std::filesystem::remove(options_.path);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(options_.path.c_str(), &other), SQLITE_OK);
  sqlite3_exec(other, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  const std::string anothers = ReadImage(folder_.File(""))["store.db"];
  EXPECT_TRUE(absl::IsFailedPrecondition(refusal(anothers)));

  std::filesystem::remove(options_.path);
  Open();
  store_.reset();
  ASSERT_EQ(sqlite3_open(options_.path.c_str(), &other), SQLITE_OK);
  sqlite3_exec(other, "VACUUM; PRAGMA user_version = 2; PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr,
               nullptr);
  sqlite3_close(other);
  const absl::Status newer = refusal(ReadImage(folder_.File(""))["store.db"]);
  EXPECT_TRUE(absl::IsFailedPrecondition(newer)) << newer;
  EXPECT_NE(newer.message().find("newer"), std::string::npos) << newer;
  EXPECT_FALSE(OpenSqliteStore(SqliteOptions(folder_.File("no/such/folder/x.db"))).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(OpenSqliteStore(SqliteOptions()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenSqliteStore(SqliteOptions(":memory:")).status()));
}

// SQLite's own programs read, copy and recover what is here, and what they leave is a store.
TEST_F(SqliteFaultsTest, OtherProgramsMayReadAndCopy) {
  options_.vfs.clear();
  Open();
  for (std::uint64_t base = 0; base < 20; ++base) {
    ASSERT_TRUE(Commit(*store_, Record(kA, base, std::string(1'000, 'x'))).ok());
  }
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(options_.path.c_str(), &other), SQLITE_OK);
  const std::string vacuum = "VACUUM INTO '" + folder_.File("vacuumed.db") + "'";
  EXPECT_EQ(sqlite3_exec(other, vacuum.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3* copy = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.File("copied.db").c_str(), &copy), SQLITE_OK);
  sqlite3_backup* backup = sqlite3_backup_init(copy, "main", other, "main");
  ASSERT_NE(backup, nullptr);
  EXPECT_EQ(sqlite3_backup_step(backup, -1), SQLITE_DONE);
  sqlite3_backup_finish(backup);
  sqlite3_close(copy);
  sqlite3_close(other);
  // As after a `kill -9`, and another program comes first and carries the log into the file.
  const DiskImage crashed = ReadImage(folder_.File(""));
  WriteImage({{"store.db", crashed.at("store.db")}, {"store.db-wal", crashed.at("store.db-wal")}},
             folder_.File("crashed"));
  ASSERT_EQ(sqlite3_open(folder_.File("crashed/store.db").c_str(), &other), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(other, "SELECT count(*) FROM log", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  for (const char* name : {"vacuumed.db", "copied.db", "crashed/store.db"}) {
    const auto opened = OpenSqliteStore(SqliteOptions(folder_.File(name)));
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(Revision(**opened, kA), 20u) << name;
    EXPECT_TRUE(Commit(**opened, Record(kA, 20)).ok()) << name;
  }
}

// Answers keep the order of the calls, those that are refused among them.
TEST_F(SqliteFaultsTest, WhatIsMoreThanTheQueueHoldsIsRefusedInItsTurn) {
  options_.queue_records_max = 4;
  options_.reads_max = 2;
  Open();
  std::promise<void> reached;
  std::promise<void> go_on;
  std::shared_future<void> may_go_on = go_on.get_future().share();
  std::atomic<bool> is_first = true;
  vfs_.SetFault([&](const FileOperation& operation) {
    if (operation.kind == Kind::kSync && operation.is_of_log() && is_first.exchange(false)) {
      reached.set_value();
      may_go_on.wait();
    }
    return FileFault();
  });
  Mutex mutex;
  std::string order;
  const auto note = [&](const std::string& what, const absl::Status& status) {
    MutexLock lock(mutex);
    order += what + (status.ok() ? " " : absl::IsResourceExhausted(status) ? "- " : "? ");
  };
  const auto commit = [&](std::uint64_t base) {
    store_->Commit(Record(kA, base),
                   [&note, base](const absl::Status& status) { note(std::to_string(base), status); });
  };
  commit(0);
  reached.get_future().wait();
  for (std::uint64_t base = 1; base < 6; ++base) commit(base);
  for (int i = 0; i < 3; ++i) {
    store_->Load(
        kA, [&](const absl::StatusOr<std::optional<StoredActor>>& stored) { note("read", stored.status()); });
  }
  go_on.set_value();
  store_.reset();
  EXPECT_EQ(order, "0 1 2 3 4- 5- read read read- ");
}

TEST_F(SqliteFaultsTest, ARecordThatIsLargerThanTheQueueIsTakenByItself) {
  options_.queue_bytes_max = 1'000;
  options_.group_bytes_max = 1'000;
  Open();
  EXPECT_TRUE(Commit(*store_, Record(kA, 0, std::string(5'000'000, 'x'))).ok());
  EXPECT_EQ((*Load(*store_, kA))->log[0].patch->size(), 5'000'000u);
}

// A damaged page is an error of the actors on it, and of no others that are written at the same time.
TEST_F(SqliteFaultsTest, WhatIsDamagedDoesNotSpoilWhatIsWrittenTogetherWithIt) {
  options_.vfs.clear();
  Open();
  // Rows stand in the order of their actors: there are others between the two.
  ASSERT_TRUE(Commit(*store_, Record(kB, 0)).ok());
  for (const ActorId& actor : {ActorId{"t.v1.Counter", "between"}, kA}) {
    for (std::uint64_t base = 0; base < 30; ++base) {
      const std::string patch = (actor == kA && base == 29 ? "look here" : "") + std::string(1'000, 'x');
      ASSERT_TRUE(Commit(*store_, Record(actor, base, patch)).ok());
    }
  }
  store_.reset();
  DiskImage image = ReadImage(folder_.File(""));
  std::string& content = image.at("store.db");
  content.at(content.find("look here")) = 'L';
  WriteImage({{"store.db", content}}, folder_.File(""));
  Open();
  const absl::Status damaged = Load(*store_, kA).status();
  EXPECT_TRUE(absl::IsDataLoss(damaged)) << damaged;
  EXPECT_NE(damaged.message().find(kA.ToString()), std::string::npos) << damaged;
  std::vector<std::future<absl::Status>> answers;
  for (std::uint64_t i = 0; i < 20; ++i) {
    answers.push_back(Give(*store_, Record(kA, 30 + i)));
    answers.push_back(Give(*store_, Record(kB, 1 + i)));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const absl::Status answer = answers[i].get();
    EXPECT_EQ(answer.ok(), i % 2 == 1) << answer;
    EXPECT_TRUE(i > 0 || absl::IsDataLoss(answer)) << answer;
  }
  EXPECT_EQ(Revision(*store_, kB), 21u);
}

}  // namespace
}  // namespace onager::store
