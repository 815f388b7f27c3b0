#include "runtime/door/reflection/reflection.h"

#include <utility>

#include "onager/generated/wire.h"
#include "runtime/door/door_call.h"

namespace onager::door {
namespace {

using generated::Reader;
using generated::WireType;
using generated::Writer;

// Of a request.
constexpr std::uint32_t kFileByFilename = 3;
constexpr std::uint32_t kFileContainingSymbol = 4;
constexpr std::uint32_t kFileContainingExtension = 5;
constexpr std::uint32_t kAllExtensionNumbersOfType = 6;
constexpr std::uint32_t kListServices = 7;
// Of a response.
constexpr std::uint32_t kOriginalRequest = 2;
constexpr std::uint32_t kFileDescriptorResponse = 4;
constexpr std::uint32_t kAllExtensionNumbersResponse = 5;
constexpr std::uint32_t kListServicesResponse = 6;
constexpr std::uint32_t kErrorResponse = 7;

// Files and services that are told at once; nobody has so many.
constexpr std::size_t kRequestBytesMax = 64u << 10;

void WriteBytes(Writer& writer, std::uint32_t number, std::string_view bytes) {
  writer.Tag(number, WireType::kBytes);
  writer.Bytes(bytes);
}

void WriteError(Writer& writer, const absl::Status& status) {
  const Writer::Open error = writer.Begin(kErrorResponse);
  writer.Tag(1, WireType::kVarint);
  writer.Varint(static_cast<std::uint64_t>(status.raw_code()));
  WriteBytes(writer, 2, std::string_view(status.message().data(), status.message().size()));
  writer.End(error);
}

void WriteFiles(Writer& writer, const absl::StatusOr<std::vector<std::string>>& files) {
  if (!files.ok()) return WriteError(writer, files.status());
  const Writer::Open response = writer.Begin(kFileDescriptorResponse);
  for (const std::string& file : *files) WriteBytes(writer, 1, file);
  writer.End(response);
}

constexpr std::string_view kMessages = R"pb(
  message ServerReflectionRequest { string host = 1
  ;
  oneof message_request {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    ExtensionRequest file_containing_extension = 5;
    string all_extension_numbers_of_type = 6;
    string list_services = 7;
  }
}

message ExtensionRequest {
  string containing_type = 1;
  int32 extension_number = 2;
}

message ServerReflectionResponse {
  string valid_host = 1;
  ServerReflectionRequest original_request = 2;
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;
    ExtensionNumberResponse all_extension_numbers_response = 5;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
}

message FileDescriptorResponse {
  repeated bytes file_descriptor_proto = 1;
}

message ExtensionNumberResponse {
  string base_type_name = 1;
  repeated int32 extension_number = 2;
}

message ListServiceResponse {
  repeated ServiceResponse service = 1;
}

message ServiceResponse {
  string name = 1;
}

message ErrorResponse {
  int32 error_code = 1;
  string error_message = 2;
}

service ServerReflection {
  rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse);
}
)pb";

std::string ProtoText(std::string_view package) {
  return "syntax = \"proto3\";\n\npackage " + std::string(package) + ";\n" + std::string(kMessages);
}

}  // namespace

/// Answers one request after the other: the next is read when the answer has left.
class Reflection::Stream final : public DoorCall {
 public:
  Stream(std::shared_ptr<transport::Rpc> rpc, Reflection& reflection, absl::Status refusal)
      : DoorCall(std::move(rpc)), reflection_(reflection), refusal_(std::move(refusal)) {}

  void Start() override {
    if (!refusal_.ok()) return End(refusal_);
    DoorCall::Start();
  }
  void OnMessage(std::string_view bytes) override {
    if (bytes.size() > kRequestBytesMax) return End(absl::ResourceExhaustedError("the request is too large"));
    transport::OutMessage answer = ToMessage(reflection_.Answer(bytes));
    MutexLock lock(mutex_);
    WriteLocked(std::move(answer));
  }
  void OnReadsDone() override { End(absl::OkStatus()); }
  void OnShutdown(const absl::Status& reason, bool) override { End(reason); }

 private:
  void OnWrittenLocked() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { ReadLocked(); }

  Reflection& reflection_;
  const absl::Status refusal_;
};

std::vector<std::string> Reflection::names() const {
  return {"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"};
}

std::vector<const generated::ProtoFile*> Reflection::protos() const {
  // Never freed, as whoever describes the server may do so until the end.
  static const std::string& v1_proto = *new std::string(ProtoText("grpc.reflection.v1"));
  static const std::string& v1alpha_proto = *new std::string(ProtoText("grpc.reflection.v1alpha"));
  static const std::string_view v1_text = v1_proto;
  static const std::string_view v1alpha_text = v1alpha_proto;
  static const generated::ProtoFile v1 = {
      .name = "grpc/reflection/v1/reflection.proto", .imports = {}, .texts = {&v1_text, 1}};
  static const generated::ProtoFile v1alpha = {
      .name = "grpc/reflection/v1alpha/reflection.proto", .imports = {}, .texts = {&v1alpha_text, 1}};
  return {&v1, &v1alpha};
}

std::shared_ptr<DoorCall> Reflection::Open(const transport::RpcStart& start,
                                           std::shared_ptr<transport::Rpc> rpc) {
  if (!std::string_view(start.method).ends_with("/ServerReflectionInfo")) return nullptr;
  return std::make_shared<Stream>(std::move(rpc), *this, door_.Authenticate(start.credentials).status());
}

const Descriptors& Reflection::descriptors() {
  MutexLock lock(mutex_);
  if (!descriptors_.has_value()) descriptors_.emplace(door_.protos());
  return *descriptors_;
}

std::string Reflection::Answer(std::string_view request) {
  std::string answer;
  Writer writer(answer);
  Reader reader(request);
  std::uint32_t kind = 0;
  std::string argument;
  bool well_formed = true;
  while (well_formed && !reader.AtEnd()) {
    Reader::Tag tag;
    std::string_view bytes;
    well_formed = reader.ReadTag(tag);
    if (!well_formed) break;
    if (tag.type == WireType::kBytes && tag.number >= kFileByFilename && tag.number <= kListServices) {
      well_formed = reader.ReadBytes(bytes);
      kind = tag.number;
      argument = std::string(bytes);
    } else {
      well_formed = reader.Skip(tag);
    }
  }
  if (well_formed) WriteBytes(writer, kOriginalRequest, request);
  switch (well_formed ? kind : 0) {
    case kFileByFilename:
      WriteFiles(writer, descriptors().FileByName(argument));
      break;
    case kFileContainingSymbol:
      WriteFiles(writer, descriptors().FileBySymbol(argument));
      break;
    case kFileContainingExtension:
      WriteError(writer, absl::NotFoundError("there are no extensions here"));
      break;
    case kAllExtensionNumbersOfType: {
      const Writer::Open numbers = writer.Begin(kAllExtensionNumbersResponse);
      WriteBytes(writer, 1, argument);
      writer.End(numbers);
      break;
    }
    case kListServices: {
      const Writer::Open list = writer.Begin(kListServicesResponse);
      for (const std::string& name : door_.service_names()) {
        const Writer::Open service = writer.Begin(1);
        WriteBytes(writer, 1, name);
        writer.End(service);
      }
      writer.End(list);
      break;
    }
    default:
      WriteError(writer, absl::InvalidArgumentError("the request says nothing that is known here"));
  }
  writer.Finish();
  return answer;
}

}  // namespace onager::door
