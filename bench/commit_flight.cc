#include "commit_flight.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <utility>

#include "absl/time/time.h"

namespace onager::bench {

using store::CommitRecord;
using store::Store;

void MustBeOk(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << std::endl;
  std::abort();
}

ActorId Actor(std::size_t number) { return {"bench.v1.Counter", "actor" + std::to_string(number)}; }

CommitRecord Record(std::size_t actor, std::uint64_t base, SharedBytes patch) {
  CommitRecord record;
  record.actor = Actor(actor);
  record.epoch = 7;
  record.base_revision = base;
  store::LogStep& step = record.steps.emplace_back();
  step.revision = base + 1;
  step.patch = std::move(patch);
  step.committed_at = absl::FromUnixMicros(1'700'000'000'000'000);
  return record;
}

void CommitNow(Store& store, CommitRecord record) {
  std::promise<absl::Status> answer;
  store.Commit(std::move(record), [&](absl::Status status) { answer.set_value(std::move(status)); });
  MustBeOk(answer.get_future().get());
}

std::size_t LoadAll(Store& store, std::size_t actors) {
  std::promise<void> done;
  std::atomic<std::size_t> left = actors;
  std::atomic<std::size_t> found = 0;
  for (std::size_t actor = 0; actor < actors; ++actor) {
    store.Load(Actor(actor), [&](const absl::StatusOr<std::optional<store::StoredActor>>& stored) {
      if (stored.ok() && stored->has_value()) ++found;
      if (--left == 0) done.set_value();
    });
  }
  done.get_future().wait();
  return found;
}

void CommitFlight::MakeStates(std::size_t bytes) {
  const SharedBytes state = ShareBytes(std::string(bytes, 's'));
  for (std::size_t actor = 0; actor < revisions_.size(); ++actor) {
    CommitRecord record = Record(actor, 0, patch_);
    record.snapshot = state;
    CommitNow(store_, std::move(record));
    revisions_[actor] = 1;
  }
}

void CommitFlight::Run(std::size_t commits, std::size_t in_flight) {
  std::promise<void> done;
  done_ = &done;
  {
    MutexLock lock(mutex_);
    to_give_ = commits;
    to_answer_ = commits;
  }
  for (std::size_t i = 0; i < std::min(commits, in_flight); ++i) Give();
  done.get_future().wait();
}

void CommitFlight::Give() {
  // Held meanwhile, so that an actor's commits are given in their order; nothing is answered inside the call.
  MutexLock lock(mutex_);
  if (to_give_ == 0) return;
  --to_give_;
  const std::size_t actor = next_++ % revisions_.size();
  CommitRecord record = Record(actor, revisions_[actor]++, patch_);
  store_.Commit(std::move(record), [this](const absl::Status& status) {
    MustBeOk(status);
    {
      MutexLock lock_answer(mutex_);
      if (--to_answer_ == 0) return done_->set_value();
    }
    Give();
  });
}

}  // namespace onager::bench
