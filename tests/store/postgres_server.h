#ifndef ONAGER_TESTS_STORE_POSTGRES_SERVER_H_
#define ONAGER_TESTS_STORE_POSTGRES_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

struct pg_conn;  // A PGconn of libpq.

namespace onager::store {

/// What a `PostgresServer` is like.
struct PostgresServerOptions {
  PostgresServerOptions() = default;

  /// Whether what is committed survives a crash of the machine, which tests do not look for.
  bool fsync = false;
  /// Lines of postgresql.conf.
  std::vector<std::string> settings;
};

/// A PostgreSQL of its own for a test: the newest that is installed, in a temporary directory, reached
/// through a Unix socket there and a free port of the loopback interface, where it speaks TLS with a
/// certificate of its own making (`certificate`), and without TLS to all but the user `tls_only`. It has no
/// root rights: when the test has, it runs as `postgres` or `nobody`. Ends with the test, however that ends.
/// One thread.
class PostgresServer {
 public:
  /// Starts one, or says why it cannot.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start(
      const PostgresServerOptions& options = PostgresServerOptions());
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The name of a database that is empty: what an earlier test has left there is gone.
  std::string EmptyDatabase();
  /// Makes one that is nobody else's, for those who need several, and returns its name.
  std::string MakeDatabase();
  /// URLs of a database: by the Unix socket, and by TCP with what follows the '?'.
  std::string Url(const std::string& database) const;
  std::string TcpUrl(const std::string& database, const std::string& options = "") const;
  /// "127.0.0.1:port"
  std::string address() const;
  std::string certificate() const { return directory_ + "/data/server.crt"; }

  /// Runs SQL in a database; the first field of the last result, "" where there is none. Fails the test where
  /// it fails.
  std::string Sql(const std::string& database, const std::string& sql);

  /// Ends all of its processes at once, as a crash does.
  void Kill();
  /// Ends it as an operator does: connections are cut, what is committed is kept.
  void Stop();
  /// After either of those.
  absl::Status StartAgain();
  bool is_running() const { return process_ > 0; }
  /// Stops all of its processes where they are, connections stay open: nothing is answered.
  void Pause();
  void Continue();

 private:
  PostgresServer() = default;

  absl::Status MakeCertificate();
  absl::Status Launch();
  std::vector<pid_t> Processes() const;

  PostgresServerOptions options_;
  std::string programs_;  // Their directory.
  std::string directory_;
  std::vector<std::string> drop_root_;  // What commands are put behind.
  int port_ = 0;
  pid_t process_ = -1;
  bool has_database_ = false;
  int databases_ = 0;  // That were made for one alone.
};

/// A connection that is kept, as of somebody at psql. Waits for each answer.
class SqlSession {
 public:
  SqlSession(const PostgresServer& server, const std::string& database);
  ~SqlSession();
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;

  /// As `PostgresServer::Sql`.
  std::string Run(const std::string& sql);

 private:
  pg_conn* const connection_;
};

/// The one that the tests of this program share, started when it is asked for first, and again where a test
/// has ended or paused it.
PostgresServer& SharedPostgres();

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_POSTGRES_SERVER_H_
