#include "protobuf_messages.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/unknown_field_set.h>

namespace onager::testing {

namespace pb = google::protobuf;

Protos::Protos(const std::string& directory, const std::vector<std::string>& files) {
  tree_.MapPath("", directory);
  tree_.MapPath("", ONAGER_PROTOBUF_INCLUDE_DIR);  // google/protobuf/timestamp.proto and the like.
  for (const std::string& file : files) EXPECT_NE(importer_.Import(file), nullptr) << file;
}

std::unique_ptr<pb::Message> Protos::New(const std::string& name) {
  const pb::Descriptor* type = importer_.pool()->FindMessageTypeByName(name);
  if (type == nullptr) {
    ADD_FAILURE() << "no message " << name;
    return nullptr;
  }
  return std::unique_ptr<pb::Message>(factory_.GetPrototype(type)->New());
}

std::string Deterministic(const pb::Message& message) {
  std::string bytes;
  {
    pb::io::StringOutputStream stream(&bytes);
    pb::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    EXPECT_TRUE(message.SerializeToCodedStream(&out));
  }
  return bytes;
}

bool HasUnknownFields(const pb::Message& message) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (HasUnknownFields(reflection.GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (HasUnknownFields(reflection.GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

}  // namespace onager::testing
