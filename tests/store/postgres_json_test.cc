#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"
#include "tests/store/heard_changes.h"
#include "tests/store/postgres_test.h"
#include "tests/store/store_calls.h"

namespace onager::store {
namespace {

/// Of actors whose snapshots are JSON themselves, and whose patches are whole states.
class TextStates final : public StateJson {
 public:
  std::vector<std::string> types() const override { return {"t.v1.Counter"}; }
  absl::StatusOr<std::string> ToJson(const ActorId&, const StoredActor& stored) override {
    for (const LogStep& step : stored.log) EXPECT_GT(step.revision, stored.snapshot.revision);
    return stored.log.empty() ? *stored.snapshot.state : *stored.log.back().patch;
  }
  absl::StatusOr<StoredSnapshot> FromJson(const ActorId&, std::string_view json) override {
    if (before_from_json) before_from_json();
    if (absl::StrContains(std::string(json), "bad")) return absl::InvalidArgumentError("`bad` is no field");
    StoredSnapshot snapshot;
    snapshot.state = ShareBytes(std::string(json));
    snapshot.version = 3;
    return snapshot;
  }

  std::function<void()> before_from_json;  // On a thread of the store's.
};

class PostgresJsonTest : public PostgresTest {
 protected:
  std::unique_ptr<Store> OpenWithJson() {
    PostgresOptions options = Quick();
    options.state_json = &json_;
    options.state_json_bytes_max = 1000;
    return Open(std::move(options));
  }
  /// Waits until a query says that.
  void AwaitSql(const std::string& query, const std::string& wanted) {
    std::string said;
    for (int i = 0; i < 2000 && (said = Sql(query)) != wanted; ++i) {
      std::this_thread::sleep_for(
          std::chrono::milliseconds(5));  // The database tells of nothing to wait for.
    }
    EXPECT_EQ(said, wanted) << query;
  }
  void AwaitTrue(const std::function<bool()>& is_true) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_true() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_TRUE(is_true());
  }
  std::string ShownState(const std::string& key) {
    return "SELECT state FROM onager.actors_json WHERE type = 't.v1.Counter' AND key = '" + key + "'";
  }
  /// Waits for the end of the edit that was asked for last.
  std::string LastOutcome() {
    AwaitSql("SELECT count(*) FROM onager.edits WHERE ended_at IS NULL", "0");
    return Sql("SELECT concat(outcome, ' ', message) FROM onager.edits ORDER BY id DESC LIMIT 1");
  }

  TextStates json_;
};

TEST_F(PostgresJsonTest, AStateIsShownAMomentAfterItChanged) {
  const std::unique_ptr<Store> store = OpenWithJson();
  for (std::uint64_t base = 0; base < 20; ++base) {
    CommitRecord record = StepRecord(kA, base, absl::StrCat("{\"n\": ", base, "}"));
    if (base == 5) record.snapshot = record.steps[0].patch;
    ASSERT_TRUE(CommitNow(*store, record).ok());
  }
  AwaitSql(ShownState("a"), "{\"n\": 19}");
  EXPECT_EQ(Sql("SELECT revision = state_revision AND revision = 20 FROM onager.actors_json"), "t");
  ASSERT_TRUE(CommitNow(*store, StepRecord({"another.Type", "a"}, 0, "{}")).ok());
  CommitRecord destroy = StepRecord(kA, 20, "");
  destroy.steps.clear();
  destroy.destroy = true;
  ASSERT_TRUE(CommitNow(*store, destroy).ok());
  EXPECT_EQ(Sql("SELECT string_agg(concat(type, ' ', state), '') FROM onager.actors_json"), "another.Type ");
}

TEST_F(PostgresJsonTest, WhatCannotBeShownSaysWhy) {
  const std::unique_ptr<Store> store = OpenWithJson();
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "{\"s\": \"" + std::string(2000, 'x') + "\"}")).ok());
  AwaitSql("SELECT note LIKE 'the state has 2009 bytes%' FROM onager.actors_json WHERE key = 'a'", "t");
  ASSERT_TRUE(CommitNow(*store, StepRecord(kB, 0, "{\"zero\": \"\\u0000\"}")).ok());
  AwaitSql("SELECT note LIKE 'there is no JSON of it%' FROM onager.actors_json WHERE key = 'b'", "t");
  ASSERT_TRUE(CommitNow(*store, StepRecord(kB, 1, "{}")).ok());
  AwaitSql(ShownState("b"), "{}");
}

