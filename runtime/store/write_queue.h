#ifndef ONAGER_RUNTIME_STORE_WRITE_QUEUE_H_
#define ONAGER_RUNTIME_STORE_WRITE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "runtime/base/mutex.h"
#include "runtime/store/check_record.h"
#include "runtime/store/write_behind.h"

namespace onager::store {

/// What a `WriteBehind` consists of; whoever waits for the store or a timer holds it too.
///
/// Each actor that something is asked of has a *lane* until all is answered:
///
///     asked -> accepted (waiting, flying) -> written
///     asked -> passed on to the store     -> answered
///
/// Of an actor either records that were accepted are on their way or what is passed on, never both, because
/// the next of the other kind waits in `asked`. So the store sees the order of the calls, and a commit that
/// fails takes nothing along that was accepted after it.
class WriteQueue : public std::enable_shared_from_this<WriteQueue> {
 public:
  struct Behind {
    CommitRecord record;
    Store::CommitDone done;
    std::size_t bytes = 0;
  };
  struct Commit {
    CommitRecord record;
    Store::CommitDone done;
  };
  struct Load {
    Store::LoadDone done;
    bool recent = false;
  };
  struct LoadPast {
    Store::PastDone done;
  };
  /// Is answered when all before it is written.
  struct Barrier {
    Store::CommitDone done;
  };
  using Asked = std::variant<Behind, Commit, Load, LoadPast, Barrier>;

  WriteQueue(Store& store, const Environment& environment, const WriteBehindOptions& options)
      : store_(store), environment_(environment), options_(options) {}

  void Ask(const ActorId& actor, Asked asked);
  void Flush(Store::CommitDone done);
  /// Writes what waits once more and returns when all is answered. Nothing is asked after that.
  void Close();
  void SetLostListener(LostListener* listener);
  Duration loss_window() const;
  WriteBehindCounters counters() const;

 private:
  using Action = absl::AnyInvocable<void()>;
  using AgendaKey = std::pair<Time, std::uint64_t>;

  /// Accepted records of one actor, as one record.
  struct Batch {
    CommitRecord record;
    std::size_t bytes = 0;
    std::size_t records = 0;
    Time accepted_at{};  // The first of them.
  };

  /// A commit that is written in one record with the batch that flies.
  struct Together {
    Store::CommitDone done;
    HeldPosition position;  // After it.
  };

  /// One actor; guarded by the queue's mutex. The record of `flying` is also read by the action that gives it
  /// to the store.
  struct Lane {
    Lane(ActorId id, const BackoffOptions& options) : actor(std::move(id)), backoff(options) {}

    bool idle() const {
      return asked.empty() && actions.empty() && passing == 0 && !flying && waiting.empty() && !crowded;
    }

    const ActorId actor;
    std::list<Asked> asked;  // And not begun.
    bool crowded = false;    // In `crowd_`.

    std::list<Batch> waiting;  // At most one, and one more when a write has failed.
    std::optional<Batch> flying;
    std::optional<Together> together;
    Time flying_since{};
    std::optional<AgendaKey> scheduled;
    bool retrying = false;  // The first that waits has failed, and `scheduled` is when it is tried again.
    Backoff backoff;

    std::size_t passing = 0;             // Passed on and not answered.
    std::optional<HeldPosition> failed;  // Where the last commit would have led, if it failed.

    // Calls of the store and answers, in order, run by one thread at a time and under no lock.
    std::list<Action> actions;
    bool acting = false;
  };
  using LanePtr = std::shared_ptr<Lane>;
  using Agenda = std::map<AgendaKey, LanePtr>;

  LanePtr FindLane(const ActorId& actor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Begins what of the lane can begin. `served`: its turn in the crowd has come. Whoever calls this or what
  /// follows calls `Run` or `RunLater` with the lane afterwards.
  void Advance(const LanePtr& lane, bool served = false) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Accept(const LanePtr& lane, bool served) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Fits(const Lane& lane, const CommitRecord& record) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom(std::size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PassOn(const LanePtr& lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refuse(const LanePtr& lane, const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void StartFor(const LanePtr& lane, Asked& asked) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Start(const LanePtr& lane, std::optional<CommitRecord> also = std::nullopt)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnWritten(const LanePtr& lane, const absl::Status& status);
  void OnFailed(const LanePtr& lane, Batch batch, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Lose(const LanePtr& lane, const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release(const Batch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnPassed(const LanePtr& lane, Action answer);

  void ServeCrowd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteWithoutDelay() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Schedule(const LanePtr& lane, Time when) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unschedule(Lane& lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ArmTimer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnTimer();

  void Run(const LanePtr& lane);
  void RunLater(const LanePtr& lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Action NextAction(const LanePtr& lane, bool first);
  void TellLost(const ActorId& actor, const absl::Status& why);
  void NoteWriteTime(Duration took) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Store& store_;
  const Environment environment_;
  const WriteBehindOptions options_;

  mutable Mutex mutex_;
  CondVar changed_;  // `lanes_` and `telling_`.
  std::map<ActorId, LanePtr> lanes_ ABSL_GUARDED_BY(mutex_);
  // Lanes whose first `asked` waits for room. While there are any nothing waits for the delay.
  std::deque<LanePtr> crowd_ ABSL_GUARDED_BY(mutex_);
  Agenda waiting_ ABSL_GUARDED_BY(mutex_);
  Agenda retrying_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t last_key_ ABSL_GUARDED_BY(mutex_) = 0;
  Timers::Id timer_ ABSL_GUARDED_BY(mutex_) = 0;
  Time timer_at_ ABSL_GUARDED_BY(mutex_){};
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  LostListener* listener_ ABSL_GUARDED_BY(mutex_) = nullptr;
  int telling_ ABSL_GUARDED_BY(mutex_) = 0;
  WriteBehindCounters counters_ ABSL_GUARDED_BY(mutex_);
  // The longest writes of this minute and the one before.
  std::int64_t minute_ ABSL_GUARDED_BY(mutex_) = 0;
  Duration longest_ ABSL_GUARDED_BY(mutex_){};
  Duration longest_before_ ABSL_GUARDED_BY(mutex_){};
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_WRITE_QUEUE_H_
