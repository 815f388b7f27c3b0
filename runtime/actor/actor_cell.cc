#include "runtime/actor/actor_cell.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/turn_context.h"
#include "runtime/wire/error_details.h"

// The inbox and the run.
namespace onager::actor {
namespace {

// A run gives the executor back to others after so many steps.
constexpr int kStepsPerRun = 64;

absl::Status Stopped() { return absl::UnavailableError("the server is shutting down"); }

absl::Status MailboxFull(const ActorId& id) {
  return wire::WithRetryDelay(
      absl::ResourceExhaustedError(absl::StrCat("the mailbox of ", id.ToString(), " is full")),
      std::chrono::milliseconds(100));
}

bool ComesFrom(const ActorCall& call, const ActorId& actor) {
  for (const CallLink* link = call.caller.get(); link != nullptr; link = link->caller.get()) {
    if (link->actor == actor) return true;
  }
  return false;
}

}  // namespace

ActorCell::ActorCell(ActorRuntime& runtime, ActorId id, const HostedType& hosted,
                     std::optional<DormantActor> dormant)
    : runtime_(runtime),
      counters_(runtime.counters_),
      id_(std::move(id)),
      hosted_(hosted),
      store_(runtime.StoreOf(hosted)),
      persists_(hosted.type->persist),
      replay_(runtime.ReplayOf(hosted)),
      log_extent_(replay_),
      calls_(runtime.options_.call_records),
      reminders_(hosted.type->reminders) {
  counters_->cells.fetch_add(1);
  if (!dormant.has_value()) return;
  epoch_ = dormant->epoch;
  history_ = std::move(dormant->history);
  observed_ = std::move(dormant->observed);
}

ActorCell::~ActorCell() { counters_->cells.fetch_sub(1); }

bool ActorCell::Call(std::shared_ptr<ActorCall>& call) {
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    if (retired_) return false;
    if (stopped_) {
      refusal = Stopped();
    } else if (mailbox_.size() + chained_.size() >= runtime_.options_.mailbox_max) {
      refusal = MailboxFull(id_);
    } else {
      counters_->waiting_calls.fetch_add(1);
      (ComesFrom(*call, id_) ? chained_ : mailbox_).push_back(std::move(call));
      ScheduleLocked();
      return true;
    }
  }
  if (!absl::IsUnavailable(refusal)) counters_->refused_calls.fetch_add(1);
  Answer(call, std::move(refusal));
  return true;
}

bool ActorCell::OpenFeed(std::string& filter, std::string& view,
                         std::shared_ptr<const generated::FieldTree>& known, ActorRuntime::FeedDone& done,
                         const std::optional<session::Position>& from) {
  {
    MutexLock lock(mutex_);
    if (retired_) return false;
    if (!stopped_) {
      feed_waiters_.push_back({std::move(filter), std::move(view), std::move(known), std::move(done), from});
      ScheduleLocked();
      return true;
    }
  }
  done(Stopped());
  return true;
}

void ActorCell::RequestSnapshot(std::shared_ptr<ViewLog> view, ActorHistory::Wanted wanted) {
  Push(SnapshotRequested{std::move(view), wanted});
}

void ActorCell::Stop() { Push(StopRequested{}); }

bool ActorCell::Wake() {
  MutexLock lock(mutex_);
  if (retired_) return false;
  if (stopped_) return true;
  wanted_awake_ = true;
  ScheduleLocked();
  return true;
}

void ActorCell::OnChangedOutside() { Push(ChangedOutside{}); }

void ActorCell::OnWritesLost(absl::Status reason) { Push(WritesLost{std::move(reason)}); }

void ActorCell::Resume(std::uint64_t turn, Executor::Function continuation) {
  Push(Resumed{turn, std::move(continuation)});
}

void ActorCell::Send(std::shared_ptr<ActorCall> call) { Push(CallMade{std::move(call)}); }

void ActorCell::OnParked() {
  MutexLock lock(mutex_);
  ScheduleLocked();
}

void ActorCell::Push(Event event) {
  MutexLock lock(mutex_);
  events_.push_back(std::move(event));
  ScheduleLocked();
}

void ActorCell::ScheduleLocked() {
  ++arrivals_;
  if (scheduled_) return;
  scheduled_ = true;
  runtime_.OnCellBusy();
  runtime_.environment_.executor.Post([self = shared_from_this()] { self->Run(); });
}

bool ActorCell::Retire() {
  if (!runtime_.Retire(*this)) return false;
  phase_ = Phase::kRetired;
  return true;
}

bool ActorCell::RetireUnlessBusy() {
  MutexLock lock(mutex_);
  if (SomethingWaitsLocked() || !events_.empty()) return false;
  retired_ = true;
  return true;
}

DormantActor ActorCell::TakeRest(Time now) {
  DormantActor rest;
  if (phase_ == Phase::kFailed) return rest;
  rest.epoch = epoch_;
  rest.revision = revision_;
  if (history_ == nullptr || !history_->ReplaysAnything(now)) return rest;
  rest.history = std::move(history_);
  rest.observed = std::move(observed_);
  rest.replay_age_max = replay_.age_max;
  return rest;
}

