#ifndef ONAGER_RUNTIME_BASE_THREAD_POOL_H_
#define ONAGER_RUNTIME_BASE_THREAD_POOL_H_

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"

namespace onager {

/// An executor of a fixed number of threads over one queue. Functions are taken up in the order in
/// which they were posted. The queue has no bound of its own: those who post bound their work.
/// Destruction, which must not happen on one of its threads, is `Shutdown`.
class ThreadPool final : public Executor {
 public:
  /// `thread_count` of zero means: as many as the hardware runs at once, and at least two.
  explicit ThreadPool(std::size_t thread_count = 0);
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// After `Shutdown` began it does nothing but destroy `function`.
  void Post(Function function) override;

  /// Runs what is queued to its end and joins the threads. Called by one thread, none of the pool's.
  void Shutdown();

  std::size_t thread_count() const { return threads_.size(); }

 private:
  void Work();

  Mutex mutex_;
  CondVar wake_;
  std::deque<Function> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace onager

#endif  // ONAGER_RUNTIME_BASE_THREAD_POOL_H_
