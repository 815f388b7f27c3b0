#ifndef ONAGER_TESTS_END_TO_END_THREADED_WORLD_H_
#define ONAGER_TESTS_END_TO_END_THREADED_WORLD_H_

#include <functional>
#include <memory>

#include "runtime/base/system_environment.h"
#include "world.h"

namespace onager::end_to_end {

/// A world of real threads and real time.
class ThreadedWorld : public World {
 public:
  ThreadedWorld();
  ~ThreadedWorld() override;

  bool Until(const std::function<bool()>& predicate) override;
  void Pass(Duration) override {}
  const Environment& environment() override { return ports_; }

 protected:
  void AwaitShutdown(server::ServerCore& core) override;
  /// Called by the destructors of the worlds, while their transports are still there.
  void End();

 private:
  std::unique_ptr<SystemEnvironment> system_;
  const Environment ports_;
};

}  // namespace onager::end_to_end

#endif  // ONAGER_TESTS_END_TO_END_THREADED_WORLD_H_
