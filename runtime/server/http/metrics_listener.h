#ifndef ONAGER_RUNTIME_SERVER_HTTP_METRICS_LISTENER_H_
#define ONAGER_RUNTIME_SERVER_HTTP_METRICS_LISTENER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace onager::server {

/// Answers `GET /metrics` over HTTP/1.1, for Prometheus to scrape, and nothing else. On a thread of its own,
/// on which `text` is called; destruction joins it. At most 16 connections at a time, each for at most 10 s
/// without a byte.
class MetricsListener {
 public:
  /// `address` is "127.0.0.1:9464", "[::1]:9464" or "localhost:9464"; port 0 lets the system choose. Fails
  /// with `INVALID_ARGUMENT` for what is no such address, with `UNAVAILABLE` when it cannot be listened at.
  static absl::StatusOr<std::unique_ptr<MetricsListener>> Start(const std::string& address,
                                                                std::function<std::string()> text);
  ~MetricsListener();
  MetricsListener(const MetricsListener&) = delete;
  MetricsListener& operator=(const MetricsListener&) = delete;

  /// With the port that was chosen.
  const std::string& address() const { return address_; }

 private:
  struct Daemon;

  explicit MetricsListener(std::function<std::string()> text);

  const std::function<std::string()> text_;
  std::string address_;
  std::unique_ptr<Daemon> daemon_;  // Goes first: it uses the others.
};

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_HTTP_METRICS_LISTENER_H_
