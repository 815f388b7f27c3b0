#include "runtime/store/sqlite/file_format.h"

#include <sqlite3.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/sqlite/page_checksum_vfs.h"
#include "runtime/store/sqlite/raw_file.h"

namespace onager::store {
namespace {

struct SchemaEntry {
  std::string_view name;
  std::string_view sql;
};

// By name. Rows of an actor stand together, so that a commit and a load of it touch few pages.
constexpr std::array kSchema = {
    SchemaEntry{"actors",
                "CREATE TABLE actors(id INTEGER PRIMARY KEY, type TEXT NOT NULL, key TEXT NOT NULL, "
                "epoch INTEGER NOT NULL, revision INTEGER NOT NULL, commit_id INTEGER NOT NULL, "
                "version INTEGER NOT NULL, flags INTEGER NOT NULL, checksum INTEGER NOT NULL, "
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
                "PRIMARY KEY(actor, revision))"},
    SchemaEntry{"store", "CREATE TABLE store(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"},
};

std::int64_t Big32(std::string_view bytes, std::size_t at) {
  std::int64_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

// Whether a crash came while the file was made, so that SQLite will make it empty again: its journal begins
// with eight bytes of magic, the numbers of records and of chance, and how many pages there were before.
absl::StatusOr<bool> IsInCreation(const std::string& path, const std::string& vfs) {
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<RawFile> journal,
                          RawFile::Open(path + "-journal", RawFile::Kind::kJournal, vfs));
  if (journal == nullptr) return false;
  ONAGER_ASSIGN_OR_RETURN(const std::string header, journal->Read(0, 28));
  constexpr std::string_view kMagic("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
  return header.size() == 28 && header.starts_with(kMagic) && Big32(header, 16) == 0;
}

absl::Status OfAnotherFormat(std::int64_t version) {
  return absl::FailedPreconditionError(absl::StrCat("it has format ", version,
                                                    version > kFormatVersion ? ", of a newer version" : "",
                                                    "; this version reads format ", kFormatVersion));
}

absl::Status Create(Connection& connection) {
  int reserved = kPageChecksumBytes;
  if (const int code =
          sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
      code != SQLITE_OK) {
    return connection.Error(code, "making room for checksums");
  }
  ONAGER_RETURN_IF_ERROR(connection.Execute(absl::StrCat("PRAGMA page_size = ", kPageBytes).c_str()));
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

absl::Status CheckFirstPage(const std::string& path, const std::string& vfs) {
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<RawFile> file,
                          RawFile::Open(path, RawFile::Kind::kDatabase, vfs));
  if (file == nullptr) return absl::OkStatus();
  ONAGER_ASSIGN_OR_RETURN(std::string page, file->Read(0, kPageBytes));
  if (page.empty()) return absl::OkStatus();
  ONAGER_ASSIGN_OR_RETURN(const bool in_creation, IsInCreation(path, vfs));
  if (in_creation) return absl::OkStatus();
  page.resize(kPageBytes, '\0');  // Shorter files of other applications.
  // As SQLite's format has it. The number of a page's reserved bytes tells our files from most others, also
  // before they have a number of the application.
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  const bool is_ours = Big32(page, 68) == kApplicationId;
  const bool has_checksums = Big32(page, 16) >> 16 == std::int64_t{kPageBytes} &&
                             static_cast<unsigned char>(page[20]) == kPageChecksumBytes;
  if (!is_ours && !(page.starts_with(kMagic) && has_checksums)) {
    return absl::FailedPreconditionError("it is a file of another application");
  }
  if (!page.starts_with(kMagic) || !has_checksums) return absl::DataLossError("its first page is damaged");
  const std::int64_t version = Big32(page, 60);
  return !is_ours || version == kFormatVersion ? absl::OkStatus() : OfAnotherFormat(version);
}

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
    return OfAnotherFormat(version);
  }
  ONAGER_RETURN_IF_ERROR(connection.Execute("PRAGMA journal_mode = WAL"));
  return CheckSchema(connection);
}

}  // namespace onager::store
