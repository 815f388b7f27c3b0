#include "onager/server.h"

#include <CLI/CLI.hpp>

#include "todo.actor.h"

namespace {

using todo::v1::NotFound;
using todo::v1::TodoItem;

class SharedList final : public todo::v1::TodoListActor {
  onager::Task<TodoItem> Add(onager::Turn& turn, std::string title, todo::v1::Priority priority) override {
    if (state().owner().empty()) state().set_owner(turn.principal());
    TodoItem item = TodoItem().with_id(turn.NewId()).with_title(std::move(title)).with_priority(priority);
    state().mutable_items().Insert(item);  // Tracked: this is the delta.
    state().set_open(state().open() + 1);
    return item;  // Committed, then streamed, then answered.
  }

  onager::Task<TodoItem> Complete(onager::Turn&, std::string id) override {
    auto item = state().mutable_items().Find(id);
    if (!item) return NotFound().with_id(id);  // A typed error; the turn leaves no trace.
    if (!item->done()) state().set_open(state().open() - 1);
    item->set_done(true);
    return item->value();
  }

  onager::Task<TodoItem> Tag(onager::Turn&, std::string id, std::string tag) override {
    auto item = state().mutable_items().Find(id);
    if (!item) return NotFound().with_id(id);
    item->mutable_tags().Insert(std::move(tag));
    return item->value();
  }

  onager::Task<TodoItem> Schedule(onager::Turn&, std::string id, absl::Time due) override {
    auto item = state().mutable_items().Find(id);
    if (!item) return NotFound().with_id(id);
    item->set_due(due);
    return item->value();
  }

  onager::Task<std::int32_t> Expire(onager::Turn& turn) override {
    const auto is_late = [now = turn.now()](const TodoItem& item) {
      return !item.done && item.due.has_value() && *item.due < now;
    };
    for (const TodoItem& item : state().items()) {
      if (!is_late(item)) continue;
      Emit(todo::v1::TodoList::Expired().with_id(item.id).with_title(item.title));
    }
    const auto expired = static_cast<std::int32_t>(state().mutable_items().RemoveIf(is_late));
    state().set_open(state().open() - expired);
    return expired;
  }

  onager::Task<> Export(onager::Turn&, onager::StreamWriter<TodoItem>& results) override {
    for (const TodoItem& item : state().items()) {
      // Waits while the caller is behind.
      if (absl::Status written = co_await results.Write(item); !written.ok()) co_return written;
    }
    co_return absl::OkStatus();
  }

  onager::Task<std::int32_t> Import(onager::Turn& turn, onager::StreamReader<TodoItem>& items) override {
    std::int32_t added = 0;
    while (true) {
      absl::StatusOr<std::optional<TodoItem>> item = co_await items.Read();
      if (!item.ok()) co_return item.status();  // What was added so far is undone.
      if (!item->has_value()) co_return added;
      if ((*item)->id.empty()) (*item)->id = turn.NewId();
      const bool open = !(*item)->done;
      if (!state().mutable_items().Insert(**std::move(item))) continue;
      if (open) state().set_open(state().open() + 1);
      ++added;
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::string address = "127.0.0.1:7000";
  std::string store = "sqlite:todo.db";
  CLI::App app("Keeps to-do lists that people share.");
  app.add_option("address", address, "Address; port 0 lets the system choose")->capture_default_str();
  app.add_option("--store", store, "Where the lists are kept; \"memory:\" forgets them at the end")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  onager::ServerOptions options({address});
  options.store = store;
  onager::Server server(options);
  server.Host<SharedList>();
  return server.Run();  // Until SIGINT or SIGTERM.
}
