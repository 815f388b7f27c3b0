#include "runtime/server/listen_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace onager::server {
namespace {

TEST(ListenPolicyTest, LocalAddressesAreThoseThatNobodyElseReaches) {
  for (const char* address :
       {"127.0.0.1:0", "127.8.9.10:7000", "localhost:7000", "[::1]:7000", "ipv4:127.0.0.1:1", "ipv6:[::1]:1",
        "[::ffff:127.0.0.1]:7000", "unix:/run/onager.sock", "unix-abstract:onager"}) {
    EXPECT_TRUE(IsLocalAddress(address)) << address;
  }
  for (const char* address :
       {"0.0.0.0:7000", "192.0.2.1:7000", "[::]:7000", "[2001:db8::1]:7000", "[::ffff:192.0.2.1]:7000",
        "example.com:7000", "localhost.example.com:7000", "127.0.0.1.example.com:1", "dns:///localhost:7000",
        "", ":", "[", "*:7000", "12700000001:1"}) {
    EXPECT_FALSE(IsLocalAddress(address)) << address;
  }
}

TEST(ListenPolicyTest, PlaintextThatOthersCouldReadIsRefusedUnlessAskedFor) {
  const absl::Status refused = CheckListenAddress("0.0.0.0:7000", /*has_tls=*/false, /*insecure=*/false);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  for (const char* word : {"0.0.0.0:7000", "ServerOptions::tls", "ServerOptions::insecure", "unix socket"}) {
    EXPECT_NE(std::string(refused.message()).find(word), std::string::npos) << refused;
  }
  EXPECT_TRUE(CheckListenAddress("0.0.0.0:7000", /*has_tls=*/true, /*insecure=*/false).ok());
  EXPECT_TRUE(CheckListenAddress("0.0.0.0:7000", /*has_tls=*/false, /*insecure=*/true).ok());
  EXPECT_TRUE(CheckListenAddress("127.0.0.1:7000", /*has_tls=*/false, /*insecure=*/false).ok());
}

TEST(ListenPolicyTest, OldVersionsOfGrpcAreKnown) {
  for (const char* version : {"1.51.1", "1.59.1", "0.99.9", "1.9.9", "", "1", "1.59", "one"}) {
    EXPECT_TRUE(IsVulnerableGrpc(version)) << version;
  }
  for (const char* version : {"1.59.2", "1.59.3-dev", "1.60.0-pre1", "1.100.0", "2.0.0"}) {
    EXPECT_FALSE(IsVulnerableGrpc(version)) << version;
  }
}

}  // namespace
}  // namespace onager::server
