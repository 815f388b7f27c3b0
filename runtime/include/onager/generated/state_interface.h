#ifndef ONAGER_GENERATED_STATE_INTERFACE_H_
#define ONAGER_GENERATED_STATE_INTERFACE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "onager/generated/state_hash.h"

namespace onager::generated {

class FieldTree;

/// What the actor runtime knows of an actor's state: bytes in, bytes out. Not thread-safe: used by one
/// turn at a time. Between two calls of `Commit` or `Rollback` a turn is open.
class StateInterface {
 public:
  virtual ~StateInterface() = default;

  /// Appends the open turn's net change as one patch, in the form for a store: private fields are in it.
  /// Returns false, and appends nothing, when the turn changed nothing. O(change).
  virtual bool EncodePatch(std::string& out) = 0;
  /// As `EncodePatch`, in the form for subscribers: without private fields. Differs only where
  /// `StateCodec::has_private`.
  virtual bool EncodePublicPatch(std::string& out) { return EncodePatch(out); }
  /// Whether the patch that `EncodePatch` wrote last can be read: an error when a recursive type made it nest
  /// deeper than a message may. The turn must then be rolled back and ends with that error.
  virtual absl::Status CheckPatch() const { return absl::OkStatus(); }
  /// Accepts the open turn's changes. O(change).
  virtual void Commit() = 0;
  /// Undoes the open turn's changes. O(change).
  virtual void Rollback() = 0;

  /// A part of the open turn that may be undone alone. Parts nest; the one that began last ends first. With
  /// `keep` its changes are the turn's, without it they are undone, in O(its changes).
  virtual void BeginPart() = 0;
  virtual void EndPart(bool keep) = 0;
  /// Whether anything was changed in the innermost part, perhaps back to what it was.
  virtual bool PartChanged() const = 0;
  /// Between them the state is as it was committed: the open turn's changes are put aside, in O(change), and
  /// then restored. `ShowTurn` first undoes what was changed meanwhile, and returns whether anything was.
  virtual void HideTurn() = 0;
  virtual bool ShowTurn() = 0;

  /// Appends a snapshot with element handles: for subscribers, or with what only a store needs besides
  /// (private fields, the next handle). Called between turns. O(state).
  virtual void EncodeSnapshot(std::string& out) const = 0;
  virtual void EncodeStoredSnapshot(std::string& out) const = 0;

  /// The hash of what subscribers see; of those whose field tree is another one, which agrees with this one's
  /// in what they have in common: of that. Called between turns. O(state).
  virtual StateHash Hash(std::uint32_t slices, const FieldTree* known = nullptr) const = 0;
  /// What the open turn adds to it. Called when the turn is done and before `Commit`. O(change).
  virtual StateHashChange HashChange(std::uint32_t slices, const FieldTree* known = nullptr) = 0;

  /// Replaces the state by a stored snapshot, or applies a patch that `EncodePatch` made. Called between
  /// turns. An error leaves a state that must not be used further.
  virtual absl::Status LoadSnapshot(std::string_view snapshot) = 0;
  virtual absl::Status ApplyPatch(std::string_view patch) = 0;
  /// Applies such a patch as a change of the open turn, as if the turn had made it. After an error the turn
  /// is to be rolled back.
  virtual absl::Status ApplyWithin(std::string_view patch) = 0;
};

/// What can be done with a state type's patches without a state; one static instance for each type.
struct StateCodec {
  std::string_view state_name;       // "todo.v1.TodoListState"
  std::uint64_t schema_fingerprint;  // Equal fingerprints: equal wire form for subscribers.
  /// One patch with the effect of all `patches` in order. O(total size of the patches).
  absl::StatusOr<std::string> (*compose)(absl::Span<const std::string_view> patches);
  bool has_private = false;  // Whether some fields are for the store only.
  /// What peers of other versions are told; null: nothing.
  FieldTree (*field_tree)() = nullptr;
};

/// One of an actor's declared filters with its parameters; `FilterTree` puts them together. Not thread-safe.
class FilterLeaf {
 public:
  virtual ~FilterLeaf() = default;
  /// Whether the open turn lets its delivery pass. Called when the turn is done and before `Commit`, with the
  /// state of an actor of the type that declares the filter. Throws what the predicate throws.
  virtual bool Evaluate(StateInterface& state) const = 0;
};

class ViewLeaf;
struct ContainerChange;
struct ElementChange;

/// An element that has, or had, one of a leaf's values, in one of the containers that a turn has touched.
struct ViewTouch {
  std::uint32_t container = 0;
  std::uint32_t at = 0;  // In the container's log.
  ElementChange* element = nullptr;
};

/// What is asked of a leaf about the open turn, and what it answers.
struct ViewQuestion {
  const ViewLeaf* view = nullptr;
  std::vector<ViewTouch> touches;    // All of them.
  std::uint32_t hash_slices = 0;     // Zero: nobody asks for its hash.
  const FieldTree* known = nullptr;  // As in `ViewLeaf::HashChange`.

