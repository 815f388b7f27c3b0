#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/actor_cell.h"
#include "runtime/actor/turn_context.h"
#include "runtime/wire/error_details.h"

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
  // Calls and what is due by itself take turns.
  std::shared_ptr<ActorCall> call;
  if (timer_ran_last_) call = NextCall();
  const bool is_call = call != nullptr;
  if (call == nullptr && !stopping_) call = NextDue();
  timer_ran_last_ = call != nullptr && !is_call;
  if (call == nullptr) call = NextCall();
  if (call == nullptr) return false;
  if (!AnswerFromRecord(call)) StartTurn(std::move(call), TurnKind::kWhole);
  return true;
}

std::shared_ptr<ActorCall> ActorCell::NextCall() {
  std::shared_ptr<ActorCall> call;
  if (!again_.empty()) {
    call = std::move(again_.front());
    again_.pop_front();
  } else {
    MutexLock lock(mutex_);
    if (mailbox_.empty()) return nullptr;
    call = std::move(mailbox_.front());
    mailbox_.pop_front();
  }
  counters_->waiting_calls.fetch_sub(1);
  NoteUse();
  return call;
}

// The turn of a timer or of a reminder.
std::shared_ptr<ActorCall> ActorCell::NextDue() {
  for (std::size_t i = 0; i < timers_.size(); ++i) {
    const std::size_t timer = (next_timer_ + i) % timers_.size();
    if (!timers_[timer].due) continue;
    timers_[timer].due = false;
    next_timer_ = timer + 1;
    auto call = std::make_shared<ActorCall>();
    call->kind = ActorCall::Kind::kTimer;
    call->actor = id_;
    call->method = timer;
    return call;
  }
  if (!reminder_due_) return nullptr;
  std::optional<ActorReminders::Due> due = reminders_.Start(runtime_.environment_.clock.WallNow());
  if (!due.has_value()) {
    reminder_due_ = false;
    ArmReminders();
    return nullptr;
  }
  auto call = std::make_shared<ActorCall>();
  call->kind = ActorCall::Kind::kReminder;
  call->actor = id_;
  call->method = due->reminder;
  // When it fails or the server does, it runs again, and makes the same calls: they are known by this, for as
  // long as the others remember their calls.
  call->id =
      CallId::Of(absl::StrCat(id_.ToString(), "\n", std::string(hosted_.type->reminders[due->reminder].name),
                              "\n", absl::ToUnixMicros(due->at), "\n", due->arguments));
  call->arguments = std::move(due->arguments);
  return call;
}

