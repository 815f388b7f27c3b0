#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/actor_cell.h"
#include "runtime/actor/stored_state.h"
#include "runtime/actor/turn_context.h"
#include "runtime/wire/error_details.h"

// An instance's beginning and end.
namespace onager::actor {
namespace {

absl::Status Terminated(const ActorId& id) {
  return wire::WithReason(absl::NotFoundError(absl::StrCat(id.ToString(), " was destroyed")),
                          "ACTOR_TERMINATED");
}

constexpr absl::Duration kReminderLookMax = absl::Minutes(10);

// Activations in a row that somebody else's commit undoes, before it is given up.
constexpr int kActivationConflictsMax = 16;

}  // namespace

void ActorCell::BeginLoading(bool catches_up) {
  phase_ = Phase::kLoading;
  runtime_.OnCellBusy();  // Until `Loaded` arrives.
  AskToLoad([self = shared_from_this(), catches_up](absl::StatusOr<LoadGate::Place> place) {
    if (!place.ok()) return self->Push(Loaded{place.status(), catches_up, {}});
    auto read = [self, catches_up, place = *std::move(place)](auto stored) mutable {
      self->Push(Loaded{std::move(stored), catches_up, std::move(place)});
    };
    // An instance that lives may have to go on before the newest snapshot.
    if (catches_up) return self->store_.Load(self->id_, std::move(read));
    self->store_.LoadRecent(self->id_, std::move(read));
  });
}

// What is in the process's memory anyway needs no place, and must not wait for a store that is slow.
void ActorCell::AskToLoad(LoadGate::Admitted admitted) {
  if (!persists_) return admitted(LoadGate::Place());
  runtime_.load_gate_->Enter(std::move(admitted));
}

void ActorCell::Handle(Loaded& event) {
  runtime_.OnCellIdle();
  if (stopping_) {
    phase_ = event.catches_up ? Phase::kActive : Phase::kCold;
    return;
  }
  if (event.catches_up) return CatchUp(std::move(event.stored));
  if (!event.stored.ok()) return FailActivation(event.stored.status());
  Activate(*std::move(event.stored));
}

void ActorCell::Activate(std::optional<store::StoredActor> stored) {
  absl::Status status;
  std::vector<store::LogStep> missed;
  try {
    status = LoadInstance(stored, missed);
  } catch (...) {  // The user's constructor.
    status = internal::StatusOfCurrentException();
  }
  if (!status.ok()) return FailActivation(status);
  phase_ = Phase::kActivating;
  OpenHistory();
  if (stored.has_value() && !stored->destroyed) {
    if (persists_) history_->RestoreEvents(*stored);
    if (status = ShowMissed(missed); !status.ok()) return FailActivation(status);
    if (epoch_ != stored->epoch) CommitEpoch(*stored);
    try {
      status = MigrateState(std::max<std::uint32_t>(stored->version, 1));
    } catch (...) {
      status = internal::StatusOfCurrentException();
    }
    if (!status.ok()) return FailActivation(status);
  }
  if (migrated_) CommitMigration();
  auto call = std::make_shared<ActorCall>();
  call->kind = ActorCall::Kind::kActivation;
  call->actor = id_;
  StartTurn(std::move(call), TurnKind::kWhole);
}

// `missed` are the last steps of what is stored, which are not applied: those who observe the actor were told
// of everything before them, and are to be shown these.
absl::Status ActorCell::LoadInstance(const std::optional<store::StoredActor>& stored,
                                     std::vector<store::LogStep>& missed) {
  actor_ = hosted_.make();
  if (actor_ == nullptr) return absl::InternalError(absl::StrCat("no instance of ", id_.type, " was made"));
  counters_->instances.fetch_add(1);
  ++generation_;
  if (absl::Status bound = actor_->BindKey(id_.key); !bound.ok()) return bound;
  snapshot_bytes_ = 0;
  patch_bytes_since_snapshot_ = 0;
  patches_since_snapshot_ = 0;
  migrated_ = false;
  unsent_.reset();
  ahead_ = false;
  changed_outside_ = false;
  const bool destroyed = stored.has_value() && stored->destroyed;
  if (!stored.has_value() || destroyed) {
    // When revisions were published that the store does not know any more, their numbers must not be given
    // to others.
    const bool history_lost =
        (history_ != nullptr && history_->head().revision > 0) || (destroyed && epoch_ == stored->epoch);
    if (epoch_ == 0 || history_lost) epoch_ = runtime_.environment_.random.Next() | 1;
    while (destroyed && epoch_ == stored->epoch) epoch_ = runtime_.environment_.random.Next() | 1;
    revision_ = 0;
    base_commit_ = 0;
    LoadBeside(store::StoredActor());
    return absl::OkStatus();
  }
  epoch_ = stored->epoch;
  revision_ = stored->revision;
  // What was told of and is not here must not be told again as something else.
  const session::Position told = history_ == nullptr ? session::Position() : history_->head();
  const bool lost = stored->ahead || (told.epoch == epoch_ && told.revision > revision_);
  if (lost) epoch_ = NewEpoch(stored->epoch);
  if (told.epoch == epoch_ && told.revision < revision_ && told.revision >= stored->snapshot.revision) {
    revision_ = told.revision;
  }
  base_commit_ = stored->commit;
  LoadBeside(*stored);
  return LoadState(*stored, missed);
}

// What is kept beside the state.
void ActorCell::LoadBeside(const store::StoredActor& stored) {
  if (!persists_) return;
  calls_.Load(stored.calls);
  reminders_.Load(stored.reminders);
  log_extent_.Load(stored);
}

std::uint64_t ActorCell::NewEpoch(std::uint64_t other_than) const {
  std::uint64_t epoch = 0;
  do {
    epoch = runtime_.environment_.random.Next() | 1;
  } while (epoch == other_than);
  return epoch;
}

absl::Status ActorCell::LoadState(const store::StoredActor& stored, std::vector<store::LogStep>& missed) {
  if (!IsWhole(stored))
    return absl::DataLossError(absl::StrCat("the stored state of ", id_.ToString(), " has a hole"));
  generated::StateInterface& state = actor_->state_interface();
  if (stored.snapshot.state != nullptr) {
    if (absl::Status loaded = state.LoadSnapshot(*stored.snapshot.state); !loaded.ok()) return loaded;
    snapshot_bytes_ = stored.snapshot.state->size();
  }
  for (const store::LogStep& step : stored.log) {
    if (step.revision <= stored.snapshot.revision) continue;
    if (step.revision > revision_) {
      missed.push_back(step);
      continue;
    }
    if (absl::Status applied = state.ApplyPatch(*step.patch); !applied.ok()) return applied;
    patch_bytes_since_snapshot_ += step.patch->size();
    ++patches_since_snapshot_;
  }
  return absl::OkStatus();
}

// Leaves what it changes as an open turn.
absl::Status ActorCell::MigrateState(std::uint32_t from) {
  const std::uint32_t to = hosted_.type->version;
  if (from > to) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the stored state of ", id_.ToString(), " is of version ", from, ", which is newer than version ", to,
        " that this server knows: it was written by a newer server"));
  }
  for (std::uint32_t version = from; version < to; ++version) {
    if (absl::Status migrated = actor_->Migrate(version); !migrated.ok()) {
      return absl::Status(migrated.code(),
                          absl::StrCat("the state of ", id_.ToString(), " could not be brought from version ",
                                       version, " to ", version + 1, ": ", migrated.message()));
    }
  }
  migrated_ = from < to;
  return absl::OkStatus();
}

