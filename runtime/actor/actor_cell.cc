#include "runtime/actor/actor_cell.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/turn_context.h"
#include "runtime/wire/error_details.h"

namespace onager::actor {
namespace {

// A run gives the executor back to others after so many steps.
constexpr int kStepsPerRun = 64;

// A stored snapshot is renewed when the patches after it are larger than it, and than this: recovery reads at
// most about twice the state, and a commit's cost does not depend on the state's size but once in a while.
constexpr std::size_t kPatchBytesBeforeSnapshotMin = 64u << 10;

absl::Status Stopped() { return absl::UnavailableError("the server is shutting down"); }

absl::Status MailboxFull(const ActorId& id) {
  return wire::WithRetryDelay(
      absl::ResourceExhaustedError(absl::StrCat("the mailbox of ", id.ToString(), " is full")),
      std::chrono::milliseconds(100));
}

absl::Status TooManyEvents(const ActorId& id) {
  return absl::ResourceExhaustedError(
      absl::StrCat("a turn of ", id.ToString(), " emitted more than ", generated::kEventsPerTurnMax,
                   " events or ", generated::kEventBytesPerTurnMax, " bytes of them; it was undone"));
}

}  // namespace

ActorCell::ActorCell(ActorRuntime& runtime, ActorId id, const HostedType& hosted)
    : runtime_(runtime), id_(std::move(id)), hosted_(hosted) {}

ActorCell::~ActorCell() = default;

void ActorCell::Call(std::shared_ptr<ActorCall> call) {
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    if (stopped_) {
      refusal = Stopped();
    } else if (mailbox_.size() >= runtime_.options_.mailbox_max) {
      refusal = MailboxFull(id_);
    } else {
      mailbox_.push_back(std::move(call));
      ScheduleLocked();
      return;
    }
  }
  Answer(call, std::move(refusal));
}

void ActorCell::OpenFeed(std::string filter, std::string view, ActorRuntime::FeedDone done) {
  {
    MutexLock lock(mutex_);
    if (!stopped_) {
      feed_waiters_.push_back({std::move(filter), std::move(view), std::move(done)});
      ScheduleLocked();
      return;
    }
  }
  done(Stopped());
}

void ActorCell::RequestSnapshot(std::shared_ptr<ViewLog> view) { Push(SnapshotRequested{std::move(view)}); }

void ActorCell::Stop() { Push(StopRequested{}); }

void ActorCell::Push(Event event) {
  MutexLock lock(mutex_);
  events_.push_back(std::move(event));
  ScheduleLocked();
}

void ActorCell::ScheduleLocked() {
  if (scheduled_) return;
  scheduled_ = true;
  runtime_.OnCellBusy();
  runtime_.environment_.executor.Post([self = shared_from_this()] { self->Run(); });
}

void ActorCell::Run() {
  for (int step = 0; step < kStepsPerRun; ++step) {
    if (!RunOne()) return;
  }
  runtime_.environment_.executor.Post([self = shared_from_this()] { self->Run(); });
}

// Takes one event or starts one turn. False when there is nothing to do now; then this run is over.
bool ActorCell::RunOne() {
  std::optional<Event> event;
  std::optional<FeedWaiter> waiter;
  std::shared_ptr<ActorCall> call;
  {
    MutexLock lock(mutex_);
    const bool work_waits = !mailbox_.empty() || !feed_waiters_.empty();
    if (!events_.empty()) {
      event = std::move(events_.front());
      events_.pop_front();
    } else if (phase_ == Phase::kActive && !feed_waiters_.empty()) {
      waiter = std::move(feed_waiters_.front());
      feed_waiters_.pop_front();
    } else if (phase_ == Phase::kActive && !turn_open_ && !mailbox_.empty()) {
      call = std::move(mailbox_.front());
      mailbox_.pop_front();
      turn_open_ = true;
    } else if (phase_ != Phase::kCold || !work_waits || stopped_) {
      scheduled_ = false;
    }
    if (!scheduled_) {
      // The cell counts as busy as long as a turn is open: `OnCellIdle` is called under the lock, so that a
      // shutdown which sees it idle knows that nothing of it runs any more.
      runtime_.OnCellIdle();
      return false;
    }
  }
  if (event.has_value()) {
    std::visit([this](auto& kind) { Handle(kind); }, *event);
  } else if (waiter.has_value()) {
    ServeFeed(*std::move(waiter));
  } else if (call != nullptr) {
    StartTurn(std::move(call));
  } else {
    BeginLoading();
  }
  return true;
}

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
  absl::Status status = event.stored.status();
  if (status.ok()) {
    try {
      status = Activate(*std::move(event.stored));
    } catch (...) {  // The user's constructor.
      status = internal::StatusOfCurrentException();
    }
  }
  if (status.ok()) {
    BecomeActive();
  } else {
    FailActivation(status);
  }
}

