#ifndef ONAGER_RUNTIME_DOOR_REFLECTION_DESCRIPTORS_H_
#define ONAGER_RUNTIME_DOOR_REFLECTION_DESCRIPTORS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "onager/generated/proto_file.h"

// No protobuf header is included here, so that nobody else pays for them.
namespace onager::door {

/// `.proto` files as descriptors, which are made when they are asked for. Thread-safe.
class Descriptors {
 public:
  /// The files, those that they import included, outlive this.
  explicit Descriptors(const std::vector<const generated::ProtoFile*>& files);
  ~Descriptors();

  /// A file, and those that it imports, each an encoded FileDescriptorProto. `NOT_FOUND` when there is none.
  absl::StatusOr<std::vector<std::string>> FileByName(const std::string& name) const;
  /// That of a package's message, enum, value, service or method: "todo.v1.TodoList.Add".
  absl::StatusOr<std::vector<std::string>> FileBySymbol(const std::string& symbol) const;

 private:
  class Pool;
  const std::unique_ptr<Pool> pool_;
};

}  // namespace onager::door

#endif  // ONAGER_RUNTIME_DOOR_REFLECTION_DESCRIPTORS_H_
