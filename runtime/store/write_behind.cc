#include "runtime/store/write_behind.h"

#include <utility>

#include "runtime/store/write_queue.h"

namespace onager::store {

WriteBehind::WriteBehind(Store& store, const Environment& environment, const WriteBehindOptions& options)
    : ForwardingStore(store), queue_(std::make_shared<WriteQueue>(store, environment, options)) {}

WriteBehind::~WriteBehind() { queue_->Close(); }

void WriteBehind::Load(const ActorId& actor, LoadDone done) {
  queue_->Ask(actor, WriteQueue::Load{std::move(done)});
}

void WriteBehind::LoadRecent(const ActorId& actor, LoadDone done) {
  queue_->Ask(actor, WriteQueue::Load{std::move(done), /*recent=*/true});
}

void WriteBehind::Commit(CommitRecord record, CommitDone done) {
  const ActorId actor = record.actor;
  queue_->Ask(actor, WriteQueue::Commit{std::move(record), std::move(done)});
}

void WriteBehind::LoadPast(const ActorId& actor, PastDone done) {
  queue_->Ask(actor, WriteQueue::LoadPast{std::move(done)});
}

void WriteBehind::CommitBehind(CommitRecord record, CommitDone accepted) {
  const ActorId actor = record.actor;
  queue_->Ask(actor, WriteQueue::Behind{std::move(record), std::move(accepted)});
}

void WriteBehind::Flush(CommitDone done) { queue_->Flush(std::move(done)); }

void WriteBehind::SetLostListener(LostListener* listener) { queue_->SetLostListener(listener); }

Duration WriteBehind::loss_window() const { return queue_->loss_window(); }

WriteBehindCounters WriteBehind::counters() const { return queue_->counters(); }

}  // namespace onager::store
