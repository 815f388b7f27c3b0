#ifndef ONAGER_RUNTIME_STORE_POSTGRES_ROW_CHECKSUMS_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_ROW_CHECKSUMS_H_

#include <cstdint>

#include "runtime/store/check_record.h"
#include "runtime/store/row_checksum.h"
#include "runtime/store/store.h"

namespace onager::store::postgres {

// The checksums of rows. `seed` is `RowChecksum::Seed` of their actor.

/// Of a row of `onager.actors` whose `ahead` is false; all bits are turned where it is true.
std::uint32_t HeadChecksum(std::uint32_t seed, const HeldPosition& position, std::uint32_t version);
std::uint32_t StepChecksum(std::uint32_t seed, const LogStep& step);
std::uint32_t SnapshotChecksum(std::uint32_t seed, const StoredSnapshot& snapshot);
std::uint32_t CallChecksum(std::uint32_t seed, const StoredCall& call);
std::uint32_t ReminderChecksum(std::uint32_t seed, const StoredReminder& reminder);

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_ROW_CHECKSUMS_H_
