#include "tests/store/postgres_server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/status_macros.h"

extern char** environ;

namespace onager::store {
namespace {

namespace fs = std::filesystem;

/// The directory of the newest version's programs.
absl::StatusOr<std::string> FindPrograms() {
  if (const char* const given = std::getenv("ONAGER_POSTGRES_BIN")) return std::string(given);
  std::pair<int, std::string> newest{0, ""};
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    int version = 0;
    const fs::path programs = entry.path() / "bin";
    if (!absl::SimpleAtoi(entry.path().filename().string(), &version)) continue;
    if (fs::exists(programs / "initdb")) newest = std::max(newest, {version, programs.string()});
  }
  if (newest.first == 0) {
    return absl::NotFoundError(
        "there is no PostgreSQL in /usr/lib/postgresql (Debian: postgresql), nor does ONAGER_POSTGRES_BIN "
        "name one");
  }
  return newest.second;
}

/// Where files need not survive: in memory, if there is enough.
fs::path TemporaryDirectory() {
  std::error_code error;
  const fs::space_info memory = fs::space("/dev/shm", error);
  if (!error && memory.available > std::uintmax_t{1} << 30) return "/dev/shm";
  return fs::temp_directory_path();
}

/// Starts a program with its output in a file.
absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& command, const std::string& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const absl::Cleanup destroy = [&actions] { posix_spawn_file_actions_destroy(&actions); };
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t process = -1;
  const int error = posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  if (error != 0) return absl::ErrnoToStatus(error, command[0]);
  return process;
}

std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

absl::Status RunToEnd(const std::vector<std::string>& command, const std::string& log) {
  ONAGER_ASSIGN_OR_RETURN(const pid_t process, Spawn(command, log));
  int status = 0;
  waitpid(process, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(absl::StrJoin(command, " "), " failed: ", ReadFile(log)));
}

int FindFreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(listener, reinterpret_cast<const sockaddr*>(&address), size);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  close(listener);
  return ntohs(address.sin_port);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start(const PostgresServerOptions& options) {
  std::unique_ptr<PostgresServer> server(new PostgresServer);
  server->options_ = options;
  ONAGER_ASSIGN_OR_RETURN(server->programs_, FindPrograms());
  std::string directory =
      ((options.fsync ? fs::temp_directory_path() : TemporaryDirectory()) / "onager-postgres-XXXXXX")
          .string();
  if (mkdtemp(directory.data()) == nullptr) return absl::ErrnoToStatus(errno, directory);
  server->directory_ = directory;
  server->drop_root_ = {"setpriv", "--pdeathsig", "KILL"};
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) user = getpwnam("nobody");
    if (user == nullptr || chown(directory.c_str(), user->pw_uid, user->pw_gid) != 0) {
      return absl::FailedPreconditionError("there is no user to run PostgreSQL as");
    }
    server->drop_root_.push_back(absl::StrCat("--reuid=", user->pw_uid));
    server->drop_root_.push_back(absl::StrCat("--regid=", user->pw_gid));
    server->drop_root_.push_back("--clear-groups");
  }
  std::vector<std::string> initdb = server->drop_root_;
  for (const char* const argument : {"/initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C",
                                     "--username=onager", "--no-instructions", "--pgdata"}) {
    initdb.push_back(argument[0] == '/' ? server->programs_ + argument : argument);
  }
  initdb.push_back(directory + "/data");
  ONAGER_RETURN_IF_ERROR(RunToEnd(initdb, directory + "/initdb.log"));
  std::ofstream settings(directory + "/data/postgresql.conf", std::ios::app);
  settings << "listen_addresses = '127.0.0.1'\nunix_socket_directories = '" << directory
           << "'\nmax_connections = 200\nshared_buffers = 32MB\nfsync = " << (options.fsync ? "on" : "off")
           << "\nmax_wal_size = 200MB\nlog_min_messages = fatal\n";
  for (const std::string& line : options.settings) settings << line << '\n';
  settings << "ssl = on\n";
  ONAGER_RETURN_IF_ERROR(server->MakeCertificate());
  std::ofstream(directory + "/data/pg_hba.conf") << "local all all trust\n"
                                                    "hostnossl all tls_only 127.0.0.1/32 reject\n"
                                                    "host all all 127.0.0.1/32 trust\n";
  settings.close();
  // Somebody else may take the port in between.
  absl::Status started;
  for (int attempt = 0; attempt < 5; ++attempt) {
    server->port_ = FindFreePort();
    started = server->Launch();
    if (started.ok()) return server;
  }
  return started;
}

