#ifndef ONAGER_RUNTIME_STORE_CHECK_RECORD_H_
#define ONAGER_RUNTIME_STORE_CHECK_RECORD_H_

#include <cstdint>

#include "absl/status/status.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Where a store stands with one actor.
struct HeldPosition {
  HeldPosition() = default;

  bool exists = false;
  bool destroyed = false;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint64_t commit = 0;
};

/// Whether the record continues what is held: the rules of `CommitRecord`, for every store. `ABORTED` when it
/// does not, `INVALID_ARGUMENT` when it is no record.
absl::Status CheckRecord(const CommitRecord& record, const HeldPosition& held);

/// The revision of the state when the record is written.
std::uint64_t RevisionAfter(const CommitRecord& record);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_CHECK_RECORD_H_
