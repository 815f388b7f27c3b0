#include "runtime/session/call_ledger.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "runtime/session/frame_status.h"

namespace onager::session {

std::size_t CallOutcome::size() const {
  std::size_t size = result_size() + status.message().size();
  status.ForEachPayload([&size](absl::string_view type_url, const absl::Cord& value) {
    size += type_url.size() + value.size();
  });
  return size;
}

CallLedger::Admission CallLedger::Admit(std::uint64_t number, bool may_have_run, bool may_run_again, Time now,
                                        bool streamed) {
  Evict(now);
  if (number <= acknowledged_) return {Verdict::kAcknowledged, nullptr};
  if (const auto found = records_.find(number); found != records_.end()) {
    const Record& record = found->second;
    if (record.outcome == nullptr) return {Verdict::kRunning, nullptr};
    return {record.dropped ? Verdict::kOutcomeDropped : Verdict::kEnded, record.outcome};
  }
  // Not on record: at or below the highest number seen it has been here and its record was evicted.
  const bool evicted = number <= seen_max_;
  seen_max_ = std::max(seen_max_, number);
  const bool unsure = evicted || may_have_run;
  if (unsure && !may_run_again) return {Verdict::kUnknown, nullptr};
  if (running_ >= limits_.running_max || (streamed && running_streams_ >= limits_.running_streams_max)) {
    return {Verdict::kSaturated, nullptr};
  }
  records_[number].streamed = streamed;
  ++running_;
  if (streamed) ++running_streams_;
  return {Verdict::kRun, nullptr, unsure};
}

void CallLedger::Complete(std::uint64_t number, SharedOutcome outcome, Time now) {
  const auto found = records_.find(number);
  if (found == records_.end() || found->second.outcome != nullptr) return;
  Record& record = found->second;
  --running_;
  if (record.streamed) --running_streams_;
  const std::size_t items = outcome->stream == nullptr ? 0 : outcome->stream->kept_bytes();
  record.bytes = outcome->size() + items;
  if (record.bytes > limits_.bytes_max) {
    CallOutcome kept;
    kept.revision = outcome->revision;
    kept.actor = outcome->actor;
    if (outcome->status.ok()) {
      record.dropped = true;
    } else {
      // An error stays that error, without its details.
      kept.status = absl::Status(outcome->status.code(), std::string(ShortMessage(outcome->status)));
    }
    outcome = std::make_shared<const CallOutcome>(std::move(kept));
    record.bytes = outcome->size();
  }
  record.ended_at = now;
  bytes_ += record.bytes;
  record.outcome = std::move(outcome);
  if (number <= acknowledged_) {
    Forget(found);
    return;
  }
  ended_.push_back(number);
  Evict(now);
}

SharedOutcome CallLedger::Find(std::uint64_t number) const {
  const auto found = records_.find(number);
  return found == records_.end() ? nullptr : found->second.outcome;
}

void CallLedger::AcknowledgeThrough(std::uint64_t number) {
  // A client cannot acknowledge what it has not sent.
  number = std::min(number, seen_max_);
  if (number <= acknowledged_) return;
  acknowledged_ = number;
  for (auto record = records_.begin(); record != records_.end() && record->first <= number;) {
    const auto next = std::next(record);
    // A call that still runs was given up by its client (deadline, cancellation); its record goes when it
    // ends.
    if (record->second.outcome != nullptr) Forget(record);
    record = next;
  }
}

void CallLedger::Forget(std::map<std::uint64_t, Record>::iterator record) {
  bytes_ -= record->second.bytes;
  records_.erase(record);
}

void CallLedger::Evict(Time now) {
  while (!ended_.empty()) {
    const auto oldest = records_.find(ended_.front());
    if (oldest == records_.end()) {
      ended_.pop_front();
      continue;
    }
    const std::size_t kept = records_.size() - running_;
    if (kept <= limits_.count_max && bytes_ <= limits_.bytes_max &&
        now - oldest->second.ended_at <= limits_.age_max) {
      return;
    }
    Forget(oldest);
    ended_.pop_front();
  }
}

}  // namespace onager::session
