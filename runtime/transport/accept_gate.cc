#include "runtime/transport/accept_gate.h"

#include <algorithm>
#include <utility>

namespace onager::transport {

absl::Status AcceptGate::Open(Listener::Accept accept) {
  MutexLock lock(mutex_);
  if (accept_ != nullptr) return absl::FailedPreconditionError("the listener has been started already");
  accept_ = std::make_shared<const Listener::Accept>(std::move(accept));
  return absl::OkStatus();
}

void AcceptGate::Close() {
  const std::thread::id self = std::this_thread::get_id();
  MutexLock lock(mutex_);
  accept_ = nullptr;
  while (std::any_of(running_.begin(), running_.end(), [self](std::thread::id id) { return id != self; })) {
    done_.Wait(mutex_);
  }
}

bool AcceptGate::Accept(std::unique_ptr<Connection>& connection) {
  std::shared_ptr<const Listener::Accept> accept;
  {
    MutexLock lock(mutex_);
    if (accept_ == nullptr) return false;
    accept = accept_;
    running_.push_back(std::this_thread::get_id());
  }
  (*accept)(std::move(connection));
  {
    MutexLock lock(mutex_);
    running_.erase(std::find(running_.begin(), running_.end(), std::this_thread::get_id()));
  }
  done_.NotifyAll();
  return true;
}

bool AcceptGate::is_open() {
  MutexLock lock(mutex_);
  return accept_ != nullptr;
}

}  // namespace onager::transport
