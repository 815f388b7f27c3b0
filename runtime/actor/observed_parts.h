#ifndef ONAGER_RUNTIME_ACTOR_OBSERVED_PARTS_H_
#define ONAGER_RUNTIME_ACTOR_OBSERVED_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "onager/generated/actor_type.h"
#include "onager/generated/field_tree.h"
#include "onager/generated/filter_tree.h"
#include "onager/generated/state_interface.h"
#include "runtime/actor/actor_feed.h"
#include "runtime/actor/actor_history.h"
#include "runtime/actor/idle_parts.h"
#include "runtime/base/clock.h"

namespace onager::actor {

/// By which views and filters one actor is observed, each of them once: those with equal bytes are one. A
/// commit is encoded once for each view that it concerns and judged once by each filter, however many look
/// through them. Views whose `where` compares with a parameter are found by what a commit has touched: those
/// that it does not concern cost nothing at all.
///
/// What nobody looks through any more is kept up for `idle_age_max`, so that who comes back finds what it has
/// missed, and at most `kIdleMax` of each. Not thread-safe: the actor's run uses it.
class ObservedParts {
 public:
  static constexpr std::size_t kIdleMax = 64;
  static constexpr std::size_t kIdleIndexedViewsMax = 1024;
  /// Of each, without indexed views; one more is refused with `RESOURCE_EXHAUSTED`.
  static constexpr std::size_t kPartsMax = 1024;
  static constexpr std::size_t kIndexedViewsMax = 16'384;

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
  bool observed() const { return history_->reader_count() > 0; }
  std::size_t view_count() const { return views_.size(); }
  std::size_t filter_count() const { return filters_.size(); }

 private:
  struct View {
    std::string
        bytes;  // And the fingerprint of `known`; empty for the one that shows everything, which stays.
    std::shared_ptr<const generated::FieldTree> known;  // Null: all of it. What else it shows is not hashed.
    std::unique_ptr<generated::ViewLeaf> leaf;          // Null where everything is shown.
    std::shared_ptr<ViewLog> log;
    std::uint64_t idle = 0;
    std::uint32_t hash_slices = 0;  // In which its hash is kept up; zero: it is not.

    const generated::ViewIndex* index() const { return leaf == nullptr ? nullptr : leaf->index(); }
  };
  struct Filter {
    std::string bytes;
    generated::FilterTree tree;
    std::shared_ptr<FilterGate> log;
    std::uint64_t idle = 0;
  };
  template <typename Part>
  using ById = absl::btree_map<std::uint64_t, Part>;  // In the order of making: the same in every run.

  /// The views of one declared view, by the values that concern them.
  struct Index {
    const generated::ViewIndex* index;
    ById<View*> views;
    absl::flat_hash_map<std::string, ById<View*>> by_value;
  };

  absl::StatusOr<View*> FindView(const std::string& view, std::shared_ptr<const generated::FieldTree> known,
                                 std::uint64_t revision);
  absl::StatusOr<Filter*> FindFilter(const std::string& bytes, std::uint64_t revision);
  View* FindView(const ViewLog& log) const;
  View& Add(View view);
  void Erase(View& view);
  void Erase(Filter& filter);
  /// What the open turn shows through one view.
  struct Answer {
    View* view;
    SharedBytes patch;                                      // Null when it shows nothing.
    bool hash_is_kept = false;                              // Or was, until now.
    std::optional<generated::StateHashChange> hash_change;  // None: not any more.
    std::size_t elements_seen = 0;
  };
  /// Of all views that the turn concerns, by rising id.
  std::vector<Answer> AskViews(generated::StateInterface& state, const SharedBytes& patch) const;
  /// Adds those of the views that are known by values.
  static void AskIndexed(const Index& index, generated::StateInterface& state, std::vector<Answer>& answers);
  static Answer BeginAnswer(View& view);
  SharedBytes Encode(const View& view, generated::StateInterface& state, const SharedBytes& patch) const;
  IdleParts<View>& IdleOf(const View& view) {
    return view.index() == nullptr ? idle_views_ : idle_indexed_views_;
  }
  void ForgetIdle(Time now);

  const generated::ActorType& type_;
  const std::string key_;
  const std::shared_ptr<ActorHistory> history_;
  const Duration idle_age_max_;
  ById<std::unique_ptr<View>> views_;
  ById<View*> views_without_index_;
  std::vector<Index> indexes_;  // None is empty.
  ById<std::unique_ptr<Filter>> filters_;
  // Their keys are the parts' own.
  absl::flat_hash_map<std::string_view, View*> views_by_bytes_;
  absl::flat_hash_map<std::string_view, Filter*> filters_by_bytes_;
  IdleParts<View> idle_views_;
  IdleParts<View> idle_indexed_views_;
  IdleParts<Filter> idle_filters_;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_OBSERVED_PARTS_H_
