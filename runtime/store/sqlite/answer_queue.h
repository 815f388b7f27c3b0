#ifndef ONAGER_RUNTIME_STORE_SQLITE_ANSWER_QUEUE_H_
#define ONAGER_RUNTIME_STORE_SQLITE_ANSWER_QUEUE_H_

#include <deque>
#include <thread>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/store/sqlite/call_queue.h"

namespace onager::store {

/// Answers commits in their order, on a thread of its own while there is more to write, so that answering
/// goes on while the disk is waited for. Destruction answers what is left.
class AnswerQueue {
 public:
  /// `calls`, which outlives it, is told of what is answered, and bounds what is here.
  explicit AnswerQueue(CallQueue& calls) : calls_(calls), thread_([this] { Work(); }) {}
  ~AnswerQueue();
  AnswerQueue(const AnswerQueue&) = delete;
  AnswerQueue& operator=(const AnswerQueue&) = delete;

  /// `at_once`: on this thread, when nothing is before it. Called by one thread.
  void Answer(CommitGroup commits, bool at_once);

 private:
  void AnswerNow(CommitGroup& commits);
  void Work();

  CallQueue& calls_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<CommitGroup> waiting_ ABSL_GUARDED_BY(mutex_);
  bool answering_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_ANSWER_QUEUE_H_