TEST_F(PostgresJsonTest, WhatAProcessLeftBehindTheNextOneShows) {
  {
    const std::unique_ptr<Store> without = Open();
    ASSERT_TRUE(CommitNow(*without, StepRecord(kA, 0, "{\"n\": 1}")).ok());
  }
  const std::unique_ptr<Store> store = OpenWithJson();
  AwaitSql(ShownState("a"), "{\"n\": 1}");
}

/// Takes its time.
class SlowTextStates final : public StateJson {
 public:
  std::vector<std::string> types() const override { return {"t.v1.Counter"}; }
  absl::StatusOr<std::string> ToJson(const ActorId&, const StoredActor&) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return "{}";
  }
  absl::StatusOr<StoredSnapshot> FromJson(const ActorId&, std::string_view) override {
    return absl::UnimplementedError("no");
  }
};

TEST_F(PostgresJsonTest, AnEndDoesNotWaitUntilEverythingIsShown) {
  SlowTextStates slow;
  PostgresOptions options = Quick();
  options.state_json = &slow;
  options.close_timeout = absl::Minutes(1);
  std::unique_ptr<Store> store = Open(std::move(options));
  for (int i = 0; i < 400; ++i) {  // 20 s of them.
    ASSERT_TRUE(CommitNow(*store, StepRecord({"t.v1.Counter", std::to_string(i)}, 0, "{}")).ok());
  }
  const auto begun = std::chrono::steady_clock::now();
  store.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8));
}

TEST_F(PostgresJsonTest, A23_AnUpdateOfTheViewChangesTheStateForEverybody) {
  const std::unique_ptr<Store> store = OpenWithJson();
  const std::unique_ptr<Store> other = Open();
  HeardChanges own;
  HeardChanges others;
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "{\"n\": 1}")).ok());
  AwaitSql(ShownState("a"), "{\"n\": 1}");
  store->SetChangeListener(&own);
  other->SetChangeListener(&others);
  Sql("UPDATE onager.actors_json SET state = jsonb_set(state, '{n}', '2') WHERE key = 'a'");
  EXPECT_TRUE(own.Hears(kA));
  EXPECT_TRUE(others.Hears(kA));
  EXPECT_EQ(LastOutcome(), "done ");
  const std::optional<StoredActor> stored = *LoadNow(*other, kA);
  EXPECT_NE(stored->epoch, 7u);
  EXPECT_EQ(stored->revision, 2u);
  EXPECT_EQ(stored->version, 3u);
  EXPECT_EQ(*stored->snapshot.state, "{\"n\": 2}");
  EXPECT_EQ(stored->log.size(), 0u);
  AwaitSql(ShownState("a"), "{\"n\": 2}");
  // Who had the state before in memory finds out.
  EXPECT_TRUE(absl::IsAborted(CommitNow(*store, StepRecord(kA, 1, "{\"n\": 9}"))));
  CommitRecord next = StepRecord(kA, 2, "{\"n\": 3}");
  next.epoch = stored->epoch;
  EXPECT_TRUE(CommitNow(*store, next).ok());
  store->SetChangeListener(nullptr);
  other->SetChangeListener(nullptr);
}

