#include "runtime/server/listen_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace onager::server {
namespace {

// As gRPC writes addresses, in front of which the kind may stand.
constexpr absl::string_view kSocketKinds[] = {"ipv4:", "ipv6:"};
constexpr absl::string_view kUnixKinds[] = {"unix:", "unix-abstract:"};

absl::string_view HostOf(absl::string_view address) {
  for (const absl::string_view kind : kSocketKinds) absl::ConsumePrefix(&address, kind);
  if (absl::ConsumePrefix(&address, "[")) return address.substr(0, address.find(']'));
  return address.substr(0, address.rfind(':'));
}

}  // namespace

bool IsLocalAddress(std::string_view address) {
  const absl::string_view text(address.data(), address.size());
  for (const absl::string_view kind : kUnixKinds) {
    if (absl::StartsWith(text, kind)) return true;
  }
  const std::string host(HostOf(text));
  if (host == "localhost") return true;
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&six)) return six.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&six);
}

absl::Status CheckListenAddress(std::string_view address, bool has_tls, bool insecure) {
  if (has_tls || insecure || IsLocalAddress(address)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("without TLS everybody on the way to ", std::string(address),
                   " could read and change what is sent: set ServerOptions::tls, listen on 127.0.0.1 or on a "
                   "unix socket, or set ServerOptions::insecure"));
}

bool IsVulnerableGrpc(std::string_view version) {
  constexpr std::array<int, 3> kMended = {1, 59, 2};
  const std::vector<std::string> parts =
      absl::StrSplit(absl::string_view(version.data(), version.size()), '.');
  for (std::size_t i = 0; i < kMended.size(); ++i) {
    int part = 0;
    // "1.60.0-pre1" is as good as "1.60.0" here.
    if (i >= parts.size() || !absl::SimpleAtoi(parts[i].substr(0, parts[i].find('-')), &part)) return true;
    if (part != kMended[i]) return part < kMended[i];
  }
  return false;
}

}  // namespace onager::server
