#include <string>

#include "door_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onager::door {
namespace {

constexpr char kAdd[] = "/todo.v1.TodoList/AddTodo";
constexpr char kAddRequest[] = "todo.v1.TodoListAddTodoRequest";

TEST(Unary, AnswersWithTheResultAndItsRevision) {
  DoorWorld world;
  const auto call = world.Unary(
      kAdd, world.protos.Encode(kAddRequest, "list_id: 'groceries' title: 'milk' priority: PRIORITY_HIGH"));
  ASSERT_TRUE(call->ended());
  EXPECT_TRUE(call->end().status.ok()) << call->end().status;
  ASSERT_EQ(call->messages().size(), 1u);
  const Message todo = world.protos.Parse("todo.v1.Todo", call->messages()[0]);
  EXPECT_THAT(todo->ShortDebugString(), testing::HasSubstr("title: \"milk\" priority: PRIORITY_HIGH"));
  EXPECT_EQ(call->trailer("onager-revision"), "1");
  EXPECT_NE(call->trailer("onager-epoch"), "");

  const auto count =
      world.Unary("/todo.v1.TodoList/PendingCount",
                  world.protos.Encode("todo.v1.TodoListPendingCountRequest", "list_id: 'groceries'"));
  EXPECT_EQ(world.protos.Text("todo.v1.TodoListPendingCountResult", count->messages().at(0)), "result: 1");
  EXPECT_EQ(count->trailer("onager-revision"), "1");
}

TEST(Unary, TheKeyInTheRequestNamesTheActor) {
  DoorWorld world;
  world.Unary(kAdd, world.protos.Encode(kAddRequest, "list_id: 'one, two/three' title: 'milk'"));
  const auto other =
      world.Unary("/todo.v1.TodoList/PendingCount",
                  world.protos.Encode("todo.v1.TodoListPendingCountRequest", "list_id: 'one'"));
  EXPECT_EQ(world.protos.Text("todo.v1.TodoListPendingCountResult", other->messages().at(0)), "");
  EXPECT_EQ(world.actors.active_actors(), 2u);
}

// A26.
TEST(Unary, UnknownFieldsArePassedOver) {
  DoorWorld world;
  const std::string request =
      world.protos.Encode(kAddRequest, "list_id: 'l' title: 'milk'") + "\x98\x06\x2a" + "\xa2\x06\x02hi";
  const auto call = world.Unary(kAdd, request);
  EXPECT_TRUE(call->end().status.ok()) << call->end().status;
}

// A26: a client from before `priority` was added.
TEST(Unary, ARequestWithoutAParameterThatCameLaterGetsItsDefault) {
  DoorWorld world;
  const auto call = world.Unary(kAdd, world.protos.Encode(kAddRequest, "list_id: 'l' title: 'milk'"));
  EXPECT_THAT(world.protos.Text("todo.v1.Todo", call->messages().at(0)),
              testing::HasSubstr("PRIORITY_NORMAL"));
}

// A26.
TEST(Unary, AMissingKeyIsATypedError) {
  DoorWorld world;
  const auto call = world.Unary(kAdd, world.protos.Encode(kAddRequest, "title: 'milk'"));
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(call->end()), "BAD_ACTOR_KEY");
  EXPECT_THAT(call->end().details, testing::HasSubstr("type.googleapis.com/google.rpc.BadRequest"));
  EXPECT_THAT(call->end().details, testing::HasSubstr("list_id"));
  EXPECT_EQ(world.actors.active_actors(), 0u);
}

TEST(Unary, ADeclaredErrorTravelsWithItsFields) {
  DoorWorld world;
  const auto call =
      world.Unary("/todo.v1.TodoList/ToggleTodo",
                  world.protos.Encode("todo.v1.TodoListToggleTodoRequest", "list_id: 'l' id: 'x'"));
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(call->end().details, testing::HasSubstr(std::string(todo::v1::NotFound::kTypeUrl)));
  EXPECT_THAT(call->end().details, testing::HasSubstr("\n\x01x"));
  EXPECT_TRUE(call->messages().empty());
}

TEST(Unary, UnknownMethodsAndTypesAreUnimplemented) {
  DoorWorld world;
  for (const char* method : {"/todo.v1.TodoList/Fly", "/todo.v1.Other/Add", "/", "", "/todo.v1.TodoList",
                             "//", "todo.v1.TodoList/AddTodo", "/grpc.health.v1.Health/Fly"}) {
    const auto call = world.Start(method);
    EXPECT_EQ(call->end().status.code(), absl::StatusCode::kUnimplemented) << method;
  }
}

TEST(Unary, GarbageIsRefused) {
  DoorWorld world;
  for (const std::string& bytes : {std::string("\xff"), std::string("\x0a\x7f"), std::string(1, '\0')}) {
    const auto call = world.Unary(kAdd, bytes);
    EXPECT_EQ(call->end().status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(call->end()), "MALFORMED_REQUEST");
  }
}

