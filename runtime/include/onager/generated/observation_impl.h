#ifndef ONAGER_GENERATED_OBSERVATION_IMPL_H_
#define ONAGER_GENERATED_OBSERVATION_IMPL_H_

// What generated sources need for filters and views besides.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "onager/filter.h"
#include "onager/generated/actor_type.h"
#include "onager/generated/call_messages.h"
#include "onager/generated/choice.h"
#include "onager/generated/hash_projection.h"
#include "onager/generated/previous_impl.h"
#include "onager/generated/projection.h"
#include "onager/generated/tracked_state_impl.h"
#include "onager/generated/view_index.h"
#include "onager/generated/view_turn.h"
#include "onager/view.h"

namespace onager::generated {

// What a filter's or view's expressions see besides the state: the actor's key and the parameters' message.
template <typename Key, typename Parameters>
struct Arguments {
  Key key;
  Parameters parameters;
};

template <typename Key, typename Parameters>
absl::StatusOr<Arguments<Key, Parameters>> ParseArguments(std::string_view key, std::string_view parameters) {
  absl::StatusOr<Key> parsed_key = Key::Parse(key);
  if (!parsed_key.ok()) return std::move(parsed_key).status();
  absl::StatusOr<Parameters> message = DecodeMessage<Parameters>(parameters);
  if (!message.ok()) return std::move(message).status();
  return Arguments<Key, Parameters>{*std::move(parsed_key), *std::move(message)};
}

// Filters -----------------------------------------------------------------------------------------

// `Predicate` is `bool(const State& state, const Previous<State>& prev, const Key& key,
// const Parameters& parameters)`.
template <typename State, typename Key, typename Parameters, auto Predicate>
class PredicateFilter final : public FilterLeaf {
 public:
  explicit PredicateFilter(Arguments<Key, Parameters> arguments) : arguments_(std::move(arguments)) {}

  bool Evaluate(StateInterface& interface) const override {
    const auto& state = static_cast<const TrackedState<State>&>(interface);
    return Predicate(state.value(), Previous<State>(state.root_change(), state.value()), arguments_.key,
                     arguments_.parameters);
  }

 private:
  const Arguments<Key, Parameters> arguments_;
};

// For FilterInfo::make.
template <typename State, typename Key, typename Parameters, auto Predicate>
absl::StatusOr<std::unique_ptr<FilterLeaf>> MakeFilter(std::string_view key, std::string_view parameters) {
  absl::StatusOr<Arguments<Key, Parameters>> arguments = ParseArguments<Key, Parameters>(key, parameters);
  if (!arguments.ok()) return std::move(arguments).status();
  return std::make_unique<PredicateFilter<State, Key, Parameters, Predicate>>(*std::move(arguments));
}

// What a builder of a filter returns.
template <typename State, typename Parameters>
Filter<State> DeclaredFilter(std::uint32_t number, const Parameters& parameters) {
  return Filter<State>::FromBytes(EncodeChoice(number, EncodeMessage(parameters)));
}

// Views -------------------------------------------------------------------------------------------

// `Shown` is a Selection.
template <typename Shown, typename Key, typename Parameters>
class SelectionView final : public SteppedView {
  using State = typename Shown::State;

 public:
  explicit SelectionView(Arguments<Key, Parameters> arguments) : arguments_(std::move(arguments)) {}

  bool EncodePatch(StateInterface& interface, std::string& out) const override {
    auto& state = static_cast<TrackedState<State>&>(interface);
    if (state.root_change() == nullptr) return false;
    Journal& journal = state.journal();
    ViewPass pass;
    if constexpr (Shown::kHasWhere) {
      journal.ReadCommitted([&] { journal.Look(pass, [&] { Mark(state); }); });
    }
    bool shows = false;
    journal.Look(pass, [&] { shows = EncodeMarked(state, out); });
    journal.End(pass);
    return shows;
  }
  void Mark(StateInterface& interface) const override {
    if constexpr (Shown::kHasWhere) {
      auto& state = static_cast<TrackedState<State>&>(interface);
      Shown::Mark(state.value(), *state.root_change(), arguments_, state.journal());
    }
  }
  bool EncodeMarked(StateInterface& interface, std::string& out) const override {
    auto& state = static_cast<TrackedState<State>&>(interface);
    Writer writer(out);
    Shown::EncodeChange(writer, state.value(), *state.root_change(), arguments_, state.journal());
    return writer.Finish();
  }

  void EncodeSnapshot(const StateInterface& interface, std::string& out) const override {
    Writer writer(out);
    Shown::Encode(writer, static_cast<const TrackedState<State>&>(interface).value(), arguments_, true);
    writer.Finish();
  }

  StateHash Hash(const StateInterface& interface, std::uint32_t slices,
                 const FieldTree* known) const override {
    return HashOf(Table(), &static_cast<const TrackedState<State>&>(interface).value(), &arguments_, slices,
                  known);
  }
  StateHashChange HashChange(StateInterface& interface, std::uint32_t slices,
                             const FieldTree* known) const override {
    auto& state = static_cast<TrackedState<State>&>(interface);
    const StructChange* change = state.root_change();
    if (change == nullptr) return {};
    return HashChangeOf(Table(), &state.value(), *change, &arguments_, state.journal(), slices, known);
  }
  HashChangeWalk WalkHashChange(StateInterface& interface, std::uint32_t slices,
                                const FieldTree* known) const override {
    auto& state = static_cast<TrackedState<State>&>(interface);
    return HashChangeWalk(Table(), &state.value(), *state.root_change(), &arguments_, state.journal(), slices,
                          known);
  }

  const ViewIndex* index() const override {
    if constexpr (CountIndexed<Shown>() == 0) {
      return nullptr;
    } else {
      static const SelectionIndex<Shown> kIndex;
      return &kIndex;
    }
  }
  void ForEachIndexed(absl::FunctionRef<void(const std::string&)> indexed) const override {
    const auto told = [indexed](const std::string& value, const ViewTouch*) { indexed(value); };
    IndexWalk walk(told);
    WalkParameters<Shown>(arguments_.parameters, walk);
  }

 private:
  static const HashTable& Table() { return ShownHashTableOf<Shown, Arguments<Key, Parameters>>(); }

  const Arguments<Key, Parameters> arguments_;
};

// For ViewInfo::make.
template <typename Shown, typename Key, typename Parameters>
absl::StatusOr<std::unique_ptr<ViewLeaf>> MakeView(std::string_view key, std::string_view parameters) {
  absl::StatusOr<Arguments<Key, Parameters>> arguments = ParseArguments<Key, Parameters>(key, parameters);
  if (!arguments.ok()) return std::move(arguments).status();
  return std::make_unique<SelectionView<Shown, Key, Parameters>>(*std::move(arguments));
}

// What a builder of a view returns.
template <typename State, typename Parameters>
View<State> DeclaredView(std::uint32_t number, const Parameters& parameters) {
  return View<State>::FromBytes(EncodeChoice(number, EncodeMessage(parameters)));
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_OBSERVATION_IMPL_H_
