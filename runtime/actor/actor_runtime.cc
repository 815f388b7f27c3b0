#include "runtime/actor/actor_runtime.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/actor_cell.h"

namespace onager::actor {

namespace {

// Whether some of its turns do not wait for the store.
bool WritesBehind(const generated::ActorType& type) {
  const auto waits = [](generated::Durability durability) {
    return durability == generated::Durability::kSync;
  };
  return type.persist && (!waits(type.durability) ||
                          !std::all_of(type.methods.begin(), type.methods.end(),
                                       [&](const auto& method) { return waits(method.durability); }));
}

std::int64_t Microseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

ActorRuntime::ActorRuntime(ActorRuntimeOptions options, const Environment& environment, store::Store& store,
                           store::Store* persistent)
    : options_(options),
      environment_(environment),
      log_(options_.log, environment_.clock),
      store_(store),
      persistent_(persistent != nullptr ? *persistent : store),
      load_gate_(LoadGate::Make(options.loads_max, options.load_wait_max, environment.clock)) {}

ActorRuntime::~ActorRuntime() {
  StopListening();
  if (behind_ != nullptr) behind_->SetLostListener(nullptr);
}

absl::Status ActorRuntime::Host(const generated::ActorType& type, MakeActor make) {
  if (!types_.emplace(std::string(type.name), HostedType{&type, std::move(make)}).second) {
    return absl::FailedPreconditionError(
        absl::StrCat("the actor type ", std::string(type.name), " is hosted already"));
  }
  if (WritesBehind(type) && behind_ == nullptr) {
    behind_ = std::make_unique<store::WriteBehind>(persistent_, environment_, options_.write_behind);
    behind_->SetLostListener(this);
  }
  return absl::OkStatus();
}

store::Store& ActorRuntime::StoreOf(const HostedType& hosted) const {
  if (!hosted.type->persist) return store_;
  return WritesBehind(*hosted.type) ? *behind_ : persistent_;
}

const HostedType* ActorRuntime::FindType(std::string_view name) const {
  const auto found = types_.find(std::string(name));
  return found == types_.end() ? nullptr : &found->second;
}

std::vector<std::string> ActorRuntime::type_names() const {
  std::vector<std::string> names;
  for (const auto& [name, hosted] : types_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::shared_ptr<ActorCell>> ActorRuntime::FindOrCreate(const ActorId& actor) {
  const HostedType* hosted = FindType(actor.type);
  if (hosted == nullptr) {
    return absl::NotFoundError(absl::StrCat("no actor type ", actor.type, " is hosted here"));
  }
  MutexLock lock(mutex_);
  if (stopping_) return absl::UnavailableError("the server is shutting down");
  std::shared_ptr<ActorCell>& cell = cells_[actor];
  if (cell == nullptr) cell = std::make_shared<ActorCell>(*this, actor, *hosted, dormant_.Take(actor));
  return cell;
}

bool ActorRuntime::Retire(ActorCell& cell) {
  const Time now = environment_.clock.Now();
  std::shared_ptr<ActorCell> retired;  // Freed after the lock.
  MutexLock lock(mutex_);
  if (!cell.RetireUnlessBusy()) return false;
  if (const auto found = cells_.find(cell.id()); found != cells_.end()) {
    retired = std::move(found->second);
    cells_.erase(found);
  }
  if (stopping_) return true;
  dormant_.Keep(cell.id(), cell.TakeRest(now), now);
  ArmDormantTimer();
  return true;
}

void ActorRuntime::ArmDormantTimer() {
  const Time at = dormant_.next_expiry();
  if (at == kNever || (dormant_timer_ != 0 && dormant_timer_at_ <= at)) return;
  if (dormant_timer_ != 0) environment_.timers.Cancel(dormant_timer_);
  dormant_timer_at_ = at;
  dormant_timer_ = environment_.timers.At(at, [this] {
    MutexLock lock(mutex_);
    if (stopping_) return;
    dormant_timer_ = 0;
    dormant_.Expire(environment_.clock.Now());
    ArmDormantTimer();
  });
}

// A cell that is retired while it is being called is no longer found: the next one is another.
void ActorRuntime::Call(std::shared_ptr<ActorCall> call) {
  while (true) {
    absl::StatusOr<std::shared_ptr<ActorCell>> cell = FindOrCreate(call->actor);
    if (!cell.ok()) {
      auto outcome = std::make_shared<session::CallOutcome>();
      outcome->status = cell.status();
      outcome->actor = call->actor;
      call->done(std::move(outcome));
      return;
    }
    if ((*cell)->Call(call)) return;
  }
}

void ActorRuntime::OpenFeed(const ActorId& actor, std::string filter, std::string view, FeedDone done,
                            std::shared_ptr<const generated::FieldTree> known,
                            const std::optional<session::Position>& from) {
  while (true) {
    absl::StatusOr<std::shared_ptr<ActorCell>> cell = FindOrCreate(actor);
    if (!cell.ok()) return done(cell.status());
    if ((*cell)->OpenFeed(filter, view, known, done, from)) return;
  }
}

void ActorRuntime::Destroy(const ActorId& actor, absl::AnyInvocable<void(absl::Status)> done) {
  auto call = std::make_shared<ActorCall>();
  call->kind = ActorCall::Kind::kDestruction;
  call->actor = actor;
  call->done = [done = std::move(done)](const session::SharedOutcome& outcome) mutable {
    done(outcome->status);
  };
  Call(std::move(call));
}

void ActorRuntime::OnCellIdle() {
  if (busy_cells_.fetch_sub(1) != 1) return;
  MutexLock lock(idle_mutex_);
  idle_changed_.NotifyAll();
}

void ActorRuntime::BeginShutdown() {
  std::vector<std::shared_ptr<ActorCell>> cells;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    if (dormant_timer_ != 0) environment_.timers.Cancel(std::exchange(dormant_timer_, 0));
    if (reminder_timer_ != 0) environment_.timers.Cancel(std::exchange(reminder_timer_, 0));
    for (const auto& [actor, timer] : waking_) environment_.timers.Cancel(timer);
    waking_.clear();
    cells.reserve(cells_.size());
    for (const auto& [id, cell] : cells_) cells.push_back(cell);
  }
  StopListening();
  // In one order in every run.
  std::sort(cells.begin(), cells.end(), [](const auto& a, const auto& b) { return a->id() < b->id(); });
  for (const std::shared_ptr<ActorCell>& cell : cells) cell->Stop();
  load_gate_->Stop();
}

void ActorRuntime::Shutdown() {
  BeginShutdown();
  MutexLock lock(idle_mutex_);
  while (!idle()) idle_changed_.Wait(idle_mutex_);
  // Nothing asks it any more, and the environment may go before this object does.
  behind_.reset();
}

std::size_t ActorRuntime::active_actors() const {
  MutexLock lock(mutex_);
  return cells_.size();
}

ActorRuntimeStats ActorRuntime::stats() const {
  ActorRuntimeStats stats;
  {
    MutexLock lock(mutex_);
    stats.active = static_cast<std::int64_t>(cells_.size());
    stats.dormant = static_cast<std::int64_t>(dormant_.size());
  }
  stats.cells = counters_->cells;
  stats.instances = counters_->instances;
  stats.open_turns = counters_->open_turns;
  stats.waiting_calls = counters_->waiting_calls;
  stats.loads = static_cast<std::int64_t>(load_gate_->taken());
  stats.waiting_loads = static_cast<std::int64_t>(load_gate_->waiting());
  stats.activations = counters_->activations;
  stats.failed_activations = counters_->failed_activations;
  stats.deactivations = counters_->deactivations;
  stats.destroyed = counters_->destroyed;
  stats.turns = counters_->turns;
  stats.failed_turns = counters_->failed_turns;
  stats.guest_turns = counters_->guest_turns;
  stats.timer_turns = counters_->timer_turns;
  stats.failed_timer_turns = counters_->failed_timer_turns;
  stats.failed_hooks = counters_->failed_hooks;
  stats.refused_calls = counters_->refused_calls;
  stats.calls_between_actors = counters_->calls_between_actors;
  stats.commits = counters_->commits;
  stats.failed_commits = counters_->failed_commits;
  stats.view_evaluations = counters_->view_evaluations;
  stats.repeated_calls = counters_->repeated_calls;
  stats.outside_commits = counters_->outside_commits;
  stats.lost_writes = counters_->lost_writes;
  stats.reminder_turns = counters_->reminder_turns;
  stats.failed_reminder_turns = counters_->failed_reminder_turns;
  if (behind_ != nullptr) {
    const store::WriteBehindCounters behind = behind_->counters();
    stats.unwritten_records = static_cast<std::int64_t>(behind.queued_records);
    stats.unwritten_bytes = static_cast<std::int64_t>(behind.queued_bytes);
    stats.oldest_unwritten_us = Microseconds(behind.oldest);
    stats.loss_window_us = Microseconds(behind_->loss_window());
    stats.repeated_writes = static_cast<std::int64_t>(behind.retries);
  }
  return stats;
}

}  // namespace onager::actor
