#ifndef ONAGER_TESTS_END_TO_END_ACTORS_H_
#define ONAGER_TESTS_END_TO_END_ACTORS_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "counter.actor.h"
#include "lab.actor.h"
#include "todo.actor.h"

// The actors that the end-to-end tests host.
namespace onager::end_to_end {

class Counter final : public counter::v1::CounterActor {
 public:
  Task<std::int64_t> Increment(Turn& turn, std::int64_t by) override;
  Task<std::int64_t> Set(Turn& turn, std::int64_t value) override;
};

class TodoList final : public todo::v1::TodoListActor {
 public:
  Task<std::vector<todo::v1::Todo>> GetTodos(Turn& turn) override;
  Task<todo::v1::Todo> AddTodo(Turn& turn, std::string title, todo::v1::Priority priority) override;
  Task<todo::v1::Todo> ToggleTodo(Turn& turn, std::string id) override;
  Task<> DeleteTodo(Turn& turn, std::string id) override;
  Task<todo::v1::Todo> UpdateTodo(Turn& turn, std::string id, std::string title) override;
  Task<std::int32_t> PendingCount(Turn& turn) override;
  Task<std::int32_t> ClearCompleted(Turn& turn) override;

 private:
  void CountPending();
};

class Lab final : public lab::v1::LabActor {
 public:
  Lab() { instances.fetch_add(1); }

  Task<std::int64_t> Add(Turn& turn, std::int64_t by) override;
  Task<std::int64_t> AddSlowly(Turn& turn, std::int64_t by, std::int64_t milliseconds) override;
  Task<std::int64_t> AddAgain(Turn& turn, std::int64_t by) override;
  Task<std::int64_t> Get(Turn& turn) override;
  Task<> Refuse(Turn& turn, std::string why) override;
  Task<> Throw(Turn& turn) override;
  Task<Bytes> Echo(Turn& turn, Bytes payload) override;
  Task<> Fill(Turn& turn, std::int64_t size) override;

  /// How many were ever made.
  static std::atomic<int> instances;
};

}  // namespace onager::end_to_end

#endif  // ONAGER_TESTS_END_TO_END_ACTORS_H_