TEST_F(PostgresJsonTest, ActorsAreMadeAndDestroyedThroughTheView) {
  const std::unique_ptr<Store> store = OpenWithJson();
  Sql("INSERT INTO onager.actors_json (type, key, state) VALUES ('t.v1.Counter', 'a', '{\"n\": 1}')");
  EXPECT_EQ(LastOutcome(), "done ");
  std::optional<StoredActor> stored = *LoadNow(*store, kA);
  EXPECT_EQ(stored->revision, 1u);
  EXPECT_EQ(*stored->snapshot.state, "{\"n\": 1}");
  Sql("INSERT INTO onager.actors_json (type, key, state) VALUES ('t.v1.Counter', 'a', '{\"n\": 2}')");
  EXPECT_EQ(LastOutcome(), "refused the actor exists, at revision 1");
  Sql("DELETE FROM onager.actors_json WHERE key = 'a'");
  EXPECT_EQ(LastOutcome(), "done ");
  EXPECT_TRUE((*LoadNow(*store, kA))->destroyed);
  Sql("SELECT onager.destroy('t.v1.Counter', 'a')");
  EXPECT_EQ(LastOutcome(), "refused there is no such actor");
  Sql("INSERT INTO onager.actors_json (type, key, state) VALUES ('t.v1.Counter', 'a', '{\"n\": 3}')");
  EXPECT_EQ(LastOutcome(), "done ");
  stored = *LoadNow(*store, kA);
  EXPECT_FALSE(stored->destroyed);
  EXPECT_EQ(*stored->snapshot.state, "{\"n\": 3}");
}

TEST_F(PostgresJsonTest, AnEditThatDoesNotFitIsRefusedAndSaysWhy) {
  const std::unique_ptr<Store> store = OpenWithJson();
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "{\"n\": 1}")).ok());
  Sql("SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 2}', 7)");
  EXPECT_EQ(LastOutcome(), "refused the actor is at revision 1, not 7");
  Sql("SELECT onager.set_state('t.v1.Counter', 'a', '{\"bad\": 2}')");
  EXPECT_EQ(LastOutcome(), "refused `bad` is no field");
  EXPECT_EQ((*LoadNow(*store, kA))->revision, 1u);
  Sql("SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 2}', 1)");
  EXPECT_EQ(LastOutcome(), "done ");
  // What was read at revision 1 must not go over that.
  Sql("SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 3}', 1)");
  EXPECT_EQ(LastOutcome(), "refused the actor is at revision 2, not 1");
}

TEST_F(PostgresJsonTest, AnEditDoesNotGoOverAnActorThatHasBegunAnew) {
  const std::unique_ptr<Store> store = OpenWithJson();
  const auto outcome = [this](int edit) {
    return Sql(absl::StrCat("SELECT concat(outcome, ' ', message) FROM onager.edits WHERE id = ", edit));
  };
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "{\"n\": 1}")).ok());
  AwaitSql(ShownState("a"), "{\"n\": 1}");
  // What somebody has read at revision 1 is gone, and another actor of that name is at revision 1 too.
  SqlSession reader(server_, database_);
  reader.Run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM onager.actors_json");
  Sql("DELETE FROM onager.actors_json WHERE key = 'a'; "
      "INSERT INTO onager.actors_json (type, key, state) VALUES ('t.v1.Counter', 'a', '{\"other\": 1}')");
  EXPECT_EQ(LastOutcome(), "done ");
  ASSERT_EQ((*LoadNow(*store, kA))->revision, 1u);
  AwaitSql(ShownState("a"), "{\"other\": 1}");
  reader.Run(
      "UPDATE onager.actors_json SET state = '{\"n\": 2}' WHERE key = 'a'; "
      "DELETE FROM onager.actors_json WHERE key = 'a'; COMMIT");
  LastOutcome();
  EXPECT_EQ(outcome(3), "refused the actor has begun another epoch");
  EXPECT_EQ(outcome(4), "refused the actor has begun another epoch");
  EXPECT_EQ(*(*LoadNow(*store, kA))->snapshot.state, "{\"other\": 1}");
  Sql("SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 3}', state_revision, epoch) FROM "
      "onager.actors_json");
  EXPECT_EQ(LastOutcome(), "done ");
}