absl::Status PostgresServer::MakeCertificate() {
  std::vector<std::string> command = drop_root_;
  for (const char* const argument :
       {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out"}) {
    command.push_back(argument);
  }
  command.insert(command.end(), {certificate(), "-keyout", directory_ + "/data/server.key"});
  return RunToEnd(command, directory_ + "/openssl.log");
}

PostgresServer::~PostgresServer() {
  if (process_ > 0) Kill();
  std::error_code error;
  if (!directory_.empty()) fs::remove_all(directory_, error);
}

absl::Status PostgresServer::Launch() {
  std::vector<std::string> command = drop_root_;
  command.insert(command.end(),
                 {programs_ + "/postgres", "-D", directory_ + "/data", "-p", absl::StrCat(port_)});
  ONAGER_ASSIGN_OR_RETURN(process_, Spawn(command, directory_ + "/server.log"));
  const std::string host = directory_;
  const std::string port = absl::StrCat(port_);
  const char* const names[] = {"host", "port", "user", "dbname", nullptr};
  const char* const values[] = {host.c_str(), port.c_str(), "onager", "postgres", nullptr};
  for (int attempt = 0; attempt < 6000; ++attempt) {
    if (PQpingParams(names, values, 0) == PQPING_OK) return absl::OkStatus();
    int status = 0;
    if (waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      return absl::UnavailableError(
          absl::StrCat("PostgreSQL does not start: ", ReadFile(directory_ + "/server.log")));
    }
    // There is nothing to wait for but the server itself.
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return absl::DeadlineExceededError("PostgreSQL does not start within a minute");
}

// One for all, since making and removing one costs more than all that a test does in it.
std::string PostgresServer::EmptyDatabase() {
  if (!std::exchange(has_database_, true)) Sql("postgres", "CREATE DATABASE test");
  Sql("test", "DROP SCHEMA IF EXISTS onager CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  return "test";
}

std::string PostgresServer::MakeDatabase() {
  const std::string name = absl::StrCat("test", ++databases_);
  Sql("postgres", absl::StrCat("CREATE DATABASE ", name));
  return name;
}

std::string PostgresServer::Url(const std::string& database) const {
  return absl::StrCat("postgres:///", database, "?user=onager&host=", directory_, "&port=", port_);
}

std::string PostgresServer::TcpUrl(const std::string& database, const std::string& options) const {
  return absl::StrCat("postgres://onager@", address(), "/", database, options.empty() ? "" : "?", options);
}

std::string PostgresServer::address() const { return absl::StrCat("127.0.0.1:", port_); }

std::string PostgresServer::Sql(const std::string& database, const std::string& sql) {
  return SqlSession(*this, database).Run(sql);
}

SqlSession::SqlSession(const PostgresServer& server, const std::string& database)
    : connection_(PQconnectdb(server.Url(database).c_str())) {
  PQsetNoticeReceiver(connection_, [](void*, const PGresult*) {}, nullptr);
}

SqlSession::~SqlSession() { PQfinish(connection_); }

std::string SqlSession::Run(const std::string& sql) {
  PGresult* const result = PQexec(connection_, sql.c_str());
  const absl::Cleanup clear = [result] { PQclear(result); };
  const ExecStatusType status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
      << sql << ": " << PQerrorMessage(connection_);
  return PQntuples(result) > 0 && PQnfields(result) > 0 ? PQgetvalue(result, 0, 0) : "";
}

// The server and its children, which are in process groups of their own.
std::vector<pid_t> PostgresServer::Processes() const {
  std::vector<pid_t> processes{process_};
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
    pid_t process = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &process)) continue;
    // "pid (name) state parent …"; the name may hold anything.
    const std::string stat = ReadFile(entry.path() / "stat");
    const std::size_t name_end = stat.rfind(')');
    pid_t parent = 0;
    if (name_end == std::string::npos || std::sscanf(stat.c_str() + name_end, ") %*c %d", &parent) != 1)
      continue;
    if (parent == process_) processes.push_back(process);
  }
  return processes;
}

void PostgresServer::Kill() {
  if (process_ < 0) return;
  kill(process_, SIGSTOP);
  waitpid(process_, nullptr, WUNTRACED);  // From now on it makes no more children.
  std::vector<pollfd> ends;
  for (const pid_t process : Processes()) {
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
    if (handle < 0) continue;
    ends.push_back({handle, POLLIN, 0});
    kill(process, SIGKILL);
  }
  // Another one cannot start while they have the memory that they share.
  for (pollfd& end : ends) {
    poll(&end, 1, -1);
    close(end.fd);
  }
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void PostgresServer::Stop() {
  if (process_ < 0) return;
  kill(process_, SIGINT);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

absl::Status PostgresServer::StartAgain() { return Launch(); }

void PostgresServer::Pause() {
  kill(process_, SIGSTOP);
  waitpid(process_, nullptr, WUNTRACED);
  for (const pid_t process : Processes()) kill(process, SIGSTOP);
}

void PostgresServer::Continue() {
  for (const pid_t process : Processes()) kill(process, SIGCONT);
}

PostgresServer& SharedPostgres() {
  static const std::unique_ptr<PostgresServer> server = [] {
    absl::StatusOr<std::unique_ptr<PostgresServer>> started = PostgresServer::Start();
    if (!started.ok()) {
      ADD_FAILURE() << started.status();
      std::abort();
    }
    return *std::move(started);
  }();
  if (server->is_running()) {
    server->Continue();
  } else if (const absl::Status started = server->StartAgain(); !started.ok()) {
    ADD_FAILURE() << started;
  }
  return *server;
}

}  // namespace onager::store