void ActorCell::OpenHistory() {
  const session::Position head{epoch_, revision_};
  if (history_ == nullptr) {
    history_ = std::make_shared<ActorHistory>(*hosted_.type->state, replay_, head);
    observed_ = std::make_unique<ObservedParts>(*hosted_.type, id_.key, history_, replay_.age_max, revision_);
  } else if (history_->head() == head) {
    history_->Continue();
    observed_->ForgetHashes();
  } else {
    // After a failed commit the store's state is the history's head, unless somebody else wrote: then the
    // history that is told is not the one that goes on here.
    history_->Restart(head);
    observed_->ForgetHashes();
  }
  history_->ServeSnapshots(
      [weak = weak_from_this()](const std::shared_ptr<ViewLog>& view, ActorHistory::Wanted wanted) {
        if (const auto self = weak.lock()) self->RequestSnapshot(view, wanted);
      });
}

// A revision like any other, so that whoever observed the state before its migration is told what it changed.
void ActorCell::CommitMigration() {
  migrated_ = false;
  generated::StateInterface& state = actor_->state_interface();
  (void)actor_->TakeEvents();
  (void)actor_->TakeReminders();
  std::string bytes;
  GatedTurn turn;
  turn.activates = true;
  store::CommitRecord record;
  if (state.EncodePatch(bytes)) {
    const SharedBytes patch = ShareBytes(std::move(bytes));
    turn.shown = Show(patch, {});
    state.Commit();
    turn.revision = ++revision_;
    record = NewRecord(revision_ - 1);
    AddStep(record, patch, nullptr, /*with_snapshot=*/true);
  } else {
    state.Commit();
    if (!persists_) return;
    // The snapshot says from where on the state means what it means now.
    turn.revision = revision_;
    record = NewRecord(revision_);
    AddSnapshot(record);
  }
  turn.commit = Commit(std::move(record), generated::Durability::kSync);
  gate_.push_back(std::move(turn));
}

