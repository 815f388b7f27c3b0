#ifndef ONAGER_GENERATED_CALL_STREAMS_H_
#define ONAGER_GENERATED_CALL_STREAMS_H_

#include <optional>
#include <string>

#include "onager/task.h"

namespace onager::generated {

/// The streams of one call as its handler's skeleton sees them, with the items still encoded. Valid until the
/// handler's task has ended; used by that handler only.
class CallStreams {
 public:
  virtual ~CallStreams() = default;
  /// Gives the caller the next item of the result, at once when there is room for it, and otherwise when its
  /// task is awaited and the caller has taken others.
  virtual Task<> Write(std::string item) = 0;
  /// The next item of the parameter; nothing at its end.
  virtual Task<std::optional<std::string>> Read() = 0;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_CALL_STREAMS_H_
