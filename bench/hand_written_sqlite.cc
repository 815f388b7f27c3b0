#include "hand_written_sqlite.h"

#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>

namespace onager::bench {

HandWrittenSqlite::HandWrittenSqlite(const std::string& path, std::size_t actors) {
  sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                  nullptr);
  Run("PRAGMA journal_mode = WAL");
  Run("PRAGMA synchronous = FULL");
  Run("PRAGMA secure_delete = OFF");
  Run("PRAGMA cache_size = -32768");
  Run("PRAGMA wal_autocheckpoint = 4096");  // As `SqliteOptions::log_bytes`.
  Run("CREATE TABLE actors(id INTEGER PRIMARY KEY, type TEXT, key TEXT, epoch INTEGER, revision INTEGER)");
  Run("CREATE TABLE log(actor INTEGER, revision INTEGER, at INTEGER, patch BLOB, PRIMARY KEY(actor, "
      "revision)) "
      "WITHOUT ROWID");
  begin_ = Prepare("BEGIN IMMEDIATE");
  commit_ = Prepare("COMMIT");
  swap_ = Prepare("UPDATE actors SET revision = ? WHERE id = ? AND epoch = ? AND revision = ?");
  insert_ = Prepare("INSERT INTO log VALUES(?, ?, ?, ?)");
  sqlite3_stmt* make = Prepare("INSERT INTO actors VALUES(?, 'bench.v1.Counter', ?, 7, 0)");
  Begin();
  for (std::size_t actor = 0; actor < actors; ++actor) {
    const std::string key = "actor" + std::to_string(actor);
    sqlite3_bind_int64(make, 1, static_cast<sqlite3_int64>(actor));
    sqlite3_bind_text(make, 2, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    Step(make);
  }
  Commit();
  sqlite3_finalize(make);
}

HandWrittenSqlite::~HandWrittenSqlite() {
  for (sqlite3_stmt* statement : {begin_, commit_, swap_, insert_}) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

void HandWrittenSqlite::Begin() { Step(begin_); }

void HandWrittenSqlite::Append(std::size_t actor, std::uint64_t revision, const std::string& patch) {
  sqlite3_bind_int64(swap_, 1, static_cast<sqlite3_int64>(revision + 1));
  sqlite3_bind_int64(swap_, 2, static_cast<sqlite3_int64>(actor));
  sqlite3_bind_int64(swap_, 3, 7);
  sqlite3_bind_int64(swap_, 4, static_cast<sqlite3_int64>(revision));
  Step(swap_);
  if (sqlite3_changes(db_) != 1) std::abort();
  sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(actor));
  sqlite3_bind_int64(insert_, 2, static_cast<sqlite3_int64>(revision + 1));
  sqlite3_bind_int64(insert_, 3, 1'700'000'000'000'000);
  sqlite3_bind_blob(insert_, 4, patch.data(), static_cast<int>(patch.size()), SQLITE_STATIC);
  Step(insert_);
}

void HandWrittenSqlite::Commit() { Step(commit_); }

void HandWrittenSqlite::Run(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return;
  std::fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db_));
  std::abort();
}

sqlite3_stmt* HandWrittenSqlite::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) != SQLITE_OK) Run(sql);
  return statement;
}

void HandWrittenSqlite::Step(sqlite3_stmt* statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) {
    std::fprintf(stderr, "%s\n", sqlite3_errmsg(db_));
    std::abort();
  }
  sqlite3_reset(statement);
}

}  // namespace onager::bench
