// Runs one turn, "set one bool of one of N items, encode, commit, apply", so often as it is told, for the
// instruction count of instruction_guard.cmake.

#include <cstdlib>
#include <string>

#include "todo.actor.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int items = std::atoi(argv[1]);
  const int turns = std::atoi(argv[2]);

  onager::generated::TrackedState<todo::v1::TodoListState> state;
  for (int i = 0; i < items; ++i)
    state.state().mutable_todos().Insert(todo::v1::Todo().with_id(std::to_string(i)));
  std::string bytes;
  state.EncodePatch(bytes);
  state.Commit();
  onager::generated::Replica<todo::v1::TodoListState> replica;
  if (!replica.ApplyPatch(bytes).ok()) return 1;
  replica.ClearChange();

  const std::string id = std::to_string(items / 2);
  for (int turn = 0; turn < turns; ++turn) {
    auto todo = state.state().mutable_todos().Find(id);
    todo->set_done(!todo->done());
    bytes.clear();
    state.EncodePatch(bytes);
    state.Commit();
    if (!replica.ApplyPatch(bytes).ok()) return 1;
    replica.ClearChange();
  }
  return replica.state() == state.value() ? 0 : 1;
}
