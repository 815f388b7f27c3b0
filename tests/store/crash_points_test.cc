#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/xoshiro.h"
#include "runtime/store/memory_store.h"
#include "runtime/store/sqlite/sqlite_store.h"
#include "tests/store/faulty_vfs.h"
#include "tests/store/random_records.h"
#include "tests/store/scratch_folder.h"

namespace onager::store {
namespace {

// `tests/soak/crash_points` sets the number, and the first of the seeds.
std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// What a store must hold after each of some records, which are written in their order.
class History {
 public:
  explicit History(std::uint64_t seed) : records_(seed) { Describe(); }

  const std::vector<ActorId>& actors() const { return records_.actors(); }
  const CommitRecord& operator[](std::size_t index) const { return made_[index]; }
  std::size_t size() const { return made_.size(); }

  void Extend() {
    before_ = records_;
    made_.push_back(records_.Next());
    Give(made_.back());
    Describe();
  }

  /// Takes the last record back; another one comes in its place.
  void Shrink() {
    made_.pop_back();
    described_.pop_back();
    model_ = std::make_unique<MemoryStore>();
    for (const CommitRecord& record : made_) Give(record);
    records_ = before_;
    records_.Stir();
  }

  /// Of the first `count` records.
  const std::map<ActorId, std::string>& After(std::size_t count) const { return described_[count]; }

