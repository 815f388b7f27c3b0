// Plain gRPC clients of a real server, which know of it only what its reflection tells them.

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors.h"
#include "depot.h"
#include "onager/generated/wire.h"
#include "onager/server.h"

namespace onager::end_to_end {
namespace {

namespace pb = google::protobuf;
using testing::HasSubstr;
using Message = std::unique_ptr<pb::Message>;

constexpr char kReflection[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/// One RPC, step by step; each blocks.
class PlainCall {
 public:
  PlainCall(grpc::GenericStub& stub, const std::string& method) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    start_ = [this, &stub, method] {
      call_ = stub.PrepareCall(&context, method, &queue_);
      call_->StartCall(nullptr);
      (void)Next();
    };
  }
  ~PlainCall() {
    context.TryCancel();
    if (call_ != nullptr && !finished_) (void)Finish();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  bool Write(const std::string& bytes) {
    Begin();
    const grpc::Slice slice(bytes);
    call_->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    return Next();
  }
  void WritesDone() {
    Begin();
    call_->WritesDone(nullptr);
    (void)Next();
  }
  std::optional<std::string> Read() {
    grpc::ByteBuffer buffer;
    call_->Read(&buffer, nullptr);
    if (!Next()) return std::nullopt;
    grpc::Slice slice;
    EXPECT_TRUE(buffer.DumpToSingleSlice(&slice).ok());
    return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  grpc::Status Finish() {
    grpc::Status status;
    finished_ = true;
    call_->Finish(&status, nullptr);
    (void)Next();
    return status;
  }
  std::string Trailer(const std::string& name) const {
    const auto found = context.GetServerTrailingMetadata().find(name);
    if (found == context.GetServerTrailingMetadata().end()) return "";
    return std::string(found->second.data(), found->second.size());
  }

  grpc::ClientContext context;

 private:
  void Begin() {
    if (call_ == nullptr) start_();
  }
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  std::function<void()> start_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool finished_ = false;
};

std::string ReflectionRequest(std::uint32_t kind, const std::string& argument) {
  std::string bytes;
  generated::Writer writer(bytes);
  writer.Tag(kind, generated::WireType::kBytes);
  writer.Bytes(argument);
  writer.Finish();
  return bytes;
}

/// The length-delimited fields of a message with that number.
std::vector<std::string> Fields(const std::string& message, std::uint32_t number) {
  std::vector<std::string> fields;
  generated::Reader reader(message);
  generated::Reader::Tag tag;
  while (!reader.AtEnd() && reader.ReadTag(tag)) {
    std::string_view bytes;
    if (tag.type != generated::WireType::kBytes) {
      if (!reader.Skip(tag)) break;
    } else if (reader.ReadBytes(bytes) && tag.number == number) {
      fields.emplace_back(bytes);
    }
  }
  return fields;
}

class PlainGrpcTest : public testing::Test {
 protected:
  void SetUp() override {
    Depot::log.Reset();
    server_ = std::make_unique<Server>();
    server_->Host<TodoList>();
    server_->Host<Lab>();
    server_->Host<Depot>();
    const absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
    stub_ = std::make_unique<grpc::GenericStub>(
        grpc::CreateChannel(server_->addresses().front(), grpc::InsecureChannelCredentials()));
    Learn();
  }

  /// Asks for every service that there is, and for the files that describe it.
  void Learn() {
    PlainCall call(*stub_, kReflection);
    ASSERT_TRUE(call.Write(ReflectionRequest(7, "")));
    const std::vector<std::string> list = Fields(call.Read().value_or(""), 6);
    ASSERT_EQ(list.size(), 1u);
    for (const std::string& service : Fields(list[0], 1)) services_.push_back(Fields(service, 1).at(0));
    std::map<std::string, pb::FileDescriptorProto> files;
    for (const std::string& service : services_) {
      ASSERT_TRUE(call.Write(ReflectionRequest(4, service)));
      const std::vector<std::string> response = Fields(call.Read().value_or(""), 4);
      ASSERT_EQ(response.size(), 1u) << service;
      for (const std::string& bytes : Fields(response[0], 1)) {
        pb::FileDescriptorProto file;
        ASSERT_TRUE(file.ParseFromString(bytes));
        files[file.name()] = file;
      }
    }
    call.WritesDone();
    EXPECT_TRUE(call.Finish().ok());
    std::function<void(const std::string&)> build = [&](const std::string& name) {
      if (pool_.FindFileByName(name) != nullptr) return;
      for (const std::string& import : files[name].dependency()) build(import);
      EXPECT_NE(pool_.BuildFile(files[name]), nullptr) << name;
    };
    for (const auto& [name, file] : files) build(name);
  }

  /// "todo.v1.TodoList.AddTodo"
  const pb::MethodDescriptor& Method(const std::string& name) {
    const pb::MethodDescriptor* method = pool_.FindMethodByName(name);
    EXPECT_NE(method, nullptr) << name;
    return *method;
  }
  std::unique_ptr<PlainCall> Start(const std::string& method) {
    const std::size_t dot = method.rfind('.');
    return std::make_unique<PlainCall>(*stub_, "/" + method.substr(0, dot) + "/" + method.substr(dot + 1));
  }
  std::string Request(const std::string& method, const std::string& text) {
    Message message(factory_.GetPrototype(Method(method).input_type())->New());
    EXPECT_TRUE(pb::TextFormat::ParseFromString(text, message.get())) << text;
    return message->SerializeAsString();
  }
  Message Response(const std::string& method, const std::string& bytes) {
    Message message(factory_.GetPrototype(Method(method).output_type())->New());
    EXPECT_TRUE(message->ParseFromString(bytes));
    return message;
  }
  std::string Text(const std::string& method, const std::string& bytes) {
    return Response(method, bytes)->ShortDebugString();
  }
  grpc::Status Call(const std::string& method, const std::string& request, std::string* response = nullptr,
                    std::string* revision = nullptr) {
    const auto call = Start(method);
    (void)call->Write(Request(method, request));
    call->WritesDone();
    const std::optional<std::string> bytes = call->Read();
    const grpc::Status status = call->Finish();
    if (response != nullptr) *response = Text(method, bytes.value_or(""));
    if (revision != nullptr) *revision = call->Trailer("onager-revision");
    return status;
  }
  /// Whether it comes true within a second.
  static bool Soon(const std::function<bool()>& predicate) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (!predicate()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::unique_ptr<Server> server_;
  std::unique_ptr<grpc::GenericStub> stub_;
  std::vector<std::string> services_;
  pb::DescriptorPool pool_{pb::DescriptorPool::generated_pool()};
  pb::DynamicMessageFactory factory_;
};

TEST_F(PlainGrpcTest, ReflectionTellsAllThatAClientNeeds) {
  EXPECT_THAT(services_, testing::IsSupersetOf(
                             {"todo.v1.TodoList", "lab.v1.Lab", "depot.v1.Depot", "grpc.health.v1.Health"}));
  std::string response;
  std::string revision;
  const grpc::Status added = Call("todo.v1.TodoList.AddTodo",
                                  "list_id: 'l' title: 'milk' priority: PRIORITY_HIGH", &response, &revision);
  ASSERT_TRUE(added.ok()) << added.error_message();
  EXPECT_THAT(response, HasSubstr("title: \"milk\" priority: PRIORITY_HIGH"));
  EXPECT_EQ(revision, "1");
}

TEST_F(PlainGrpcTest, AWatchFollowsWhatOthersDo) {
  const std::string method = "todo.v1.TodoList.Watch";
  const auto watch = Start(method);
  ASSERT_TRUE(watch->Write(Request(method, "list_id: 'l' filter { non_empty { } }")));
  watch->WritesDone();
  EXPECT_THAT(Text(method, watch->Read().value_or("")), HasSubstr("snapshot"));
  ASSERT_TRUE(Call("todo.v1.TodoList.AddTodo", "list_id: 'l' title: 'milk'").ok());
  EXPECT_THAT(Text(method, watch->Read().value_or("")), HasSubstr("revision: 1 patch { todos { placed {"));
}

TEST_F(PlainGrpcTest, AnErrorHasItsDetails) {
  const grpc::Status status = Call("todo.v1.TodoList.ToggleTodo", "list_id: 'l' id: 'nothing'");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_details(), HasSubstr("todo.v1.NotFound"));
  EXPECT_THAT(status.error_details(), HasSubstr("\n\x07nothing"));
}

// gRPC bounds what all details take.
TEST_F(PlainGrpcTest, AnErrorThatIsTooLargeArrivesWithoutItsDetails) {
  const grpc::Status status = Call("lab.v1.Lab.Refuse", "name: 'l' why: '" + std::string(100'000, 'y') + "'");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_LT(status.error_message().size(), 1000u);
}

// A30.
TEST_F(PlainGrpcTest, AMessageBeyondTheLimitIsRefused) {
  const std::string method = "lab.v1.Lab.Echo";
  const std::size_t size_max = 4u << 20;
  const std::string key = Request(method, "name: 'l'");
  const auto echo = [&](std::size_t size) {
    Message request(factory_.GetPrototype(Method(method).input_type())->New());
    ASSERT_TRUE(request->ParseFromString(key));
    const pb::FieldDescriptor* payload = request->GetDescriptor()->FindFieldByNumber(1);
    request->GetReflection()->SetString(request.get(), payload, std::string(size - key.size() - 5, 'p'));
    const std::string bytes = request->SerializeAsString();
    ASSERT_EQ(bytes.size(), size);
    const auto call = Start(method);
    (void)call->Write(bytes);
    call->WritesDone();
    const std::optional<std::string> answer = call->Read();
    const grpc::Status status = call->Finish();
    if (size <= size_max) {
      EXPECT_TRUE(status.ok()) << size << ": " << status.error_message();
      EXPECT_TRUE(answer.has_value());
    } else {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << size;
    }
  };
  for (const std::size_t size :
       {std::size_t{2'200'000}, size_max - 1, size_max, size_max + 1, std::size_t{5} << 20}) {
    echo(size);
  }
}

TEST_F(PlainGrpcTest, AStreamedResultWaitsForItsReader) {
  const std::string method = "depot.v1.Depot.Export";
  const auto call = Start(method);
  ASSERT_TRUE(call->Write(Request(method, "name: 'd' count: 1000 load: 100000")));
  call->WritesDone();
  for (int i = 1; i <= 1000; ++i) {
    const std::optional<std::string> item = call->Read();
    ASSERT_TRUE(item.has_value()) << i;
    ASSERT_THAT(Text(method, *item), HasSubstr("number: " + std::to_string(i) + " "));
    // What gRPC's own windows and the stream hold between the two, of 100 MB.
    ASSERT_LE(Depot::log.written - i, 300);
  }
  EXPECT_FALSE(call->Read().has_value());
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(PlainGrpcTest, AStreamedParameterArrives) {
  const std::string method = "depot.v1.Depot.Import";
  const auto call = Start(method);
  ASSERT_TRUE(call->Write(Request(method, "name: 'd' max: 1000 parcels { number: 1 }")));
  for (int i = 2; i <= 1000; ++i) {
    ASSERT_TRUE(call->Write(Request(method, "parcels { number: " + std::to_string(i) + " load: 'xyz' }")));
  }
  call->WritesDone();
  EXPECT_EQ(Text(method, call->Read().value_or("")), "result: 1000");
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(PlainGrpcTest, StreamsGoBothWaysAtOnce) {
  const std::string method = "depot.v1.Depot.Multiply";
  const auto call = Start(method);
  ASSERT_TRUE(call->Write(Request(method, "name: 'd' factor: 3")));
  for (int i = 1; i <= 100; ++i) {
    ASSERT_TRUE(call->Write(Request(method, "numbers: " + std::to_string(i))));
    ASSERT_EQ(Text(method, call->Read().value_or("")), "item: " + std::to_string(3 * i));
  }
  call->WritesDone();
  EXPECT_FALSE(call->Read().has_value());
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(PlainGrpcTest, TooManyRpcsAreRefused) {
  ServerOptions options;
  options.rpcs_max = 1;
  Server server(options);
  server.Host<Depot>();
  ASSERT_TRUE(server.Start().ok());
  grpc::GenericStub stub(grpc::CreateChannel(server.addresses().front(), grpc::InsecureChannelCredentials()));
  const std::string request = Request("depot.v1.Depot.Count", "name: 'd' first: 1");
  PlainCall first(stub, "/depot.v1.Depot/Count");
  ASSERT_TRUE(first.Write(request));
  ASSERT_TRUE(first.Read().has_value());
  PlainCall second(stub, "/depot.v1.Depot/Count");
  (void)second.Write(request);
  EXPECT_FALSE(second.Read().has_value());
  const grpc::Status status = second.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_details(), HasSubstr("TOO_MANY_RPCS"));
}

// gRPC shows the server much the same as when the client has finished.
TEST_F(PlainGrpcTest, ACancelledParameterIsNotTakenForAWholeOne) {
  const std::string method = "depot.v1.Depot.Import";
  for (int i = 0; i < 200; ++i) {
    Depot::log.Reset();
    const auto call = Start(method);
    ASSERT_TRUE(call->Write(Request(method, "name: 'd' max: 10 parcels { number: 1 }")));
    ASSERT_TRUE(Soon([] { return Depot::log.read == 1; }));
    call->context.TryCancel();
    ASSERT_TRUE(Soon([] { return Depot::log.end().has_value(); }));
    EXPECT_FALSE(Depot::log.end()->ok());
  }
}

// A12.
TEST_F(PlainGrpcTest, CancellingReachesTheHandlerWithinASecond) {
  const std::string method = "depot.v1.Depot.Count";
  const auto call = Start(method);
  ASSERT_TRUE(call->Write(Request(method, "name: 'd' first: 1")));
  ASSERT_TRUE(call->Read().has_value());
  call->context.TryCancel();
  EXPECT_TRUE(Soon([] { return Depot::log.end().has_value(); }));
}

TEST_F(PlainGrpcTest, TheClientsDeadlineReachesTheHandler) {
  const std::string method = "lab.v1.Lab.AddSlowly";
  const auto call = Start(method);
  call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  (void)call->Write(Request(method, "name: 'l' by: 1 milliseconds: 600000"));
  EXPECT_FALSE(call->Read().has_value());
  EXPECT_EQ(call->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // Its turn has ended: the next one is served.
  EXPECT_TRUE(Call("lab.v1.Lab.Get", "name: 'l'").ok());
}

TEST_F(PlainGrpcTest, HealthIsTold) {
  std::string response;
  EXPECT_TRUE(Call("grpc.health.v1.Health.Check", "", &response).ok());
  EXPECT_EQ(response, "status: SERVING");
  EXPECT_EQ(Call("grpc.health.v1.Health.Check", "service: 'x'").error_code(), grpc::StatusCode::NOT_FOUND);
}

// A25.
TEST_F(PlainGrpcTest, AServerThatStopsTellsThoseWhoWatch) {
  const std::string method = "todo.v1.TodoList.Watch";
  const auto watch = Start(method);
  ASSERT_TRUE(watch->Write(Request(method, "list_id: 'l'")));
  ASSERT_TRUE(watch->Read().has_value());
  const auto health = Start("grpc.health.v1.Health.Watch");
  ASSERT_TRUE(health->Write(""));
  ASSERT_TRUE(health->Read().has_value());
  server_->Shutdown();
  EXPECT_FALSE(watch->Read().has_value());
  const grpc::Status status = watch->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_details(), HasSubstr("GOING_AWAY"));
  const std::optional<std::string> told = health->Read();
  EXPECT_EQ(Text("grpc.health.v1.Health.Watch", told.value_or("")), "status: NOT_SERVING");
}

TEST_F(PlainGrpcTest, ClientsThatDoNotReadDoNotHoldUpTheEnd) {
  std::vector<std::unique_ptr<PlainCall>> calls;
  for (int i = 0; i < 20; ++i) {
    const std::string method = "depot.v1.Depot.Export";
    calls.push_back(Start(method));
    ASSERT_TRUE(
        calls.back()->Write(Request(method, "name: '" + std::to_string(i) + "' count: 100000 load: 100000")));
  }
  ASSERT_TRUE(Soon([] { return Depot::log.written > 20; }));
  const auto before = std::chrono::steady_clock::now();
  server_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

}  // namespace
}  // namespace onager::end_to_end
