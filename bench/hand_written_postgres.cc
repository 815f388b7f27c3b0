#include "hand_written_postgres.h"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace onager::bench {
namespace {

// As PostgreSQL's binary format has it.
std::array<char, 8> Big64(std::uint64_t number) {
  std::array<char, 8> bytes;
  for (std::size_t i = 8; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xff);
  return bytes;
}

}  // namespace

HandWrittenPostgres::HandWrittenPostgres(const std::string& url, std::size_t actors)
    : connection_(PQconnectdb(url.c_str())) {
  if (PQstatus(connection_) != CONNECTION_OK) Fail("to connect");
  Run("CREATE TABLE actors(id bigint PRIMARY KEY, type text, key text, epoch bigint, revision bigint)"
      " WITH (fillfactor = 70)");
  Run("CREATE TABLE log(actor bigint, revision bigint, at bigint, patch bytea, PRIMARY KEY(actor, "
      "revision))");
  Run("INSERT INTO actors SELECT i, 'bench.v1.Counter', 'actor' || i, 7, 0 FROM generate_series(0, " +
      std::to_string(actors - 1) + ") AS i");
  Run("VACUUM ANALYZE actors");
  Prepare("begin", "BEGIN");
  Prepare("swap",
          "UPDATE actors SET revision = $1::bigint WHERE id = $2::bigint AND epoch = 7 AND revision = "
          "$3::bigint");
  Prepare("insert", "INSERT INTO log VALUES($1::bigint, $2::bigint, 1700000000000000, $3::bytea)");
  Prepare("commit", "COMMIT");
  if (PQenterPipelineMode(connection_) != 1) Fail("to pipeline");
  PQsetnonblocking(connection_, 1);
}

HandWrittenPostgres::~HandWrittenPostgres() {
  Await(0);
  PQfinish(connection_);
}

void HandWrittenPostgres::Begin() { Send("begin"); }

void HandWrittenPostgres::Append(std::size_t actor, std::uint64_t revision, const std::string& patch) {
  const std::array<char, 8> id = Big64(actor);
  const std::array<char, 8> before = Big64(revision);
  const std::array<char, 8> after = Big64(revision + 1);
  static constexpr std::array<int, 3> kBinary = {1, 1, 1};
  const std::array<const char*, 3> swapped = {after.data(), id.data(), before.data()};
  const std::array<int, 3> sizes = {8, 8, 8};
  if (PQsendQueryPrepared(connection_, "swap", 3, swapped.data(), sizes.data(), kBinary.data(), 0) != 1)
    Fail("swap");
  const std::array<const char*, 3> inserted = {id.data(), after.data(), patch.data()};
  const std::array<int, 3> lengths = {8, 8, static_cast<int>(patch.size())};
  if (PQsendQueryPrepared(connection_, "insert", 3, inserted.data(), lengths.data(), kBinary.data(), 0) !=
      1) {
    Fail("insert");
  }
}

void HandWrittenPostgres::Commit() {
  Send("commit");
  if (PQpipelineSync(connection_) != 1) Fail("sync");
  ++groups_;
  if (PQflush(connection_) < 0) Fail("flush");
}

// Results are read while there is something to be sent, or both sides would wait for each other.
void HandWrittenPostgres::Await(std::size_t groups) {
  while (groups_ > groups) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) Fail("flush");
    pollfd socket = {PQsocket(connection_), static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN), 0};
    poll(&socket, 1, -1);
    if ((socket.revents & POLLIN) != 0 && PQconsumeInput(connection_) != 1) Fail("to read");
    ReadSome();
  }
}

void HandWrittenPostgres::ReadSome() {
  while (groups_ > 0 && PQisBusy(connection_) == 0) {
    PGresult* const result = PQgetResult(connection_);
    if (result == nullptr) continue;  // Between the results of two statements.
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
      --groups_;
    } else if (status != PGRES_COMMAND_OK || (std::string_view(PQcmdStatus(result)).starts_with("UPDATE") &&
                                              std::strcmp(PQcmdTuples(result), "1") != 0)) {
      std::fprintf(stderr, "%s: %s\n", PQcmdStatus(result), PQresultErrorMessage(result));
      std::abort();
    }
    PQclear(result);
  }
}

void HandWrittenPostgres::Run(const std::string& sql) {
  PGresult* const result = PQexec(connection_, sql.c_str());
  if (PQresultStatus(result) != PGRES_COMMAND_OK) Fail(sql.c_str());
  PQclear(result);
}

void HandWrittenPostgres::Prepare(const char* name, const char* sql) {
  PGresult* const result = PQprepare(connection_, name, sql, 0, nullptr);
  if (PQresultStatus(result) != PGRES_COMMAND_OK) Fail(sql);
  PQclear(result);
}

void HandWrittenPostgres::Send(const char* statement) {
  if (PQsendQueryPrepared(connection_, statement, 0, nullptr, nullptr, nullptr, 0) != 1) Fail(statement);
}

void HandWrittenPostgres::Fail(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, PQerrorMessage(connection_));
  std::abort();
}

}  // namespace onager::bench
