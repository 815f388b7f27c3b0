#ifndef ONAGER_RUNTIME_STORE_SQLITE_CALL_QUEUE_H_
#define ONAGER_RUNTIME_STORE_SQLITE_CALL_QUEUE_H_

#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "runtime/base/mutex.h"
#include "runtime/store/store.h"

namespace onager::store {

struct ActorLane;

/// A commit on its way. `status` is its answer; a refused one comes with it, and is only to be answered.
struct PendingCommit {
  PendingCommit() = default;

  ActorLane* lane = nullptr;
  CommitRecord record;
  Store::CommitDone done;
  absl::Status status;
  bool refused = false;
  std::size_t bytes = 0;
};
/// Commits that are written together. They are large, and stay where they are from the call to the answer.
using CommitGroup = std::vector<std::unique_ptr<PendingCommit>>;

struct LoadCall {
  ActorId actor;
  Store::LoadDone done;
  bool recent = false;  // As `Store::LoadRecent`.
};
struct PastCall {
  ActorId actor;
  Store::PastDone done;
};
struct ScanCall {
  ActorId after;
  std::size_t limit = 0;
  Store::ScanDone done;
};
struct DueCall {
  absl::Time until;
  std::size_t limit = 0;
  Store::DueDone done;
};

/// A read on its way.
struct PendingRead {
  PendingRead() = default;

  ActorLane* lane = nullptr;  // Null: it is of no single actor.
  std::variant<LoadCall, PastCall, ScanCall, DueCall> call;
  absl::Status status;  // Not OK: it was refused, and is only to be answered.
};

/// The calls of one actor that are not answered: a read is taken up when the commits before it are answered,
/// and commits when the read before them is.
struct ActorLane {
  const ActorId* actor = nullptr;  // Where the queue has it.
  std::size_t commits = 0;         // Handed to the writer and not answered.
  bool reading = false;
  std::list<std::variant<std::unique_ptr<PendingCommit>, PendingRead>> waiting;  // Seldom any.
};

/// How much may be in a `CallQueue`.
struct CallLimits {
  CallLimits() = default;

  std::size_t commits_max = 0;
  std::size_t commit_bytes_max = 0;
  std::size_t reads_max = 0;
};

/// Calls between those who make them and the threads of a store, in the order that `Store` promises: those of
/// one actor one after the other, its commits without a pause in between. What is more than the limits is
/// refused with `RESOURCE_EXHAUSTED`, in that order too. Thread-safe.
class CallQueue {
 public:
  explicit CallQueue(const CallLimits& limits) : limits_(limits) {}

  /// Return false when the queue is closed and the call was not taken; it is left as it was.
  bool Add(CommitRecord& record, Store::CommitDone& done);
  bool Add(PendingRead& read);

  /// The next commits, at most so many and so many bytes, but at least one. Waits for the first no longer
  /// than until `deadline`, when there are none. Also none when the queue is closed and all calls are
  /// answered: see `drained`.
  CommitGroup TakeCommits(std::size_t count_max, std::size_t bytes_max, absl::Time deadline);
  /// Whether there are commits to take.
  bool HasCommits() const;
  /// Nothing when the queue is closed and all calls are answered.
  std::optional<PendingRead> TakeRead();

  /// To be called when what was taken is answered.
  void Answered(const CommitGroup& commits);
  void Answered(const PendingRead& read);

  void Close();
  /// Closed, and all calls are answered.
  bool drained() const;

 private:
  ActorLane& LaneOf(const ActorId& actor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Dispatch(std::unique_ptr<PendingCommit> commit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Dispatch(PendingRead read) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Hands on what an answer lets go, and forgets a lane that has nothing any more.
  void Advance(ActorLane& lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeWhenDrained() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const CallLimits limits_;
  mutable Mutex mutex_;
  CondVar commits_come_;
  CondVar reads_come_;
  absl::node_hash_map<ActorId, ActorLane> lanes_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::unique_ptr<PendingCommit>> commits_ ABSL_GUARDED_BY(mutex_);
  std::deque<PendingRead> reads_ ABSL_GUARDED_BY(mutex_);
  // Not answered, those that wait in lanes among them.
  std::size_t commit_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t commit_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t read_count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writer_waits_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_SQLITE_CALL_QUEUE_H_
