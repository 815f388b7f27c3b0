#include "runtime/store/write_behind.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/system_environment.h"
#include "runtime/base/xoshiro.h"
#include "runtime/testing/manual_environment.h"
#include "tests/store/slow_store.h"
#include "tests/store/store_conformance.h"

namespace onager::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const ActorId kA{"t.v1.Counter", "a"};
const ActorId kB{"t.v1.Counter", "b"};
const ActorId kC{"t.v1.Counter", "c"};

CommitRecord Record(const ActorId& actor, std::uint64_t base, std::string patch = "p") {
  CommitRecord record;
  record.actor = actor;
  record.epoch = 7;
  record.base_revision = base;
  record.steps.emplace_back();
  record.steps.back().revision = base + 1;
  record.steps.back().patch = ShareBytes(std::move(patch));
  return record;
}

/// A write-behind in virtual time over a store that answers when the test says so.
class WriteBehindTest : public testing::Test, public LostListener {
 protected:
  explicit WriteBehindTest(const WriteBehindOptions& options = WriteBehindOptions()) { Make(options); }
  ~WriteBehindTest() override {
    store_.hold = false;
    store_.CompleteAll();
    behind_.reset();
    environment_.RunReady();
  }

  void Make(const WriteBehindOptions& options) {
    behind_ = std::make_unique<WriteBehind>(store_, environment_.environment(), options);
    behind_->SetLostListener(this);
  }

  void OnWritesLost(const ActorId& actor, const absl::Status& why) override {
    Log("lost " + actor.key + " " + absl::StatusCodeToString(why.code()));
  }

  void Log(const std::string& line) { log_ += log_.empty() ? line : ", " + line; }
  std::string TakeLog() {
    environment_.RunReady();
    return std::exchange(log_, "");
  }
  Store::CommitDone Logged(std::string name) {
    return [this, name = std::move(name)](const absl::Status& status) {
      Log(name + (status.ok() ? "" : " " + absl::StatusCodeToString(status.code())));
    };
  }
  void Behind(const ActorId& actor, std::uint64_t base, std::string patch = "p") {
    behind_->CommitBehind(Record(actor, base, std::move(patch)),
                          Logged("accepted " + actor.key + std::to_string(base + 1)));
  }
  void Sync(const ActorId& actor, std::uint64_t base) {
    behind_->Commit(Record(actor, base), Logged("written " + actor.key + std::to_string(base + 1)));
  }
  void Load(const ActorId& actor) {
    behind_->Load(actor, [this](const absl::StatusOr<std::optional<StoredActor>>& stored) {
      Log(!stored.ok()           ? "loaded " + absl::StatusCodeToString(stored.status().code())
          : !stored->has_value() ? "loaded nothing"
                                 : "loaded " + std::to_string((*stored)->revision));
    });
  }
  void Flush() { behind_->Flush(Logged("flushed")); }
  std::uint64_t Stored(const ActorId& actor) {
    std::uint64_t revision = 0;
    store_.memory.Load(actor, [&revision](const absl::StatusOr<std::optional<StoredActor>>& stored) {
      if (stored->has_value()) revision = (*stored)->revision;
    });
    return revision;
  }

  simulation::ManualEnvironment environment_;
  SlowStore store_;
  std::unique_ptr<WriteBehind> behind_;
  std::string log_;
};

TEST_F(WriteBehindTest, WhatIsAcceptedIsWrittenWithinTheDelayAsOneRecord) {
  Behind(kA, 0);
  environment_.Advance(milliseconds(30));
  Behind(kA, 1);
  EXPECT_EQ(TakeLog(), "accepted a1, accepted a2");
  EXPECT_EQ(behind_->counters().queued_records, 2u);
  environment_.Advance(milliseconds(19));
  EXPECT_EQ(store_.commits, 0);
  environment_.Advance(milliseconds(1));
  EXPECT_EQ(store_.commits, 1);
  EXPECT_EQ(store_.last.steps.size(), 2u);
  EXPECT_EQ(behind_->counters().queued_records, 2u);
  EXPECT_EQ(behind_->counters().oldest, milliseconds(50));
  store_.Complete();
  EXPECT_EQ(Stored(kA), 2u);
  EXPECT_EQ(behind_->counters().queued_records, 0u);
  EXPECT_EQ(behind_->counters().queued_bytes, 0u);
  EXPECT_EQ(behind_->counters().written, 1u);
  environment_.Advance(seconds(1));
  EXPECT_EQ(store_.commits, 1);
}

