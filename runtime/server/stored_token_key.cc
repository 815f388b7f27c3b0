#include "runtime/server/stored_token_key.h"

#include <future>
#include <optional>
#include <utility>

namespace onager::server {
namespace {

// It stands among the actors, so that a backup has it too.
const ActorId& KeyId() {
  static const ActorId id{"onager.TokenKey", "1"};
  return id;
}

absl::StatusOr<std::optional<std::string>> LoadKey(store::Store& store) {
  std::promise<absl::StatusOr<std::optional<store::StoredActor>>> loaded;
  store.Load(KeyId(), [&loaded](absl::StatusOr<std::optional<store::StoredActor>> stored) {
    loaded.set_value(std::move(stored));
  });
  const absl::StatusOr<std::optional<store::StoredActor>> stored = loaded.get_future().get();
  if (!stored.ok()) return stored.status();
  if (!stored->has_value() || (**stored).snapshot.state == nullptr) return std::optional<std::string>();
  return std::optional<std::string>(*(**stored).snapshot.state);
}

absl::Status StoreKey(store::Store& store, const std::string& key) {
  store::CommitRecord record;
  record.actor = KeyId();
  record.epoch = 1;
  store::LogStep& step = record.steps.emplace_back();
  step.revision = 1;
  step.patch = ShareBytes(std::string());
  record.snapshot = ShareBytes(key);
  record.log_floor = 1;
  std::promise<absl::Status> committed;
  store.Commit(std::move(record),
               [&committed](absl::Status status) { committed.set_value(std::move(status)); });
  return committed.get_future().get();
}

}  // namespace

absl::StatusOr<std::string> StoredTokenKey(store::Store& store, const std::string& fresh) {
  absl::StatusOr<std::optional<std::string>> key = LoadKey(store);
  if (!key.ok()) return key.status();
  if (key->has_value()) return **std::move(key);
  const absl::Status stored = StoreKey(store, fresh);
  if (stored.ok()) return fresh;
  if (!absl::IsAborted(stored)) return stored;
  key = LoadKey(store);  // Another server was first.
  if (!key.ok()) return key.status();
  if (!key->has_value()) return absl::DataLossError("the store's token key is not there");
  return **std::move(key);
}

}  // namespace onager::server
