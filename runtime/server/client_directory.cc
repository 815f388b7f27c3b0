#include "runtime/server/client_directory.h"

#include <openssl/sha.h>

#include <array>
#include <vector>

#include "absl/strings/str_cat.h"

namespace onager::server {

std::shared_ptr<ReplySink> ClientRecord::Attach(std::weak_ptr<ReplySink> sink) {
  MutexLock lock(mutex_);
  std::shared_ptr<ReplySink> previous = sink_.lock();
  attached_ = sink.lock().get();
  sink_ = std::move(sink);
  SetStreamsAttached(true);
  return previous;
}

void ClientRecord::Detach(const ReplySink& sink, Time now) {
  MutexLock lock(mutex_);
  if (attached_ != &sink) return;
  attached_ = nullptr;
  sink_.reset();
  detached_at_ = now;
  SetStreamsAttached(false);
}

bool ClientRecord::End(const ReplySink& sink) {
  std::vector<std::shared_ptr<actor::ActorCall>> left;
  {
    MutexLock lock(mutex_);
    if (attached_ != &sink) return false;
    attached_ = nullptr;
    sink_.reset();
    for (const auto& [number, call] : running_) left.push_back(call);
  }
  for (const auto& call : left) call->Cancel();
  return true;
}

void ClientRecord::SetStreamsAttached(bool attached) {
  for (const auto& [number, call] : running_) {
    if (call->streams != nullptr) call->streams->SetAttached(attached);
  }
}

session::CallLedger::Admission ClientRecord::Admit(std::uint64_t number, bool may_have_run,
                                                   bool may_run_again, Time now,
                                                   const std::shared_ptr<actor::ActorCall>& call,
                                                   const Clock& clock) {
  MutexLock lock(mutex_);
  session::CallLedger::Admission admission =
      ledger_.Admit(number, may_have_run, may_run_again, now, call->streams != nullptr);
  if (admission.verdict == session::CallLedger::Verdict::kRun) {
    running_.emplace(number, call);
    call->id = {client_, number};
    call->unsure = admission.unsure;
    call->acknowledged = ledger_.acknowledged();
    call->done = [self = shared_from_this(), number, &clock](session::SharedOutcome outcome) {
      self->Complete(number, std::move(outcome), clock.Now());
    };
    // Not its owner: the ledger keeps the streams of calls that have ended.
    if (call->streams != nullptr) {
      call->streams->set_on_changed([weak = weak_from_this(), number] {
        if (const auto self = weak.lock()) self->OnStreamChanged(number);
      });
    }
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

void ClientRecord::OnStreamChanged(std::uint64_t number) {
  std::shared_ptr<ReplySink> sink;
  {
    MutexLock lock(mutex_);
    sink = sink_.lock();
  }
  if (sink != nullptr) sink->OnStreamChanged(number);
}

std::shared_ptr<session::StreamPort> ClientRecord::FindStream(std::uint64_t number) const {
  MutexLock lock(mutex_);
  if (const auto found = running_.find(number); found != running_.end()) return found->second->streams;
  const session::SharedOutcome outcome = ledger_.Find(number);
  return outcome == nullptr ? nullptr : outcome->stream;
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

bool ClientRecord::detached() const {
  MutexLock lock(mutex_);
  return attached_ == nullptr;
}

bool ClientRecord::IdleSince(Time time) const {
  MutexLock lock(mutex_);
  return attached_ == nullptr && running_.empty() && detached_at_ <= time;
}

void ClientRecord::AddTo(ServerUsage& usage) const {
  MutexLock lock(mutex_);
  usage.calls_running += running_.size();
  usage.calls_ended += ledger_.size() - ledger_.running();
  usage.outcome_bytes += ledger_.bytes();
}

std::uint64_t ClientId::Digest() const {
  const std::string text =
      absl::StrCat(tenant.size(), ":", tenant, principal.size(), ":", principal, incarnation);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < sizeof first; ++i) first = first << 8 | digest[i];
  return first | 1;
}

ClientDirectory::Found ClientDirectory::FindOrCreate(const ClientId& client, Time now) {
  MutexLock lock(mutex_);
  ForgetIdleLocked(now);
  std::shared_ptr<ClientRecord>& record = clients_[client];
  const bool known = record != nullptr;
  if (!known) record = std::make_shared<ClientRecord>(random_.Next() | 1, client.Digest(), limits_);
  return {record, known};
}

void ClientDirectory::NoteDetached(const ClientId& client, Time now) {
  MutexLock lock(mutex_);
  detached_.emplace_back(now, client);
  ForgetIdleLocked(now);
}

void ClientDirectory::Forget(const ClientId& client, const ClientRecord& record) {
  MutexLock lock(mutex_);
  const auto found = clients_.find(client);
  if (found != clients_.end() && found->second.get() == &record) clients_.erase(found);
}

void ClientDirectory::ForgetIdle(Time now) {
  MutexLock lock(mutex_);
  ForgetIdleLocked(now);
}

void ClientDirectory::ForgetIdleLocked(Time now) {
  for (std::size_t looks = detached_.size(); looks > 0; --looks) {
    const auto [at, client] = detached_.front();
    const bool old = now - at > limits_.age_max;
    if (!old && detached_.size() <= idle_clients_max_) return;
    detached_.pop_front();
    const auto found = clients_.find(client);
    if (found == clients_.end() || !found->second->detached())
      continue;  // Come again: it will be noted again.
    if (found->second->IdleSince(at)) {
      clients_.erase(found);
    } else {
      detached_.emplace_back(now, client);  // A call of it was still running: to be looked at once more.
    }
  }
}

std::size_t ClientDirectory::size() const {
  MutexLock lock(mutex_);
  return clients_.size();
}

void ClientDirectory::AddTo(ServerUsage& usage) const {
  MutexLock lock(mutex_);
  usage.clients += clients_.size();
  for (const auto& [id, record] : clients_) record->AddTo(usage);
}

}  // namespace onager::server