TEST_F(WriteBehindTest, WhatIsAcceptedDuringAWriteIsWrittenAfterIt) {
  Behind(kA, 0);
  environment_.Advance(milliseconds(50));
  for (std::uint64_t base = 1; base < 100; ++base) Behind(kA, base);
  environment_.Advance(milliseconds(200));
  EXPECT_EQ(store_.commits, 1);
  store_.Complete();
  EXPECT_EQ(store_.commits, 2);  // It has waited long enough.
  EXPECT_EQ(store_.last.steps.size(), 99u);
  store_.Complete();
  EXPECT_EQ(Stored(kA), 100u);
}

TEST_F(WriteBehindTest, ASyncCommitIsWrittenTogetherWithWhatWaits) {
  Behind(kA, 0);
  Behind(kA, 1);
  Sync(kA, 2);
  EXPECT_EQ(TakeLog(), "accepted a1, accepted a2");
  EXPECT_EQ(store_.commits, 1);
  EXPECT_EQ(store_.last.steps.size(), 3u);
  store_.Complete();
  EXPECT_EQ(TakeLog(), "written a3");
  EXPECT_EQ(Stored(kA), 3u);
}

TEST_F(WriteBehindTest, ASyncCommitWaitsForAWriteOnItsWay) {
  Behind(kA, 0);
  environment_.Advance(milliseconds(50));
  Sync(kA, 1);
  EXPECT_EQ(store_.commits, 1);
  store_.Complete();
  EXPECT_EQ(store_.commits, 2);
  store_.Complete();
  EXPECT_EQ(TakeLog(), "accepted a1, written a2");
}

TEST_F(WriteBehindTest, SyncCommitsFollowEachOtherWithoutWaiting) {
  Sync(kA, 0);
  Sync(kA, 1);
  Load(kA);
  EXPECT_EQ(store_.held.size(), 3u);
  store_.CompleteAll();
  EXPECT_EQ(TakeLog(), "written a1, written a2, loaded 2");
}

TEST_F(WriteBehindTest, ReadersFindWhatWasAccepted) {
  store_.hold = false;
  Behind(kA, 0);
  Behind(kA, 1);
  Load(kA);
  EXPECT_EQ(TakeLog(), "accepted a1, accepted a2, loaded 2");
  Behind(kA, 2);
  behind_->LoadPast(kA, [this](const absl::StatusOr<std::optional<StoredPast>>& past) {
    Log("past " + std::to_string((*past)->revision));
  });
  EXPECT_EQ(TakeLog(), "accepted a3, past 3");
  Load(kB);  // Concerns nobody else.
  EXPECT_EQ(TakeLog(), "loaded nothing");
}

TEST_F(WriteBehindTest, OnesActorsReadersDoNotWriteAnothersRecords) {
  Behind(kA, 0);
  Load(kB);
  EXPECT_EQ(store_.commits, 0);
  EXPECT_EQ(store_.held.size(), 1u);
}

TEST_F(WriteBehindTest, WhatFollowsASyncCommitIsAcceptedWhenThatIsAnswered) {
  Sync(kA, 0);
  Behind(kA, 1);
  EXPECT_EQ(TakeLog(), "");
  store_.Complete();
  EXPECT_EQ(TakeLog(), "written a1, accepted a2");
}

