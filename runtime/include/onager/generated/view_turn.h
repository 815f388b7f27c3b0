#ifndef ONAGER_GENERATED_VIEW_TURN_H_
#define ONAGER_GENERATED_VIEW_TURN_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "onager/generated/hash_walk.h"
#include "onager/generated/state_interface.h"

namespace onager::generated {

// A view whose patch and hash can be made step by step.
class SteppedView : public ViewLeaf {
 public:
  // `EncodePatch` in two steps, in looks of one pass: what was visible is noted while the turn is undone, and
  // the patch is written when it is done again.
  virtual void Mark(StateInterface& state) const = 0;
  virtual bool EncodeMarked(StateInterface& state, std::string& out) const = 0;
  // Of a turn that has changed something.
  virtual HashChangeWalk WalkHashChange(StateInterface& state, std::uint32_t slices,
                                        const FieldTree* known) const = 0;
};

// Answers the questions, whose views are stepped, together: the turn is undone and done again once for many
// of them, and each looks at no more than what it was said to be concerned by. `containers` are those that
// `ViewTouch`es number.
void AnswerTogether(StateInterface& state, Journal& journal, absl::Span<ContainerChange* const> containers,
                    absl::Span<ViewQuestion> questions);

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_VIEW_TURN_H_