absl::Status ActorCell::Activate(std::optional<store::StoredActor> stored) {
  actor_ = hosted_.make();
  if (actor_ == nullptr) return absl::InternalError(absl::StrCat("no instance of ", id_.type, " was made"));
  if (absl::Status bound = actor_->BindKey(id_.key); !bound.ok()) return bound;
  ++generation_;
  snapshot_bytes_ = 0;
  patch_bytes_since_snapshot_ = 0;
  migrated_ = false;
  if (!stored.has_value()) {
    // When revisions were published that the store does not know any more, their numbers must not be given
    // to others.
    const bool history_lost = history_ != nullptr && history_->head().revision > 0;
    if (epoch_ == 0 || history_lost) epoch_ = runtime_.environment_.random.Next() | 1;
    revision_ = 0;
    return absl::OkStatus();
  }
  if (absl::Status loaded = LoadState(*stored); !loaded.ok()) return loaded;
  epoch_ = stored->epoch;
  revision_ = stored->revision;
  return MigrateState(std::max<std::uint32_t>(stored->version, 1));
}

absl::Status ActorCell::LoadState(const store::StoredActor& stored) {
  const bool whole = stored.revision >= stored.snapshot_revision &&
                     stored.revision - stored.snapshot_revision == stored.patches.size() &&
                     (stored.snapshot != nullptr || stored.snapshot_revision == 0);
  if (!whole) return absl::DataLossError(absl::StrCat("the stored state of ", id_.ToString(), " has a hole"));
  generated::StateInterface& state = actor_->state_interface();
  if (stored.snapshot != nullptr) {
    if (absl::Status loaded = state.LoadSnapshot(*stored.snapshot); !loaded.ok()) return loaded;
    snapshot_bytes_ = stored.snapshot->size();
  }
  for (const SharedBytes& patch : stored.patches) {
    if (absl::Status applied = state.ApplyPatch(*patch); !applied.ok()) return applied;
    patch_bytes_since_snapshot_ += patch->size();
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

void ActorCell::BecomeActive() {
  phase_ = Phase::kActive;
  const session::Position head{epoch_, revision_};
  if (history_ == nullptr) {
    history_ =
        std::make_shared<ActorHistory>(*hosted_.type->state, runtime_.options_.replay, head,
                                       [weak = weak_from_this()](const std::shared_ptr<ViewLog>& view) {
                                         if (const auto self = weak.lock()) self->RequestSnapshot(view);
                                       });
    observed_ = std::make_unique<ObservedParts>(*hosted_.type, id_.key, history_,
                                                runtime_.options_.replay.age_max, revision_);
  } else if (history_->head() == head) {
    history_->Continue();
  } else {
    // After a failed commit the store's state is the history's head, unless somebody else wrote: then the
    // history that is told is not the one that goes on here.
    history_->Restart(head);
  }
  if (migrated_) CommitMigration();
  if (!snapshots_due_.empty()) TakeSnapshots();
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
  turn.revision = ++revision_;
  gate_.push_back(std::move(turn));
  Commit(patch, nullptr, /*with_snapshot=*/true);
}

void ActorCell::ServeFeed(FeedWaiter waiter) {
  waiter.done(observed_->Open(waiter.filter, waiter.view, revision_, runtime_.environment_.clock.Now()));
}

void ActorCell::FailActivation(const absl::Status& status) {
  phase_ = Phase::kFailed;
  actor_.reset();
  runtime_.Forget(*this);
  std::deque<std::shared_ptr<ActorCall>> calls;
  std::deque<FeedWaiter> waiters;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    calls.swap(mailbox_);
    waiters.swap(feed_waiters_);
  }
  for (const std::shared_ptr<ActorCall>& call : calls) Answer(call, status);
  for (FeedWaiter& waiter : waiters) waiter.done(status);
  // Who observed the actor before its state could not be loaded again: `UNAVAILABLE` lets clients try again.
  if (history_ != nullptr) history_->End(status);
}

void ActorCell::StartTurn(std::shared_ptr<ActorCall> call) {
  open_turn_ = std::make_shared<TurnContext>(runtime_.environment_, call->principal, call->deadline);
  bool cancelled = false;
  {
    MutexLock lock(call->mutex_);
    cancelled = call->cancelled_;
    call->turn_ = open_turn_;
  }
  open_call_ = std::move(call);
  if (cancelled) return EndTurn(absl::CancelledError("the call was cancelled before its turn"));
  if (runtime_.environment_.clock.Now() >= open_call_->deadline) {
    return EndTurn(absl::DeadlineExceededError("the deadline passed before the call's turn came"));
  }
  // What earlier turns did, and items may tell of, is not committed.
  if (open_call_->streams != nullptr && !gate_.empty()) open_call_->streams->Hold();
  (void)actor_->TakeEvents();  // Of what the actor's code did between turns.
  runtime_.OnCellBusy();       // Until `TurnEnded` arrives.
  const auto dispatch = [this]() -> Task<std::string> {
    try {
      if (open_call_->streams != nullptr) {
        return actor_->DispatchStreamed(*open_turn_, open_call_->method, open_call_->arguments,
                                        *open_call_->streams);
      }
      return actor_->Dispatch(*open_turn_, open_call_->method, open_call_->arguments);
    } catch (...) {  // A handler that is a plain function throws here already.
      return internal::StatusOfCurrentException();
    }
  };
  dispatch().Start([self = shared_from_this()](absl::StatusOr<std::string> result) {
    self->Push(TurnEnded{std::move(result)});
  });
}

void ActorCell::Handle(TurnEnded& event) {
  runtime_.OnCellIdle();
  EndTurn(std::move(event.result));
}

void ActorCell::EndTurn(absl::StatusOr<std::string> result) {
  std::shared_ptr<ActorCall> call = std::move(open_call_);
  {
    MutexLock lock(call->mutex_);
    call->turn_.reset();
  }
  open_turn_.reset();
  if (call->streams != nullptr) call->streams->Finish();
  {
    MutexLock lock(mutex_);
    turn_open_ = false;
  }
  if (failed_commit_.has_value()) {
    // The turn ran on a state that was never committed.
    const absl::Status status = *std::exchange(failed_commit_, std::nullopt);
    Answer(call, status);
    actor_.reset();
    BeginLoading();
    return;
  }
  generated::StateInterface& state = actor_->state_interface();
  generated::TurnEvents events = actor_->TakeEvents();
  if (result.ok() && events.too_many) result = TooManyEvents(id_);
  std::string bytes;
  bool state_changed = false;
  GatedTurn turn;
  SharedBytes patch;
  if (!result.ok()) {
    state.Rollback();
  } else if (state_changed = state.EncodePatch(bytes); !state_changed && events.count == 0) {
    state.Commit();
  } else if (absl::Status readable = state.CheckPatch(); !readable.ok()) {
    state.Rollback();
    result = std::move(readable);
  } else if (hosted_.type->methods[call->method].readonly) {
    state.Rollback();
    result = absl::InternalError(absl::StrCat(std::string(hosted_.type->methods[call->method].name),
                                              " is [readonly] and changed the state or emitted an event; "
                                              "that was undone"));
  } else {
    patch = ShareBytes(std::move(bytes));
    turn.shown = Show(state_changed ? patch : nullptr, std::move(events));
    state.Commit();
    ++revision_;
  }
  auto outcome = std::make_shared<session::CallOutcome>();
  outcome->status = result.status();
  if (result.ok()) outcome->result = ShareBytes(*std::move(result));
  outcome->revision = revision_;
  outcome->epoch = epoch_;
  outcome->actor = id_;
  outcome->stream = call->streams;

  turn.call = std::move(call);
  turn.outcome = std::move(outcome);
  turn.revision = revision_;
  turn.committed = !turn.shown.has_value();
  const SharedBytes committed_events = turn.committed ? nullptr : turn.shown->events;
  gate_.push_back(std::move(turn));
  if (patch != nullptr) {
    Commit(std::move(patch), committed_events, /*with_snapshot=*/false);
  } else {
    ReleaseGate();
  }
  if (!snapshots_due_.empty()) TakeSnapshots();
}

// What the open turn shows to those who observe the actor; `patch` is null when the state did not change.
ShownCommit ActorCell::Show(const SharedBytes& patch, generated::TurnEvents events) {
  ShownCommit shown = observed_->Show(actor_->state_interface(), patch, runtime_.environment_.clock.Now());
  shown.event_count = events.count;
  if (events.count > 0) shown.events = ShareBytes(std::move(events.records));
  return shown;
}

void ActorCell::Commit(SharedBytes patch, SharedBytes events, bool with_snapshot) {
  store::CommitRecord record;
  record.actor = id_;
  record.epoch = epoch_;
  record.base_revision = revision_ - 1;
  patch_bytes_since_snapshot_ += patch->size();
  if (with_snapshot ||
      patch_bytes_since_snapshot_ > std::max(kPatchBytesBeforeSnapshotMin, snapshot_bytes_)) {
    std::string snapshot;
    actor_->state_interface().EncodeStoredSnapshot(snapshot);
    snapshot_bytes_ = snapshot.size();
    patch_bytes_since_snapshot_ = 0;
    record.snapshot = ShareBytes(std::move(snapshot));
  }
  record.patch = std::move(patch);
  record.events = std::move(events);
  record.version = hosted_.type->version;
  runtime_.OnCellBusy();  // Until `Committed` arrives.
  runtime_.store_.Commit(std::move(record),
                         [self = shared_from_this(), generation = generation_](absl::Status status) {
                           self->Push(Committed{generation, std::move(status)});
                         });
}

// The store decides the commits of one actor in the order in which they were made.
void ActorCell::Handle(Committed& event) {
  runtime_.OnCellIdle();
  if (event.generation != generation_) return;  // It was discarded with an earlier failure.
  if (!event.status.ok()) return DiscardGate(event.status);
  const auto waiting =
      std::find_if(gate_.begin(), gate_.end(), [](const GatedTurn& turn) { return !turn.committed; });
  if (waiting == gate_.end()) return;  // A failed gate was discarded while a turn was open.
  waiting->committed = true;
  ReleaseGate();
}

void ActorCell::ReleaseGate() {
  while (!gate_.empty() && gate_.front().committed) {
    const GatedTurn turn = std::move(gate_.front());
    gate_.pop_front();
    // Observers first: whoever reads its own writes finds the delta before the reply.
    if (turn.shown.has_value()) history_->Publish(*turn.shown, runtime_.environment_.clock.Now());
    for (const auto& [view, snapshot] : turn.snapshots) {
      history_->PublishSnapshot(*view, turn.revision, snapshot);
    }
    if (turn.call == nullptr) continue;
    if (turn.call->streams != nullptr) turn.call->streams->Release();
    turn.call->done(turn.outcome);
  }
  if (gate_.empty() && open_call_ != nullptr && open_call_->streams != nullptr)
    open_call_->streams->Release();
}

void ActorCell::DiscardGate(const absl::Status& status) {
  absl::Status reason(status.code() == absl::StatusCode::kOk ? absl::StatusCode::kUnavailable : status.code(),
                      absl::StrCat("the turn could not be committed and was undone: ", status.message()));
  std::deque<GatedTurn> discarded;
  discarded.swap(gate_);
  ++generation_;  // Whatever of this instance is still under way is stale.
  bool migration_failed = false;
  for (const GatedTurn& turn : discarded) {
    for (const auto& [view, snapshot] : turn.snapshots) snapshots_due_.push_back(view);
    if (turn.call != nullptr) {
      Answer(turn.call, reason);
    } else {
      migration_failed = true;
    }
  }
  bool turn_open = false;
  {
    MutexLock lock(mutex_);
    turn_open = turn_open_;
  }
  if (turn_open) {
    failed_commit_ = reason;  // The open turn ends first.
    if (open_call_->streams != nullptr) open_call_->streams->Fail(reason);
    return;
  }
  // It would be made again, and fail again, for ever.
  if (migration_failed) return FailActivation(reason);
  actor_.reset();
  BeginLoading();
}

void ActorCell::Handle(SnapshotRequested& event) {
  snapshots_due_.push_back(std::move(event.view));
  bool turn_open = false;
  {
    MutexLock lock(mutex_);
    turn_open = turn_open_;
  }
  // While a turn is open the state is between two revisions.
  if (phase_ == Phase::kActive && !turn_open) TakeSnapshots();
}

void ActorCell::TakeSnapshots() {
  for (const std::shared_ptr<ViewLog>& view : std::exchange(snapshots_due_, {})) {
    SharedBytes snapshot = observed_->EncodeSnapshot(*view, actor_->state_interface());
    if (snapshot == nullptr) continue;  // Nobody looks through it any more.
    if (!gate_.empty()) {
      gate_.back().snapshots.emplace_back(view,
                                          std::move(snapshot));  // Not to be seen before its revision is.
    } else {
      history_->PublishSnapshot(*view, revision_, std::move(snapshot));
    }
  }
}

void ActorCell::Handle(StopRequested& /*event*/) {
  std::deque<std::shared_ptr<ActorCall>> calls;
  std::deque<FeedWaiter> waiters;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    calls.swap(mailbox_);
    waiters.swap(feed_waiters_);
  }
  for (const std::shared_ptr<ActorCall>& call : calls) Answer(call, Stopped());
  for (FeedWaiter& waiter : waiters) waiter.done(Stopped());
  if (open_call_ != nullptr) open_call_->Cancel();
}

void ActorCell::Answer(const std::shared_ptr<ActorCall>& call, absl::Status status) {
  auto outcome = std::make_shared<session::CallOutcome>();
  outcome->status = std::move(status);
  outcome->actor = id_;
  if (call->streams != nullptr) {
    call->streams->DiscardHeld();
    outcome->stream = call->streams;
  }
  call->done(std::move(outcome));
}

}  // namespace onager::actor
