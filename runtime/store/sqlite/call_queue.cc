#include "runtime/store/sqlite/call_queue.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace onager::store {
namespace {

std::size_t BytesOf(const SharedBytes& bytes) { return bytes == nullptr ? 0 : bytes->size(); }

// About what the record takes, in memory and in the file.
std::size_t BytesOf(const CommitRecord& record) {
  std::size_t bytes =
      sizeof(CommitRecord) + record.actor.type.size() + record.actor.key.size() + BytesOf(record.snapshot);
  for (const LogStep& step : record.steps) bytes += sizeof(step) + BytesOf(step.patch) + BytesOf(step.events);
  for (const StoredCall& call : record.calls) bytes += sizeof(call) + BytesOf(call.outcome);
  for (const StoredReminder& reminder : record.reminders) {
    bytes += sizeof(reminder) + reminder.name.size() + reminder.id.size();
  }
  for (const auto& [name, id] : record.cancelled_reminders) bytes += 64 + name.size() + id.size();
  return bytes + record.forgotten_calls.size() * sizeof(StoredCallId);
}

const ActorId* ActorOf(const PendingRead& read) {
  if (const auto* load = std::get_if<LoadCall>(&read.call)) return &load->actor;
  if (const auto* past = std::get_if<PastCall>(&read.call)) return &past->actor;
  return nullptr;
}

}  // namespace

ActorLane& CallQueue::LaneOf(const ActorId& actor) {
  const auto found = lanes_.try_emplace(actor).first;
  found->second.actor = &found->first;
  return found->second;
}

bool CallQueue::Add(CommitRecord& record, Store::CommitDone& done) {
  const std::size_t bytes = BytesOf(record);
  auto commit = std::make_unique<PendingCommit>();
  MutexLock lock(mutex_);
  if (closed_) return false;
  commit->lane = &LaneOf(record.actor);
  commit->done = std::move(done);
  // What is larger than the limit by itself is taken when there is nothing else.
  if (commit_count_ >= limits_.commits_max ||
      (commit_bytes_ > 0 && commit_bytes_ + bytes > limits_.commit_bytes_max)) {
    commit->refused = true;
    commit->status = absl::ResourceExhaustedError("too many commits wait for the disk; nothing was written");
  } else {
    commit->record = std::move(record);
    commit->bytes = bytes;
  }
  ++commit_count_;
  commit_bytes_ += commit->bytes;
  ActorLane& lane = *commit->lane;
  if (lane.reading || !lane.waiting.empty()) {
    lane.waiting.emplace_back(std::move(commit));
  } else {
    Dispatch(std::move(commit));
  }
  return true;
}

bool CallQueue::Add(PendingRead& read) {
  MutexLock lock(mutex_);
  if (closed_) return false;
  if (read_count_ >= limits_.reads_max) {
    read.status = absl::ResourceExhaustedError("too many reads wait for the disk");
  }
  ++read_count_;
  const ActorId* actor = ActorOf(read);
  if (actor == nullptr) {
    Dispatch(std::move(read));
    return true;
  }
  ActorLane& lane = LaneOf(*actor);
  read.lane = &lane;
  if (lane.commits > 0 || lane.reading || !lane.waiting.empty()) {
    lane.waiting.emplace_back(std::move(read));
  } else {
    Dispatch(std::move(read));
  }
  return true;
}

void CallQueue::Dispatch(std::unique_ptr<PendingCommit> commit) {
  ++commit->lane->commits;
  commits_.push_back(std::move(commit));
  if (writer_waits_) commits_come_.NotifyOne();
}

void CallQueue::Dispatch(PendingRead read) {
  if (read.lane != nullptr) read.lane->reading = true;
  reads_.push_back(std::move(read));
  reads_come_.NotifyOne();
}

void CallQueue::Advance(ActorLane& lane) {
  while (!lane.waiting.empty() && !lane.reading) {
    if (auto* read = std::get_if<PendingRead>(&lane.waiting.front())) {
      if (lane.commits > 0) return;
      PendingRead next = std::move(*read);
      lane.waiting.pop_front();
      Dispatch(std::move(next));
    } else {
      auto next = std::get<std::unique_ptr<PendingCommit>>(std::move(lane.waiting.front()));
      lane.waiting.pop_front();
      Dispatch(std::move(next));
    }
  }
  if (lane.commits == 0 && !lane.reading && lane.waiting.empty()) {
    lanes_.erase(lanes_.find(*lane.actor));
  }
}

CommitGroup CallQueue::TakeCommits(std::size_t count_max, std::size_t bytes_max, absl::Time deadline) {
  CommitGroup taken;
  MutexLock lock(mutex_);
  writer_waits_ = true;
  while (commits_.empty() && !(closed_ && commit_count_ == 0 && read_count_ == 0)) {
    if (deadline == absl::InfiniteFuture()) {
      commits_come_.Wait(mutex_);
    } else if (!commits_come_.WaitUntil(mutex_, absl::ToChronoTime(deadline))) {
      break;
    }
  }
  writer_waits_ = false;
  std::size_t bytes = 0;
  taken.reserve(std::min(count_max, commits_.size()));
  while (!commits_.empty() && taken.size() < count_max) {
    bytes += commits_.front()->bytes;
    if (!taken.empty() && bytes > bytes_max) break;
    taken.push_back(std::move(commits_.front()));
    commits_.pop_front();
  }
  return taken;
}

bool CallQueue::HasCommits() const {
  MutexLock lock(mutex_);
  return !commits_.empty();
}

std::optional<PendingRead> CallQueue::TakeRead() {
  MutexLock lock(mutex_);
  while (reads_.empty() && !(closed_ && commit_count_ == 0 && read_count_ == 0)) reads_come_.Wait(mutex_);
  if (reads_.empty()) return std::nullopt;
  std::optional<PendingRead> read(std::move(reads_.front()));
  reads_.pop_front();
  return read;
}

void CallQueue::Answered(const CommitGroup& commits) {
  MutexLock lock(mutex_);
  for (const std::unique_ptr<PendingCommit>& commit : commits) {
    --commit_count_;
    commit_bytes_ -= commit->bytes;
    --commit->lane->commits;
    Advance(*commit->lane);
  }
  WakeWhenDrained();
}

void CallQueue::Answered(const PendingRead& read) {
  MutexLock lock(mutex_);
  --read_count_;
  if (read.lane != nullptr) {
    read.lane->reading = false;
    Advance(*read.lane);
  }
  WakeWhenDrained();
}

void CallQueue::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  WakeWhenDrained();
}

bool CallQueue::drained() const {
  MutexLock lock(mutex_);
  return closed_ && commit_count_ == 0 && read_count_ == 0;
}

void CallQueue::WakeWhenDrained() {
  if (!closed_ || commit_count_ > 0 || read_count_ > 0) return;
  commits_come_.NotifyAll();
  reads_come_.NotifyAll();
}

}  // namespace onager::store