TEST_F(PostgresJsonTest, AnActorAtRevisionZeroExists) {
  const std::unique_ptr<Store> store = OpenWithJson();
  CommitRecord begins = StepRecord(kA, 0, "");
  begins.steps.clear();
  begins.snapshot = ShareBytes("{\"n\": 0}");
  ASSERT_TRUE(CommitNow(*store, begins).ok());
  AwaitSql(ShownState("a"), "{\"n\": 0}");
  Sql("INSERT INTO onager.actors_json (type, key, state) VALUES ('t.v1.Counter', 'a', '{}')");
  EXPECT_EQ(LastOutcome(), "refused the actor exists, at revision 0");
  SqlSession reader(server_, database_);
  reader.Run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM onager.actors_json");
  Sql("SELECT onager.destroy('t.v1.Counter', 'a', 0, 7)");
  EXPECT_EQ(LastOutcome(), "done ");
  reader.Run("UPDATE onager.actors_json SET state = '{\"n\": 2}' WHERE key = 'a'; COMMIT");
  EXPECT_EQ(LastOutcome(), "refused there is no such actor");
  EXPECT_TRUE((*LoadNow(*store, kA))->destroyed);
}

TEST_F(PostgresJsonTest, AnEditThatLosesAgainstCommitsIsMadeInTheEnd) {
  const std::unique_ptr<Store> store = OpenWithJson();
  const std::unique_ptr<Store> busy = Open();
  std::uint64_t revision = 0;
  json_.before_from_json = [&] {
    if (revision == 10) return;
    EXPECT_TRUE(CommitNow(*busy, StepRecord(kA, revision, "{\"n\": 1}")).ok());
    ++revision;
  };
  Sql("SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 2}')");
  EXPECT_EQ(LastOutcome(), "done ");
  EXPECT_EQ((*LoadNow(*store, kA))->revision, 11u);
}

TEST_F(PostgresJsonTest, AnEditThatCannotBeMadeNowIsMadeLater) {
  PostgresOptions options = Quick();
  options.state_json = &json_;
  options.queue_records_max = 1;
  const std::unique_ptr<Store> store = Open(std::move(options));
  // Its connection is there: with the table locked none could be prepared.
  Sql("SELECT onager.set_state('t.v1.Counter', 'first', '{}')");
  EXPECT_EQ(LastOutcome(), "done ");
  Sql("DELETE FROM onager.edits");
  // A commit that waits for somebody's lock fills the queue.
  SqlSession holder(server_, database_);
  holder.Run("BEGIN; LOCK TABLE onager.actors");
  std::promise<absl::Status> committed;
  store->Commit(StepRecord(kB, 0, "{}"),
                [&](absl::Status status) { committed.set_value(std::move(status)); });
  Sql("SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 1}')");
  AwaitSql("SELECT message FROM onager.edits", "it cannot be loaded: the store's queue is full");
  EXPECT_EQ(Sql("SELECT ended_at IS NULL FROM onager.edits"), "t");
  holder.Run("COMMIT");
  EXPECT_TRUE(committed.get_future().get().ok());
  EXPECT_EQ(LastOutcome(), "done ");
}

TEST_F(PostgresJsonTest, AProcessThatIsClosedLeavesItsEditsToTheNextOne) {
  std::unique_ptr<Store> store = OpenWithJson();
  json_.before_from_json = [&] {
    // Of the three that it took together two are left by now.
    SqlSession session(server_, database_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (session.Run("SELECT count(*) FROM onager.edits WHERE ended_at IS NULL AND taken_at IS NULL") ==
               "0" &&
           std::chrono::steady_clock::now() < deadline) {
    }
  };
  Sql("SELECT onager.set_state('t.v1.Counter', key, '{\"n\": 1}') FROM unnest(ARRAY['a', 'b', 'c']) AS key");
  AwaitSql("SELECT count(*) FROM onager.edits WHERE taken_at IS NOT NULL", "3");
  store.reset();
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.edits WHERE outcome = 'refused'"), "0");
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.edits WHERE ended_at IS NULL AND taken_at IS NOT NULL"), "0");
  json_.before_from_json = nullptr;
  store = OpenWithJson();
  EXPECT_EQ(LastOutcome(), "done ");
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.edits WHERE outcome = 'done'"), "3");
}

TEST_F(PostgresJsonTest, WhatCannotBeReadSaysWhy) {
  const std::unique_ptr<Store> store = OpenWithJson();
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "{\"n\": 1}")).ok());
  AwaitSql(ShownState("a"), "{\"n\": 1}");
  Sql("UPDATE onager.log SET patch = 'rotten'");
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 1, "{\"n\": 2}")).ok());
  AwaitSql(
      "SELECT state IS NULL AND state_revision = 2 AND note LIKE '%another checksum%' FROM "
      "onager.actors_json",
      "t");
}

