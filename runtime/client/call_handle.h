#ifndef ONAGER_RUNTIME_CLIENT_CALL_HANDLE_H_
#define ONAGER_RUNTIME_CLIENT_CALL_HANDLE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "onager/generated/pending_call.h"
#include "runtime/base/mutex.h"
#include "runtime/client/callback_queue.h"

namespace onager::client {

/// One call of a client, until its result is taken. Thread-safe.
class CallHandle final : public generated::PendingCall, public std::enable_shared_from_this<CallHandle> {
 public:
  /// `cancel` is called, under no lock, when the application cancels a call that has not ended.
  CallHandle(std::shared_ptr<CallbackQueue> callbacks, std::function<void(CallHandle&)> cancel)
      : callbacks_(std::move(callbacks)), cancel_(std::move(cancel)) {}

  Result Wait() override;
  void Then(absl::AnyInvocable<void(Result)> done) override;
  void Cancel() override;

  /// The call has ended. Only the first end counts.
  void End(Result result);

  /// Set before the handle is given away.
  std::uint64_t number = 0;

 private:
  void RunContinuation(absl::AnyInvocable<void(Result)> done, Result result);

  const std::shared_ptr<CallbackQueue> callbacks_;
  const std::function<void(CallHandle&)> cancel_;
  Mutex mutex_;
  CondVar ended_;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Result> result_ ABSL_GUARDED_BY(mutex_);  // Until somebody took it.
  absl::AnyInvocable<void(Result)> continuation_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::client

#endif  // ONAGER_RUNTIME_CLIENT_CALL_HANDLE_H_
