#ifndef ONAGER_RUNTIME_CLIENT_CALLBACK_QUEUE_H_
#define ONAGER_RUNTIME_CLIENT_CALLBACK_QUEUE_H_

#include <deque>
#include <memory>
#include <utility>

#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"

namespace onager::client {

/// Runs an application's callbacks, one at a time, in order. Thread-safe.
class CallbackQueue : public std::enable_shared_from_this<CallbackQueue> {
 public:
  /// They run on `application`'s executor, or, when that is null, on `executor`, which never runs anything
  /// inside `Post` and outlives the queue's last run: see `Stop`.
  explicit CallbackQueue(Executor& executor, std::shared_ptr<Executor> application = nullptr)
      : executor_(executor), application_(std::move(application)) {}

  /// Runs `callback` some time later. After `Stop` it is not, and false is returned.
  bool Post(Executor::Function callback);

  /// As `Post`, for a callback's own next step: taken also while `Stop` runs what waits.
  bool PostNextStep(Executor::Function callback);

  /// Runs what waits, here, with the steps that follow from it, and takes no more. When it returns no
  /// callback runs or will run, except the one that it is called in.
  void Stop();

  /// Whether this thread is inside one of this queue's callbacks.
  bool InCallback() const;

 private:
  void Enqueue(Executor::Function callback) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Schedule() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  class PostedRun;
  /// The application's executor has destroyed a run.
  void OnRunDropped();

  Executor& executor_;
  const std::shared_ptr<Executor> application_;
  mutable Mutex mutex_;
  CondVar ended_;
  std::deque<Executor::Function> waiting_ ABSL_GUARDED_BY(mutex_);
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;  // `Stop` runs what waits.
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;   // And nothing waited any more.
};

}  // namespace onager::client

#endif  // ONAGER_RUNTIME_CLIENT_CALLBACK_QUEUE_H_
