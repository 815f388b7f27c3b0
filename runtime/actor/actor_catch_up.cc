#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/actor/actor_cell.h"
#include "runtime/actor/history_replay.h"
#include "runtime/wire/batch.h"

// What others have committed, and what was before.
namespace onager::actor {
namespace {

// When what others wrote could not be read, it is tried again so much later.
constexpr Duration kLookAgain = std::chrono::seconds(1);

}  // namespace

void ActorCell::Handle(ChangedOutside& /*event*/) { changed_outside_ = true; }

// The instance lives and has told everything that it committed.
void ActorCell::CatchUp(absl::StatusOr<std::optional<store::StoredActor>> stored) {
  phase_ = Phase::kActive;
  CatchUpWith(std::move(stored));
  if (!snapshots_due_.empty() && phase_ == Phase::kActive) TakeSnapshots();  // They were asked for meanwhile.
}

void ActorCell::CatchUpWith(absl::StatusOr<std::optional<store::StoredActor>> stored) {
  if (!stored.ok()) {
    (void)runtime_.environment_.timers.At(runtime_.environment_.clock.Now() + kLookAgain,
                                          [weak = weak_from_this()] {
                                            if (const auto self = weak.lock()) self->Push(ChangedOutside{});
                                          });
    return;
  }
  if (!stored->has_value() || (**stored).destroyed) {
    if (!stored->has_value() && revision_ == 0) return;  // Nobody has ever written.
    return EndActor();
  }
  const store::StoredActor& found = **stored;
  // Of its own it may be ahead.
  const std::uint64_t sent = unsent_.has_value() ? unsent_->base_revision : revision_;
  const std::uint64_t last = unsent_.has_value() ? unsent_->base_commit : base_commit_;
  if (found.epoch == epoch_ && found.revision == sent && found.commit == last) return;
  const bool continues = found.epoch == epoch_ && found.revision > revision_ && sent == revision_ &&
                         found.version == hosted_.type->version && !found.log.empty() &&
                         found.log.front().revision <= revision_ + 1;
  if (continues) {
    const auto first =
        std::partition_point(found.log.begin(), found.log.end(),
                             [this](const store::LogStep& step) { return step.revision <= revision_; });
    const std::vector<store::LogStep> missed(first, found.log.end());
    if (ShowMissed(missed).ok() && revision_ == found.revision) {
      LoadBeside(found);
      base_commit_ = found.commit;
      ahead_ = found.ahead;
      reminder_due_ = false;
      ArmReminders();
      return;
    }
  }
  DropInstance();
  Activate(std::move(*stored));
}

// Somebody else's commits, one after the other, as if they were turns of this instance.
absl::Status ActorCell::ShowMissed(absl::Span<const store::LogStep> steps) {
  generated::StateInterface& state = actor_->state_interface();
  for (const store::LogStep& step : steps) {
    if (absl::Status applied = state.ApplyWithin(*step.patch); !applied.ok()) {
      state.Rollback();
      return applied;
    }
    generated::TurnEvents events;
    if (step.events != nullptr) {
      events.records = *step.events;
      events.count = wire::CountEvents(events.records);
    }
    const ShownCommit shown = Show(step.patch->empty() ? nullptr : step.patch, std::move(events));
    state.Commit();
    revision_ = step.revision;
    patch_bytes_since_snapshot_ += step.patch->size();
    ++patches_since_snapshot_;
    counters_->outside_commits.fetch_add(1);
    history_->Publish(shown, runtime_.environment_.clock.Now());
  }
  return absl::OkStatus();
}

// Whether the reader comes back for what was before this instance, and the store may still have it.
bool ActorCell::NeedsPast(const FeedWaiter& request, const ActorFeed& feed) {
  if (!persists_ || !request.from.has_value() || request.from->epoch != epoch_) return false;
  // Turns that are not committed yet came before the view did, perhaps.
  return request.from->revision < revision_ && !feed.ReachesBackTo(request.from->revision) &&
         request.from->revision >= log_extent_.Floor(runtime_.environment_.clock.WallNow());
}

// For each not before the store has all that it lacks: turns that wait for it are part of that. Whoever came
// earlier does not wait for what those who came later do.
void ActorCell::LoadPast() {
  if (past_waiters_.empty() || past_loading_) return;
  // They stand in the order of what they lack.
  const auto waits =
      std::find_if(past_waiters_.begin(), past_waiters_.end(),
                   [this](const PastWaiter& waiter) { return waiter.since > history_->head().revision; });
  if (waits == past_waiters_.begin()) return;
  past_loading_ = true;
  past_readers_.assign(std::make_move_iterator(past_waiters_.begin()), std::make_move_iterator(waits));
  past_waiters_.erase(past_waiters_.begin(), waits);
  runtime_.OnCellBusy();  // Until `PastLoaded` arrives.
  AskToLoad([self = shared_from_this(), generation = generation_](absl::StatusOr<LoadGate::Place> place) {
    if (!place.ok()) return self->Push(PastLoaded{generation, place.status(), {}});
    self->store_.LoadPast(self->id_, [self, generation, place = *std::move(place)](auto past) mutable {
      self->Push(PastLoaded{generation, std::move(past), std::move(place)});
    });
  });
}

void ActorCell::Handle(PastLoaded& event) {
  runtime_.OnCellIdle();
  past_loading_ = false;
  // Whoever cannot be given what was before gets a snapshot, with the reason.
  const bool usable = event.generation == generation_ && event.past.ok() && event.past->has_value() &&
                      (**event.past).epoch == epoch_ && history_ != nullptr;
  ServePast(std::exchange(past_readers_, {}), usable ? *event.past : std::nullopt);
  LoadPast();
}

void ActorCell::ServePast(std::vector<PastWaiter> waiters, const std::optional<store::StoredPast>& past) {
  if (past.has_value()) {
    std::uint64_t from = history_->head().revision;
    for (const PastWaiter& waiter : waiters) from = std::min(from, waiter.request.from->revision);
    HistoryReplay replay(hosted_, id_.key, replay_, *past, from, runtime_.environment_.clock);
    for (const PastWaiter& waiter : waiters) {
      replay.Add(waiter.request.filter, waiter.request.view, waiter.request.known, waiter.feed);
    }
    replay.Run(*history_);
  }
  for (PastWaiter& waiter : waiters) waiter.request.done(std::move(waiter.feed));
}

}  // namespace onager::actor
