#include <chrono>
#include <string>

#include "door_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vault.actor.h"

namespace onager::door {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kWatch[] = "/todo.v1.TodoList/Watch";

class Watch : public testing::Test {
 protected:
  explicit Watch(DoorOptions options = DoorOptions()) : world_(options) {}

  using Call = std::unique_ptr<DoorWorld::Call>;

  Call Open(const std::string& request = "", const std::string& user = "") {
    return world_.Unary(
        kWatch, world_.protos.Encode("todo.v1.TodoListWatchRequest", "list_id: 'l' " + request), user);
  }
  std::string Add(const std::string& title) {
    const auto call = world_.Unary(
        "/todo.v1.TodoList/AddTodo",
        world_.protos.Encode("todo.v1.TodoListAddTodoRequest", "list_id: 'l' title: '" + title + "'"));
    EXPECT_TRUE(call->end().status.ok());
    const Message todo = world_.protos.Parse("todo.v1.Todo", call->messages().at(0));
    return todo->GetReflection()->GetString(*todo, todo->GetDescriptor()->FindFieldByName("id"));
  }
  void Toggle(const std::string& id) {
    world_.Unary("/todo.v1.TodoList/ToggleTodo",
                 world_.protos.Encode("todo.v1.TodoListToggleTodoRequest", "list_id: 'l' id: '" + id + "'"));
  }
  Message Update(const Call& call, std::size_t index) {
    return world_.protos.Parse("todo.v1.TodoListWatchUpdate", call->messages().at(index));
  }
  std::string Text(const Call& call, std::size_t index) { return Update(call, index)->ShortDebugString(); }
  std::uint64_t Number(const Message& update, const char* field) {
    return update->GetReflection()->GetUInt64(*update, update->GetDescriptor()->FindFieldByName(field));
  }
  /// What a request needs to go on after the call's last update.
  std::string Position(const Call& call) {
    const Message first = Update(call, 0);
    const Message last = Update(call, call->messages().size() - 1);
    const std::string token =
        first->GetReflection()->GetString(*first, first->GetDescriptor()->FindFieldByName("resume_token"));
    return PositionOf(token, Number(last, "epoch"), Number(last, "revision"));
  }
  std::string PositionOf(const std::string& token, std::uint64_t epoch, std::uint64_t revision) {
    std::string escaped;
    for (const char byte : token) {
      char text[8];
      std::snprintf(text, sizeof text, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
      escaped += text;
    }
    return "resume_token: '" + escaped + "' epoch: " + std::to_string(epoch) +
           " revision: " + std::to_string(revision);
  }

  DoorWorld world_;
};

TEST_F(Watch, BeginsWithASnapshotAndGoesOnWithPatches) {
  Add("milk");
  const Call call = Open();
  call->Drain();
  ASSERT_EQ(call->messages().size(), 1u);
  EXPECT_THAT(Text(call, 0), HasSubstr("revision: 1 snapshot { todos {"));
  EXPECT_THAT(Text(call, 0), HasSubstr("title: \"milk\""));
  EXPECT_THAT(Text(call, 0), HasSubstr("todos_handles: 1"));
  EXPECT_THAT(Text(call, 0), HasSubstr("resume_token: "));
  const std::string id = Add("bread");
  call->Drain();
  Toggle(id);
  call->Drain();
  ASSERT_EQ(call->messages().size(), 3u);
  EXPECT_THAT(Text(call, 1),
              HasSubstr("revision: 2 base_revision: 1 patch { todos { placed { handle: 2 after: 1"));
  EXPECT_THAT(
      Text(call, 2),
      HasSubstr("revision: 3 base_revision: 2 patch { todos { updated { handle: 2 patch { done: true"));
  EXPECT_THAT(Text(call, 2), Not(HasSubstr("resume_token")));
}

TEST_F(Watch, OfAnActorThatWasNeverUsedBeginsToo) {
  const Call call = Open();
  EXPECT_THAT(Text(call, 0), HasSubstr("snapshot { }"));
}

TEST_F(Watch, PatchesAreSharedByAllWhoSeeTheSame) {
  const Call one = Open();
  const Call two = Open();
  one->Drain();
  two->Drain();
  Add("milk");
  EXPECT_EQ(one->messages().at(1), two->messages().at(1));
}

TEST_F(Watch, AClientThatDoesNotReadGetsOneComposedPatch) {
  const Call call = Open();
  ASSERT_EQ(call->messages().size(), 1u);  // In flight.
  for (int i = 0; i < 300; ++i) Add("item " + std::to_string(i));
  EXPECT_EQ(call->messages().size(), 1u);
  call->Drain();
  ASSERT_EQ(call->messages().size(), 2u);
  EXPECT_EQ(Number(Update(call, 1), "base_revision"), 0u);
  EXPECT_EQ(Number(Update(call, 1), "revision"), 300u);
  EXPECT_THAT(Text(call, 1), HasSubstr("item 299"));
}

TEST_F(Watch, AFilterHoldsBackAndThenBringsEverything) {
  const Call call = Open("filter { pending_at_least { n: 2 } }");
  call->Drain();
  Add("milk");
  EXPECT_EQ(call->messages().size(), 1u);
  Add("bread");
  call->Drain();
  ASSERT_EQ(call->messages().size(), 2u);
  EXPECT_THAT(Text(call, 1), HasSubstr("milk"));
  EXPECT_THAT(Text(call, 1), HasSubstr("bread"));
}

TEST_F(Watch, TestsOfFieldsAreFiltersToo) {
  const Call call = Open("filter { field { field: 2 test: RISING integer: 1 } }");  // pending_count
  call->Drain();
  Add("milk");
  EXPECT_EQ(call->messages().size(), 1u);
  Add("bread");
  call->Drain();
  EXPECT_EQ(call->messages().size(), 2u);
  Add("salt");
  EXPECT_EQ(call->messages().size(), 2u);
  for (const char* const wrong :
       {"field { field: 2 test: RISING }", "field { field: 2 test: RISING real: 1 }", "field { field: 77 }",
        "max_rate { hz: 0 }", "not { max_rate { hz: 1 } }"}) {
    const Call refused = Open(std::string("filter { ") + wrong + " }");
    EXPECT_EQ(refused->end().status.code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST_F(Watch, ARateMakesOneUpdateOfWhatComesTooSoon) {
  const Call call = Open("filter { max_rate { hz: 2 } }");
  call->Drain();
  Add("milk");
  Add("bread");
  world_.environment.Advance(std::chrono::milliseconds(499));
  EXPECT_EQ(call->messages().size(), 1u);
  world_.environment.Advance(std::chrono::milliseconds(1));
  call->Drain();
  ASSERT_EQ(call->messages().size(), 2u);
  EXPECT_EQ(Number(Update(call, 1), "base_revision"), 0u);
  EXPECT_EQ(Number(Update(call, 1), "revision"), 2u);
  world_.environment.Advance(std::chrono::seconds(1));
  Add("salt");
  EXPECT_EQ(call->messages().size(), 3u) << "the time had come already";
}

TEST_F(Watch, AViewShowsPartOfTheState) {
  Add("milk");
  const Call call = Open("view { labelled { label: 'none' } }");
  EXPECT_THAT(Text(call, 0), Not(HasSubstr("milk")));
  EXPECT_THAT(Text(call, 0), HasSubstr("pending_count: 1"));
}

TEST_F(Watch, AFilterThatCannotBeReadIsRefused) {
  const Call call = world_.Unary(
      kWatch, world_.protos.Encode("todo.v1.TodoListWatchRequest", "list_id: 'l'") + "\x22\x01\xff");
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Watch, GoesOnWhereAnEarlierOneEnded) {
  Add("milk");
  Call call = Open();
  call->Drain();
  const std::string position = Position(call);
  call.reset();
  Add("bread");
  Add("salt");
  call = Open(position);
  call->Drain();
  ASSERT_EQ(call->messages().size(), 2u);
  EXPECT_THAT(Text(call, 0), HasSubstr("revision: 2 base_revision: 1 patch"));
  EXPECT_THAT(Text(call, 0), HasSubstr("resume_token"));
  EXPECT_THAT(Text(call, 1), HasSubstr("revision: 3 base_revision: 2 patch"));
}

TEST_F(Watch, SaysAtOnceThatNothingWasMissed) {
  Add("milk");
  Call call = Open();
  call->Drain();
  call = Open(Position(call));
  call->Drain();
  ASSERT_EQ(call->messages().size(), 1u);
  EXPECT_THAT(Text(call, 0), HasSubstr("revision: 1 base_revision: 1 resume_token"));
  Add("bread");
  call->Drain();
  EXPECT_THAT(Text(call, 1), HasSubstr("revision: 2 base_revision: 1 patch"));
}

// A9.
TEST_F(Watch, ATokenIsGoodForItsPrincipalOnly) {
  Call call = Open("", "ann");
  call->Drain();
  const std::string position = Position(call);
  const Call other = Open(position, "bob");
  EXPECT_EQ(other->end().status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(other->messages().empty());
  EXPECT_EQ(Open(position, "revoked")->end().status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_FALSE(Open(position, "ann")->ended());
}

// A9.
TEST_F(Watch, ATamperedTokenIsRefused) {
  Call call = Open();
  const Message first = Update(call, 0);
  std::string token =
      first->GetReflection()->GetString(*first, first->GetDescriptor()->FindFieldByName("resume_token"));
  for (const std::size_t at : {token.size() / 2, token.size() - 1}) {
    std::string tampered = token;
    tampered[at] = static_cast<char>(tampered[at] ^ 1);
    const Call refused = Open(PositionOf(tampered, Number(first, "epoch"), 0));
    EXPECT_EQ(refused->end().status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(refused->end()), "BAD_RESUME_TOKEN");
  }
  const Call elsewhere = world_.Unary(
      kWatch, world_.protos.Encode("todo.v1.TodoListWatchRequest",
                                   "list_id: 'other' " + PositionOf(token, Number(first, "epoch"), 0)));
  EXPECT_EQ(elsewhere->end().status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Watch, AnotherFilterOrViewBeginsAnewAndSaysWhy) {
  Add("milk");
  Call call = Open();
  call->Drain();
  const std::string position = Position(call);
  Add("bread");
  for (const char* other : {" filter { non_empty { } }", " view { labelled { label: 'x' } }"}) {
    const Call again = Open(position + other);
    again->Drain();
    EXPECT_THAT(Text(again, 0), HasSubstr("snapshot {"));
    EXPECT_THAT(Text(again, 0), HasSubstr("reason: RESYNC_REASON_VIEW_CHANGED"));
    EXPECT_THAT(Text(again, 0), HasSubstr("revision: 2 base_revision: 1"));
  }
}

TEST_F(Watch, AnotherEpochBeginsAnewAndSaysWhy) {
  Call call = Open();
  call->Drain();
  const Message first = Update(call, 0);
  const std::string token =
      first->GetReflection()->GetString(*first, first->GetDescriptor()->FindFieldByName("resume_token"));
  const Call again = Open(PositionOf(token, Number(first, "epoch") + 1, 5));
  EXPECT_THAT(Text(again, 0), HasSubstr("reason: RESYNC_REASON_NEW_EPOCH"));
}

TEST_F(Watch, APositionOutsideOfTheWindowBeginsAnewAndSaysWhy) {
  Call call = Open();
  call->Drain();
  const std::string position = Position(call);
  call.reset();
  for (int i = 0; i < 1100; ++i) Toggle(Add("milk"));
  call = Open(position);
  EXPECT_THAT(Text(call, 0), HasSubstr("reason: RESYNC_REASON_EXPIRED"));
}

class Journal final : public vault::v1::JournalActor {
  Task<std::int64_t> Write(Turn&) override { return Grow(); }
  Task<std::int64_t> WriteForGood(Turn&) override { return Grow(); }
  Task<std::int64_t> Count(Turn&) override { return state().lines(); }
  Task<> Begin(Turn&, absl::Duration) override { return absl::OkStatus(); }
  Task<> End(Turn&) override { return absl::OkStatus(); }
  Task<> OnTick(Turn&) override { return absl::OkStatus(); }
  Task<> OnSweep(Turn&) override { return absl::OkStatus(); }

  std::int64_t Grow() {
    state().set_lines(state().lines() + 1);
    return state().lines();
  }
};

// Servers that come one after the other, with one store.
class WatchAfterRestart : public Watch {
 protected:
  struct Server {
    explicit Server(store::Store& store) : world(DoorOptions(), nullptr, &store) {
      EXPECT_TRUE(
          world.actors.Host(vault::v1::JournalActor::Type(), [] { return std::make_unique<Journal>(); })
              .ok());
      world.actors.Begin();
    }
    Call Open(const std::string& request = "") {
      return world.Unary("/vault.v1.Journal/Watch",
                         world.protos.Encode("vault.v1.JournalWatchRequest", "name: 'j' " + request));
    }
    void Write(const std::string& method = "WriteForGood") {
      const Call call =
          world.Unary("/vault.v1.Journal/" + method,
                      world.protos.Encode("vault.v1.Journal" + method + "Request", "name: 'j'"));
      ASSERT_TRUE(call->ended());
      EXPECT_TRUE(call->end().status.ok()) << call->end().status;
    }
    Message Update(const Call& call, std::size_t index) {
      return world.protos.Parse("vault.v1.JournalWatchUpdate", call->messages().at(index));
    }
    DoorWorld world;
  };

  /// What a request needs to go on after what the first server has shown.
  std::string Position(Server& server, const Call& call) {
    const Message first = server.Update(call, 0);
    const Message last = server.Update(call, call->messages().size() - 1);
    return PositionOf(
        first->GetReflection()->GetString(*first, first->GetDescriptor()->FindFieldByName("resume_token")),
        Number(last, "epoch"), Number(last, "revision"));
  }

  store::MemoryStore store_;
};

TEST_F(WatchAfterRestart, WhatWasMissedIsReplayedFromTheStore) {
  std::string position;
  {
    Server before(store_);
    before.Write();
    Call call = before.Open();
    call->Drain();
    before.Write();
    call->Drain();
    ASSERT_EQ(call->messages().size(), 2u);
    position = Position(before, call);
    call.reset();
    before.Write();
    before.Write();
  }
  Server after(store_);
  const Call call = after.Open(position);
  call->Drain();
  after.Write();
  call->Drain();
  std::string seen;
  for (std::size_t i = 0; i < call->messages().size(); ++i) {
    const Message update = after.Update(call, i);
    update->GetReflection()->ClearField(update.get(), update->GetDescriptor()->FindFieldByName("epoch"));
    update->GetReflection()->ClearField(update.get(),
                                        update->GetDescriptor()->FindFieldByName("resume_token"));
    seen += update->ShortDebugString() + "\n";
  }
  EXPECT_EQ(seen,
            "revision: 3 base_revision: 2 patch { lines: 3 }\n"
            "revision: 4 base_revision: 3 patch { lines: 4 }\n"
            "revision: 5 base_revision: 4 patch { lines: 5 }\n");
}

// A12.
TEST_F(Watch, ACancelledOneLeavesNothingBehind) {
  Call call = Open();
  call->Drain();
  call->Cancel();
  EXPECT_TRUE(call->ended());
  call.reset();
  EXPECT_EQ(world_.door.rpc_count(), 0u);
  Add("milk");  // Nobody is told.
  EXPECT_EQ(world_.environment.ready_count(), 0u);
}

// A25.
TEST_F(Watch, IsToldToGoOnElsewhereWhenTheServerIsDrained) {
  const Call call = Open();
  call->Drain();
  world_.door.BeginDrain();
  ASSERT_TRUE(call->ended());
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(call->end()), "GOING_AWAY");
}

class SmallWatch : public Watch {
 protected:
  SmallWatch() : Watch(Options()) {}
  static DoorOptions Options() {
    DoorOptions options;
    options.message_bytes_max = 20'000;
    return options;
  }
};

TEST_F(SmallWatch, AStateThatIsTooLargeForAMessageIsATypedError) {
  for (int i = 0; i < 5; ++i) Add(std::string(5'000, 't'));
  const Call call = Open();
  ASSERT_TRUE(call->ended());
  EXPECT_EQ(call->end().status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(call->end()), "SNAPSHOT_TOO_LARGE");
}

}  // namespace
}  // namespace onager::door
