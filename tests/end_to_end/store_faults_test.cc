// Servers whose store fails: what callers and observers notice of it, and that all goes on afterwards by
// itself.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "counter.client.h"
#include "lab.client.h"
#include "onager/call_options.h"
#include "onager/metrics.h"
#include "runtime/store/postgres/postgres_store.h"
#include "runtime/store/sqlite/sqlite_store.h"
#include "runtime/testing/reset_proxy.h"
#include "tests/store/faulty_vfs.h"
#include "tests/store/postgres_test.h"
#include "tests/store/scratch_folder.h"
#include "world.h"

namespace onager::end_to_end {
namespace {

using counter::v1::CounterClient;
using lab::v1::LabClient;
using lab::v1::LabState;
using store::FileFault;
using store::FileOperation;
using store::Store;
using Kind = FileOperation::Kind;
using Codes = std::set<absl::StatusCode>;

constexpr absl::StatusCode kExhausted = absl::StatusCode::kResourceExhausted;
constexpr absl::StatusCode kUnavailable = absl::StatusCode::kUnavailable;
constexpr absl::StatusCode kLate = absl::StatusCode::kDeadlineExceeded;

std::unique_ptr<World> MakeWorld() {
  for (const WorldKind& kind : WorldKinds()) {
    if (kind.name == "InProcess") return kind.make();
  }
  return nullptr;
}

/// A server with real threads, whose labs are kept in a store that outlives it.
class FaultyServer {
 public:
  explicit FaultyServer(std::function<std::unique_ptr<Store>()> open,
                        generated::Durability durability = generated::Durability::kSync)
      : open_(std::move(open)), durability_(durability) {
    Start();
  }

  void Start() {
    store_ = open_();
    ASSERT_NE(store_, nullptr);
    world_ = MakeWorld();
    world_->PersistLabs(*store_, durability_);
    world_->server_options().metrics = metrics_;
    world_->StartServer();
  }
  /// A clean end, and one that begins with what the store has.
  void Restart() {
    world_.reset();
    store_.reset();
    Start();
  }

  World& world() { return *world_; }
  /// Of a metric without labels: its value, or of a histogram how much it counted.
  std::int64_t Metric(const std::string& name) const {
    for (const MetricSample& sample : metrics_->Collect()) {
      if (sample.name != name) continue;
      if (sample.kind != MetricSample::Kind::kHistogram) return static_cast<std::int64_t>(sample.value);
      return static_cast<std::int64_t>(
          std::accumulate(sample.counts.begin(), sample.counts.end(), std::uint64_t{0}));
    }
    return -1;
  }

 private:
  const std::function<std::unique_ptr<Store>()> open_;
  const generated::Durability durability_;
  const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  std::unique_ptr<Store> store_;
  std::unique_ptr<World> world_;
};

/// So many calls at once, and how they ended.
struct Additions {
  Additions(World& world, const LabClient& lab, int calls, absl::Duration timeout) {
    auto ends = std::make_shared<Ends>();
    for (int call = 0; call < calls; ++call) {
      lab.Add(1, CallOptions().WithTimeout(timeout)).Then([ends](const absl::StatusOr<std::int64_t>& sum) {
        MutexLock lock(ends->mutex);
        ++ends->codes[sum.status().code()];
        if (!sum.ok()) ends->errors.insert(sum.status().ToString());
      });
    }
    EXPECT_TRUE(world.Until([&] {
      MutexLock lock(ends->mutex);
      int ended = 0;
      for (const auto& [code, count] : ends->codes) ended += count;
      return ended == calls;
    }));
    MutexLock lock(ends->mutex);
    codes = ends->codes;
    for (const std::string& error : ends->errors) errors += error + "\n";
  }

  int With(absl::StatusCode code) const {
    const auto found = codes.find(code);
    return found == codes.end() ? 0 : found->second;
  }

  std::map<absl::StatusCode, int> codes;
  std::string errors;

