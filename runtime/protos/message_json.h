#ifndef ONAGER_RUNTIME_PROTOS_MESSAGE_JSON_H_
#define ONAGER_RUNTIME_PROTOS_MESSAGE_JSON_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "onager/generated/proto_file.h"

// No protobuf header is included here, so that nobody else pays for them.
namespace onager::protos {

/// Encoded messages as JSON, as protobuf has it, with the names that fields have in the `.proto` file; what
/// has its default is there. Fields that the generator adds, of which element handles are some, are not in
/// the JSON. Thread-safe.
class MessageJson {
 public:
  /// The files, those that they import included, outlive this.
  explicit MessageJson(const std::vector<const generated::ProtoFile*>& files);
  ~MessageJson();

  /// Of bytes that are such a message. `NOT_FOUND` where no file has one, `INVALID_ARGUMENT` for what JSON
  /// cannot say: it nests deeper than 64 messages, for example.
  absl::StatusOr<std::string> ToJson(const std::string& message, std::string_view bytes) const;

  /// With new handles for all elements that have such. `INVALID_ARGUMENT` says where the JSON does not fit.
  absl::StatusOr<std::string> FromJson(const std::string& message, std::string_view json) const;

 private:
  class Pools;
  const std::unique_ptr<Pools> pools_;
};

}  // namespace onager::protos

#endif  // ONAGER_RUNTIME_PROTOS_MESSAGE_JSON_H_
