#include "runtime/store/sqlite/sqlite_store.h"

#include "tests/store/scratch_folder.h"
#include "tests/store/store_conformance.h"

namespace onager::store {
namespace {

std::unique_ptr<Store> OpenEmpty() {
  static const ScratchFolder folder;
  static int count = 0;
  return OpenSqliteStore(SqliteOptions(folder.File(std::to_string(++count)))).value();
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, testing::Values(StoreUnderTest{"sqlite", &OpenEmpty}),
                         [](const testing::TestParamInfo<StoreUnderTest>& store) {
                           return store.param.name;
                         });

}  // namespace
}  // namespace onager::store
