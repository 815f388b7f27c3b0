#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"
#include "runtime/testing/reset_proxy.h"
#include "tests/store/heard_changes.h"
#include "tests/store/postgres_test.h"
#include "tests/store/store_calls.h"

namespace onager::store {
namespace {

using simulation::ResetProxy;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

const ActorId kC{"t.v1.Counter", "c"};

class PostgresFeedTest : public PostgresTest {
 protected:
  PostgresFeedTest() : writing_(Open()), reading_(Open()) {
    writing_->SetChangeListener(&writer_);
    reading_->SetChangeListener(&reader_);
  }
  ~PostgresFeedTest() override {
    writing_.reset();
    reading_.reset();
  }

  void Commit(const ActorId& actor, std::uint64_t base) {
    const absl::Status status = CommitNow(*writing_, StepRecord(actor, base, "p"));
    ASSERT_TRUE(status.ok()) << status;
  }

  // Also while a store does so.
  void Tidy() { Sql("SELECT pg_advisory_xact_lock(122545283853683); SELECT onager.tidy()"); }

  HeardChanges writer_;
  HeardChanges reader_;
  std::unique_ptr<Store> writing_;
  std::unique_ptr<Store> reading_;
};

TEST_F(PostgresFeedTest, A23_WhatOneProcessWritesTheOtherHearsOfAtOnceAndItselfDoesNot) {
  auto fastest = steady_clock::duration::max();  // Of several: the machine may be busy with something else.
  for (std::uint64_t base = 0; base < 5; ++base) {
    const auto begin = steady_clock::now();
    Commit(kA, base);
    EXPECT_TRUE(reader_.Hears(kA));
    fastest = std::min(fastest, steady_clock::now() - begin);
  }
  EXPECT_LT(fastest, milliseconds(500));
  CommitRecord destroy;
  destroy.actor = kA;
  destroy.epoch = 7;
  destroy.base_revision = 5;
  destroy.destroy = true;
  ASSERT_TRUE(CommitNow(*writing_, destroy).ok());
  EXPECT_TRUE(reader_.Hears(kA));
  ASSERT_TRUE(CommitNow(*reading_, StepRecord(kB, 0, "p")).ok());
  EXPECT_TRUE(writer_.Hears(kB));
  EXPECT_FALSE(writer_.has_heard(kA));
  EXPECT_FALSE(reader_.has_heard(kB));
}

TEST_F(PostgresFeedTest, A23_WhatSomebodyWritesWithSqlEveryProcessHearsOfAtOnce) {
  Commit(kA, 0);
  EXPECT_TRUE(reader_.Hears(kA));
  auto fastest = steady_clock::duration::max();
  for (const char* const sql :
       {"UPDATE onager.actors SET revision = revision", "DELETE FROM onager.actors WHERE key = 'a'",
        "INSERT INTO onager.actors (type, key, epoch, revision, commit, version, checksum, ahead, destroyed) "
        "VALUES ('t.v1.Counter', 'a', 1, 0, 0, 1, 0, false, false)"}) {
    const auto begin = steady_clock::now();
    Sql(sql);
    EXPECT_TRUE(reader_.Hears(kA)) << sql;
    EXPECT_TRUE(writer_.Hears(kA)) << sql;
    fastest = std::min(fastest, steady_clock::now() - begin);
  }
  EXPECT_LT(fastest, milliseconds(500));
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.log"), "0");  // It went with its actor.
}

// A notification is only a hint: those who look find everything without one.
TEST_F(PostgresFeedTest, WithoutANotificationItIsFoundAllTheSame) {
  Commit(kA, 0);
  EXPECT_TRUE(reader_.Hears(kA));
  Sql("SET onager.writer = '00000000-0000-0000-0000-000000000001'; UPDATE onager.actors SET revision = "
      "revision");
  EXPECT_TRUE(reader_.Hears(kA, std::chrono::seconds(5)));
}

TEST_F(PostgresFeedTest, WhatHappensWhileTheConnectionIsLostIsToldAfterwards) {
  for (const ActorId& actor : {kA, kB, kC}) {
    Commit(actor, 0);
    EXPECT_TRUE(reader_.Hears(actor));
  }
  absl::StatusOr<std::unique_ptr<ResetProxy>> proxy = ResetProxy::Start(server_.address());
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  HeardChanges listener;
  const std::unique_ptr<Store> remote = Open(QuickThrough((*proxy)->address()));
  remote->SetChangeListener(&listener);
  Commit(kA, 1);
  EXPECT_TRUE(listener.Hears(kA));
  (*proxy)->Refuse(true);
  (*proxy)->ResetAll();
  Commit(kA, 2);
  Commit(kB, 1);
  Sql("DELETE FROM onager.actors WHERE key = 'c'");
  EXPECT_TRUE(reader_.Hears(kC));  // Whose connection is whole.
  for (const ActorId& actor : {kA, kB, kC}) EXPECT_FALSE(listener.has_heard(actor));
  (*proxy)->Refuse(false);
  for (const ActorId& actor : {kA, kB, kC}) EXPECT_TRUE(listener.Hears(actor));
}

// Transactions become visible in another order than that of their numbers.
TEST_F(PostgresFeedTest, ATransactionThatStaysOpenDelaysNoOtherAndIsNotPassedOver) {
  for (const ActorId& actor : {kA, kB, kC}) Commit(actor, 0);
  for (const ActorId& actor : {kA, kB, kC}) EXPECT_TRUE(reader_.Hears(actor));
  SqlSession early(server_, database_);
  SqlSession late(server_, database_);
  early.Run("BEGIN; UPDATE onager.actors SET revision = revision WHERE key = 'a'");
  late.Run("BEGIN; UPDATE onager.actors SET revision = revision WHERE key = 'b'");
  for (std::uint64_t base = 1; base < 4; ++base) {
    Commit(kC, base);
    EXPECT_TRUE(reader_.Hears(kC));
  }
  late.Run("COMMIT");
  EXPECT_TRUE(reader_.Hears(kB));
  Commit(kC, 4);
  EXPECT_TRUE(reader_.Hears(kC));
  EXPECT_FALSE(reader_.has_heard(kA));
  early.Run("COMMIT");
  EXPECT_TRUE(reader_.Hears(kA));
  EXPECT_FALSE(reader_.has_heard(kB));
}

TEST_F(PostgresFeedTest, WhatIsRolledBackIsNotTold) {
  Commit(kA, 0);
  EXPECT_TRUE(reader_.Hears(kA));
  Sql("BEGIN; UPDATE onager.actors SET revision = revision; ROLLBACK");
  Commit(kB, 0);
  EXPECT_TRUE(reader_.Hears(kB));
  EXPECT_FALSE(reader_.has_heard(kA));
}

TEST_F(PostgresFeedTest, ChangesAreKeptForAWhileOnlyAndWhoWasAwayForLongerLooksAtEveryActor) {
  for (const ActorId& actor : {kA, kB}) Commit(actor, 0);
  for (const ActorId& actor : {kA, kB}) EXPECT_TRUE(reader_.Hears(actor));
  absl::StatusOr<std::unique_ptr<ResetProxy>> proxy = ResetProxy::Start(server_.address());
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  HeardChanges listener;
  const std::unique_ptr<Store> remote = Open(QuickThrough((*proxy)->address()));
  remote->SetChangeListener(&listener);
  Commit(kA, 1);
  EXPECT_TRUE(listener.Hears(kA));
  (*proxy)->Refuse(true);
  (*proxy)->ResetAll();
  Commit(kA, 2);
  // What was visible a moment ago is old already.
  Sql("DELETE FROM onager.change_marks");
  Tidy();
  Sql("UPDATE onager.store SET value = 0 WHERE name = 'change_retention_seconds'");
  Tidy();
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.changes"), "0");
  (*proxy)->Refuse(false);
  for (const ActorId& actor : {kA, kB}) EXPECT_TRUE(listener.Hears(actor));
  // Who was there was not told of more than there was.
  EXPECT_TRUE(reader_.Hears(kA));
  Commit(kC, 0);
  EXPECT_TRUE(reader_.Hears(kC));
  EXPECT_FALSE(reader_.has_heard(kB));
}

TEST_F(PostgresFeedTest, DestroyedActorsAreForgottenAfterAWhile) {
  Commit(kA, 0);
  CommitRecord destroy = StepRecord(kA, 1, "");
  destroy.steps.clear();
  destroy.destroy = true;
  ASSERT_TRUE(CommitNow(*writing_, destroy).ok());
  Tidy();
  EXPECT_TRUE((*LoadNow(*writing_, kA)).has_value());
  Sql("UPDATE onager.store SET value = 0 WHERE name = 'tombstone_retention_seconds'");
  Tidy();
  EXPECT_FALSE((*LoadNow(*writing_, kA)).has_value());
}

TEST_F(PostgresFeedTest, WhoDoesNotListenAnyMoreIsNotTold) {
  Commit(kA, 0);
  EXPECT_TRUE(reader_.Hears(kA));
  HeardChanges listener;
  reading_->SetChangeListener(&listener);
  Commit(kA, 1);
  EXPECT_TRUE(listener.Hears(kA));
  reading_->SetChangeListener(nullptr);
  Commit(kA, 2);
  HeardChanges another;
  const std::unique_ptr<Store> third = Open();
  third->SetChangeListener(&another);
  Commit(kA, 3);
  EXPECT_TRUE(another.Hears(kA));
  EXPECT_FALSE(listener.has_heard(kA));
  EXPECT_FALSE(reader_.has_heard(kA));
}

}  // namespace
}  // namespace onager::store
