#ifndef ONAGER_BENCH_NOTE_ACTOR_H_
#define ONAGER_BENCH_NOTE_ACTOR_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "onager/generated/state_impl.h"
#include "todo.actor.h"
#include "todo.actor.impl.h"

namespace onager::bench {

/// The state of generated/todo.actor, persisted, behind two methods that take bytes as they are: what is
/// measured is the runtime, and no codec of calls.
class NoteActor final : public generated::ActorBase {
 public:
  enum Method : std::size_t { kAdd, kCount };

  static const generated::ActorType& Type() {
    static const generated::MethodInfo methods[] = {{.name = "Add"}, {.name = "Count", .readonly = true}};
    static const generated::ActorType type = [] {
      generated::ActorType notes;
      notes.name = "bench.v1.Notes";
      notes.methods = methods;
      notes.state = &generated::TrackedState<todo::v1::TodoListState>::Codec();
      notes.persist = true;
      return notes;
    }();
    return type;
  }

  const generated::ActorType& actor_type() const override { return Type(); }
  generated::StateInterface& state_interface() override { return state_; }
  absl::Status BindKey(std::string_view) override { return absl::OkStatus(); }
  Task<std::string> Dispatch(Turn& turn, std::size_t method, std::string_view arguments) override {
    auto& state = state_.state();
    if (method == kAdd) {
      state.mutable_todos().Insert(todo::v1::Todo().with_id(turn.NewId()).with_title(std::string(arguments)));
      state.set_pending_count(state.pending_count() + 1);
    }
    return std::to_string(state.pending_count());
  }

 private:
  generated::TrackedState<todo::v1::TodoListState> state_;
};

}  // namespace onager::bench

#endif  // ONAGER_BENCH_NOTE_ACTOR_H_
