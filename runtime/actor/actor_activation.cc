#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/actor_cell.h"
#include "runtime/actor/turn_context.h"
#include "runtime/wire/error_details.h"

// An instance's beginning and end.
namespace onager::actor {
namespace {

absl::Status Terminated(const ActorId& id) {
  return wire::WithReason(absl::NotFoundError(absl::StrCat(id.ToString(), " was destroyed")),
                          "ACTOR_TERMINATED");
}

// Whether the snapshot and the log make up the state.
bool IsWhole(const store::StoredActor& stored) {
  const std::uint64_t from = stored.snapshot.revision;
  if (from > stored.revision || (stored.snapshot.state == nullptr && from != 0)) return false;
  if (stored.log.empty()) return from == stored.revision;
  std::uint64_t expected = stored.log.front().revision;
  if (expected == 0 || expected > from + 1) return false;
  for (const store::LogStep& step : stored.log) {
    if (step.revision != expected++ || step.patch == nullptr) return false;
  }
  return stored.log.back().revision == stored.revision;
}

}  // namespace

void ActorCell::BeginLoading() {
  phase_ = Phase::kLoading;
  runtime_.OnCellBusy();  // Until `Loaded` arrives.
  runtime_.store_.Load(id_,
                       [self = shared_from_this()](absl::StatusOr<std::optional<store::StoredActor>> stored) {
                         self->Push(Loaded{std::move(stored)});
                       });
}

void ActorCell::Handle(Loaded& event) {
  runtime_.OnCellIdle();
  if (stopping_) {
    phase_ = Phase::kCold;
    return;
  }
  absl::Status status = event.stored.status();
  if (status.ok()) {
    try {
      status = LoadInstance(*std::move(event.stored));
    } catch (...) {  // The user's constructor.
      status = internal::StatusOfCurrentException();
    }
  }
  if (!status.ok()) return FailActivation(status);
  phase_ = Phase::kActivating;
  OpenHistory();
  if (migrated_) CommitMigration();
  auto call = std::make_shared<ActorCall>();
  call->kind = ActorCall::Kind::kActivation;
  call->actor = id_;
  StartTurn(std::move(call), TurnKind::kWhole);
}

absl::Status ActorCell::LoadInstance(std::optional<store::StoredActor> stored) {
  actor_ = hosted_.make();
  if (actor_ == nullptr) return absl::InternalError(absl::StrCat("no instance of ", id_.type, " was made"));
  counters_->instances.fetch_add(1);
  ++generation_;
  if (absl::Status bound = actor_->BindKey(id_.key); !bound.ok()) return bound;
  snapshot_bytes_ = 0;
  patch_bytes_since_snapshot_ = 0;
  migrated_ = false;
  const bool destroyed = stored.has_value() && stored->destroyed;
  if (!stored.has_value() || destroyed) {
    // When revisions were published that the store does not know any more, their numbers must not be given
    // to others.
    const bool history_lost =
        (history_ != nullptr && history_->head().revision > 0) || (destroyed && epoch_ == stored->epoch);
    if (epoch_ == 0 || history_lost) epoch_ = runtime_.environment_.random.Next() | 1;
    while (destroyed && epoch_ == stored->epoch) epoch_ = runtime_.environment_.random.Next() | 1;
    revision_ = 0;
    return absl::OkStatus();
  }
  if (absl::Status loaded = LoadState(*stored); !loaded.ok()) return loaded;
  epoch_ = stored->epoch;
  revision_ = stored->revision;
  return MigrateState(std::max<std::uint32_t>(stored->version, 1));
}

absl::Status ActorCell::LoadState(const store::StoredActor& stored) {
  if (!IsWhole(stored))
    return absl::DataLossError(absl::StrCat("the stored state of ", id_.ToString(), " has a hole"));
  generated::StateInterface& state = actor_->state_interface();
  if (stored.snapshot.state != nullptr) {
    if (absl::Status loaded = state.LoadSnapshot(*stored.snapshot.state); !loaded.ok()) return loaded;
    snapshot_bytes_ = stored.snapshot.state->size();
  }
  for (const store::LogStep& step : stored.log) {
    if (step.revision <= stored.snapshot.revision) continue;
    if (absl::Status applied = state.ApplyPatch(*step.patch); !applied.ok()) return applied;
    patch_bytes_since_snapshot_ += step.patch->size();
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
    history_ = std::make_shared<ActorHistory>(*hosted_.type->state, runtime_.options_.replay, head);
    observed_ = std::make_unique<ObservedParts>(*hosted_.type, id_.key, history_,
                                                runtime_.options_.replay.age_max, revision_);
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
  std::string bytes;
  if (!state.EncodePatch(bytes)) return state.Commit();
  const SharedBytes patch = ShareBytes(std::move(bytes));
  GatedTurn turn;
  turn.shown = Show(patch, {});
  state.Commit();
  turn.activates = true;
  turn.revision = ++revision_;
  gate_.push_back(std::move(turn));
  Commit(patch, nullptr, /*with_snapshot=*/true);
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
}

void ActorCell::FailActivation(const absl::Status& status) {
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
  ++generation_;  // Whatever of this instance is still under way is stale.
  actor_.reset();
  counters_->instances.fetch_sub(1);
}

void ActorCell::Reload() {
  DropInstance();
  BeginLoading();
}

bool ActorCell::MayDeactivate() const {
  if (!gate_.empty() || !held_calls_.empty()) return false;
  return stopping_ || (idle_ && !observed_->observed());
}

void ActorCell::Deactivate() {
  if (!stopping_ && revision_ > 0 && patch_bytes_since_snapshot_ > 0) {
    std::string snapshot;
    actor_->state_interface().EncodeStoredSnapshot(snapshot);
    store::CommitRecord record;
    record.base_revision = revision_;
    record.snapshot = ShareBytes(std::move(snapshot));
    record.log_floor = revision_;
    SendBeside(std::move(record));
  }
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
