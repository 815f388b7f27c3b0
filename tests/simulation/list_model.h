#ifndef ONAGER_TESTS_SIMULATION_LIST_MODEL_H_
#define ONAGER_TESTS_SIMULATION_LIST_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "onager/filter.h"
#include "onager/resync_reason.h"
#include "onager/view.h"
#include "todo.actor.h"

// What a to-do list's filters and views mean, said again on plain values, and what a subscription may show.
namespace onager::simulation {

/// One way to look at a list.
struct Look {
  enum class Gate { kNone, kNonEmpty, kPendingAtLeast, kCrosses };
  enum class Sight { kAll, kLabelled, kTitled, kTitledAndPending };

  Gate gate = Gate::kNone;
  std::int32_t bound = 0;     // Of the last two gates.
  Sight sight = Sight::kAll;  // The last two are found by what a commit has touched.
  std::string word;           // The view's parameter.

  Filter<todo::v1::TodoListState> filter() const;
  View<todo::v1::TodoListState> view() const;

  // The model.
  bool IsOpen(const todo::v1::TodoListState& now, const todo::v1::TodoListState& before) const;
  todo::v1::TodoListState Shows(const todo::v1::TodoListState& state) const;

  /// One of a few that differ, by number.
  static Look Numbered(std::uint64_t number);
  static constexpr std::uint64_t kLooks = 12;

  friend bool operator==(const Look&, const Look&) = default;
};

/// Every state that was ever committed.
class History {
 public:
  using State = todo::v1::TodoListState;

  /// Each revision of an epoch is committed once, after the one before it, and nothing in an epoch that
  /// another has followed.
  absl::Status Commit(std::uint64_t epoch, std::uint64_t revision, State state);
  /// Null when there is no such.
  const State* Find(std::uint64_t epoch, std::uint64_t revision) const;
  /// The newest epoch, and its last revision. Zero before the first commit.
  std::uint64_t epoch() const { return epoch_; }
  std::uint64_t head() const;
  /// Whether an item of that title was in any of them.
  bool HasSeen(const std::string& title) const { return titles_.contains(title); }

 private:
  std::map<std::uint64_t, std::map<std::uint64_t, State>> epochs_;
  std::uint64_t epoch_ = 0;
  std::set<std::string> titles_;
};

/// What a subscription has shown.
struct Shown {
  std::uint64_t epoch = 0;
  std::uint64_t base = 0;
  std::uint64_t revision = 0;
  std::optional<ResyncReason> snapshot;
  todo::v1::TodoListState state;
};

/// Holds what one subscription shows against the history and the model.
class SubscriptionChecker {
 public:
  SubscriptionChecker(const History& history, Look look) : history_(history), looks_{std::move(look)} {}

  /// The subscription was told to look otherwise from now on: it may still show what it did, until a
  /// snapshot.
  void ChangeLook(Look look) { looks_.push_back(std::move(look)); }
  /// Another subscription continues this one.
  void Continue() { continued_ = true; }

  /// The next update: what it shows is what that revision looks like, and it follows the one before.
  absl::Status Show(Shown shown);
  /// Whether nothing is left to be shown of what has been committed.
  absl::Status CheckIsLive() const;
  /// Whether a replica that says of itself to be at that revision is what it should be.
  absl::Status CheckReplica(std::uint64_t epoch, std::uint64_t revision,
                            const todo::v1::TodoListState& state) const;

  std::uint64_t shown() const { return shown_; }

 private:
  const History& history_;
  std::vector<Look> looks_;         // One after the other.
  std::set<std::size_t> in_force_;  // Those that may be the present one.
  std::optional<Shown> last_;
  std::uint64_t shown_ = 0;
  bool continued_ = false;
};

}  // namespace onager::simulation

#endif  // ONAGER_TESTS_SIMULATION_LIST_MODEL_H_
