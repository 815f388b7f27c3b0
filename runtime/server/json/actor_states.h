#ifndef ONAGER_RUNTIME_SERVER_JSON_ACTOR_STATES_H_
#define ONAGER_RUNTIME_SERVER_JSON_ACTOR_STATES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/mutex.h"
#include "runtime/store/state_json.h"

namespace onager::protos {
class MessageJson;
}

namespace onager::server {

/// JSON of the states of the actors that a server hosts, by the `.proto` files that they come with: what the
/// store's edits are, too. States of older versions are migrated as when they are loaded, by instances made
/// for it. Thread-safe.
class ActorStates final : public store::StateJson {
 public:
  ActorStates();
  ~ActorStates() override;

  /// Knows these types from now on, as far as they are persisted and have a `.proto`. Called once; their
  /// `ActorType`s outlive this.
  void Begin(std::vector<actor::HostedType> hosted);

  std::vector<std::string> types() const override;
  absl::StatusOr<std::string> ToJson(const ActorId& actor, const store::StoredActor& stored) override;
  absl::StatusOr<store::StoredSnapshot> FromJson(const ActorId& actor, std::string_view json) override;

 private:
  struct Known {
    absl::flat_hash_map<std::string, actor::HostedType> types;
    std::unique_ptr<protos::MessageJson> json;
  };

  /// Null before `Begin`; constant from then on.
  const Known* known() const;

  mutable Mutex mutex_;
  std::unique_ptr<const Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_JSON_ACTOR_STATES_H_
