#ifndef ONAGER_GENERATED_FILTER_TREE_H_
#define ONAGER_GENERATED_FILTER_TREE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "onager/generated/actor_type.h"
#include "onager/generated/state_interface.h"

namespace onager::generated {

inline constexpr int kFilterDepthMax = 32;
inline constexpr std::size_t kFilterNodesMax = 256;

/// A filter that a client asked for, apart from how often it lets something pass.
struct FilterRequest {
  std::string predicate;  // The rest of the filter's bytes; empty: always open.
  /// Between two deliveries, at least.
  absl::Duration interval = absl::ZeroDuration();
};
/// `bytes` are those of the actor's filter message. `INVALID_ARGUMENT` for a rate that is none. One that does
/// not stand at the top, alone or under `all`, is left where it is, for `FilterTree` to refuse.
absl::StatusOr<FilterRequest> SplitFilter(const ActorType& type, std::string_view bytes);

/// A filter that a client asked for, ready to be evaluated: an actor's declared filters
/// and tests of its state's fields under and, or, not.
/// Moves; not thread-safe.
class FilterTree {
 public:
  /// From the bytes of the actor's filter message (`Filter<State>::bytes()`), for the actor with that key.
  /// Empty bytes are the filter that is always open. `INVALID_ARGUMENT` for what cannot be read, names a
  /// filter that the actor does not have, or is larger than the limits above.
  static absl::StatusOr<FilterTree> Parse(const ActorType& type, std::string_view key,
                                          std::string_view bytes);

  /// Whether the open turn's delivery is to pass; to be called when the turn is done and before `Commit`. A
  /// predicate that throws makes the whole filter open: it suppresses nothing that it cannot judge.
  bool IsOpen(StateInterface& state) const;

 private:
  enum class Kind { kAll, kAny, kNot, kLeaf };
  struct Node {
    Kind kind = Kind::kAll;
    std::vector<Node> children;
    std::unique_ptr<FilterLeaf> leaf;
  };
  class Parser;
  static bool Evaluate(const Node& node, StateInterface& state);

  Node root_;
};

/// The view that a client asked for, from the bytes of the actor's view message (`View<State>::bytes()`, not
/// empty), for the actor with that key. `INVALID_ARGUMENT` as above.
absl::StatusOr<std::unique_ptr<ViewLeaf>> ParseView(const ActorType& type, std::string_view key,
                                                    std::string_view bytes);

// What the operators of `Filter` make. An operand is the encoding of an actor's filter message or empty.
std::string AllOfFilters(std::string_view a, std::string_view b);
std::string AnyOfFilters(std::string_view a, std::string_view b);
std::string NotFilter(std::string_view filter);

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_FILTER_TREE_H_