// So nothing is lost that somebody was told of.
TEST_F(WriteBehindTest, WhatFollowsASyncCommitThatFailsIsNotAccepted) {
  Sync(kA, 0);
  Behind(kA, 1);
  Behind(kA, 2);
  store_.Complete(absl::UnavailableError("down"));
  EXPECT_EQ(TakeLog(), "written a1 UNAVAILABLE, accepted a2 ABORTED, accepted a3 ABORTED");
  Behind(kA, 0);  // Whoever begins again is welcome.
  EXPECT_EQ(TakeLog(), "accepted a1");
  EXPECT_EQ(behind_->counters().lost, 0u);
}

TEST_F(WriteBehindTest, WhatIsNoRecordOrDoesNotContinueWhatWaitsIsRefused) {
  CommitRecord gap = Record(kA, 0);
  gap.steps[0].revision = 5;
  behind_->CommitBehind(std::move(gap), Logged("gap"));
  Behind(kA, 0);
  Behind(kA, 3);
  Behind(kA, 1);
  EXPECT_EQ(TakeLog(), "gap INVALID_ARGUMENT, accepted a1, accepted a4 ABORTED, accepted a2");
}

TEST_F(WriteBehindTest, ARecordThatCannotBeJoinedIsAcceptedWhenTheOneBeforeItIsWritten) {
  CommitRecord snapshot = Record(kA, 0);
  snapshot.snapshot = ShareBytes("s1");
  behind_->CommitBehind(std::move(snapshot), Logged("snapshot"));
  Behind(kA, 1);  // Has the first one written.
  Behind(kA, 2);  // Joins the second.
  CommitRecord destroy = Record(kA, 3);
  destroy.steps.clear();
  destroy.destroy = true;
  behind_->CommitBehind(std::move(destroy), Logged("destroyed"));
  EXPECT_EQ(TakeLog(), "snapshot, accepted a2, accepted a3");
  EXPECT_EQ(store_.commits, 1);
  store_.Complete();
  EXPECT_EQ(TakeLog(), "destroyed");
  EXPECT_EQ(store_.commits, 2);
  EXPECT_EQ(store_.last.steps.size(), 2u);
  store_.Complete();
  environment_.Advance(milliseconds(50));
  store_.Complete();
  Load(kA);
  store_.Complete();
  EXPECT_EQ(TakeLog(), "loaded 3");
}

TEST_F(WriteBehindTest, ARetriedRecordGoesOnCollecting) {
  Behind(kA, 0);
  environment_.Advance(milliseconds(50));
  Behind(kA, 1);
  store_.Complete(absl::UnavailableError("down"));
  Behind(kA, 2);
  EXPECT_EQ(TakeLog(), "accepted a1, accepted a2, accepted a3");
  store_.hold = false;
  store_.fails = absl::ResourceExhaustedError("full");
  environment_.Advance(seconds(60));
  EXPECT_EQ(Stored(kA), 0u);
  EXPECT_GT(behind_->counters().retries, 5u);
  EXPECT_LT(behind_->counters().retries, 200u);
  EXPECT_EQ(behind_->counters().queued_records, 3u);
  EXPECT_GE(behind_->counters().oldest, seconds(60));
  store_.fails = absl::OkStatus();
  environment_.Advance(seconds(10));  // The longest wait.
  EXPECT_EQ(Stored(kA), 3u);
  EXPECT_EQ(store_.last.steps.size(), 3u);
  EXPECT_EQ(TakeLog(), "");
}

TEST_F(WriteBehindTest, WhoeverNeedsWhatCannotBeWrittenIsToldAtOnce) {
  Behind(kA, 0);
  store_.hold = false;
  store_.fails = absl::UnavailableError("down");
  Sync(kA, 1);
  EXPECT_EQ(TakeLog(), "accepted a1, written a2 UNAVAILABLE");
  Load(kA);
  Sync(kA, 1);
  Flush();
  EXPECT_EQ(TakeLog(), "loaded UNAVAILABLE, written a2 UNAVAILABLE, flushed UNAVAILABLE");
  store_.fails = absl::OkStatus();
  Sync(kA, 1);
  Flush();
  EXPECT_EQ(TakeLog(), "written a2, flushed");
  EXPECT_EQ(Stored(kA), 2u);
}

