#include <algorithm>
#include <utility>

#include "runtime/actor/actor_cell.h"
#include "runtime/actor/actor_runtime.h"

// What comes to actors from the store: what others have written, and reminders.
namespace onager::actor {

void ActorRuntime::Begin() {
  const bool persists = std::any_of(types_.begin(), types_.end(),
                                    [](const auto& hosted) { return hosted.second.type->persist; });
  if (!persists) return;
  const bool reminds = std::any_of(types_.begin(), types_.end(),
                                   [](const auto& hosted) { return !hosted.second.type->reminders.empty(); });
  {
    MutexLock lock(mutex_);
    if (stopping_ || std::exchange(listens_, true)) return;
  }
  persistent_.SetChangeListener(this);
  if (reminds) LookForReminders();
}

void ActorRuntime::StopListening() {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(listens_, false)) return;
  }
  persistent_.SetChangeListener(nullptr);
}

std::shared_ptr<ActorCell> ActorRuntime::Find(const ActorId& actor) const {
  MutexLock lock(mutex_);
  const auto found = cells_.find(actor);
  return found == cells_.end() ? nullptr : found->second;
}

void ActorRuntime::OnActorChanged(const ActorId& actor) {
  // One that is not active reads what is stored when it is.
  if (const std::shared_ptr<ActorCell> cell = Find(actor)) cell->OnChangedOutside();
}

void ActorRuntime::OnWritesLost(const ActorId& actor, const absl::Status& why) {
  if (const std::shared_ptr<ActorCell> cell = Find(actor)) cell->OnWritesLost(why);
}

void ActorRuntime::CommitBehind(store::CommitRecord record, store::Store::CommitDone done) {
  behind_->CommitBehind(std::move(record), std::move(done));
}

session::ReplayLimits ActorRuntime::ReplayOf(const HostedType& hosted) const {
  session::ReplayLimits limits = options_.replay;
  const generated::ReplayBounds& bounds = hosted.type->replay;
  if (bounds.count > 0) limits.count_max = bounds.count;
  if (bounds.bytes > 0) limits.bytes_max = bounds.bytes;
  if (bounds.age > absl::ZeroDuration()) limits.age_max = absl::ToChronoNanoseconds(bounds.age);
  return limits;
}

void ActorRuntime::Wake(const ActorId& actor) {
  while (true) {
    const absl::StatusOr<std::shared_ptr<ActorCell>> cell = FindOrCreate(actor);
    if (!cell.ok() || (*cell)->Wake()) return;
  }
}

void ActorRuntime::LookForReminders() {
  std::size_t limit = 0;
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    reminder_timer_ = 0;
    limit = due_.limit();
  }
  OnCellBusy();  // Until the store has answered.
  const absl::Time until = environment_.clock.WallNow() + kReminderHorizon;
  persistent_.FindDue(until, limit, [this](absl::StatusOr<std::vector<store::DueActor>> found) {
    LookForRemindersIn(found.ok() ? OnReminders(*found) : kReminderHorizon / 2);
    OnCellIdle();
  });
}

void ActorRuntime::LookForRemindersIn(absl::Duration wait) {
  MutexLock lock(mutex_);
  if (stopping_ || reminder_timer_ != 0) return;
  reminder_timer_ = environment_.timers.At(environment_.clock.Now() + absl::ToChronoNanoseconds(wait),
                                           [this] { LookForReminders(); });
}

// Returns when to look again.
absl::Duration ActorRuntime::OnReminders(const std::vector<store::DueActor>& found) {
  const Time now = environment_.clock.Now();
  const absl::Time wall = environment_.clock.WallNow();
  MutexLock lock(mutex_);
  if (stopping_) return kReminderHorizon;
  const auto is_busy = [this, cells = &cells_, waking = &waking_](const ActorId& actor) {
    // An active actor sees to its reminders itself.
    return cells->contains(actor) || waking->contains(actor) || !types_.contains(actor.type);
  };
  for (const store::DueActor& entry : due_.Choose(found, now, wall, is_busy)) {
    const absl::Duration wait = std::max(entry.due - wall, absl::ZeroDuration());
    const Timers::Id timer =
        environment_.timers.At(now + absl::ToChronoNanoseconds(wait), [this, actor = entry.actor] {
          {
            MutexLock own(mutex_);
            waking_.erase(actor);
          }
          Wake(actor);
        });
    waking_.emplace(entry.actor, timer);
  }
  if (due_.hides_others()) return absl::ZeroDuration();
  return due_.has_more() ? kReminderHorizon / 5 : kReminderHorizon / 2;
}

}  // namespace onager::actor
