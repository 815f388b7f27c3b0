#ifndef ONAGER_RUNTIME_ACTOR_OBSERVED_PARTS_H_
#define ONAGER_RUNTIME_ACTOR_OBSERVED_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "onager/generated/actor_type.h"
#include "onager/generated/field_tree.h"
#include "onager/generated/filter_tree.h"
#include "onager/generated/state_interface.h"
#include "runtime/actor/actor_feed.h"
#include "runtime/actor/actor_history.h"
#include "runtime/base/clock.h"

namespace onager::actor {

/// By which views and filters one actor is observed, each of them once: those with equal bytes are one. A
/// commit is encoded once for each view and judged once by each filter, however many look through them.
///
/// What nobody looks through any more is kept up for `idle_age_max`, so that who comes back finds what it has
/// missed, and at most `kIdleMax` of each. Not thread-safe: the actor's run uses it.
class ObservedParts {
 public:
  static constexpr std::size_t kIdleMax = 64;
  /// Of each; one more is refused with `RESOURCE_EXHAUSTED`.
  static constexpr std::size_t kPartsMax = 1024;

  /// `type` outlives the object. `revision` is the actor's.
  ObservedParts(const generated::ActorType& type, std::string key, std::shared_ptr<ActorHistory> history,
                Duration idle_age_max, std::uint64_t revision);

  /// The history through that filter and that view, found or made; empty ones are those that hide nothing but
  /// private fields. `INVALID_ARGUMENT` for what the actor does not have. `revision` is the actor's.
  /// `known`, which is null for those who know the same, is the field tree of readers of another version.
  absl::StatusOr<std::shared_ptr<ActorFeed>> Open(const std::string& filter, const std::string& view,
                                                  std::shared_ptr<const generated::FieldTree> known,
                                                  std::uint64_t revision, Time now);

  /// What the open turn shows, to be called when it is done and before `Commit`. `patch` is what
  /// `EncodePatch` made, or null when it made nothing.
  ShownCommit Show(generated::StateInterface& state, const SharedBytes& patch, Time now);

  /// What is to be seen of the state through that view. Between turns.
  SharedBytes EncodeSnapshot(const ViewLog& view, const generated::StateInterface& state) const;

  /// The hash of that, which `Show` keeps up from now on; none when nobody looks through the view any more.
  std::optional<generated::StateHash> Hash(const ViewLog& view, const generated::StateInterface& state);
  /// No hash is kept up any more.
  void ForgetHashes();

  /// Whether there are feeds.
  bool observed() const;
  std::size_t view_count() const { return views_.size(); }
  std::size_t filter_count() const { return filters_.size(); }

 private:
  struct View {
    std::string bytes;                                  // And the fingerprint of `known`.
    std::shared_ptr<const generated::FieldTree> known;  // Null: all of it. What else it shows is not hashed.
    std::unique_ptr<generated::ViewLeaf> leaf;          // Null for the one that shows everything, the first.
    std::shared_ptr<ViewLog> log;
    std::optional<Time> idle_since;
    std::uint32_t hash_slices = 0;  // In which its hash is kept up; zero: it is not.
  };
  struct Filter {
    std::string bytes;
    generated::FilterTree tree;
    std::shared_ptr<FilterGate> log;
    std::optional<Time> idle_since;
  };

  absl::StatusOr<std::shared_ptr<ViewLog>> FindView(const std::string& view,
                                                    std::shared_ptr<const generated::FieldTree> known,
                                                    std::uint64_t revision);
  absl::StatusOr<std::shared_ptr<FilterGate>> FindFilter(const std::string& bytes, std::uint64_t revision);
  /// What the open turn adds to the view's hash; none where that is not kept up.
  static std::optional<generated::StateHashChange> HashChange(const View& view,
                                                              generated::StateInterface& state);
  void ForgetIdle(Time now);
  template <typename Part>
  void ForgetIdle(std::vector<Part>& parts, Time now);

  const generated::ActorType& type_;
  const std::string key_;
  const std::shared_ptr<ActorHistory> history_;
  const Duration idle_age_max_;
  std::vector<View> views_;
  std::vector<Filter> filters_;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_OBSERVED_PARTS_H_
