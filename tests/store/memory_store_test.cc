#include "runtime/store/memory_store.h"
#include "tests/store/store_conformance.h"

namespace onager::store {
namespace {

INSTANTIATE_TEST_SUITE_P(
    Memory, StoreConformance,
    testing::Values(StoreUnderTest{"memory", [] { return std::make_unique<MemoryStore>(); }}),
    [](const testing::TestParamInfo<StoreUnderTest>& store) { return store.param.name; });

}  // namespace
}  // namespace onager::store
