#ifndef ONAGER_RUNTIME_DOOR_HEALTH_H_
#define ONAGER_RUNTIME_DOOR_HEALTH_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "onager/generated/proto_file.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/mutex.h"
#include "runtime/door/door.h"

namespace onager::door {

/// `grpc.health.v1.Health`: whether the server, and each type of actor, is served. It answers everybody,
/// without asking who that is. Thread-safe.
class Health final : public Service {
 public:
  /// `actors` outlive it.
  explicit Health(const actor::ActorRuntime& actors) : actors_(actors) {}

  std::vector<std::string> names() const override { return {"grpc.health.v1.Health"}; }
  std::vector<const generated::ProtoFile*> protos() const override;
  std::shared_ptr<DoorCall> Open(const transport::RpcStart& start,
                                 std::shared_ptr<transport::Rpc> rpc) override;

  /// Tells everybody who watches, too.
  void SetServing(bool serving);

 private:
  class Check;
  class List;
  class Watch;
  // As in the .proto.
  enum class Status { kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

  /// Of the server, when `service` is empty.
  Status StatusOf(std::string_view service) const;

  const actor::ActorRuntime& actors_;
  mutable Mutex mutex_;
  bool serving_ ABSL_GUARDED_BY(mutex_) = true;
  std::vector<std::weak_ptr<Watch>> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::door

#endif  // ONAGER_RUNTIME_DOOR_HEALTH_H_
