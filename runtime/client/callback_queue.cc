#include "runtime/client/callback_queue.h"

#include <utility>

namespace onager::client {
namespace {

// The queue whose callback runs on this thread.
thread_local const CallbackQueue* current_queue = nullptr;

// A run gives the executor back to others after so many callbacks.
constexpr int kCallbacksPerRun = 64;

}  // namespace

bool CallbackQueue::InCallback() const { return current_queue == this; }

bool CallbackQueue::Post(Executor::Function callback) {
  MutexLock lock(mutex_);
  if (stopping_) return false;
  Enqueue(std::move(callback));
  return true;
}

bool CallbackQueue::PostNextStep(Executor::Function callback) {
  MutexLock lock(mutex_);
  if (stopped_) return false;
  Enqueue(std::move(callback));
  return true;
}

void CallbackQueue::Enqueue(Executor::Function callback) {
  waiting_.push_back(std::move(callback));
  if (!scheduled_ && !stopping_) Schedule();
}

/// A run that is posted to the application's executor, and notices when that destroys it.
class CallbackQueue::PostedRun {
 public:
  explicit PostedRun(std::shared_ptr<CallbackQueue> queue) : queue_(std::move(queue)) {}
  PostedRun(PostedRun&&) noexcept = default;
  PostedRun& operator=(PostedRun&&) = delete;
  ~PostedRun() {
    if (queue_ != nullptr) queue_->OnRunDropped();
  }
  void operator()() { std::exchange(queue_, nullptr)->Run(); }

 private:
  std::shared_ptr<CallbackQueue> queue_;
};

// Callers hold locks, so the application's executor, which may do what it likes, is called elsewhere.
void CallbackQueue::Schedule() {
  scheduled_ = true;
  if (application_ == nullptr) return executor_.Post([self = shared_from_this()] { self->Run(); });
  executor_.Post([application = application_, run = PostedRun(shared_from_this())]() mutable {
    application->Post(std::move(run));
  });
}

void CallbackQueue::OnRunDropped() {
  MutexLock lock(mutex_);
  scheduled_ = false;
}

void CallbackQueue::Run() {
  for (int i = 0; i < kCallbacksPerRun; ++i) {
    Executor::Function callback;
    {
      MutexLock lock(mutex_);
      if (waiting_.empty() || stopping_) {
        scheduled_ = false;
        return;
      }
      callback = std::move(waiting_.front());
      waiting_.pop_front();
      running_ = true;
    }
    const CallbackQueue* outer = std::exchange(current_queue, this);
    callback();
    callback = nullptr;  // What it owns is freed as part of it.
    current_queue = outer;
    {
      MutexLock lock(mutex_);
      running_ = false;
      ended_.NotifyAll();
    }
  }
  MutexLock lock(mutex_);
  scheduled_ = false;
  if (!stopping_ && !waiting_.empty()) Schedule();
}

void CallbackQueue::Stop() {
  const CallbackQueue* outer = std::exchange(current_queue, this);
  const bool nested = outer == this;
  while (true) {
    Executor::Function callback;
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      while (running_ && !nested) ended_.Wait(mutex_);
      if (waiting_.empty()) {
        stopped_ = true;
        break;
      }
      callback = std::move(waiting_.front());
      waiting_.pop_front();
      running_ = true;
    }
    callback();
    callback = nullptr;
    MutexLock lock(mutex_);
    running_ = nested;
    ended_.NotifyAll();
  }
  current_queue = outer;
}

}  // namespace onager::client
