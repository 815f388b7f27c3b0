#ifndef ONAGER_RUNTIME_DOOR_REFLECTION_REFLECTION_H_
#define ONAGER_RUNTIME_DOOR_REFLECTION_REFLECTION_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/door/door.h"
#include "runtime/door/reflection/descriptors.h"

namespace onager::door {

/// `grpc.reflection.v1.ServerReflection` and its older `v1alpha`: what the door serves, from the `.proto`
/// files that came with the actors. It answers those whom the server's authenticator lets in. Thread-safe.
class Reflection final : public Service {
 public:
  /// `door` is the one that is to serve it.
  explicit Reflection(const Door& door) : door_(door) {}

  std::vector<std::string> names() const override;
  std::vector<const generated::ProtoFile*> protos() const override;
  std::shared_ptr<DoorCall> Open(const transport::RpcStart& start,
                                 std::shared_ptr<transport::Rpc> rpc) override;

 private:
  class Stream;

  /// The encoded answer to one encoded request.
  std::string Answer(std::string_view request);
  const Descriptors& descriptors();

  const Door& door_;
  Mutex mutex_;
  std::optional<Descriptors> descriptors_ ABSL_GUARDED_BY(mutex_);  // Made at the first request.
};

}  // namespace onager::door

#endif  // ONAGER_RUNTIME_DOOR_REFLECTION_REFLECTION_H_
