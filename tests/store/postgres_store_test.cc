#include "runtime/store/postgres/postgres_store.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/store/postgres_test.h"
#include "tests/store/store_calls.h"
#include "tests/store/store_conformance.h"

namespace onager::store {
namespace {

std::unique_ptr<Store> OpenNew() {
  PostgresOptions options;
  options.url = SharedPostgres().Url(SharedPostgres().EmptyDatabase());
  absl::StatusOr<std::unique_ptr<Store>> store = OpenPostgresStore(std::move(options));
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance, testing::Values(StoreUnderTest{"postgres", OpenNew}),
                         [](const testing::TestParamInfo<StoreUnderTest>& store) {
                           return store.param.name;
                         });

class PostgresStoreTest : public PostgresTest {};

TEST_F(PostgresStoreTest, WhatIsWrittenIsThereForTheNextOne) {
  CommitRecord record = StepRecord(kA, 0, "p1");
  record.snapshot = ShareBytes(std::string(10 << 20, 's'));
  ASSERT_TRUE(CommitNow(*Open(), record).ok());
  const std::unique_ptr<Store> store = Open();
  const auto stored = LoadNow(*store, kA);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(*(*stored)->snapshot.state, *record.snapshot);
}

TEST_F(PostgresStoreTest, ManyOpenANewDatabaseAtTheSameTime) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([this] { EXPECT_NE(Open(), nullptr); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Sql("SELECT value FROM onager.store WHERE name = 'format'"), "1");
}

TEST_F(PostgresStoreTest, ASchemaOfANewerVersionIsRefused) {
  ASSERT_NE(Open(), nullptr);
  Sql("UPDATE onager.store SET value = 2 WHERE name = 'format'");
  const absl::Status status = OpenPostgresStore(Quick()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

TEST_F(PostgresStoreTest, ASchemaOfSomebodyElseIsNotTouched) {
  Sql("CREATE SCHEMA onager; CREATE TABLE onager.store (name text, value bigint)");
  const absl::Status status = OpenPostgresStore(Quick()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

TEST_F(PostgresStoreTest, ADatabaseInAnotherEncodingIsRefused) {
  Sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
  PostgresOptions options = Quick();
  options.url = server_.Url("latin");
  const absl::Status status = OpenPostgresStore(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

TEST_F(PostgresStoreTest, ErrorsDoNotTellThePassword) {
  for (const char* const url :
       {"postgres://ann:s3cret@127.0.0.1:1/db", "postgres://ann:s3cret@[", "postgres://ann:s3cret@h:p:q/db",
        "postgres://127.0.0.1:1/db?password=s3cret", "postgres://ann:s3cret@h/db?nonsense=1", "ann:s3cret"}) {
    PostgresOptions options;
    options.url = url;
    const absl::Status status = OpenPostgresStore(options).status();
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(absl::StrContains(status.message(), "s3cret")) << status;
  }
}

TEST_F(PostgresStoreTest, TlsIsSpokenAsTheUrlSays) {
  Sql("DO 'BEGIN CREATE ROLE tls_only SUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END'");
  const auto open = [this](const std::string& user, const std::string& tls) {
    PostgresOptions options = Quick();
    options.url = absl::StrCat("postgres://", user, "@", server_.address(), "/", database_, "?", tls);
    return OpenPostgresStore(options).status();
  };
  const std::string believed = absl::StrCat("sslrootcert=", server_.certificate());
  EXPECT_TRUE(open("onager", "sslmode=disable").ok());
  EXPECT_TRUE(absl::IsUnavailable(open("tls_only", "sslmode=disable")));
  EXPECT_TRUE(open("tls_only", "sslmode=require").ok());
  EXPECT_TRUE(open("tls_only", absl::StrCat("sslmode=verify-full&", believed)).ok());
  EXPECT_TRUE(absl::IsUnavailable(open("tls_only", "sslmode=verify-full&sslrootcert=/nowhere")));
}

TEST_F(PostgresStoreTest, WhatIsNoTextIsRefused) {
  const std::unique_ptr<Store> store = Open();
  for (const std::string& text :
       {std::string("a\0b", 3), std::string("\xff"), std::string("\xc0\x80"), std::string("\xed\xa0\x80"),
        std::string("\xf4\x90\x80\x80"), std::string("\xe2\x82"), std::string("\x80")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CommitNow(*store, StepRecord({"t", text}, 0, "p"))));
    EXPECT_TRUE(absl::IsInvalidArgument(CommitNow(*store, StepRecord({text, "k"}, 0, "p"))));
    EXPECT_TRUE(absl::IsInvalidArgument(LoadNow(*store, {"t", text}).status()));
    CommitRecord record = StepRecord(kA, 0, "p");
    record.cancelled_reminders = {{text, ""}};
    EXPECT_TRUE(absl::IsInvalidArgument(CommitNow(*store, record)));
  }
  for (const char* const text :
       {"", "äöü", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "'\"\\{},"}) {
    EXPECT_TRUE(CommitNow(*store, StepRecord({"t", text}, 0, "p")).ok()) << text;
    EXPECT_EQ((*LoadNow(*store, {"t", text}))->revision, 1u) << text;
  }
}

// Each column of each row, changed by somebody else.
TEST_F(PostgresStoreTest, ARowThatIsNotWhatWasWrittenIsNotBelieved) {
  const std::unique_ptr<Store> store = Open();
  CommitRecord record = StepRecord(kA, 0, "p1");
  record.steps[0].events = ShareBytes("e1");
  record.calls.emplace_back().outcome = ShareBytes("o");
  record.reminders.emplace_back().name = "Due";
  ASSERT_TRUE(CommitNow(*store, record).ok());
  record = StepRecord(kA, 1, "p2");
  record.snapshot = ShareBytes("s2");
  ASSERT_TRUE(CommitNow(*store, record).ok());
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 2, "p3")).ok());
  ASSERT_TRUE(LoadNow(*store, kA).ok());
  for (const char* const change : {"actors SET epoch = epoch + 1",
                                   "actors SET revision = revision + 1",
                                   "actors SET commit = commit + 1",
                                   "actors SET version = version + 1",
                                   "actors SET ahead = NOT ahead",
                                   "actors SET destroyed = NOT destroyed",
                                   "actors SET checksum = checksum + 1",
                                   "actors SET version = -1",
                                   "log SET patch = 'p9' WHERE revision = 2",
                                   "log SET events = 'e9' WHERE revision = 1",
                                   "log SET events = NULL WHERE revision = 1",
                                   "log SET committed_at = 9 WHERE revision = 3",
                                   "log SET checksum = 9 WHERE revision = 3",
                                   "log SET revision = 9 WHERE revision = 3",
                                   "snapshots SET state = 's9'",
                                   "snapshots SET version = 9",
                                   "snapshots SET revision = 9",
                                   "calls SET id = '00000000-0000-0000-0000-000000000009'",
                                   "calls SET revision = 9",
                                   "calls SET outcome = 'x'",
                                   "calls SET ended_at = 9",
                                   "reminders SET name = 'Never'",
                                   "reminders SET id = 'x'",
                                   "reminders SET due = due + 1",
                                   "reminders SET period = 9"}) {
    const std::string table(change, std::string_view(change).find(' '));
    Sql(absl::StrCat("CREATE TABLE kept AS TABLE onager.", table, "; UPDATE onager.", change));
    const auto stored = LoadNow(*store, kA);
    EXPECT_TRUE(absl::IsDataLoss(stored.status())) << change << ": " << stored.status();
    Sql(absl::StrCat("BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM onager.", table,
                     "; INSERT INTO onager.", table,
                     " OVERRIDING SYSTEM VALUE TABLE kept; COMMIT; DROP TABLE kept"));
    ASSERT_TRUE(LoadNow(*store, kA).ok()) << change;
  }
  Sql("DELETE FROM onager.log WHERE revision = 3");
  EXPECT_TRUE(absl::IsDataLoss(LoadNow(*store, kA).status()));
}

}  // namespace
}  // namespace onager::store
