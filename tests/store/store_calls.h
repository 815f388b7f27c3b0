#ifndef ONAGER_TESTS_STORE_STORE_CALLS_H_
#define ONAGER_TESTS_STORE_STORE_CALLS_H_

#include <future>
#include <optional>
#include <string>
#include <utility>

#include "runtime/store/store.h"

namespace onager::store {

/// Each waits for the answer.
inline absl::Status CommitNow(Store& store, CommitRecord record) {
  std::promise<absl::Status> committed;
  store.Commit(std::move(record),
               [&committed](absl::Status status) { committed.set_value(std::move(status)); });
  return committed.get_future().get();
}

inline absl::StatusOr<std::optional<StoredActor>> LoadNow(Store& store, const ActorId& actor) {
  std::promise<absl::StatusOr<std::optional<StoredActor>>> loaded;
  store.Load(actor, [&loaded](absl::StatusOr<std::optional<StoredActor>> stored) {
    loaded.set_value(std::move(stored));
  });
  return loaded.get_future().get();
}

/// One step of epoch 7 from `base` on.
inline CommitRecord StepRecord(const ActorId& actor, std::uint64_t base, std::string patch) {
  CommitRecord record;
  record.actor = actor;
  record.epoch = 7;
  record.base_revision = base;
  LogStep& step = record.steps.emplace_back();
  step.revision = base + 1;
  step.patch = ShareBytes(std::move(patch));
  return record;
}

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_STORE_CALLS_H_
