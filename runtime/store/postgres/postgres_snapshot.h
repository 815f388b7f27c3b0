#ifndef ONAGER_RUNTIME_STORE_POSTGRES_POSTGRES_SNAPSHOT_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_POSTGRES_SNAPSHOT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/store/store.h"

namespace onager::store {

/// All that the store of a database holds at this moment, to be read while others go on writing it. Answers
/// inside the call, over one connection, which PostgreSQL keeps the old rows for as long as it is open;
/// commits are refused with `FAILED_PRECONDITION`. `NOT_FOUND` where the database has no store.
absl::StatusOr<std::unique_ptr<Store>> OpenPostgresSnapshot(const std::string& url);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_POSTGRES_SNAPSHOT_H_
