#ifndef ONAGER_RUNTIME_STORE_STORE_H_
#define ONAGER_RUNTIME_STORE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "runtime/base/actor_id.h"
#include "runtime/base/shared_bytes.h"

namespace onager::store {

/// What leads from one revision to the next.
struct LogStep {
  LogStep() = default;

  std::uint64_t revision = 0;  // That it leads to, from the one before.
  SharedBytes patch;           // Never null; empty when there are only events.
  SharedBytes events;          // Of the turn, as `wire::AppendEvent` makes them. Null: none.
  absl::Time committed_at;     // By the wall clock of whoever committed it; whole microseconds are kept.
};

/// A step whose patch was left where it is.
struct EarlierStep {
  EarlierStep() = default;

  std::uint64_t revision = 0;
  std::size_t patch_bytes = 0;
  SharedBytes events;  // As `LogStep::events`.
  absl::Time committed_at;
};

/// A whole state.
struct StoredSnapshot {
  StoredSnapshot() = default;

  std::uint64_t revision = 0;
  SharedBytes state;          // Never null.
  std::uint32_t version = 1;  // Of the state's meaning.
};

/// What tells one call from all others.
struct StoredCallId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend bool operator==(const StoredCallId&, const StoredCallId&) = default;
  friend auto operator<=>(const StoredCallId&, const StoredCallId&) = default;
};

/// A call whose turn was committed, so that the same call does not run a second time.
struct StoredCall {
  StoredCall() = default;

  StoredCallId id;
  std::uint64_t revision = 0;  // That its turn made.
  SharedBytes outcome;         // Means nothing to a store. Never null.
  absl::Time ended_at;         // As `LogStep::committed_at`.
};

/// A turn that is due at a time, of an actor that need not be active then.
struct StoredReminder {
  StoredReminder() = default;

  std::string name;       // Of its declaration.
  std::string id;         // With the name what tells it from the actor's others. Any bytes.
  absl::Time due;         // By the wall clock; whole microseconds are kept.
  absl::Duration period;  // Zero: it is due once. Whole microseconds; means nothing to a store.

  friend bool operator==(const StoredReminder&, const StoredReminder&) = default;
};

/// What a store holds of one actor.
struct StoredActor {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;  // Of the state: that of the last step, or of the snapshot.
  std::uint64_t commit = 0;    // `CommitRecord::commit` of the last one.
  std::uint32_t version = 1;   // Of the state's meaning: that of the last commit.
  // Set by `CommitRecord::ahead`: revisions may have been told of that are not here.
  bool ahead = false;
  // The actor was destroyed: only `epoch`, `revision` and `commit` mean something, and the epoch is not to be
  // used again.
  bool destroyed = false;
  // The newest one; its revision may be behind. Null state: the empty state, at revision 0.
  StoredSnapshot snapshot;
  // In order and without a gap, up to `revision`: those after the snapshot, and before them what is kept of
  // this epoch for those who resume.
  std::vector<LogStep> log;
  std::vector<StoredCall> calls;          // By revision, those of one revision in any order.
  std::vector<StoredReminder> reminders;  // By (name, id).
  // Only of `Store::LoadRecent`: the steps that `log` goes on from. Null: there are none, or all are in
  // `log`.
  std::shared_ptr<const std::vector<EarlierStep>> earlier;
};

/// What a store takes whole or not at all: turns that were committed, or a change of what stands beside the
/// state.
struct CommitRecord {
  CommitRecord() = default;

  ActorId actor;
  // What the store must hold, or `ABORTED`. Revision 0 begins the epoch where nothing is held; also where a
  // destroyed actor's epoch is, if that is another one. A destroyed actor has no other revisions. See
  // `CheckRecord`.
  std::uint64_t epoch = 0;
  std::uint64_t base_revision = 0;
  // What tells this commit from all others, for ever, where somebody else may write the same actor; and that
  // of the one that it goes on from, or `ABORTED`. 0: nobody looks. Commits follow each other without
  // waiting, and when one is refused because another's was first, those that go on from it must be as well,
  // though they find the revision that they expect.
  std::uint64_t commit = 0;
  std::uint64_t base_commit = 0;
  // Without a gap from `base_revision` on. None: the revision stays.
  absl::InlinedVector<LogStep, 1> steps;
  // The state after the steps, now and then, so that older steps can go. Null: none.
  SharedBytes snapshot;
  std::uint32_t version = 1;  // Of the state's meaning.
  // Nobody asks for what was before this revision any more: of the newest snapshot up to it, this record's
  // among them, the store drops what is older, and the steps that lead to it. 0: nothing goes.
  std::uint64_t log_floor = 0;

