#ifndef ONAGER_RUNTIME_STORE_SQLITE_CONNECTION_H_
#define ONAGER_RUNTIME_STORE_SQLITE_CONNECTION_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace onager::store {

/// What a result code of SQLite means to those who use a store: see the errors of `Store`. `doing` begins the
/// message: "writing".
absl::Status SqliteError(sqlite3* db, int code, std::string_view doing);

/// How a connection is opened.
struct ConnectionSettings {
  ConnectionSettings() = default;

  std::string path;
  std::string vfs;  // Empty: the default one.
  absl::Duration busy_timeout = absl::Seconds(5);
  int cache_kib = 4096;
  bool query_only = false;
  // Set by the owner when nobody should wait for locks any more; outlives the connection.
  const std::atomic<bool>* closing = nullptr;
};

/// A connection to a database file, with the settings that guard it: see `docs/stores.md`. Used by one thread
/// at a time.
class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionSettings& settings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  sqlite3* handle() { return db_; }

  /// Statements without results, or whose results do not matter.
  absl::Status Execute(const char* sql);
  /// As `Execute`, for a result code.
  int TryExecute(const char* sql);
  /// The integer in the first column of the first row.
  absl::StatusOr<std::int64_t> QueryInteger(const char* sql);

  absl::Status Error(int code, std::string_view doing) { return SqliteError(db_, code, doing); }
  /// Undoes an open transaction, if there is one.
  void RollBack();

 private:
  explicit Connection(const ConnectionSettings& settings) : settings_(settings) {}
  absl::Status Guard();
  static int OnBusy(void* self, int count);

  const ConnectionSettings settings_;
  sqlite3* db_ = nullptr;
  absl::Time busy_since_;
};

/// A statement that is prepared once. Belongs to a connection that outlives it.
class Statement {
 public:
  Statement() = default;
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  absl::Status Prepare(Connection& connection, std::string_view sql);

  /// From 1 on. Bytes stay where they are until `Reset`; numbers without a sign keep their bits.
  Statement& Bind(int index, std::int64_t number);
  Statement& Bind(int index, std::uint64_t number) { return Bind(index, static_cast<std::int64_t>(number)); }
  Statement& BindText(int index, std::string_view text);
  Statement& BindBlob(int index, std::string_view bytes);
  Statement& BindNull(int index);

  /// SQLITE_ROW, SQLITE_DONE, or an error.
  int Step();
  /// Steps a statement without results to its end and resets it. SQLITE_OK or an error.
  int Run();
  void Reset();

  /// Of the row, from 0 on. Nothing where the column is of another type.
  std::optional<std::int64_t> Integer(int column);
  std::optional<std::string_view> Text(int column);
  std::optional<std::string_view> Blob(int column);
  bool IsNull(int column);

 private:
  sqlite3_stmt* statement_ = nullptr;
};

/// Resets a statement at the end of a scope.
class StatementUse {
 public:
  explicit StatementUse(Statement& statement) : statement_(statement) {}
  ~StatementUse() { statement_.Reset(); }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;

 private:
  Statement& statement_;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_CONNECTION_H_
