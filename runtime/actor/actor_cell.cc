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

void ActorCell::OpenFeed(ActorRuntime::FeedDone done) {
  std::shared_ptr<ActorFeed> feed;
  bool stopped = false;
  {
    MutexLock lock(mutex_);
    stopped = stopped_;
    feed = feed_;
    if (!stopped && feed == nullptr) {
      feed_waiters_.push_back(std::move(done));
      ScheduleLocked();
      return;
    }
  }
  if (stopped) {
    done(Stopped());
  } else {
    done(std::move(feed));
  }
}

void ActorCell::RequestSnapshot() { Push(SnapshotRequested{}); }

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
  std::shared_ptr<ActorCall> call;
  {
    MutexLock lock(mutex_);
    const bool work_waits = !mailbox_.empty() || !feed_waiters_.empty();
    if (!events_.empty()) {
      event = std::move(events_.front());
      events_.pop_front();
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
  if (!stored.has_value()) {
    std::shared_ptr<ActorFeed> feed;
    {
      MutexLock lock(mutex_);
      feed = feed_;
    }
    // When revisions were published that the store does not know any more, their numbers must not be given
    // to others.
    const bool history_lost = feed != nullptr && feed->head().revision > 0;
    if (epoch_ == 0 || history_lost) epoch_ = runtime_.environment_.random.Next() | 1;
    revision_ = 0;
    return absl::OkStatus();
  }
  const bool whole = stored->revision >= stored->snapshot_revision &&
                     stored->revision - stored->snapshot_revision == stored->patches.size() &&
                     (stored->snapshot != nullptr || stored->snapshot_revision == 0);
  if (!whole) return absl::DataLossError(absl::StrCat("the stored state of ", id_.ToString(), " has a hole"));
  generated::StateInterface& state = actor_->state_interface();
  if (stored->snapshot != nullptr) {
    if (absl::Status loaded = state.LoadSnapshot(*stored->snapshot); !loaded.ok()) return loaded;
    snapshot_bytes_ = stored->snapshot->size();
  }
  for (const SharedBytes& patch : stored->patches) {
    if (absl::Status applied = state.ApplyPatch(*patch); !applied.ok()) return applied;
    patch_bytes_since_snapshot_ += patch->size();
  }
  epoch_ = stored->epoch;
  revision_ = stored->revision;
  return absl::OkStatus();
}

void ActorCell::BecomeActive() {
  phase_ = Phase::kActive;
  std::vector<ActorRuntime::FeedDone> waiters;
  std::shared_ptr<ActorFeed> feed;
  bool restart = false;
  {
    MutexLock lock(mutex_);
    if (feed_ == nullptr) {
      feed_ = std::make_shared<ActorFeed>(*hosted_.type->state, runtime_.options_.replay,
                                          session::Position{epoch_, revision_}, [weak = weak_from_this()] {
                                            if (const auto self = weak.lock()) self->RequestSnapshot();
                                          });
    } else {
      restart = true;
    }
    feed = feed_;
    waiters.swap(feed_waiters_);
  }
  // After a failed commit the store's state is the feed's head, unless somebody else wrote: then the history
  // that the feed tells is not the one that goes on here.
  if (restart && feed->head() != session::Position{epoch_, revision_}) feed->Restart({epoch_, revision_});
  for (ActorRuntime::FeedDone& done : waiters) done(feed);
  if (snapshot_due_) TakeSnapshot();
}

void ActorCell::FailActivation(const absl::Status& status) {
  phase_ = Phase::kFailed;
  actor_.reset();
  runtime_.Forget(*this);
  std::deque<std::shared_ptr<ActorCall>> calls;
  std::vector<ActorRuntime::FeedDone> waiters;
  std::shared_ptr<ActorFeed> feed;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    calls.swap(mailbox_);
    waiters.swap(feed_waiters_);
    feed = feed_;
  }
  for (const std::shared_ptr<ActorCall>& call : calls) Answer(call, status);
  for (ActorRuntime::FeedDone& done : waiters) done(status);
  // Who observed the actor before its state could not be loaded again: `UNAVAILABLE` lets clients try again.
  if (feed != nullptr) feed->End(status);
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
  runtime_.OnCellBusy();  // Until `TurnEnded` arrives.
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
  std::string patch;
  bool changed = false;
  if (!result.ok()) {
    state.Rollback();
  } else if (!state.EncodePatch(patch)) {
    state.Commit();
  } else if (hosted_.type->methods[call->method].readonly) {
    state.Rollback();
    result = absl::InternalError(absl::StrCat(std::string(hosted_.type->methods[call->method].name),
                                              " is [readonly] and changed the state; the change was undone"));
  } else {
    state.Commit();
    ++revision_;
    changed = true;
  }
  auto outcome = std::make_shared<session::CallOutcome>();
  outcome->status = result.status();
  if (result.ok()) outcome->result = ShareBytes(*std::move(result));
  outcome->revision = revision_;
  outcome->actor = id_;
  outcome->stream = call->streams;

  GatedTurn turn;
  turn.call = std::move(call);
  turn.outcome = std::move(outcome);
  turn.committed = !changed;
  if (changed) turn.patch = ShareBytes(std::move(patch));
  const SharedBytes to_commit = turn.patch;
  gate_.push_back(std::move(turn));
  if (changed) {
    Commit(to_commit);
  } else {
    ReleaseGate();
  }
  if (snapshot_due_) TakeSnapshot();
}

