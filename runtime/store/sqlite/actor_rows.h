#ifndef ONAGER_RUNTIME_STORE_SQLITE_ACTOR_ROWS_H_
#define ONAGER_RUNTIME_STORE_SQLITE_ACTOR_ROWS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "runtime/base/actor_id.h"
#include "runtime/store/row_checksum.h"
#include "runtime/store/store.h"

namespace onager::store {

/// A row of `actors`.
struct ActorRow {
  ActorRow() = default;

  std::int64_t id = 0;  // By which the other tables name the actor.
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint64_t commit = 0;
  std::uint32_t version = 1;
  std::int64_t flags = 0;
};

/// Columns hold times in microseconds; the ends of all time stand for the infinite ones.
std::int64_t ToColumn(absl::Time time);
absl::Time TimeFromColumn(std::int64_t micros);
std::int64_t ToColumn(absl::Duration duration);
absl::Duration DurationFromColumn(std::int64_t micros);

/// `seed` is `RowChecksum::Seed` of the actor.
std::uint32_t ChecksumOf(std::uint32_t seed, const ActorRow& row);
std::uint32_t ChecksumOf(std::uint32_t seed, std::uint64_t epoch, const StoredSnapshot& snapshot);
std::uint32_t ChecksumOf(std::uint32_t seed, std::uint64_t epoch, const LogStep& step);
std::uint32_t ChecksumOf(std::uint32_t seed, const StoredCall& call);
std::uint32_t ChecksumOf(std::uint32_t seed, const StoredReminder& reminder);

/// What is held of the actor cannot be read; `what` says what of it.
absl::Status Damaged(const ActorId& actor, std::string_view what);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_ACTOR_ROWS_H_