TEST_F(WriteBehindTest, SomebodyElsesWriteLosesWhatWaits) {
  store_.hold = false;
  store_.memory.Commit(Record(kA, 0, "theirs"), [](const absl::Status&) {});
  Behind(kA, 0);
  Behind(kA, 1);
  environment_.Advance(milliseconds(50));
  EXPECT_EQ(TakeLog(), "accepted a1, accepted a2, lost a ABORTED");
  EXPECT_EQ(behind_->counters().lost, 2u);
  EXPECT_EQ(behind_->counters().queued_records, 0u);
  Load(kA);
  Behind(kA, 1);
  environment_.Advance(milliseconds(50));
  EXPECT_EQ(TakeLog(), "loaded 1, accepted a2");
  EXPECT_EQ(Stored(kA), 2u);
}

TEST_F(WriteBehindTest, TheLossIsToldBeforeAnythingElseOfTheActor) {
  Behind(kA, 0);
  environment_.Advance(milliseconds(50));
  Behind(kA, 1);
  Sync(kA, 2);
  Behind(kA, 3);
  Load(kA);
  store_.Complete(absl::DataLossError("rotten"));
  EXPECT_EQ(TakeLog(), "accepted a1, accepted a2, lost a DATA_LOSS");
  store_.CompleteAll();
  EXPECT_EQ(TakeLog(), "written a3 ABORTED, accepted a4 ABORTED, loaded nothing");
}

TEST_F(WriteBehindTest, ASyncCommitThatTheStoreDoesNotTakeHarmsNothingElse) {
  Behind(kA, 0);
  Sync(kA, 1);
  EXPECT_EQ(store_.last.steps.size(), 2u);
  store_.Complete(absl::InvalidArgumentError("too large"));
  EXPECT_EQ(TakeLog(), "accepted a1, written a2 INVALID_ARGUMENT");
  EXPECT_EQ(store_.last.steps.size(), 1u);
  store_.Complete();
  EXPECT_EQ(Stored(kA), 1u);
  EXPECT_EQ(TakeLog(), "");
}

TEST_F(WriteBehindTest, AFlushWritesEverythingAndWaitsForIt) {
  Flush();
  EXPECT_EQ(TakeLog(), "flushed");
  Behind(kA, 0);
  Behind(kB, 0);
  Sync(kC, 0);
  Flush();
  EXPECT_EQ(TakeLog(), "accepted a1, accepted b1");
  EXPECT_EQ(store_.held.size(), 3u);
  store_.Complete();
  store_.Complete();
  EXPECT_EQ(TakeLog(), "written c1");
  store_.Complete();
  EXPECT_EQ(TakeLog(), "flushed");
}

TEST_F(WriteBehindTest, DestructionWritesWhatWaits) {
  Behind(kA, 0);
  Behind(kB, 0);
  store_.hold = false;
  behind_.reset();
  EXPECT_EQ(Stored(kA), 1u);
  EXPECT_EQ(Stored(kB), 1u);
  EXPECT_EQ(TakeLog(), "accepted a1, accepted b1");
  environment_.Advance(seconds(1));
}

TEST_F(WriteBehindTest, DestructionTellsWhatItCouldNotWrite) {
  Behind(kA, 0);
  store_.hold = false;
  store_.fails = absl::UnavailableError("down");
  environment_.Advance(milliseconds(50));
  behind_.reset();
  EXPECT_EQ(TakeLog(), "accepted a1, lost a UNAVAILABLE");
  environment_.Advance(seconds(10));
}

TEST_F(WriteBehindTest, CallbacksMayAskAgain) {
  store_.hold = false;
  std::function<void(std::uint64_t)> next = [&](std::uint64_t base) {
    if (base == 1000) return Log("done");
    behind_->CommitBehind(Record(kA, base), [&next, base](const absl::Status& status) {
      ASSERT_TRUE(status.ok());
      next(base + 1);
    });
  };
  next(0);
  EXPECT_EQ(TakeLog(), "done");
  environment_.Advance(milliseconds(50));
  EXPECT_EQ(Stored(kA), 1000u);
}

