// The generated stub and skeleton, with nothing but this file between them.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "onager/error.h"
#include "todo.actor.h"

namespace onager {
namespace {

using todo::v1::NotFound;
using todo::v1::Priority;
using todo::v1::Todo;

class FakeTurn final : public Turn {
 public:
  std::string NewId() override { return "id" + std::to_string(++ids_); }
  std::uint64_t NextRandom() override { return 4; }
  absl::Time now() const override { return absl::UnixEpoch(); }
  absl::Time deadline() const override { return absl::InfiniteFuture(); }
  bool cancelled() const override { return false; }
  const std::string& principal() const override { return principal_; }
  Task<> Sleep(absl::Duration) override { return absl::OkStatus(); }
  std::shared_ptr<generated::Channel> channel() override { return nullptr; }
  void Destroy() override {}

 private:
  int ids_ = 0;
  std::string principal_;
};

// Some methods are coroutines, some plain functions.
class Groceries final : public todo::v1::TodoListActor {
 public:
  Task<std::vector<Todo>> GetTodos(Turn&) override {
    return std::vector<Todo>(state().todos().begin(), state().todos().end());
  }
  Task<Todo> AddTodo(Turn& turn, std::string title, Priority priority) override {
    Todo todo = Todo().with_id(turn.NewId()).with_title(std::move(title)).with_priority(priority);
    state().mutable_todos().Insert(todo);
    state().set_pending_count(state().pending_count() + 1);
    co_return todo;
  }
  Task<Todo> ToggleTodo(Turn&, std::string id) override {
    auto todo = state().mutable_todos().Find(id);
    if (!todo) co_return NotFound().with_id(id);
    todo->set_done(!todo->done());
    co_return todo->value();
  }
  Task<> DeleteTodo(Turn&, std::string id) override {
    if (!state().mutable_todos().Remove(id)) return NotFound().with_id(id);
    return absl::OkStatus();
  }
  Task<Todo> UpdateTodo(Turn&, std::string, std::string) override {
    return absl::UnimplementedError("not here");
  }
  Task<std::int32_t> PendingCount(Turn&) override { return state().pending_count(); }
  Task<std::int32_t> ClearCompleted(Turn&) override { co_return 0; }

  const todo::v1::TodoListKey& bound_key() const { return key(); }
};

class FinishedCall final : public generated::PendingCall {
 public:
  explicit FinishedCall(Result result) : result_(std::move(result)) {}
  Result Wait() override { return result_; }
  void Then(absl::AnyInvocable<void(Result)> done) override { done(result_); }
  void Cancel() override {}

 private:
  Result result_;
};

// Runs each call at once on one actor.
class Loopback final : public generated::Channel {
 public:
  std::shared_ptr<generated::PendingCall> Call(const generated::ActorType& type, const std::string& key,
                                               std::size_t method, std::string arguments,
                                               const CallOptions&) override {
    EXPECT_EQ(&type, &todo::v1::TodoListActor::Type());
    generated::ActorBase& actor = groceries;
    EXPECT_TRUE(actor.BindKey(key).ok());
    last_arguments = arguments;
    if (tamper.has_value()) arguments = *tamper;
    std::optional<generated::PendingCall::Result> result;
    actor.Dispatch(turn_, method, arguments).Start([&](auto outcome) { result.emplace(std::move(outcome)); });
    if (tamper_result.has_value() && result->ok()) *result = *tamper_result;
    return std::make_shared<FinishedCall>(*std::move(result));
  }
  std::shared_ptr<generated::PendingCall> AskPast(const generated::ActorType&, const std::string&,
                                                  std::string, const CallOptions&) override {
    return nullptr;
  }
  std::shared_ptr<generated::StreamingCall> CallWithStreams(const generated::ActorType&, const std::string&,
                                                            std::size_t, std::string,
                                                            const CallOptions&) override {
    return nullptr;
  }
  std::shared_ptr<generated::SubscriptionHandle> Observe(const generated::ActorType&,
                                                         generated::ObserveRequest,
                                                         std::shared_ptr<generated::Observer>) override {
    return nullptr;
  }
  void Close() override {}
  ConnectionState state() const override { return ConnectionState::kConnected; }
  ClientStats stats() const override { return ClientStats(); }

