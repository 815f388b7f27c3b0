#ifndef ONAGER_RUNTIME_STORE_OPEN_OPEN_STORE_H_
#define ONAGER_RUNTIME_STORE_OPEN_OPEN_STORE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "onager/log.h"
#include "runtime/store/state_json.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Opens the store that a URL names:
///
///     memory:            for as long as it is open
///     sqlite:data.db     a file, made where there is none
///     postgres://…       what libpq takes; `postgresql://` as well
///
/// `INVALID_ARGUMENT` for anything else, and otherwise the store's own errors. `log` hears of what the store
/// has to tell; null: nobody does. With `state_json`, which outlives the store, a PostgreSQL store shows
/// states to those who use SQL, and makes their edits; see docs/stores.md.
absl::StatusOr<std::unique_ptr<Store>> Open(std::string_view url, std::shared_ptr<LogSink> log = nullptr,
                                            StateJson* state_json = nullptr);

/// All that the store holds at this moment, to be read while others go on writing it: in one moment for all
/// actors. Commits are refused with `FAILED_PRECONDITION`. `NOT_FOUND` where there is no store,
/// `INVALID_ARGUMENT` for `memory:`, which nobody else has, and what is no URL.
absl::StatusOr<std::unique_ptr<Store>> OpenSnapshot(std::string_view url);

/// The URL as it may be shown: without a password.
std::string WithoutPassword(std::string_view url);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_OPEN_OPEN_STORE_H_
