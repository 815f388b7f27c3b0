#ifndef ONAGER_BENCH_HAND_WRITTEN_SQLITE_H_
#define ONAGER_BENCH_HAND_WRITTEN_SQLITE_H_

#include <cstddef>
#include <cstdint>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace onager::bench {

/// What one would write by hand to keep a log of revisions in SQLite, durably: groups of compare-and-swap and
/// insert, each group one transaction. One thread, no queue, no checksums, no snapshots.
class HandWrittenSqlite {
 public:
  /// Makes the file, with so many rows to be changed.
  HandWrittenSqlite(const std::string& path, std::size_t actors);
  ~HandWrittenSqlite();
  HandWrittenSqlite(const HandWrittenSqlite&) = delete;
  HandWrittenSqlite& operator=(const HandWrittenSqlite&) = delete;

  void Begin();
  /// From `revision` to the next.
  void Append(std::size_t actor, std::uint64_t revision, const std::string& patch);
  void Commit();

 private:
  void Run(const char* sql);
  sqlite3_stmt* Prepare(const char* sql);
  void Step(sqlite3_stmt* statement);

  sqlite3* db_ = nullptr;
  sqlite3_stmt* begin_;
  sqlite3_stmt* commit_;
  sqlite3_stmt* swap_;
  sqlite3_stmt* insert_;
};

}  // namespace onager::bench

#endif  // ONAGER_BENCH_HAND_WRITTEN_SQLITE_H_
