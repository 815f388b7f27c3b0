#ifndef ONAGER_RUNTIME_TESTING_RESET_PROXY_H_
#define ONAGER_RUNTIME_TESTING_RESET_PROXY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace onager::simulation {

/// A real TCP proxy on the loopback interface that can be told to misbehave: it stands between a client
/// and a server to break their connections as a real network would. Thread-safe; works on a thread of its
/// own. Destruction closes every connection and joins.
class ResetProxy {
 public:
  /// Listens on a free port of 127.0.0.1 and forwards to `target`, a "host:port".
  static absl::StatusOr<std::unique_ptr<ResetProxy>> Start(const std::string& target);
  ~ResetProxy();
  ResetProxy(const ResetProxy&) = delete;
  ResetProxy& operator=(const ResetProxy&) = delete;

  /// Where it listens: "127.0.0.1:port".
  const std::string& address() const;

  // Each of these returns when it is in effect.

  /// Ends every connection with a TCP reset on both of its sides. Returns how many there were.
  std::size_t ResetAll();
  /// While refusing, every new connection is reset as soon as it was made.
  void Refuse(bool refuse);
  /// While a black hole, connections are made and kept, but nothing is read or forwarded; what was sent
  /// meanwhile goes on when it ends.
  void BlackHole(bool black_hole);

  std::uint64_t bytes_to_server() const;
  std::uint64_t bytes_to_client() const;
  /// Connections that are open at this moment.
  std::size_t active_connections() const;

 private:
  class Loop;
  explicit ResetProxy(std::unique_ptr<Loop> loop);
  const std::unique_ptr<Loop> loop_;
};

}  // namespace onager::simulation

#endif  // ONAGER_RUNTIME_TESTING_RESET_PROXY_H_
