#include "tests/simulation/list_model.h"

#include <algorithm>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace onager::simulation {

using todo::v1::Todo;
using todo::v1::TodoList;
using todo::v1::TodoListState;

namespace {

std::string Print(const TodoListState& state) {
  std::ostringstream out;
  out << state;
  return out.str();
}

}  // namespace

Filter<TodoListState> Look::filter() const {
  switch (gate) {
    case Gate::kNone:
      return Filter<TodoListState>();
    case Gate::kNonEmpty:
      return TodoList::NonEmpty();
    case Gate::kPendingAtLeast:
      return TodoList::PendingAtLeast(bound);
    case Gate::kCrosses:
      return TodoList::Crosses(bound);
  }
  return Filter<TodoListState>();
}

View<TodoListState> Look::view() const {
  switch (sight) {
    case Sight::kAll:
      return View<TodoListState>();
    case Sight::kLabelled:
      return TodoList::Labelled(word);
    case Sight::kTitled:
      return TodoList::Titled(word);
    case Sight::kTitledAndPending:
      return TodoList::TitledAndPending(word);
  }
  return View<TodoListState>();
}

bool Look::IsOpen(const TodoListState& now, const TodoListState& before) const {
  switch (gate) {
    case Gate::kNone:
      return true;
    case Gate::kNonEmpty:
      return now.todos.size() > 0;
    case Gate::kPendingAtLeast:
      return now.pending_count >= bound;
    case Gate::kCrosses:
      return (now.pending_count >= bound) != (before.pending_count >= bound);
  }
  return true;
}

TodoListState Look::Shows(const TodoListState& state) const {
  if (sight == Sight::kAll) return state;
  TodoListState seen;
  if (sight != Sight::kTitled) seen.pending_count = state.pending_count;
  for (const Todo& item : state.todos) {
    switch (sight) {
      case Sight::kAll:
        break;
      case Sight::kLabelled:
        if (!item.labels.contains(word)) break;
        seen.todos.Append(Todo().with_id(item.id).with_title(item.title).with_done(item.done));
        break;
      case Sight::kTitled:
        if (item.title == word) seen.todos.Append(item);
        break;
      case Sight::kTitledAndPending:
        if (item.title == word) seen.todos.Append(Todo().with_id(item.id).with_done(item.done));
        break;
    }
  }
  return seen;
}

Look Look::Numbered(std::uint64_t number) {
  static const Look looks[kLooks] = {
      {},
      {Gate::kNone, 0, Sight::kLabelled, "red"},
      {Gate::kNonEmpty, 0, Sight::kAll, ""},
      {Gate::kPendingAtLeast, 2, Sight::kAll, ""},
      {Gate::kPendingAtLeast, 3, Sight::kLabelled, "blue"},
      {Gate::kCrosses, 2, Sight::kAll, ""},
      {Gate::kCrosses, 1, Sight::kLabelled, "red"},
      {Gate::kNonEmpty, 0, Sight::kLabelled, "blue"},
      {Gate::kNone, 0, Sight::kTitled, "red"},
      {Gate::kNone, 0, Sight::kTitledAndPending, "blue"},
      {Gate::kPendingAtLeast, 2, Sight::kTitled, "blue"},
      {Gate::kCrosses, 2, Sight::kTitledAndPending, "red"},
  };
  return looks[number % kLooks];
}

absl::Status History::Commit(std::uint64_t epoch, std::uint64_t revision, State state) {
  const bool is_over = epoch != epoch_ && epochs_.contains(epoch);
  auto& revisions = epochs_[epoch];
  revisions[0];  // It begins with the empty state.
  const std::uint64_t head = revisions.rbegin()->first;
  if (is_over || revision != head + 1) {
    return absl::DataLossError(absl::StrCat("revision ", revision, " of epoch ", epoch,
                                            " was committed after ", head,
                                            is_over ? ", though the epoch was over" : ""));
  }
  for (const Todo& item : state.todos) titles_.insert(item.title);
  revisions[revision] = std::move(state);
  epoch_ = epoch;
  return absl::OkStatus();
}

const History::State* History::Find(std::uint64_t epoch, std::uint64_t revision) const {
  static const State empty;
  const auto found = epochs_.find(epoch);
  // An epoch of which nothing was committed yet is at its beginning.
  if (found == epochs_.end()) return revision == 0 ? &empty : nullptr;
  const auto state = found->second.find(revision);
  return state == found->second.end() ? nullptr : &state->second;
}