 private:
  struct Ends {
    Mutex mutex;
    std::map<absl::StatusCode, int> codes;
    std::set<std::string> errors;
  };
};

/// The store fails between the two; meanwhile calls end with one of these codes. Where that is a deadline,
/// the turn may be committed all the same.
void GoThrough(FaultyServer& server, const std::function<void()>& fail, const std::function<void()>& mend,
               const Codes& expected) {
  std::int64_t value = 0;
  std::uint64_t epoch = 0;
  {
    World& world = server.world();
    Client client = world.NewClient();
    const LabClient lab(client, "a");
    Journal<LabState> journal;
    const auto watch = journal.Attach(lab.Observe()).Start();
    // A store that is told to be impatient may be too much so on a machine that is busy.
    ASSERT_TRUE(world.Until([&] { return world.Get(lab.Add(1)).ok(); }));
    ASSERT_TRUE(world.Until([&] { return journal.revision() == 1; }));
    epoch = journal.entries().back().epoch;

    fail();
    const Additions during(world, lab, 8, absl::Seconds(1));
    for (const auto& [code, count] : during.codes) EXPECT_TRUE(expected.contains(code)) << during.errors;
    const int before = 1 + during.With(absl::StatusCode::kOk);
    for (const auto& entry : journal.entries()) {
      EXPECT_LE(entry.state.value, before) << "somebody was told of what failed";
    }
    // Those whose state is in memory do not notice.
    EXPECT_TRUE(world.Get(CounterClient(client, "c").Increment()).ok());
    mend();

    // It takes a moment to find out.
    int late = during.With(kLate);
    int done = before;
    for (int attempt = 0; done == before && attempt < 1'000; ++attempt) {
      const auto added = world.Get(lab.Add(1));
      if (added.ok()) ++done;
      if (absl::IsDeadlineExceeded(added.status())) ++late;
    }
    const Additions after(world, lab, 20, absl::Seconds(30));
    EXPECT_EQ(after.With(absl::StatusCode::kOk), 20) << after.errors;
    done += 20;
    const auto sum = world.Get(lab.Get());
    ASSERT_TRUE(sum.ok()) << sum.status();
    value = *sum;
    EXPECT_GE(value, done) << "acknowledged and lost";
    EXPECT_LE(value, done + late) << "refused and done";

    EXPECT_TRUE(world.Until([&] { return journal.entries().back().state.value == value; }));
    const auto entries = journal.entries();
    for (std::size_t i = 1; i < entries.size(); ++i) {
      EXPECT_EQ(entries[i].epoch, epoch) << "nothing was told of that is lost";
      if (!entries[i].snapshot.has_value()) {
        EXPECT_EQ(entries[i].base, entries[i - 1].revision);
      }
      EXPECT_GE(entries[i].revision, entries[i - 1].revision);
    }
    EXPECT_EQ(journal.end(), std::nullopt);
  }
  server.Restart();
  Client client = server.world().NewClient();
  Journal<LabState> journal;
  const auto watch = journal.Attach(LabClient(client, "a").Observe()).Start();
  ASSERT_TRUE(server.world().Until([&] { return journal.size() > 0; }));
  EXPECT_EQ(journal.entries().back().state.value, value);
  EXPECT_EQ(journal.entries().back().epoch, epoch);
}

class SqliteServerFaultTest : public testing::Test {
 protected:
  std::unique_ptr<Store> Open() {
    store::SqliteOptions options(folder_.File("store.db"));
    options.vfs = vfs_.name();
    options.busy_timeout = absl::Milliseconds(50);
    auto opened = store::OpenSqliteStore(std::move(options));
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  void Fail(Kind kind, std::string file, int code, int times = 1'000'000) {
    auto left = std::make_shared<std::atomic<int>>(times);
    vfs_.SetFault([kind, file = "store.db" + std::move(file), code, left](const FileOperation& operation) {
      const bool fails = operation.kind == kind && operation.file == file && left->fetch_sub(1) > 0;
      return fails ? FileFault{code, false} : FileFault();
    });
  }
  void Mend() { vfs_.SetFault(nullptr); }

  store::ScratchFolder folder_;
  store::FaultyVfs vfs_;
};

TEST_F(SqliteServerFaultTest, AFullDiskIsAnErrorOfEachCallUntilThereIsRoom) {
  FaultyServer server([this] { return Open(); });
  GoThrough(server, [this] { Fail(Kind::kWrite, "-wal", SQLITE_FULL); }, [this] { Mend(); }, {kExhausted});
}

TEST_F(SqliteServerFaultTest, ADiskThatCannotBeWrittenIsAnErrorOfEachCallUntilItCan) {
  FaultyServer server([this] { return Open(); });
  GoThrough(
      server, [this] { Fail(Kind::kWrite, "-wal", SQLITE_IOERR_WRITE); }, [this] { Mend(); },
      {kUnavailable, kLate});
}

TEST_F(SqliteServerFaultTest, AFlushThatFailsOnceUndoesTheTurnsThatItWasFor) {
  FaultyServer server([this] { return Open(); });
  GoThrough(
      server, [this] { Fail(Kind::kSync, "-wal", SQLITE_IOERR_FSYNC, 1); }, [this] { Mend(); },
      {absl::StatusCode::kOk, kUnavailable});
}

TEST_F(SqliteServerFaultTest, WhileNoFlushWorksCallersDoNotKnowAndLaterAllIsWell) {
  FaultyServer server([this] { return Open(); });
  GoThrough(
      server, [this] { Fail(Kind::kSync, "-wal", SQLITE_IOERR_FSYNC); }, [this] { Mend(); },
      {kUnavailable, kLate});
}

TEST_F(SqliteServerFaultTest, WhileAnotherProgramHasTheFileLockedCallsAreRefused) {
  FaultyServer server([this] { return Open(); });
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.File("store.db").c_str(), &other), SQLITE_OK);
  GoThrough(
      server,
      [&] { ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK); },
      [&] {
        ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(other);
      },
      {kUnavailable});
}

