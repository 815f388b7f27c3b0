#include "actors.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace onager::end_to_end {

using todo::v1::NotFound;
using todo::v1::Todo;

Task<std::int64_t> Counter::Increment(Turn&, std::int64_t by) {
  state().set_value(state().value() + by);
  return state().value();
}

Task<std::int64_t> Counter::Set(Turn&, std::int64_t value) {
  state().set_value(value);
  return value;
}

Task<std::vector<Todo>> TodoList::GetTodos(Turn&) {
  return std::vector<Todo>(state().todos().begin(), state().todos().end());
}

Task<Todo> TodoList::AddTodo(Turn& turn, std::string title, todo::v1::Priority priority) {
  Todo item = Todo().with_id(turn.NewId()).with_title(std::move(title)).with_priority(priority);
  state().mutable_todos().Insert(item);
  CountPending();
  co_return item;
}

Task<Todo> TodoList::ToggleTodo(Turn&, std::string id) {
  auto item = state().mutable_todos().Find(id);
  if (!item) co_return NotFound().with_id(id);
  item->set_done(!item->done());
  CountPending();
  co_return item->value();
}

Task<> TodoList::DeleteTodo(Turn&, std::string id) {
  if (!state().mutable_todos().Remove(id)) return NotFound().with_id(id);
  CountPending();
  return absl::OkStatus();
}

Task<Todo> TodoList::UpdateTodo(Turn&, std::string id, std::string title) {
  auto item = state().mutable_todos().Find(id);
  if (!item) return NotFound().with_id(id);
  item->set_title(std::move(title));
  return item->value();
}

Task<std::int32_t> TodoList::PendingCount(Turn&) { return state().pending_count(); }

Task<std::int32_t> TodoList::ClearCompleted(Turn&) {
  const std::size_t removed = state().mutable_todos().RemoveIf([](const Todo& item) { return item.done; });
  return static_cast<std::int32_t>(removed);
}

void TodoList::CountPending() {
  const auto pending = std::count_if(state().todos().begin(), state().todos().end(),
                                     [](const Todo& item) { return !item.done; });
  state().set_pending_count(static_cast<std::int32_t>(pending));
}

std::atomic<int> Lab::instances = 0;

Task<std::int64_t> Lab::Add(Turn&, std::int64_t by) {
  state().set_value(state().value() + by);
  return state().value();
}

Task<std::int64_t> Lab::AddSlowly(Turn& turn, std::int64_t by, std::int64_t milliseconds) {
  const std::int64_t before = state().value();
  const absl::Status slept = co_await turn.Sleep(absl::Milliseconds(milliseconds));
  if (!slept.ok()) co_return slept;
  state().set_value(before + by);
  co_return state().value();
}

Task<std::int64_t> Lab::AddAgain(Turn& turn, std::int64_t by) { return Add(turn, by); }

Task<std::int64_t> Lab::Get(Turn&) { return state().value(); }

Task<> Lab::Refuse(Turn&, std::string why) {
  state().set_value(state().value() + 1'000'000);
  co_return lab::v1::Refused().with_why(std::move(why)).with_code(7);
}

Task<> Lab::Throw(Turn&) {
  state().set_value(-1);
  throw std::runtime_error("thrown on purpose");
  co_return absl::OkStatus();
}

Task<Bytes> Lab::Echo(Turn&, Bytes payload) { return payload; }

Task<> Lab::Fill(Turn&, std::int64_t size) {
  state().set_ballast(Bytes(static_cast<std::size_t>(size), 'b'));
  return absl::OkStatus();
}

}  // namespace onager::end_to_end
