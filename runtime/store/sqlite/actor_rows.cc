#include "runtime/store/sqlite/actor_rows.h"

#include <limits>

#include "absl/strings/str_cat.h"

namespace onager::store {
namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::int64_t ToColumn(absl::Time time) { return absl::ToUnixMicros(time); }  // Infinite ones: the limits.

absl::Time TimeFromColumn(std::int64_t micros) {
  if (micros == kLast) return absl::InfiniteFuture();
  if (micros == kFirst) return absl::InfinitePast();
  return absl::FromUnixMicros(micros);
}

std::int64_t ToColumn(absl::Duration duration) { return absl::ToInt64Microseconds(duration); }

absl::Duration DurationFromColumn(std::int64_t micros) {
  if (micros == kLast) return absl::InfiniteDuration();
  if (micros == kFirst) return -absl::InfiniteDuration();
  return absl::Microseconds(micros);
}

std::uint32_t ChecksumOf(std::uint32_t seed, const ActorRow& row) {
  return RowChecksum(seed, RowKind::kActor)
      .Add(row.id)
      .Add(row.epoch)
      .Add(row.revision)
      .Add(row.commit)
      .Add(std::uint64_t{row.version})
      .Add(row.flags)
      .value();
}

std::uint32_t ChecksumOf(std::uint32_t seed, std::uint64_t epoch, const StoredSnapshot& snapshot) {
  return RowChecksum(seed, RowKind::kSnapshot)
      .Add(epoch)
      .Add(snapshot.revision)
      .Add(std::uint64_t{snapshot.version})
      .Add(*snapshot.state)
      .value();
}

std::uint32_t ChecksumOf(std::uint32_t seed, std::uint64_t epoch, const LogStep& step) {
  RowChecksum checksum(seed, RowKind::kStep);
  checksum.Add(epoch).Add(step.revision).Add(ToColumn(step.committed_at)).Add(*step.patch);
  if (step.events != nullptr) checksum.Add(*step.events);
  return checksum.value();
}

std::uint32_t ChecksumOf(std::uint32_t seed, const StoredCall& call) {
  return RowChecksum(seed, RowKind::kCall)
      .Add(call.id.high)
      .Add(call.id.low)
      .Add(call.revision)
      .Add(ToColumn(call.ended_at))
      .Add(*call.outcome)
      .value();
}

std::uint32_t ChecksumOf(std::uint32_t seed, const StoredReminder& reminder) {
  return RowChecksum(seed, RowKind::kReminder)
      .Add(reminder.name)
      .Add(reminder.id)
      .Add(ToColumn(reminder.due))
      .Add(ToColumn(reminder.period))
      .value();
}

absl::Status Damaged(const ActorId& actor, std::string_view what) {
  return absl::DataLossError(
      absl::StrCat("what is held of ", actor.ToString(), " is damaged: ", std::string(what)));
}

}  // namespace onager::store