// The epoch that is stored does not go on here; nothing is told before the store knows of the new one.
void ActorCell::CommitEpoch(const store::StoredActor& stored) {
  store::CommitRecord record = NewRecord(revision_);
  record.epoch = stored.epoch;
  record.version = stored.version;
  record.next_epoch = epoch_;
  record.ahead = false;
  AddSnapshot(record);
  log_extent_.Restart(revision_);
  GatedTurn turn;
  turn.activates = true;
  turn.revision = revision_;
  turn.commit = Commit(std::move(record), generated::Durability::kSync);
  gate_.push_back(std::move(turn));
}

void ActorCell::BecomeActive() {
  phase_ = Phase::kActive;
  activated_ = true;
  counters_->activations.fetch_add(1);
  const Time now = runtime_.environment_.clock.Now();
  activated_at_ = last_used_ = now;
  idle_ = false;
  ArmIdleTimer(now);
  ArmTimers();
  reminder_due_ = false;
  ArmReminders();
  DropUndeclaredReminders();
  MutexLock lock(mutex_);
  wanted_awake_ = false;
}

// Somebody else has written between the load and the commit: what they wrote is to be loaded.
void ActorCell::FailActivationUnlessConflict(const absl::Status& status) {
  if (persists_ && absl::IsAborted(status) && ++activation_conflicts_ <= kActivationConflictsMax) {
    return Reload();
  }
  FailActivation(status);
}

void ActorCell::FailActivation(const absl::Status& status) {
  activation_conflicts_ = 0;
  phase_ = Phase::kFailed;
  failure_ = status;
  counters_->failed_activations.fetch_add(1);
  DropInstance();
  RefuseAll(status);
  // Who observed the actor before its state could not be loaded again: `UNAVAILABLE` lets clients try again.
  if (history_ != nullptr) history_->End(status);
}

void ActorCell::DropInstance() {
  if (actor_ == nullptr) return;
  // What they lack will not be committed.
  ServePast(std::exchange(past_waiters_, {}), std::nullopt);
  if (std::exchange(activated_, false)) {
    try {
      actor_->OnDeactivate();
    } catch (...) {
      counters_->failed_hooks.fetch_add(1);
    }
    counters_->deactivations.fetch_add(1);
  }
  Timers& timers = runtime_.environment_.timers;
  for (const ActorTimer& timer : timers_) {
    if (timer.id != 0) timers.Cancel(timer.id);
  }
  timers_.clear();
  if (idle_timer_ != 0) timers.Cancel(std::exchange(idle_timer_, 0));
  if (reminder_timer_ != 0) timers.Cancel(std::exchange(reminder_timer_, 0));
  ++generation_;  // Whatever of this instance is still under way is stale.
  actor_.reset();
  counters_->instances.fetch_sub(1);
}

void ActorCell::Reload() {
  DropInstance();
  BeginLoading();
}

