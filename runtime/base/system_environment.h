#ifndef ONAGER_RUNTIME_BASE_SYSTEM_ENVIRONMENT_H_
#define ONAGER_RUNTIME_BASE_SYSTEM_ENVIRONMENT_H_

#include <cstddef>
#include <memory>

#include "runtime/base/executor.h"

namespace onager {

/// What `SystemEnvironment` is made of.
struct SystemEnvironmentOptions {
  SystemEnvironmentOptions() = default;

  /// Zero means: as many as the hardware runs at once, and at least two.
  std::size_t thread_count = 0;
};

/// The real world: the steady clock, a pool of threads, one timer thread, and a random source seeded
/// from std::random_device (good for jitter and ids, not for secrets). Thread-safe. Owned by main(),
/// and outlives everything that was given its `environment()`.
///
/// Destruction, which must not happen on one of its own threads, runs no more timers and drops those
/// that wait, then runs every function that is already queued to its end, then joins all threads.
/// What is posted or armed meanwhile is dropped, harmlessly: an id is still returned.
class SystemEnvironment {
 public:
  explicit SystemEnvironment(const SystemEnvironmentOptions& options = SystemEnvironmentOptions());
  ~SystemEnvironment();
  SystemEnvironment(const SystemEnvironment&) = delete;
  SystemEnvironment& operator=(const SystemEnvironment&) = delete;

  Environment environment();
  operator Environment() { return environment(); }  // NOLINT(google-explicit-constructor): it is one.

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_SYSTEM_ENVIRONMENT_H_
