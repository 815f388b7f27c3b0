#include "runtime/store/postgres/schema.h"

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/postgres/errors.h"
#include "runtime/store/postgres/schema_sql.h"

namespace onager::store::postgres {
namespace {

// "onager" as a number: whoever makes the schema holds this lock, until it disconnects. It is taken before
// the transaction begins, which knows then what the one before has made.
constexpr const char* kLock = "SELECT pg_advisory_lock(122545283853682)";

struct Disconnect {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using BlockingConnection = std::unique_ptr<PGconn, Disconnect>;

absl::StatusOr<Result> Run(PGconn* connection, const std::string& sql) {
  Result result(PQexec(connection, sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  return ErrorStatus(result.get());
}

absl::StatusOr<std::optional<std::string>> Value(PGconn* connection, const std::string& sql) {
  ONAGER_ASSIGN_OR_RETURN(const Result result, Run(connection, sql));
  if (PQntuples(result.get()) == 0 || PQgetisnull(result.get(), 0, 0) != 0) return std::nullopt;
  return std::string(PQgetvalue(result.get(), 0, 0));
}

// Nothing when there is no schema.
absl::StatusOr<std::optional<std::int64_t>> HeldVersion(PGconn* connection) {
  ONAGER_ASSIGN_OR_RETURN(const std::optional<std::string> table,
                          Value(connection, "SELECT to_regclass('onager.store')::text"));
  if (!table.has_value()) return std::nullopt;
  ONAGER_ASSIGN_OR_RETURN(const std::optional<std::string> version,
                          Value(connection, "SELECT value FROM onager.store WHERE name = 'format'"));
  std::int64_t number = 0;
  if (!version.has_value() || !absl::SimpleAtoi(*version, &number)) {
    return absl::FailedPreconditionError("the schema onager of the database is not one of a store");
  }
  return number;
}

absl::Status CheckVersion(std::int64_t version) {
  if (version == kFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the schema onager of the database has format ", version,
                                                    version > kFormatVersion ? " of a newer version" : "",
                                                    ", and this version uses ", kFormatVersion));
}

absl::Status MakeSchema(PGconn* connection) {
  ONAGER_RETURN_IF_ERROR(Run(connection, kLock).status());
  ONAGER_RETURN_IF_ERROR(Run(connection, "BEGIN").status());
  ONAGER_ASSIGN_OR_RETURN(const std::optional<std::int64_t> version, HeldVersion(connection));
  if (version.has_value()) return CheckVersion(*version);  // Somebody was quicker.
  for (const char* const part : {kTablesSql, kChangesSql, kCommitSql, kJsonSql}) {
    ONAGER_RETURN_IF_ERROR(Run(connection, part).status());
  }
  ONAGER_RETURN_IF_ERROR(
      Run(connection, absl::StrCat("INSERT INTO onager.store VALUES ('format', ", kFormatVersion, ")"))
          .status());
  return Run(connection, "COMMIT").status();
}

}  // namespace

absl::StatusOr<std::string> PrepareSchema(const ConnectionPlan& plan) {
  const std::int64_t seconds =
      std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(plan.connect_timeout).count());
  ConnectionParameters parameters = plan.parameters;
  if (parameters.Find("connect_timeout") == nullptr) {
    parameters = parameters.With("connect_timeout", absl::StrCat(seconds));
  }
  const BlockingConnection connection(
      PQconnectdbParams(parameters.names().data(), parameters.values().data(), 0));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return absl::UnavailableError(
        absl::StrCat("PostgreSQL cannot be reached: ", OneLine(PQerrorMessage(connection.get()))));
  }
  PQsetNoticeReceiver(connection.get(), [](void*, const PGresult*) {}, nullptr);
  if (PQserverVersion(connection.get()) < kServerVersionMin) {
    return absl::FailedPreconditionError("PostgreSQL is older than 13");
  }
  ONAGER_ASSIGN_OR_RETURN(const std::optional<std::string> encoding,
                          Value(connection.get(), "SHOW server_encoding"));
  if (encoding != "UTF8") {
    return absl::FailedPreconditionError("the encoding of the database is not UTF8");
  }
  ONAGER_RETURN_IF_ERROR(Run(connection.get(),
                             "SET lock_timeout = '10s'; SET statement_timeout = '30s'; "
                             "SET default_transaction_isolation = 'read committed'")
                             .status());
  ONAGER_ASSIGN_OR_RETURN(const std::optional<std::int64_t> version, HeldVersion(connection.get()));
  ONAGER_RETURN_IF_ERROR(version.has_value() ? CheckVersion(*version) : MakeSchema(connection.get()));
  ONAGER_ASSIGN_OR_RETURN(std::optional<std::string> visible,
                          Value(connection.get(), "SELECT pg_current_snapshot()::text"));
  return std::move(visible).value_or(std::string());
}

absl::Status CheckSchema(PGconn* connection) {
  ONAGER_ASSIGN_OR_RETURN(const std::optional<std::int64_t> version, HeldVersion(connection));
  if (!version.has_value()) return absl::NotFoundError("the database has no store");
  return CheckVersion(*version);
}

}  // namespace onager::store::postgres
