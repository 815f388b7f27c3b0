#include "runtime/store/postgres/row_checksums.h"

#include <string_view>

#include "absl/time/time.h"

namespace onager::store::postgres {

std::uint32_t HeadChecksum(std::uint32_t seed, const HeldPosition& position, std::uint32_t version) {
  return RowChecksum(seed, RowKind::kActor)
      .Add(position.epoch)
      .Add(position.revision)
      .Add(position.commit)
      .Add(std::uint64_t{version})
      .Add(std::uint64_t{position.destroyed ? 1u : 0u})
      .value();
}

std::uint32_t StepChecksum(std::uint32_t seed, const LogStep& step) {
  RowChecksum checksum(seed, RowKind::kStep);
  checksum.Add(step.revision).Add(absl::ToUnixMicros(step.committed_at)).Add(std::string_view(*step.patch));
  if (step.events != nullptr) checksum.Add(std::string_view(*step.events));
  return checksum.value();
}

std::uint32_t SnapshotChecksum(std::uint32_t seed, const StoredSnapshot& snapshot) {
  return RowChecksum(seed, RowKind::kSnapshot)
      .Add(snapshot.revision)
      .Add(std::uint64_t{snapshot.version})
      .Add(std::string_view(*snapshot.state))
      .value();
}

std::uint32_t CallChecksum(std::uint32_t seed, const StoredCall& call) {
  return RowChecksum(seed, RowKind::kCall)
      .Add(call.id.high)
      .Add(call.id.low)
      .Add(call.revision)
      .Add(absl::ToUnixMicros(call.ended_at))
      .Add(std::string_view(*call.outcome))
      .value();
}

std::uint32_t ReminderChecksum(std::uint32_t seed, const StoredReminder& reminder) {
  return RowChecksum(seed, RowKind::kReminder)
      .Add(std::string_view(reminder.name))
      .Add(std::string_view(reminder.id))
      .Add(absl::ToUnixMicros(reminder.due))
      .Add(absl::ToInt64Microseconds(reminder.period))
      .value();
}

}  // namespace onager::store::postgres