class BoundedWriteBehindTest : public WriteBehindTest {
 protected:
  BoundedWriteBehindTest() : WriteBehindTest(Options()) {}
  static WriteBehindOptions Options() {
    WriteBehindOptions options;
    options.queue_records_max = 3;
    options.queue_bytes_max = 10'000;
    options.record_bytes_max = 8'000;
    return options;
  }
};

TEST_F(BoundedWriteBehindTest, AFullQueueTakesTheNextWhenThereIsRoomAndInTheirOrder) {
  Behind(kA, 0);
  Behind(kB, 0);
  Behind(kB, 1);
  Behind(kC, 0);
  Behind(kA, 1);
  EXPECT_EQ(TakeLog(), "accepted a1, accepted b1, accepted b2");
  EXPECT_EQ(behind_->counters().waiting_actors, 2u);
  EXPECT_EQ(store_.held.size(), 2u);  // Nothing waits for the delay while others wait for room.
  store_.Complete();
  EXPECT_EQ(TakeLog(), "accepted c1");
  store_.Complete();
  EXPECT_EQ(TakeLog(), "accepted a2");
  EXPECT_EQ(behind_->counters().waiting_actors, 0u);
  environment_.Advance(milliseconds(50));
  store_.CompleteAll();
  EXPECT_EQ(Stored(kA), 2u);
  EXPECT_EQ(Stored(kC), 1u);
}

