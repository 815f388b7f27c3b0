#ifndef ONAGER_TESTS_CODEGEN_PROTOBUF_MESSAGES_H_
#define ONAGER_TESTS_CODEGEN_PROTOBUF_MESSAGES_H_

#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>

#include "gtest/gtest.h"
#include "onager/generated/struct_ops.h"
#include "onager/generated/wire.h"

namespace onager::testing {

/// The messages of emitted `.proto` files, as protobuf itself understands them. A file that it does not take
/// fails the test.
class Protos {
 public:
  Protos(const std::string& directory, const std::vector<std::string>& files);

  /// Null, and a failure, when there is no such message.
  std::unique_ptr<google::protobuf::Message> New(const std::string& name);

 private:
  class FailOnError : public google::protobuf::compiler::MultiFileErrorCollector {
   public:
    void AddError(const std::string& file, int line, int, const std::string& text) override {
      ADD_FAILURE() << file << ":" << line + 1 << ": " << text;
    }
  };

  FailOnError errors_;
  google::protobuf::compiler::DiskSourceTree tree_;
  google::protobuf::compiler::Importer importer_{&tree_, &errors_};
  google::protobuf::DynamicMessageFactory factory_;
};

std::string Deterministic(const google::protobuf::Message& message);
bool HasUnknownFields(const google::protobuf::Message& message);

template <typename T>
std::string Encode(const T& value, bool with_handles) {
  std::string bytes;
  generated::Writer writer(bytes);
  generated::StructOps<T>::Encode(writer, value, with_handles);
  writer.Finish();
  return bytes;
}

}  // namespace onager::testing

#endif  // ONAGER_TESTS_CODEGEN_PROTOBUF_MESSAGES_H_
