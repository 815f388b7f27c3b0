#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/actor_cell.h"
#include "runtime/actor/turn_context.h"

// The turns: how they begin, nest and end.
namespace onager::actor {
namespace {

absl::Status TooManyEvents(const ActorId& id) {
  return absl::ResourceExhaustedError(
      absl::StrCat("a turn of ", id.ToString(), " emitted more than ", generated::kEventsPerTurnMax,
                   " events or ", generated::kEventBytesPerTurnMax, " bytes of them; it was undone"));
}

}  // namespace

// A call that comes back, a feed that waits, a timer that is due or the call that waits longest.
bool ActorCell::StartNext() {
  if (ServeChained() || ServeFeed()) return true;
  std::shared_ptr<ActorCall> call;
  const auto due = [this] {
    for (std::size_t i = 0; i < timers_.size(); ++i) {
      const std::size_t timer = (next_timer_ + i) % timers_.size();
      if (timers_[timer].due) return std::optional<std::size_t>(timer);
    }
    return std::optional<std::size_t>();
  }();
  {
    MutexLock lock(mutex_);
    if (!mailbox_.empty() && (!due.has_value() || timer_ran_last_)) {
      call = std::move(mailbox_.front());
      mailbox_.pop_front();
    }
  }
  timer_ran_last_ = call == nullptr;
  if (call != nullptr) {
    counters_->waiting_calls.fetch_sub(1);
    NoteUse();
  } else if (due.has_value() && !stopping_) {
    timers_[*due].due = false;
    next_timer_ = *due + 1;
    call = std::make_shared<ActorCall>();
    call->kind = ActorCall::Kind::kTimer;
    call->actor = id_;
    call->method = *due;
  } else {
    return false;
  }
  StartTurn(std::move(call), TurnKind::kWhole);
  return true;
}

// Also while a turn is open: what a feed will show of it is not decided before its end.
bool ActorCell::ServeFeed() {
  if (!feeds_wait_ || phase_ != Phase::kActive) return false;
  std::optional<FeedWaiter> waiter;
  {
    MutexLock lock(mutex_);
    if (feed_waiters_.empty()) return false;
    waiter = std::move(feed_waiters_.front());
    feed_waiters_.pop_front();
  }
  NoteUse();
  waiter->done(observed_->Open(waiter->filter, waiter->view, std::move(waiter->known), revision_,
                               runtime_.environment_.clock.Now()));
  return true;
}

// While the innermost turn waits, what may look at committed values does: observers that need a snapshot, and
// the call that waits longest, if it is [readonly]. One that waits behind another call does not overtake it.
bool ActorCell::StartGuest() {
  const OpenTurn& innermost = open_.back();
  if (phase_ != Phase::kActive || failed_commit_.has_value() || stopping_) return false;
  if (innermost.kind == TurnKind::kGuest || !innermost.context->parked()) return false;
  if (!snapshots_due_.empty()) {
    actor_->state_interface().HideTurn();
    TakeSnapshots();
    (void)actor_->state_interface().ShowTurn();
    return true;
  }
  std::shared_ptr<ActorCall> call;
  {
    MutexLock lock(mutex_);
    if (!mailbox_.empty() && mailbox_.front()->streams == nullptr && IsReadonly(*mailbox_.front())) {
      call = std::move(mailbox_.front());
      mailbox_.pop_front();
    }
  }
  if (call == nullptr) return false;
  counters_->waiting_calls.fetch_sub(1);
  counters_->guest_turns.fetch_add(1);
  NoteUse();
  StartTurn(std::move(call), TurnKind::kGuest);
  return true;
}

// The newest open turn that led to the call, as a place in `open_`.
std::optional<std::size_t> ActorCell::TurnThatLedTo(const ActorCall& call) const {
  for (const CallLink* link = call.caller.get(); link != nullptr; link = link->caller.get()) {
    if (link->actor != id_) continue;
    for (std::size_t i = open_.size(); i-- > 0;) {
      if (open_[i].context->turn() == link->turn) return i;
    }
  }
  return std::nullopt;
}

absl::Status ActorCell::MayRunInside(std::size_t turn, const ActorCall& call) const {
  const generated::MethodInfo* method = MethodOf(call);
  if (method == nullptr || !method->reentrant || call.streams != nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a call comes back to ", id_.ToString(),
        " along its own chain, whose turn waits for it: ", DescribeChain(*call.caller), " > ", id_.ToString(),
        method == nullptr ? std::string() : absl::StrCat(".", std::string(method->name)),
        "; only a [reentrant] method without streams could run there"));
  }
  const bool reads = std::any_of(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(turn) + 1,
                                 [this](const OpenTurn& open) { return IsReadonly(*open.call); });
  if (reads && !method->readonly) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a [readonly] turn of ", id_.ToString(), " may not lead back to ", std::string(method->name),
        ", which may change the state: ", DescribeChain(*call.caller)));
  }
  return absl::OkStatus();
}