 private:
  void Give(const CommitRecord& record) {
    model_->Commit(record, [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  }
  void Describe() { described_.push_back(DescribeActors(*model_, records_.actors())); }

  RandomRecords records_;
  RandomRecords before_ = records_;  // The last record was made.
  std::unique_ptr<MemoryStore> model_ = std::make_unique<MemoryStore>();
  std::vector<CommitRecord> made_;
  std::vector<std::map<ActorId, std::string>> described_;
};

SqliteOptions Options(const std::string& folder, const std::string& vfs) {
  SqliteOptions options(folder + "/store.db");
  options.vfs = vfs;
  options.readers = 1;
  options.log_bytes = 48 << 10;  // The log is carried into the file now and then.
  return options;
}

/// When a record was given to the store, and when the store said that it was written: positions among the
/// changes of files.
struct Written {
  std::size_t given = 0;
  std::size_t acknowledged = 0;
};

/// Writes the records [from, until) of the history, in bursts of up to so many, and waits for all of them. A
/// store that nothing was asked before writes those of a burst in their order.
void WriteRecords(Store& store, const FaultyVfs& vfs, const History& history, std::size_t from,
                  std::size_t until, std::size_t burst_max, std::vector<Written>& written) {
  Xoshiro256 random(from);
  written.resize(history.size());
  for (std::size_t next = from; next < until;) {
    const std::size_t end = std::min<std::size_t>(until, next + random.Between(1, burst_max));
    std::promise<void> answered;
    std::size_t left = end - next;  // Answers come on one thread.
    for (std::size_t i = next; i < end; ++i) {
      written[i].given = vfs.position();
      store.Commit(history[i], [&, i](const absl::Status& status) {
        EXPECT_TRUE(status.ok()) << status;
        written[i].acknowledged = vfs.position();
        if (--left == 0) answered.set_value();
      });
    }
    answered.get_future().wait();
    next = end;
  }
}

/// A number of records, at least and at most.
struct Range {
  std::size_t min = 0;
  std::size_t max = 0;
};

/// What must be there when the power fails at `position`: what was acknowledged before, and nothing that was
/// not given.
Range RangeAt(const std::vector<Written>& written, std::size_t position, Range otherwise) {
  Range range = otherwise;
  for (std::size_t i = otherwise.min; i < written.size(); ++i) {
    if (written[i].acknowledged != 0 && written[i].acknowledged <= position) range.min = i + 1;
    if (written[i].given != 0 && written[i].given <= position) range.max = i + 1;
  }
  return range;
}

/// How many records a store holds, within `range`; or why what it holds is not what so many have made.
absl::StatusOr<std::size_t> RecordsHeld(Store& store, const History& history, Range range) {
  const std::map<ActorId, std::string> found = DescribeActors(store, history.actors());
  for (std::size_t count = range.min; count <= range.max; ++count) {
    if (found == history.After(count)) return count;
  }
  std::string why = absl::StrCat("it is not that of ", range.min, " to ", range.max, " records.");
  for (std::size_t count = 0; count <= history.size(); ++count) {
    if (found == history.After(count)) absl::StrAppend(&why, " It is that of ", count, ".");
  }
  for (const auto& [actor, text] : found) {
    const std::string& expected = history.After(range.min).at(actor);
    if (text != expected)
      absl::StrAppend(&why, "\n", actor.ToString(), "\n  ", text, "\n  not\n  ", expected);
  }
  return absl::DataLossError(why);
}

/// A store's life, with all moments at which the power may fail.
class Life {
 public:
  explicit Life(std::uint64_t seed, bool flushes_are_lies = false) : history_(seed) {
    if (flushes_are_lies) vfs_.LieAboutFlushes();
    for (std::size_t i = 0; i < kRecords; ++i) history_.Extend();
    WriteImage({}, folder_.File("life"));
    // It is closed in the middle, and opened again.
    for (const auto& [from, until] : {std::pair{std::size_t{0}, kRecords / 2}, {kRecords / 2, kRecords}}) {
      const auto store = OpenSqliteStore(Options(folder_.File("life"), vfs_.name()));
      EXPECT_TRUE(store.ok()) << store.status();
      if (store.ok()) WriteRecords(**store, vfs_, history_, from, until, 8, written_);
    }
  }

  std::vector<FileOperation> changes() const { return vfs_.Changes(); }

  /// Opens a store on the disk that is left when the power failed at `position`, and looks whether it is
  /// right and goes on. Now and then the power fails while it does, too.
  void CheckAfterCrash(std::size_t position, const DiskImage& disk, std::uint64_t seed) {
    Check(disk, RangeAt(written_, position, Range()), seed, true);
  }

  int lost() const { return lost_; }

 private:
  static constexpr std::size_t kRecords = 120;

  void Check(const DiskImage& disk, Range range, std::uint64_t seed, bool again) {
    const std::string folder = recovered_.File("disk");
    WriteImage(disk, folder);
    Xoshiro256 random(seed);
    FaultyVfs vfs;
    std::vector<Written> written;
    std::size_t held = 0;
    {
      const auto store = OpenSqliteStore(Options(folder, vfs.name()));
      if (!store.ok()) return Lost(store.status());
      const auto found = RecordsHeld(**store, history_, range);
      if (!found.ok()) return Lost(found.status());
      held = *found;
      const std::size_t until = std::min(kRecords, held + random.Between(0, 3));
      WriteRecords(**store, vfs, history_, held, until, 1, written);
      const auto now = RecordsHeld(**store, history_, {until, until});
      if (!now.ok()) return Lost(now.status());
    }
    if (!again || random.Between(0, 7) != 0) return;
    CrashedDisk crashed(vfs.Changes(), disk);
    const std::size_t position = random.Between(0, crashed.size());
    Check(crashed.At(position, random.Next()), RangeAt(written, position, {held, held}), random.Next(),
          false);
  }

  void Lost(const absl::Status& why) {
    ++lost_;
    if (lost_ <= 3) why_ += std::string(why.message()) + "\n";
  }

  ScratchFolder folder_;
  ScratchFolder recovered_;
  FaultyVfs vfs_;
  History history_;
  std::vector<Written> written_;
  int lost_ = 0;

 public:
  std::string why_;
};

/// A store's life on a disk that fails now and then, one record after the other: how the records went, and
/// what the file must hold from which position on.
class FailingLife {
 public:
  explicit FailingLife(std::uint64_t seed) : random_(seed), history_(seed) {
    WriteImage({}, folder_.File("life"));
    const auto store = OpenSqliteStore(Options(folder_.File("life"), vfs_.name()));
    EXPECT_TRUE(store.ok()) << store.status();
    if (!store.ok()) return;
    vfs_.SetFault([this](const FileOperation& operation) { return FaultOf(operation); });
    for (std::size_t i = 0; i < kRecords; ++i) WriteOne(**store);
    vfs_.SetFault(nullptr);
    EXPECT_EQ(DescribeActors(**store, history_.actors()), history_.After(history_.size()));
  }

  std::vector<FileOperation> changes() const { return vfs_.Changes(); }
  /// Where a record was answered with an error.
  const std::vector<std::size_t>& failures() const { return failures_; }

  /// Positions to look at, rising: some of all since the store was open, and those of the failures.
  std::vector<std::size_t> Positions(Xoshiro256& random) const {
    std::vector<std::size_t> positions = failures_;
    for (std::size_t at = moments_.front().at; at <= vfs_.position(); at += random.Between(1, 15)) {
      positions.push_back(at);
    }
    std::sort(positions.begin(), positions.end());
    return positions;
  }

  /// What may be held after a crash at `position`: what was held, and what is given and not answered.
  void CheckAfterCrash(std::size_t position, const DiskImage& disk) {
    const std::string folder = folder_.File("recovered");
    WriteImage(disk, folder);
    const auto store = OpenSqliteStore(Options(folder, ""));
    ASSERT_TRUE(store.ok()) << store.status();
    const std::map<ActorId, std::string> found = DescribeActors(**store, history_.actors());
    const auto after = std::upper_bound(moments_.begin(), moments_.end(), position,
                                        [](std::size_t at, const Moment& moment) { return at < moment.at; });
    ASSERT_NE(after, moments_.begin());
    EXPECT_TRUE(std::prev(after)->possible.contains(Digest(found))) << "is " << Digest(found);
  }

 private:
  static constexpr std::size_t kRecords = 80;

  /// From a position among the changes on.
  struct Moment {
    std::size_t at = 0;
    std::set<std::string> possible;
  };

  static std::string Digest(const std::map<ActorId, std::string>& described) {
    std::string digest;
    for (const auto& [actor, text] : described) absl::StrAppend(&digest, actor.ToString(), " ", text, "\n");
    return digest;
  }

  // Several in a row, so that what is done about an error meets one too.
  FileFault FaultOf(const FileOperation& operation) {
    using Kind = FileOperation::Kind;
    if (operation.kind != Kind::kWrite && operation.kind != Kind::kSync) return {};
    if (failing_ == 0) {
      if (random_.Between(0, operation.kind == Kind::kSync ? 7 : 30) != 0) return {};
      failing_ = random_.Between(1, 4);
      code_ = random_.Between(0, 2) == 0 ? SQLITE_FULL : SQLITE_IOERR;
    }
    --failing_;
    if (operation.kind == Kind::kSync) return {SQLITE_IOERR_FSYNC, false};
    // No room: nothing was written. Another error may be told of what was.
    if (code_ == SQLITE_FULL) return {SQLITE_FULL, false};
    return {SQLITE_IOERR_WRITE, random_.Between(0, 1) == 0};
  }

  void WriteOne(Store& store) {
    const std::string before = Digest(history_.After(history_.size()));
    history_.Extend();
    const std::string with = Digest(history_.After(history_.size()));
    moments_.push_back({vfs_.position(), {before, with}});
    std::promise<absl::Status> answer;
    store.Commit(history_[history_.size() - 1], [&](const absl::Status& status) {
      moments_.push_back({vfs_.position(), {status.ok() ? with : before}});
      if (!status.ok()) failures_.push_back(vfs_.position());
      answer.set_value(status);
    });
    const absl::Status status = answer.get_future().get();
    if (status.ok()) return;
    EXPECT_TRUE(absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) << status;
    history_.Shrink();
  }

  Xoshiro256 random_;
  ScratchFolder folder_;
  FaultyVfs vfs_;
  History history_;
  std::vector<Moment> moments_;  // Rising.
  std::uint64_t failing_ = 0;
  int code_ = 0;
  std::vector<std::size_t> failures_;
};

TEST(CrashPointsTest, WhateverADiskKeepsWhatWasAcknowledgedIsThereAndNothingIsHalf) {
  const std::uint64_t points = FromEnvironment("ONAGER_CRASH_POINTS", 1'200);
  std::uint64_t seed = FromEnvironment("ONAGER_CRASH_SEED", 1);
  std::uint64_t done = 0;
  for (; done < points; ++seed) {
    Life life(seed);
    ASSERT_FALSE(testing::Test::HasFailure()) << "ONAGER_CRASH_SEED=" << seed;
    CrashedDisk disk(life.changes());
    // A part of its moments, rising; over many seeds all of them.
    Xoshiro256 random(seed);
    const std::uint64_t stride = 1 + disk.size() / 300;
    for (std::size_t position = random.Between(0, stride - 1); position <= disk.size() && done < points;
         position += random.Between(1, 2 * stride - 1), ++done) {
      const std::uint64_t chance = random.Next();
      life.CheckAfterCrash(position, disk.At(position, chance), chance);
      ASSERT_EQ(life.lost(), 0) << "ONAGER_CRASH_SEED=" << seed << ", at " << position << ": " << life.why_;
    }
  }
  std::cout << done << " crash points, seeds up to " << seed - 1 << std::endl;
}

TEST(CrashPointsTest, WhatWasAnsweredWithAnErrorOfTheDiskIsNeverFoundAgain) {
  const std::uint64_t points = FromEnvironment("ONAGER_CRASH_POINTS", 800);
  std::uint64_t seed = FromEnvironment("ONAGER_CRASH_SEED", 1);
  std::size_t failed = 0;
  for (std::uint64_t done = 0; done < points; ++seed) {
    FailingLife life(seed);
    failed += life.failures().size();
    CrashedDisk disk(life.changes());
    Xoshiro256 random(seed);
    for (const std::size_t position : life.Positions(random)) {
      if (done++ == points) break;
      const std::uint64_t chance = random.Next();
      life.CheckAfterCrash(position, disk.At(position, chance));
      ASSERT_FALSE(testing::Test::HasFailure()) << "ONAGER_CRASH_SEED=" << seed << ", at " << position;
    }
  }
  EXPECT_GT(failed, points / 50);
}

// So that the tests above cannot pass for a wrong reason.
TEST(CrashPointsTest, ADiskThatLiesAboutFlushesIsNoticed) {
  Life life(1, true);
  CrashedDisk disk(life.changes());
  for (std::size_t position = 0; position <= disk.size() && life.lost() < 3; position += 7) {
    life.CheckAfterCrash(position, disk.At(position, position), position);
  }
  EXPECT_GE(life.lost(), 3);
}

}  // namespace
}  // namespace onager::store
