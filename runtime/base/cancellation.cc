#include "onager/cancellation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "onager/generated/cancellable.h"
#include "runtime/base/mutex.h"

namespace onager {
namespace {

// Calls that have ended are looked for when there are twice as many as after the last look.
constexpr std::size_t kFirstLook = 64;

}  // namespace

struct Cancellation::Calls {
  Mutex mutex;
  bool cancelled ABSL_GUARDED_BY(mutex) = false;
  std::vector<std::weak_ptr<generated::Cancellable>> calls ABSL_GUARDED_BY(mutex);
  std::size_t next_look ABSL_GUARDED_BY(mutex) = kFirstLook;
};

Cancellation::Cancellation() : calls_(std::make_shared<Calls>()) {}

void Cancellation::Cancel() const {
  std::vector<std::weak_ptr<generated::Cancellable>> calls;
  {
    MutexLock lock(calls_->mutex);
    calls_->cancelled = true;
    calls.swap(calls_->calls);
  }
  for (const auto& weak : calls) {
    if (const auto call = weak.lock()) call->Cancel();
  }
}

bool Cancellation::cancelled() const {
  MutexLock lock(calls_->mutex);
  return calls_->cancelled;
}

void Cancellation::Add(const std::shared_ptr<generated::Cancellable>& call) const {
  {
    MutexLock lock(calls_->mutex);
    if (!calls_->cancelled) {
      auto& calls = calls_->calls;
      if (calls.size() >= calls_->next_look) {
        std::erase_if(calls, [](const auto& weak) { return weak.expired(); });
        calls_->next_look = std::max(kFirstLook, 2 * calls.size());
      }
      calls.push_back(call);
      return;
    }
  }
  call->Cancel();
}

}  // namespace onager
