#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/actor_cell.h"
#include "runtime/actor/turn_context.h"

// Commits and the output gate.
namespace onager::actor {
namespace {

// Times that a call is tried again because somebody else has written, before its caller is told.
constexpr int kConflictsMax = 16;

}  // namespace

// What the open turn shows to those who observe the actor; `patch` is null when the state did not change.
ShownCommit ActorCell::Show(const SharedBytes& patch, generated::TurnEvents events) {
  ShownCommit shown = observed_->Show(actor_->state_interface(), patch, runtime_.environment_.clock.Now());
  counters_->view_evaluations.fetch_add(static_cast<std::int64_t>(shown.view_evaluations));
  shown.event_count = events.count;
  if (events.count > 0) shown.events = ShareBytes(std::move(events.records));
  return shown;
}

// The end of a turn: heard of when it, and all before it, is committed.
void ActorCell::PassGate(OpenTurn turn, absl::StatusOr<std::string> result, GatedTurn gated) {
  Count(*turn.call, result.status());
  auto outcome = std::make_shared<session::CallOutcome>();
  outcome->status = result.status();
  if (result.ok()) outcome->result = ShareBytes(*std::move(result));
  outcome->revision = revision_;
  outcome->epoch = epoch_;
  outcome->actor = id_;
  outcome->stream = turn.call->streams;
  gated.call = std::move(turn.call);
  gated.outcome = std::move(outcome);
  gated.revision = revision_;
  gated.committed = gated.commit == 0;
  gate_.push_back(std::move(gated));
  ReleaseGate();
}

// The store decides the commits of one actor in the order in which they were made.
void ActorCell::Handle(Committed& event) {
  runtime_.OnCellIdle();
  (event.status.ok() ? counters_->commits : counters_->failed_commits).fetch_add(1);
  if (event.generation != generation_) return;  // It was discarded with an earlier failure.
  if (!event.status.ok()) return DiscardGate(event.status);
  const auto waiting = std::find_if(gate_.begin(), gate_.end(), [&event](const GatedTurn& turn) {
    return turn.commit == event.commit && !turn.committed;
  });
  if (waiting == gate_.end()) return;  // Nobody waits for it.
  waiting->committed = true;
  ReleaseGate();
}

void ActorCell::ReleaseGate() {
  while (!gate_.empty() && gate_.front().committed) {
    const GatedTurn turn = std::move(gate_.front());
    gate_.pop_front();
    if (turn.activates) activation_conflicts_ = 0;
    // Observers first: whoever reads its own writes finds the delta before the reply.
    if (turn.shown.has_value()) {
      history_->Publish(*turn.shown, runtime_.environment_.clock.Now());
      generated::CommittedRevision& committed = committed_.emplace_back();
      committed.epoch = epoch_;
      committed.revision = turn.revision;
    }
    for (const auto& [view, snapshot] : turn.snapshots) {
      history_->PublishSnapshot(*view, turn.revision, snapshot);
    }
    for (const auto& [view, hash] : turn.hashes) history_->PublishHash(*view, hash);
    if (turn.call == nullptr) continue;
    if (turn.call->streams != nullptr) turn.call->streams->Release();
    if (turn.call->done) turn.call->done(turn.outcome);
  }
  LoadPast();
  if (!gate_.empty()) return;
  for (const OpenTurn& turn : open_) {
    if (turn.call->streams != nullptr) turn.call->streams->Release();
  }
  ReleaseCalls();
}

// A call to another actor tells of everything that its turn has seen.
void ActorCell::ReleaseCalls() {
  while (gate_.empty() && !held_calls_.empty()) {
    std::shared_ptr<ActorCall> call = std::move(held_calls_.front());
    held_calls_.pop_front();
    counters_->calls_between_actors.fetch_add(1);
    runtime_.Route(std::move(call));
  }
}

void ActorCell::DiscardGate(const absl::Status& status) {
  absl::Status reason(status.code() == absl::StatusCode::kOk ? absl::StatusCode::kUnavailable : status.code(),
                      absl::StrCat("the turn could not be committed and was undone: ", status.message()));
  std::deque<GatedTurn> discarded;
  discarded.swap(gate_);
  ++generation_;  // Whatever of this instance is still under way is stale.
  bool activation_failed = false;
  for (const GatedTurn& turn : discarded) {
    for (const auto& [view, snapshot] : turn.snapshots) snapshots_due_.push_back({view});
    if (turn.call != nullptr && !TryAgain(turn.call, reason)) Answer(turn.call, reason);
    activation_failed = activation_failed || turn.activates;
  }
  for (const std::shared_ptr<ActorCall>& call : std::exchange(held_calls_, {})) Answer(call, reason);
  if (!open_.empty()) {
    failed_commit_ = reason;  // The open turn ends first.
    activation_failed_ = activation_failed;
    for (const OpenTurn& turn : open_) {
      if (turn.call->streams != nullptr) turn.call->streams->Fail(reason);
    }
    return;
  }
  // It would be made again, and fail again, for ever.
  if (activation_failed) return FailActivationUnlessConflict(reason);
  Reload();
}

// What met somebody else's commit left no trace, and runs again on what they have written where that does no
// harm. Where it could, it waits all the same: what was written may be this very call's, which came to
// another server.
bool ActorCell::TryAgain(const std::shared_ptr<ActorCall>& call, const absl::Status& reason) {
  if (!persists_ || !absl::IsAborted(reason) || stopping_) return false;
  if (call->kind != ActorCall::Kind::kMethod || call->streams != nullptr) return false;
  if (call->id.empty() && !call->may_run_again && !IsReadonly(*call)) return false;
  if (++call->conflicts_ > kConflictsMax) return false;
  counters_->waiting_calls.fetch_add(1);
  again_.push_back(call);
  return true;
}

// Of what was told there is something that the store will never have.
void ActorCell::Handle(WritesLost& event) {
  if (actor_ == nullptr || phase_ == Phase::kLoading || failed_commit_.has_value()) return;
  counters_->lost_writes.fetch_add(1);
  DiscardGate(event.reason);
}

void ActorCell::Handle(SnapshotRequested& event) {
  snapshots_due_.push_back(std::move(event));
  // While a turn is open the state is between two revisions.
  if (phase_ == Phase::kActive && open_.empty()) TakeSnapshots();
}

void ActorCell::TakeSnapshots() {
  for (const auto& [view, wanted] : std::exchange(snapshots_due_, {})) {
    if (wanted == ActorHistory::Wanted::kHash) {
      TakeHash(view);
      continue;
    }
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

void ActorCell::TakeHash(const std::shared_ptr<ViewLog>& view) {
  std::optional<generated::StateHash> hash = observed_->Hash(*view, actor_->state_interface());
  if (!hash.has_value()) return;
  if (!gate_.empty()) {
    gate_.back().hashes.emplace_back(view, *std::move(hash));
  } else {
    history_->PublishHash(*view, *std::move(hash));
  }
}

void ActorCell::Count(const ActorCall& call, const absl::Status& status) {
  if (call.kind == ActorCall::Kind::kActivation) return;  // Activations are counted.
  const bool timer = call.kind == ActorCall::Kind::kTimer;
  const bool reminder = call.kind == ActorCall::Kind::kReminder;
  auto& turns = timer ? counters_->timer_turns : reminder ? counters_->reminder_turns : counters_->turns;
  turns.fetch_add(1);
  if (status.ok()) return;
  auto& failed = timer      ? counters_->failed_timer_turns
                 : reminder ? counters_->failed_reminder_turns
                            : counters_->failed_turns;
  failed.fetch_add(1);
}

}  // namespace onager::actor