TEST_F(SqliteServerFaultTest, AnActorThatCannotBeReadIsAnErrorAndTheNextCallFindsIt) {
  FaultyServer server([this] { return Open(); });
  {
    Client client = server.world().NewClient();
    ASSERT_TRUE(server.world().Get(LabClient(client, "a").Add(5)).ok());
  }
  server.Restart();  // Nothing is in memory, or in the log.
  Client client = server.world().NewClient();
  const LabClient lab(client, "a");
  Journal<LabState> journal;
  Fail(Kind::kRead, "", SQLITE_IOERR_READ);
  const auto read = server.world().Get(lab.Get());
  EXPECT_TRUE(absl::IsUnavailable(read.status())) << read.status();
  EXPECT_TRUE(absl::IsUnavailable(server.world().Get(lab.Add(1)).status()));
  const auto watch = journal.Attach(lab.Observe()).Start();
  Mend();
  const auto added = server.world().Get(lab.Add(1));
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(*added, 6);
  EXPECT_TRUE(
      server.world().Until([&] { return journal.size() > 0 && journal.entries().back().state.value == 6; }));
}

TEST_F(SqliteServerFaultTest, TurnsThatAreWrittenBehindGoOnWhileTheDiskIsFullAndAreWrittenAfterwards) {
  FaultyServer server([this] { return Open(); }, generated::Durability::kAsync);
  std::uint64_t epoch = 0;
  {
    World& world = server.world();
    Client client = world.NewClient();
    const LabClient lab(client, "a");
    Journal<LabState> journal;
    const auto watch = journal.Attach(lab.Observe()).Start();
    ASSERT_TRUE(world.Get(lab.Add(1)).ok());
    Fail(Kind::kWrite, "-wal", SQLITE_FULL);
    const Additions during(world, lab, 20, absl::Seconds(30));
    EXPECT_EQ(during.With(absl::StatusCode::kOk), 20) << during.errors;
    ASSERT_TRUE(
        world.Until([&] { return journal.size() > 0 && journal.entries().back().state.value == 21; }));
    epoch = journal.entries().back().epoch;
    Mend();
  }
  server.Restart();
  Client client = server.world().NewClient();
  Journal<LabState> journal;
  const auto watch = journal.Attach(LabClient(client, "a").Observe()).Start();
  ASSERT_TRUE(server.world().Until([&] { return journal.size() > 0; }));
  EXPECT_EQ(journal.entries().back().state.value, 21);
  EXPECT_EQ(journal.entries().back().epoch, epoch);
}

