#ifndef ONAGER_GENERATED_ACTOR_BASE_H_
#define ONAGER_GENERATED_ACTOR_BASE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "onager/generated/actor_type.h"
#include "onager/generated/call_streams.h"
#include "onager/generated/state_interface.h"
#include "onager/task.h"
#include "onager/turn.h"

namespace onager::generated {

/// What every generated skeleton is to the actor runtime. Owned by the runtime, which calls it from one
/// thread at a time and destroys it when the actor is deactivated.
class ActorBase {
 public:
  ActorBase() = default;
  ActorBase(const ActorBase&) = delete;
  ActorBase& operator=(const ActorBase&) = delete;
  virtual ~ActorBase() = default;

  virtual const ActorType& actor_type() const = 0;
  virtual StateInterface& state_interface() = 0;

  /// Takes the key's parts; called once, before anything else. `INVALID_ARGUMENT` when it is not a key of
  /// this type.
  virtual absl::Status BindKey(std::string_view key) = 0;

  /// Runs the method of that index with encoded arguments and returns its encoded result. `turn` and
  /// `arguments` outlive the task.
  virtual Task<std::string> Dispatch(Turn& turn, std::size_t method, std::string_view arguments) = 0;

  /// As `Dispatch`, for methods with streams. `streams` outlives the task.
  virtual Task<std::string> DispatchStreamed(Turn& turn, std::size_t method, std::string_view arguments,
                                             CallStreams& streams);
};

inline Task<std::string> ActorBase::DispatchStreamed(Turn&, std::size_t, std::string_view, CallStreams&) {
  return absl::UnimplementedError("the actor has no method with streams");
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_ACTOR_BASE_H_
