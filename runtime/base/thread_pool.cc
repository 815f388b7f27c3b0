#include "runtime/base/thread_pool.h"

#include <algorithm>
#include <utility>

namespace onager {

ThreadPool::ThreadPool(std::size_t thread_count) {
  if (thread_count == 0) thread_count = std::max(2U, std::thread::hardware_concurrency());
  threads_.reserve(thread_count);
  for (std::size_t i = 0; i < thread_count; ++i) threads_.emplace_back([this] { Work(); });
}

ThreadPool::~ThreadPool() { Shutdown(); }

void ThreadPool::Post(Function function) {
  {
    MutexLock lock(mutex_);
    // A refused function is destroyed by the caller's frame, after the lock is gone: it may own
    // something whose destructor posts.
    if (stopping_) return;
    queue_.push_back(std::move(function));
  }
  wake_.NotifyOne();
}

void ThreadPool::Shutdown() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ThreadPool::Work() {
  while (true) {
    Function function;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) wake_.Wait(mutex_);
      if (queue_.empty()) return;
      function = std::move(queue_.front());
      queue_.pop_front();
    }
    function();
  }
}

}  // namespace onager