bool ActorCell::SomethingWaitsLocked() const {
  return !mailbox_.empty() || !chained_.empty() || !feed_waiters_.empty() || wanted_awake_;
}

void ActorCell::Run() {
  for (int step = 0; step < kStepsPerRun; ++step) {
    if (!RunOne()) return;
  }
  runtime_.environment_.executor.Post([self = shared_from_this()] { self->Run(); });
}

// Takes one event or one step. False when there is nothing to do now; then this run is over.
bool ActorCell::RunOne() {
  std::optional<Event> event;
  std::uint64_t arrivals = 0;
  {
    MutexLock lock(mutex_);
    arrivals = arrivals_;
    chained_wait_ = !chained_.empty();
    feeds_wait_ = !feed_waiters_.empty();
    if (!events_.empty()) {
      event = std::move(events_.front());
      events_.pop_front();
    }
  }
  if (event.has_value()) {
    std::visit([this](auto& kind) { Handle(kind); }, *event);
    return true;
  }
  if (open_.empty() ? StepIdle() : StepOpenTurn()) return true;
  return Rest(arrivals);
}

bool ActorCell::Rest(std::uint64_t arrivals) {
  MutexLock lock(mutex_);
  if (arrivals_ != arrivals) return true;  // It came while this run was looking elsewhere.
  scheduled_ = false;
  // Under the lock, so that a shutdown which sees the cell idle knows that nothing of it runs any more.
  runtime_.OnCellIdle();
  return false;
}

// What an actor without an open turn does next.
bool ActorCell::StepIdle() {
  switch (phase_) {
    case Phase::kCold: {
      bool work = false;
      {
        MutexLock lock(mutex_);
        work = SomethingWaitsLocked() && !stopped_;
      }
      if (!work) return Retire();
      BeginLoading();
      return true;
    }
    case Phase::kActive:
      if (!committed_.empty()) {
        TellCommitted();
        return true;
      }
      if (changed_outside_ && gate_.empty() && !stopping_) {
        changed_outside_ = false;
        BeginLoading(/*catches_up=*/true);
        return true;
      }
      if (StartNext()) return true;
      if (!MayDeactivate()) return false;
      Deactivate();
      return true;
    case Phase::kEnding:
      if (!gate_.empty()) return false;
      while (!committed_.empty()) TellCommitted();
      EndActor();
      return true;
    case Phase::kFailed:
      RefuseAll(*failure_);
      return Retire();
    case Phase::kLoading:
    case Phase::kActivating:
    case Phase::kRetired:
      return false;
  }
  return false;
}

// What the innermost open turn, or one that may run on top of it, does next.
bool ActorCell::StepOpenTurn() {
  if (ServeChained() || ServeFeed()) return true;
  OpenTurn& innermost = open_.back();
  if (!innermost.continuations.empty()) {
    Executor::Function continuation = std::move(innermost.continuations.front());
    innermost.continuations.pop_front();
    continuation();
    return true;
  }
  if (innermost.result.has_value()) {
    if (!innermost.context->settled()) return false;
    FinishInnermost();
    return true;
  }
  return StartGuest();
}

void ActorCell::Handle(Resumed& event) {
  const auto turn = std::find_if(open_.begin(), open_.end(), [&event](const OpenTurn& open) {
    return open.context->turn() == event.turn;
  });
  // A turn ends when nothing of it is left to go on, so there is none left over here.
  if (turn != open_.end()) turn->continuations.push_back(std::move(event.continuation));
}

void ActorCell::Handle(CallMade& event) {
  held_calls_.push_back(std::move(event.call));
  ReleaseCalls();
}

void ActorCell::Handle(StopRequested& /*event*/) {
  stopping_ = true;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  RefuseAll(Stopped());
  for (const OpenTurn& turn : open_) turn.call->Cancel();
}

void ActorCell::RefuseAll(const absl::Status& status) {
  std::deque<std::shared_ptr<ActorCall>> calls;
  std::deque<FeedWaiter> waiters;
  {
    MutexLock lock(mutex_);
    calls.swap(mailbox_);
    calls.insert(calls.end(), chained_.begin(), chained_.end());
    chained_.clear();
    waiters.swap(feed_waiters_);
    wanted_awake_ = false;
  }
  calls.insert(calls.begin(), again_.begin(), again_.end());
  again_.clear();
  counters_->waiting_calls.fetch_sub(static_cast<std::int64_t>(calls.size()));
  for (const std::shared_ptr<ActorCall>& call : calls) Answer(call, status);
  for (FeedWaiter& waiter : waiters) waiter.done(status);
}

void ActorCell::Answer(const std::shared_ptr<ActorCall>& call, absl::Status status) {
  auto outcome = std::make_shared<session::CallOutcome>();
  outcome->status = std::move(status);
  outcome->actor = id_;
  if (call->streams != nullptr) {
    call->streams->DiscardHeld();
    outcome->stream = call->streams;
  }
  if (call->done) call->done(std::move(outcome));
}

}  // namespace onager::actor
