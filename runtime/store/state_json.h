#ifndef ONAGER_RUNTIME_STORE_STATE_JSON_H_
#define ONAGER_RUNTIME_STORE_STATE_JSON_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Makes JSON of what a store holds of an actor, and the other way round: for those who look at states with
/// SQL, and change them. Called on threads of the store's.
class StateJson {
 public:
  virtual ~StateJson() = default;

  /// The types of actors that it knows by now: more of them later, perhaps, and none less. Thread-safe.
  virtual std::vector<std::string> types() const = 0;

  /// The state as a JSON object. `stored` has its newest snapshot and the steps after that. One call at a
  /// time of this and `FromJson`.
  virtual absl::StatusOr<std::string> ToJson(const ActorId& actor, const StoredActor& stored) = 0;

  /// The state that a JSON object says, as a snapshot whose revision means nothing. An error is told to
  /// whoever has written the JSON.
  virtual absl::StatusOr<StoredSnapshot> FromJson(const ActorId& actor, std::string_view json) = 0;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_STATE_JSON_H_
