#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/store/memory_store.h"
#include "runtime/testing/kept_log.h"
#include "runtime/testing/reset_proxy.h"
#include "tests/store/postgres_load.h"
#include "tests/store/postgres_test.h"
#include "tests/store/random_records.h"
#include "tests/store/store_calls.h"

namespace onager::store {
namespace {

using simulation::ResetProxy;

constexpr char kCannotConnect[] = "cannot connect to the store";

/// How often the tests that go round do so.
int Rounds(int otherwise) {
  const char* const text = std::getenv("ONAGER_STORE_FAULTS");
  return text == nullptr ? otherwise : std::atoi(text);
}

class PostgresFaultTest : public PostgresTest {};

TEST_F(PostgresFaultTest, WhatWasAcknowledgedIsThereAfterTheServerWasKilledAndNothingElse) {
  const std::unique_ptr<Store> store = Open();
  CommitLoad load(*store, 4);
  for (int round = 0; round < Rounds(3); ++round) {
    load.AwaitWritten(200);
    server_.Kill();
    const absl::Status started = server_.StartAgain();
    ASSERT_TRUE(started.ok()) << started;
  }
  load.AwaitWritten(200);
  load.Stop();
  load.Check(*store);
}

TEST_F(PostgresFaultTest, WhatBecameOfACommitWhoseConnectionBrokeIsFoundOut) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937_64 random(seed);
  absl::StatusOr<std::unique_ptr<ResetProxy>> proxy = ResetProxy::Start(server_.address());
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  const std::unique_ptr<Store> store = Open(QuickThrough((*proxy)->address()));
  CommitLoad load(*store, 4);
  for (int round = 0; round < Rounds(40); ++round) {
    load.AwaitWritten(random() % 60);
    switch (random() % 3) {
      case 0:
        (*proxy)->ResetAll();
        break;
      case 1:
        CutConnections();
        break;
      case 2:
        // What was sent last stays on the way, and arrives at the server, if at all, when it is too late.
        (*proxy)->BlackHole(true);
        (*proxy)->ResetAll();
        (*proxy)->BlackHole(false);
        break;
    }
  }
  load.AwaitWritten(100);
  load.Stop();
  load.Check(*store);
}

TEST_F(PostgresFaultTest, AServerThatDoesNotAnswerIsNoticedAndItsLateCommitsAreNotLost) {
  const auto log = std::make_shared<KeptLog>();
  PostgresOptions options = Quick();
  options.log = log;
  const std::unique_ptr<Store> store = Open(std::move(options));
  CommitLoad load(*store, 4);
  for (int round = 0; round < Rounds(2); ++round) {
    load.AwaitWritten(100);
    const int before = log->Count(kCannotConnect);
    server_.Pause();
    // It was noticed, and another try to connect has come to nothing.
    EXPECT_TRUE(log->AwaitCount(kCannotConnect, before + 1));
    server_.Continue();
  }
  load.AwaitWritten(100);
  load.Stop();
  load.Check(*store);
}

TEST_F(PostgresFaultTest, AConnectionThroughWhichNothingComesIsReplaced) {
  absl::StatusOr<std::unique_ptr<ResetProxy>> proxy = ResetProxy::Start(server_.address());
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  const std::unique_ptr<Store> store = Open(QuickThrough((*proxy)->address()));
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "p1")).ok());
  (*proxy)->BlackHole(true);
  std::promise<absl::Status> answer;
  store->Commit(StepRecord(kA, 1, "p2"), [&answer](absl::Status status) { answer.set_value(status); });
  std::future<absl::Status> answered = answer.get_future();
  EXPECT_EQ(answered.wait_for(std::chrono::milliseconds(1500)), std::future_status::timeout);
  (*proxy)->BlackHole(false);
  EXPECT_TRUE(answered.get().ok());
  EXPECT_EQ((*LoadNow(*store, kA))->log.size(), 2u);
}

