#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "runtime/store/transfer/backup.h"
#include "tests/actor/ledger_actor.h"

// Actors of a store that was restored from a backup.
namespace onager::actor {
namespace {

using session::FeedRead;
using session::Position;

/// A file that goes with the test.
class BackupPath {
 public:
  BackupPath() : path_(testing::TempDir() + "onager_restore_" + std::to_string(getpid())) {}
  ~BackupPath() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

TEST(RestoreTest, ObserversAreToldOfANewEpochAndCallsThatRanDoNotRunAgain) {
  const BackupPath file;
  LedgerWorld before;
  EXPECT_EQ(before.Call(kPut, "5", 7)->text(), "5");
  before.Call(kRemind, "0 x 3600 0");
  before.Call(kPutAsync, "2");  // Which marks the store as perhaps behind.
  const Position seen = before.Feed()->head();
  before.environment.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(before.Stored().ahead);
  ASSERT_TRUE(store::Backup(before.store, file.path(), store::BackupOptions()).ok());

  LedgerWorld after;
  ASSERT_TRUE(store::Restore(file.path(), after.store, [] { return 4242; }).ok());
  const auto feed = after.Feed(seen);
  EXPECT_NE(feed->head().epoch, seen.epoch);
  EXPECT_EQ(feed->head().revision, seen.revision);
  const FeedRead read = feed->Read(seen, false, 1 << 20, after.environment.Now());
  EXPECT_EQ(read.why, FeedRead::Why::kOtherEpoch);
  EXPECT_EQ(after.Call(kSum)->text(), "7");
  EXPECT_EQ(after.Call(kPut, "5", 7)->text(), "5");  // As it was answered then.
  EXPECT_EQ(after.log.runs, 0);
  EXPECT_EQ(after.Call(kPut, "1", 8)->text(), "8");
  after.environment.Advance(std::chrono::hours(2));
  EXPECT_EQ(after.log.reminders, std::vector<std::string>{"0:x"});

  // The epoch is kept from then on.
  const Position restored = after.Feed()->head();
  after.Restart();
  EXPECT_EQ(after.Feed()->head().epoch, restored.epoch);
}

}  // namespace
}  // namespace onager::actor