// Calls that come back to this actor: they run inside the turn that led to them when it is the innermost one
// and waits, or are refused at once. Where that turn is over they are calls like any others.
bool ActorCell::ServeChained() {
  if (!chained_wait_) return false;
  std::vector<std::pair<std::shared_ptr<ActorCall>, absl::Status>> refused;
  std::shared_ptr<ActorCall> part;
  bool moved = false;
  const bool waits = !open_.empty() && open_.back().context->parked();
  {
    MutexLock lock(mutex_);
    for (auto call = chained_.begin(); call != chained_.end();) {
      const std::optional<std::size_t> turn = TurnThatLedTo(**call);
      if (!turn.has_value()) {
        mailbox_.push_back(std::move(*call));
        moved = true;
      } else if (absl::Status may = failed_commit_.value_or(MayRunInside(*turn, **call)); !may.ok()) {
        refused.emplace_back(std::move(*call), std::move(may));
      } else if (part == nullptr && waits && *turn + 1 == open_.size()) {
        part = std::move(*call);
      } else {
        ++call;
        continue;
      }
      call = chained_.erase(call);
    }
  }
  for (auto& [call, status] : refused) {
    counters_->waiting_calls.fetch_sub(1);
    counters_->refused_calls.fetch_add(1);
    Answer(call, std::move(status));
  }
  if (part != nullptr) {
    counters_->waiting_calls.fetch_sub(1);
    StartTurn(std::move(part), TurnKind::kPart);
  }
  return moved || part != nullptr || !refused.empty();
}

const generated::MethodInfo* ActorCell::MethodOf(const ActorCall& call) const {
  const bool known = call.kind == ActorCall::Kind::kMethod && call.method < hosted_.type->methods.size();
  return known ? &hosted_.type->methods[call.method] : nullptr;
}

bool ActorCell::IsReadonly(const ActorCall& call) const {
  const generated::MethodInfo* method = MethodOf(call);
  return method != nullptr && method->readonly;
}

void ActorCell::StartTurn(std::shared_ptr<ActorCall> call, TurnKind kind) {
  OpenTurn& turn = open_.emplace_back();
  turn.kind = kind;
  turn.context = std::make_shared<TurnContext>(runtime_.environment_, weak_from_this(), id_,
                                               runtime_.last_turn_.fetch_add(1) + 1, *call);
  turn.call = std::move(call);
  bool cancelled = false;
  {
    MutexLock lock(turn.call->mutex_);
    cancelled = turn.call->cancelled_;
    turn.call->turn_ = turn.context;
  }
  // Of a whole turn: what the actor's code did between turns. It is lost.
  turn.events_before = actor_->TakeEvents();
  if (kind == TurnKind::kPart) actor_->state_interface().BeginPart();
  if (kind == TurnKind::kGuest) actor_->state_interface().HideTurn();
  runtime_.OnCellBusy();  // Until the turn has ended.
  counters_->open_turns.fetch_add(1);
  if (cancelled) {
    turn.result = absl::CancelledError("the call was cancelled before its turn");
  } else if (runtime_.environment_.clock.Now() >= turn.call->deadline) {
    turn.result = absl::DeadlineExceededError("the deadline passed before the call's turn came");
  } else if (turn.call->kind == ActorCall::Kind::kDestruction) {
    turn.context->Destroy();
    turn.result = std::string();
  } else {
    if (turn.call->streams != nullptr) {
      turn.call->streams->set_turn(turn.context);
      // What earlier turns did, and items may tell of, is not committed.
      if (!gate_.empty()) turn.call->streams->Hold();
    }
    Dispatch(turn).Start(
        [self = shared_from_this(), id = turn.context->turn()](absl::StatusOr<std::string> result) {
          self->Push(TurnEnded{id, std::move(result)});
        });
  }
}

