#include "onager/generated/view_turn.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "onager/generated/journal.h"

namespace onager::generated {
namespace {

// Of how many elements the views that are answered together say something, about: each costs some memory
// until they are through.
constexpr std::size_t kTogetherMax = 1u << 16;

// Of each container the elements that concern the view.
void Restrict(ViewPass& pass, absl::Span<ContainerChange* const> containers, const ViewQuestion& question) {
  std::vector<std::vector<ElementChange*>> elements(containers.size());
  for (const ViewTouch& touch : question.touches) elements[touch.container].push_back(touch.element);
  for (std::size_t i = 0; i < containers.size(); ++i) pass.Restrict(*containers[i], std::move(elements[i]));
}

const SteppedView& ViewOf(const ViewQuestion& question) {
  return static_cast<const SteppedView&>(*question.view);
}

// Those of the questions that are asked at once; what is left of them is asked later.
class Together {
 public:
  Together(StateInterface& state, Journal& journal, absl::Span<ContainerChange* const> containers)
      : state_(state), journal_(journal), containers_(containers) {}

  std::size_t AnswerPatches(absl::Span<ViewQuestion> questions) {
    std::deque<ViewPass> passes;  // They stay where they are.
    journal_.ReadCommitted([&] {
      for (std::size_t size = 0; passes.size() < questions.size() && size < kTogetherMax;) {
        const ViewQuestion& question = questions[passes.size()];
        ViewPass& pass = passes.emplace_back();
        Restrict(pass, containers_, question);
        journal_.Look(pass, [&] { ViewOf(question).Mark(state_); });
        size += pass.size() + 1;
      }
    });
    for (std::size_t i = 0; i < passes.size(); ++i) {
      ViewQuestion& question = questions[i];
      journal_.Look(passes[i],
                    [&] { question.shows = ViewOf(question).EncodeMarked(state_, question.patch); });
      question.elements_seen = passes[i].size();
      journal_.End(passes[i]);
    }
    return passes.size();
  }

  std::size_t AnswerHashes(absl::Span<ViewQuestion> questions) {
    std::deque<std::pair<ViewQuestion*, HashChangeWalk>> walks;
    bool must_look_back = false;
    std::size_t asked = 0;
    for (std::size_t size = 0; asked < questions.size() && size < kTogetherMax; ++asked) {
      ViewQuestion& question = questions[asked];
      if (question.hash_slices == 0) continue;
      HashChangeWalk& walk = walks
                                 .emplace_back(&question, ViewOf(question).WalkHashChange(
                                                              state_, question.hash_slices, question.known))
                                 .second;
      Restrict(walk.pass(), containers_, question);
      must_look_back |= walk.Look();
      size += walk.pass().size() + 1;
    }
    if (must_look_back) {
      journal_.ReadCommitted([&] {
        for (auto& [question, walk] : walks) walk.LookBack();
      });
    }
    for (auto& [question, walk] : walks) question->hash_change = walk.Take();
    return asked;
  }

 private:
  StateInterface& state_;
  Journal& journal_;
  const absl::Span<ContainerChange* const> containers_;
};

}  // namespace

void AnswerTogether(StateInterface& state, Journal& journal, absl::Span<ContainerChange* const> containers,
                    absl::Span<ViewQuestion> questions) {
  for (ViewQuestion& question : questions) {
    auto& touches = question.touches;
    // Elements are found as they were and as they are.
    const auto place = [](const ViewTouch& touch) { return std::pair(touch.container, touch.at); };
    std::sort(touches.begin(), touches.end(),
              [&](const ViewTouch& a, const ViewTouch& b) { return place(a) < place(b); });
    touches.erase(std::unique(touches.begin(), touches.end(),
                              [](const ViewTouch& a, const ViewTouch& b) { return a.element == b.element; }),
                  touches.end());
  }
  Together together(state, journal, containers);
  for (auto rest = questions; !rest.empty();) rest.remove_prefix(together.AnswerPatches(rest));
  for (auto rest = questions; !rest.empty();) rest.remove_prefix(together.AnswerHashes(rest));
}

}  // namespace onager::generated
