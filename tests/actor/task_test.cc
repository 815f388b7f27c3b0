#include "onager/task.h"

#include <gtest/gtest.h>

#include <coroutine>
#include <memory>
#include <string>
#include <utility>

#include "onager/call_options.h"

namespace onager {
namespace {

// A user's value, as the generator makes them: with a declared constructor.
struct Item {
  Item() = default;
  std::string title = "a title that is too long for the small string buffer";
  std::shared_ptr<int> owner = std::make_shared<int>(1);
};

Task<std::string> TitleOf(Item item) { co_return item.title + "!"; }
Task<std::string> TitleOfPlain(const Item& item) { return item.title + "?"; }
Task<std::string> Twice(Item item, std::string more) { co_return item.title + more; }

template <typename T>
TaskResult<T> Finish(Task<T> task) {
  std::optional<TaskResult<T>> result;
  std::move(task).Start([&result](TaskResult<T> ended) { result.emplace(std::move(ended)); });
  return *std::move(result);
}

// g++ 12 frees an aggregate temporary twice when it is made inside a co_await expression; ASan sees it.
TEST(TaskTest, ValuesMayBeMadeInsideACoAwait) {
  std::weak_ptr<int> owner;
  const auto handler = [&owner]() -> Task<std::string> {
    Item kept;
    owner = kept.owner;
    const absl::StatusOr<std::string> one = co_await TitleOf(Item());
    const absl::StatusOr<std::string> two = co_await TitleOfPlain(Item());
    const absl::StatusOr<std::string> three = co_await Twice(std::move(kept), std::string(40, 'x'));
    co_return *one + *two + *three;
  };
  const absl::StatusOr<std::string> result = Finish(handler());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->size(), 3 * Item().title.size() + 2 + 40);
  EXPECT_TRUE(owner.expired());
}

TEST(TaskTest, ErrorsAndExceptionsAreResults) {
  const auto fails = []() -> Task<> { co_return absl::NotFoundError("none"); };
  EXPECT_EQ(Finish(fails()), absl::NotFoundError("none"));
  const auto throws = []() -> Task<int> {
    throw std::runtime_error("thrown");
    co_return 1;
  };
  EXPECT_EQ(Finish(throws()).status().code(), absl::StatusCode::kInternal);
  const auto outer = [&throws]() -> Task<int> {
    const absl::StatusOr<int> inner = co_await throws();
    co_return inner.ok() ? 0 : 2;
  };
  EXPECT_EQ(*Finish(outer()), 2);
}

TEST(TaskTest, ALongChainOfAwaitsDoesNotGrowTheStack) {
  struct Chain {
    static Task<int> Down(int depth) {
      if (depth == 0) co_return 0;
      const absl::StatusOr<int> below = co_await Down(depth - 1);
      co_return *below + 1;
    }
    static Task<int> Loop(int count) {
      int sum = 0;
      for (int i = 0; i < count; ++i) sum += *co_await One();
      co_return sum;
    }
    static Task<int> One() { return 1; }
  };
  EXPECT_EQ(*Finish(Chain::Down(1000)), 1000);
  EXPECT_EQ(*Finish(Chain::Loop(200'000)), 200'000);
}

TEST(TaskTest, ATaskThatIsDroppedRunsNothingAndFreesItsArguments) {
  Item item;
  const std::weak_ptr<int> owner = item.owner;
  bool ran = false;
  {
    const auto handler = [](Item /*kept*/, bool* flag) -> Task<> {
      *flag = true;
      co_return absl::OkStatus();
    };
    Task<> task = handler(std::move(item), &ran);
    Task<> moved = std::move(task);
    task = std::move(moved);
  }
  EXPECT_FALSE(ran);
  EXPECT_TRUE(owner.expired());
}

}  // namespace
}  // namespace onager
