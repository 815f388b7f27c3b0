#include <string>

#include "door_world.h"
#include "gtest/gtest.h"

namespace onager::door {
namespace {

const std::string kTodo = "\x0a\x10todo.v1.TodoList";
const std::string kServing = "\x08\x01";
const std::string kNotServing = "\x08\x02";
const std::string kUnknown = "\x08\x03";

TEST(Health, ChecksTheServerAndItsTypes) {
  DoorWorld world;
  for (const std::string& request : {std::string(), kTodo}) {
    EXPECT_EQ(world.Unary("/grpc.health.v1.Health/Check", request)->messages().at(0), kServing);
  }
  world.door.SetServing(false);
  EXPECT_EQ(world.Unary("/grpc.health.v1.Health/Check", kTodo)->messages().at(0), kNotServing);
  const auto unknown = world.Unary("/grpc.health.v1.Health/Check", "\x0a\x01x");
  EXPECT_EQ(unknown->end().status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world.Unary("/grpc.health.v1.Health/Check", "\xff")->end().status.code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Health, AnswersThoseWhoAreNotLetIn) {
  DoorWorld world;
  EXPECT_TRUE(world.Unary("/grpc.health.v1.Health/Check", "", "revoked")->end().status.ok());
}

TEST(Health, ListsAll) {
  DoorWorld world;
  const auto call = world.Unary("/grpc.health.v1.Health/List", "");
  EXPECT_NE(call->messages().at(0).find("todo.v1.TodoList\x12\x02\x08\x01"), std::string::npos);
}

// A25.
TEST(Health, TellsThoseWhoWatchThatTheServerIsDrained) {
  DoorWorld world;
  const auto server = world.Unary("/grpc.health.v1.Health/Watch", "");
  const auto unknown = world.Unary("/grpc.health.v1.Health/Watch", "\x0a\x01x");
  EXPECT_EQ(server->messages(), std::vector<std::string>{kServing});
  EXPECT_EQ(unknown->messages(), std::vector<std::string>{kUnknown});
  world.door.BeginDrain();
  EXPECT_EQ(server->messages().size(), 1u);  // The first one is in flight.
  server->Drain();
  unknown->Drain();
  EXPECT_EQ(server->messages(), (std::vector<std::string>{kServing, kNotServing}));
  EXPECT_EQ(unknown->messages().size(), 1u);
  EXPECT_FALSE(server->ended());
  EXPECT_TRUE(world.door.drained());
  EXPECT_FALSE(world.door.idle());
  world.door.BeginShutdown();
  EXPECT_TRUE(server->ended());
}

}  // namespace
}  // namespace onager::door
