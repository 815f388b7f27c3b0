#include "onager/client.h"

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "onager/error.h"
#include "todo.client.h"

namespace {

using todo::v1::NotFound;
using todo::v1::TodoItem;
using todo::v1::TodoList;
using todo::v1::TodoListClient;
using todo::v1::TodoListState;

constexpr char kUsage[] =
    "usage: todo_client ADDRESS LIST COMMAND\n"
    "  add TITLE [USER]     adds an item, tagged with who is to do it\n"
    "  complete ID          marks it as done\n"
    "  list                 shows every item\n"
    "  watch [USER] [OPEN]  shows the items of USER, or all, whenever OPEN or more are open; Ctrl-D ends "
    "it\n";

void Print(const TodoItem& item) {
  std::cout << (item.done ? "[x] " : "[ ] ") << item.id << " " << item.title << std::endl;
}

int Fail(const absl::Status& status) {
  if (const auto missing = onager::ErrorAs<NotFound>(status)) {
    std::cerr << "there is no item " << missing->id << std::endl;
  } else {
    std::cerr << status << std::endl;
  }
  return 1;
}

int Show(absl::StatusOr<TodoItem> item) {
  if (!item.ok()) return Fail(item.status());
  Print(*item);
  return 0;
}

int List(const TodoListClient& list) {
  auto items = list.Export();
  while (true) {
    absl::StatusOr<std::optional<TodoItem>> item = items.Read().Wait();
    if (!item.ok()) return Fail(item.status());
    if (!item->has_value()) return 0;
    Print(**item);
  }
}

int Watch(const TodoListClient& list, const std::string& user, int open) {
  const auto view = user.empty() ? onager::View<TodoListState>() : TodoList::Mine(user);
  const auto subscription = list.Observe()
                                .Where(TodoList::OpenAtLeast(open))
                                .Through(view)
                                .OnChange([](const TodoListState& now, const auto&) {
                                  std::cout << now.open << " open" << std::endl;
                                  for (const TodoItem& item : now.items) Print(item);
                                })
                                .OnEvent<TodoList::Expired>([](const TodoList::Expired& event) {
                                  std::cout << "expired: " << event.title << std::endl;
                                })
                                .Start();  // Survives every reconnect.
  while (std::cin.get() != EOF) {
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) {
    std::cerr << kUsage;
    return 2;
  }
  const auto client = onager::Client::Connect(arguments[0]);
  const TodoListClient list(client, arguments[1]);
  const std::string command = arguments[2];
  arguments.resize(5);  // What is left out is empty.
  if (command == "add") {
    absl::StatusOr<TodoItem> item = list.Add(arguments[3]).Wait();
    if (item.ok() && !arguments[4].empty()) item = list.Tag(item->id, arguments[4]).Wait();
    return Show(std::move(item));
  }
  if (command == "complete") return Show(list.Complete(arguments[3]).Wait());
  if (command == "list") return List(list);
  if (command == "watch") return Watch(list, arguments[3], std::atoi(arguments[4].c_str()));
  std::cerr << kUsage;
  return 2;
}