namespace {

Task<std::string> WithoutResult(Task<> task) {
  absl::Status status = co_await task;
  if (!status.ok()) co_return status;
  co_return std::string();
}

}  // namespace

Task<std::string> ActorCell::Dispatch(const OpenTurn& turn) {
  const ActorCall& call = *turn.call;
  try {
    switch (call.kind) {
      case ActorCall::Kind::kTimer:
        return WithoutResult(actor_->OnTimer(*turn.context, call.method));
      case ActorCall::Kind::kActivation:
        return WithoutResult(actor_->OnActivate(*turn.context));
      case ActorCall::Kind::kDestruction:
        return std::string();
      case ActorCall::Kind::kMethod:
        break;
    }
    if (call.streams != nullptr) {
      return actor_->DispatchStreamed(*turn.context, call.method, call.arguments, *call.streams);
    }
    return actor_->Dispatch(*turn.context, call.method, call.arguments);
  } catch (...) {  // A handler that is a plain function throws here already.
    return internal::StatusOfCurrentException();
  }
}

void ActorCell::Handle(TurnEnded& event) {
  const auto turn = std::find_if(open_.begin(), open_.end(), [&event](const OpenTurn& open) {
    return open.context->turn() == event.turn;
  });
  turn->result = std::move(event.result);
  if (turn->call->streams != nullptr) turn->call->streams->Finish();
  turn->context->Finish();
  const bool innermost = &*turn == &open_.back();
  if (innermost && turn->continuations.empty() && turn->context->settled()) FinishInnermost();
}

void ActorCell::FinishInnermost() {
  OpenTurn turn = std::move(open_.back());
  open_.pop_back();
  {
    MutexLock lock(turn.call->mutex_);
    turn.call->turn_.reset();
  }
  if (turn.call->streams != nullptr) turn.call->streams->Finish();
  runtime_.OnCellIdle();
  counters_->open_turns.fetch_sub(1);
  absl::StatusOr<std::string> result = *std::move(turn.result);
  switch (turn.kind) {
    case TurnKind::kWhole:
      return EndWhole(std::move(turn), std::move(result));
    case TurnKind::kPart:
      return EndPart(std::move(turn), std::move(result));
    case TurnKind::kGuest:
      return EndGuest(std::move(turn), std::move(result));
  }
}

// Its caller is a part of the turn that goes on, and hears of it at once.
void ActorCell::EndPart(OpenTurn turn, absl::StatusOr<std::string> result) {
  generated::TurnEvents events = actor_->TakeEvents();
  if (result.ok() && events.too_many) result = TooManyEvents(id_);
  if (failed_commit_.has_value()) result = *failed_commit_;
  generated::StateInterface& state = actor_->state_interface();
  const bool destroys = turn.context->destroys();
  if (result.ok() && IsReadonly(*turn.call) && (state.PartChanged() || events.count > 0 || destroys)) {
    result = NotReadonly(*turn.call);
  }
  if (result.ok() && destroys) open_.back().context->Destroy();
  state.EndPart(/*keep=*/result.ok());
  actor_->RestoreEvents(std::move(turn.events_before),
                        result.ok() ? std::move(events) : generated::TurnEvents());
  Count(*turn.call, result.status());
  auto outcome = std::make_shared<session::CallOutcome>();
  outcome->status = result.status();
  if (result.ok()) outcome->result = ShareBytes(*std::move(result));
  outcome->revision = revision_;
  outcome->epoch = epoch_;
  outcome->actor = id_;
  turn.call->done(std::move(outcome));
}

