#ifndef ONAGER_RUNTIME_STORE_POSTGRES_ERRORS_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_ERRORS_H_

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace onager::store::postgres {

/// The five characters that say which error a result is; empty where libpq itself made it.
std::string_view SqlState(const PGresult* result);

/// What the error means to a store's caller. The message is PostgreSQL's, on one line.
absl::Status ErrorStatus(const PGresult* result);

/// Whether it ends the connection, so that nothing is known of what was under way.
bool EndsConnection(const PGresult* result);

/// Whether nothing was written now and the same may go well in a moment: a deadlock, a lock that somebody
/// holds, a statement that took too long, a batch whose predecessor failed.
bool MayGoWellLater(std::string_view sql_state);

/// A message of libpq on one line.
std::string OneLine(std::string_view message);

/// Raised by `onager.commit` where another connection has taken the writer over, or an earlier batch failed.
inline constexpr std::string_view kTooLate = "ON001";

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_ERRORS_H_
