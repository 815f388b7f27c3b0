#ifndef ONAGER_TESTS_STORE_HEARD_CHANGES_H_
#define ONAGER_TESTS_STORE_HEARD_CHANGES_H_

#include <chrono>
#include <map>

#include "absl/base/thread_annotations.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/mutex.h"
#include "runtime/store/store.h"

namespace onager::store {

/// Counts what it hears of each actor. Thread-safe.
class HeardChanges final : public ChangeListener {
 public:
  void OnActorChanged(const ActorId& actor) override {
    MutexLock lock(mutex_);
    ++heard_[actor];
    changed_.NotifyAll();
  }

  /// Waits until it was told of the actor since this was asked last; false when that takes too long.
  bool Hears(const ActorId& actor, std::chrono::milliseconds at_most = std::chrono::seconds(10)) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    MutexLock lock(mutex_);
    while (heard_[actor] == 0) {
      if (!changed_.WaitUntil(mutex_, deadline)) break;
    }
    const bool heard = heard_[actor] > 0;
    heard_.erase(actor);
    return heard;
  }
  bool has_heard(const ActorId& actor) {
    MutexLock lock(mutex_);
    return heard_[actor] > 0;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::map<ActorId, int> heard_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_HEARD_CHANGES_H_