TEST_F(BoundedWriteBehindTest, BytesAreBoundedToo) {
  Behind(kA, 0, std::string(6'000, 'p'));
  Behind(kB, 0, std::string(6'000, 'p'));
  Behind(kC, 0, "small");  // Does not overtake.
  EXPECT_EQ(TakeLog(), "accepted a1");
  store_.Complete();
  EXPECT_EQ(TakeLog(), "accepted b1, accepted c1");
}

TEST_F(BoundedWriteBehindTest, OneRecordLargerThanTheQueueIsTakenAlone) {
  Behind(kA, 0);
  Behind(kB, 0, std::string(50'000, 'p'));
  EXPECT_EQ(TakeLog(), "accepted a1");
  store_.Complete();
  EXPECT_EQ(TakeLog(), "accepted b1");
  Behind(kA, 1);
  EXPECT_EQ(TakeLog(), "");
  store_.Complete();
  EXPECT_EQ(TakeLog(), "accepted a2");
}

TEST_F(BoundedWriteBehindTest, OneRecordDoesNotGrowWithoutBound) {
  Behind(kA, 0, std::string(4'500, 'p'));
  Behind(kA, 1, std::string(4'000, 'p'));
  EXPECT_EQ(TakeLog(), "accepted a1, accepted a2");
  EXPECT_EQ(store_.commits, 1);  // To make room for the second.
  Behind(kA, 2);
  store_.Complete();
  environment_.Advance(milliseconds(50));
  EXPECT_EQ(store_.last.steps.size(), 2u);
}

TEST_F(BoundedWriteBehindTest, WhileTheStoreFailsTheQueueFillsAndNobodyIsLost) {
  store_.hold = false;
  store_.fails = absl::UnavailableError("down");
  for (std::uint64_t base = 0; base < 10; ++base) Behind(kA, base);
  Behind(kB, 0);
  environment_.Advance(seconds(30));
  EXPECT_EQ(TakeLog(), "accepted a1, accepted a2, accepted a3");
  store_.fails = absl::OkStatus();
  environment_.Advance(seconds(30));
  EXPECT_EQ(Stored(kA), 10u);
  EXPECT_EQ(Stored(kB), 1u);
  EXPECT_EQ(behind_->counters().lost, 0u);
}

TEST_F(BoundedWriteBehindTest, DestructionTakesWhatWaitsForRoom) {
  for (std::uint64_t base = 0; base < 10; ++base) Behind(kA, base);
  store_.hold = false;
  store_.CompleteAll();
  behind_.reset();
  EXPECT_EQ(Stored(kA), 10u);
}

// Threads, each with actors of its own, over a store that answers from other threads and often fails.
class FlakyStore final : public ForwardingStore {
 public:
  FlakyStore(Store& store, const Environment& environment)
      : ForwardingStore(store), environment_(environment) {}

  void Commit(CommitRecord record, CommitDone done) override {
    // In the order of the calls of one actor: at once, or not at all and then from elsewhere.
    if (!calm && environment_.random.Next() % 4 == 0) {
      return environment_.executor.Post(
          [done = std::move(done)]() mutable { done(absl::UnavailableError("flaky")); });
    }
    ForwardingStore::Commit(std::move(record), std::move(done));
  }

  std::atomic<bool> calm = false;

 private:
  Environment environment_;
};

TEST(WriteBehindThreadsTest, WhatThreadsWriteIsThereInTheEndAndReadMeanwhile) {
  SystemEnvironment environment;
  MemoryStore memory;
  FlakyStore flaky(memory, environment.environment());
  WriteBehindOptions options;
  options.delay = std::chrono::microseconds(200);
  options.queue_records_max = 16;
  options.backoff.base = std::chrono::microseconds(100);
  options.backoff.cap = milliseconds(2);
  auto behind = std::make_unique<WriteBehind>(flaky, environment.environment(), options);
  constexpr int kThreads = 4;
  constexpr std::uint64_t kCommits = 300;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&behind, thread] {
      const ActorId actor{"t.v1.Counter", std::to_string(thread)};
      Xoshiro256 random(static_cast<std::uint64_t>(thread) + 1);
      for (std::uint64_t base = 0; base < kCommits;) {
        std::promise<absl::Status> answered;
        const auto done = [&answered](absl::Status status) { answered.set_value(std::move(status)); };
        if (random.Next() % 8 == 0) {
          behind->Commit(Record(actor, base), done);
        } else {
          behind->CommitBehind(Record(actor, base), done);
        }
        const absl::Status status = answered.get_future().get();
        if (status.ok()) {
          ++base;
        } else {
          ASSERT_TRUE(absl::IsUnavailable(status)) << status;
        }
        if (random.Next() % 8 != 0) continue;
        std::promise<std::uint64_t> loaded;
        behind->Load(actor, [&loaded, base](const absl::StatusOr<std::optional<StoredActor>>& stored) {
          loaded.set_value(!stored.ok() ? base : stored->has_value() ? (*stored)->revision : 0);
        });
        ASSERT_EQ(loaded.get_future().get(), base);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  flaky.calm = true;
  behind.reset();
  for (int thread = 0; thread < kThreads; ++thread) {
    memory.Load({"t.v1.Counter", std::to_string(thread)},
                [&](const absl::StatusOr<std::optional<StoredActor>>& stored) {
                  EXPECT_EQ((*stored)->revision, kCommits);
                });
  }
}

/// A memory store behind which is written.
class MemoryBehind final : public ForwardingStore {
 public:
  MemoryBehind() : MemoryBehind(std::make_unique<Parts>()) {}

 private:
  struct Parts {
    SystemEnvironment environment;
    MemoryStore memory;
    WriteBehind behind{memory, environment.environment()};
  };
  explicit MemoryBehind(std::unique_ptr<Parts> parts)
      : ForwardingStore(parts->behind), parts_(std::move(parts)) {}

  std::unique_ptr<Parts> parts_;
};

INSTANTIATE_TEST_SUITE_P(
    WriteBehind, StoreConformance,
    testing::Values(StoreUnderTest{"memory_behind", [] { return std::make_unique<MemoryBehind>(); }}),
    [](const testing::TestParamInfo<StoreUnderTest>& store) { return store.param.name; });

}  // namespace
}  // namespace onager::store
