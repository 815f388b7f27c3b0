#include "runtime/server/client_directory.h"

namespace onager::server {

std::shared_ptr<ReplySink> ClientRecord::Attach(std::weak_ptr<ReplySink> sink) {
  MutexLock lock(mutex_);
  std::shared_ptr<ReplySink> previous = sink_.lock();
  attached_ = sink.lock().get();
  sink_ = std::move(sink);
  return previous;
}

void ClientRecord::Detach(const ReplySink& sink, Time now) {
  MutexLock lock(mutex_);
  if (attached_ != &sink) return;
  attached_ = nullptr;
  sink_.reset();
  detached_at_ = now;
}

session::CallLedger::Admission ClientRecord::Admit(std::uint64_t number, bool may_have_run, bool idempotent,
                                                   Time now, const std::shared_ptr<actor::ActorCall>& call,
                                                   const Clock& clock) {
  MutexLock lock(mutex_);
  session::CallLedger::Admission admission = ledger_.Admit(number, may_have_run, idempotent, now);
  if (admission.verdict == session::CallLedger::Verdict::kRun) {
    running_.emplace(number, call);
    call->done = [self = shared_from_this(), number, &clock](session::SharedOutcome outcome) {
      self->Complete(number, std::move(outcome), clock.Now());
    };
  }
  return admission;
}

void ClientRecord::Complete(std::uint64_t number, session::SharedOutcome outcome, Time now) {
  std::shared_ptr<ReplySink> sink;
  std::shared_ptr<actor::ActorCall> ended;  // Freed after the lock: it owns this function.
  {
    MutexLock lock(mutex_);
    ledger_.Complete(number, outcome, now);
    if (const auto found = running_.find(number); found != running_.end()) {
      ended = std::move(found->second);
      running_.erase(found);
    }
    sink = sink_.lock();
    detached_at_ = now;
  }
  if (sink != nullptr) sink->OnCallEnded(number, std::move(outcome));
}

void ClientRecord::Cancel(std::uint64_t number) {
  std::shared_ptr<actor::ActorCall> call;
  {
    MutexLock lock(mutex_);
    const auto found = running_.find(number);
    if (found != running_.end()) call = found->second;
  }
  if (call != nullptr) call->Cancel();
}

void ClientRecord::AcknowledgeThrough(std::uint64_t number) {
  MutexLock lock(mutex_);
  ledger_.AcknowledgeThrough(number);
}

bool ClientRecord::IdleSince(Time time) const {
  MutexLock lock(mutex_);
  return attached_ == nullptr && running_.empty() && detached_at_ <= time;
}

ClientDirectory::Found ClientDirectory::FindOrCreate(const std::string& principal, std::uint64_t incarnation,
                                                     Time now) {
  MutexLock lock(mutex_);
  ForgetIdle(now);
  std::shared_ptr<ClientRecord>& record = clients_[Key(principal, incarnation)];
  const bool known = record != nullptr;
  if (!known) record = std::make_shared<ClientRecord>(random_.Next() | 1, limits_);
  return {record, known};
}

void ClientDirectory::NoteDetached(const std::string& principal, std::uint64_t incarnation, Time now) {
  MutexLock lock(mutex_);
  detached_.emplace_back(now, Key(principal, incarnation));
  ForgetIdle(now);
}

void ClientDirectory::ForgetIdle(Time now) {
  while (!detached_.empty()) {
    const auto& [at, key] = detached_.front();
    const bool old = now - at > limits_.age_max;
    if (!old && detached_.size() <= idle_clients_max_) return;
    const auto found = clients_.find(key);
    // A client that has come again since, or still has a call running, will be noted again.
    if (found != clients_.end() && found->second->IdleSince(at)) clients_.erase(found);
    detached_.pop_front();
  }
}

std::size_t ClientDirectory::size() const {
  MutexLock lock(mutex_);
  return clients_.size();
}

}  // namespace onager::server