  std::vector<StoredCall> calls;              // Added, when what is forgotten is dropped.
  std::vector<StoredCallId> forgotten_calls;  // Dropped, if they are there.
  // Set, when what is cancelled is dropped, in place of those of the same name and id.
  std::vector<StoredReminder> reminders;
  // Dropped, if they are there: (name, id).
  std::vector<std::pair<std::string, std::string>> cancelled_reminders;

  // Another epoch begins at `base_revision`, with `snapshot`, which is set, and no steps: what is held of the
  // log and of older snapshots is dropped. 0: the epoch goes on.
  std::uint64_t next_epoch = 0;
  // Begins an actor of which nothing is held at `base_revision`, which may be any, with `snapshot`, which is
  // set, and no steps: for what comes from another store. `ABORTED` where something is held, if only that the
  // actor was destroyed.
  bool begins = false;
  // Sets `StoredActor::ahead`. None: it stays as it is.
  std::optional<bool> ahead;
  // Ends the actor: all that is held of it goes but its epoch and revision. There are no steps.
  bool destroy = false;
};

/// An actor in a list of them.
struct ActorHead {
  ActorHead() = default;

  ActorId actor;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  bool destroyed = false;
};

/// When an actor has its next reminder.
struct DueActor {
  DueActor() = default;

  ActorId actor;
  absl::Time due;
};

/// What a store holds of one actor's past, in one epoch.
struct StoredPast {
  StoredPast() = default;

  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::vector<StoredSnapshot> snapshots;  // By rising revision. None: the log begins with the empty state.
  std::vector<LogStep> log;               // As `StoredActor::log`.
};

/// Hears what others than this process have written. Thread-safe; called under no lock of the store.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  /// Somebody may have changed what is held of the actor. Told at least once for each such change.
  virtual void OnActorChanged(const ActorId& actor) = 0;
};

/// Where actors' states outlive their turns. Compare-and-swap on (epoch, revision) is the only write.
///
/// Loads and commits of one actor are decided in the order of their calls, and their callbacks run in that
/// order, one after the other: the caller has one call after the other, without waiting in between.
///
/// Errors. `ABORTED`: somebody else has written, and nothing of the record was. `RESOURCE_EXHAUSTED`: no
/// room, nothing was written. `DATA_LOSS`: what is held cannot be read. `UNAVAILABLE`: the store cannot be
/// reached; a commit that ends so was not written, and will not be: a store finds out what became of it
/// before it answers, as long as that takes. After any error of a commit nothing of the record is written.
///
/// Thread-safe. Callbacks run exactly once, on any thread, also inside the call. Destruction answers what is
/// still asked first.
class Store {
 public:
  using LoadDone = absl::AnyInvocable<void(absl::StatusOr<std::optional<StoredActor>>)>;
  using CommitDone = absl::AnyInvocable<void(absl::Status)>;
  using PastDone = absl::AnyInvocable<void(absl::StatusOr<std::optional<StoredPast>>)>;
  using ScanDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<ActorHead>>)>;
  using DueDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<DueActor>>)>;

  virtual ~Store() = default;

  /// What is held of the actor, or nothing when there is none.
  virtual void Load(const ActorId& actor, LoadDone done) = 0;

  /// As `Load`, but patches up to the snapshot's revision, which the state does not need, may be left where
  /// they are: then `log` begins after it, and `earlier` has what is told of the steps before. A store that
  /// keeps a long log may save most of the reading.
  virtual void LoadRecent(const ActorId& actor, LoadDone done) { Load(actor, std::move(done)); }

  /// Writes the record; durably, when it says that it did.
  virtual void Commit(CommitRecord record, CommitDone done) = 0;

  /// All that is held of the actor's past; nothing where there is no such actor, or it was destroyed.
  virtual void LoadPast(const ActorId& actor, PastDone done) = 0;

  /// At most `limit` actors after `after`, ordered by (type, key); all that come after an empty id.
  virtual void Scan(const ActorId& after, std::size_t limit, ScanDone done) = 0;

  /// At most `limit` actors whose next reminder is due at `until` or before, the earliest first.
  virtual void FindDue(absl::Time until, std::size_t limit, DueDone done) = 0;

  /// Told from now on of what others write, where a store can be written to by others. Null: nobody is told;
  /// when this returns the one before is not called any more.
  virtual void SetChangeListener(ChangeListener* /*listener*/) {}
};

}  // namespace onager::store

#endif  // ONAGER_RUNTIME_STORE_STORE_H_
