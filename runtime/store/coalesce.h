#ifndef ONAGER_RUNTIME_STORE_COALESCE_H_
#define ONAGER_RUNTIME_STORE_COALESCE_H_

#include <cstddef>

#include "runtime/store/check_record.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Where a store stands with the record's actor once the record is written.
HeldPosition PositionAfter(const CommitRecord& record);

/// About what the record takes in memory, and in a store.
std::size_t RecordBytes(const CommitRecord& record);

/// Whether one record can have the effect of `first` and then `next`. Not where an actor or an epoch ends or
/// begins with one of them, and not where `first` has a snapshot that `next` leads on from: a record's
/// snapshot is of its last revision.
bool CanCoalesce(const CommitRecord& first, const CommitRecord& next);

/// Makes `first` the record that has the effect of both. `CanCoalesce` holds.
void Coalesce(CommitRecord& first, CommitRecord next);

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_COALESCE_H_