TEST_F(PostgresFaultTest, WhileThereIsNoServerRequestsEndAndAfterwardsTheyWork) {
  PostgresOptions options = Quick();
  options.request_timeout = absl::Milliseconds(300);
  const std::unique_ptr<Store> store = Open(options);
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "p1")).ok());
  server_.Stop();
  EXPECT_TRUE(absl::IsUnavailable(CommitNow(*store, StepRecord(kB, 0, "never"))));
  EXPECT_TRUE(absl::IsUnavailable(LoadNow(*store, kA).status()));
  ASSERT_TRUE(server_.StartAgain().ok());
  // It may take another moment to connect.
  absl::Status status = absl::UnavailableError("");
  while (absl::IsUnavailable(status)) status = CommitNow(*store, StepRecord(kA, 1, "p2"));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_FALSE((*LoadNow(*store, kB)).has_value());
}

TEST_F(PostgresFaultTest, AnEndAnswersWhatIsNotKnownAndSaysSo) {
  PostgresOptions options = Quick();
  options.answer_timeout = absl::Seconds(30);
  options.close_timeout = absl::Milliseconds(100);
  options.writers = 1;
  std::unique_ptr<Store> store = Open(options);
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "p1")).ok());
  server_.Pause();
  std::vector<absl::Status> answers;
  Store* const ending = store.get();
  for (std::uint64_t base = 1; base < 4; ++base) {
    store->Commit(StepRecord(kA, base, "p"), [&answers, ending](absl::Status status) {
      answers.push_back(std::move(status));
      if (answers.size() == 1) {
        ending->Commit(StepRecord(kB, 0, "p"),
                       [&](absl::Status late) { answers.push_back(std::move(late)); });
      }
    });
  }
  store->Load(kA, [&](auto loaded) { answers.push_back(loaded.status()); });
  store.reset();
  server_.Continue();
  ASSERT_EQ(answers.size(), 5u);
  for (const absl::Status& answer : answers) EXPECT_TRUE(absl::IsUnavailable(answer)) << answer;
  EXPECT_NE(answers[0].message().find("is not known"), std::string::npos) << answers[0];
  EXPECT_EQ(answers[4].message().find("is not known"), std::string::npos) << answers[4];
}

TEST_F(PostgresFaultTest, AnActorThatSomebodyElseHoldsDelaysItsOwnCommitsOnly) {
  PostgresOptions options = Quick();
  options.writers = 1;
  const std::unique_ptr<Store> store = Open(options);
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "p1")).ok());
  ASSERT_TRUE(CommitNow(*store, StepRecord(kB, 0, "p1")).ok());
  SqlSession session(server_, database_);
  session.Run("BEGIN; SELECT FROM onager.actors WHERE key = 'a' FOR UPDATE");
  std::promise<absl::Status> answer;
  store->Commit(StepRecord(kA, 1, "p2"), [&answer](absl::Status status) { answer.set_value(status); });
  for (std::uint64_t base = 1; base < 4; ++base) {
    EXPECT_TRUE(CommitNow(*store, StepRecord(kB, base, "p")).ok());
  }
  std::future<absl::Status> answered = answer.get_future();
  EXPECT_EQ(answered.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  session.Run("COMMIT");
  EXPECT_TRUE(answered.get().ok());
}

TEST_F(PostgresFaultTest, AFullDiskIsAnErrorThatPasses) {
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(CommitNow(*store, StepRecord(kA, 0, "p1")).ok());
  Sql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN RAISE EXCEPTION ''no space left on device'' USING ERRCODE = ''disk_full''; END'; "
      "CREATE TRIGGER full_disk BEFORE INSERT ON onager.log FOR EACH ROW EXECUTE FUNCTION full_disk()");
  const absl::Status status = CommitNow(*store, StepRecord(kA, 1, "p2"));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ((*LoadNow(*store, kA))->revision, 1u);
  Sql("DROP TRIGGER full_disk ON onager.log");
  EXPECT_TRUE(CommitNow(*store, StepRecord(kA, 1, "p2")).ok());
}

