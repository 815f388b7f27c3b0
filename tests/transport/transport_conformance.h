#ifndef ONAGER_TESTS_TRANSPORT_TRANSPORT_CONFORMANCE_H_
#define ONAGER_TESTS_TRANSPORT_TRANSPORT_CONFORMANCE_H_

#include <memory>

#include "gtest/gtest.h"
#include "tests/transport/transport_world.h"

namespace onager::transport {

/// What holds for every transport; instantiated once for each.
class TransportConformance : public ::testing::TestWithParam<TransportUnderTest> {
 protected:
  TransportConformance() : world_(GetParam().make()) {}

  const std::unique_ptr<World> world_;
};

inline std::string NameOf(const ::testing::TestParamInfo<TransportUnderTest>& info) {
  return info.param.name;
}

}  // namespace onager::transport

#endif  // ONAGER_TESTS_TRANSPORT_TRANSPORT_CONFORMANCE_H_
