#include "runtime/server/http/metrics_listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>

namespace onager::server {
namespace {

// What comes back for these bytes until the other side closes.
std::string Exchange(const std::string& address, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 1; (got = read(fd, buffer, sizeof buffer)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  close(fd);
  return answer;
}

std::string Get(const std::string& address, const std::string& path) {
  return Exchange(address, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

class MetricsListenerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = MetricsListener::Start("127.0.0.1:0", [] { return std::string("a_total 1\n"); });
    ASSERT_TRUE(started.ok()) << started.status();
    listener_ = *std::move(started);
  }

  std::unique_ptr<MetricsListener> listener_;
};

TEST_F(MetricsListenerTest, AnswersAScrape) {
  const std::string answer = Get(listener_->address(), "/metrics");
  EXPECT_EQ(answer.substr(0, 15), "HTTP/1.1 200 OK") << answer;
  EXPECT_NE(answer.find("text/plain; version=0.0.4"), std::string::npos) << answer;
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), "a_total 1\n");
}

TEST_F(MetricsListenerTest, KnowsNothingElse) {
  EXPECT_EQ(Get(listener_->address(), "/").substr(0, 12), "HTTP/1.1 404");
  EXPECT_EQ(Get(listener_->address(), "/metrics/../etc/passwd").substr(0, 12), "HTTP/1.1 404");
  EXPECT_EQ(Exchange(listener_->address(),
                     "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
                .substr(0, 12),
            "HTTP/1.1 405");
}

TEST_F(MetricsListenerTest, NonsenseDoesNoHarm) {
  (void)Exchange(listener_->address(), "nonsense\r\n\r\n");
  const std::string too_long(20'000, 'x');
  (void)Exchange(listener_->address(), "GET /metrics HTTP/1.1\r\nX: " + too_long + "\r\n");
  EXPECT_EQ(Get(listener_->address(), "/metrics").substr(0, 15), "HTTP/1.1 200 OK");
}

TEST_F(MetricsListenerTest, AnAddressThatIsTakenOrNoneIsAnError) {
  const auto text = [] { return std::string(); };
  EXPECT_EQ(MetricsListener::Start(listener_->address(), text).status().code(),
            absl::StatusCode::kUnavailable);
  for (const char* address :
       {"", "9464", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", "example.com:1", "[::1:1"}) {
    EXPECT_EQ(MetricsListener::Start(address, text).status().code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
}

}  // namespace
}  // namespace onager::server
