#include "runtime/store/postgres/postgres_snapshot.h"

#include <libpq-fe.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "runtime/base/mutex.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/postgres/actor_rows.h"
#include "runtime/store/postgres/binary_format.h"
#include "runtime/store/postgres/connection.h"
#include "runtime/store/postgres/errors.h"
#include "runtime/store/postgres/schema.h"

namespace onager::store {
namespace {

using postgres::Parameters;
using postgres::Result;

constexpr const char* kConnectSeconds = "10";

struct Disconnect {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

std::int64_t LimitOf(std::size_t limit) {
  constexpr std::size_t kMax = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int64_t>(std::min(limit, kMax));
}

class PostgresSnapshot final : public Store {
 public:
  absl::Status Open(const std::string& url) {
    ONAGER_ASSIGN_OR_RETURN(postgres::ConnectionParameters parameters,
                            postgres::ConnectionParameters::FromUrl(url));
    parameters = parameters.With("application_name", "onager-snapshot");
    if (parameters.Find("connect_timeout") == nullptr) {
      parameters = parameters.With("connect_timeout", kConnectSeconds);
    }
    MutexLock lock(mutex_);
    connection_.reset(PQconnectdbParams(parameters.names().data(), parameters.values().data(), 0));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      return absl::UnavailableError(absl::StrCat("PostgreSQL cannot be reached: ",
                                                 postgres::OneLine(PQerrorMessage(connection_.get()))));
    }
    PQsetNoticeReceiver(connection_.get(), [](void*, const PGresult*) {}, nullptr);
    ONAGER_RETURN_IF_ERROR(Run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {}).status());
    return postgres::CheckSchema(connection_.get());  // The first look: what is seen now is seen from now on.
  }

  void Load(const ActorId& actor, LoadDone done) override {
    const absl::StatusOr<Result> rows = AskFor(postgres::kLoadSql, actor);
    if (!rows.ok()) return done(rows.status());
    done(postgres::DecodeActor(actor, rows->get()));
  }
  void Commit(CommitRecord /*record*/, CommitDone done) override {
    done(absl::FailedPreconditionError("a snapshot is not written"));
  }
  void LoadPast(const ActorId& actor, PastDone done) override {
    const absl::StatusOr<Result> rows = AskFor(postgres::kLoadPastSql, actor);
    if (!rows.ok()) return done(rows.status());
    done(postgres::DecodePast(actor, rows->get()));
  }
  void Scan(const ActorId& after, std::size_t limit, ScanDone done) override {
    Parameters parameters;
    parameters.AddBytes(after.type).AddBytes(after.key).AddBigint(LimitOf(limit));
    const absl::StatusOr<Result> rows = Ask(postgres::kScanSql, parameters);
    if (!rows.ok()) return done(rows.status());
    done(postgres::DecodeHeads(rows->get()));
  }
  void FindDue(absl::Time until, std::size_t limit, DueDone done) override {
    Parameters parameters;
    parameters.AddBigint(absl::ToUnixMicros(until)).AddBigint(LimitOf(limit));
    const absl::StatusOr<Result> rows = Ask(postgres::kFindDueSql, parameters);
    if (!rows.ok()) return done(rows.status());
    done(postgres::DecodeDue(rows->get()));
  }

 private:
  absl::StatusOr<Result> AskFor(const char* sql, const ActorId& actor) {
    Parameters parameters;
    parameters.AddBytes(actor.type).AddBytes(actor.key);
    return Ask(sql, parameters);
  }
  absl::StatusOr<Result> Ask(const char* sql, const Parameters& parameters) {
    MutexLock lock(mutex_);
    return Run(sql, parameters);
  }
  absl::StatusOr<Result> Run(const char* sql, const Parameters& parameters)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const std::string& value : parameters.values()) {
      values.push_back(value.data());
      lengths.push_back(static_cast<int>(value.size()));
    }
    const std::vector<int> binary(values.size(), 1);
    Result result(PQexecParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr,
                               values.data(), lengths.data(), binary.data(), 1));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
    return postgres::ErrorStatus(result.get());
  }

  Mutex mutex_;
  std::unique_ptr<PGconn, Disconnect> connection_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenPostgresSnapshot(const std::string& url) {
  auto snapshot = std::make_unique<PostgresSnapshot>();
  ONAGER_RETURN_IF_ERROR(snapshot->Open(url));
  return snapshot;
}

}  // namespace onager::store
