#ifndef ONAGER_TESTS_STORE_POSTGRES_TEST_H_
#define ONAGER_TESTS_STORE_POSTGRES_TEST_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "runtime/base/actor_id.h"
#include "runtime/store/postgres/postgres_store.h"
#include "tests/store/postgres_server.h"

namespace onager::store {

inline const ActorId kA{"t.v1.Counter", "a"};
inline const ActorId kB{"t.v1.Counter", "b"};

/// A test with a new database of the server that the tests share, to which it may do anything.
class PostgresTest : public testing::Test {
 protected:
  PostgresTest() : server_(SharedPostgres()), database_(server_.EmptyDatabase()) {}

  /// Options that notice within a second what they notice within some in earnest.
  PostgresOptions Quick() const {
    PostgresOptions options;
    options.url = server_.Url(database_);
    options.statement_timeout = absl::Milliseconds(500);
    options.lock_timeout = absl::Milliseconds(200);
    options.answer_timeout = absl::Milliseconds(700);
    options.connect_timeout = absl::Milliseconds(500);
    return options;
  }
  /// Through a proxy at an address.
  PostgresOptions QuickThrough(const std::string& address) const {
    PostgresOptions options = Quick();
    options.url = "postgres://onager@" + address + "/" + database_;
    return options;
  }
  std::unique_ptr<Store> Open(PostgresOptions options) {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenPostgresStore(std::move(options));
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  std::unique_ptr<Store> Open() { return Open(Quick()); }

  std::string Sql(const std::string& sql) { return server_.Sql(database_, sql); }
  /// Ends the connections of stores, of those whose name begins so.
  void CutConnections(const std::string& names = "onager-") {
    Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '" + names +
        "%'");
  }

  PostgresServer& server_;
  const std::string database_;
};

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_POSTGRES_TEST_H_
