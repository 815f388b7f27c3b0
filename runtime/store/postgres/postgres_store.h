#ifndef ONAGER_RUNTIME_STORE_POSTGRES_POSTGRES_STORE_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_POSTGRES_STORE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "onager/log.h"
#include "runtime/store/state_json.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Which PostgreSQL, and how it is used.
struct PostgresOptions {
  PostgresOptions() = default;

  /// A URL `postgres://user@host:port/database?sslmode=verify-full…` or what else libpq takes. A host that is
  /// only read from is passed over unless `target_session_attrs` says otherwise.
  std::string url;

  /// Connections. Commits of one actor go through one and the same writer.
  std::size_t writers = 4;
  std::size_t readers = 4;

  /// What may be asked and not yet answered; what comes when it is full is answered `RESOURCE_EXHAUSTED`. One
  /// record larger than that is taken when nothing else is held.
  std::size_t queue_records_max = 65'536;
  std::size_t queue_bytes_max = std::size_t{256} << 20;

  /// For one attempt to connect.
  absl::Duration connect_timeout = absl::Seconds(5);
  /// For one statement at the server, and for a lock that it waits for.
  absl::Duration statement_timeout = absl::Seconds(4);
  absl::Duration lock_timeout = absl::Seconds(1);
  /// A connection that owes an answer and is silent for so long, and as long as sending takes at 4 MiB/s, is
  /// given up and replaced.
  absl::Duration answer_timeout = absl::Seconds(6);
  /// After this what was asked and not yet sent is answered `UNAVAILABLE`.
  absl::Duration request_timeout = absl::Seconds(15);
  /// How long destruction waits for what was asked before.
  absl::Duration close_timeout = absl::Seconds(10);

  /// Shows states as JSON to those who use SQL, and makes their edits; see docs/stores.md. Null:
  /// states are not shown. Outlives the store.
  StateJson* state_json = nullptr;
  /// States with more bytes are not shown.
  std::size_t state_json_bytes_max = std::size_t{256} << 10;

  /// Hears of connections that break and come back. Null: nobody does.
  std::shared_ptr<LogSink> log;
};

/// A store in a PostgreSQL database, 13 or newer, with UTF-8: its schema `onager`, which is made when it is
/// not there. Several processes may use one at the same time; see `SetChangeListener`. `FAILED_PRECONDITION`
/// where the schema is of a newer version. The URL's password is in no message and no log.
///
/// A commit whose connection broke is looked up before it is answered, as long as that takes; only
/// destruction answers it before, after `close_timeout`, with `UNAVAILABLE` and a message that says that its
/// outcome is not known. One that was made before one that it continues failed, fails with that one.
///
/// Types and keys of actors are UTF-8 without zero bytes, as are reminders' names: others are refused with
/// `INVALID_ARGUMENT`. Callbacks run on a thread of the store's; destruction must not happen there.
absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(PostgresOptions options);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_POSTGRES_STORE_H_
