#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/store/open/open_store.h"
#include "tests/store/postgres_server.h"
#include "tests/store/random_records.h"
#include "tests/store/scratch_folder.h"

// What a store held at one moment, read while it goes on.
namespace onager::store {
namespace {

absl::Status Commit(Store& store, CommitRecord record) {
  std::promise<absl::Status> committed;
  store.Commit(std::move(record), [&committed](absl::Status status) { committed.set_value(status); });
  return committed.get_future().get();
}

CommitRecord Step(const std::string& key, std::uint64_t base) {
  CommitRecord record;
  record.actor = {"t.v1.Counter", key};
  record.epoch = 9;
  record.base_revision = base;
  record.steps.emplace_back().revision = base + 1;
  record.steps.back().patch = ShareBytes("p");
  if (base % 5 == 0) {
    record.snapshot = ShareBytes("s");
    record.log_floor = base + 1;
  }
  return record;
}

std::uint64_t Revision(Store& store, const std::string& key) {
  std::uint64_t revision = 0;
  store.Load({"t.v1.Counter", key}, [&revision](const absl::StatusOr<std::optional<StoredActor>>& stored) {
    EXPECT_TRUE(stored.ok()) << stored.status();
    if (stored.ok() && stored->has_value()) revision = (*stored)->revision;
  });
  return revision;
}

class SnapshotTest : public testing::TestWithParam<std::string> {
 protected:
  SnapshotTest() {
    if (GetParam() == "Sqlite") {
      url_ = "sqlite:" + folder_.File("data.db");
      return;
    }
    static const absl::StatusOr<std::unique_ptr<PostgresServer>> server = PostgresServer::Start();
    EXPECT_TRUE(server.ok()) << server.status();
    if (server.ok()) url_ = (*server)->Url((*server)->MakeDatabase());
  }
  std::unique_ptr<Store> Snapshot() {
    absl::StatusOr<std::unique_ptr<Store>> snapshot = OpenSnapshot(url_);
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    return snapshot.ok() ? *std::move(snapshot) : nullptr;
  }

  ScratchFolder folder_;
  std::string url_;
};

INSTANTIATE_TEST_SUITE_P(Stores, SnapshotTest, testing::Values("Sqlite", "Postgres"),
                         [](const auto& kind) { return kind.param; });

// One writer, whose second actor is never ahead of its first, and never more than one behind.
TEST_P(SnapshotTest, AllActorsAreOfOneMoment) {
  absl::StatusOr<std::unique_ptr<Store>> store = Open(url_);
  ASSERT_TRUE(store.ok()) << store.status();
  std::atomic<std::uint64_t> written = 0;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (std::uint64_t base = 0; !stop; ++base) {
      ASSERT_TRUE(Commit(**store, Step("first", base)).ok());
      ASSERT_TRUE(Commit(**store, Step("second", base)).ok());
      written = base + 1;
    }
  });
  const auto wait_for = [&written](std::uint64_t revision) {
    while (written < revision) std::this_thread::yield();
  };
  std::uint64_t last = 0;
  for (int round = 0; round < 10; ++round) {
    wait_for(last + 5);
    const std::uint64_t before = written;
    const std::unique_ptr<Store> snapshot = Snapshot();
    ASSERT_NE(snapshot, nullptr);
    const std::uint64_t after = written;
    wait_for(after + 20);
    const std::uint64_t second = Revision(*snapshot, "second");
    const std::uint64_t first = Revision(*snapshot, "first");
    EXPECT_GE(second, before);
    EXPECT_LE(second, after + 1);  // What is written may not be counted yet.
    EXPECT_TRUE(first == second || first == second + 1) << first << " and " << second;
    snapshot->Scan(ActorId(), 10, [&](const absl::StatusOr<std::vector<ActorHead>>& heads) {
      ASSERT_TRUE(heads.ok()) << heads.status();
      ASSERT_EQ(heads->size(), 2u);
      EXPECT_EQ((*heads)[0].revision, first);
      EXPECT_EQ((*heads)[1].revision, second);
    });
    last = written;
  }
  stop = true;
  writer.join();
}

TEST_P(SnapshotTest, ItSaysWhatTheStoreSays) {
  std::vector<ActorId> actors;
  std::map<ActorId, std::string> described;
  {
    absl::StatusOr<std::unique_ptr<Store>> store = Open(url_);
    ASSERT_TRUE(store.ok()) << store.status();
    RandomRecords records(7);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(Commit(**store, records.Next()).ok());
    actors = records.actors();
    described = DescribeActors(**store, actors);
    const std::unique_ptr<Store> snapshot = Snapshot();
    ASSERT_NE(snapshot, nullptr);
    EXPECT_EQ(DescribeActors(*snapshot, actors), described);
  }
  // Without a store that has it open as well.
  const std::unique_ptr<Store> snapshot = Snapshot();
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(DescribeActors(*snapshot, actors), described);
  EXPECT_EQ(Commit(*snapshot, Step("first", 0)).code(), absl::StatusCode::kFailedPrecondition);
  // And one that opens meanwhile.
  absl::StatusOr<std::unique_ptr<Store>> store = Open(url_);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE(Commit(**store, Step("new", 0)).ok());
  EXPECT_EQ(Revision(*snapshot, "new"), 0u);
  EXPECT_EQ(DescribeActors(*snapshot, actors), described);
}

TEST_P(SnapshotTest, WhereThereIsNoStoreNoneIsMade) {
  EXPECT_EQ(OpenSnapshot(url_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder_.File("data.db")));
  EXPECT_EQ(OpenSnapshot(url_).status().code(), absl::StatusCode::kNotFound);
}

TEST(OpenSnapshotTest, WhatHasNoneIsAnError) {
  EXPECT_EQ(OpenSnapshot("memory:").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenSnapshot("data.db").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace onager::store
