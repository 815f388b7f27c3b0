#ifndef ONAGER_RUNTIME_BASE_ACTOR_ID_H_
#define ONAGER_RUNTIME_BASE_ACTOR_ID_H_

#include <string>

namespace onager {

/// An actor's address: "todo.v1.TodoList" and "groceries".
struct ActorId {
  std::string type;
  std::string key;

  friend bool operator==(const ActorId&, const ActorId&) = default;
  friend auto operator<=>(const ActorId&, const ActorId&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const ActorId& id) {
    return H::combine(std::move(state), id.type, id.key);
  }

  /// "todo.v1.TodoList/groceries"
  std::string ToString() const { return type + "/" + key; }
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_ACTOR_ID_H_
