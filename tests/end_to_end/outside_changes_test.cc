// Two servers on one PostgreSQL database, and somebody with SQL: whoever changes an actor, everybody who
// observes it sees that soon, at whichever server.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "onager/client.h"
#include "onager/server.h"
#include "runtime/base/mutex.h"
#include "tests/store/postgres_server.h"
#include "vault.actor.h"

namespace onager::end_to_end {
namespace {

using vault::v1::Transfer;
using vault::v1::VaultClient;
using vault::v1::VaultState;
using SteadyTime = std::chrono::steady_clock::time_point;

SteadyTime Now() { return std::chrono::steady_clock::now(); }

class Vault final : public vault::v1::VaultActor {
  Task<std::int64_t> Add(Turn&, std::int64_t cents) override {
    state().set_cents(state().cents() + cents);
    return state().cents();
  }
  Task<std::int64_t> AddAgain(Turn& turn, std::int64_t cents) override { return Add(turn, cents); }
  Task<std::int64_t> AddBehind(Turn& turn, std::int64_t cents) override { return Add(turn, cents); }
  Task<std::int64_t> AddInMemory(Turn& turn, std::int64_t cents) override { return Add(turn, cents); }
  Task<std::int64_t> Get(Turn&) override { return state().cents(); }
  Task<std::string> Keep(Turn&, std::string secret) override {
    std::string before = state().secret();
    state().set_secret(std::move(secret));
    return before;
  }
  Task<> Record(Turn&, Transfer transfer) override {
    (void)state().mutable_transfers().Insert(std::move(transfer));
    return absl::OkStatus();
  }
  Task<> Refuse(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> Fill(Turn&, std::int64_t) override { return absl::OkStatus(); }
  Task<> Remind(Turn&, std::string id, absl::Duration, absl::Duration) override {
    state().mutable_reminded().Set(id, 1);
    return absl::OkStatus();
  }
  Task<> Forget(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> PayLater(Turn&, Transfer, absl::Duration) override { return absl::OkStatus(); }
  Task<> OnDue(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> OnPay(Turn&, Transfer) override { return absl::OkStatus(); }
  absl::Status MigrateFrom1() override { return absl::OkStatus(); }
};

/// One who observes a vault, and when what was seen last came.
class Observer {
 public:
  Observer(const Client& client, const std::string& name)
      : subscription_(VaultClient(client, name)
                          .Observe()
                          .OnChange([this](const VaultState& now, const auto&) {
                            MutexLock lock(mutex_);
                            state_ = now;
                            seen_at_ = Now();
                            changed_.NotifyAll();
                          })
                          .OnEnd([this](const absl::Status& status) {
                            MutexLock lock(mutex_);
                            end_ = status;
                            seen_at_ = Now();
                            changed_.NotifyAll();
                          })
                          .Start()) {}

  /// When it saw a state of which that holds, or nothing: it never did.
  std::optional<SteadyTime> Sees(const std::function<bool(const VaultState&)>& holds) {
    return Wait([&] { return state_.has_value() && holds(*state_); });
  }
  std::optional<SteadyTime> Sees(std::int64_t cents) {
    return Sees([cents](const VaultState& state) { return state.cents == cents; });
  }
  std::optional<SteadyTime> SeesTheEnd() {
    return Wait([&] { return end_.has_value(); });
  }
  absl::Status end() const {
    MutexLock lock(mutex_);
    return end_.value_or(absl::OkStatus());
  }

 private:
  template <typename Condition>
  std::optional<SteadyTime> Wait(const Condition& condition) {
    const SteadyTime deadline = Now() + std::chrono::seconds(30);
    MutexLock lock(mutex_);
    while (!condition()) {
      if (!changed_.WaitUntil(mutex_, deadline)) return std::nullopt;
    }
    return seen_at_;
  }

  mutable Mutex mutex_;
  CondVar changed_;
  std::optional<VaultState> state_;
  std::optional<absl::Status> end_;
  SteadyTime seen_at_{};
  Subscription<VaultState> subscription_;  // Last: it calls the above.
};

/// How long something took each time that it was done.
class Latencies {
 public:
  Latencies(std::string what, SteadyTime* begun) : what_(std::move(what)), begun_(begun) {}
  ~Latencies() {
    std::sort(seconds_.begin(), seconds_.end());
    std::cout << what_ << ": median " << 1000 * median() << " ms, at most " << 1000 * seconds_.back()
              << " ms, of " << seconds_.size() << "\n";
    // All, but for the one time that the machine may have had something else to do.
    EXPECT_LT(seconds_[seconds_.size() - 2], 0.5) << what_;
  }
  void Add(std::optional<SteadyTime> seen) {
    ASSERT_TRUE(seen.has_value()) << what_;
    seconds_.push_back(std::chrono::duration<double>(*seen - *begun_).count());
  }

 private:
  double median() const { return seconds_[seconds_.size() / 2]; }

  const std::string what_;
  SteadyTime* const begun_;
  std::vector<double> seconds_ = {};
};

class OutsideChangesTest : public testing::Test {
 protected:
  OutsideChangesTest()
      : postgres_(store::SharedPostgres()), database_(postgres_.EmptyDatabase()), sql_(postgres_, database_) {
    for (std::unique_ptr<Server>& server : servers_) server = StartServer();
    for (const std::unique_ptr<Server>& server : servers_) {
      clients_.push_back(Client::Connect(server->addresses().front()));
    }
  }

  std::unique_ptr<Server> StartServer(bool store_json = true) {
    ServerOptions options;
    options.store = postgres_.Url(database_);
    options.store_json = store_json;
    options.log = nullptr;
    auto server = std::make_unique<Server>(std::move(options));
    server->Host<Vault>();
    const absl::Status started = server->Start();
    EXPECT_TRUE(started.ok()) << started;
    return server;
  }

  VaultClient At(std::size_t server, const std::string& name) { return {clients_[server], name}; }
  std::string Sql(const std::string& sql) { return sql_.Run(sql); }
  /// Waits, at the database, until a query says that.
  void AwaitSql(const std::string& query, const std::string& wanted) {
    Sql(absl::StrCat("DO $$ DECLARE said text; BEGIN FOR i IN 1..3000 LOOP EXECUTE $q$", query,
                     "$q$ INTO said; EXIT WHEN said = '", wanted,
                     "'; PERFORM pg_sleep(0.01); END LOOP; END $$"));
    EXPECT_EQ(Sql(query), wanted) << query;
  }
  void AwaitShown(const std::string& name) {
    AwaitSql(absl::StrCat("SELECT (revision = state_revision)::text FROM onager.actors_json WHERE key = '",
                          name, "'"),
             "true");
  }
  void CutFeeds() {
    Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onager-feed' AND "
        "datname = current_database()");
  }

  store::PostgresServer& postgres_;
  const std::string database_;
  store::SqlSession sql_;
  std::unique_ptr<Server> servers_[2];
  std::vector<Client> clients_;
  SteadyTime begun_{};
};

TEST_F(OutsideChangesTest, A23_WhateverChangesAnActorEveryObserverOfEveryServerSeesWithin500Milliseconds) {
  constexpr int kTimes = 9;
  Observer here(clients_[0], "a");
  Observer there(clients_[1], "a");  // Nobody ever calls the actor at that server.
  ASSERT_TRUE(here.Sees(0).has_value());
  ASSERT_TRUE(there.Sees(0).has_value());
  {
    Latencies own("a call, at its own server", &begun_);
    Latencies other("a call, at the other server", &begun_);
    for (int i = 1; i <= kTimes; ++i) {
      begun_ = Now();
      ASSERT_EQ(At(0, "a").Add(1).Wait().value(), i);
      own.Add(here.Sees(i));
      other.Add(there.Sees(i));
    }
  }
  {
    Latencies one("an UPDATE of the view, at one server", &begun_);
    Latencies other("an UPDATE of the view, at the other", &begun_);
    for (int i = 1; i <= kTimes; ++i) {
      AwaitShown("a");
      begun_ = Now();
      Sql(absl::StrCat("UPDATE onager.actors_json SET state = jsonb_set(state, '{cents}', '", 100 + i,
                       "') WHERE key = 'a'"));
      one.Add(here.Sees(100 + i));
      other.Add(there.Sees(100 + i));
    }
  }
  // Those who call go on from there, at both.
  EXPECT_EQ(At(0, "a").AddAgain(1).Wait().value(), 100 + kTimes + 1);
  EXPECT_EQ(At(1, "a").AddAgain(1).Wait().value(), 100 + kTimes + 2);
  EXPECT_TRUE(here.Sees(100 + kTimes + 2).has_value());
  EXPECT_TRUE(there.Sees(100 + kTimes + 2).has_value());
  {
    Latencies one("a DELETE from the view, at one server", &begun_);
    Latencies other("a DELETE from the view, at the other", &begun_);
    for (int i = 0; i < kTimes; ++i) {
      const std::string name = absl::StrCat("delete-", i);
      ASSERT_TRUE(At(static_cast<std::size_t>(i) % 2, name).AddAgain(1).Wait().ok());
      Observer first(clients_[0], name);
      Observer second(clients_[1], name);
      ASSERT_TRUE(first.Sees(1).has_value());
      ASSERT_TRUE(second.Sees(1).has_value());
      begun_ = Now();
      Sql("DELETE FROM onager.actors_json WHERE key = '" + name + "'");
      one.Add(first.SeesTheEnd());
      other.Add(second.SeesTheEnd());
      EXPECT_TRUE(absl::IsNotFound(first.end())) << first.end();
      EXPECT_TRUE(absl::IsNotFound(second.end())) << second.end();
      EXPECT_EQ(At(0, name).AddAgain(5).Wait().value(), 5);  // A new one.
    }
  }
}

TEST_F(OutsideChangesTest, A23_WhatChangesWhileNoServerHearsOfItEverybodySeesAfterwardsDeletionsIncluded) {
  constexpr int kRounds = 12;
  Observer here(clients_[0], "a");
  Observer there(clients_[1], "a");
  std::vector<std::unique_ptr<Observer>> ending;
  for (int i = 0; i < kRounds; ++i) {
    const std::string name = absl::StrCat("delete-", i);
    ASSERT_TRUE(At(0, name).Add(1).Wait().ok());
    for (const Client& client : clients_) ending.push_back(std::make_unique<Observer>(client, name));
  }
  for (const auto& observer : ending) ASSERT_TRUE(observer->Sees(1).has_value());
  for (int i = 0; i < kRounds; ++i) {
    CutFeeds();
    ASSERT_TRUE(At(static_cast<std::size_t>(i) % 2, "a").AddAgain(1).Wait().ok());
    CutFeeds();
    Sql(absl::StrCat("SELECT onager.destroy('vault.v1.Vault', 'delete-", i, "')"));
    if (i % 4 == 3) Sql("SELECT onager.set_state('vault.v1.Vault', 'a', '{\"cents\": 1000}')");
    AwaitSql("SELECT count(*)::text FROM onager.edits WHERE ended_at IS NULL", "0");
    CutFeeds();
  }
  EXPECT_TRUE(here.Sees(1000).has_value());
  EXPECT_TRUE(there.Sees(1000).has_value());
  EXPECT_EQ(At(0, "a").AddAgain(1).Wait().value(), 1001);
  EXPECT_EQ(At(1, "a").AddAgain(1).Wait().value(), 1002);
  for (const auto& observer : ending) {
    EXPECT_TRUE(observer->SeesTheEnd().has_value());
    EXPECT_TRUE(absl::IsNotFound(observer->end())) << observer->end();
  }
}

TEST_F(OutsideChangesTest, AStateIsReadableWithSqlAndAnEditChangesWhatItSays) {
  ASSERT_TRUE(At(0, "a").Keep("secret").Wait().ok());
  ASSERT_TRUE(At(0, "a").Remind("x", absl::ZeroDuration()).Wait().ok());
  for (std::uint8_t i = 1; i <= 3; ++i) {
    const Uuid id = Uuid::FromRandom(i, i);
    ASSERT_TRUE(At(0, "a").Record(Transfer().with_id(id).with_cents(i)).Wait().ok());
  }
  AwaitShown("a");
  // All that is stored is there, 64-bit integers as text, and nothing that the `.actor` file does not say.
  EXPECT_EQ(Sql("SELECT string_agg(k, ' ' ORDER BY k) FROM onager.actors_json, jsonb_object_keys(state) AS k "
                "WHERE key = 'a'"),
            "ballast cents reminded secret transfers");
  EXPECT_EQ(
      Sql("SELECT concat(state->>'secret', ' ', (state->>'cents')::bigint, ' ', state->>'reminded', ' ', "
          "(SELECT sum((t->>'cents')::bigint) FROM jsonb_array_elements(state->'transfers') AS t)) "
          "FROM onager.actors_json WHERE key = 'a'"),
      "secret 0 {\"x\": \"1\"} 6");

  // One transfer less, another order, and another amount.
  Observer there(clients_[1], "a");
  ASSERT_TRUE(there.Sees([](const VaultState& state) { return state.transfers.size() == 3; }).has_value());
  Sql("UPDATE onager.actors_json SET state = state || jsonb_build_object('transfers', "
      "jsonb_build_array(state->'transfers'->2, jsonb_set(state->'transfers'->0, '{cents}', '70'))) "
      "WHERE key = 'a'");
  EXPECT_TRUE(there
                  .Sees([](const VaultState& state) {
                    return state.transfers.size() == 2 && state.transfers.front().cents == 3 &&
                           std::next(state.transfers.begin())->cents == 70;
                  })
                  .has_value());
  EXPECT_EQ(At(1, "a").Keep("other").Wait().value(), "secret");
  // What was inserted so takes part in what follows like all else.
  EXPECT_TRUE(At(1, "a").Record(Transfer().with_id(Uuid::FromRandom(9, 9)).with_cents(9)).Wait().ok());
  EXPECT_TRUE(there.Sees([](const VaultState& state) { return state.transfers.size() == 3; }).has_value());
}

TEST_F(OutsideChangesTest, WhatIsNoStateOfTheTypeIsRefusedAndSaysWhy) {
  const auto refusal = [this](const std::string& type, const std::string& state) {
    const std::string edit = Sql("SELECT onager.set_state('" + type + "', 'a', '" + state + "')");
    AwaitSql("SELECT (ended_at IS NOT NULL)::text FROM onager.edits WHERE id = " + edit, "true");
    return Sql("SELECT concat(outcome, ': ', message) FROM onager.edits WHERE id = " + edit);
  };
  const std::string type = "vault.v1.Vault";
  EXPECT_EQ(refusal(type, "{}"), "done: ");
  EXPECT_NE(refusal(type, R"({"cent": 1})").find("cent"), std::string::npos);
  EXPECT_NE(refusal(type, R"({"cents": "many"})").find("many"), std::string::npos);
  EXPECT_NE(refusal(type, R"({"transfers_handles": [1]})").find("transfers_handles"), std::string::npos);
  // Two elements with one key.
  const std::string twice =
      R"({"transfers": [{"id": "AAAAAAAAAAAAAAAAAAAAAQ=="}, {"id": "AAAAAAAAAAAAAAAAAAAAAQ=="}]})";
  EXPECT_EQ(refusal(type, twice).substr(0, 8), "refused:");
  EXPECT_EQ(refusal(type, R"({"transfers": [{"id": "AQ=="}]})").substr(0, 8), "refused:");
  EXPECT_EQ(At(0, "a").Get().Wait().value(), 0);
}

TEST_F(OutsideChangesTest, StatesAreNotShownWhereThatIsNotWanted) {
  for (std::unique_ptr<Server>& server : servers_) server.reset();
  const std::unique_ptr<Server> discreet = StartServer(/*store_json=*/false);
  const Client client = Client::Connect(discreet->addresses().front());
  ASSERT_TRUE(VaultClient(client, "a").Keep("secret").Wait().ok());
  const std::string edit = Sql("SELECT onager.set_state('vault.v1.Vault', 'a', '{}')");
  // A server that is asked afterwards makes the edit, and shows the state.
  EXPECT_EQ(Sql("SELECT count(*) FROM onager.state_json"), "0");
  const std::unique_ptr<Server> open = StartServer();
  AwaitSql("SELECT outcome FROM onager.edits WHERE id = " + edit, "done");
  AwaitShown("a");
}

}  // namespace
}  // namespace onager::end_to_end
