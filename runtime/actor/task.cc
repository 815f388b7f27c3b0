#include "onager/task.h"

#include <exception>

namespace onager::internal {

absl::Status StatusOfCurrentException() noexcept {
  try {
    throw;
  } catch (const std::exception& exception) {
    return absl::InternalError(absl::StrCat("the handler threw: ", exception.what()));
  } catch (...) {
    return absl::InternalError("the handler threw");
  }
}

}  // namespace onager::internal
