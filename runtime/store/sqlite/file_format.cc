#include "runtime/store/sqlite/file_format.h"

#include <sqlite3.h>

#include <array>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace onager::store {
namespace {

struct SchemaEntry {
  std::string_view name;
  std::string_view sql;
};

// By name. Rows of an actor stand together, so that a commit and a load of it touch few pages. `written` is
// the group of commits that wrote the row last; it tells whether a group is in the file.
constexpr std::array kSchema = {
    SchemaEntry{"actors",
                "CREATE TABLE actors(id INTEGER PRIMARY KEY, type TEXT NOT NULL, key TEXT NOT NULL, "
                "epoch INTEGER NOT NULL, revision INTEGER NOT NULL, commit_id INTEGER NOT NULL, "
                "version INTEGER NOT NULL, flags INTEGER NOT NULL, written INTEGER NOT NULL, checksum "
                "INTEGER NOT NULL, "
                "UNIQUE(type, key))"},
    SchemaEntry{"calls",
                "CREATE TABLE calls(actor INTEGER NOT NULL, high INTEGER NOT NULL, low INTEGER NOT NULL, "
                "revision INTEGER NOT NULL, ended_at INTEGER NOT NULL, checksum INTEGER NOT NULL, "
                "outcome BLOB NOT NULL, PRIMARY KEY(actor, high, low)) WITHOUT ROWID"},
    SchemaEntry{"log",
                "CREATE TABLE log(actor INTEGER NOT NULL, revision INTEGER NOT NULL, "
                "committed_at INTEGER NOT NULL, checksum INTEGER NOT NULL, patch BLOB NOT NULL, "
                "events BLOB, PRIMARY KEY(actor, revision)) WITHOUT ROWID"},
    SchemaEntry{"reminders",
                "CREATE TABLE reminders(actor INTEGER NOT NULL, name TEXT NOT NULL, id BLOB NOT NULL, "
                "due INTEGER NOT NULL, period INTEGER NOT NULL, checksum INTEGER NOT NULL, "
                "PRIMARY KEY(actor, name, id)) WITHOUT ROWID"},
    SchemaEntry{"reminders_by_due", "CREATE INDEX reminders_by_due ON reminders(due, actor)"},
    SchemaEntry{"snapshots",
                "CREATE TABLE snapshots(actor INTEGER NOT NULL, revision INTEGER NOT NULL, "
                "version INTEGER NOT NULL, checksum INTEGER NOT NULL, state BLOB NOT NULL, "
                "PRIMARY KEY(actor, revision)) WITHOUT ROWID"},
    SchemaEntry{"store", "CREATE TABLE store(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"},
};

absl::Status Create(Connection& connection) {
  ONAGER_RETURN_IF_ERROR(connection.Execute("PRAGMA page_size = 4096"));
  ONAGER_RETURN_IF_ERROR(connection.Execute("PRAGMA journal_mode = WAL"));
  ONAGER_RETURN_IF_ERROR(connection.Execute("BEGIN IMMEDIATE"));
  absl::Status created = [&connection]() -> absl::Status {
    for (const SchemaEntry& entry : kSchema) {
      ONAGER_RETURN_IF_ERROR(connection.Execute(std::string(entry.sql).c_str()));
    }
    ONAGER_RETURN_IF_ERROR(connection.Execute("INSERT INTO store VALUES('undone_groups', 0)"));
    ONAGER_RETURN_IF_ERROR(
        connection.Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId).c_str()));
    ONAGER_RETURN_IF_ERROR(
        connection.Execute(absl::StrCat("PRAGMA user_version = ", kFormatVersion).c_str()));
    return connection.Execute("COMMIT");
  }();
  if (!created.ok()) {
    connection.RollBack();
    return created;
  }
  // Into the file itself, which says from now on what it is.
  return connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

absl::Status CheckSchema(Connection& connection) {
  Statement statement;
  ONAGER_RETURN_IF_ERROR(statement.Prepare(
      connection, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"));
  std::size_t seen = 0;
  int code = 0;
  while ((code = statement.Step()) == SQLITE_ROW) {
    if (seen == kSchema.size() || statement.Text(0) != kSchema[seen].name ||
        statement.Text(1) != kSchema[seen].sql) {
      return absl::DataLossError(absl::StrCat("the schema is not that of format ", kFormatVersion,
                                              ", from its table or index ",
                                              std::string(statement.Text(0).value_or("?")), " on"));
    }
    ++seen;
  }
  if (code != SQLITE_DONE) return connection.Error(code, "reading the schema");
  if (seen != kSchema.size()) return absl::DataLossError("tables are missing");
  return absl::OkStatus();
}

}  // namespace

absl::Status PrepareFile(Connection& connection) {
  ONAGER_ASSIGN_OR_RETURN(const std::int64_t application, connection.QueryInteger("PRAGMA application_id"));
  ONAGER_ASSIGN_OR_RETURN(const std::int64_t version, connection.QueryInteger("PRAGMA user_version"));
  ONAGER_ASSIGN_OR_RETURN(const std::int64_t entries,
                          connection.QueryInteger("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && entries == 0) {
    ONAGER_RETURN_IF_ERROR(Create(connection));
  } else if (application != kApplicationId) {
    return absl::FailedPreconditionError("it is a database of another application");
  } else if (version != kFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat("it has format ", version,
                                                      version > kFormatVersion ? " of a newer version" : "",
                                                      ", and this version reads ", kFormatVersion));
  }
  ONAGER_RETURN_IF_ERROR(connection.Execute("PRAGMA journal_mode = WAL"));
  return CheckSchema(connection);
}

}  // namespace onager::store
