#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/actor/actor_cell.h"
#include "runtime/store/coalesce.h"

// What is committed, and how durably.
namespace onager::actor {
namespace {

// A stored snapshot is renewed when the patches after it are larger than it, and than this, or more than so
// many, and than one for so many of its bytes: a load reads at most about twice the state, and a commit's
// cost does not depend on the state's size but once in a while.
constexpr std::size_t kPatchBytesBeforeSnapshotMin = 64u << 10;
constexpr std::size_t kPatchesBeforeSnapshotMin = 1024;
constexpr std::size_t kSnapshotBytesPerPatch = 256;

// What turns that wait for no store may leave unsent.
constexpr std::size_t kUnsentBytesMax = 256u << 10;
constexpr std::size_t kUnsentStepsMax = 1024;

}  // namespace

// Every record that is made is sent, in this order.
store::CommitRecord ActorCell::NewRecord(std::uint64_t base_revision) {
  store::CommitRecord record;
  record.actor = id_;
  record.epoch = epoch_;
  record.base_revision = base_revision;
  record.version = hosted_.type->version;
  if (persists_) {
    record.base_commit = std::exchange(base_commit_, runtime_.environment_.random.Next() | 1);
    record.commit = base_commit_;
  }
  return record;
}

// The state is that of the record's last revision.
void ActorCell::AddStep(store::CommitRecord& record, SharedBytes patch, SharedBytes events,
                        bool with_snapshot) {
  store::LogStep& step = record.steps.emplace_back();
  step.revision = revision_;
  step.patch = std::move(patch);
  step.events = std::move(events);
  step.committed_at = runtime_.environment_.clock.WallNow();
  if (persists_) log_extent_.Add(step);
  patch_bytes_since_snapshot_ += step.patch->size();
  ++patches_since_snapshot_;
  // Each change of version has a snapshot, also that from nothing to a later one than the first: it says what
  // the states after it mean.
  const bool first_of_later_version = persists_ && revision_ == 1 && hosted_.type->version > 1;
  if (with_snapshot || first_of_later_version ||
      patch_bytes_since_snapshot_ > std::max(kPatchBytesBeforeSnapshotMin, snapshot_bytes_) ||
      patches_since_snapshot_ >
          std::max(kPatchesBeforeSnapshotMin, snapshot_bytes_ / kSnapshotBytesPerPatch)) {
    AddSnapshot(record);
  }
}

void ActorCell::AddSnapshot(store::CommitRecord& record) {
  std::string snapshot;
  actor_->state_interface().EncodeStoredSnapshot(snapshot);
  snapshot_bytes_ = snapshot.size();
  patch_bytes_since_snapshot_ = 0;
  patches_since_snapshot_ = 0;
  record.snapshot = ShareBytes(std::move(snapshot));
  // What the process remembers of an actor that is not persisted has its history beside it.
  record.log_floor = persists_ ? log_extent_.Floor(runtime_.environment_.clock.WallNow()) : revision_;
}

// What a turn leaves besides its state: that its call has run, and what it has changed of the reminders.
void ActorCell::AddBeside(store::CommitRecord& record, const ActorCall& call, const std::string& result,
                          const std::vector<generated::ReminderChange>& reminders) {
  if (!persists_) return;
  const absl::Time now = runtime_.environment_.clock.WallNow();
  if (call.kind == ActorCall::Kind::kMethod && !call.id.empty() && call.streams == nullptr) {
    calls_.Add(call, result, revision_, now, record);
  }
  const bool reminded = call.kind == ActorCall::Kind::kReminder;
  if (reminders.empty() && !reminded) return;
  reminders_.Change(reminders, record);
  if (reminded) {
    ActorReminders::Due due;
    due.reminder = call.method;
    due.arguments = call.arguments;
    reminders_.Complete(due, reminders, now, record);
  }
  if (!reminder_due_) ArmReminders();
}

generated::Durability ActorCell::DurabilityOf(const ActorCall& call) const {
  if (!persists_) return generated::Durability::kSync;
  const generated::MethodInfo* method = MethodOf(call);
  return method != nullptr ? method->durability : hosted_.type->durability;
}

// Returns the commit that the gate waits for; 0: none.
std::uint64_t ActorCell::Commit(store::CommitRecord record, generated::Durability durability) {
  // Before anything is told of that the store does not have, the store knows that there may be such.
  if (durability != generated::Durability::kSync && !ahead_) {
    ahead_ = true;
    record.ahead = true;
    durability = generated::Durability::kSync;
  }
  if (unsent_.has_value()) {
    if (store::CanCoalesce(*unsent_, record)) {
      store::Coalesce(*unsent_, std::move(record));
      record = *std::exchange(unsent_, std::nullopt);
    } else {
      SendToStore(++last_commit_, *std::exchange(unsent_, std::nullopt), generated::Durability::kAsync);
    }
  }
  if (durability == generated::Durability::kMemory) {
    if (store::RecordBytes(record) <= kUnsentBytesMax && record.steps.size() <= kUnsentStepsMax) {
      unsent_ = std::move(record);
      return 0;
    }
    SendToStore(++last_commit_, std::move(record), generated::Durability::kAsync);
    return 0;
  }
  const std::uint64_t commit = ++last_commit_;
  SendToStore(commit, std::move(record), durability);
  return commit;
}

void ActorCell::CommitDestruction(GatedTurn& gated) {
  store::CommitRecord record = NewRecord(revision_);
  record.destroy = true;
  gated.commit = Commit(std::move(record), generated::Durability::kSync);
}

void ActorCell::SendToStore(std::uint64_t commit, store::CommitRecord record,
                            generated::Durability durability) {
  runtime_.OnCellBusy();  // Until `Committed` arrives.
  store::Store::CommitDone done = [self = shared_from_this(), generation = generation_,
                                   commit](absl::Status status) {
    self->Push(Committed{generation, commit, std::move(status)});
  };
  if (durability == generated::Durability::kSync) {
    store_.Commit(std::move(record), std::move(done));
  } else {
    runtime_.CommitBehind(std::move(record), std::move(done));
  }
}

// Reminders of which the actor knows nothing any more would be due for ever, and wake it again and again.
// Once: a commit that fails reloads the actor, and would be made again at once.
void ActorCell::DropUndeclaredReminders() {
  if (!persists_ || !reminders_.has_undeclared() || std::exchange(undeclared_dropped_, true)) return;
  store::CommitRecord record = NewRecord(revision_);
  const std::vector<std::string> names = reminders_.DropUndeclared(record);
  runtime_.log_.Log(LogLevel::kWarning, "reminders dropped that are not declared any more",
                    {{"actor", id_.type},
                     {"reminders", absl::StrJoin(names, ",")},
                     {"count", absl::StrCat(record.cancelled_reminders.size())}});
  (void)Commit(std::move(record), generated::Durability::kSync);
}

// What saves work for whoever loads the actor next, and whatever is not sent.
void ActorCell::CloseStored() {
  const bool with_snapshot = !stopping_ && revision_ > 0 && patch_bytes_since_snapshot_ > 0;
  if (!with_snapshot && !unsent_.has_value() && !ahead_) return;
  store::CommitRecord record =
      unsent_.has_value() ? *std::exchange(unsent_, std::nullopt) : NewRecord(revision_);
  if (with_snapshot) AddSnapshot(record);
  if (ahead_) record.ahead = false;
  ahead_ = false;
  runtime_.OnCellBusy();
  store_.Commit(std::move(record),
                [self = shared_from_this()](const absl::Status& /*status*/) { self->runtime_.OnCellIdle(); });
}

}  // namespace onager::actor