// A30.
TEST(Unary, TheMessageLimitIsExact) {
  DoorOptions options;
  options.message_bytes_max = 10'000;
  DoorWorld world(options);
  const auto request_of = [&](std::size_t size) {
    const std::string key = world.protos.Encode("lab.v1.LabEchoRequest", "name: 'l'");
    std::string bytes = key + '\x0a' + "\x80\x80\x01";  // The length below, in three bytes.
    const std::size_t length = size - bytes.size();
    bytes[key.size() + 1] = static_cast<char>(length | 0x80);
    bytes[key.size() + 2] = static_cast<char>(length >> 7 | 0x80);
    bytes[key.size() + 3] = static_cast<char>(length >> 14);
    return bytes + std::string(length, 'p');
  };
  for (const std::size_t size : {options.message_bytes_max - 1, options.message_bytes_max}) {
    const auto call = world.Unary("/lab.v1.Lab/Echo", request_of(size));
    EXPECT_TRUE(call->end().status.ok()) << size << ": " << call->end().status;
  }
  const auto call = world.Unary("/lab.v1.Lab/Echo", request_of(options.message_bytes_max + 1));
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(call->end()), "MESSAGE_TOO_LARGE");
}

// A30.
TEST(Unary, TwoMegabytesGoThereAndBack) {
  DoorWorld world;
  const Message request = world.protos.Make("lab.v1.LabEchoRequest", "name: 'l'");
  request->GetReflection()->SetString(request.get(), request->GetDescriptor()->FindFieldByNumber(1),
                                      std::string(2u << 20, 'p'));
  const auto call = world.Unary("/lab.v1.Lab/Echo", request->SerializeAsString());
  ASSERT_TRUE(call->end().status.ok()) << call->end().status;
  EXPECT_GT(call->messages().at(0).size(), 2u << 20);
}

// A30.
TEST(Unary, ANestingBombIsRefused) {
  DoorWorld world;
  const std::string groups(100'000, '\x0b');  // Field 1 begins a group, again and again.
  const auto call = world.Unary(kAdd, groups);
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(Unary, ACancelledCallTellsItsHandler) {
  DoorWorld world;
  auto call =
      world.Unary("/lab.v1.Lab/AddSlowly",
                  world.protos.Encode("lab.v1.LabAddSlowlyRequest", "name: 'l' by: 1 milliseconds: 60000"));
  EXPECT_FALSE(call->ended());
  call->Cancel();
  EXPECT_TRUE(call->ended());
  // Its sleep has ended, though no time has passed, so that the next turn runs.
  const auto next = world.Unary("/lab.v1.Lab/Get", world.protos.Encode("lab.v1.LabGetRequest", "name: 'l'"));
  EXPECT_TRUE(next->ended());
}

TEST(Unary, TheMethodsTimeEndsACallWithoutADeadline) {
  DoorWorld world;
  const auto call =
      world.Unary("/lab.v1.Lab/AddSlowly",
                  world.protos.Encode("lab.v1.LabAddSlowlyRequest", "name: 'l' by: 1 milliseconds: 3600000"));
  world.environment.Advance(std::chrono::seconds(599));
  EXPECT_FALSE(call->ended());
  world.environment.Advance(std::chrono::seconds(2));
  ASSERT_TRUE(call->ended());
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(Unary, WhoIsNotLetInIsTold) {
  DoorWorld world(DoorOptions(), [](const Identity& identity, const Access& access) {
    return identity.principal == "bob" && access.method == "AddTodo" ? absl::PermissionDeniedError("not bob")
                                                                     : absl::OkStatus();
  });
  const std::string request = world.protos.Encode(kAddRequest, "list_id: 'l' title: 'milk'");
  EXPECT_EQ(world.Unary(kAdd, request, "bob")->end().status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(world.Unary(kAdd, request, "revoked")->end().status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(world.Unary(kAdd, request, "ann")->end().status.ok());
}

TEST(Unary, TooManyRpcsAreRefusedWithADelay) {
  DoorOptions options;
  options.rpcs_max = 2;
  DoorWorld world(options);
  const auto first = world.Start(kAdd);
  const auto second = world.Start(kAdd);
  const auto third = world.Start(kAdd);
  EXPECT_FALSE(first->ended());
  ASSERT_TRUE(third->ended());
  EXPECT_EQ(third->end().status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(third->end()), "TOO_MANY_RPCS");
  EXPECT_THAT(third->end().details, testing::HasSubstr("google.rpc.RetryInfo"));
}

// A25.
TEST(Unary, CallsEndWhenTheServerIsDrainedAndNewOnesAreRefused) {
  DoorWorld world;
  auto slow = world.Unary("/lab.v1.Lab/AddSlowly", world.protos.Encode("lab.v1.LabAddSlowlyRequest",
                                                                       "name: 'l' by: 1 milliseconds: 1000"));
  world.door.BeginDrain();
  EXPECT_FALSE(slow->ended());
  const auto late = world.Start(kAdd);
  ASSERT_TRUE(late->ended());
  EXPECT_EQ(late->end().status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(late->end()), "GOING_AWAY");
  EXPECT_THAT(late->end().details, testing::HasSubstr("google.rpc.RetryInfo"));
  world.environment.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(slow->ended());
  EXPECT_TRUE(slow->end().status.ok());
}

TEST(Unary, NothingIsLeftOfACallThatEnded) {
  DoorWorld world;
  for (int i = 0; i < 3; ++i) {
    world.Unary(kAdd, world.protos.Encode(kAddRequest, "list_id: 'l' title: 'milk'"));
  }
  EXPECT_EQ(world.calls_ended, 3);
  EXPECT_EQ(world.door.rpc_count(), 0u);
  EXPECT_EQ(world.environment.timer_count(), 1u);  // After which the actor is deactivated.
}

}  // namespace
}  // namespace onager::door
