#include "world.h"

namespace onager::end_to_end {

std::vector<WorldKind> GrpcWorldKinds() { return {}; }

}  // namespace onager::end_to_end
