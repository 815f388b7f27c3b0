#include "runtime/store/sqlite/connection.h"

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "runtime/base/status_macros.h"

namespace onager::store {
namespace {

absl::StatusCode CodeOf(sqlite3* db, int code) {
  switch (code) {
    case SQLITE_IOERR_DATA:
    case SQLITE_IOERR_CORRUPTFS:
      return absl::StatusCode::kDataLoss;
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:  // Rows that are only where others are missing.
    case SQLITE_MISMATCH:
      return absl::StatusCode::kDataLoss;
    case SQLITE_IOERR:
      // The files beside the database grow too.
      if (db != nullptr && sqlite3_system_errno(db) == ENOSPC) return absl::StatusCode::kResourceExhausted;
      return absl::StatusCode::kUnavailable;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status SqliteError(sqlite3* db, int code, std::string_view doing) {
  if (code == SQLITE_IOERR_DATA) {  // Of `PageChecksumVfs`.
    return absl::DataLossError(
        absl::StrCat(std::string(doing), ": a page of the file is not what was written there"));
  }
  // What the connection says of its last call says more than the code, when it is of that call.
  const bool of_last_call = db != nullptr && sqlite3_extended_errcode(db) == code;
  return absl::Status(CodeOf(db, code), absl::StrCat(std::string(doing), ": ",
                                                     of_last_call ? sqlite3_errmsg(db) : sqlite3_errstr(code),
                                                     " (SQLite ", code, ")"));
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionSettings& settings) {
  std::unique_ptr<Connection> connection(new Connection(settings));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    SQLITE_OPEN_PRIVATECACHE;
  const int code = sqlite3_open_v2(settings.path.c_str(), &connection->db_, flags,
                                   settings.vfs.empty() ? nullptr : settings.vfs.c_str());
  if (code != SQLITE_OK) return connection->Error(code, absl::StrCat("opening ", settings.path));
  ONAGER_RETURN_IF_ERROR(connection->Guard());
  return connection;
}

Connection::~Connection() {
  if (db_ != nullptr) sqlite3_close_v2(db_);
}

absl::Status Connection::Guard() {
  sqlite3_busy_handler(db_, &Connection::OnBusy, this);
  constexpr int kOn[] = {SQLITE_DBCONFIG_DEFENSIVE};
  constexpr int kOff[] = {SQLITE_DBCONFIG_ENABLE_TRIGGER,
                          SQLITE_DBCONFIG_ENABLE_VIEW,
                          SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
                          SQLITE_DBCONFIG_TRUSTED_SCHEMA,
                          SQLITE_DBCONFIG_DQS_DML,
                          SQLITE_DBCONFIG_DQS_DDL,
                          SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER};
  for (const int option : kOn) sqlite3_db_config(db_, option, 1, nullptr);
  for (const int option : kOff) sqlite3_db_config(db_, option, 0, nullptr);
  // No value and no statement that this store makes comes near these.
  sqlite3_limit(db_, SQLITE_LIMIT_SQL_LENGTH, 10'000);
  sqlite3_limit(db_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db_, SQLITE_LIMIT_WORKER_THREADS, 0);
  ONAGER_RETURN_IF_ERROR(Execute("PRAGMA cell_size_check = ON"));
  ONAGER_RETURN_IF_ERROR(Execute("PRAGMA mmap_size = 0"));
  ONAGER_RETURN_IF_ERROR(Execute("PRAGMA temp_store = MEMORY"));
  ONAGER_RETURN_IF_ERROR(Execute("PRAGMA synchronous = FULL"));
  // Debian's is built to overwrite what is deleted: each snapshot that goes would be written once more.
  ONAGER_RETURN_IF_ERROR(Execute("PRAGMA secure_delete = OFF"));
  ONAGER_RETURN_IF_ERROR(Execute("PRAGMA wal_autocheckpoint = 0"));
  ONAGER_RETURN_IF_ERROR(Execute(absl::StrCat("PRAGMA cache_size = -", settings_.cache_kib).c_str()));
  if (settings_.query_only) ONAGER_RETURN_IF_ERROR(Execute("PRAGMA query_only = ON"));
  return absl::OkStatus();
}

// Other connections of this store hold locks for moments; another program may hold one for longer.
int Connection::OnBusy(void* self, int count) {
  Connection& connection = *static_cast<Connection*>(self);
  if (connection.settings_.closing != nullptr && *connection.settings_.closing) return 0;
  if (count == 0) connection.busy_since_ = absl::Now();
  if (absl::Now() - connection.busy_since_ >= connection.settings_.busy_timeout) return 0;
  std::this_thread::sleep_for(std::chrono::microseconds(count < 10 ? 100 : 5'000));
  return 1;
}

int Connection::TryExecute(const char* sql) { return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }

absl::Status Connection::Execute(const char* sql) {
  const int code = TryExecute(sql);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code, sql);
}

absl::StatusOr<std::int64_t> Connection::QueryInteger(const char* sql) {
  Statement statement;
  ONAGER_RETURN_IF_ERROR(statement.Prepare(*this, sql));
  if (const int code = statement.Step(); code != SQLITE_ROW) return Error(code, sql);
  const std::optional<std::int64_t> number = statement.Integer(0);
  if (!number.has_value()) return absl::DataLossError(absl::StrCat(sql, ": no number"));
  return *number;
}

void Connection::RollBack() {
  if (sqlite3_get_autocommit(db_) == 0) TryExecute("ROLLBACK");
}

Statement::~Statement() { sqlite3_finalize(statement_); }

absl::Status Statement::Prepare(Connection& connection, std::string_view sql) {
  const int code = sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : connection.Error(code, "preparing a statement");
}

Statement& Statement::Bind(int index, std::int64_t number) {
  sqlite3_bind_int64(statement_, index, number);
  return *this;
}

Statement& Statement::BindText(int index, std::string_view text) {
  sqlite3_bind_text64(statement_, index, text.data() == nullptr ? "" : text.data(), text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(statement_, index, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

Statement& Statement::BindNull(int index) {
  sqlite3_bind_null(statement_, index);
  return *this;
}

int Statement::Step() { return sqlite3_step(statement_); }

int Statement::Run() {
  const int code = Step();
  Reset();
  return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

void Statement::Reset() { sqlite3_reset(statement_); }

std::optional<std::int64_t> Statement::Integer(int column) {
  if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER) return std::nullopt;
  return sqlite3_column_int64(statement_, column);
}

std::optional<std::string_view> Statement::Text(int column) {
  if (sqlite3_column_type(statement_, column) != SQLITE_TEXT) return std::nullopt;
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return std::nullopt;  // No memory.
  return std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::optional<std::string_view> Statement::Blob(int column) {
  if (sqlite3_column_type(statement_, column) != SQLITE_BLOB) return std::nullopt;
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  if (size == 0) return std::string_view();
  if (bytes == nullptr) return std::nullopt;  // No memory.
  return std::string_view(bytes, size);
}

bool Statement::IsNull(int column) { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

}  // namespace onager::store
