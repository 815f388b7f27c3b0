#include "runtime/transport/handler_gate.h"

#include <utility>

namespace onager::transport {

HandlerGate::Event HandlerGate::Closed(absl::Status reason) {
  return [reason = std::move(reason)](ConnectionHandler& handler) { handler.OnClosed(reason); };
}

void HandlerGate::Open(ConnectionHandler& handler) {
  {
    MutexLock lock(mutex_);
    handler_ = &handler;
  }
  Wake();
}

void HandlerGate::Deliver(Event event) {
  {
    MutexLock lock(mutex_);
    if (is_closed_) return;
    events_.push_back(std::move(event));
  }
  Wake();
}

void HandlerGate::Close(absl::Status reason) {
  {
    MutexLock lock(mutex_);
    if (is_closed_) return;
    is_closed_ = true;
    events_.push_back(Closed(std::move(reason)));
  }
  Wake();
}

void HandlerGate::Abort(absl::Status reason) {
  std::deque<Event> dropped;  // Destroyed after the lock is gone.
  {
    MutexLock lock(mutex_);
    if (is_closed_) return;
    is_closed_ = true;
    dropped.swap(events_);
    events_.push_back(Closed(std::move(reason)));
  }
  Wake();
}

void HandlerGate::Detach() {
  std::deque<Event> dropped;
  MutexLock lock(mutex_);
  handler_ = nullptr;
  is_closed_ = true;
  dropped.swap(events_);
  if (caller_ == std::this_thread::get_id()) return;
  while (is_calling_) idle_.Wait(mutex_);
}

void HandlerGate::Wake() {
  {
    MutexLock lock(mutex_);
    if (is_awake_ || handler_ == nullptr || events_.empty()) return;
    is_awake_ = true;
  }
  if (executor_ == nullptr) {
    Run();
  } else {
    executor_->Post([self = shared_from_this()] { self->Run(); });
  }
}

void HandlerGate::Run() {
  const std::shared_ptr<HandlerGate> self = shared_from_this();  // An event may destroy the connection.
  while (true) {
    Event event;
    ConnectionHandler* handler = nullptr;
    {
      MutexLock lock(mutex_);
      if (handler_ == nullptr || events_.empty()) {
        is_awake_ = false;
        return;
      }
      event = std::move(events_.front());
      events_.pop_front();
      handler = handler_;
      is_calling_ = true;
      caller_ = std::this_thread::get_id();
    }
    event(*handler);
    event = nullptr;  // What it captured goes before a waiting `Detach` returns.
    MutexLock lock(mutex_);
    is_calling_ = false;
    caller_ = std::thread::id();
    idle_.NotifyAll();
  }
}

}  // namespace onager::transport