  bool shows = false;
  std::string patch;
  std::optional<StateHashChange> hash_change;
  std::size_t elements_seen = 0;  // Touched ones that were looked at for the patch.
};

/// Which parameters of one declared view an open turn concerns, by values: a leaf is concerned when one of
/// its own (`ViewLeaf::ForEachIndexed`) is among those that the turn has touched.
class ViewIndex {
 public:
  /// What a turn has touched of the indexed containers.
  struct Touched {
    std::vector<ContainerChange*> containers;
    /// The values do not say which leaves are concerned: it may be all of them.
    bool concerns_all = false;
  };

  virtual ~ViewIndex() = default;
  /// Calls `touched` with each value that the open turn has touched, some of them more than once. `touch` is
  /// null where the element is one of many containers, of which all is looked at. Called when the turn is
  /// done and before `Commit`. O(change).
  virtual Touched ForEachTouched(
      StateInterface& state,
      absl::FunctionRef<void(const std::string& value, const ViewTouch* touch)> touched) const = 0;
  /// Asks leaves of this index what `EncodePatch` and `HashChange` would say. O(change) for all of them
  /// together where they are concerned by different elements, and the hidden elements that those two speak
  /// of.
  virtual void Answer(StateInterface& state, const Touched& touched,
                      absl::Span<ViewQuestion> questions) const = 0;
};

/// One of an actor's declared views with its parameters: what of the state its subscribers see. What they get
/// are a snapshot and patches of the state's own type, with all that is not shown left at its default.
/// Patches of one view, the same parameters included, compose and apply to each other's results. Not
/// thread-safe.
class ViewLeaf {
 public:
  virtual ~ViewLeaf() = default;
  /// Appends what the open turn changed in what is seen. Returns false, and appends nothing, when that is
  /// nothing. Called when the turn is done and before `Commit`. O(change), and for each element that comes
  /// into sight or moves, the hidden ones between it and the one it stands behind.
  virtual bool EncodePatch(StateInterface& state, std::string& out) const = 0;
  /// Appends what is seen of the state. Called between turns. O(state).
  virtual void EncodeSnapshot(const StateInterface& state, std::string& out) const = 0;
  /// As those of `StateInterface`, of what is seen: what a replica of it hashes to. `HashChange` costs what
  /// `EncodePatch` does, and the hidden elements in front of and behind those that come into or out of sight.
  virtual StateHash Hash(const StateInterface& state, std::uint32_t slices,
                         const FieldTree* known = nullptr) const = 0;
  virtual StateHashChange HashChange(StateInterface& state, std::uint32_t slices,
                                     const FieldTree* known = nullptr) const = 0;
  /// Of the declared view, for all its leaves; null where it has none: any turn may concern any leaf. Turns
  /// that do not concern this one change nothing in what is seen.
  virtual const ViewIndex* index() const { return nullptr; }
  /// Calls `indexed` with the values by which `index()` knows this leaf.
  virtual void ForEachIndexed(absl::FunctionRef<void(const std::string& value)> /*indexed*/) const {}
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
  /// One slice of the hash of what is here: what the server's `StateHash` says is what it should be.
  /// O(slice), and a little for each element.
  virtual std::uint64_t HashSlice(std::uint32_t slice, std::uint32_t slices) const = 0;
  /// Makes a copy that was found to be wrong sound inside, so that a snapshot can be held against it: a key
  /// may be another than the one that an index knows. What cannot be read any more is lost; the change since
  /// it was last looked at is forgotten. O(state).
  virtual void Rebuild() = 0;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_STATE_INTERFACE_H_
