#include "runtime/store/postgres/postgres_store.h"

#include "tests/store/postgres_server.h"
#include "tests/store/store_conformance.h"

namespace onager::store {
namespace {

std::unique_ptr<Store> OpenIn(const std::string& database) {
  PostgresOptions options;
  options.url = SharedPostgres().Url(database);
  absl::StatusOr<std::unique_ptr<Store>> store = OpenPostgresStore(std::move(options));
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(
    Postgres, StoreConformance,
    testing::Values(StoreUnderTest{"postgres", [] { return OpenIn(SharedPostgres().MakeDatabase()); }}),
    [](const testing::TestParamInfo<StoreUnderTest>& store) { return store.param.name; });

}  // namespace
}  // namespace onager::store