std::uint64_t History::head() const {
  const auto found = epochs_.find(epoch_);
  return found == epochs_.end() ? 0 : found->second.rbegin()->first;
}

absl::Status SubscriptionChecker::Show(Shown shown) {
  ++shown_;
  const TodoListState* const truth = history_.Find(shown.epoch, shown.revision);
  const std::string where = absl::StrCat("at revision ", shown.revision, " of epoch ", shown.epoch, ": ");
  if (truth == nullptr) return absl::DataLossError(absl::StrCat(where, "it was never committed"));
  const bool first = !last_.has_value() || std::exchange(continued_, false);
  if (first && !shown.snapshot.has_value() && !last_.has_value()) {
    return absl::DataLossError(absl::StrCat(where, "the first update is no snapshot"));
  }
  if (shown.snapshot.has_value() || first) {
    // A later look comes with a snapshot, and never an earlier one.
    const std::size_t earliest = in_force_.empty() ? 0 : *in_force_.begin();
    for (std::size_t look = earliest; look < looks_.size(); ++look) in_force_.insert(look);
    if (!first && shown.epoch == last_->epoch && shown.revision < last_->revision) {
      return absl::DataLossError(absl::StrCat(where, "after revision ", last_->revision));
    }
  } else if (shown.epoch != last_->epoch || shown.base != last_->revision ||
             shown.revision <= last_->revision) {
    return absl::DataLossError(absl::StrCat(where, "it says that it follows ", shown.base, ", after ",
                                            last_->revision, " of epoch ", last_->epoch));
  }
  std::erase_if(in_force_, [&](std::size_t look) { return !(looks_[look].Shows(*truth) == shown.state); });
  if (in_force_.empty()) {
    return absl::DataLossError(absl::StrCat(where, "it shows ", Print(shown.state), " and the state is ",
                                            Print(*truth), ", of which the view shows ",
                                            Print(looks_.back().Shows(*truth))));
  }
  last_ = std::move(shown);
  return absl::OkStatus();
}

absl::Status SubscriptionChecker::CheckIsLive() const {
  if (!last_.has_value()) return absl::UnavailableError("nothing was shown yet");
  if (last_->epoch != history_.epoch()) {
    return absl::UnavailableError(
        absl::StrCat("still at epoch ", last_->epoch, " and not at ", history_.epoch()));
  }
  const Look& look = looks_.back();
  // There and back again is no change at all.
  if (std::none_of(in_force_.begin(), in_force_.end(), [&](std::size_t i) { return looks_[i] == look; })) {
    return absl::UnavailableError("another look is still in force");
  }
  const TodoListState* before = history_.Find(last_->epoch, last_->revision);
  const TodoListState* const head = history_.Find(last_->epoch, history_.head());
  for (std::uint64_t revision = last_->revision + 1; revision <= history_.head(); ++revision) {
    const TodoListState* const now = history_.Find(last_->epoch, revision);
    if (now == nullptr) return absl::DataLossError(absl::StrCat("no revision ", revision));
    // What the view does not show needs no delivery, nor what has been undone since.
    if (look.IsOpen(*now, *before) && !(look.Shows(*now) == last_->state) &&
        !(look.Shows(*head) == last_->state)) {
      return absl::UnavailableError(
          absl::StrCat("at revision ", last_->revision, ", although revision ", revision, " is due"));
    }
    before = now;
  }
  return absl::OkStatus();
}

absl::Status SubscriptionChecker::CheckReplica(std::uint64_t epoch, std::uint64_t revision,
                                               const TodoListState& state) const {
  // One that continues another has nothing until its first callback.
  if (!last_.has_value() || (continued_ && epoch == 0)) return absl::OkStatus();
  const TodoListState* const truth = history_.Find(epoch, revision);
  // It may be further than what was shown last: the view does not show what came since.
  if (truth == nullptr || epoch != last_->epoch || revision < last_->revision) {
    return absl::DataLossError(absl::StrCat("the replica is at revision ", revision, " of epoch ", epoch,
                                            ", and ", last_->revision, " of ", last_->epoch, " was shown"));
  }
  const bool is_right = std::any_of(in_force_.begin(), in_force_.end(),
                                    [&](std::size_t look) { return looks_[look].Shows(*truth) == state; });
  if (is_right && state == last_->state) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the replica is ", Print(state), " at revision ", revision,
                                          ", where the state is ", Print(*truth)));
}

}  // namespace onager::simulation