TEST_F(SqliteServerFaultTest, WhatTheStoreTakesAndWhatWaitsForItIsMeasured) {
  FaultyServer server([this] { return Open(); }, generated::Durability::kAsync);
  World& world = server.world();
  Client client = world.NewClient();
  const LabClient lab(client, "a");
  const auto nothing_waits = [&] { return server.Metric("onager_server_unwritten_records") == 0; };
  ASSERT_TRUE(world.Get(lab.Add(1)).ok());
  ASSERT_TRUE(world.Until(nothing_waits));
  EXPECT_EQ(server.Metric("onager_server_unwritten_bytes"), 0);
  EXPECT_EQ(server.Metric("onager_server_oldest_unwritten_microseconds"), 0);
  EXPECT_EQ(server.Metric("onager_server_store_load_duration_seconds"), 1);
  // Besides the turn its epoch is written.
  const std::int64_t commits = server.Metric("onager_server_store_commit_duration_seconds");
  EXPECT_GE(commits, 1);
  EXPECT_GE(server.Metric("onager_server_loss_window_microseconds"), 50'000);

  Fail(Kind::kWrite, "-wal", SQLITE_FULL);
  ASSERT_TRUE(world.Get(lab.Add(1)).ok());
  ASSERT_TRUE(world.Until([&] { return server.Metric("onager_server_repeated_writes_total") > 0; }));
  EXPECT_EQ(server.Metric("onager_server_unwritten_records"), 1);
  EXPECT_GT(server.Metric("onager_server_unwritten_bytes"), 0);
  EXPECT_GE(server.Metric("onager_server_oldest_unwritten_microseconds"), 50'000);
  EXPECT_GT(server.Metric("onager_server_store_commit_duration_seconds"), commits);
  Mend();
  EXPECT_TRUE(world.Until(nothing_waits));
}

class PostgresServerFaultTest : public store::PostgresTest {
 protected:
  store::PostgresOptions Impatient() const {
    store::PostgresOptions options = Quick();
    options.request_timeout = absl::Milliseconds(300);
    return options;
  }
};

TEST_F(PostgresServerFaultTest, WhileThereIsNoPostgresCallsEndAndAfterwardsAllGoesOn) {
  FaultyServer server([this] { return PostgresTest::Open(Impatient()); });
  GoThrough(
      server, [this] { server_.Kill(); }, [this] { ASSERT_TRUE(server_.StartAgain().ok()); },
      {kUnavailable, kLate});
}

TEST_F(PostgresServerFaultTest, APostgresThatDoesNotAnswerHoldsCallsUpUntilTheirDeadlines) {
  FaultyServer server([this] { return PostgresTest::Open(Impatient()); });
  GoThrough(server, [this] { server_.Pause(); }, [this] { server_.Continue(); }, {kUnavailable, kLate});
}

TEST_F(PostgresServerFaultTest, AConnectionThroughWhichNothingComesIsReplacedUnderCalls) {
  const auto proxy = simulation::ResetProxy::Start(server_.address());
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  FaultyServer server([&] {
    store::PostgresOptions options = QuickThrough((*proxy)->address());
    options.request_timeout = absl::Milliseconds(300);
    return PostgresTest::Open(std::move(options));
  });
  GoThrough(
      server, [&] { (*proxy)->BlackHole(true); }, [&] { (*proxy)->BlackHole(false); }, {kUnavailable, kLate});
}

TEST_F(PostgresServerFaultTest, AFullDiskOfPostgresIsAnErrorOfEachCall) {
  FaultyServer server([this] { return PostgresTest::Open(Impatient()); });
  GoThrough(
      server,
      [this] {
        Sql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RAISE EXCEPTION ''no space left on device'' USING ERRCODE = ''disk_full''; END'; "
            "CREATE TRIGGER full_disk BEFORE INSERT ON onager.log FOR EACH ROW EXECUTE FUNCTION full_disk()");
      },
      [this] { Sql("DROP TRIGGER full_disk ON onager.log"); }, {kExhausted});
}

TEST_F(PostgresServerFaultTest, WhileSomebodyHoldsAnActorsRowItsCallsEndAndLaterAllIsWell) {
  FaultyServer server([this] { return PostgresTest::Open(Impatient()); });
  store::SqlSession session(server_, database_);
  GoThrough(
      server, [&] { session.Run("BEGIN; SELECT FROM onager.actors WHERE key = 'a' FOR UPDATE"); },
      [&] { session.Run("COMMIT"); }, {kUnavailable, kLate});
}

}  // namespace
}  // namespace onager::end_to_end