TEST_F(PostgresJsonTest, AnEditThatSomebodyTookAwayBeginsNothing) {
  std::atomic<int> made = 0;
  SqlSession thief(server_, database_);
  json_.before_from_json = [&] {
    if (++made <= 2) thief.Run("UPDATE onager.edits SET taken_by = gen_random_uuid()");
  };
  const std::unique_ptr<Store> store = OpenWithJson();
  Sql("SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 1}')");
  AwaitTrue([&] { return made >= 2; });  // The first attempt was refused.
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.actors"), "0");
  EXPECT_FALSE(LoadNow(*store, kA)->has_value());
  Sql("UPDATE onager.edits SET taken_at = NULL");
  EXPECT_EQ(LastOutcome(), "done ");
  EXPECT_EQ(*(*LoadNow(*store, kA))->snapshot.state, "{\"n\": 1}");
}

TEST_F(PostgresJsonTest, AnEditThatIsTakenAwayWhileItIsMadeBeginsNothing) {
  std::atomic<int> made = 0;
  json_.before_from_json = [&] { ++made; };
  const std::unique_ptr<Store> store = OpenWithJson();
  Sql("CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN UPDATE onager.edits SET taken_by = gen_random_uuid(); RETURN NULL; END'; "
      "CREATE TRIGGER steal AFTER INSERT ON onager.actors FOR EACH STATEMENT EXECUTE FUNCTION steal()");
  Sql("SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 1}')");
  AwaitTrue([&] { return made >= 2; });
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.actors"), "0");
  Sql("DROP TRIGGER steal ON onager.actors; UPDATE onager.edits SET taken_at = NULL");
  EXPECT_EQ(LastOutcome(), "done ");
}

TEST_F(PostgresJsonTest, EditsWaitForAProcessThatKnowsTheType) {
  const std::unique_ptr<Store> without = Open();
  const std::string ask =
      "SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 1}'); "
      "SELECT onager.set_state('t.v1.Counter', 'a', '{\"n\": 2}')";
  Sql(ask);
  Sql("SELECT onager.set_state('another.Type', 'a', '{}')");
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.edits WHERE taken_at IS NULL"), "3");
  const std::unique_ptr<Store> store = OpenWithJson();
  Sql("CALL onager.await_edit(1)");
  Sql("CALL onager.await_edit(2)");
  EXPECT_EQ(*(*LoadNow(*store, kA))->snapshot.state, "{\"n\": 2}");  // In their order.
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.edits WHERE taken_at IS NULL"), "1");
}

TEST_F(PostgresJsonTest, ManyEditsAndCommitsOfTwoProcessesAreAllMade) {
  const std::unique_ptr<Store> one = OpenWithJson();
  const std::unique_ptr<Store> two = OpenWithJson();
  for (int i = 0; i < 60; ++i) {
    Sql(absl::StrCat("SELECT onager.set_state('t.v1.Counter', '", i % 3, "', '{\"n\": ", i, "}')"));
    if (i % 10 == 5) CutConnections();
  }
  // Those of a process that lost its connection meanwhile are taken again, later than the test wants to wait.
  Sql("UPDATE onager.edits SET taken_at = NULL WHERE ended_at IS NULL");
  for (int i = 0; i < 2000 && Sql("SELECT count(*) FROM onager.edits WHERE ended_at IS NULL") != "0"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Sql("UPDATE onager.edits SET taken_at = NULL WHERE ended_at IS NULL AND taken_at < now() - interval '2 "
        "s'");
  }
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.edits WHERE outcome = 'done'"), "60");
  // Each was made once, and in its order.
  for (int key = 0; key < 3; ++key) {
    const std::optional<StoredActor> stored = *LoadNow(*one, {"t.v1.Counter", std::to_string(key)});
    EXPECT_EQ(stored->revision, 20u);
    EXPECT_EQ(*stored->snapshot.state, absl::StrCat("{\"n\": ", 57 + key, "}"));
  }
}

}  // namespace
}  // namespace onager::store
