#include "runtime/actor/load_gate.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "runtime/wire/error_details.h"

namespace onager::actor {
namespace {

absl::Status Stopped() { return absl::UnavailableError("the server is shutting down"); }

absl::Status WaitedTooLong() {
  return wire::WithRetryDelay(
      absl::UnavailableError("too many actors wait for the store, which is too slow for them"),
      std::chrono::seconds(1));
}

}  // namespace

std::shared_ptr<LoadGate> LoadGate::Make(std::size_t places, Duration wait_max, const Clock& clock) {
  return std::shared_ptr<LoadGate>(new LoadGate(places, wait_max, clock));
}

LoadGate::LoadGate(std::size_t places, Duration wait_max, const Clock& clock)
    : places_(std::max<std::size_t>(places, 1)), wait_max_(wait_max), clock_(clock) {}

void LoadGate::Enter(Admitted admitted) {
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    if (stopped_) {
      refusal = Stopped();
    } else if (taken_ == places_ || !waiting_.empty()) {
      waiting_.push_back({std::move(admitted), clock_.Now()});
      return;
    } else {
      ++taken_;
    }
  }
  if (!refusal.ok()) return admitted(std::move(refusal));
  admitted(Place(shared_from_this()));
}

void LoadGate::OnLeft() {
  {
    MutexLock lock(mutex_);
    --taken_;
  }
  AdmitNext();
}

// In a loop and not inside each other: who is admitted may be done, and leave, inside the call.
void LoadGate::AdmitNext() {
  bool is_first = true;
  while (true) {
    std::optional<Waiting> next;
    bool in_time = false;
    {
      MutexLock lock(mutex_);
      if (is_first && admitting_) return;
      is_first = false;
      admitting_ = taken_ < places_ && !waiting_.empty();
      if (!admitting_) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      in_time = clock_.Now() - next->since < wait_max_;
      if (in_time) ++taken_;
    }
    if (in_time) {
      next->admitted(Place(shared_from_this()));
    } else {
      next->admitted(WaitedTooLong());
    }
  }
}

void LoadGate::Stop() {
  std::deque<Waiting> refused;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    refused.swap(waiting_);
  }
  for (Waiting& waiting : refused) waiting.admitted(Stopped());
}

std::size_t LoadGate::taken() const {
  MutexLock lock(mutex_);
  return taken_;
}

std::size_t LoadGate::waiting() const {
  MutexLock lock(mutex_);
  return waiting_.size();
}

}  // namespace onager::actor
