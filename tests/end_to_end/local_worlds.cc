#include <vector>

#include "world.h"

namespace onager::end_to_end {

std::vector<WorldKind> WorldKinds() { return LocalWorldKinds(); }

}  // namespace onager::end_to_end
