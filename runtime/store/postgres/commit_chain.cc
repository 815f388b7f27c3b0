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

HeldPosition CommitChain::after() const { return PositionAfter(record_); }

bool CommitChain::Offer(CommitRequest& request) {
  if (absl::Status fits = CheckRecord(request.record, after()); !fits.ok()) {
    Member& rival = members_.emplace_back();
    rival.request = std::move(request);
    rival.if_written = std::move(fits);
    has_rivals_ = true;
    return true;
  }
  if (!CanCoalesce(record_, request.record) || bytes_ + request.bytes > kChainBytesMax) return false;
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
  members_.front().if_refused = CheckRecord(record_, held);
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
