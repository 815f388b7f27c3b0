#include "runtime/store/postgres/commit_chain.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/store/coalesce.h"

namespace onager::store::postgres {
namespace {

constexpr std::size_t kChainBytesMax = 4u << 20;

absl::Status FallsWithAnother(const ActorId& actor) {
  return absl::AbortedError(
      absl::StrCat("a commit of ", actor.ToString(), " goes on from one that was not written"));
}

}  // namespace

void CommitChain::Append(Queue& queue, CommitRequest request) {
  if (!queue.empty() && queue.back()->Offer(request)) return;
  queue.push_back(std::unique_ptr<CommitChain>(new CommitChain(std::move(request))));
}

CommitChain::CommitChain(CommitRequest first) : record_(std::move(first.record)), bytes_(first.bytes) {
  Member& member = members_.emplace_back();
  member.request = std::move(first);
  member.if_refused = FallsWithAnother(record_.actor);
}

// An edit begins another epoch, and makes the revision after the one that it goes on from: as if that epoch
// began with a step that changes nothing.
HeldPosition CommitChain::after() const {
  HeldPosition after = PositionAfter(record_);
  if (edit() != 0 && record_.next_epoch != 0) ++after.revision;
  return after;
}

bool CommitChain::Offer(CommitRequest& request) {
  if (absl::Status fits = CheckRecord(request.record, after()); !fits.ok()) {
    Member& rival = members_.emplace_back();
    rival.request = std::move(request);
    rival.if_written = std::move(fits);
    has_rivals_ = true;
    return true;
  }
  // Of two snapshots one would be lost, from which a reader of the past goes on.
  const bool both = record_.snapshot != nullptr && request.record.snapshot != nullptr;
  if (both || edit() != 0 || request.edit != 0 || !CanCoalesce(record_, request.record) ||
      bytes_ + request.bytes > kChainBytesMax)
    return false;
  bytes_ += request.bytes;
  Coalesce(record_, std::move(request.record));
  Member& part = members_.emplace_back();
  part.request = std::move(request);
  part.if_refused = FallsWithAnother(record_.actor);
  return true;
}

void CommitChain::Written(Answer answer) {
  for (Member& member : members_) answer(member.request, member.if_written);
}

void CommitChain::Failed(const absl::Status& status, Answer answer) {
  for (Member& member : members_) answer(member.request, status);
}

CommitChain::Queue CommitChain::Refused(const HeldPosition& held, Answer answer) {
  absl::Status first = CheckRecord(record_, held);
  if (first.ok()) first = absl::AbortedError("somebody else makes the edit");
  members_.front().if_refused = std::move(first);
  Queue queue;
  for (Member& member : members_) {
    if (queue.empty()) {
      const absl::Status status =
          member.if_refused.ok() ? CheckRecord(member.request.record, held) : member.if_refused;
      if (!status.ok()) {
        answer(member.request, status);
        continue;
      }
    }
    if (member.if_refused.ok()) {
      Append(queue, std::move(member.request));
      continue;
    }
    // Its answer is known, and comes when those before it have theirs.
    Member& decided = queue.back()->members_.emplace_back();
    decided.request = std::move(member.request);
    decided.if_written = member.if_refused;
    decided.if_refused = member.if_refused;
  }
  return queue;
}

}  // namespace onager::store::postgres
