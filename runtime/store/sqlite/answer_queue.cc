#include "runtime/store/sqlite/answer_queue.h"

#include <utility>

namespace onager::store {

AnswerQueue::~AnswerQueue() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
  }
  wake_.NotifyOne();
  thread_.join();
}

void AnswerQueue::Answer(CommitGroup commits, bool at_once) {
  {
    MutexLock lock(mutex_);
    if (!at_once || answering_ || !waiting_.empty()) {
      waiting_.push_back(std::move(commits));
      wake_.NotifyOne();
      return;
    }
  }
  AnswerNow(commits);
}

void AnswerQueue::AnswerNow(CommitGroup& commits) {
  for (const std::unique_ptr<PendingCommit>& commit : commits) {
    commit->done(std::move(commit->status));
    commit->done = nullptr;  // What it holds goes now.
  }
  calls_.Answered(commits);
}

void AnswerQueue::Work() {
  while (true) {
    CommitGroup commits;
    {
      MutexLock lock(mutex_);
      answering_ = false;
      while (waiting_.empty() && !closing_) wake_.Wait(mutex_);
      if (waiting_.empty()) return;
      commits = std::move(waiting_.front());
      waiting_.pop_front();
      answering_ = true;
    }
    AnswerNow(commits);
  }
}

}  // namespace onager::store
