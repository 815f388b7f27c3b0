#ifndef ONAGER_TESTS_STORE_POSTGRES_SERVER_H_
#define ONAGER_TESTS_STORE_POSTGRES_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace onager::store {

/// What a `PostgresServer` is like.
struct PostgresServerOptions {
  PostgresServerOptions() = default;

  /// Whether what is committed survives a crash of the machine, which tests do not look for.
  bool fsync = false;
  /// Lines of postgresql.conf.
  std::vector<std::string> settings;
  /// Whether it speaks TLS, with a certificate of its own making.
  bool tls = false;
};

/// A PostgreSQL of its own for a test: the newest that is installed, in a temporary directory, reached
/// through a Unix socket there and a free port of the loopback interface. It has no root rights: when the
/// test has, it runs as `postgres` or `nobody`. Ends with the test, however that ends. One thread.
class PostgresServer {
 public:
  /// Starts one, or says why it cannot.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start(
      const PostgresServerOptions& options = PostgresServerOptions());
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// Makes an empty database and returns its name.
  std::string MakeDatabase();
  /// URLs of a database: by the Unix socket, and by TCP with what follows the '?'.
  std::string Url(const std::string& database) const;
  std::string TcpUrl(const std::string& database, const std::string& options = "") const;
  /// "127.0.0.1:port"
  std::string address() const;
  const std::string& directory() const { return directory_; }

  /// Runs SQL in a database; the first field of the last result, "" where there is none. Fails the test where
  /// it fails.
  std::string Sql(const std::string& database, const std::string& sql);

  /// Ends all of its processes at once, as a crash does.
  void Kill();
  /// Ends it as an operator does: connections are cut, what is committed is kept.
  void Stop();
  /// After either of those.
  absl::Status StartAgain();
  /// Stops all of its processes where they are, connections stay open: nothing is answered.
  void Pause();
  void Continue();

 private:
  PostgresServer() = default;

  absl::Status Launch();
  std::vector<pid_t> Processes() const;

  PostgresServerOptions options_;
  std::string programs_;  // Their directory.
  std::string directory_;
  std::vector<std::string> drop_root_;  // What commands are put behind.
  int port_ = 0;
  pid_t process_ = -1;
  int databases_ = 0;
};

/// The one that the tests of this program share, started when it is asked for first.
PostgresServer& SharedPostgres();

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_POSTGRES_SERVER_H_