  Groceries groceries;
  std::string last_arguments;
  std::optional<std::string> tamper, tamper_result;

 private:
  FakeTurn turn_;
};

class GeneratedCallsTest : public ::testing::Test {
 protected:
  std::shared_ptr<Loopback> channel_ = std::make_shared<Loopback>();
  Client client_{channel_};
  todo::v1::TodoListClient list_{client_, "gro,ceries"};
};

TEST_F(GeneratedCallsTest, ArgumentsAndResultsArrive) {
  const absl::StatusOr<Todo> milk = list_.AddTodo("milk", Priority::HIGH).Wait();
  ASSERT_TRUE(milk.ok()) << milk.status();
  EXPECT_EQ(*milk, Todo().with_id("id1").with_title("milk").with_priority(Priority::HIGH));
  EXPECT_EQ(channel_->groceries.bound_key().list_id, "gro,ceries");
  EXPECT_THAT(list_.GetTodos().Wait().value(), ::testing::ElementsAre(*milk));
  EXPECT_EQ(list_.PendingCount().Wait().value(), 1);
  EXPECT_TRUE(list_.DeleteTodo("id1").Wait().ok());
  EXPECT_THAT(list_.GetTodos().Wait().value(), ::testing::IsEmpty());
}

TEST_F(GeneratedCallsTest, DefaultsAreFilledInAtTheServer) {
  ASSERT_TRUE(list_.AddTodo("milk").Wait().ok());
  // A caller that does not know the parameter.
  channel_->tamper = "\x0a\x03tea";
  EXPECT_EQ(list_.AddTodo("", Priority::LOW).Wait().value().priority, Priority::NORMAL);
  EXPECT_EQ(list_.GetTodos().Wait().value().back().title, "tea");
}

TEST_F(GeneratedCallsTest, DeclaredErrorsAreTyped) {
  const absl::StatusOr<Todo> gone = list_.ToggleTodo("x").Wait();
  EXPECT_EQ(gone.status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(ErrorAs<NotFound>(gone.status()).has_value());
  EXPECT_EQ(ErrorAs<NotFound>(gone.status())->id, "x");
  EXPECT_EQ(ErrorAs<NotFound>(list_.DeleteTodo("y").Wait())->id, "y");
  EXPECT_FALSE(ErrorAs<NotFound>(list_.UpdateTodo("x", "y").Wait().status()).has_value());
}

TEST_F(GeneratedCallsTest, UnreadableBytesAreErrors) {
  channel_->tamper = "\xFF";
  EXPECT_EQ(list_.AddTodo("milk").Wait().status().code(), absl::StatusCode::kInvalidArgument);
  channel_->tamper.reset();
  channel_->tamper_result = "\xFF";
  EXPECT_EQ(list_.AddTodo("milk").Wait().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(list_.PendingCount().Wait().status().code(), absl::StatusCode::kInternal);
  EXPECT_FALSE(NotFound::FromBytes("\xFF").has_value());
}

TEST_F(GeneratedCallsTest, UnknownMethodsAreUnimplemented) {
  FakeTurn turn;
  absl::Status status;
  generated::ActorBase& actor = channel_->groceries;
  actor.Dispatch(turn, 7, "").Start([&](auto result) { status = result.status(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
}

TEST_F(GeneratedCallsTest, TheTypeSaysWhatTheFileSays) {
  const generated::ActorType& type = todo::v1::TodoListActor::Type();
  EXPECT_EQ(type.name, "todo.v1.TodoList");
  ASSERT_EQ(type.methods.size(), 7u);
  EXPECT_TRUE(type.methods[0].readonly);
  EXPECT_TRUE(type.methods[4].idempotent);
  EXPECT_EQ(type.methods[1].timeout, absl::Seconds(30));
  EXPECT_EQ(type.FindMethod("ToggleTodo"), 2u);
  EXPECT_EQ(type.state->state_name, "todo.v1.TodoListState");
}

}  // namespace
}  // namespace onager
