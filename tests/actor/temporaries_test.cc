// g++ 12 frees an aggregate temporary twice when it is built inside a co_await expression. None of the types
// that users build there is an aggregate; AddressSanitizer would see it otherwise.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "onager/call_options.h"
#include "onager/client.h"
#include "onager/server.h"
#include "onager/stream.h"
#include "onager/stream_call.h"
#include "onager/task.h"
#include "todo.actor.h"

namespace onager {
namespace {

using todo::v1::NotFound;
using todo::v1::Todo;
using todo::v1::TodoListKey;
using todo::v1::TodoListState;

// Longer than what a string keeps within itself.
const std::string kText(100, 't');

template <typename T>
Task<std::string> Read(T value, std::string (*read)(const T&)) {
  co_return read(value);
}

template <typename T>
std::string Finish(Task<T> task) {
  std::optional<TaskResult<T>> result;
  std::move(task).Start([&result](TaskResult<T> ended) { result.emplace(std::move(ended)); });
  return result.has_value() && result->ok() ? **result : "failed";
}

TEST(TemporariesTest, ValuesMayBeBuiltInsideACoAwait) {
  const auto handler = []() -> Task<std::string> {
    auto one =
        co_await Read<Todo>(Todo().with_id(kText).with_title(kText), [](const Todo& v) { return v.title; });
    auto two = co_await Read<NotFound>(NotFound().with_id(kText), [](const NotFound& v) { return v.id; });
    auto three =
        co_await Read<TodoListKey>(TodoListKey(kText), [](const TodoListKey& v) { return v.list_id; });
    auto four =
        co_await Read<TodoListState>(TodoListState().with_pending_count(4),
                                     [](const TodoListState& v) { return std::to_string(v.pending_count); });
    auto five =
        co_await Read<ServerOptions>(ServerOptions(), [](const ServerOptions& v) { return v.listen[0]; });
    auto six =
        co_await Read<ClientOptions>(ClientOptions(), [](const ClientOptions&) { return std::string("6"); });
    auto seven =
        co_await Read<CallOptions>(CallOptions(), [](const CallOptions&) { return std::string("7"); });
    co_return *one + *two + *three + *four + *five + *six + *seven;
  };
  EXPECT_EQ(Finish(handler()), kText + kText + kText + "4127.0.0.1:067");
}

// Takes every item, and gives back the last one.
class LastItem final : public generated::CallStreams {
 public:
  Task<> Write(std::string item) override {
    item_ = std::move(item);
    return absl::OkStatus();
  }
  Task<std::optional<std::string>> Read() override { co_return std::exchange(item_, std::nullopt); }

 private:
  std::optional<std::string> item_;
};

TEST(TemporariesTest, ItemsOfStreamsMayBeBuiltInsideACoAwait) {
  const auto handler = []() -> Task<std::string> {
    LastItem streams;
    StreamWriter<Todo> writer(streams, [](const Todo& item) { return item.title; });
    StreamReader<Todo> reader(streams, [](std::string_view bytes) {
      return absl::StatusOr<Todo>(Todo().with_title(std::string(bytes)));
    });
    const absl::Status written = co_await writer.Write(Todo().with_id(kText).with_title(kText + kText));
    if (!written.ok()) co_return written;
    const auto item = co_await reader.Read();
    const auto end = co_await reader.Read();
    co_return end.ok() && !end->has_value() ? (*item)->title : "no end";
  };
  EXPECT_EQ(Finish(handler()), kText + kText);
}

TEST(TemporariesTest, NoTypeThatUsersBuildIsAnAggregate) {
  EXPECT_FALSE((std::is_aggregate_v<Todo>));
  EXPECT_FALSE((std::is_aggregate_v<NotFound>));
  EXPECT_FALSE((std::is_aggregate_v<TodoListKey>));
  EXPECT_FALSE((std::is_aggregate_v<TodoListState>));
  EXPECT_FALSE((std::is_aggregate_v<ServerOptions>));
  EXPECT_FALSE((std::is_aggregate_v<ClientOptions>));
  EXPECT_FALSE((std::is_aggregate_v<CallOptions>));
  EXPECT_FALSE((std::is_aggregate_v<StreamRead<Todo>>));
  EXPECT_FALSE((std::is_aggregate_v<StreamWrite>));
}

}  // namespace
}  // namespace onager