bool ActorCell::MayDeactivate() const {
  if (!gate_.empty() || !held_calls_.empty() || past_loading_) return false;
  if (stopping_) return true;
  if (!idle_ || observed_->observed() || reminder_due_) return false;
  const std::optional<absl::Time> reminder = reminders_.next_due();
  return !reminder.has_value() ||
         *reminder > runtime_.environment_.clock.WallNow() + ActorRuntime::kReminderHorizon;
}

void ActorCell::Deactivate() {
  CloseStored();
  DropInstance();
  phase_ = Phase::kCold;
}

// The destruction is durable: what observers had is over, and whoever waits in the mailbox finds a new actor.
void ActorCell::EndActor() {
  DropInstance();
  counters_->destroyed.fetch_add(1);
  history_->End(Terminated(id_));
  history_.reset();
  observed_.reset();
  snapshots_due_.clear();
  committed_.clear();
  epoch_ = 0;
  revision_ = 0;
  phase_ = Phase::kCold;
}

void ActorCell::NoteUse() {
  const Time now = runtime_.environment_.clock.Now();
  last_used_ = now;
  if (std::exchange(idle_, false)) ArmIdleTimer(now);
}

// One timer at a time, which looks when the actor was used: a call costs no timer.
void ActorCell::ArmIdleTimer(Time now) {
  const Duration timeout = runtime_.options_.idle_timeout;
  if (timeout >= kNever - now || idle_timer_ != 0) return;
  idle_timer_ = runtime_.environment_.timers.At(std::max(now, last_used_ + timeout),
                                                [weak = weak_from_this(), generation = generation_] {
                                                  if (const auto self = weak.lock())
                                                    self->Push(IdleChecked{generation});
                                                });
}

void ActorCell::Handle(IdleChecked& event) {
  if (event.generation != generation_) return;
  idle_timer_ = 0;
  const Time now = runtime_.environment_.clock.Now();
  if (observed_->observed() || !open_.empty()) last_used_ = now;
  idle_ = now - last_used_ >= runtime_.options_.idle_timeout;
  if (!idle_) ArmIdleTimer(now);
}

void ActorCell::ArmTimers() {
  for (const generated::TimerInfo& timer : hosted_.type->timers) {
    timers_.emplace_back().period = std::max(absl::ToChronoNanoseconds(timer.period), Duration(1));
  }
  for (std::size_t i = 0; i < timers_.size(); ++i) ArmTimer(i);
}

// Looks again now and then, as the wall clock may be put.
void ActorCell::ArmReminders() {
  Timers& timers = runtime_.environment_.timers;
  if (reminder_timer_ != 0) timers.Cancel(std::exchange(reminder_timer_, 0));
  const std::optional<absl::Time> next = reminders_.next_due();
  if (!next.has_value()) return;
  const absl::Duration wait =
      std::clamp(*next - runtime_.environment_.clock.WallNow(), absl::ZeroDuration(), kReminderLookMax);
  reminder_timer_ = timers.At(runtime_.environment_.clock.Now() + absl::ToChronoNanoseconds(wait),
                              [weak = weak_from_this(), generation = generation_] {
                                if (const auto self = weak.lock()) self->Push(ReminderFired{generation});
                              });
}

void ActorCell::Handle(ReminderFired& event) {
  if (event.generation != generation_ || stopping_) return;
  reminder_timer_ = 0;
  reminder_due_ = true;
}

// At the next multiple of the period: a turn that is late does not shift those after it.
void ActorCell::ArmTimer(std::size_t timer) {
  ActorTimer& entry = timers_[timer];
  const Time now = runtime_.environment_.clock.Now();
  const Duration wait = entry.period - (now - activated_at_) % entry.period;
  if (wait >= kNever - now) return;
  entry.id =
      runtime_.environment_.timers.At(now + wait, [weak = weak_from_this(), timer, generation = generation_] {
        if (const auto self = weak.lock()) self->Push(TimerFired{generation, timer});
      });
}

void ActorCell::Handle(TimerFired& event) {
  if (event.generation != generation_ || stopping_) return;
  timers_[event.timer].due = true;
  ArmTimer(event.timer);
}

}  // namespace onager::actor
