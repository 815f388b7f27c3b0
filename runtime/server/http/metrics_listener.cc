#include "runtime/server/http/metrics_listener.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace onager::server {
namespace {

constexpr unsigned kConnectionsMax = 16;
constexpr unsigned kIdleSecondsMax = 10;
constexpr std::size_t kConnectionBytesMax = 16u << 10;
// How the library's idea of a request that has been seen before looks to `Answer`.
constexpr char kSeen = 0;

struct SocketAddress {
  std::string host;  // As in the text, with its brackets.
  bool is_six = false;
  sockaddr_in four{};
  sockaddr_in6 six{};
};

absl::StatusOr<SocketAddress> ParseAddress(const std::string& text) {
  const auto malformed = [&text] {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is no address of the form 127.0.0.1:9464"));
  };
  const std::size_t colon = text.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port > 65535) {
    return malformed();
  }
  SocketAddress address;
  address.host = text.substr(0, colon);
  std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    address.is_six = true;
    address.six.sin6_family = AF_INET6;
    address.six.sin6_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address.six.sin6_addr) != 1) {
      return malformed();
    }
    return address;
  }
  address.four.sin_family = AF_INET;
  address.four.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.four.sin_addr) != 1) return malformed();
  return address;
}

MHD_Result Respond(MHD_Connection* connection, unsigned code, const std::string& body) {
  MHD_Response* const response = MHD_create_response_from_buffer(
      body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY);  // It is not written to.
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
  const MHD_Result queued = MHD_queue_response(connection, code, response);
  MHD_destroy_response(response);
  return queued;
}

MHD_Result Answer(void* text, MHD_Connection* connection, const char* url, const char* method,
                  const char* /*version*/, const char* /*upload*/, std::size_t* upload_size, void** seen) {
  if (*seen == nullptr) {
    // The headers alone: an answer now would close the connection after it.
    *seen = const_cast<char*>(&kSeen);
    return MHD_YES;
  }
  if (*upload_size > 0) {
    *upload_size = 0;  // Nobody wants it.
    return MHD_YES;
  }
  const std::string_view verb = method;
  if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
    return Respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n");
  }
  if (std::string_view(url) != "/metrics") return Respond(connection, MHD_HTTP_NOT_FOUND, "see /metrics\n");
  return Respond(connection, MHD_HTTP_OK, (*static_cast<const std::function<std::string()>*>(text))());
}

}  // namespace

struct MetricsListener::Daemon {
  ~Daemon() {
    if (handle != nullptr) MHD_stop_daemon(handle);
  }
  MHD_Daemon* handle = nullptr;
};

MetricsListener::MetricsListener(std::function<std::string()> text)
    : text_(std::move(text)), daemon_(std::make_unique<Daemon>()) {}

MetricsListener::~MetricsListener() = default;

absl::StatusOr<std::unique_ptr<MetricsListener>> MetricsListener::Start(const std::string& address,
                                                                        std::function<std::string()> text) {
  const absl::StatusOr<SocketAddress> parsed = ParseAddress(address);
  if (!parsed.ok()) return parsed.status();
  std::unique_ptr<MetricsListener> listener(new MetricsListener(std::move(text)));
  const auto* const socket_address = parsed->is_six ? reinterpret_cast<const sockaddr*>(&parsed->six)
                                                    : reinterpret_cast<const sockaddr*>(&parsed->four);
  const unsigned flags =
      MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | (parsed->is_six ? MHD_USE_IPv6 : MHD_NO_FLAG);
  errno = 0;
  listener->daemon_->handle = MHD_start_daemon(
      flags, 0, nullptr, nullptr, &Answer, const_cast<std::function<std::string()>*>(&listener->text_),
      MHD_OPTION_SOCK_ADDR, socket_address, MHD_OPTION_CONNECTION_LIMIT, kConnectionsMax,
      MHD_OPTION_CONNECTION_TIMEOUT, kIdleSecondsMax, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionBytesMax,
      MHD_OPTION_END);
  if (listener->daemon_->handle == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot listen at ", address, ": ", std::strerror(errno)));
  }
  const MHD_DaemonInfo* const info =
      MHD_get_daemon_info(listener->daemon_->handle, MHD_DAEMON_INFO_BIND_PORT);
  listener->address_ = absl::StrCat(parsed->host, ":", info == nullptr ? 0 : info->port);
  return listener;
}

}  // namespace onager::server