// Of a call that has run before, as the actor remembers, and of one of which nobody knows that any more.
bool ActorCell::AnswerFromRecord(const std::shared_ptr<ActorCall>& call) {
  if (!persists_ || call->kind != ActorCall::Kind::kMethod || call->streams != nullptr) return false;
  if (const std::optional<CallRecords::Ended> ended = calls_.Find(call->id); ended.has_value()) {
    auto outcome = std::make_shared<session::CallOutcome>();
    if (ended->result.has_value()) {
      outcome->result = ShareBytes(*ended->result);
    } else {
      outcome->status = wire::AlreadyExecuted(ended->revision);
    }
    outcome->revision = ended->revision;
    outcome->epoch = epoch_;
    outcome->actor = id_;
    counters_->repeated_calls.fetch_add(1);
    GatedTurn gated;
    gated.call = call;
    gated.outcome = std::move(outcome);
    gated.revision = revision_;
    gated.committed = true;
    gate_.push_back(std::move(gated));
    ReleaseGate();
    return true;
  }
  if (call->may_run_again || IsReadonly(*call)) return false;
  if (call->conflicts_ > 0) {
    Answer(call, absl::AbortedError(absl::StrCat(
                     "somebody else changed ", id_.ToString(),
                     " before the turn could be committed; it was undone and may be tried again")));
    return true;
  }
  if (!call->unsure || !calls_.MayHaveForgotten(call->sent_at)) return false;
  Answer(call, wire::OutcomeUnknown());
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
  absl::StatusOr<std::shared_ptr<ActorFeed>> feed = observed_->Open(
      waiter->filter, waiter->view, waiter->known, revision_, runtime_.environment_.clock.Now());
  if (feed.ok() && NeedsPast(*waiter, **feed)) {
    past_waiters_.push_back({*std::move(waiter), *std::move(feed), revision_});
    LoadPast();
  } else {
    waiter->done(std::move(feed));
  }
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
  turn.reminders_before = actor_->TakeReminders();
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
      case ActorCall::Kind::kReminder:
        return WithoutResult(actor_->OnReminder(*turn.context, call.method, call.arguments));
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
  std::vector<generated::ReminderChange> reminders = actor_->TakeReminders();
  if (result.ok() && events.too_many) result = TooManyEvents(id_);
  if (failed_commit_.has_value()) result = *failed_commit_;
  generated::StateInterface& state = actor_->state_interface();
  const bool destroys = turn.context->destroys();
  if (result.ok() && IsReadonly(*turn.call) &&
      (state.PartChanged() || events.count > 0 || destroys || !reminders.empty())) {
    result = NotReadonly(*turn.call);
  }
  if (result.ok() && destroys) open_.back().context->Destroy();
  state.EndPart(/*keep=*/result.ok());
  actor_->RestoreEvents(std::move(turn.events_before),
                        result.ok() ? std::move(events) : generated::TurnEvents());
  if (!result.ok()) reminders.clear();
  actor_->RestoreReminders(std::move(turn.reminders_before), std::move(reminders));
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
  const bool reminds = !actor_->TakeReminders().empty();
  const bool changed = actor_->state_interface().ShowTurn();
  actor_->RestoreEvents(std::move(turn.events_before), {});
  actor_->RestoreReminders(std::move(turn.reminders_before), {});
  if (failed_commit_.has_value()) return Answer(turn.call, *failed_commit_);
  if (result.ok() && (changed || emitted || reminds || turn.context->destroys())) {
    result = NotReadonly(*turn.call);
  }
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
    if (!TryAgain(turn.call, status)) Answer(turn.call, status);
    return std::exchange(activation_failed_, false) ? FailActivationUnlessConflict(status) : Reload();
  }
  const bool activates = turn.call->kind == ActorCall::Kind::kActivation;
  generated::StateInterface& state = actor_->state_interface();
  generated::TurnEvents events = actor_->TakeEvents();
  const bool destroys = turn.context->destroys();
  if (result.ok() && events.too_many) result = TooManyEvents(id_);
  const std::vector<generated::ReminderChange> reminders = actor_->TakeReminders();
  if (result.ok()) {
    if (absl::Status may = CheckReminders(reminders); !may.ok()) result = std::move(may);
  }
  const bool reminded = turn.call->kind == ActorCall::Kind::kReminder;
  std::string bytes;
  bool state_changed = false;
  bool commits = false;
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
  } else if (state_changed = state.EncodePatch(bytes);
             !state_changed && events.count == 0 && reminders.empty()) {
    state.Commit();
    commits = reminded;
  } else if (absl::Status readable = state.CheckPatch(); !readable.ok()) {
    state.Rollback();
    result = std::move(readable);
  } else if (IsReadonly(*turn.call)) {
    state.Rollback();
    result = NotReadonly(*turn.call);
  } else {
    commits = true;
    if (state_changed || events.count > 0) {
      patch = ShareBytes(std::move(bytes));
      gated.shown = Show(state_changed ? patch : nullptr, std::move(events));
      ++revision_;
    }
    state.Commit();
  }
  if (activates && !result.ok()) return FailActivation(result.status());
  gated.activates = activates;
  if (reminded && !result.ok()) FailReminder(*turn.call);
  if (commits) {
    store::CommitRecord record = NewRecord(patch == nullptr ? revision_ : revision_ - 1);
    if (patch != nullptr) AddStep(record, std::move(patch), gated.shown->events, /*with_snapshot=*/false);
    AddBeside(record, *turn.call, *result, reminders);
    gated.commit = Commit(std::move(record), DurabilityOf(*turn.call));
  }
  if (activates) BecomeActive();
  if (gated.destroys) {
    phase_ = Phase::kEnding;
    CommitDestruction(gated);
  }
  PassGate(std::move(turn), std::move(result), std::move(gated));
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
  (void)actor_->TakeReminders();
}

absl::Status ActorCell::CheckReminders(const std::vector<generated::ReminderChange>& changes) const {
  if (changes.empty()) return absl::OkStatus();
  if (!persists_)
    return absl::InternalError(absl::StrCat(id_.type, " is not [persist] and has no reminders"));
  if (absl::Status may = generated::CheckReminderChanges(changes); !may.ok()) return may;
  if (reminders_.Fits(changes)) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(id_.ToString(), " would have more than ", ActorReminders::kCountMax, " reminders"));
}

void ActorCell::FailReminder(const ActorCall& call) {
  ActorReminders::Due due;
  due.reminder = call.method;
  due.arguments = call.arguments;
  reminders_.Fail(due, runtime_.environment_.clock.WallNow());
}

}  // namespace onager::actor
