#include "runtime/actor/actor_runtime.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/actor_cell.h"
#include "runtime/actor/turn_context.h"

namespace onager::actor {

void ActorCall::Cancel() {
  std::shared_ptr<TurnContext> turn;
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
    turn = turn_;
  }
  if (turn != nullptr) turn->Cancel();
  if (streams != nullptr) streams->Cancel();
}

bool ActorCall::cancelled() const {
  MutexLock lock(mutex_);
  return cancelled_;
}

ActorRuntime::ActorRuntime(ActorRuntimeOptions options, const Environment& environment, store::Store& store)
    : options_(options), environment_(environment), store_(store) {}

ActorRuntime::~ActorRuntime() = default;

absl::Status ActorRuntime::Host(const generated::ActorType& type, MakeActor make) {
  if (!types_.emplace(std::string(type.name), HostedType{&type, std::move(make)}).second) {
    return absl::FailedPreconditionError(
        absl::StrCat("the actor type ", std::string(type.name), " is hosted already"));
  }
  return absl::OkStatus();
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
  if (cell == nullptr) cell = std::make_shared<ActorCell>(*this, actor, *hosted);
  return cell;
}

void ActorRuntime::Forget(const ActorCell& cell) {
  MutexLock lock(mutex_);
  const auto found = cells_.find(cell.id());
  if (found != cells_.end() && found->second.get() == &cell) cells_.erase(found);
}

void ActorRuntime::Call(std::shared_ptr<ActorCall> call) {
  absl::StatusOr<std::shared_ptr<ActorCell>> cell = FindOrCreate(call->actor);
  if (cell.ok()) return (*cell)->Call(std::move(call));
  auto outcome = std::make_shared<session::CallOutcome>();
  outcome->status = cell.status();
  outcome->actor = call->actor;
  call->done(std::move(outcome));
}

void ActorRuntime::OpenFeed(const ActorId& actor, std::string filter, std::string view, FeedDone done) {
  absl::StatusOr<std::shared_ptr<ActorCell>> cell = FindOrCreate(actor);
  if (cell.ok()) {
    return (*cell)->OpenFeed(std::move(filter), std::move(view), std::move(done));
  }
  done(cell.status());
}

void ActorRuntime::OnCellIdle() {
  if (busy_cells_.fetch_sub(1) != 1) return;
  MutexLock lock(mutex_);
  idle_changed_.NotifyAll();
}

void ActorRuntime::BeginShutdown() {
  std::vector<std::shared_ptr<ActorCell>> cells;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    cells.reserve(cells_.size());
    for (const auto& [id, cell] : cells_) cells.push_back(cell);
  }
  for (const std::shared_ptr<ActorCell>& cell : cells) cell->Stop();
}

void ActorRuntime::Shutdown() {
  BeginShutdown();
  MutexLock lock(mutex_);
  while (!idle()) idle_changed_.Wait(mutex_);
}

std::size_t ActorRuntime::active_actors() const {
  MutexLock lock(mutex_);
  return cells_.size();
}

}  // namespace onager::actor
