#include "runtime/protos/message_json.h"

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "runtime/protos/proto_pool.h"

namespace onager::protos {
namespace {

namespace pb = google::protobuf;

constexpr const char* kUrlPrefix = "type.googleapis.com";

std::string UrlOf(const std::string& message) { return absl::StrCat(kUrlPrefix, "/", message); }

template <typename Status>
std::string MessageOf(const Status& status) {
  return std::string(status.message().data(), status.message().size());
}

// Gives each element a handle of its own, wherever there is a field for it.
void AddHandles(pb::Message& message, std::uint64_t& last) {
  const pb::Descriptor& type = *message.GetDescriptor();
  const pb::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    if (field.number() >= kGeneratedFields) continue;
    const int size = field.is_repeated() ? reflection.FieldSize(message, &field) : 0;
    if (const pb::FieldDescriptor* const handles = type.FindFieldByNumber(kGeneratedFields + field.number());
        handles != nullptr && handles->is_repeated() &&
        handles->cpp_type() == pb::FieldDescriptor::CPPTYPE_UINT64) {
      for (int k = 0; k < size; ++k) reflection.AddUInt64(&message, handles, ++last);
    }
    if (field.cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    for (int k = 0; k < size; ++k) {
      AddHandles(*reflection.MutableRepeatedMessage(&message, &field, k), last);
    }
    if (!field.is_repeated() && reflection.HasField(message, &field)) {
      AddHandles(*reflection.MutableMessage(&message, &field), last);
    }
  }
}

}  // namespace

class MessageJson::Pools {
 public:
  explicit Pools(const std::vector<const generated::ProtoFile*>& files)
      : whole_(files),
        declared_(files, ProtoPool::Fields::kDeclared),
        resolver_(pb::util::NewTypeResolverForDescriptorPool(kUrlPrefix, &declared_.descriptors())) {}

  absl::StatusOr<std::string> ToJson(const std::string& message, std::string_view bytes) {
    if (declared_.FindMessage(message) == nullptr) return NoMessage(message);
    pb::util::JsonPrintOptions options;
    options.always_print_primitive_fields = true;
    options.preserve_proto_field_names = true;
    std::string json;
    const auto printed =
        pb::util::BinaryToJsonString(resolver_.get(), UrlOf(message), std::string(bytes), &json, options);
    if (!printed.ok()) return absl::InvalidArgumentError(MessageOf(printed));
    return json;
  }

  absl::StatusOr<std::string> FromJson(const std::string& message, std::string_view json) {
    const pb::Descriptor* const type = whole_.FindMessage(message);
    if (type == nullptr || declared_.FindMessage(message) == nullptr) return NoMessage(message);
    std::string bytes;
    const auto read = pb::util::JsonToBinaryString(resolver_.get(), UrlOf(message), std::string(json), &bytes,
                                                   pb::util::JsonParseOptions());
    if (!read.ok()) return absl::InvalidArgumentError(MessageOf(read));
    pb::DynamicMessageFactory factory;
    const std::unique_ptr<pb::Message> value(factory.GetPrototype(type)->New());
    if (!value->ParseFromString(bytes)) {
      return absl::InvalidArgumentError(absl::StrCat("it is no ", message, ": it nests too deeply, perhaps"));
    }
    std::uint64_t last = 0;
    AddHandles(*value, last);
    return value->SerializeAsString();
  }

 private:
  static absl::Status NoMessage(const std::string& message) {
    return absl::NotFoundError(absl::StrCat("there is no message ", message));
  }

  ProtoPool whole_;
  ProtoPool declared_;
  const std::unique_ptr<pb::util::TypeResolver> resolver_;
};

MessageJson::MessageJson(const std::vector<const generated::ProtoFile*>& files)
    : pools_(std::make_unique<Pools>(files)) {}

MessageJson::~MessageJson() = default;

absl::StatusOr<std::string> MessageJson::ToJson(const std::string& message, std::string_view bytes) const {
  return pools_->ToJson(message, bytes);
}

absl::StatusOr<std::string> MessageJson::FromJson(const std::string& message, std::string_view json) const {
  return pools_->FromJson(message, json);
}

}  // namespace onager::protos
