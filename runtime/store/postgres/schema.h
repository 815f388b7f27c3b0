#ifndef ONAGER_RUNTIME_STORE_POSTGRES_SCHEMA_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_SCHEMA_H_

#include <libpq-fe.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/store/postgres/connection.h"

namespace onager::store::postgres {

/// The format of the schema that this version makes and uses.
inline constexpr std::int64_t kFormatVersion = 1;

/// Connects, waits, makes the schema where it is missing, and disconnects. Any number may do so at the same
/// time. `FAILED_PRECONDITION` where it is of another version, or the database's encoding is not UTF-8.
/// Returns what is visible then, a `pg_snapshot` as text.
absl::StatusOr<std::string> PrepareSchema(const ConnectionPlan& plan);

/// Whether the schema that this connection reaches is one of this version; `NOT_FOUND` where there is none.
absl::Status CheckSchema(PGconn* connection);

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_SCHEMA_H_
