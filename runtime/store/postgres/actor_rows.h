#ifndef ONAGER_RUNTIME_STORE_POSTGRES_ACTOR_ROWS_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_ACTOR_ROWS_H_

#include <libpq-fe.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/store/store.h"

namespace onager::store::postgres {

/// All of an actor in one statement, which sees one moment: parameters are its type and key. The second one
/// has all snapshots, and neither calls nor reminders.
extern const char* const kLoadSql;
extern const char* const kLoadPastSql;
/// Of many actors: parameters are the type and the key that they come after, and how many; the time in
/// microseconds, and how many.
extern const char* const kScanSql;
extern const char* const kFindDueSql;

/// An actor's state: its newest snapshot and the steps after that, if they have no more bytes together than
/// the third parameter says; and how many they have.
extern const char* const kLoadStateSql;

struct StateSize {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint64_t bytes = 0;
};

/// Of the rows of `kLoadStateSql`; zeros where there is no actor.
StateSize DecodeSize(const PGresult* rows);

/// Of the rows of `kLoadSql`, or of `kLoadStateSql`. `DATA_LOSS` where they are not as they were written, or
/// do not fit together.
absl::StatusOr<std::optional<StoredActor>> DecodeActor(const ActorId& actor, const PGresult* rows);

/// Of the rows of `kLoadPastSql`.
absl::StatusOr<std::optional<StoredPast>> DecodePast(const ActorId& actor, const PGresult* rows);

/// Of the rows of `kScanSql` and `kFindDueSql`.
std::vector<ActorHead> DecodeHeads(const PGresult* rows);
std::vector<DueActor> DecodeDue(const PGresult* rows);

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_ACTOR_ROWS_H_
