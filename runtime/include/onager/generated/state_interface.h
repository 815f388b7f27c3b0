#ifndef ONAGER_GENERATED_STATE_INTERFACE_H_
#define ONAGER_GENERATED_STATE_INTERFACE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace onager::generated {

/// What the actor runtime knows of an actor's state: bytes in, bytes out. Not thread-safe: used by one
/// turn at a time. Between two calls of `Commit` or `Rollback` a turn is open.
class StateInterface {
 public:
  virtual ~StateInterface() = default;

  /// Appends the open turn's net change as one patch. Returns false, and appends nothing, when the turn
  /// changed nothing. O(change).
  virtual bool EncodePatch(std::string& out) = 0;
  /// Accepts the open turn's changes. O(change).
  virtual void Commit() = 0;
  /// Undoes the open turn's changes. O(change).
  virtual void Rollback() = 0;

  /// Appends a snapshot with element handles: for subscribers, or with what only a store needs besides
  /// (the next handle). Called between turns. O(state).
  virtual void EncodeSnapshot(std::string& out) const = 0;
  virtual void EncodeStoredSnapshot(std::string& out) const = 0;

  /// Replaces the state by a stored snapshot, or applies a patch that `EncodePatch` made. Called between
  /// turns. An error leaves a state that must not be used further.
  virtual absl::Status LoadSnapshot(std::string_view snapshot) = 0;
  virtual absl::Status ApplyPatch(std::string_view patch) = 0;
};

/// What can be done with a state type's patches without a state; one static instance for each type.
struct StateCodec {
  std::string_view state_name;       // "todo.v1.TodoListState"
  std::uint64_t schema_fingerprint;  // Equal fingerprints: equal wire form.
  /// One patch with the effect of all `patches` in order. O(total size of the patches).
  absl::StatusOr<std::string> (*compose)(absl::Span<const std::string_view> patches);
};

/// A client's copy of a state. Not thread-safe.
class ReplicaInterface {
 public:
  virtual ~ReplicaInterface() = default;
  /// Both accumulate into the change that is reported next. After an error the replica must be
  /// reloaded from a snapshot.
  virtual absl::Status LoadSnapshot(std::string_view snapshot) = 0;
  virtual absl::Status ApplyPatch(std::string_view patch) = 0;
  /// Appends the state with its element handles, in the form that `LoadSnapshot` takes.
  virtual void EncodeSnapshot(std::string& out) const = 0;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_STATE_INTERFACE_H_
