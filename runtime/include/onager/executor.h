#ifndef ONAGER_EXECUTOR_H_
#define ONAGER_EXECUTOR_H_

#include "absl/functional/any_invocable.h"

namespace onager {

/// Runs functions: a thread pool, a thread of the user interface, an event loop. An application that wants
/// its callbacks there derives from it; see `ClientOptions::callback_executor`.
///
/// Thread-safe. Functions are taken up in the order of their posting, but those of a pool run in parallel and
/// overtake each other: who needs an order posts the next function from the one before.
class Executor {
 public:
  using Function = absl::AnyInvocable<void()>;

  virtual ~Executor() = default;
  /// Has `function` run once. Never fails and does not block; an executor that shuts down destroys what it
  /// does not run.
  virtual void Post(Function function) = 0;
};

}  // namespace onager

#endif  // ONAGER_EXECUTOR_H_
