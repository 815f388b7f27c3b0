#ifndef ONAGER_BENCH_HAND_WRITTEN_POSTGRES_H_
#define ONAGER_BENCH_HAND_WRITTEN_POSTGRES_H_

#include <cstddef>
#include <cstdint>
#include <string>

struct pg_conn;  // A PGconn of libpq.

namespace onager::bench {

/// What one would write by hand to keep a log of revisions in PostgreSQL, durably: over one connection in
/// libpq's pipeline mode, groups of compare-and-swap and insert as prepared statements, each group one
/// transaction, and the next one sent before the last is answered. One thread, no queue, no checksums, no
/// snapshots, nothing for those who want to hear of changes.
class HandWrittenPostgres {
 public:
  /// Makes the tables in an empty database, with so many rows to be changed.
  HandWrittenPostgres(const std::string& url, std::size_t actors);
  ~HandWrittenPostgres();
  HandWrittenPostgres(const HandWrittenPostgres&) = delete;
  HandWrittenPostgres& operator=(const HandWrittenPostgres&) = delete;

  void Begin();
  /// From `revision` to the next.
  void Append(std::size_t actor, std::uint64_t revision, const std::string& patch);
  /// Sends the group.
  void Commit();
  /// Waits until no more than so many groups have no answer.
  void Await(std::size_t groups);

 private:
  void Run(const std::string& sql);
  void Prepare(const char* name, const char* sql);
  void Send(const char* statement);
  void ReadSome();
  void Fail(const char* what);

  pg_conn* connection_;
  std::size_t groups_ = 0;  // Not answered.
};

}  // namespace onager::bench

#endif  // ONAGER_BENCH_HAND_WRITTEN_POSTGRES_H_