TEST_F(PostgresFaultTest, ARecordThatTheDatabaseRefusesSpoilsNoOther) {
  PostgresOptions options = Quick();
  options.writers = 1;
  const std::unique_ptr<Store> store = Open(options);
  Sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN RAISE EXCEPTION ''not this one''; END'; "
      "CREATE TRIGGER refuse BEFORE INSERT ON onager.log FOR EACH ROW WHEN (NEW.patch = 'bad') "
      "EXECUTE FUNCTION refuse()");
  std::vector<std::promise<absl::Status>> answers(100);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    store->Commit(StepRecord({"t", absl::StrCat(i)}, 0, i == 37 ? "bad" : "good"),
                  [&answers, i](absl::Status status) { answers[i].set_value(std::move(status)); });
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const absl::Status status = answers[i].get_future().get();
    EXPECT_EQ(status.code(), i == 37 ? absl::StatusCode::kInternal : absl::StatusCode::kOk) << status;
  }
}

TEST_F(PostgresFaultTest, TheQueueIsBoundedAndAnswersStayInOrder) {
  PostgresOptions options = Quick();
  options.queue_records_max = 4;
  const std::unique_ptr<Store> store = Open(options);
  server_.Pause();
  std::vector<std::pair<int, absl::StatusCode>> answers;
  std::promise<void> all;
  for (int i = 0; i < 8; ++i) {
    store->Commit(StepRecord(kA, static_cast<std::uint64_t>(i), "p"), [&, i](const absl::Status& status) {
      answers.emplace_back(i, status.code());
      if (answers.size() == 8) all.set_value();
    });
  }
  server_.Continue();
  all.get_future().wait();
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(answers[static_cast<std::size_t>(i)],
              std::pair(i, i < 4 ? absl::StatusCode::kOk : absl::StatusCode::kResourceExhausted));
  }
  // One that is larger than all is taken when nothing else is held.
  options.queue_bytes_max = 1000;
  const std::unique_ptr<Store> small = Open(options);
  EXPECT_TRUE(CommitNow(*small, StepRecord(kB, 0, std::string(5000, 'x'))).ok());
}

// Many at once, without waiting, while connections break.
TEST_F(PostgresFaultTest, RandomRecordsHaveTheEffectThatTheyHaveInMemory) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  const std::unique_ptr<Store> store = Open();
  RandomRecords records(seed);
  MemoryStore memory;
  for (int round = 0; round < Rounds(20); ++round) {
    std::vector<std::promise<absl::Status>> answers(40);
    for (std::promise<absl::Status>& answer : answers) {
      const CommitRecord record = records.Next();
      ASSERT_TRUE(CommitNow(memory, record).ok());
      store->Commit(record, [&answer](absl::Status status) { answer.set_value(std::move(status)); });
    }
    if (round % 4 == 0) {
      CutConnections();
    }
    for (std::promise<absl::Status>& answer : answers) {
      const absl::Status status = answer.get_future().get();
      ASSERT_TRUE(status.ok()) << status;
    }
    const std::map<ActorId, std::string> held = DescribeActors(*store, records.actors());
    for (const auto& [actor, expected] : DescribeActors(memory, records.actors())) {
      ASSERT_EQ(held.at(actor), expected) << actor.ToString();
    }
  }
}

// The state is the number of increments, as text in a snapshot.
TEST_F(PostgresFaultTest, A21_TwoProcessesLoseNoIncrementOfEachOthers) {
  constexpr int kThreads = 8;
  constexpr int kIncrements = 25;
  const std::unique_ptr<Store> one = Open();
  const std::unique_ptr<Store> other = Open();
  CommitRecord first = StepRecord(kA, 0, "");
  first.snapshot = ShareBytes("0");
  ASSERT_TRUE(CommitNow(*one, first).ok());
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    Store& store = thread % 2 == 0 ? *one : *other;
    threads.emplace_back([&store] {
      for (int done = 0; done < kIncrements;) {
        const auto stored = LoadNow(store, kA);
        ASSERT_TRUE(stored.ok()) << stored.status();
        CommitRecord record = StepRecord(kA, (*stored)->revision, "");
        record.snapshot = ShareBytes(std::to_string(std::stoi(*(*stored)->snapshot.state) + 1));
        record.log_floor = (*stored)->revision + 1;
        const absl::Status status = CommitNow(store, std::move(record));
        if (status.ok()) ++done;
        ASSERT_TRUE(status.ok() || absl::IsAborted(status)) << status;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*(*LoadNow(*one, kA))->snapshot.state, std::to_string(kThreads * kIncrements));
}

}  // namespace
}  // namespace onager::store