void ActorCell::Commit(SharedBytes patch) {
  store::CommitRecord record;
  record.actor = id_;
  record.epoch = epoch_;
  record.base_revision = revision_ - 1;
  patch_bytes_since_snapshot_ += patch->size();
  if (patch_bytes_since_snapshot_ > std::max(kPatchBytesBeforeSnapshotMin, snapshot_bytes_)) {
    std::string snapshot;
    actor_->state_interface().EncodeStoredSnapshot(snapshot);
    snapshot_bytes_ = snapshot.size();
    patch_bytes_since_snapshot_ = 0;
    record.snapshot = ShareBytes(std::move(snapshot));
  }
  record.patch = std::move(patch);
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
    if (turn.patch != nullptr || turn.snapshot != nullptr) {
      std::shared_ptr<ActorFeed> feed;
      {
        MutexLock lock(mutex_);
        feed = feed_;
      }
      if (turn.patch != nullptr) feed->Publish(turn.patch, runtime_.environment_.clock.Now());
      if (turn.snapshot != nullptr) feed->PublishSnapshot(turn.outcome->revision, turn.snapshot);
    }
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
  for (const GatedTurn& turn : discarded) {
    if (turn.snapshot != nullptr) snapshot_due_ = true;
    Answer(turn.call, reason);
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
  actor_.reset();
  BeginLoading();
}

void ActorCell::Handle(SnapshotRequested& /*event*/) {
  snapshot_due_ = true;
  bool turn_open = false;
  {
    MutexLock lock(mutex_);
    turn_open = turn_open_;
  }
  // While a turn is open the state is between two revisions.
  if (phase_ == Phase::kActive && !turn_open) TakeSnapshot();
}

void ActorCell::TakeSnapshot() {
  snapshot_due_ = false;
  std::string bytes;
  actor_->state_interface().EncodeSnapshot(bytes);
  SharedBytes snapshot = ShareBytes(std::move(bytes));
  if (!gate_.empty()) {
    gate_.back().snapshot = std::move(snapshot);  // Not to be seen before its revision is.
    return;
  }
  std::shared_ptr<ActorFeed> feed;
  {
    MutexLock lock(mutex_);
    feed = feed_;
  }
  feed->PublishSnapshot(revision_, std::move(snapshot));
}

void ActorCell::Handle(StopRequested& /*event*/) {
  std::deque<std::shared_ptr<ActorCall>> calls;
  std::vector<ActorRuntime::FeedDone> waiters;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    calls.swap(mailbox_);
    waiters.swap(feed_waiters_);
  }
  for (const std::shared_ptr<ActorCall>& call : calls) Answer(call, Stopped());
  for (ActorRuntime::FeedDone& done : waiters) done(Stopped());
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
