#ifndef ONAGER_RUNTIME_STORE_WRITE_BEHIND_H_
#define ONAGER_RUNTIME_STORE_WRITE_BEHIND_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/base/backoff.h"
#include "runtime/base/executor.h"
#include "runtime/store/forwarding_store.h"

namespace onager::store {

class WriteQueue;

/// How a `WriteBehind` writes, and what it holds at most.
struct WriteBehindOptions {
  WriteBehindOptions() = default;

  /// How long what was accepted waits for more of the same actor.
  Duration delay = std::chrono::milliseconds(50);
  /// What is accepted and not yet written: bytes, and records as they were committed. One record larger than
  /// that is accepted when nothing else is held.
  std::size_t queue_bytes_max = std::size_t{16} << 20;
  std::size_t queue_records_max = 65'536;
  /// What waits of one actor is written as one record up to this size.
  std::size_t record_bytes_max = std::size_t{1} << 20;
  /// Between the attempts to write while the store fails.
  BackoffOptions backoff;
};

/// What a `WriteBehind` does and has done.
struct WriteBehindCounters {
  WriteBehindCounters() = default;

  std::uint64_t queued_bytes = 0;    // Accepted and not yet written.
  std::uint64_t queued_records = 0;  // As they were committed.
  std::uint64_t waiting_actors = 0;  // Whose next record waits for room.
  Duration oldest{};                 // Since the oldest of them was accepted.
  std::uint64_t accepted = 0;        // Records, of all time, like the following.
  std::uint64_t written = 0;         // By the store, each of one accepted record or more.
  std::uint64_t retries = 0;         // Attempts after one that failed.
  std::uint64_t lost = 0;            // Accepted records that cannot be written any more.
};

/// Hears of what was accepted and will not be written.
class LostListener {
 public:
  virtual ~LostListener() = default;
  /// All that the actor had waiting is lost: somebody else has written (`ABORTED`), the store takes no such
  /// record (`INVALID_ARGUMENT`), it cannot read what it holds (`DATA_LOSS`), or the end came first. Called
  /// before the next answer that concerns the actor, under no lock, and again for what was accepted before
  /// the caller could know; may ask the store again.
  virtual void OnWritesLost(const ActorId& actor, const absl::Status& why) = 0;
};

/// A store before another one, whose `CommitBehind` says yes before the record is written: `durability =
/// async`. Everything else is as durable as in the other store, and finds what was accepted before it
/// written, of the actor that it concerns; `Scan` and `FindDue` concern none.
///
/// What waits of one actor is written as one record, at most `delay` after its first part was accepted, and
/// only when the one before it was answered. While the queue is full an actor's next record waits to be
/// accepted, first come first served.
///
/// A write that fails is tried again after a jittered wait, or when somebody asks for the actor, who is told
/// if it fails again: after any error nothing of a `Commit` is written. Only what the store will never take
/// is given up; see `LostListener`.
///
/// Thread-safe, as a store is: the calls of one actor are answered in their order, one after the other.
/// Destruction, which must not happen in a callback, writes at once what waits, without another attempt, and
/// returns when all is answered. Owned by whoever owns the store.
class WriteBehind final : public ForwardingStore {
 public:
  /// `store` outlives it, as do the parts of `environment`.
  WriteBehind(Store& store, const Environment& environment,
              const WriteBehindOptions& options = WriteBehindOptions());
  ~WriteBehind() override;

  void Load(const ActorId& actor, LoadDone done) override;
  void Commit(CommitRecord record, CommitDone done) override;
  void LoadRecent(const ActorId& actor, LoadDone done) override;
  void LoadPast(const ActorId& actor, PastDone done) override;

  /// `accepted` is called with OK when there is room for the record, which will then be written; with an
  /// error when it is no record (`INVALID_ARGUMENT`) or does not continue what was asked before it
  /// (`ABORTED`). How many wait for that is the caller's to bound: until then they are held beside the queue.
  void CommitBehind(CommitRecord record, CommitDone accepted);

  /// Writes at once what waits. `done` is called when all that was asked before is answered, and written or
  /// lost; with the error when a write fails, whose record goes on waiting.
  void Flush(CommitDone done);

  /// Null: nobody is told. When this returns the one before is not called any more; not to be called by it.
  void SetLostListener(LostListener* listener);

  /// A crash loses nothing that was accepted longer ago, as long as writes do not fail: the delay and the
  /// time of two writes, as long as the longest of the last one to two minutes. While they fail it loses what
  /// is queued; see `WriteBehindCounters::oldest`.
  Duration loss_window() const;

  WriteBehindCounters counters() const;

 private:
  std::shared_ptr<WriteQueue> queue_;
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_WRITE_BEHIND_H_
