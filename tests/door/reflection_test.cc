#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <string>

#include "common/money.actor.h"
#include "door_world.h"
#include "everything.actor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "onager/generated/wire.h"
#include "runtime/door/reflection/descriptors.h"
#include "runtime/door/reflection/reflection.h"

namespace onager::door {
namespace {

namespace pb = google::protobuf;
using testing::HasSubstr;

constexpr char kMethod[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

std::string Request(std::uint32_t kind, const std::string& argument) {
  std::string bytes;
  generated::Writer writer(bytes);
  writer.Tag(kind, generated::WireType::kBytes);
  writer.Bytes(argument);
  writer.Finish();
  return bytes;
}

class ReflectionTest : public testing::Test {
 protected:
  ReflectionTest() { world_.door.Serve(std::make_unique<Reflection>(world_.door)); }
  DoorWorld world_;
};

TEST_F(ReflectionTest, ListsEveryService) {
  for (const char* method : {kMethod, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    const auto call = world_.Start(method);
    ASSERT_TRUE(call->Send(Request(7, "")));
    for (const char* name :
         {"todo.v1.TodoList", "depot.v1.Depot", "lab.v1.Lab", "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}) {
      EXPECT_THAT(call->messages().at(0), HasSubstr(name));
    }
  }
}

TEST_F(ReflectionTest, AnswersOneRequestAfterTheOther) {
  const auto call = world_.Start(kMethod);
  EXPECT_TRUE(call->Send(Request(4, "todo.v1.TodoList")));
  EXPECT_FALSE(call->Send(Request(3, "todo.proto")));  // Not before the answer has left.
  call->Drain();
  EXPECT_TRUE(call->Send(Request(3, "todo.proto")));
  call->Drain();
  EXPECT_TRUE(call->Send(Request(4, "todo.v1.Nothing")));
  call->Drain();
  ASSERT_EQ(call->messages().size(), 3u);
  EXPECT_THAT(call->messages()[0], HasSubstr("todo.proto"));
  EXPECT_THAT(call->messages()[1], HasSubstr("TodoListWatchUpdate"));
  EXPECT_THAT(call->messages()[2], HasSubstr("no symbol todo.v1.Nothing"));
  call->HalfClose();
  EXPECT_TRUE(call->end().status.ok());
}

TEST_F(ReflectionTest, ToldNonsenseItSaysSo) {
  for (const std::string& request : {std::string("\xff"), std::string(), Request(9, "x")}) {
    const auto call = world_.Start(kMethod);
    call->Send(request);
    EXPECT_THAT(call->messages().at(0), HasSubstr("says nothing"));
  }
}

TEST_F(ReflectionTest, WhoIsNotLetInLearnsNothing) {
  EXPECT_EQ(world_.Start(kMethod, "revoked")->end().status.code(), absl::StatusCode::kUnauthenticated);
}

TEST(DescriptorsTest, DescribeWhatTheFilesSayAndWhatTheyImport) {
  const Descriptors descriptors({&everything::v1::AgencyActor::Type().proto()});
  const auto files = descriptors.FileBySymbol("everything.v1.Agency.Watch");
  ASSERT_TRUE(files.ok()) << files.status();
  pb::DescriptorPool pool;
  for (auto file = files->rbegin(); file != files->rend(); ++file) {
    pb::FileDescriptorProto proto;
    ASSERT_TRUE(proto.ParseFromString(*file));
    if (proto.name() == "everything.proto") {
      EXPECT_THAT(proto.DebugString(), HasSubstr("json_name: \"resumeToken\""));
      EXPECT_THAT(proto.DebugString(), HasSubstr("leading_comments: \" The arguments of `Agency.Book`."));
    }
    if (pool.FindFileByName(proto.name()) == nullptr) {
      // Behind those that it imports, unless several do.
      EXPECT_NE(pool.BuildFile(proto), nullptr) << proto.name();
    }
  }
  EXPECT_NE(pool.FindServiceByName("everything.v1.Agency"), nullptr);
  EXPECT_TRUE(descriptors.FileByName("common/money.proto").ok());
  EXPECT_TRUE(descriptors.FileByName("google/protobuf/timestamp.proto").ok());
  EXPECT_TRUE(absl::IsNotFound(descriptors.FileByName("nothing.proto").status()));
}

TEST_F(ReflectionTest, EveryServiceIsDescribed) {
  const Descriptors descriptors(world_.door.protos());
  for (const std::string& name : world_.door.service_names()) {
    EXPECT_TRUE(descriptors.FileBySymbol(name).ok()) << name;
  }
}

}  // namespace
}  // namespace onager::door