void ActorCell::EndGuest(OpenTurn turn, absl::StatusOr<std::string> result) {
  const bool emitted = actor_->TakeEvents().count > 0;
  const bool changed = actor_->state_interface().ShowTurn();
  actor_->RestoreEvents(std::move(turn.events_before), {});
  if (failed_commit_.has_value()) return Answer(turn.call, *failed_commit_);
  if (result.ok() && (changed || emitted || turn.context->destroys())) result = NotReadonly(*turn.call);
  PassGate(std::move(turn), std::move(result), GatedTurn());
}

absl::Status ActorCell::NotReadonly(const ActorCall& call) const {
  return absl::InternalError(absl::StrCat(std::string(MethodOf(call)->name),
                                          " is [readonly] and changed the state or emitted an event; "
                                          "that was undone"));
}

void ActorCell::EndWhole(OpenTurn turn, absl::StatusOr<std::string> result) {
  if (failed_commit_.has_value()) {
    // The turn ran on a state that was never committed.
    const absl::Status status = *std::exchange(failed_commit_, std::nullopt);
    Answer(turn.call, status);
    // What failed is a part of the activation, and would fail again, for ever.
    return std::exchange(activation_failed_, false) ? FailActivation(status) : Reload();
  }
  const bool activates = turn.call->kind == ActorCall::Kind::kActivation;
  generated::StateInterface& state = actor_->state_interface();
  generated::TurnEvents events = actor_->TakeEvents();
  const bool destroys = turn.context->destroys();
  if (result.ok() && events.too_many) result = TooManyEvents(id_);
  std::string bytes;
  bool state_changed = false;
  GatedTurn gated;
  SharedBytes patch;
  if (!result.ok()) {
    state.Rollback();
  } else if (destroys) {
    state.Rollback();
    if (IsReadonly(*turn.call)) {
      result = NotReadonly(*turn.call);
    } else {
      gated.destroys = true;
    }
  } else if (state_changed = state.EncodePatch(bytes); !state_changed && events.count == 0) {
    state.Commit();
  } else if (absl::Status readable = state.CheckPatch(); !readable.ok()) {
    state.Rollback();
    result = std::move(readable);
  } else if (IsReadonly(*turn.call)) {
    state.Rollback();
    result = NotReadonly(*turn.call);
  } else {
    patch = ShareBytes(std::move(bytes));
    gated.shown = Show(state_changed ? patch : nullptr, std::move(events));
    state.Commit();
    ++revision_;
  }
  if (activates && !result.ok()) return FailActivation(result.status());
  gated.activates = activates;
  const bool ends = gated.destroys;
  const SharedBytes committed_events = gated.shown.has_value() ? gated.shown->events : nullptr;
  if (activates) BecomeActive();
  if (ends) phase_ = Phase::kEnding;
  PassGate(std::move(turn), std::move(result), std::move(gated));
  if (ends) {
    CommitDestruction();
  } else if (patch != nullptr) {
    Commit(std::move(patch), committed_events, /*with_snapshot=*/false);
  }
  if (!snapshots_due_.empty() && phase_ == Phase::kActive) TakeSnapshots();
}

// Between turns, to the instance that there is now.
void ActorCell::TellCommitted() {
  const generated::CommittedRevision committed = committed_.front();
  committed_.pop_front();
  try {
    actor_->AfterCommit(committed);
  } catch (...) {
    counters_->failed_hooks.fetch_add(1);
  }
  actor_->state_interface().Rollback();
  (void)actor_->TakeEvents();
}

}  // namespace onager::actor
