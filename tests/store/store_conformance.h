#ifndef ONAGER_TESTS_STORE_STORE_CONFORMANCE_H_
#define ONAGER_TESTS_STORE_STORE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/store/store.h"

namespace onager::store {

/// One implementation for the suite: `make` opens a store that is empty.
struct StoreUnderTest {
  std::string name;
  std::function<std::unique_ptr<Store>()> make;
};

/// What every store does. A program instantiates it for its stores:
/// `INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, testing::Values(…));`
class StoreConformance : public testing::TestWithParam<StoreUnderTest> {
 protected:
  StoreConformance() : store_(GetParam().make()) {}

  /// Each waits for the answer.
  std::optional<StoredActor> Load(const ActorId& actor);
  absl::Status Commit(CommitRecord record);
  std::optional<StoredPast> Past(const ActorId& actor);

  std::unique_ptr<Store> store_;
};

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_STORE_CONFORMANCE_H_
